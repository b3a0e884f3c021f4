"""Sound files in: whatever FFmpeg decodes, whole, and with its layout if the file says it."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from ..errors import MediaError
from .whole import check_whole

INTEGER_SCALES = {"u8": 1 << 7, "s16": 1 << 15, "s32": 1 << 31, "s64": 1 << 63}

UNNAMED = {1: "mono", 2: "stereo"}
"""What so many channels are when the file does not say; more could be anything."""

CODEC_DELAY = 0.1
"""s that a lossy file may lack of its stated length without being cut short."""

GUESSED = ("aac", "mp3")
"""Files whose length FFmpeg guesses from the bit rate of their beginning where no header states it."""


def read(path: str | Path) -> tuple[np.ndarray, int, str | None]:
    """(samples [C, T] float32, sample rate in Hz, layout) of the first sound in a file, a video's too.

    Integers are scaled to -1..1, floating point is left as it is. The layout is FFmpeg's name, such as "5.1", or None
    when the file does not say and there are more than two channels. Raises MediaError when the file is missing, empty,
    damaged, has no sound, or is shorter than it says (a recording of a stream may not say).
    """
    path = Path(path)
    if path.is_dir():
        raise MediaError(f"{path} is a folder, not a sound file: name one file in it")
    try:
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty (0 bytes): copy or download it again")
        with open(path, "rb") as file:
            check_whole(path, file)
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


def _decode(path: Path, container: av.container.InputContainer) -> tuple[np.ndarray, int, str | None]:
    if not container.streams.audio:
        raise MediaError(f"{path} has no sound in it: choose a file with an audio track")
    stream = container.streams.audio[0]
    stated = _stated(container, stream)
    lossless = stream.codec_context.name.startswith(("pcm", "flac", "alac"))
    pieces, kind, packed = [], None, None
    for frame in container.decode(stream):
        if kind not in (None, (frame.sample_rate, frame.layout.name, len(frame.layout.channels))):
            raise MediaError(f"{path} changes its sample rate or its channels on the way: convert it to WAV or FLAC")
        kind = (frame.sample_rate, frame.layout.name, len(frame.layout.channels))
        # PyAV reads beyond the end of a frame that keeps eight or more channels apart: let FFmpeg interleave them.
        packed = packed or av.AudioResampler(frame.format.packed)
        pieces.extend(map(_normalised, packed.resample(frame)))
    if kind is None:
        raise MediaError(f"{path} holds no samples: copy or download it again")
    samples, (rate, layout, channels) = np.concatenate(pieces, axis=1), kind
    seconds = samples.shape[1] / rate
    if seconds < stated - (1.5 / rate if lossless else CODEC_DELAY):
        raise MediaError(f"{path} is cut short: {seconds:.3f} of {stated:.3f} s are there: copy or download it again")
    return samples, rate, UNNAMED.get(channels) if layout == f"{channels} channels" else layout


def _stated(container: av.container.InputContainer, stream: av.AudioStream) -> float:
    """The length in s that the file states, 0.0 where it states none."""
    seconds = float(stream.duration * stream.time_base) if stream.duration else 0.0
    if seconds and container.format.name in GUESSED:
        guess = 8 * container.size / (stream.codec_context.bit_rate or np.inf)
        return 0.0 if abs(seconds - guess) < 0.01 * guess else seconds
    return seconds


def _normalised(frame: av.AudioFrame) -> np.ndarray:
    """A decoded frame of interleaved channels as [C, T] float32."""
    values = frame.to_ndarray().reshape(-1, len(frame.layout.channels)).T
    if frame.format.name == "u8":
        values = values.astype(np.int16) - 128
    return (values / INTEGER_SCALES.get(frame.format.name, 1)).astype(np.float32)
