"""Which of many candidate regions to keep. `MODES` lists the ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..media.masks import area_fraction, border_share
from ..types import Region

AREAS = (0.005, 0.75)  # of the picture: below is a speck, above is the scene itself
LEFT_OVER = 0.005  # of the picture: less than this is no background


def distinct(regions: Sequence[Region], count: int) -> list[Region]:
    """At most `count` separate things, the most telling first. Fewer is a good answer: never duplicates.

    Best `distinct_score` first (ties: input order), a region is kept unless it shares more than half of the smaller
    one's area with one already kept. Deviates from the paper's `largest`, which leads with sky and floor and names the
    same thing twice.
    """
    candidates = [region for region in regions if AREAS[0] <= area_fraction(region.mask) <= AREAS[1]]
    kept: list[Region] = []
    for region in sorted(candidates, key=distinct_score, reverse=True):
        if not any(_overlap(region.mask, other.mask) > 0.5 for other in kept):
            kept.append(region)
        if len(kept) == count:
            break
    return kept


def distinct_score(region: Region) -> float:
    """The segmenter's own score, times a / (a + 0.2) for a share a of the picture, times (1 - b) squared for a share
    b of the picture's border: sizeable things that stand clear of the edge come first. 0..1."""
    area, border = area_fraction(region.mask), border_share(region.mask)
    return region.score * area / (area + 0.2) * (1 - border) ** 2


def largest(regions: Sequence[Region], count: int) -> list[Region]:
    """The `count` largest, as the paper took them (ties: input order), overlaps and all."""
    return sorted(regions, key=lambda region: np.count_nonzero(region.mask), reverse=True)[:count]


def background(regions: Sequence[Region]) -> Region | None:
    """Everything that no region covers, as one ambience; None if that is under 0.5 % of the picture.

    `regions` are at least one.
    """
    rest = ~np.logical_or.reduce([region.mask for region in regions])
    return Region(rest, label="background", background=True) if area_fraction(rest) >= LEFT_OVER else None


def _overlap(one, other):
    """Shared part of the smaller of two masks, 0..1."""
    return np.count_nonzero(one & other) / min(np.count_nonzero(one), np.count_nonzero(other))


MODES = {"distinct": distinct, "largest": largest}
