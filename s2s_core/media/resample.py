"""From one sample rate to another, only where somebody asked for it."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from scipy import signal

ZERO_CROSSINGS = 96
"""Of the sinc on each side: sound passes flat up to 0.93 of the lower rate's limit, and nothing folds back."""

STOP_BAND = 100.0
"""dB by which the filter holds off what would fold back."""


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """`samples` [..., T] float32 at `rate` Hz as [..., ceil(T wanted / rate)] at `wanted` Hz, both whole numbers; as
    they are when the rates are equal. Linear phase without delay: a polyphase Kaiser-windowed sinc."""
    if rate == wanted:
        return samples
    common = gcd(rate, wanted)
    up, down = wanted // common, rate // common
    return signal.resample_poly(samples, up, down, axis=-1, window=_low_pass(max(up, down))).astype(np.float32)


@lru_cache(maxsize=8)
def _low_pass(factor: int) -> np.ndarray:
    half = ZERO_CROSSINGS * factor
    beta = signal.kaiser_beta(STOP_BAND)
    edge = 1 - (STOP_BAND - 7.95) / (2.285 * np.pi * 2 * ZERO_CROSSINGS * 2)  # the stop band begins at the limit
    return signal.firwin(2 * half + 1, edge / factor, window=("kaiser", beta)).astype(np.float32)
