"""Sound files: out as lossless masters with every channel named, in from whatever FFmpeg decodes.

ComfyUI's own nodes scramble more than two channels; this is the way out of the house.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np

from ..errors import InputError, MediaError, check_choice
from ..files import whole_file
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, Surround

log = logging.getLogger(__name__)

LOSSLESS_LAYOUTS = ("mono", "stereo", "5.1", "5.1(side)", "7.1")


@dataclass(frozen=True)
class Format:
    """One kind of file. `container` and `codec` are FFmpeg's names, `layouts` too. `bits` of an integer sample, 0 for
    floating point. `tags`: it keeps metadata of any name."""

    suffix: str
    container: str
    codec: str
    bits: int
    tags: bool
    layouts: tuple[str, ...] = LOSSLESS_LAYOUTS


FORMATS = {
    "FLAC 24-bit": Format(".flac", "flac", "flac", 24, tags=True),
    "WAV 24-bit": Format(".wav", "wav", "pcm_s24le", 24, tags=False),
    "WAV 32-bit float": Format(".wav", "wav", "pcm_f32le", 0, tags=False),
}

PIECE = 1 << 15
"""Samples encoded between two chances to cancel."""

RF64_FROM = 0xFFFFFFFF - (1 << 20)
"""Bytes of sound from which a WAV file needs 64-bit sizes, which not every program reads."""

INTEGER_SCALES = {"u8": 1 << 7, "s16": 1 << 15, "s32": 1 << 31, "s64": 1 << 63}

STREAMED_RIFF = 0x7FFFF000
"""Bytes from which the size in a WAV header says that its writer did not know."""

UNNAMED = {1: "mono", 2: "stereo"}
"""What so many channels are when the file does not say; more could be anything."""

CODEC_DELAY = 0.1
"""s that a lossy file may lack of its stated length without being cut short."""


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
    samples: np.ndarray,
    sample_rate: int,
    layout: str,
    format: str,
    metadata: Mapping[str, str] | None = None,
    *,
    runtime: Runtime | None = None,
) -> None:
    """Write samples [C, T] as FORMATS[format], whole or not at all, with the channels of `layout` (FFmpeg's name) in
    file order and named.

    Integer formats hold -1..1, rounded to the nearest step (+1 itself becomes the largest step below). FLAC keeps
    `metadata` as Vorbis comments; WAV has no place for it and leaves it out.

    Raises InputError when the suffix or the layout does not go with the format, when the samples have not the layout's
    number of channels, are not finite, or exceed what an integer format holds: nothing is clipped silently. Raises
    OutputError when the file system refuses.
    """
    check_choice("sound format", format, FORMATS)
    path, row = Path(path), FORMATS[format]
    if path.suffix.lower() != row.suffix:
        raise InputError(f"{path} ends in {path.suffix or 'nothing'}; {format} files end in {row.suffix}: rename it")
    if layout not in row.layouts:
        raise InputError(f"{path.name}: {format} cannot hold {layout}; allowed is {', '.join(row.layouts)}")
    if len(samples) != av.AudioLayout(layout).nb_channels:
        raise InputError(f"{path.name}: {len(samples)} channels are not {layout}: choose the layout that they have")
    _check_samples(path, samples, row, format)
    if metadata and not row.tags:
        log.info("%s: %s has no place for metadata; left out: %s", path, format, ", ".join(metadata))
    bytes_per_sample = (row.bits or 32) // 8
    options = {"rf64": "always"} if row.container == "wav" and samples.size * bytes_per_sample > RF64_FROM else {}
    sample_format = "s32" if row.bits else "flt"
    with whole_file(path) as file:
        sink = _Sink(file)
        with av.open(sink, "w", format=row.container, options=options) as container:
            if row.tags:
                container.metadata.update(metadata or {})
            stream = container.add_stream(row.codec, rate=sample_rate, layout=layout, format=sample_format)
            starts = range(0, samples.shape[1], PIECE)
            with (runtime or HeadlessRuntime()).progress(f"writing {path.name}", len(starts)) as bar:
                for start in starts:
                    packed = np.ascontiguousarray(samples[:, start : start + PIECE].T).reshape(1, -1)
                    packed = _quantised(packed, row.bits) if row.bits else packed.astype(np.float32)
                    frame = av.AudioFrame.from_ndarray(packed, format=sample_format, layout=layout)
                    frame.sample_rate, frame.pts = sample_rate, start
                    container.mux(stream.encode(frame))
                    sink.check()
                    bar.step()
            container.mux(stream.encode(None))
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

    def check(self) -> None:
        if self.refusal:
            raise self.refusal

    def _try(self, method: Callable[..., int], *arguments, pretended: int) -> int:
        try:
            return pretended if self.refusal else method(*arguments)
        except OSError as error:
            self.refusal = error
            return pretended


def read(path: str | Path) -> tuple[np.ndarray, int, str | None]:
    """(samples [C, T] float32, sample rate in Hz, layout) of the first sound in a file, a video's too.

    Integers are scaled to -1..1, floating point is left as it is. The layout is FFmpeg's name, such as "5.1", or None
    when the file does not say and there are more than two channels. Raises MediaError when the file is missing, empty,
    damaged, cut short, or has no sound.
    """
    path = Path(path)
    if path.is_dir():
        raise MediaError(f"{path} is a folder, not a sound file: name one file in it")
    try:
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty (0 bytes): copy or download it again")
        with open(path, "rb") as file:
            _check_riff_is_whole(path, file)
            # A file object, not a name, which FFmpeg might take for an address; "file" keeps playlists off the network.
            with av.open(file, options={"protocol_whitelist": "file"}) as container:
                return _decode(path, container)
    except FileNotFoundError as error:
        raise MediaError(f"{path} is missing: check the name and the folder") from error
    except av.FFmpegError as error:
        raise MediaError(
            f"{path} is not a sound file, or is damaged ({error.strerror}): convert it to WAV or FLAC, or copy it again"
        ) from error
    except OSError as error:
        raise MediaError(f"{path} may not be read ({error.strerror}): check its permissions and the disk") from error


def _check_riff_is_whole(path: Path, file: BinaryIO) -> None:
    """Raise MediaError when a WAV file is shorter than its header says; FFmpeg would take what is there as all."""
    head, there = file.read(28), path.stat().st_size
    file.seek(0)
    size = {b"RIFF": head[4:8], b"RF64": head[20:28]}.get(head[:4], b"")
    stated = int.from_bytes(size, "little") + 8
    streamed = head[:4] == b"RIFF" and stated >= STREAMED_RIFF
    if there + 1 < stated and not streamed:  # some programs forget the padding byte at the end
        raise MediaError(f"{path} is cut short: {there:,} of {stated:,} bytes are there: copy or download it again")


def _decode(path: Path, container: av.container.InputContainer) -> tuple[np.ndarray, int, str | None]:
    if not container.streams.audio:
        raise MediaError(f"{path} has no sound in it: choose a file with an audio track")
    stream = container.streams.audio[0]
    stated = float(stream.duration * stream.time_base) if stream.duration else 0.0
    lossless = stream.codec_context.name.startswith(("pcm", "flac", "alac"))
    pieces, kind = [], None
    for frame in container.decode(stream):
        if kind not in (None, (frame.sample_rate, frame.layout.name, len(frame.layout.channels))):
            raise MediaError(f"{path} changes its sample rate or its channels on the way: convert it to WAV or FLAC")
        kind = (frame.sample_rate, frame.layout.name, len(frame.layout.channels))
        pieces.append(_normalised(frame))
    if kind is None:
        raise MediaError(f"{path} holds no samples: copy or download it again")
    samples, (rate, layout, channels) = np.concatenate(pieces, axis=1), kind
    seconds = samples.shape[1] / rate
    if seconds < stated - (1.5 / rate if lossless else CODEC_DELAY):
        raise MediaError(f"{path} is cut short: {seconds:.3f} of {stated:.3f} s are there: copy or download it again")
    return samples, rate, UNNAMED.get(channels) if layout == f"{channels} channels" else layout


def _normalised(frame: av.AudioFrame) -> np.ndarray:
    """A decoded frame as [C, T] float32."""
    values = frame.to_ndarray()
    if frame.format.is_packed:
        values = values.reshape(-1, len(frame.layout.channels)).T
    name = frame.format.name.removesuffix("p")
    if name == "u8":
        values = values.astype(np.int16) - 128
    return (values / INTEGER_SCALES.get(name, 1)).astype(np.float32)


def _check_samples(path: Path, samples: np.ndarray, row: Format, format: str) -> None:
    bad = samples.size - int(np.count_nonzero(np.isfinite(samples)))
    if bad:
        raise InputError(f"{path.name}: {bad} of {samples.size} are not finite (NaN or infinite): mend the sound")
    peak = float(max(samples.max(initial=0.0), -samples.min(initial=0.0)))
    if row.bits and peak > 1:
        raise InputError(
            f"{path.name}: the sound peaks at {peak:.4g} (full scale is 1), which {format} cannot hold: "
            f"lower it by {20 * np.log10(peak):.1f} dB or more, or choose a floating point format"
        )


def _quantised(samples: np.ndarray, bits: int) -> np.ndarray:
    """-1..1 rounded to `bits`, in the upper bits of int32, where the encoders look for them."""
    scale = 2.0 ** (bits - 1)
    steps = np.minimum(np.rint(samples.astype(np.float64) * scale), scale - 1)
    return steps.astype(np.int32) << (32 - bits)
