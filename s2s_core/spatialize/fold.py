"""The same mix for two loudspeakers or headphones."""

from __future__ import annotations

import numpy as np

from ..runtime import Runtime
from ..types import Layout, Surround
from .layouts import LAYOUTS
from .loudness import TARGET, levelled

HALF_POWER = np.sqrt(0.5)


def fold_to_stereo(sound: Surround, loudness: float = TARGET, runtime: Runtime | None = None) -> Surround:
    """The stereo monitor of any layout: ITU-R BS.775, Lo = L + 0.7071 C + 0.7071 Ls (every loudspeaker behind the front
    pair counts as Ls), Ro likewise. The LFE is dropped: nothing sounds only there.

    The sum can peak 7.7 dB higher, so it is levelled again to `loudness` LUFS (-70..-5) under the same ceiling.
    `gain_db` counts from the surround that was given. Raises InputError for a loudness out of range.
    """
    samples = stereo_matrix(sound.layout).astype(np.float32) @ sound.samples
    return levelled(Surround(samples, sound.sample_rate, LAYOUTS["stereo"]), loudness, runtime)


def stereo_matrix(layout: Layout) -> np.ndarray:
    """What each channel gives to (left, right): [2, C]."""
    matrix = np.zeros((2, len(layout.speakers)))
    for channel, speaker in enumerate(layout.speakers):
        if not speaker.lfe:
            share = 1.0 if 0 < abs(speaker.azimuth) <= 60 else HALF_POWER
            matrix[:, channel] = share * np.array([speaker.azimuth >= 0, speaker.azimuth <= 0])
    return matrix
