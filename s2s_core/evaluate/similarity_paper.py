"""How alike two sounds are, as the published evaluation of SEE-2-SOUND computes it, its faults included.

For comparison with the paper's numbers only; report `similarity_corrected.py`. What looks wrong here is meant: each
docstring says what. Resampling, onset picking and the tuning of the chroma are librosa's own, because the scores jump
with them; the rest agrees with it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import ModuleType

import numpy as np

from ..errors import check_range
from ..models.libraries import need
from ..types import AudioTrack, Surround
from .scores import Scores, mono
from .spectral import HOP, contrast, mfcc
from .stoi import stoi
from .warping import accumulated

MFCC_RATE, RATE, SPEECH_RATE = 22050, 44100, 16000

CONTRAST_BANDS = 6

PRE_EMPHASIS = 0.97

TOO_SHORT_FOR_STOI = 1e-5
"""What the reference takes for the correlation then."""

SHORTEST = 0.01
"""s below which the reference's code breaks."""

WEIGHTS = {"zcr": 0.2, "rhythm": 0.2, "chroma": 0.2, "spectral_contrast": 0.1, "perceptual": 0.1}
"""They sum to 0.8: the reference takes weights by position from a list that still has a sixth score in its middle."""


def paper(a: AudioTrack | Surround, b: AudioTrack | Surround) -> Scores:
    """Scores of two sounds at any sample rates; channels are averaged. None where the reference gives NaN: rhythm
    when either has no onset, spectral contrast when both are silent, and then SWASS too. Not symmetric.

    Raises InputError for samples that are not finite, [T] or [C, T], or last less than 10 ms; DependencyError without
    librosa.
    """
    librosa = need("librosa", "librosa>=0.11", "the paper's definition of similarity")
    # In the reference's precision, because an onset or a tuning can jump with a rounding.
    first, second = mono(a, "the first sound", np.float32), mono(b, "the second sound", np.float32)
    for name, samples, rate in (("the first sound", first, a.sample_rate), ("the second sound", second, b.sample_rate)):
        check_range(f"length of {name}", len(samples) / rate, SHORTEST, np.inf, "s")
    slow, fast = (
        [_resampled(librosa, first, a.sample_rate, rate), _resampled(librosa, second, b.sample_rate, rate)]
        for rate in (MFCC_RATE, RATE)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # librosa's, of short and silent sounds: the scores are meant so
        parts = {
            "zcr": zcr(*fast),
            "rhythm": rhythm(librosa, *fast),
            "chroma": chroma(librosa, *fast),
            "spectral_contrast": spectral_contrast(*fast),
            "perceptual": perceptual(librosa, *fast),
        }
    return Scores(mfcc_dtw=mfcc_dtw(*slow), swass=swass(parts), **parts)


def mfcc_dtw(a: np.ndarray, b: np.ndarray) -> float:
    """1 / (1 + mean accumulated cost) at 22050 Hz, where the 13 coefficients, not the frames, are aligned with each
    other. Identical sounds give about 1e-4, and less the longer they are."""
    longer = max(len(a), len(b))
    tracks = []
    for sound in (a, b):
        sharp = np.append(3 * sound[0] - sound[1], sound[1:] - PRE_EMPHASIS * sound[:-1])
        tracks.append(mfcc(np.pad(sharp, (0, longer - len(sharp))), MFCC_RATE))
    return float(1 / (1 + accumulated(*tracks).mean()))


def zcr(a: np.ndarray, b: np.ndarray) -> float:
    """1 - difference of the rates of sign changes over the whole of each sound; zero is a sign of its own."""
    rates = [np.mean(np.diff(np.sign(sound)) != 0) for sound in (a, b)]
    return float(1 - abs(rates[0] - rates[1]))


def rhythm(librosa: ModuleType, a: np.ndarray, b: np.ndarray) -> float | None:
    """(r + 1) / 2, r the correlation of two rows of samples that are 1 where an onset is found, else 0. The first is
    searched whole, the second as far as the first goes. Unrelated sounds give 0.5."""
    common = min(len(a), len(b))
    rows = np.zeros((2, common))
    for row, sound in zip(rows, (a, b[:common]), strict=True):
        seconds = librosa.onset.onset_detect(y=sound, sr=RATE, hop_length=HOP, units="time")
        onsets = (seconds * RATE).astype(int)  # may lose a sample, as the reference does
        row[onsets[onsets < common]] = 1
    if not rows.any(axis=1).all():
        return None
    return float((np.corrcoef(rows)[0, 1] + 1) / 2)


def chroma(librosa: ModuleType, a: np.ndarray, b: np.ndarray) -> float:
    """1 - mean difference of the pitch classes, each sound in its own estimated tuning."""
    a, b = _common_frames(librosa.feature.chroma_cqt(y=sound, sr=RATE) for sound in (a, b))
    return float(1 - np.mean(np.abs(a - b)))


def spectral_contrast(a: np.ndarray, b: np.ndarray) -> float | None:
    """1 - mean difference over the largest single cell of either, about 70 dB, so that most pairs exceed 0.9."""
    a, b = _common_frames(contrast(sound, RATE, CONTRAST_BANDS) for sound in (a, b))
    largest = max(np.abs(a).max(), np.abs(b).max())
    return float(1 - np.mean(np.abs(a - b)) / largest) if largest else None


def perceptual(librosa: ModuleType, a: np.ndarray, b: np.ndarray) -> float:
    """(STOI + 1) / 2 with the first as the clean sound; 0.5 for unrelated ones and for silence."""
    common = min(len(a), len(b))
    clean, other = (_resampled(librosa, sound[:common], RATE, SPEECH_RATE) for sound in (a, b))
    value = stoi(clean, other, SPEECH_RATE)
    return ((TOO_SHORT_FOR_STOI if value is None else value) + 1) / 2


def swass(parts: dict[str, float | None]) -> float | None:
    """Weighted sum, at most 0.8."""
    if None in parts.values():
        return None
    return sum(weight * parts[name] for name, weight in WEIGHTS.items())


def _common_frames(features: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Matrices [rows, frames] cut to the fewest frames."""
    features = list(features)
    frames = min(feature.shape[1] for feature in features)
    return [feature[:, :frames] for feature in features]


def _resampled(librosa: ModuleType, samples: np.ndarray, sample_rate: int, wanted: int) -> np.ndarray:
    return librosa.resample(samples, orig_sr=sample_rate, target_sr=wanted)
