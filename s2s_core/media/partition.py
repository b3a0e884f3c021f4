"""A picture cut into patches of one look: the graph segmentation of Felzenszwalb and Huttenlocher.

"Efficient Graph-Based Image Segmentation", International Journal of Computer Vision 59(2), 2004. Pixels are joined
along edges of rising colour difference; two patches join while the difference between them is small against the
differences inside each, with an allowance that shrinks as they grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image
from scipy import ndimage

from ..types import Picture

LONG_SIDE = 320
ALLOWANCE = 200 / 255  # the paper's k for colours in 0..1: larger makes larger patches
BLUR = 0.8  # Gaussian sigma in pixels, against noise and compression
SMALLEST = 0.004  # of the picture
ROUNDS = 24  # how often edges inside one patch are dropped: speed only, the result is the same


@dataclass(frozen=True, eq=False)
class Partition:
    """A shrunk picture and its patches.

    `pixels` [h, w, 3] float32 sRGB 0..1; `labels` [h, w] int64, each of 0 .. `count` - 1 one connected patch.
    """

    pixels: np.ndarray
    labels: np.ndarray
    count: int


def partition(picture: Picture) -> Partition:
    """Cut a picture, shrunk to a long side of at most 320 pixels, into patches of at least 0.4 % of it."""
    pixels = shrunk(picture)
    labels = graph_segmentation(pixels, ALLOWANCE, BLUR, ceil(SMALLEST * pixels[..., 0].size))
    return Partition(pixels, labels, int(labels.max()) + 1)


def shrunk(picture: Picture, long_side: int = LONG_SIDE) -> np.ndarray:
    """The picture's pixels [h, w, 3] float32 0..1 with a long side of at most `long_side`; never enlarged."""
    height, width = picture.size
    scale = min(1.0, long_side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    # Eight bits are plenty here and resize many times faster; without the clip a stray 1.001 would wrap to black.
    eight_bit = np.rint(np.clip(picture.pixels, 0, 1) * 255).astype(np.uint8)
    return resized(eight_bit, size, Image.Resampling.BOX) / 255


def resized(values: np.ndarray, size: tuple[int, int], method: Image.Resampling) -> np.ndarray:
    """`values` ([h, w, 3] uint8 or [h, w] float32) at `size` (height, width), float32.

    Averaged with its mirror twin, so that a mirrored input gives exactly the mirrored output.
    """

    def one_way(array):
        image = Image.fromarray(np.ascontiguousarray(array)).resize(size[::-1], method)
        return np.asarray(image, np.float32)

    return (one_way(values) + one_way(values[:, ::-1])[:, ::-1]) / 2


def graph_segmentation(pixels: np.ndarray, allowance: float, blur: float, smallest: int) -> np.ndarray:
    """Labels [h, w] int64 from 0 up, for `pixels` [h, w, 3] in 0..1 and patches of at least `smallest` pixels."""
    smooth = ndimage.gaussian_filter(pixels.astype(np.float64), (blur, blur, 0))
    first, second, weight = _edges(smooth)
    forest = _Forest(pixels[..., 0].size)
    forest.join_alike(first, second, weight, allowance)
    forest.join_small(first, second, smallest)
    _, labels = np.unique(forest.roots(), return_inverse=True)
    return labels.reshape(pixels.shape[:2])


def _edges(smooth):
    """Pairs of neighbouring pixels (8 neighbours), most alike first: two index arrays and the colour difference.

    Pairs that are equally alike go from the top down and from the sides in, so that a mirrored picture is cut alike.
    """
    height, width = smooth.shape[:2]
    index = np.arange(height * width).reshape(height, width)
    pairs = (
        (index[:, :-1], index[:, 1:]),
        (index[:-1], index[1:]),
        (index[:-1, :-1], index[1:, 1:]),
        (index[:-1, 1:], index[1:, :-1]),
    )
    first, second = (np.concatenate([ends[side].ravel() for ends in pairs]) for side in (0, 1))
    flat = smooth.reshape(-1, 3)
    weight = np.sqrt(((flat[first] - flat[second]) ** 2).sum(axis=1))
    row = first // width + second // width
    off_centre = np.abs(first % width + second % width - (width - 1))
    order = np.lexsort((-off_centre, row, weight))
    return first[order], second[order], weight[order]


class _Forest:
    """Disjoint sets of pixels. Plain lists: single reads and writes are several times faster than in an array."""

    def __init__(self, count):
        self.parent, self.size, self.inner = list(range(count)), [1] * count, [0.0] * count

    def roots(self):
        """The set of every pixel, as an array."""
        parent = np.array(self.parent)
        while True:
            grand = parent[parent]
            if np.array_equal(grand, parent):
                return parent
            parent = grand

    def between(self, first, second, *more):
        """Edges in order, as tuples, without those inside one set. In rounds: later ones have far fewer left."""
        for part in np.array_split(np.arange(len(first)), ROUNDS):
            roots = self.roots()
            a, b = roots[first[part]], roots[second[part]]
            apart = a != b
            self.parent = roots.tolist()
            columns = (a, b, *(array[part] for array in more))
            yield from zip(*(column[apart].tolist() for column in columns), strict=True)

    def find(self, node):
        parent = self.parent
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    def join(self, a, b):
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        return a

    def join_alike(self, first, second, weight, allowance):
        """The paper's predicate: join while the difference is within both sets' own plus allowance / size."""
        inner, size = self.inner, self.size
        for a, b, difference in self.between(first, second, weight):
            a, b = self.find(a), self.find(b)
            if a != b and difference <= min(inner[a] + allowance / size[a], inner[b] + allowance / size[b]):
                inner[self.join(a, b)] = difference

    def join_small(self, first, second, smallest):
        """Join every set below `smallest` pixels to its most alike neighbour."""
        for a, b in self.between(first, second):
            a, b = self.find(a), self.find(b)
            if a != b and min(self.size[a], self.size[b]) < smallest:
                self.join(a, b)
