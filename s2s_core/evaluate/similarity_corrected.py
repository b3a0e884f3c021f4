"""How alike two sounds are, the definition to report: every metric is 1 for identical sounds and 0 at worst.

The same seven names as the published evaluation, with its faults mended (`similarity_paper.py` keeps them): one sample
rate, the common part of both sounds, equal levels, time aligned with time, weights by name that sum to 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

import numpy as np
from scipy import signal

from ..types import AudioTrack, Surround
from .chroma import chroma as chroma_of
from .scores import Scores, mono
from .spectral import contrast, mfcc, onset_strength
from .stoi import stoi
from .warping import accumulated, path_length

RATE = 16000

SHORTEST = RATE // 2
"""Samples in common below which nothing is scored."""

SILENCE, LEVEL = 1e-4, 0.1
"""RMS below which a sound is silent, and RMS to which the others are brought."""

CONTRAST_BANDS = 5

PRE_EMPHASIS = 0.97


def corrected(a: AudioTrack | Surround, b: AudioTrack | Surround) -> Scores:
    """Scores, 0..1, of two sounds at any sample rates; channels are averaged, so what is spatial is not judged.

    Both silent, or less than 0.5 s in common: nothing is scored. One silent: every score is 0. Symmetric in a and b.
    Raises InputError for samples that are not finite, [T] or [C, T].
    """
    a, b = _at_rate(mono(a, "the first sound"), a.sample_rate), _at_rate(mono(b, "the second sound"), b.sample_rate)
    common = min(len(a), len(b))
    if common < SHORTEST:
        return Scores(reason="shorter than 0.5 s")
    a, b = a[:common], b[:common]
    loudness = [float(np.sqrt(np.mean(sound**2))) for sound in (a, b)]
    if max(loudness) < SILENCE:
        return Scores(reason="both silent")
    if min(loudness) < SILENCE:
        return Scores(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, reason="one silent")
    levelled = [sound * (LEVEL / level) for sound, level in zip((a, b), loudness, strict=True)]
    parts = {
        "zcr": zcr(a, b),
        "rhythm": rhythm(*levelled),
        "chroma": chroma(*levelled),
        "spectral_contrast": spectral_contrast(*levelled),
        "perceptual": perceptual(a, b),
    }
    return Scores(mfcc_dtw=mfcc_dtw(*levelled), swass=swass(parts.values()), **parts)


def mfcc_dtw(a: np.ndarray, b: np.ndarray) -> float:
    """1 / (1 + d), where d is the mean distance of 13 MFCCs along the cheapest alignment in time."""
    tracks = [mfcc(signal.lfilter([1, -PRE_EMPHASIS], 1, sound), RATE).T for sound in (a, b)]
    total = accumulated(*tracks)
    return float(1 / (1 + total[-1, -1] / path_length(total)))


def zcr(a: np.ndarray, b: np.ndarray) -> float:
    """The smaller rate of zero crossings over the larger one."""
    low, high = sorted(float(np.mean(np.diff(sound >= 0))) for sound in (a, b))
    return low / high if high else 1.0


def rhythm(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of the onset strengths, at least 0."""
    onsets = [onset_strength(sound, RATE) for sound in (a, b)]
    steady = [bool(np.ptp(onset) == 0) for onset in onsets]
    if any(steady):
        return float(all(steady))
    return max(0.0, float(np.corrcoef(*onsets)[0, 1]))


def chroma(a: np.ndarray, b: np.ndarray) -> float:
    """1 - mean difference of the strengths of the twelve pitch classes."""
    return float(1 - np.mean(np.abs(chroma_of(a, RATE) - chroma_of(b, RATE))))


def spectral_contrast(a: np.ndarray, b: np.ndarray) -> float:
    """1 - mean difference of the spectral contrasts, as a share of the largest in either."""
    a, b = (contrast(sound, RATE, CONTRAST_BANDS) for sound in (a, b))
    largest = max(np.abs(a).max(), np.abs(b).max())
    return float(1 - np.mean(np.abs(a - b)) / largest) if largest else 1.0


def perceptual(a: np.ndarray, b: np.ndarray) -> float | None:
    """Mean of STOI both ways, at least 0; None when either sound has less than 0.4 s that is not silent."""
    values = [stoi(a, b, RATE), stoi(b, a, RATE)]
    if None in values:
        return None
    return float(np.clip(np.mean(values), 0, 1))


def swass(parts: Iterable[float | None]) -> float | None:
    """Mean of the scored among zcr, rhythm, chroma, spectral contrast and perceptual."""
    scored = [part for part in parts if part is not None]
    return float(np.mean(scored)) if scored else None


def _at_rate(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    if sample_rate == RATE:
        return samples
    common = gcd(RATE, sample_rate)
    return signal.resample_poly(samples, RATE // common, sample_rate // common)
