"""Segment: which regions of a picture could sound.

A backend's callable is `propose(picture, runtime) -> Sequence[Region]`: candidates at picture size with the backend's
own scores in 0..1, overlapping as they please; none is a valid answer. Choosing among them is `run`'s work.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import check_choice, check_range
from ..runtime import Runtime
from ..types import Model, Picture, Region
from . import superpixels
from .imported import from_masks
from .selection import MODES
from .selection import background as left_over

BACKENDS = {backend.name: backend for backend in (superpixels.BACKEND,)}

__all__ = ["BACKENDS", "MODES", "check", "from_masks", "run"]


def check(count: int, mode: str = "distinct") -> None:
    """Raise InputError for a `count` or `mode` that `run` would refuse; needs no picture."""
    check_range("count", count, 1, 32, "regions")
    check_choice("mode", mode, MODES)


def run(
    model: Model,
    picture: Picture,
    *,
    count: int = 5,
    mode: str = "distinct",
    background: bool = True,
    runtime: Runtime,
) -> tuple[Region, ...]:
    """At most `count` (1 to 32) regions of a picture, labelled "region 1" and so on in order of rank.

    `mode` is a name in `MODES`. With `background`, what no region covers comes last as one more region. A picture in
    which nothing stands out gives no region at all, and then no background either. Raises InputError for a count or a
    mode that is not allowed.
    """
    check(count, mode)
    chosen = MODES[mode](model.of("segment")(picture, runtime), count)
    regions = [replace(region, label=f"region {number}") for number, region in enumerate(chosen, 1)]
    rest = left_over(regions) if background and regions else None
    return (*regions, rest) if rest else tuple(regions)
