"""Which of many candidate regions to keep. `MODES` lists the ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..media.masks import area_fraction, border_share
from ..types import Region

AREAS = (0.005, 0.75)  # of the picture: below is a speck, above is the scene itself
LEFT_OVER = 0.005  # of the picture: less than this is no background


class Candidates(Sequence[Region]):
    """Regions at picture size, each drawn when it is taken out: 64 masks of 48 megapixels would be 3 GB.

    `small` [n] are the same regions at a size that suffices to choose; `draw` makes the one with that index.
    """

    def __init__(self, small: Sequence[Region], draw: Callable[[int], Region]):
        self.small, self._draw = small, draw

    def __len__(self):
        return len(self.small)

    def __getitem__(self, index):
        return self._draw(range(len(self))[index])


def distinct(regions: Sequence[Region], count: int) -> list[Region]:
    """At most `count` separate things, the most telling first. Fewer is a good answer: never duplicates.

    Best `distinct_score` first (ties: input order), a region is kept unless it shares more than half of the smaller
    one's area with one already kept. Deviates from the paper's `largest`, which leads with sky and floor and names the
    same thing twice.
    """
    small = _small(regions)
    candidates = [i for i, region in enumerate(small) if AREAS[0] <= area_fraction(region.mask) <= AREAS[1]]
    kept: list[int] = []
    for i in sorted(candidates, key=lambda i: distinct_score(small[i]), reverse=True):
        if not any(_overlap(small[i].mask, small[other].mask) > 0.5 for other in kept):
            kept.append(i)
        if len(kept) == count:
            break
    return [regions[i] for i in kept]


def distinct_score(region: Region) -> float:
    """The segmenter's own score, times a / (a + 0.2) for a share a of the picture, times (1 - b) squared for a share
    b of the picture's border: sizeable things that stand clear of the edge come first. 0..1."""
    area, border = area_fraction(region.mask), border_share(region.mask)
    return region.score * area / (area + 0.2) * (1 - border) ** 2


def largest(regions: Sequence[Region], count: int) -> list[Region]:
    """The `count` largest, as the paper took them (ties: input order), overlaps and all."""
    areas = [np.count_nonzero(region.mask) for region in _small(regions)]
    order = sorted(range(len(areas)), key=areas.__getitem__, reverse=True)
    return [regions[i] for i in order[:count]]


def background(regions: Sequence[Region]) -> Region | None:
    """Everything that no region covers, as one ambience; None if that is under 0.5 % of the picture.

    `regions` are at least one.
    """
    rest = ~np.logical_or.reduce([region.mask for region in regions])
    return Region(rest, label="background", background=True) if area_fraction(rest) >= LEFT_OVER else None


def _small(regions: Sequence[Region]) -> Sequence[Region]:
    return regions.small if isinstance(regions, Candidates) else regions


def _overlap(one, other):
    """Shared part of the smaller of two masks, 0..1."""
    return np.count_nonzero(one & other) / min(np.count_nonzero(one), np.count_nonzero(other))


MODES = {"distinct": distinct, "largest": largest}
