"""What the similarity metrics give, and means of it over many pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import InputError, check_range
from ..types import AudioTrack, Surround

METRICS = ("mfcc_dtw", "zcr", "rhythm", "chroma", "spectral_contrast", "perceptual", "swass")
"""Columns of every report, in this order."""

RESAMPLES, CONFIDENCE = 10_000, 95.0
PIECE = 500
"""Resamples drawn at a time."""

FEWEST = 10
"""Pictures below which an interval says nothing: print each value instead."""


@dataclass(frozen=True)
class Scores:
    """How alike two sounds are, each 1 = the same, 0 = nothing alike; None = not scored, and `reason` says why, where
    it holds for all. Scores of the two definitions are different things: never average them together."""

    mfcc_dtw: float | None = None
    zcr: float | None = None
    rhythm: float | None = None
    chroma: float | None = None
    spectral_contrast: float | None = None
    perceptual: float | None = None
    swass: float | None = None
    reason: str = ""

    @property
    def mfcc_dtw_distance(self) -> float | None:
        """What `mfcc_dtw` was made from, 1 / (1 + d): lower is closer; infinite for a score of 0."""
        if self.mfcc_dtw is None:
            return None
        return 1 / self.mfcc_dtw - 1 if self.mfcc_dtw else float("inf")


class Aggregate(NamedTuple):
    """A mean over `count` scored values, and the interval low..high that holds it with 95 % confidence."""

    mean: float | None
    low: float | None
    high: float | None
    count: int


def aggregate(values: Iterable[float | None], seed: int) -> Aggregate:
    """The mean of one metric over pictures. What was not scored (None) is left out, and `count` says how many remain.

    The interval comes from 10 000 bootstrap resamples of the pictures drawn with `seed`, which belongs into the
    report. It is None for fewer than 10 values, the mean for none. Raises InputError for a value that is not finite.
    """
    scored = np.array([value for value in values if value is not None], float)
    if not np.isfinite(scored).all():
        raise InputError(
            "a score is not finite (NaN or infinite); allowed are numbers, and None for what is not scored"
        )
    if not len(scored):
        return Aggregate(None, None, None, 0)
    mean = float(scored.mean())
    if len(scored) < FEWEST:
        return Aggregate(mean, None, None, len(scored))
    draw, count = np.random.default_rng(seed).integers, len(scored)
    pieces = [min(PIECE, RESAMPLES - start) for start in range(0, RESAMPLES, PIECE)]
    means = np.concatenate([scored[draw(count, size=(piece, count))].mean(axis=1) for piece in pieces])
    low, high = np.percentile(means, (50 - CONFIDENCE / 2, 50 + CONFIDENCE / 2))
    return Aggregate(mean, float(low), float(high), len(scored))


def mono(sound: AudioTrack | Surround, name: str, dtype: type = np.float64) -> np.ndarray:
    """The mean of all channels, [T] in `dtype`. `name` is what the message calls it.

    Raises InputError when there are no samples, when they are not finite, or are not [T] or [C, T].
    """
    samples = np.asarray(sound.samples, dtype)
    if samples.ndim not in (1, 2) or not samples.size:
        raise InputError(f"{name} has samples {list(samples.shape)}; allowed is [T] or [C, T], at least one of each")
    bad = int(np.count_nonzero(~np.isfinite(samples)))
    if bad:
        raise InputError(
            f"{name} holds {bad} of {samples.size} samples that are not finite (NaN or infinite); allowed are finite "
            "numbers: make or load it again"
        )
    check_range(f"sample rate of {name}", sound.sample_rate, 1000, 384000, "Hz")
    return np.atleast_2d(samples).mean(axis=0)
