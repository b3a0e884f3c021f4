"""What many scored things come to: which were found, means for each chain, and a table of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..types import Region

FOUND = 0.5
"""Intersection over union above which a region is that thing."""

FOUND_ONLY = "Errors and shares are those of the things found; (n) is how many could be told."


@dataclass(frozen=True)
class ThingScore:
    """One thing of one scene in one chain. Angles in degrees, distances in m, times in s; None: not found, not heard,
    or not to be told.

    `overlap` is that of its mask with the region found for it, intersection over union, 0 when there is none;
    `heard_azimuth` where all its energy comes from; `heard_error` and `render_error` the angle between that and the
    thing, or the source as located; `left_right` and `front_back` whether (1 or 0) it is heard on its own side;
    `t60` and `direct_to_reverberant` (dB) of a click at the located source, and what theory says of the latter.
    """

    chain: str
    scene: int
    projection: str
    thing: str
    azimuth: float
    elevation: float
    distance: float
    overlap: float = 0.0
    located_azimuth: float | None = None
    located_elevation: float | None = None
    located_distance: float | None = None
    heard_azimuth: float | None = None
    heard_error: float | None = None
    render_error: float | None = None
    left_right: float | None = None
    front_back: float | None = None
    t60: float | None = None
    direct_to_reverberant: float | None = None
    theory: float | None = None


@dataclass(frozen=True)
class SoundScore:
    """One scene's sound in one chain: how many regions are none of its things, which main channels are `dead`, level
    in LUFS and dBTP. None: there is no sound."""

    chain: str
    scene: int
    projection: str
    others: int
    dead: tuple[str, ...] | None = None
    loudness: float | None = None
    true_peak: float | None = None


def matched(truths: Sequence[Region], regions: Sequence[Region]) -> dict[int, tuple[int, float]]:
    """Thing -> (its region, their overlap): of the pairing with the largest sum of overlaps, the pairs above FOUND.
    Backgrounds are nobody's."""
    overlaps = np.zeros((len(truths), len(regions)))
    for i, truth in enumerate(truths):
        for j, region in enumerate(regions):
            if not region.background:
                overlaps[i, j] = np.sum(truth.mask & region.mask) / np.sum(truth.mask | region.mask)
    pairs = zip(*linear_sum_assignment(overlaps, maximize=True), strict=True)
    return {int(i): (int(j), float(overlaps[i, j])) for i, j in pairs if overlaps[i, j] > FOUND}


def summary(things: Sequence[ThingScore], sounds: Sequence[SoundScore]) -> dict[str, Any]:
    """Numbers of one chain, None where there is nothing to tell.

    Errors are means of absolute values, `distance_factor` the geometric mean of how often the one distance goes into
    the other; `left` and `right` the shares of the things there that are heard there, `front_back` of all that are on
    their own side; `t60` and `loudness` plain means, `true_peak` the largest, `dead` how many sounds lack a channel.
    `n` says of how many things each mean is.
    """
    located = [thing for thing in things if thing.located_azimuth is not None]
    known = {
        "overlap": [thing.overlap for thing in things if thing.overlap],
        "azimuth_error": [abs(turn(thing.located_azimuth, thing.azimuth)) for thing in located],
        "elevation_error": [abs(thing.located_elevation - thing.elevation) for thing in located],
        "distance_factor": [abs(math.log(thing.located_distance / thing.distance)) for thing in located],
        "heard_error": _known(thing.heard_error for thing in things),
        "render_error": _known(thing.render_error for thing in things),
        "left": _known(thing.left_right for thing in things if turn(thing.azimuth, 0) > 0),
        "right": _known(thing.left_right for thing in things if turn(thing.azimuth, 0) < 0),
        "front_back": _known(thing.front_back for thing in things),
        "t60": _known(thing.t60 for thing in things),
        "direct_error": [
            abs(thing.direct_to_reverberant - thing.theory)
            for thing in things
            if None not in (thing.direct_to_reverberant, thing.theory)
        ],
    }
    means = {name: _mean(values) for name, values in known.items()}
    if means["distance_factor"] is not None:
        means["distance_factor"] = math.exp(means["distance_factor"])
    return {
        "things": len(things),
        "found": sum(thing.overlap > 0 for thing in things),
        "others": sum(sound.others for sound in sounds),
        **means,
        "n": {name: len(values) for name, values in known.items()},
        "dead": dict(Counter(label for sound in sounds for label in sound.dead or ())),
        "loudness": _mean(_known(sound.loudness for sound in sounds)),
        "true_peak": max(_known(sound.true_peak for sound in sounds), default=None),
    }


def turn(azimuth: float, other: float) -> float:
    """Degrees from `other` to `azimuth` the short way, -180..180."""
    return (azimuth - other + 180) % 360 - 180


def table(title: str, notes: Mapping[str, str], summaries: Mapping[str, Mapping[str, Any]], t60: float) -> str:
    """The summaries side by side, a column for each chain of `notes`, which say below what the chains are; one without
    a summary has an empty column. `t60` in s is what the room was asked for."""
    cells = [(title, *notes)]
    for name, show in ROWS.items():
        cells.append((name.format(t60=t60), *(show(summaries[chain]) if chain in summaries else "" for chain in notes)))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(width) for c, width in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    )
    return "\n".join(
        [*(line.rstrip() for line in lines), "", FOUND_ONLY, *(f"{chain}: {note}" for chain, note in notes.items())]
    )


def _shown(key: str, form: str, scale: float = 1.0) -> Callable[[Mapping[str, Any]], str]:
    def show(numbers: Mapping[str, Any]) -> str:
        if numbers[key] is None:
            return "-"
        return form.format(scale * numbers[key]) + (f" ({numbers['n'][key]})" if key in numbers["n"] else "")

    return show


def _dead(numbers: Mapping[str, Any]) -> str:
    return ", ".join(f"{label} in {count}" for label, count in numbers["dead"].items()) or "none"


ROWS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "things found": lambda numbers: f"{numbers['found']} of {numbers['things']}",
    "other regions": lambda numbers: f"{numbers['others']}",
    "overlap of what was found": _shown("overlap", "{:.0f} %", 100),
    "azimuth seen, error": _shown("azimuth_error", "{:.1f} deg"),
    "elevation seen, error": _shown("elevation_error", "{:.1f} deg"),
    "distance seen, wrong by": _shown("distance_factor", "x {:.2f}"),
    "azimuth heard, error to the truth": _shown("heard_error", "{:.1f} deg"),
    "azimuth heard, error to what was seen": _shown("render_error", "{:.1f} deg"),
    "things on the left, heard on the left": _shown("left", "{:.0f} %", 100),
    "things on the right, heard on the right": _shown("right", "{:.0f} %", 100),
    "in front or behind as they should": _shown("front_back", "{:.0f} %", 100),
    "T60, asked {t60:g} s": _shown("t60", "{:.2f} s"),
    "direct to reverberant, off the theory by": _shown("direct_error", "{:.1f} dB"),
    "dead channels": _dead,
    "loudness": _shown("loudness", "{:.1f} LUFS"),
    "highest true peak": _shown("true_peak", "{:.1f} dBTP"),
}
"""First cell -> numbers of a summary to the cell of its chain."""


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
