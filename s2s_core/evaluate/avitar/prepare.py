"""The picture as the network sees it: squeezed to 480 x 270 whatever its shape, and of that the middle.

The reference resizes with OpenCV: bilinear, without smoothing, in whole numbers. Here the same is written out, to the
last bit.
"""

from __future__ import annotations

import numpy as np

from ...types import Picture

RESIZED = (270, 480)  # rows, columns
SEEN = (180, 320)
MEAN = np.array((0.485, 0.456, 0.406), np.float32)  # ImageNet's, of red, green and blue
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)
ONE = 1 << 11  # a weight of 1, of neighbouring pixels


def prepared(picture: Picture) -> np.ndarray:
    """What the network takes, [1, 3, 180, 320] float32."""
    image = resized(np.rint(picture.pixels * 255).astype(np.uint8), RESIZED)
    top, left = ((whole - part) // 2 for whole, part in zip(RESIZED, SEEN, strict=True))
    middle = image[top : top + SEEN[0], left : left + SEEN[1]]
    return normalised(middle)


def normalised(pixels: np.ndarray) -> np.ndarray:
    """[H, W, 3] uint8 -> [1, 3, H, W] float32, in ImageNet's deviations from its mean."""
    return ((pixels.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)[None]


def resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """[H, W, 3] uint8 -> [*size, 3] uint8, bilinear between pixel centres."""
    (above, below, down), (left, right, along) = map(_neighbours, pixels.shape[:2], size)
    rows = (
        pixels.astype(np.int64)[:, left] * (ONE - along)[:, None] + pixels.astype(np.int64)[:, right] * along[:, None]
    )
    upper, lower = rows[above] >> 4, rows[below] >> 4
    mixed = ((upper * (ONE - down)[:, None, None]) >> 16) + ((lower * down[:, None, None]) >> 16)
    return ((mixed + 2) >> 2).astype(np.uint8)


def _neighbours(side: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of `wanted` pixels along a side: the two it lies between, and the second one's weight out of ONE."""
    where = ((np.arange(wanted) + 0.5) * (side / wanted) - 0.5).astype(np.float32)
    first = np.floor(where).astype(int)
    share = np.where((first < 0) | (first >= side - 1), 0, where - first)
    first = first.clip(0, side - 1)
    return first, (first + 1).clip(max=side - 1), np.rint(share * ONE).astype(np.int64)
