"""What sound looks like to the similarity metrics: spectrogram, mel bands, MFCC, onset strength, spectral contrast.

Frames of 2048 samples every 512, centred on multiples of the hop (zeros beyond the ends), under a periodic Hann window.
The definitions are those that librosa made common, so that numbers compare.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, signal

FRAME, HOP = 2048, 512

MEL_BANDS, COEFFICIENTS = 128, 13

FLOOR, RANGE_DB = 1e-10, 80.0
"""Power below which nothing is told apart, and how far below the loudest cell."""

LOWEST_BAND, QUANTILE = 200.0, 0.02
"""Of the spectral contrast: Hz up to which the first band reaches; the share of a band that makes a peak, a valley."""


def spectrogram(samples: np.ndarray) -> np.ndarray:
    """Magnitudes [1025, 1 + T // 512] of samples [T]."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, FRAME // 2), FRAME)[::HOP]
    return np.abs(fft.rfft(frames * signal.get_window("hann", FRAME), axis=1)).T


def decibels(power: np.ndarray) -> np.ndarray:
    """10 log10 of `power`, at least FLOOR, and at most RANGE_DB below the largest value."""
    level = 10 * np.log10(np.maximum(power, FLOOR))
    return np.maximum(level, level.max() - RANGE_DB)


def mel_decibels(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Level in dB [128, frames] of the mel bands from 0 to half the sample rate."""
    return decibels(_mel_filters(sample_rate) @ spectrogram(samples) ** 2)


def mfcc(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """The first 13 mel-frequency cepstral coefficients, [13, frames]."""
    return fft.dct(mel_decibels(samples, sample_rate), axis=0, norm="ortho")[:COEFFICIENTS]


def onset_strength(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """How much louder the mel bands get from one frame to the next, [frames]; later by the half frame in which a sound
    is seen before it begins."""
    level = mel_decibels(samples, sample_rate)
    rise = np.maximum(np.diff(level, axis=1), 0).mean(axis=0)
    return np.pad(rise, (1 + FRAME // (2 * HOP), 0))[: level.shape[1]]


def contrast(samples: np.ndarray, sample_rate: int, bands: int) -> np.ndarray:
    """Spectral contrast in dB [bands + 1, frames]: peaks against valleys of the magnitudes in a low band and in `bands`
    octaves above it. Jiang et al., "Music type classification by spectral contrast feature", 2002."""
    magnitudes = spectrogram(samples)
    frequencies = np.arange(len(magnitudes)) * sample_rate / FRAME
    edges = np.concatenate([[0.0], LOWEST_BAND * 2.0 ** np.arange(bands + 1)])
    peaks, valleys = [], []
    for band, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        first = inside[0] - (band > 0)
        last = inside[-1] if band < bands else len(frequencies) - 1
        count = max(1, int(np.rint(QUANTILE * (last - first + 1))))
        ordered = np.sort(magnitudes[first : last + (band == bands)], axis=0)  # the next band begins at `last`
        valleys.append(ordered[:count].mean(axis=0))
        peaks.append(ordered[-count:].mean(axis=0))
    return decibels(np.stack(peaks)) - decibels(np.stack(valleys))


def _mel_filters(sample_rate: int) -> np.ndarray:
    """Triangles of unit area [128, 1025], evenly spaced on Slaney's mel scale."""
    corners = _hertz(np.linspace(0, _mel(sample_rate / 2), MEL_BANDS + 2))[:, None]
    frequencies = np.linspace(0, sample_rate / 2, FRAME // 2 + 1)
    rising = (frequencies - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - frequencies) / (corners[2:] - corners[1:-1])
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (corners[2:] - corners[:-2])


# Slaney's scale: 15 mel up to 1 kHz, linear; above it 27 mel for each factor of 6.4.
def _mel(hertz: float) -> float:
    return hertz * 0.015 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel / 0.015, 1000 * 6.4 ** ((mel - 15) / 27))
