"""A finished mix of any length, kept on disk until it is read."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import OutputError
from ..types import Layout
from .fold import stereo_matrix
from .layouts import LAYOUTS
from .loudness import Meter


class Stream:
    """Sound for loudspeakers, block by block: iterate for blocks [C, t] float32, as often as wanted.

    Like a Surround it has `sample_rate`, `layout`, `loudness` in LUFS, `true_peak` in dBTP and `gain_db`; `length` is
    in samples. What it holds lies in a file without a name, which is gone with the Stream.
    """

    def __init__(self, sample_rate: int, layout: Layout, folder: Path | None = None):
        self.sample_rate, self.layout, self.length = sample_rate, layout, 0
        self.loudness = self.true_peak = float("nan")
        self.gain_db = 0.0
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._file = folder or tempfile.gettempdir(), tempfile.TemporaryFile(dir=folder)
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)
        self._blocks: list[int] = []

    def keep(self, block: np.ndarray) -> None:
        """Take in the next [C, t] float32."""
        try:
            self._file.write(np.ascontiguousarray(block, np.float32).data)
        except OSError as error:
            reason = f"the mix does not fit into {self._folder} ({error.strerror})"
            raise OutputError(f"{reason}: make room there") from error
        self._blocks.append(block.shape[1])
        self.length += block.shape[1]

    def settle(self, meter: Meter, target: float) -> None:
        """Bring all that was kept, and `meter` has heard, to `target` LUFS."""
        measures = meter.after(meter.gain(target))
        self.loudness, self.true_peak, self.gain_db = (measures[key] for key in ("loudness", "true_peak", "gain_db"))

    @property
    def seconds(self) -> float:
        """Duration in s."""
        return self.length / self.sample_rate

    def __iter__(self) -> Iterator[np.ndarray]:
        gain, channels = np.float32(10 ** (self.gain_db / 20)), len(self.layout.speakers)
        at = 0
        for length in self._blocks:
            with self._lock:  # somebody else may be reading too
                self._file.seek(at)
                data = self._file.read(4 * channels * length)
            at += len(data)
            yield np.frombuffer(data, np.float32).reshape(channels, length) * gain


class Monitor:
    """A Stream folded to stereo while it is read (`fold.fold_to_stereo`), at its own loudness; read as a Stream."""

    def __init__(self, stream: Stream, target: float):
        self.sample_rate, self.layout, self.length = stream.sample_rate, LAYOUTS["stereo"], stream.length
        self._stream, self._matrix = stream, stereo_matrix(stream.layout).astype(np.float32)
        meter = Meter(self.sample_rate, self.layout)
        for block in stream:
            meter.add(self._matrix @ block)
        self._matrix *= np.float32(10 ** (meter.gain(target) / 20))

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._matrix @ block for block in self._stream)
