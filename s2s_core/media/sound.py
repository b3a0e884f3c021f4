"""Sound files: out with every channel named, as lossless masters or small for the web; in from whatever FFmpeg decodes.

ComfyUI's own nodes scramble more than two channels; this is the way out of the house.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np

from ..errors import InputError
from ..files import whole_file
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, Surround
from .decode import read
from .formats import FORMATS, Format, check_format
from .pcm import PIECE, check_samples, quantised

__all__ = ("FORMATS", "Format", "read", "write", "write_samples")

log = logging.getLogger(__name__)

RF64_FROM = 0xFFFFFFFF - (1 << 20)
"""Bytes of sound from which a WAV file needs 64-bit sizes, which not every program reads."""


def write(
    path: str | Path,
    sound: Surround | AudioTrack,
    format: str,
    metadata: Mapping[str, str] | None = None,
    *,
    runtime: Runtime | None = None,
) -> None:
    """`write_samples` for sound that knows its own sample rate and layout."""
    layout = sound.layout.ffmpeg_name if isinstance(sound, Surround) else "mono"
    samples = np.atleast_2d(sound.samples)
    write_samples(path, samples, sound.sample_rate, layout, format, metadata, runtime=runtime)


def write_samples(
    path: str | Path,
    samples: np.ndarray | Iterable[np.ndarray],
    sample_rate: int,
    layout: str,
    format: str,
    metadata: Mapping[str, str] | None = None,
    *,
    length: int | None = None,
    runtime: Runtime | None = None,
) -> None:
    """Write samples [C, T] as FORMATS[format], whole or not at all, with the channels of `layout` (FFmpeg's name) in
    file order and named; "ambisonic 1" (AmbiX) has no loudspeakers, so that its WAV files name none.

    `samples` may come as blocks [C, t], one after another, of which only one is held at a time; `length` is then the
    number of samples T in all, which the header and the progress bar need at the start.

    Integer formats hold -1..1, rounded to the nearest step (+1 itself becomes the largest step below). AAC and Opus
    lose a little of everything and may add up to one frame at the end; Opus plays at 48000 Hz whatever the sample rate.
    `metadata` is kept by FLAC and Opus as Vorbis comments and by M4A; WAV has no place for it and leaves it out.

    Raises InputError when the suffix, the layout or the sample rate does not go with the format, when the samples have
    not the layout's number of channels or are not `length`, are not finite, or exceed full scale where the format ends
    there: nothing is resampled or clipped silently. Raises OutputError when the file system refuses.
    """
    path = Path(path)
    if isinstance(samples, np.ndarray):
        samples, length = [samples], samples.shape[1]
    if length is None:
        raise InputError(f"{path.name}: sound in blocks must say how many samples it has in all: give its length")
    row = check_format(path, format, layout, sample_rate)
    if metadata and not row.tags:
        log.info("%s: %s has no place for metadata; left out: %s", path, format, ", ".join(metadata))
    channels, options = av.AudioLayout(layout).nb_channels, dict(row.muxing)
    if row.container == "wav" and channels * length * ((row.bits or 32) // 8) > RF64_FROM:
        options["rf64"] = "always"
    packed_format, at = "s32" if row.bits else "flt", 0
    with whole_file(path) as file, _muxer(file, row.container, options) as (container, sink):
        if row.tags:
            container.metadata.update(metadata or {})
        shape = {"rate": sample_rate, "layout": layout, "format": row.sample_format}
        stream = container.add_stream(row.codec, options=dict(row.encoding), **shape)
        if row.kbps:
            stream.codec_context.bit_rate = 1000 * row.kbps * channels
        with (runtime or HeadlessRuntime()).progress(f"writing {path.name}", length) as bar:
            for piece in _pieces(samples, path.name, format if row.full_scale else "", layout, channels):
                packed = np.ascontiguousarray(piece.T).reshape(1, -1)
                packed = quantised(packed, row.bits) if row.bits else packed.astype(np.float32)
                frame = av.AudioFrame.from_ndarray(packed, format=packed_format, layout=layout)
                frame.sample_rate, frame.pts = sample_rate, at
                container.mux(stream.encode(frame))
                sink.check()
                bar.step(piece.shape[1])
                at += piece.shape[1]
        if at != length:
            raise InputError(f"{path.name}: {at} samples came, {length} were announced: the two must agree")
        container.mux(stream.encode(None))


def _pieces(
    blocks: Iterable[np.ndarray], name: str, limited_by: str, layout: str, channels: int
) -> Iterator[np.ndarray]:
    """Blocks [C, t], checked one by one, in pieces of at most PIECE samples."""
    for block in blocks:
        if len(block) != channels:
            raise InputError(f"{name}: {len(block)} channels are not {layout}: choose the layout that they have")
        check_samples(name, block, limited_by, ", or choose a floating point format")
        for start in range(0, block.shape[1], PIECE):
            yield block[:, start : start + PIECE]


@contextmanager
def _muxer(
    file: BinaryIO, container: str, options: Mapping[str, str]
) -> Iterator[tuple[av.container.OutputContainer, _Sink]]:
    """FFmpeg's container that ends up in `file`; what the file system refuses is raised as it is."""
    sink = _Sink(file)
    try:
        with av.open(sink, "w", format=container, options=options, io_open=sink.reopened) as opened:
            yield opened, sink
    except av.FFmpegError:
        sink.check()
        raise
    sink.check()


class _Sink:
    """A file for FFmpeg to write to. An OSError raised into FFmpeg comes back as another error or not at all, so the
    first one is kept here, further writing is pretended, and `check` raises it."""

    def __init__(self, file: BinaryIO):
        self.file, self.refusal = file, None

    def write(self, data: bytes) -> int:
        return self._try(self.file.write, data, pretended=len(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._try(self.file.seek, offset, whence, pretended=offset)

    def tell(self) -> int:
        return self._try(self.file.tell, pretended=0)

    def reopened(self, url: str, flags: int, options: Mapping[str, str]) -> BinaryIO:
        """The same file to read, for a muxer that moves what it wrote, as PyAV's `io_open`."""
        self._try(self.file.flush, pretended=None)
        return open(self.file.name, "rb")

    def check(self) -> None:
        if self.refusal:
            raise self.refusal

    def _try(self, method: Callable[..., Any], *arguments, pretended: Any) -> Any:
        try:
            return pretended if self.refusal else method(*arguments)
        except OSError as error:
            self.refusal = error
            return pretended
