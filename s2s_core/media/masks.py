"""Where a mask is: its box, its share of the picture, and the pixels well inside it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..errors import InputError


def area_fraction(mask: np.ndarray) -> float:
    """Share of the picture that `mask` [H, W] bool covers, 0..1."""
    return np.count_nonzero(mask) / mask.size


def border_share(mask: np.ndarray) -> float:
    """Share of the picture's outermost ring of pixels that `mask` [H, W] bool covers, 0..1."""
    inside = mask[1:-1, 1:-1]
    return (np.count_nonzero(mask) - np.count_nonzero(inside)) / (mask.size - inside.size)


def bounding_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) in pixels, x1 and y1 exclusive, of `mask` [H, W] bool. Raises InputError when it is empty."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        height, width = mask.shape
        raise InputError(f"a mask of {width} x {height} pixels covers nothing; at least one pixel must be covered")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def clearance(mask: np.ndarray) -> np.ndarray:
    """Distance in pixels from each pixel of `mask` [H, W] bool to the nearest one outside; 0 outside.

    What lies beyond the picture's edge is outside too. Float64 [H, W]. Raises InputError when the mask is empty.
    """
    x0, y0, x1, y1 = bounding_box(mask)
    distance = np.zeros(mask.shape)
    box = np.s_[y0:y1, x0:x1]
    distance[box] = ndimage.distance_transform_edt(np.pad(mask[box], 1))[1:-1, 1:-1]
    return distance


def inner_pixels(mask: np.ndarray) -> np.ndarray:
    """The pixels well inside `mask`: those at least half as far from its outside as the farthest one. Bool [H, W].

    A depth read here is the thing's own, not its neighbour's. Raises InputError when the mask is empty.
    """
    distance = clearance(mask)
    return distance >= distance.max() / 2


def inner_point(mask: np.ndarray) -> tuple[int, int]:
    """(x, y) of the inner pixel nearest the centroid; of several, the first row by row.

    Unlike the middle of the box it always lies on the mask (ring, crescent, two parts), central on wide ones.
    Raises InputError when the mask is empty.
    """
    rows, columns = np.nonzero(inner_pixels(mask))
    centre_y, centre_x = (axis.mean() for axis in np.nonzero(mask))
    nearest = np.argmin((columns - centre_x) ** 2 + (rows - centre_y) ** 2)
    return int(columns[nearest]), int(rows[nearest])
