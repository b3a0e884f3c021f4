"""Where a mask is: its box, its share of the picture, the pixels well inside it, and all that on a coarser grid."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image
from scipy import ndimage

from ..errors import InputError

MOST_BLOCKS = 1024  # along the longer side: a block of a picture that one lens sees is then below 0.1 degree wide
STEPS = 4096  # parts of a pixel: adding half a picture's size to such a number does not round it


@dataclass(frozen=True, eq=False)
class Blocks:
    """A mask counted in blocks of pixels, at most MOST_BLOCKS along a side; in a smaller picture each is one pixel.

    `shape` [h, w] bool: the blocks that the mask covers by half, or by most where it is thinner than that everywhere.
    For each of the N blocks that it touches, row by row: `points` [N, 2] the middle (x, y) in pixels of the part that
    it covers, and `count` [N] how many pixels that is. No pixel is lost, and a mirrored mask has exactly the mirrored
    blocks.
    """

    shape: np.ndarray
    points: np.ndarray
    count: np.ndarray


def block_grid(size: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) of the blocks of a picture of `size` (height, width): the size itself up to MOST_BLOCKS."""
    share = min(1.0, MOST_BLOCKS / max(size))
    blocks = [max(1, round(length * share)) for length in size]
    # An even number of blocks cannot lie evenly about the middle of an odd number of pixels.
    height, width = (n - 1 if length % 2 and not n % 2 else n for n, length in zip(blocks, size, strict=True))
    return height, width


def in_blocks(mask: np.ndarray) -> Blocks:
    """Count a mask [H, W] bool in the blocks of `block_grid`. Raises InputError when it is empty."""
    x0, y0, x1, y1 = bounding_box(mask)
    (height, width), grid = mask.shape, block_grid(mask.shape)
    rows, columns = (_edges(*pair) for pair in zip(mask.shape, grid, strict=True))
    # Only the blocks that the mask's box touches: most masks are small.
    top, left = (np.searchsorted(edges, low, "right") - 1 for edges, low in ((rows, y0), (columns, x0)))
    bottom, right = (np.searchsorted(edges, high) for edges, high in ((rows, y1), (columns, x1)))
    rows, columns = rows[top : bottom + 1], columns[left : right + 1]
    part = mask[rows[0] : rows[-1], columns[0] : columns[-1]]
    # Twice the distance from the middle of the picture: whole numbers, whose sums are exact in any order.
    down = 2 * np.arange(rows[0], rows[-1]) + 1 - height
    across = 2 * np.arange(columns[0], columns[-1]) + 1 - width
    rows, columns = rows - rows[0], columns - columns[0]
    by_row = np.add.reduceat(part, columns[:-1], axis=1, dtype=np.int32).astype(np.int64)
    by_column = np.array([np.count_nonzero(part[start:end], axis=0) for start, end in pairwise(rows)])
    count, sum_down = (np.add.reduceat(values, rows[:-1], axis=0) for values in (by_row, by_row * down[:, None]))
    sum_across = np.add.reduceat(by_column * across, columns[:-1], axis=1)
    share = count / np.outer(np.diff(rows), np.diff(columns))
    touched = count > 0
    middle = np.stack([sum_across[touched], sum_down[touched]], axis=-1) / (2 * count[touched, None])
    points = np.rint(middle * STEPS) / STEPS + (width / 2, height / 2)
    shape = np.zeros(grid, bool)
    shape[top:bottom, left:right] = share >= min(0.5, share.max())
    return Blocks(shape, points, count[touched])


def _edges(length: int, blocks: int) -> np.ndarray:
    """Where nearly equal blocks of `length` pixels begin and end [blocks + 1]; the same read from the other end."""
    index = np.arange(blocks + 1)
    edges = index * length // blocks
    return np.where(2 * index <= blocks, edges, length - edges[::-1])


def enlarged(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask [h, w] bool at `size` (height, width) with smooth outlines: bilinear, cut at one half."""
    grey = Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))
    return np.asarray(grey.resize(size[::-1], Image.Resampling.BILINEAR)) >= 128


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
