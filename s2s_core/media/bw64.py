"""The Broadcast Wave 64 file (ITU-R BS.2088): sound of any number of channels with chunks of metadata in front."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ..files import whole_file
from ..runtime import Progress
from .pcm import quantised

BITS = 24
ROOM = 0xFFFFFFFF
"""Bytes that a 32-bit size can count."""

ELSEWHERE = 0xFFFFFFFF
"""What a 32-bit size says when it is too small: the true one is in the chunk ds64."""


def write_bw64(
    path: Path,
    blocks: Iterable[np.ndarray],
    shape: tuple[int, int],
    sample_rate: int,
    chunks: Mapping[str, bytes],
    bar: Progress,
) -> None:
    """Write blocks [C, t] in -1..1, together of `shape` (C, T), as 24-bit PCM, whole or not at all, with `chunks` (name
    of four letters -> content) between the format and the sound. `bar` is told the samples of each block.

    A file of less than 4 GiB is an ordinary RIFF file, which more programs read; a larger one calls itself BW64. Raises
    OutputError when the file system refuses.
    """
    with whole_file(path) as file:
        file.write(_head(shape, sample_rate, chunks))
        for block in blocks:
            steps = quantised(block.T, BITS).astype("<i4", copy=False)  # [t, C], the lowest byte is empty
            file.write(np.ascontiguousarray(steps).view(np.uint8).reshape(-1, 4)[:, 1:].tobytes())
            bar.step(block.shape[1])
        file.write(b"\0" * (_size(shape) % 2))


def _head(shape: tuple[int, int], sample_rate: int, chunks: Mapping[str, bytes]) -> bytes:
    """All bytes before the sound."""
    channels, length = shape
    frame = channels * BITS // 8
    body = _chunk("fmt ", struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * frame, frame, BITS))
    body += b"".join(_chunk(name, content) for name, content in chunks.items())
    sound = _size(shape)
    riff = 4 + len(body) + 8 + sound + sound % 2
    if riff <= ROOM:
        return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + body + struct.pack("<4sI", b"data", sound)
    sizes = _chunk("ds64", struct.pack("<QQQI", riff + 36, sound, 0, 0))
    return struct.pack("<4sI4s", b"BW64", ELSEWHERE, b"WAVE") + sizes + body + struct.pack("<4sI", b"data", ELSEWHERE)


def _size(shape: tuple[int, int]) -> int:
    """Bytes of sound."""
    return shape[0] * shape[1] * BITS // 8


def _chunk(name: str, content: bytes) -> bytes:
    return struct.pack("<4sI", name.encode(), len(content)) + content + b"\0" * (len(content) % 2)
