"""Films out: pictures, copied as they are or drawn anew, with surround sound and, if asked, a stereo track beside."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from ..errors import InputError, check_choice
from ..files import whole_file
from ..runtime import HeadlessRuntime, Runtime
from ..types import Surround
from .formats import FORMATS, INDEX_FIRST, REPEATABLE, layout_name
from .mux_copy import Footage, survey
from .mux_encode import Drawing, Moving
from .pcm import PIECE
from .sink import muxer, paced
from .sound import add_sound, frames

CODECS = {"AAC": "AAC (M4A)", "FLAC": "FLAC 24-bit", "Opus": "Opus"}
"""What users call a coding of sound in a film, and its row of FORMATS."""

TITLES = ("Surround sound", "Stereo")
"""Names of the two tracks in a player's menu."""

FED = 1 << 12
"""Samples given to an encoder at once: little, so that no track runs far ahead of the others."""


@dataclass(frozen=True)
class Film:
    """One kind of file: FFmpeg's name of the container, its options, the CODECS it holds, the default first, and the
    tag by which it names a track."""

    container: str
    codecs: tuple[str, ...]
    muxing: Mapping[str, str]
    title: str


FILMS = {
    ".mp4": Film("mp4", ("AAC",), INDEX_FIRST, "handler_name"),
    ".m4v": Film("mp4", ("AAC",), INDEX_FIRST, "handler_name"),
    ".mov": Film("mov", ("AAC",), INDEX_FIRST, "handler_name"),
    ".mkv": Film("matroska", ("FLAC", "Opus", "AAC"), REPEATABLE, "title"),
    ".webm": Film("webm", ("Opus",), REPEATABLE, "title"),
}
"""An MP4 file could hold FLAC, but not say whether its surround loudspeakers stand at the side or behind."""


@dataclass(frozen=True, eq=False)
class Soundtrack:
    """Sound that comes in `blocks` [C, t] float32, -1..1, one after another, `length` samples in all, with the channels
    of `layout` (FFmpeg's name) in file order."""

    blocks: Iterable[np.ndarray]
    sample_rate: int
    layout: str
    length: int

    @classmethod
    def of(cls, sound: Surround) -> Soundtrack:
        """The same sound, all there."""
        return cls([sound.samples], sound.sample_rate, sound.layout.ffmpeg_name, sound.samples.shape[1])


def write_video(
    path: str | Path,
    pictures: str | Path | Footage | Moving,
    sound: Soundtrack,
    *,
    monitor: Soundtrack | None = None,
    codec: str | None = None,
    metadata: Mapping[str, str] | None = None,
    runtime: Runtime | None = None,
) -> str:
    """Write a film, whole or not at all, and return "" or, in words, what could not be kept.

    `pictures` is a video file (or what `footage` found in it), whose first video stream is copied packet by packet
    without decoding it (its other streams are left out; one from MPEG-TS or AVI only marks the parts of its packets
    otherwise), or moving pictures, which are drawn anew: H.264 where the file holds it, else VP9, 4:2:0, BT.709, each
    shown for its own time, a last line or column repeated where the size is odd.

    `sound` begins with the first picture shown and is cut, or filled with silence, to end with the last one; more
    than a picture's length of that is told. `monitor` becomes a second track. `codec` is one of CODECS, None for the
    first that FILMS names for the suffix; its losses are told at `sound.write_samples`. Blocks are drawn as they are
    needed, sound and monitor in step, so that the two may come out of one source by `itertools.tee`. `metadata` is kept
    beside the tags of the video file (Matroska and WebM write the names in capitals).

    Raises InputError when the file cannot hold the pictures, the layout or the sample rate, or for sound that
    `sound.write_samples` would refuse; MediaError for a video file that cannot be read (one that is cut short is copied
    as far as it goes). Raises OutputError when the file system refuses.
    """
    path, runtime = Path(path), runtime or HeadlessRuntime()
    tracks = [track for track in (sound, monitor) if track]
    film, codec = check_film(path, codec, tracks)
    if isinstance(pictures, (str, Path)):
        pictures = footage(Path(pictures), path, runtime)
    source = pictures if isinstance(pictures, Footage) else Drawing(pictures)
    options = {**film.muxing, **source.muxing} if film.muxing is INDEX_FIRST else film.muxing
    try:
        with ExitStack() as stack:
            file = stack.enter_context(whole_file(path))
            length = round(source.seconds * sound.sample_rate)
            pulse = stack.enter_context(paced(runtime, f"writing {path.name}", length))
            container, sink = stack.enter_context(muxer(file, film.container, options))
            container.metadata.update({**source.tags, **(metadata or {})})
            streams = [stack.enter_context(source.added_to(container, pulse))]
            for track, title in zip(tracks, TITLES, strict=False):
                stream = add_sound(container, FORMATS[CODECS[codec]], track.sample_rate, track.layout)
                stream.metadata[film.title] = title
                stream.disposition = Disposition.default if track is sound else Disposition(0)
                streams.append(_packets(stream, track, source.seconds, path.name, codec))
            for time, packet in heapq.merge(*streams, key=itemgetter(0)):
                container.mux(packet)
                sink.check()
                pulse(round(time * sound.sample_rate))
    except av.FFmpegError as error:
        raise InputError(
            f"{path.name}: FFmpeg cannot make this film ({error.strerror}): save as .mkv, or convert the pictures first"
        ) from error
    return "; ".join(filter(None, (source.lost, _mismatch(sound, source))))


def check_film(path: Path, codec: str | None, tracks: Sequence[Soundtrack]) -> tuple[Film, str]:
    """The row of FILMS for the suffix of `path` and the name of the codec, the default one for None. Raises InputError
    when it cannot hold the sound."""
    if path.suffix.lower() not in FILMS:
        raise InputError(f"{path} ends in {path.suffix or 'nothing'}; films end in {', '.join(FILMS)}: rename it")
    film = FILMS[path.suffix.lower()]
    codec = codec or film.codecs[0]
    check_choice(f"the sound codec of a {path.suffix} file", codec, film.codecs)
    row = FORMATS[CODECS[codec]]
    for track in tracks:
        if track.layout not in row.layouts:
            others = [name for name, format in CODECS.items() if track.layout in FORMATS[format].layouts]
            remedy = (
                f": use {' or '.join(others)} in a .mkv file, or another layout" if others else ": use another layout"
            )
            named, allowed = layout_name(track.layout), ", ".join(map(layout_name, row.layouts))
            raise InputError(f"{path.name}: {codec} cannot hold {named}; allowed is {allowed}{remedy}")
        if row.rates and track.sample_rate not in row.rates:
            rates = ", ".join(map(str, row.rates))
            raise InputError(
                f"{path.name}: {codec} cannot hold {track.sample_rate} Hz; allowed is {rates}: "
                "render at 48000 Hz, or use FLAC in a .mkv file"
            )
    return film, codec


def footage(video: Path, path: Path, runtime: Runtime) -> Footage:
    """The pictures of `video`, after a look whether a file like `path` holds them."""
    source = survey(video, runtime)
    if not source.holds(FILMS[path.suffix.lower()].container):
        fits = [suffix for suffix, film in FILMS.items() if source.holds(film.container)]
        remedy = f"save as {' or '.join(fits)}" if fits else "convert it to H.264 or VP9 first"
        what = "film that begins between two key frames" if source.trimmed else f"{source.codec} stream"
        raise InputError(f"{path.name}: the {what} of {video.name} does not fit into a {path.suffix} file: {remedy}")
    return source


def _fitted(track: Soundtrack, wanted: int, name: str) -> Iterator[np.ndarray]:
    """The blocks of a track, cut or filled with silence to be `wanted` samples in all."""
    at = 0
    for block in track.blocks:
        yield block[:, : max(0, wanted - at)]
        at += block.shape[1]
        if at >= wanted:
            return
    if at != track.length:
        raise InputError(f"{name}: {at} samples came, {track.length} were announced: the two must agree")
    for start in range(at, wanted, PIECE):
        yield np.zeros((av.AudioLayout(track.layout).nb_channels, min(PIECE, wanted - start)), np.float32)


def _packets(
    stream: av.AudioStream, track: Soundtrack, seconds: float, name: str, codec: str
) -> Iterator[tuple[float, av.Packet]]:
    """(time in s, packet) of a track that lasts `seconds`, coded as they are asked for."""
    length, row = round(seconds * track.sample_rate), FORMATS[CODECS[codec]]
    sound = frames(_fitted(track, length, name), length, row, track.sample_rate, track.layout, name, codec, FED)
    for frame in chain(sound, [None]):
        for packet in stream.encode(frame):
            yield float(packet.pts * packet.time_base), packet


def _mismatch(sound: Soundtrack, source: Footage | Drawing) -> str:
    """What was done to sound that is longer or shorter than the pictures by more than one of them."""
    difference = sound.length / sound.sample_rate - source.seconds
    if abs(difference) <= 1 / source.rate:
        return ""
    longer, done = ("longer", "cut") if difference > 0 else ("shorter", "filled with silence")
    return f"the sound is {abs(difference):.2f} s {longer} than the pictures: {done}"
