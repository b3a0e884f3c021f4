"""What regions look like, in a few hundred bytes each, and how unlike two looks are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..media.partition import resized
from ..tracks import Look
from ..types import Picture, Region
from .merge_tree import COLOUR_BINS, COLOUR_RANGES, lab_from_srgb

LONG_SIDE = 160  # pixels of the small masks
OVERLAP, COLOURS, PLACE, SIZE = 0.45, 0.30, 0.15, 0.10  # weights of unlikeness
FAR = 0.25  # of the longer side: as unlike as places get
GROWN = 4.0  # times: as unlike as sizes get


def looks(regions: Sequence[Region], picture: Picture) -> tuple[Look, ...]:
    """One Look per region of a picture, in order. A region thinner than a small mask's pixel keeps the fullest ones."""
    if not regions:
        return ()
    share = min(1.0, LONG_SIDE / max(picture.size))
    size = tuple(max(1, round(side * share)) for side in picture.size)
    masks = np.stack([_small(region.mask, size) for region in regions])
    pixels = masks.reshape(len(regions), -1).astype(np.float32)
    colours = pixels @ _shades(picture, size) / pixels.sum(axis=1, keepdims=True)
    y, x = (np.indices(size).reshape(2, -1) + 0.5) / max(size)
    centroids = pixels @ np.stack([x, y], axis=-1) / pixels.sum(axis=1, keepdims=True)
    return tuple(
        Look.of(mask, float(region.mask.mean()), tuple(centroid.tolist()), shades.astype(np.float32))
        for region, mask, centroid, shades in zip(regions, masks, centroids, colours, strict=True)
    )


def unlikeness(known: Sequence[Look], moves: np.ndarray, news: Sequence[Look]) -> np.ndarray:
    """How unlike each of R `news` is to each of T `known` things: [T, R] in 0..1, 0 for the same look.

    Each known one is first moved by `moves` [T, 2], in shares of the longer side. Then 0.45 of what their masks do not
    share (1 - intersection over union), 0.30 of what their colours do not, 0.15 of the way between their middles (0.25
    of the longer side counts in full) and 0.10 of the ratio of their sizes (4 times counts in full).
    """
    if not known or not news:
        return np.zeros((len(known), len(news)))
    moved = [_shifted(look.mask, move * max(look.shape)) for look, move in zip(known, moves, strict=True)]
    one, other = (np.reshape(m, (len(m), -1)).astype(np.float32) for m in (moved, [look.mask for look in news]))
    shared = one @ other.T
    overlap = shared / np.maximum(one.sum(axis=1)[:, None] + other.sum(axis=1) - shared, 1)
    before, after = (_measures(some) for some in (known, news))
    colours = np.abs(before["colours"][:, None] - after["colours"]).sum(axis=2) / 6
    way = np.linalg.norm((before["centroid"] + moves)[:, None] - after["centroid"], axis=2)
    grown = np.abs(np.log(before["area"][:, None] / after["area"]))
    return (
        OVERLAP * (1 - overlap)
        + COLOURS * colours
        + PLACE * np.minimum(way / FAR, 1)
        + SIZE * np.minimum(grown / np.log(GROWN), 1)
    )


def _measures(some: Sequence[Look]) -> dict[str, np.ndarray]:
    return {name: np.array([getattr(look, name) for look in some]) for name in ("colours", "centroid", "area")}


def _small(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask at `size` (height, width): the pixels that it covers by half, or by most where it is thinner."""
    grey = np.asarray(Image.fromarray(mask.view(np.uint8) * np.uint8(255)).resize(size[::-1], Image.Resampling.BOX))
    return grey >= min(128, max(1, grey.max()))


def _shades(picture: Picture, size: tuple[int, int]) -> np.ndarray:
    """How much each pixel of a picture at `size` is in each bin of L*, a* and b*, shared by the two nearest so that a
    slight change of light is a slight change: [h w, 24] float32."""
    eight_bit = np.rint(picture.thumbnail.clip(0, 1) * 255).astype(np.uint8)
    lab = lab_from_srgb(resized(eight_bit, size, Image.Resampling.BOX) / 255).reshape(-1, 3)
    low, high = np.array(COLOUR_RANGES, float).T
    bins = ((lab - low) / (high - low) * COLOUR_BINS - 0.5).clip(0, COLOUR_BINS - 1)
    return np.maximum(1 - np.abs(bins[..., None] - np.arange(COLOUR_BINS)), 0).reshape(len(lab), -1).astype(np.float32)


def _shifted(mask: np.ndarray, move: np.ndarray) -> np.ndarray:
    """A mask moved by (x, y) pixels, rounded; what leaves the picture is lost."""
    out = np.zeros_like(mask)
    ends = [(round(float(step)), length) for step, length in zip(move[::-1], mask.shape, strict=True)]
    to = tuple(slice(max(step, 0), max(length + min(step, 0), 0)) for step, length in ends)
    of = tuple(slice(max(-step, 0), max(length - max(step, 0), 0)) for step, length in ends)
    out[to] = mask[of]
    return out
