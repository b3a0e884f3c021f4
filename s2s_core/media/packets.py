"""A film's container: opened without reaching beyond its file, and read as far as it can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from ..errors import MediaError

NOT_FILMS = {
    "tty": "a text file",
    "hls": "a playlist",
    "dash": "a playlist",
    "concat": "a playlist",
    "imf": "a playlist",
    "sdp": "a network address",
}
"""What FFmpeg opens, by its name of the format, though it is no film: a playlist could name any other file."""


@contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """FFmpeg's view of a film. Raises MediaError when it is none or may not be read."""
    try:
        # A file object, not a name, which FFmpeg might take for an address; "file" keeps playlists off the network.
        with open(path, "rb") as file, av.open(file, options={"protocol_whitelist": "file"}) as container:
            if found := NOT_FILMS.get(container.format.name):
                raise MediaError(f"{path} is {found}, not a film: choose the file with the pictures itself")
            if container.format.name.endswith("_pipe"):
                raise MediaError(
                    f"{path} is a picture, but damaged or of an unusual kind: save it as PNG, JPEG or WebP"
                )
            yield container
    except av.FFmpegError as error:
        raise MediaError(
            f"{path} is neither a picture nor a film, or is damaged or cut short ({error.strerror}): "
            "convert it to MP4 or WebM, or copy it again"
        ) from error
    except OSError as error:
        raise MediaError(f"{path} may not be read ({error.strerror}): check its permissions and the disk") from error


def packets(container: av.container.InputContainer, *streams: av.stream.Stream) -> Iterator[av.Packet]:
    """Packets in the file's order, to where reading fails: what comes after that is nowhere."""
    source = container.demux(*streams)
    while True:
        try:
            packet = next(source)
        except (StopIteration, av.FFmpegError):
            return
        if packet.size:
            yield packet


def decoded(
    container: av.container.InputContainer,
    stream: av.stream.Stream,
    damaged: Callable[[av.Packet], object] = lambda packet: None,
) -> Iterator[av.frame.Frame]:
    """Decoded frames; packets that cannot be decoded are told to `damaged` and left out. With several threads good
    frames before them are lost, too."""
    packet = None
    for packet in packets(container, stream):
        try:
            frames = None if packet.is_corrupt else packet.decode()
        except av.FFmpegError:
            frames = None
        if frames is None:
            damaged(packet)
        yield from frames or ()
    try:
        frames = stream.decode(None)  # what the decoder kept until it knew that no more packets come
    except av.FFmpegError:
        if packet:
            damaged(packet)
    else:
        yield from frames
