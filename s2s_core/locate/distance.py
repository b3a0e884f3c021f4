"""From depth to metres: the limits of a scene, and the one scale that a whole clip's relative depth has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import InputError, check_choice, check_range
from ..types import DepthMap

# Scene -> (near, far) in m: where relative depth begins and ends.
SCENES = {"room": (1.0, 6.0), "street": (2.0, 40.0), "landscape": (3.0, 120.0)}
CUSTOM = "custom"
NEAREST, FARTHEST = 0.1, 10_000.0

# Share of the relative depth values left out at each end, so that a few stray pixels do not set the scale.
STRAY_PERCENT = 2.0
# How many values of a clip's depth maps are looked at: about 8 MB of them, however long the clip.
SAMPLE = 2**20
# The same for one key frame of a clip whose length is not known yet: 8 kB.
FRAME_SAMPLE = 2**11


def distances(
    depth: DepthMap,
    *,
    scene: str = "street",
    near: float | None = None,
    far: float | None = None,
    span: tuple[float, float] | None = None,
) -> np.ndarray:
    """Metres [H, W] float64 of a depth map: as they are when it is metric, else through the scene's limits.

    Relative inverse depth is scaled to q in 0..1 between `span`, by default that of this map alone, and
    1 / Z = 1 / far + q (1 / near - 1 / far). A map that is the same everywhere has q = 0.5.
    """
    return metres(depth.values, depth.unit, scene=scene, near=near, far=far, span=span)


def metres(
    values: np.ndarray,
    unit: str,
    *,
    scene: str = "street",
    near: float | None = None,
    far: float | None = None,
    span: tuple[float, float] | None = None,
) -> np.ndarray:
    """`distances` of depth values of any shape in a depth map's `unit`."""
    values = np.asarray(values, np.float64)
    if unit != "inverse":
        return values
    check_choice("scene", scene, (*SCENES, CUSTOM))
    if scene != CUSTOM:
        near, far = SCENES[scene]
    elif near is None or far is None:
        raise InputError("scene is 'custom' but near or far is missing: give both in metres, or choose another scene")
    check_range("near", near, NEAREST, FARTHEST, "m")
    check_range("far", far, NEAREST, FARTHEST, "m")
    if not near < far:
        raise InputError(f"near is {near:g} m and far is {far:g} m; near must be less than far")
    low, high = span or extent(values)
    if not -math.inf < low <= high < math.inf:
        raise InputError(f"span is {low:g} to {high:g}; allowed are two finite numbers, the lower one first")
    nearness = ((values - low) / (high - low)).clip(0, 1) if _differ(low, high) else np.full(values.shape, 0.5)
    return 1 / (1 / far + nearness * (1 / near - 1 / far))


def span(depths: Sequence[DepthMap]) -> tuple[float, float]:
    """(low, high) between which nearly all values of a clip's depth maps lie: their 2nd and 98th percentile.

    Scaled by one span, a thing that stands still keeps its distance, whatever else enters or leaves the picture. About
    SAMPLE values are looked at, an even grid of pixels from each map: no more memory for a longer clip, if `depths`
    makes its maps as they are asked for. Where all but a few values are alike, it is their minimum and maximum.

    Raises InputError when there is no map, or when the maps are not of one unit.
    """
    if not len(depths):
        raise InputError("the clip has no depth map; its span needs at least one")
    units, values = set(), []
    for depth in depths:
        values.append(sample(depth, SAMPLE / len(depths)))
        units.add(depth.unit)
    if len(units) > 1:
        raise InputError(f"the clip's depth maps are {' and '.join(sorted(units))}; all must come from one model")
    return extent(np.concatenate(values, dtype=np.float64))


def sample(depth: DepthMap, count: float = FRAME_SAMPLE) -> np.ndarray:
    """About `count` values [N] float32 of a map, from an even grid of its pixels. `extent` of all such samples is the
    span of a clip that is read frame by frame."""
    part = min(1.0, math.sqrt(count / depth.values.size))
    return depth.values[np.ix_(*(_spread(length, part) for length in depth.values.shape))].ravel()


def extent(values: np.ndarray) -> tuple[float, float]:
    """(low, high) between which nearly all `values` lie, as `span` says."""
    low, high = np.percentile(values, (STRAY_PERCENT, 100 - STRAY_PERCENT))
    if not _differ(low, high):  # all but a few pixels are alike: what differs counts after all
        low, high = values.min(), values.max()
    return float(low), float(high)


def _spread(length: int, part: float) -> np.ndarray:
    """That part of 0..length - 1, evenly: from the middles of equal stretches, so that neither end counts more."""
    count = max(1, round(length * part))
    return ((np.arange(count) + 0.5) * (length / count)).astype(int)


def _differ(low: float, high: float) -> bool:
    return high - low > 1e-6 * max(abs(low), abs(high))
