"""How loud a source is before the room and the final gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..trajectory import NEAREST
from ..types import SoundSource
from .mixing import Mixing

REFERENCE = 2.0
"""m: a source at this distance keeps its track's level."""


def level(source: SoundSource, mixing: Mixing, distance: np.ndarray | float | None = None) -> np.ndarray:
    """Amplitude of a source's direct sound relative to its track, at its first place or at `distance` [...] in m:
    (r0 / r)^rolloff with r at least 0.5 m, and its `gain_db`."""
    distance = source.distance if distance is None else distance
    return (REFERENCE / np.maximum(distance, NEAREST)) ** mixing.rolloff * 10 ** (source.gain_db / 20)


def with_levels(sources: Sequence[SoundSource], mixing: Mixing | None = None) -> tuple[SoundSource, ...]:
    """The sources with what their distance does to their level in `gain_db`, for programs that only know gains. One
    that moves has the level of its first place."""
    mixing = mixing or Mixing()
    return tuple(replace(one, gain_db=20 * float(np.log10(level(one, mixing)))) for one in sources)
