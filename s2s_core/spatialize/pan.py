"""From a direction to one gain per channel: the door to the panners of every kind of layout.

Between the loudspeakers a, b (or a, b, c) that enclose the direction u, [u_a u_b] w = u gives w >= 0 (vector base
panning, Pulkki 1997). A law turns w into p: the energy law VBIP, p = sqrt(w / sum w), makes the energy vector point
exactly at u; the amplitude law VBAP, p = w / |w|, does so for the velocity vector. Always |p| = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from ..errors import check_choice
from ..types import Layout
from .pan_fields import Ambisonic, Headphones
from .pan_speakers import Dome, Ring

LAWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"VBIP": np.abs, "VBAP": np.square}
"""Name -> what p^2 is proportional to, given w."""

FIELDS: dict[str, Callable[[Layout], Panner]] = {"binaural": Headphones, "ambisonic": Ambisonic}
"""Kind of layout -> its panner, for what is not loudspeakers."""


class Panner(Protocol):
    """Places sounds in V internal channels, from which `finish` makes the C channels of the layout."""

    layout: Layout
    diffuse: np.ndarray
    """[V]: amplitude that a sound from everywhere has in each internal channel; its parts there are independent."""

    def __call__(self, azimuth, elevation=0.0, width=0.0) -> np.ndarray:
        """Gains [..., V] float64. Angles in degrees, scalars or arrays that broadcast to [...].

        A wide object is the mean of 9 directions across its width. A mirrored direction has exactly mirrored gains.
        """

    def finish(self, responses: np.ndarray, sample_rate: int) -> np.ndarray:
        """Responses [V, T] float32 in the internal channels -> [C, T'] float32 in those of the layout, T' >= T."""


def panner(layout: Layout, law: str = "VBIP") -> Panner:
    """The panner of a layout: by its kind, and for loudspeakers by whether some of them stand above the others.

    `law` is a key of LAWS and matters for loudspeakers only. Raises InputError for another one.
    """
    check_choice("panning law", law, LAWS)
    if layout.kind in FIELDS:
        return FIELDS[layout.kind](layout)
    elevated = any(speaker.elevation for speaker in layout.speakers)
    return (Dome if elevated else Ring)(layout, LAWS[law])
