"""Clips from elsewhere as the sounds of the regions."""

from __future__ import annotations

from math import gcd

import numpy as np

from ..errors import InputError, check_range
from ..types import AudioTrack


def from_clips(clips: list[tuple[np.ndarray, int]], sample_rate: int) -> tuple[AudioTrack, ...]:
    """Mono tracks of one rate and one length, from clips of (samples [C, T], sample rate) of any.

    Channels are averaged, other rates resampled to `sample_rate` (polyphase), shorter clips followed by silence up to
    the longest. Raises InputError when a clip is empty or holds samples that are not finite.
    """
    check_range("sample rate", sample_rate, 8000, 192000, "Hz")
    sounds = []
    for number, (samples, rate) in enumerate(clips, 1):
        if not samples.size:
            raise InputError(f"clip {number} is empty; allowed is at least one sample")
        if not np.isfinite(samples).all():
            raise InputError(f"clip {number} holds samples that are not finite (NaN or infinite): make it again")
        mono = samples.mean(axis=0, dtype=np.float64)
        if rate != sample_rate:
            from scipy.signal import resample_poly  # slow to import, and most clips need none

            step = gcd(rate, sample_rate)
            mono = resample_poly(mono, sample_rate // step, rate // step)
        sounds.append(mono)
    longest = max(map(len, sounds), default=0)
    padded = (np.pad(mono, (0, longest - len(mono))).astype(np.float32) for mono in sounds)
    return tuple(AudioTrack(mono, sample_rate) for mono in padded)
