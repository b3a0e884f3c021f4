"""Panners of what is not loudspeakers: the two ears through head-related responses, and spherical harmonics."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from ..types import Layout
from .pan_speakers import mean_across, units

DIRECTIONS = 72
HALF = DIRECTIONS // 2
STEP = 360 / DIRECTIONS
# A diffuse field comes from every sixth direction only, 30 degrees apart: dense enough for two ears, and few noises.
DIFFUSE_EVERY = 6


class Headphones:
    """The two ears: internal channel i is the direction 5 i degrees counter-clockwise on the horizon.

    Between two directions the amplitude is shared linearly and sums to 1: neighbouring responses are nearly alike, so
    amplitudes add and not powers.

    The table has no height. What is above or below keeps its angle off the median plane (lateral angle l, sin l =
    sin az cos el), which decides the differences between the ears. On the circle of all directions with that angle,
    the horizon is met in front, at azimuth l, and behind, at 180 - l; these two share the sound by (1 +- cos c) / 2,
    where c is the angle along the circle from the front. So a sound on the horizon is where it is, the zenith is
    centred half in front and half behind, and nothing jumps on the way.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        self.diffuse = np.zeros(DIRECTIONS)
        self.diffuse[::DIFFUSE_EVERY] = 1 / np.sqrt(DIRECTIONS // DIFFUSE_EVERY)

    def __call__(self, azimuth, elevation=0.0, width=0.0) -> np.ndarray:
        """Gains [..., 72] float64, >= 0 and of sum 1 (see `pan.Panner`)."""
        return mean_across(_shares, azimuth, elevation, width)

    def finish(self, responses: np.ndarray, sample_rate: int) -> np.ndarray:
        """What reaches the ears: [72, T] -> [2, T + taps - 1] float32, convolved block by block (overlap-add) with the
        responses of those directions that sound at all, and summed over directions before the way back."""
        spectra, taps, size = _spectra(sample_rate)
        step, length = size - taps + 1, responses.shape[1]
        blocks = -(-length // step)
        ears = np.zeros((2, blocks, size // 2 + 1), np.complex64)
        for direction in np.flatnonzero(responses.any(axis=1)):
            padded = np.zeros(blocks * step, np.float32)
            padded[:length] = responses[direction]
            ears += fft.rfft(padded.reshape(blocks, step), size) * spectra[direction, :, None]
        pieces = fft.irfft(ears, size)  # [2, blocks, size]: each reaches taps - 1 into the next
        whole = np.zeros((2, blocks * step + taps - 1), np.float32)
        whole[:, : blocks * step] = pieces[..., :step].reshape(2, -1)
        for block in range(blocks):
            whole[:, (block + 1) * step :][:, : taps - 1] += pieces[:, block, step:]
        return whole[:, : length + taps - 1]


class Ambisonic:
    """First order AmbiX: W = 1, Y = sin az cos el, Z = sin el, X = cos az cos el (ACN order, SN3D weights).

    Gains have signs; a wide object has the mean gains of its directions, which leaves W and shortens the others. In a
    diffuse field X, Y and Z have a third of W's energy each.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        self.diffuse = np.sqrt([1, 1 / 3, 1 / 3, 1 / 3])

    def __call__(self, azimuth, elevation=0.0, width=0.0) -> np.ndarray:
        """Gains [..., 4] float64, -1 to 1 (see `pan.Panner`)."""
        return mean_across(_harmonics, azimuth, elevation, width)

    def finish(self, responses: np.ndarray, sample_rate: int) -> np.ndarray:
        """The responses as they are."""
        return responses


def _harmonics(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(units(azimuth, elevation), -1, 0)
    return np.stack([np.ones_like(x), y, z, x], axis=-1)


def _shares(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Gains [..., 72] of directions [...]: found on the left half, then turned over where the sound is on the right."""
    x, y, z = np.moveaxis(units(azimuth, elevation), -1, 0)
    circle = np.hypot(x, z)  # cos l
    # Rounded: a direction of the table is that alone, without a trace of its neighbour.
    place = (np.degrees(np.arctan2(np.abs(y), circle)) / STEP).round(9)[..., None]
    front = 0.5 + 0.5 * np.divide(x, circle, out=np.ones_like(x), where=circle > 0)[..., None]
    ahead = np.arange(HALF + 1)
    left = front * (1 - np.abs(ahead - place)).clip(min=0) + (1 - front) * (1 - np.abs(HALF - ahead - place)).clip(
        min=0
    )
    gains = np.zeros((*x.shape, DIRECTIONS))
    gains[..., : HALF + 1] = left
    return np.where((y < 0)[..., None], gains[..., -np.arange(DIRECTIONS)], gains)


@lru_cache(maxsize=2)
def _spectra(sample_rate: int) -> tuple[np.ndarray, int, int]:
    """(spectra [72, 2, F] complex64 of the head-related responses, their taps, the size of the transform)."""
    from .binaural import hrirs

    table = hrirs(sample_rate)
    size = fft.next_fast_len(8 * table.shape[-1], real=True)
    return fft.rfft(table, size), table.shape[-1], size
