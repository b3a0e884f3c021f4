"""What a backend that matches a sound to a place is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from ...errors import InputError, check_choice, check_range
from ...runtime import Runtime
from ...types import Picture, Room

SNR = (2.0, 10.0)
"""dB that the sound stands above the noise that the network was trained with."""
SEEDS = (0, 2**64 - 1)
LONGEST_T60 = 20.0  # s


@dataclass(frozen=True)
class Mode:
    """How AViTAR is fed. `whole` is the whole clip, each channel by itself, else the first 2.56 s of their mean;
    `noisy` is with noise, and turned over as likely as not, as in training."""

    whole: bool
    noisy: bool


MODES = {"default": Mode(whole=True, noisy=False), "as published": Mode(whole=False, noisy=True)}


@dataclass(frozen=True)
class Settings:
    """`mode` is a name in MODES. `snr` is how far in dB, 2..10, the sound stands above noise that is mixed in before
    the network hears it; None is what the mode does: no noise, or as published a level drawn from that range. `seed` is
    that of all noise. `room` is for backends that cannot judge a place by its picture. Raises InputError for others.
    """

    mode: str = next(iter(MODES))
    snr: float | None = None
    seed: int = 0
    room: Room = Room()

    def __post_init__(self):
        check_choice("mode", self.mode, MODES)
        if self.snr is not None:
            check_range("the signal-to-noise ratio", self.snr, *SNR, "dB")
        if not isinstance(self.seed, Integral) or not SEEDS[0] <= self.seed <= SEEDS[1]:
            raise InputError(f"seed is {self.seed}; allowed is a whole number from {SEEDS[0]} to {SEEDS[1]}")
        check_range(f"T60 of the {self.room.name}", self.room.t60, 0, LONGEST_T60, "s")


AS_USUAL = Settings()

Matcher = Callable[[Picture, np.ndarray, int, Settings, Runtime], "tuple[np.ndarray, int]"]
"""A backend: (picture, samples [C, T] float32, rate in Hz, settings, runtime) -> samples and their rate. In the mode
"default" shape and rate stay; "as published" may give fewer samples, at another rate."""
