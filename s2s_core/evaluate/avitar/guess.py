"""A room without a network: a reverberation of the given room's T60, and nothing of what the picture shows.

A stand-in to try a graph with, and a floor to compare with.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import oaconvolve

from ...backend import Backend
from ...runtime import Runtime, generator
from ...types import Picture, Room
from .settings import Settings

DISTANCE = 2.0
"""m between sound and ears, since nobody says."""


def match(
    picture: Picture, samples: np.ndarray, sample_rate: int, settings: Settings, runtime: Runtime
) -> tuple[np.ndarray, int]:
    """The sound [C, T] with reverberation added, and its rate; a `settings.Matcher`. T60 0 leaves it as it is.

    On the whole it stays as loud. What would then go beyond 1 is turned down, all channels alike, until it does not.
    """
    if settings.room.t60 == 0:
        return samples, sample_rate
    responses = response(settings.room, len(samples), sample_rate, settings.seed)
    heard = oaconvolve(samples, responses, axes=1)[:, : samples.shape[1]]
    return (heard / max(1.0, np.abs(heard).max(initial=0.0))).astype(np.float32), sample_rate


def response(room: Room, channels: int, sample_rate: int, seed: int) -> np.ndarray:
    """[channels, T60] of energy 1 each: a click, and noise that falls by 60 dB in T60, different in each channel.

    The noise has 312 T60 / V r^2 of the click's energy at r metres in V cubic metres, as a diffuse field has.
    """
    time = np.arange(1, max(2, round(room.t60 * sample_rate))) / sample_rate
    fall = np.exp(-np.log(1000) * time / room.t60)
    share = 312 * room.t60 / np.prod(room.size) * DISTANCE**2
    tails = np.stack([generator(seed, channel).standard_normal(len(time)) for channel in range(channels)]) * fall
    tails *= np.sqrt(share / np.sum(tails**2, axis=1, keepdims=True))
    return np.concatenate([np.ones((channels, 1)), tails], axis=1) / np.sqrt(1 + share)


BACKEND = Backend(
    name="room guess (no weights)",
    summary="reverberation of the chosen room's T60, whatever the picture shows; a preview that needs no download",
    load=lambda runtime: match,
)
