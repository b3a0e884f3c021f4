"""Segment: which regions of a picture could sound.

A backend's callable is `propose(picture, runtime, points) -> Sequence[Region]`: candidates at picture size with the
backend's own scores in 0..1, overlapping as they please; none is a valid answer. `points` along each side are asked, 0
is what the backend thinks best; one that needs no prompts ignores it. Choosing among candidates is `run`'s work.
"""

from __future__ import annotations

from dataclasses import replace

from ..backend import Model
from ..errors import InputError, check_choice, check_range
from ..runtime import Runtime
from ..types import Picture, Region
from . import sam, sam2, superpixels
from .describe import describe, listed
from .imported import BATCHES, from_masks
from .selection import MODES
from .selection import background as left_over
from .tags import name_regions

BACKENDS = {backend.name: backend for backend in (superpixels.BACKEND, *sam.BACKENDS, *sam2.BACKENDS)}

__all__ = ["BACKENDS", "BATCHES", "MODES", "check", "describe", "from_masks", "listed", "name_regions", "run"]


def check(count: int, mode: str = "distinct", points: int = 0) -> None:
    """Raise InputError for a `count`, `mode` or `points` that `run` would refuse; needs no picture."""
    check_range("count", count, 1, 32, "regions")
    check_choice("mode", mode, MODES)
    check_range("points", points, 0, 64, "along each side", "0 is what suits the machine")
    if points != int(points):
        raise InputError(f"points is {points}; allowed is a whole number from 0 to 64")


def run(
    model: Model,
    picture: Picture,
    *,
    count: int = 5,
    mode: str = "distinct",
    background: bool = True,
    points: int = 0,
    runtime: Runtime,
) -> tuple[Region, ...]:
    """At most `count` (1 to 32) regions of a picture, labelled "region 1" and so on in order of rank.

    `mode` is a name in `MODES`. `points` (0 to 64, 0 is automatic) along each side are asked, by models that are asked
    at points. With `background`, what no region covers comes last as one more region. A picture in which nothing stands
    out gives no region at all, and then no background either. Raises InputError for a setting that is not allowed.
    """
    check(count, mode, points)
    chosen = MODES[mode](model.of("segment")(picture, runtime, points), count)
    regions = [replace(region, label=f"region {number}") for number, region in enumerate(chosen, 1)]
    rest = left_over(regions) if background and regions else None
    return (*regions, rest) if rest else tuple(regions)
