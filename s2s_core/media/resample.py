"""From one sample rate to another, only where somebody asked for it."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from scipy import fft, signal

from .pcm import check_rate

ZERO_CROSSINGS = 96
"""Of the sinc on each side: sound passes flat up to PASS of the lower rate's limit, and nothing folds back."""

STOP_BAND = 100.0
"""dB by which the filter holds off what would fold back."""

MOST_PHASES = 1 << 13
"""The largest numbers in the ratio of two rates for which a filter with a phase for each of them is made."""

PASS = 0.93
"""Share of the lower rate's limit up to which sound passes flat."""

REACH = 1000
"""Zero crossings of the sinc after which it is below 1e-7, the step of float32, if the spectrum falls from PASS to the
limit like a cosine."""

BLOCK = 1 << 20
"""Samples, at the higher rate, that are transformed at once, or one period of the ratio where that is longer."""


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """`samples` [..., T] float32 at `rate` Hz as [..., ceil(T wanted / rate)] at `wanted` Hz; as they are when the
    rates are equal. Linear phase without delay: a polyphase Kaiser-windowed sinc, or where the ratio is of numbers too
    large for that, a spectrum that is cut or continued. Raises InputError for rates that are no whole numbers."""
    for each in (rate, wanted):
        check_rate("a sample rate", each)
    if rate == wanted:
        return samples
    common = gcd(rate, wanted)
    up, down = wanted // common, rate // common
    if max(up, down) > MOST_PHASES:
        return _by_spectrum(samples, up, down)
    return signal.resample_poly(samples, up, down, axis=-1, window=_low_pass(max(up, down))).astype(np.float32)


@lru_cache(maxsize=8)
def _low_pass(factor: int) -> np.ndarray:
    half = ZERO_CROSSINGS * factor
    beta = signal.kaiser_beta(STOP_BAND)
    edge = 1 - (STOP_BAND - 7.95) / (2.285 * np.pi * 2 * ZERO_CROSSINGS * 2)  # the stop band begins at the limit
    return signal.firwin(2 * half + 1, edge / factor, window=("kaiser", beta)).astype(np.float32)


def _by_spectrum(samples: np.ndarray, up: int, down: int) -> np.ndarray:
    """Overlapping blocks, each of whole periods of the ratio, so that its spectrum fits both rates exactly."""
    margin = down * ceil(REACH * max(1, down / up) / down)
    body = down * ceil(BLOCK / max(up, down))
    taken = body + 2 * margin
    made, kept = taken * up // down, np.s_[margin * up // down : (margin + body) * up // down]
    lower = min(taken, made)
    share = np.arange(lower // 2 + 1) / (lower / 2)
    fade = np.cos(np.pi / 2 * ((share - PASS) / (1 - PASS)).clip(0, 1)) ** 2 * (up / down)

    length = samples.shape[-1]
    result = np.zeros((*samples.shape[:-1], -(-length * up // down)), np.float32)
    for start in range(0, length, body):
        before = max(margin - start, 0)
        part = samples[..., max(start - margin, 0) : start + body + margin].astype(np.float32, copy=False)
        part = np.pad(part, [(0, 0)] * (samples.ndim - 1) + [(before, taken - before - part.shape[-1])])
        spectrum = fft.rfft(part)[..., : len(fade)] * fade.astype(np.float32)
        there = result[..., start * up // down :][..., : body * up // down]
        there[:] = fft.irfft(spectrum, made)[..., kept][..., : there.shape[-1]]
    return result
