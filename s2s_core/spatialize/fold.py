"""The same mix for two loudspeakers."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..runtime import Runtime
from ..types import Layout, Surround
from .layouts import LAYOUTS
from .loudness import TARGET, levelled

HALF_POWER = np.sqrt(0.5)

CARDIOIDS = np.array([[0.5, 0.5, 0.0, 0.0], [0.5, -0.5, 0.0, 0.0]])
"""AmbiX (W, Y, Z, X) to stereo: L = (W + Y) / 2, R = (W - Y) / 2."""


def fold_to_stereo(sound: Surround, loudness: float = TARGET, runtime: Runtime | None = None) -> Surround:
    """The stereo monitor of any layout: ITU-R BS.775, Lo = L + 0.7071 C + 0.7071 Ls (every loudspeaker more than 60
    degrees off the front counts as Ls, one above the listener as what its azimuth says), Ro likewise. The LFE is
    dropped: nothing sounds only there. Of AmbiX, two cardioids that look to the left and to the right.

    The sum can peak 7.7 dB higher, so it is levelled again to `loudness` LUFS (-70..-5) under the same ceiling.
    `gain_db` counts from the surround that was given. Raises InputError for a loudness out of range and for sound that
    is binaural.
    """
    samples = stereo_matrix(sound.layout).astype(np.float32) @ sound.samples
    return levelled(Surround(samples, sound.sample_rate, LAYOUTS["stereo"]), loudness, runtime)


def stereo_matrix(layout: Layout) -> np.ndarray:
    """What each channel gives to (left, right): [2, C]. Raises InputError for a binaural layout."""
    if layout.kind == "binaural":  # its ears cannot be taken apart into directions again
        raise InputError(
            "the sound is already binaural (for headphones); allowed is sound for loudspeakers or AmbiX: fold the "
            "surround mix it was made from"
        )
    if layout.kind == "ambisonic":
        return CARDIOIDS
    matrix = np.zeros((2, len(layout.speakers)))
    for channel, speaker in enumerate(layout.speakers):
        if not speaker.lfe:
            share = 1.0 if 0 < abs(speaker.azimuth) <= 60 else HALF_POWER
            matrix[:, channel] = share * np.array([speaker.azimuth >= 0, speaker.azimuth <= 0])
    return matrix
