"""Read an audio file for comparison, independently of the pack's own decoder."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

LOSSLESS = (".wav", ".flac")


def decode(file: Path) -> tuple[np.ndarray, int]:
    """Samples as float64 [channels, time] with full scale at 1, and the sample rate."""
    with av.open(str(file)) as container:
        stream = container.streams.audio[0]
        packed = av.AudioResampler(stream.format.packed)  # PyAV misreads frames that keep eight or more channels apart
        frames = (part for frame in container.decode(stream) for part in packed.resample(frame))
        blocks = [_planar(frame.to_ndarray(), len(frame.layout.channels)) for frame in frames]
        return np.concatenate(blocks, axis=1), stream.rate


def _planar(block: np.ndarray, channels: int) -> np.ndarray:
    block = block.reshape(-1, channels).T
    if np.issubdtype(block.dtype, np.integer):
        return block / -float(np.iinfo(block.dtype).min)
    return block.astype(np.float64)
