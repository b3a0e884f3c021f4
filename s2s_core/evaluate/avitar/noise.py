"""The noise that AViTAR was trained with: one second of it, again and again, of a colour drawn for each clip."""

from __future__ import annotations

import numpy as np

from .settings import SNR

PERIOD = 16000  # samples
HIGHEST = 8000.0  # Hz
SLOPES = (-2.0, 2.0)
"""From violet, where the lowest are the weakest, over white to red."""


def drawn(rng: np.random.Generator, samples: int, snr: float | None = None) -> np.ndarray:
    """[samples] float32, whose RMS over a period is that of noise `snr` dB below a sound of RMS 1; None: drawn from
    `SNR`."""
    slope, level = rng.uniform(*SLOPES), rng.uniform(*SNR)
    gain = 10 ** (-(level if snr is None else snr) / 20)
    return (gain * coloured(rng, samples, slope)).astype(np.float32)


def coloured(rng: np.random.Generator, samples: int, slope: float) -> np.ndarray:
    """Gaussian noise [samples] of RMS 1 over a period, its spectrum divided by the power `slope` of a ramp over the
    frequency, from 1 to the root of `HIGHEST`."""
    spectrum = np.fft.rfft(rng.standard_normal(PERIOD))
    spectrum /= np.linspace(1, np.sqrt(HIGHEST), len(spectrum)) ** slope
    noise = np.fft.irfft(spectrum, PERIOD)
    return np.resize(noise / np.sqrt(np.mean(noise**2)), samples)
