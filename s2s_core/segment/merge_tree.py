"""Patches of a picture joined two by two, the most alike first, up to the whole picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..media.partition import Partition

COLOUR_BINS = 8  # for each of L*, a*, b*
COLOUR_RANGES = ((0, 100), (-60, 60), (-60, 60))
SLOPE_BINS = 8
COLOUR_WEIGHT, SLOPE_WEIGHT, CONTOUR_WEIGHT = 0.4, 0.2, 0.4
SIZE_POWER = 0.1  # small patches join early
WEAK_CONTOUR = 8.0  # Lab units a pixel: half way between no contour and a perfect one

# IEC 61966-2-1 linear sRGB to CIE XYZ
XYZ = np.array(
    ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
)


@dataclass(frozen=True, eq=False)
class Patches:
    """What n patches look like and how they touch; sums over pixels, so that joined patches simply add up.

    `size` [n] pixels; `colours` [n, 24] histogram of L*, a*, b*; `slopes` [n, 8] lightness gradient by direction;
    `touch` [n, n] pairs of pixels where two patches meet, and `contour` [n, n] the Lab gradient summed over them.
    """

    size: np.ndarray
    colours: np.ndarray
    slopes: np.ndarray
    touch: np.ndarray
    contour: np.ndarray


def describe(cut: Partition) -> Patches:
    """Measure every patch of a partition."""
    labels, count = cut.labels, cut.count
    lab = lab_from_srgb(cut.pixels)
    smooth = ndimage.gaussian_filter(lab, (1, 1, 0))
    down, across = (_gradient(smooth, axis) for axis in (0, 1))
    steepness = np.sqrt((across**2 + down**2).sum(axis=2))

    def histogram(bins, total, weights=None):
        flat = (labels * total + bins).ravel()
        return np.bincount(flat, weights, count * total).reshape(count, total).astype(np.float64)

    def colour_bins(channel, low, high):
        return np.clip((lab[..., channel] - low) * COLOUR_BINS / (high - low), 0, COLOUR_BINS - 1).astype(np.int64)

    colours = [histogram(colour_bins(i, *ends), COLOUR_BINS) for i, ends in enumerate(COLOUR_RANGES)]
    direction = np.rint(np.arctan2(down[..., 0], across[..., 0]) / np.pi * SLOPE_BINS).astype(np.int64) % SLOPE_BINS
    slopes = histogram(direction, SLOPE_BINS, np.hypot(down[..., 0], across[..., 0]).ravel())

    touch, contour = np.zeros((count, count)), np.zeros((count, count))
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        pair = (labels[one] * count + labels[other]).ravel()
        strength = np.maximum(steepness[one], steepness[other]).ravel()
        for matrix, weights in ((touch, None), (contour, strength)):
            meeting = np.bincount(pair, weights, count * count).reshape(count, count)
            matrix += meeting + meeting.T
    for matrix in (touch, contour):
        np.fill_diagonal(matrix, 0)
    return Patches(np.bincount(labels.ravel()).astype(np.float64), np.hstack(colours), slopes, touch, contour)


def merge_tree(patches: Patches) -> np.ndarray:
    """Which patches each node of the tree holds: bool [2 n - 1, n]; the n patches first, the whole picture last.

    The pair that joins is the one that touches with the least difference in colours, slopes and contour, times the
    smaller one's share of the picture to the power of 0.1.
    """
    count = len(patches.size)
    size, colours, slopes, touch, contour = (
        getattr(patches, name).copy() for name in ("size", "colours", "slopes", "touch", "contour")
    )
    whole = size.sum()

    def costs(i):
        shades = colours / size[:, None]
        lean = slopes / np.maximum(slopes.sum(axis=1, keepdims=True), 1e-9)
        sharp = contour[i] / np.maximum(touch[i], 1)
        difference = (
            COLOUR_WEIGHT * np.abs(shades - shades[i]).sum(axis=1) / 6
            + SLOPE_WEIGHT * np.abs(lean - lean[i]).sum(axis=1) / 2
            + CONTOUR_WEIGHT * sharp / (sharp + WEAK_CONTOUR)
        )
        return np.where(touch[i] > 0, difference * (np.minimum(size, size[i]) / whole) ** SIZE_POWER, np.inf)

    members = np.eye(2 * count - 1, count, dtype=bool)
    node = np.arange(count)
    cost = np.array([costs(i) for i in range(count)])
    for new in range(count, 2 * count - 1):
        i, j = np.unravel_index(cost.argmin(), cost.shape)
        members[new] = members[node[i]] | members[node[j]]
        node[i] = new
        for total in (size, colours, slopes, touch, contour):
            total[i] += total[j]
        for matrix in (touch, contour):
            matrix[:, i] += matrix[:, j]
            matrix[i, i] = 0
            matrix[j] = matrix[:, j] = 0
        cost[j] = cost[:, j] = np.inf
        cost[i] = cost[:, i] = costs(i)
    return members


def lab_from_srgb(pixels: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* (white D65) [..., 3] float64 of sRGB [..., 3] in 0..1 (IEC 61966-2-1)."""
    pixels = pixels.astype(np.float64)
    linear = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    x, y, z = np.moveaxis(linear @ (XYZ / XYZ.sum(axis=1, keepdims=True)).T, -1, 0)
    x, y, z = (np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116) for t in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _gradient(lab, axis):
    """Change a pixel along an axis; none along an axis of one pixel."""
    return np.gradient(lab, axis=axis) if lab.shape[axis] > 1 else np.zeros_like(lab)
