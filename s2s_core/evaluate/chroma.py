"""Chroma: how strong each of the twelve pitch classes is, from a constant-Q transform.

Schoerkhuber and Klapuri, "Constant-Q transform toolbox for music processing", 2010: the filters of the highest octave
serve every octave, because the signal is brought to half its sample rate from one to the next. Agrees with librosa's
`chroma_cqt`, whose habits (which side the window leans to, what is left out of a filter) are kept.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, signal

HOP = 512

LOWEST = 440.0 * 2 ** (-45 / 12)
"""Hz of C1 where A4 is 440 Hz; no other tuning is looked for."""

OCTAVES, PER_OCTAVE, PITCHES = 7, 36, 12

LEFT_OUT = 0.01
"""Share of each filter's spectrum, its weakest bins, that is taken for nothing."""

HALVING = signal.firwin(501, 0.478, window=("kaiser", 12.3))
"""Low-pass for half the sample rate: flat up to 0.913 of the new band, -120 dB beyond it."""


def chroma(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """[12, 1 + T // 512] from samples [T], C first; the strongest class of each frame is 1, a silent frame is 0.

    The sample rate lies above 9 kHz, about twice what the highest filter hears.
    """
    filters = _filters(sample_rate)
    frames = 1 + len(samples) // HOP
    strength = np.zeros((PER_OCTAVE, frames))
    for octave in range(OCTAVES):
        gain = 2 ** (octave / 2)  # a filter counts by the root of its length, whatever the sample rate
        strength += gain * _responses(samples, filters, HOP >> octave, frames)
        samples = signal.resample_poly(samples, 1, 2, window=HALVING)
    centred = np.roll(strength, 1, axis=0)  # a class is its own pitch and the third of a semitone on either side
    classes = centred.reshape(PITCHES, PER_OCTAVE // PITCHES, frames).sum(axis=1)
    loudest = classes.max(axis=0)
    return classes / np.where(loudest > 0, loudest, 1)


def _responses(samples: np.ndarray, filters: np.ndarray, hop: int, frames: int) -> np.ndarray:
    """Magnitudes [36, frames] of the filters centred on every `hop` samples."""
    size = 2 * (filters.shape[1] - 1)
    padded = np.pad(samples, (size // 2, size))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:frames]
    return np.abs(filters @ fft.rfft(windows, axis=1).T)


def _filters(sample_rate: int) -> np.ndarray:
    """Spectra [36, bins] of the highest octave: Hann windows as many periods long as the spacing asks for."""
    frequencies = LOWEST * 2.0 ** (OCTAVES - 1 + np.arange(PER_OCTAVE) / PER_OCTAVE)[:, None]
    ratio = 4.0 ** (1 / PER_OCTAVE)
    lengths = (ratio + 1) / (ratio - 1) * sample_rate / frequencies
    before, after = np.floor(lengths / 2), np.ceil(lengths / 2)
    size = 1 << int(np.ceil(np.log2(lengths[0, 0])))
    time = np.arange(-size // 2, size // 2)
    phase = (after - time) / (before + after)
    windows = np.where((phase >= 0) & (phase < 1), 1 - np.cos(2 * np.pi * phase), 0)
    windows *= np.sqrt(lengths) / windows.sum(axis=1, keepdims=True)
    waves = windows * np.exp(2j * np.pi * frequencies / sample_rate * time)
    spectra = fft.fft(waves, axis=1)[:, : size // 2 + 1].conj() / size
    weight = np.abs(spectra)
    ordered = np.sort(weight, axis=1)
    weak = np.cumsum(ordered, axis=1) < LEFT_OUT * ordered.sum(axis=1, keepdims=True)
    least = np.take_along_axis(ordered, weak.sum(axis=1, keepdims=True), axis=1)
    return np.where(weight >= least, spectra, 0)
