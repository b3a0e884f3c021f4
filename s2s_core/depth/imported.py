"""Depth from elsewhere: a grey picture of any estimator or renderer, and what its greys mean."""

from __future__ import annotations

import numpy as np

from ..errors import InputError, check_choice, check_range
from ..types import DepthMap

NEAREST, FARTHEST = 0.1, 10_000.0  # m

ROUNDING = 1e-4  # how far greys may leave 0..1, as filters and colour conversions let them

RELATIVE = "relative"
# Meaning -> metres from nearness 0..1. Nearness is even in 1 / metres, as disparity is, or in metres, as a z pass is.
METRIC = {
    "inverse": lambda nearness, near, far: 1 / (1 / far + nearness * (1 / near - 1 / far)),
    "distance": lambda nearness, near, far: far + nearness * (near - far),
}
MEANINGS = (RELATIVE, *METRIC)


def from_image(
    values: np.ndarray,
    *,
    near_is_white: bool = True,
    meaning: str = RELATIVE,
    near: float = 2.0,
    far: float = 40.0,
) -> DepthMap:
    """A grey depth picture [H, W] as depth; constant is allowed. With `near_is_white` off, bright is far.

    meaning `relative`  inverse depth of any scale (unit "inverse"); greys are turned round between their own extremes;
            `inverse`   1 / metres, even from 1 / `far` at one end of 0..1 to 1 / `near` at the other (unit "axial");
            `distance`  metres, even between `near` and `far` (unit "axial").

    `near` and `far` in m count for the latter two only. Raises InputError for another shape, values that are not
    finite, and for the latter two values outside 0..1, limits outside 0.1 to 10 000 m or `near` not below `far`.
    """
    if values.ndim != 2 or not values.size:
        raise InputError(f"a depth image is grey, [height, width]; found {list(values.shape)}: pick one channel")
    check_choice("meaning", meaning, MEANINGS)
    grey = DepthMap(values.astype(np.float32))
    if meaning == RELATIVE:
        return grey if near_is_white else DepthMap(grey.values.max() + grey.values.min() - grey.values)
    _check_limits(near, far)
    nearness = _shares(grey, meaning)
    metres = METRIC[meaning](nearness if near_is_white else 1 - nearness, near, far)
    return DepthMap(metres.astype(np.float32), "axial")


def _check_limits(near: float, far: float) -> None:
    check_range("near", near, NEAREST, FARTHEST, "m")
    check_range("far", far, NEAREST, FARTHEST, "m")
    if not near < far:
        raise InputError(f"near is {near:g} m and far is {far:g} m; near must be less than far")


def _shares(grey: DepthMap, meaning: str) -> np.ndarray:
    """The greys as float64, which must lie in 0..1: metres are measured from the ends of that range."""
    low, high = grey.values.min(), grey.values.max()
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise InputError(
            f"the depth image has values from {low:.6g} to {high:.6g}; with meaning {meaning!r} allowed is 0 to 1: "
            f"bring it into that range so that 0 and 1 are near and far, or choose meaning {RELATIVE!r}"
        )
    return grey.values.astype(np.float64).clip(0, 1)
