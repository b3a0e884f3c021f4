"""Depth without a network: guesses near and far from where things lie in the picture.

Lower is nearer, what is shut off from the sky is nearer, the middle is nearer than the rim, clear is nearer than hazy.
Good for landscapes, streets and portraits; useless for aerial views, close-ups and flat art. An order, not metres.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

from ..backend import Backend
from ..media.partition import partition, resized
from ..runtime import Runtime
from ..types import DepthMap, Picture

HAZE_WINDOW = 15  # pixels, as in He, Sun and Tang, "Single Image Haze Removal Using Dark Channel Prior", CVPR 2009
STEP = 0.004  # geodesic cost of one pixel where the colour does not change: one grey level
SOFTEN = 1.5  # Gaussian sigma in pixels of the shrunk picture, so that patches do not show as steps
TOGETHER = 0.6  # how far a patch shares one depth


def estimate(picture: Picture, runtime: Runtime) -> DepthMap:
    """Relative inverse depth of each pixel, 0 (farthest) to 1 (nearest), at picture size.

    Each cue counts by the rank of its pixels, so that none needs a unit. Ranks stay whole numbers, whose sums are
    exact in any order: the mirrored picture gives exactly the mirrored map.
    """
    with runtime.progress("guessing depth from the layout", 3) as bar:
        cut = partition(picture)
        bar.step()
        cues = ((40, lower), (25, enclosed), (20, central), (15, clear))
        nearness = sum(weight * _doubled_ranks(cue(cut.pixels)) for weight, cue in cues).astype(np.float64)
        bar.step()
        labels = cut.labels.ravel()
        shared = (np.bincount(labels, nearness.ravel()) / np.bincount(labels))[cut.labels]
        nearness = ndimage.gaussian_filter(TOGETHER * shared + (1 - TOGETHER) * nearness, SOFTEN)
        span = np.ptp(nearness) or 1.0
        small = ((nearness - nearness.min()) / span).astype(np.float32)
        values = resized(small, picture.size, Image.Resampling.BILINEAR)
        bar.step()
    return DepthMap(values, "inverse")


def lower(pixels: np.ndarray) -> np.ndarray:
    """Row of each pixel of `pixels` [h, w, 3]; every cue is [h, w], in its own unit, larger where nearer."""
    return np.indices(pixels.shape[:2])[0]


def enclosed(pixels: np.ndarray) -> np.ndarray:
    """Least colour change on any path from the upper, left or right edge: what stands before the background."""
    smooth = ndimage.gaussian_filter(pixels.astype(np.float64), (1, 1, 0))
    height, width = smooth.shape[:2]
    index = np.arange(height * width).reshape(height, width)
    pairs = ((index[:, :-1], index[:, 1:]), (index[:-1], index[1:]))
    first, second = (np.concatenate([ends[side].ravel() for ends in pairs]) for side in (0, 1))
    flat = smooth.reshape(-1, 3)
    cost = np.abs(flat[first] - flat[second]).max(axis=1) + STEP
    graph = sparse.coo_array((cost, (first, second)), shape=(index.size, index.size)).tocsr()
    sources = np.unique(np.concatenate([index[0], index[:, 0], index[:, -1]]))
    return dijkstra(graph, directed=False, indices=sources, min_only=True).reshape(height, width)


def central(pixels: np.ndarray) -> np.ndarray:
    """Minus the squared distance from the middle, in half widths and half heights."""
    height, width = pixels.shape[:2]
    row, column = np.indices((height, width))
    return -(((2 * row + 1 - height) / height) ** 2 + ((2 * column + 1 - width) / width) ** 2)


def clear(pixels: np.ndarray) -> np.ndarray:
    """Minus the dark channel: haze lifts the darkest colour value of every neighbourhood."""
    return -ndimage.minimum_filter(pixels.min(axis=2), HAZE_WINDOW)


def _doubled_ranks(values):
    """Twice the mean rank of each value from 0 up, int64: equal values share one."""
    _, place, count = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    below = np.cumsum(count) - count
    return (2 * below + count - 1)[place].reshape(values.shape)


BACKEND = Backend(
    name="layout cues (no weights)",
    summary="guesses near and far from where things lie in the picture; a preview that needs no download",
    load=lambda runtime: estimate,
)
