"""Octave bands without filters that ring: how a value given per band is spread over frequency.

One set of weights does it all. A band weighs 1 at its middle and falls with cos^2 over the logarithm of frequency to 0
at the middles of its neighbours, so that the weights add up to 1 everywhere; the lowest band takes all below its
middle, the highest all above.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft

from ..types import Room

FILTER_SECONDS = 0.005
"""How long the filters of reflections may ring: three reflections at a carpet are then right within 1 dB."""

DEEPEST = 1e-3
"""A wall that swallows everything still has a phase: nothing reflects less than -60 dB here."""


def weights(frequencies: np.ndarray) -> np.ndarray:
    """Weight of each band of Room.OCTAVES at `frequencies` [F] in Hz, [7, F]; sums to 1 over the bands."""
    lowest, count = Room.OCTAVES[0], len(Room.OCTAVES)
    octaves = np.clip(np.log2(np.maximum(frequencies, lowest) / lowest), 0, count - 1)
    apart = np.abs(octaves - np.arange(count)[:, None])
    return np.cos(np.pi / 2 * np.minimum(apart, 1)) ** 2


def shaped(noise: np.ndarray, envelopes: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
    """The sum of the bands of `noise` [T], each times its own of the `envelopes` [7, T]; a single envelope [1, T] is
    for the noise as a whole."""
    if len(envelopes) == 1:
        return noise * envelopes[0]
    size = fft.next_fast_len(len(noise), real=True)
    spectrum = fft.rfft(noise, size)
    bands = weights(fft.rfftfreq(size, 1 / sample_rate))
    return sum(
        fft.irfft(spectrum * band, size)[: len(noise)] * envelope
        for band, envelope in zip(bands, envelopes, strict=True)
    )


def filter_size(sample_rate: int) -> int:
    """Length of the transform for `minimum_phase`: four times what a filter may ring, a power of two."""
    return 1 << int(np.ceil(np.log2(4 * FILTER_SECONDS * sample_rate)))


def minimum_phase(levels: np.ndarray, sample_rate: int) -> np.ndarray:
    """Logarithm of the spectra [W, F] complex of the minimum-phase filters with amplitudes `levels` [W, 7] in the bands
    (at least DEEPEST), F = filter_size // 2 + 1.

    The phase is the Hilbert transform of the logarithm of the magnitude, made in the cepstrum: so it is linear in it,
    and the spectrum of several walls in a row is exp(hits @ result).
    """
    size = filter_size(sample_rate)
    magnitudes = np.log(np.maximum(levels, DEEPEST)) @ weights(np.fft.rfftfreq(size, 1 / sample_rate))
    cepstra = np.fft.irfft(magnitudes, size)
    cepstra[:, 1 : size // 2] *= 2
    cepstra[:, size // 2 + 1 :] = 0
    return np.fft.rfft(cepstra)
