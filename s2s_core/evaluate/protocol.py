"""The published comparison of two ways to make a picture's sound, without the faults of its script.

For each picture there are four sounds, the sets S, C, S' and C', and six pairs of them are compared. A pair is always
of one picture, because its four sounds come here together: nothing is paired by the order of file names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..errors import DependencyError
from ..models.libraries import need
from ..types import AudioTrack, Surround
from .scores import FEWEST
from .similarity import DEFINITIONS, METRICS, aggregate

SETS = {
    "S": "the whole chain, surround",
    "C": "the generator alone on the whole picture, mono",
    "S'": "S, matched to the place in the picture",
    "C'": "C, matched to the place in the picture",
}

COMPARISONS = (("S", "S'"), ("S", "C"), ("S", "C'"), ("C", "S'"), ("C", "C'"), ("S'", "C'"))
"""In the published order; which sound comes first matters to the paper's definition."""

DISTANCE = "mfcc_dtw_distance"
"""What `mfcc_dtw` was made from, 1 / score - 1: lower is closer."""

COLUMNS = (*METRICS, DISTANCE)

READINGS = (
    "The authors of SEE-2-SOUND read less similarity between a method's sound and its matched version as more guided "
    "by the scene, and so as better.",
    "The opposite reading is at least as natural: what suits the scene already is changed little, and so more "
    "similarity is better.",
)
"""A report gives the numbers of both methods, states both readings and does not choose."""

Row = dict[str, Any]


def available() -> tuple[tuple[str, ...], str]:
    """Names in DEFINITIONS that can be computed here, and why one is left out ("" when none is)."""
    try:
        need("librosa", "librosa>=0.11", "the paper's definition of similarity")
    except DependencyError as error:
        return tuple(name for name in DEFINITIONS if name != "paper"), str(error)
    return tuple(DEFINITIONS), ""


def compare(sounds: Mapping[str, AudioTrack | Surround], definitions: Sequence[str]) -> list[Row]:
    """One picture's scores: a row for each of COMPARISONS and each definition, with "comparison", "definition",
    "seconds" (what both sounds have), COLUMNS and "reason". None is what was not scored, and an infinite distance.
    `sounds` are those of SETS.

    Raises InputError for samples that are not finite or not [T] or [C, T].
    """
    rows = []
    for first, second in COMPARISONS:
        seconds = min(np.shape(sounds[name].samples)[-1] / sounds[name].sample_rate for name in (first, second))
        for definition in definitions:
            scores = DEFINITIONS[definition](sounds[first], sounds[second])
            distance = scores.mfcc_dtw_distance
            finite = distance is not None and np.isfinite(distance)
            named = {"comparison": f"{first}-{second}", "definition": definition, "seconds": seconds}
            rows.append({**named, **asdict(scores), DISTANCE: distance if finite else None})
    return rows


def summary(pictures: Sequence[Sequence[Row]], seed: int) -> list[Row]:
    """Means over pictures, each of which is the rows that `compare` gave: a row for each comparison, definition and
    metric of COLUMNS.

    `count` pictures were scored. `low` and `high` hold the mean with 95 % confidence, from a bootstrap drawn with
    `seed`; below 10 pictures they are None, and `values` are the scores themselves, else None.
    """
    cells: dict[tuple[str, str, str], list[float | None]] = {}
    for rows in pictures:
        for row in rows:
            for metric in COLUMNS:
                cells.setdefault((row["comparison"], row["definition"], metric), []).append(row[metric])
    found = []
    for (comparison, definition, metric), values in cells.items():
        scored = [value for value in values if value is not None]
        named = {"comparison": comparison, "definition": definition, "metric": metric}
        few = scored if len(scored) < FEWEST else None
        found.append({**named, **aggregate(scored, seed)._asdict(), "values": few})
    return found
