"""What an engine hands to the mix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAD = 16
"""Samples in front of time 0 in a source's own response, where the rise of a fractional delay lies: drop as many
after convolving."""


@dataclass(frozen=True, eq=False)
class Responses:
    """Responses to a click at each source, relative to the level of its direct sound.

    `own[s]` [V, LEAD + T] float32 in the panner's channels: the direct sound at time 0 and whatever is this source's
    alone. `late` [V, T] float32, without lead: a reverberation that all sources share, into which source s goes with
    the amplitude `sends[s]`; None where there is none.
    """

    own: list[np.ndarray]
    sends: list[float]
    late: np.ndarray | None = None
