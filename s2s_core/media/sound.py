"""Sound files: out with every channel named, as lossless masters or small for the web; in from whatever FFmpeg decodes.

ComfyUI's own nodes scramble more than two channels; this is the way out of the house.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import av
import numpy as np

from ..errors import InputError
from ..files import whole_file
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, Surround
from .decode import read
from .formats import FORMATS, Format, check_format, layout_name
from .pcm import PIECE, check_samples, quantised
from .sink import muxer

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

    Raises InputError when the suffix, the layout or the sample rate does not go with the format, when there are no
    samples, when they have not the layout's number of channels or are not `length`, are not finite, or exceed full
    scale where the format ends there: nothing is resampled or clipped silently. Raises OutputError when the file system
    refuses.
    """
    path = Path(path)
    if isinstance(samples, np.ndarray):
        samples, length = [samples], samples.shape[1]
    if length is None:
        raise InputError(f"{path.name}: sound in blocks must say how many samples it has in all: give its length")
    if length < 1:
        raise InputError(f"{path.name}: the sound has {length} samples; a file needs at least one: make it longer")
    row = check_format(path, format, layout, sample_rate)
    if metadata and not row.tags:
        log.info("%s: %s has no place for metadata; left out: %s", path, format, ", ".join(metadata))
    channels, options = av.AudioLayout(layout).nb_channels, dict(row.muxing)
    if row.container == "wav" and channels * length * ((row.bits or 32) // 8) > RF64_FROM:
        options["rf64"] = "always"
    if row.container == "ipod":  # it counts the length in ms otherwise, and the shortest sounds come out empty
        options["movie_timescale"] = str(sample_rate)
    with whole_file(path) as file, muxer(file, row.container, options) as (container, sink):
        if row.tags:
            container.metadata.update(metadata or {})
        stream = add_sound(container, row, sample_rate, layout)
        with (runtime or HeadlessRuntime()).progress(f"writing {path.name}", length) as bar:
            for frame in frames(samples, length, row, sample_rate, layout, path.name, format):
                container.mux(stream.encode(frame))
                sink.check()
                bar.step(frame.samples)
        container.mux(stream.encode(None))


def add_sound(container: av.container.OutputContainer, row: Format, sample_rate: int, layout: str) -> av.AudioStream:
    """A new stream of a container that codes sound as a row of FORMATS says."""
    shape = {"rate": sample_rate, "layout": layout, "format": row.sample_format}
    stream = container.add_stream(row.codec, options=dict(row.encoding), **shape)
    if row.kbps:
        stream.codec_context.bit_rate = 1000 * row.kbps * av.AudioLayout(layout).nb_channels
    return stream


def frames(
    blocks: Iterable[np.ndarray],
    length: int,
    row: Format,
    sample_rate: int,
    layout: str,
    name: str,
    format: str,
    piece: int = PIECE,
) -> Iterator[av.AudioFrame]:
    """Blocks [C, t] as frames of at most `piece` samples for the encoder of `row`, called `format`, of the file `name`.

    Raises InputError when a block has not the layout's number of channels, is not finite, or exceeds full scale where
    the format ends there; and at the end when they are not `length` samples in all.
    """
    channels, packed_format, at = av.AudioLayout(layout).nb_channels, "s32" if row.bits else "flt", 0
    for part in _pieces(blocks, name, format if row.full_scale else "", layout, channels, piece):
        packed = np.ascontiguousarray(part.T).reshape(1, -1)
        packed = quantised(packed, row.bits) if row.bits else packed.astype(np.float32)
        frame = av.AudioFrame.from_ndarray(packed, format=packed_format, layout=layout)
        frame.sample_rate, frame.pts = sample_rate, at
        yield frame
        at += part.shape[1]
    if at != length:
        raise InputError(f"{name}: {at} samples came, {length} were announced: the two must agree")


def _pieces(
    blocks: Iterable[np.ndarray], name: str, limited_by: str, layout: str, channels: int, piece: int
) -> Iterator[np.ndarray]:
    """Blocks [C, t], checked one by one, in pieces of at most `piece` samples."""
    for block in blocks:
        if len(block) != channels:
            wrong = f"{len(block)} channels are not {layout_name(layout)}"
            raise InputError(f"{name}: {wrong}: choose the layout that they have")
        check_samples(name, block, limited_by, " (node Loudness does it), or choose a floating point format")
        for start in range(0, block.shape[1], piece):
            yield block[:, start : start + piece]
