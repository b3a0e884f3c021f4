"""STOI: short-time objective intelligibility of one sound, given another as the clean one.

Taal, Hendriks, Heusdens and Jensen, "An algorithm for intelligibility prediction of time-frequency weighted noisy
speech", IEEE TASLP 19(7), 2011. A measure for speech; here it only says how alike two envelopes are.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from scipy import fft, signal

RATE, FRAME, HOP, SPECTRUM = 10000, 256, 128, 512

BANDS, LOWEST_CENTRE = 15, 150.0
"""One-third octaves, and the centre of the first in Hz."""

SEGMENT = 30
"""Frames compared at a time, 384 ms."""

SILENCE_DB = 40.0
"""A frame of the clean sound so far below its loudest is left out."""

CLIP = 1 + 10 ** (15 / 20)
"""How much larger than the clean envelope the other may be: -15 dB signal to distortion."""

REJECTION_DB, ROLL_OFF = 60.0, 0.1
"""Of the low-pass for resampling; the width of its edge is a share of its cutoff."""

EPSILON = np.finfo(float).eps


def stoi(clean: np.ndarray, other: np.ndarray, sample_rate: int) -> float | None:
    """Mean correlation, -1..1, of the band envelopes of two sounds [T], 1 = alike; None when fewer than 30 frames
    remain without silence (0.4 s of sound). Not symmetric: `clean` decides what is silence."""
    clean, other = _without_silence(_resampled(clean, sample_rate), _resampled(other, sample_rate))
    if clean.shape[1] < SEGMENT:
        return None
    clean, other = (np.lib.stride_tricks.sliding_window_view(bands, SEGMENT, axis=1) for bands in (clean, other))
    level = np.linalg.norm(clean, axis=2, keepdims=True) / (np.linalg.norm(other, axis=2, keepdims=True) + EPSILON)
    return float(np.mean(np.sum(_unit(np.minimum(other * level, clean * CLIP)) * _unit(clean), axis=2)))


def _without_silence(clean: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Envelopes [15, frames] of both, where `clean` is not silent."""
    clean_frames, other_frames = _frames(clean), _frames(other)
    if not len(clean_frames):
        return np.zeros((BANDS, 0)), np.zeros((BANDS, 0))
    level = 20 * np.log10(np.linalg.norm(clean_frames, axis=1) + EPSILON)
    heard = level > level.max() - SILENCE_DB
    return tuple(_envelopes(_overlap_added(frames[heard])) for frames in (clean_frames, other_frames))


def _resampled(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """At 10 kHz, by the Kaiser-windowed low-pass that Octave's `resample` uses, as the reference code did."""
    if sample_rate == RATE:
        return samples
    common = gcd(RATE, sample_rate)
    up, down = RATE // common, sample_rate // common
    cutoff = 1 / (2 * max(up, down))
    half = int(np.ceil((REJECTION_DB - 8) / (28.714 * ROLL_OFF * cutoff)))
    window = np.kaiser(2 * half + 1, 0.1102 * (REJECTION_DB - 8.7))
    taps = np.sinc(2 * cutoff * np.arange(-half, half + 1)) * window
    return signal.resample_poly(samples, up, down, window=taps / taps.sum())


def _frames(samples: np.ndarray) -> np.ndarray:
    """Windowed [frames, 256]; a last frame that would end with the sound is not one."""
    count = max(0, -((FRAME - len(samples)) // HOP))
    starts = np.arange(count)[:, None] * HOP
    return samples[starts + np.arange(FRAME)] * np.hanning(FRAME + 2)[1:-1]


def _overlap_added(frames: np.ndarray) -> np.ndarray:
    samples = np.zeros((len(frames) + 1) * HOP)
    samples[:-HOP] += frames[:, :HOP].ravel()
    samples[HOP:] += frames[:, HOP:].ravel()
    return samples


def _envelopes(samples: np.ndarray) -> np.ndarray:
    """Magnitudes [15, frames] of the one-third octaves."""
    power = np.abs(fft.rfft(_frames(samples), SPECTRUM, axis=1)) ** 2
    edges = LOWEST_CENTRE * 2.0 ** ((2 * np.arange(BANDS + 1) - 1) / 6)
    first = np.rint(edges * SPECTRUM / RATE).astype(int)
    return np.sqrt([power[:, low:high].sum(axis=1) for low, high in zip(first[:-1], first[1:], strict=True)])


def _unit(segments: np.ndarray) -> np.ndarray:
    """Without their mean, scaled to length 1."""
    segments = segments - segments.mean(axis=2, keepdims=True)
    return segments / (np.linalg.norm(segments, axis=2, keepdims=True) + EPSILON)
