"""Sounds of any length through a network that knows 2.56 s: chunks that overlap by half, faded into each other.

Each counts by a Hann window, and two neighbours together by 1, so that what passes unchanged stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RATE = 16000  # Hz
CHUNK = 40960  # samples
HOP = CHUNK // 2
WINDOW = (np.sin(np.pi * np.arange(CHUNK) / CHUNK) ** 2).astype(np.float32)

Place = tuple[int, int]
"""Channel, and number of the chunk in it."""


class Chunks:
    """The chunks of `samples` [C, T] float32, and what was made of them so far. Silent ones are passed over."""

    def __init__(self, samples: np.ndarray):
        self.length = samples.shape[1]
        count = -(-self.length // HOP) + 1
        self.padded = np.pad(samples, ((0, 0), (HOP, count * HOP - self.length)))
        self.made = np.zeros_like(self.padded)
        self.places = [place for place in np.ndindex(len(samples), count) if self._of(self.padded, place).any()]

    def taken(self, places: Sequence[Place]) -> np.ndarray:
        """[N, CHUNK]."""
        return np.stack([self._of(self.padded, place) for place in places])

    def put(self, place: Place, sound: np.ndarray) -> None:
        """Add what was made of one chunk, [CHUNK]."""
        self._of(self.made, place)[:] += WINDOW * sound

    @property
    def result(self) -> np.ndarray:
        """[C, T] float32."""
        return self.made[:, HOP : HOP + self.length]

    @staticmethod
    def _of(samples: np.ndarray, place: Place) -> np.ndarray:
        channel, number = place
        return samples[channel, number * HOP : number * HOP + CHUNK]


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """[C, T] at `rate` Hz -> [C, ceil(T wanted / rate)] float32 at `wanted` Hz, polyphase."""
    if rate == wanted:
        return samples
    from scipy.signal import resample_poly  # slow to import

    step = np.gcd(rate, wanted)
    return resample_poly(samples, wanted // step, rate // step, axis=1).astype(np.float32)
