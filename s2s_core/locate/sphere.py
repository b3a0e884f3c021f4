"""Directions around the listener: angles and unit vectors, and where on the sphere a region lies."""

from __future__ import annotations

import numpy as np

# Directions are summed as whole numbers of this many parts: exact in any order, so that a mirrored region is placed at
# exactly the mirrored angle. 2**34 parts leave room for 2**29 pixels in 64 bits.
PARTS = 2.0**34

# An azimuth spread is read between these shares of a region's area, so that a few stray pixels do not widen it.
LOW, HIGH = 0.05, 0.95


def direction(azimuth: np.ndarray | float, elevation: np.ndarray | float) -> np.ndarray:
    """Unit vectors [..., 3] (x forward, y left, z up) of angles [...] in degrees."""
    azimuth, elevation = np.radians(azimuth), np.radians(elevation)
    level = np.cos(elevation)
    return np.stack(np.broadcast_arrays(level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)), axis=-1)


def angles(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(azimuth -180..180, elevation -90..90) [...] in degrees of vectors [..., 3] of any length."""
    x, y, z = np.moveaxis(np.asarray(vectors, np.float64), -1, 0)
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def wrapped(azimuth: np.ndarray | float) -> np.ndarray:
    """The same azimuth in -180 (excluded) to 180 degrees."""
    return 180 - (180 - np.asarray(azimuth, np.float64)) % 360


def centroid(rays: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The direction [3], a unit vector, in the middle of `rays` [N, 3]: their mean by `weights` [N], 0 or more and
    at most 2**29 in all.

    With each pixel's solid angle for a weight it is the middle of what the listener sees, whichever lens drew it: near
    the poles of a 360-degree picture a whole row of pixels is one small spot. Rays that cancel each other (all around)
    have no middle; the answer is then straight ahead.
    """
    total = np.rint(rays * weights[:, None] * PARTS).astype(np.int64).sum(axis=0) / PARTS
    length = np.sqrt(total @ total)
    return total / length if length > 1e-6 * weights.sum() else np.array([1.0, 0.0, 0.0])


def azimuth_spread(rays: np.ndarray, weights: np.ndarray, middle: np.ndarray) -> float:
    """Width in degrees, 0..360, that `rays` [N, 3] cover in azimuth around the direction `middle` [3].

    Measured between the shares LOW and HIGH of the weight [N] and enlarged by 1 / (HIGH - LOW), which is exact for an
    even spread. Counted from the middle, so that it may cross the back (180 degrees).
    """
    offset = wrapped(angles(rays)[0] - angles(middle)[0])
    # Pixels of one column are one step of the distribution, whatever their order: joined, it rises evenly.
    steps, column = np.unique(offset.round(6), return_inverse=True)
    weight = np.bincount(column, weights)
    share = (np.cumsum(weight) - weight / 2) / weight.sum()
    low, high = np.interp((LOW, HIGH), share, steps)
    return float(min((high - low) / (HIGH - LOW), 360.0))
