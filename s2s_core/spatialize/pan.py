"""From a direction to one gain per loudspeaker.

Between the two loudspeakers a, b that enclose the direction u, [u_a u_b] w = u gives w >= 0 (vector base panning,
Pulkki 1997). A law turns w into p: the energy law VBIP, p = sqrt(w / sum w), makes the energy vector point exactly at
u; the amplitude law VBAP, p = w / |w|, does so for the velocity vector. Always |p| = 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import check_choice
from ..types import Layout
from .layouts import main_channels

LAWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"VBIP": np.abs, "VBAP": np.square}
"""Name -> what p^2 is proportional to, given w."""

WIDTH_DIRECTIONS = 9


class Panner:
    """Gains of one horizontal layout under one law, read from a 1-degree table of p^2 with linear interpolation.

    A layout that leaves half the circle or more without a loudspeaker (stereo) cannot place a sound there. Directions
    are then folded front to back (135 is heard at 45), and what lies outside the loudspeakers comes from the nearest
    one; so a sound that walks around the listener still moves without a jump.
    """

    def __init__(self, layout: Layout, law: str = "VBIP"):
        check_choice("panning law", law, LAWS)
        self.layout = layout
        self.main = main_channels(layout)
        self.squares = _table(layout, self.main, LAWS[law])  # [360, C]

    def __call__(self, azimuth, elevation=0.0, width=0.0) -> np.ndarray:
        """Gains [..., C] float64, >= 0, |p| = 1, 0 for the LFE.

        `azimuth`, `elevation`, `width` in degrees, scalars or arrays that broadcast to [...]. A wide object has the
        mean power of 9 directions across its width. There is no height layer: what is above or below is spread, up to
        evenly over all loudspeakers at the zenith.
        """
        azimuth, elevation, width = np.broadcast_arrays(*(np.asarray(a, float) for a in (azimuth, elevation, width)))
        across = np.arange(WIDTH_DIRECTIONS) / (WIDTH_DIRECTIONS - 1) - 0.5
        squares = self._look_up(azimuth[..., None] + width[..., None] * across)  # [..., 9, C]
        squares = (squares + squares[..., ::-1, :]).mean(axis=-2) / 2  # palindromic: a mirrored source sums alike
        level = np.cos(np.radians(elevation))[..., None] ** 2
        squares *= level
        squares[..., self.main] += (1 - level) / len(self.main)
        return np.sqrt(squares)

    def _look_up(self, azimuth: np.ndarray) -> np.ndarray:
        """p^2 [..., C]; works on |azimuth|, so that left and right are exact mirror images."""
        azimuth = azimuth - 360 * np.rint(azimuth / 360)
        side = np.where(azimuth < 0, -1, 1)
        degree = np.floor(np.abs(azimuth)).astype(int)
        rest = (np.abs(azimuth) - degree)[..., None]
        return self.squares[side * degree % 360] * (1 - rest) + self.squares[side * (degree + 1) % 360] * rest


def _table(layout: Layout, main: np.ndarray, power: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """p^2 [360, C] at whole degrees counter-clockwise from the front."""
    order = sorted(main, key=lambda channel: layout.speakers[channel].azimuth)
    angles = np.array([layout.speakers[channel].azimuth for channel in order])  # rising, -180..180
    gaps = (np.roll(angles, -1) - angles) % 360
    degrees = np.arange(360.0)
    if gaps.max() >= 180:
        degrees -= 360 * (degrees > 180)
        folded = np.where(np.abs(degrees) > 90, np.copysign(180 - np.abs(degrees), degrees), degrees)
        degrees = np.clip(folded, angles[0], angles[-1])
    squares = np.zeros((360, len(layout.speakers)))
    for first, angle, gap, second in zip(order, angles, gaps, np.roll(order, -1), strict=True):
        offset = (degrees - angle) % 360
        inside = offset <= gap
        if gap < 180:
            weights = np.sin(np.radians(np.stack([gap - offset[inside], offset[inside]], axis=1)))
            share = power(weights)
            squares[np.flatnonzero(inside)[:, None], [first, second]] = share / share.sum(axis=1, keepdims=True)
    return squares
