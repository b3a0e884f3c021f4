"""The true peak: how far a sound reaches between its samples too. ITU-R BS.1770-4, annex 2."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

OVERSAMPLING, PHASE_TAPS, ROW, PIECE = 4, 24, 32, 1 << 16
BEFORE, AFTER = PHASE_TAPS // 2 - 1, PHASE_TAPS // 2


class PeakMeter:
    """Largest magnitude of a sound that arrives in pieces, 4 times oversampled by a windowed sinc of 24 taps.

    What lies between the last samples needs those that follow: `largest` takes silence for them.
    """

    def __init__(self, channels: int):
        self.seen = 0.0
        self.kept = np.zeros((channels, PHASE_TAPS - 1), np.float32)

    def add(self, samples: np.ndarray) -> None:
        """Take in [C, T] float32."""
        self.seen = self._beyond(samples, self.seen)
        self.kept = np.concatenate([self.kept, samples[:, -(PHASE_TAPS - 1) :]], axis=1)[:, -(PHASE_TAPS - 1) :]

    @property
    def largest(self) -> float:
        """Of all that has arrived; 0 of nothing or silence."""
        return self._beyond(np.zeros((len(self.kept), AFTER), np.float32), self.seen)

    def _beyond(self, samples: np.ndarray, largest: float) -> float:
        """The largest of what was seen and of what lies from the middle of `kept` to AFTER samples before the end."""
        matrix, most = interpolator()
        largest = max(largest, magnitude(samples))
        for kept, channel in zip(self.kept, samples, strict=True):
            for start in range(0, len(channel), PIECE):
                piece = channel[start : start + PIECE]
                rows = -(-len(piece) // ROW)
                padded = np.zeros(rows * ROW + PHASE_TAPS - 1, np.float32)
                padded[: PHASE_TAPS - 1] = kept if start == 0 else channel[start - (PHASE_TAPS - 1) : start]
                padded[PHASE_TAPS - 1 : PHASE_TAPS - 1 + len(piece)] = piece
                if magnitude(padded) * most > largest:
                    windows = np.lib.stride_tricks.sliding_window_view(padded, len(matrix))[::ROW]
                    between = _products(windows, matrix)
                    # Past the end there is more to come, not silence: what the padding suggests is not there.
                    between[-1, :, len(piece) - (rows - 1) * ROW :] = 0
                    largest = max(largest, magnitude(between))
        return largest


def magnitude(values: np.ndarray) -> float:
    """Largest magnitude, without a copy; 0 of nothing."""
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def _products(windows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The values between samples, [rows, OVERSAMPLING - 1, ROW]. Many small products: in one large one BLAS starts
    threads, which cost more than they bring."""
    whole = len(windows) // ROW * ROW
    parts = [windows[:whole].reshape(-1, ROW, len(matrix)) @ matrix] if whole else []
    parts += [windows[whole:] @ matrix] if whole < len(windows) else []
    return np.concatenate([part.reshape(-1, OVERSAMPLING - 1, ROW) for part in parts])


@lru_cache(maxsize=1)
def interpolator() -> tuple[np.ndarray, float]:
    """Matrix [32 + 23, 3 * 32]: a row of samples times it gives the three values after each of the 32 in its middle; a
    sinc of 24 taps under a Kaiser window. With it the most by which such a value can exceed the samples around it."""
    matrix = np.zeros((ROW + PHASE_TAPS - 1, OVERSAMPLING - 1, ROW), np.float32)
    taps = np.arange(PHASE_TAPS) - BEFORE
    for phase in range(1, OVERSAMPLING):
        offsets = taps - phase / OVERSAMPLING
        window = np.i0(6 * np.sqrt(1 - (2 * offsets / PHASE_TAPS) ** 2)) / np.i0(6)
        for start in range(ROW):
            matrix[start : start + PHASE_TAPS, phase - 1, start] = np.sinc(offsets) * window
    matrix = matrix.reshape(len(matrix), -1)
    return matrix, float(np.abs(matrix).sum(axis=0).max())
