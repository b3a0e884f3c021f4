"""Which regions of successive key frames are one and the same thing.

Each key frame's regions are shared out among the things known so far such that the sum of unlikeness is least (the
Hungarian method). Things are compared where their own motion would have carried them by now, so that two that cross
keep their identity although each then overlaps the other best.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..errors import InputError
from ..tracks import Sighting, Track
from ..types import Region
from .imported import from_masks
from .look import looks, unlikeness
from .selection import distinct_score
from .tags import UNNAMED

__all__ = ["LabelTracker", "Tracker", "best", "looks", "regions_at"]

MEMORY = 1.0  # s that a thing may be hidden
SHORTEST = 3  # key frames that a thing is seen in: below, it is the segmenter's flicker
GATE = 0.62  # unlikeness from which on it is another thing
TURN = 0.5  # share of a surprise that is taken for a change of speed; the rest for jitter of the outline


@dataclass(eq=False)
class _Thing:
    """One thing: its `sightings`, its `speed` [2] in shares of the picture's longer side per s, and when it was first
    missed since the newest sighting, if it was."""

    sightings: list[Sighting]
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2))
    missed: float | None = None

    def way(self, time: float) -> np.ndarray:
        """How far it has gone by `time` since it was last seen."""
        return self.speed * (time - self.sightings[-1].time)

    def see(self, sighting: Sighting) -> None:
        before, share = self.sightings[-1], TURN if len(self.sightings) > 1 else 1.0
        way = np.subtract(sighting.look.centroid, before.look.centroid)
        self.speed = self.speed + share * (way / (sighting.time - before.time) - self.speed)
        self.sightings.append(sighting)
        self.missed = None

    def remembered(self, time: float) -> bool:
        """Whether it may still come back after the key frame at `time`."""
        if self.sightings[-1].time == time:
            return True
        self.missed = time if self.missed is None else self.missed
        return time - self.missed <= MEMORY


class _Frames:
    """Key frames that go in one by one, and tracks that come out, however things are told apart.

    It keeps the sightings, which are small, and no picture.
    """

    def __init__(self):
        self._times: list[float] = []
        self._edges: list[float] = []  # where each key frame begins to count: half way from the one before, or its cut
        self._cuts: list[float] = []
        self._ambience: list[list[Sighting]] = []  # of each scene

    def add(self, time: float, sightings: Sequence[Sighting], cut: bool = False) -> None:
        """All sightings (none too) of the key frame at `time` in s; `cut`: with it a new scene begins, as with the
        first of all. Raises InputError when it is not later than the one before."""
        time = float(time)
        if self._times and not time > self._times[-1]:
            raise InputError(f"a key frame at {time:g} s follows one at {self._times[-1]:g} s: add them in order")
        cut = cut or not self._times
        if cut:
            self._cuts.append(time)
            self._ambience.append([])
        self._edges.append(time if cut else (self._times[-1] + time) / 2)
        self._times.append(time)
        self._ambience[-1] += [sighting for sighting in sightings if sighting.background]
        self._follow(time, [sighting for sighting in sightings if not sighting.background], cut)

    @property
    def cuts(self) -> tuple[float, ...]:
        """When each scene begins, in s; that of the first is the first key frame's."""
        return tuple(self._cuts)

    def tracks(self, count: int, end: float) -> tuple[Track, ...]:
        """The most telling things, at most `count` at any one time, and after them the background of each scene, as one
        ambience from cut to cut. `end` of the clip is in s.

        A thing ranks by its total score times its lifetime, which reaches half way to the nearest key frames that do
        not show it, and to the edge of the scene where there is none. With a count for the whole clip instead, most of
        a long one would be silent.
        """
        end = max([end, *self._times[-1:]])
        chosen, busy = [], np.zeros(len(self._times), int)
        for track in sorted((self._track(seen, end) for seen in self._lasting()), key=_rank, reverse=True):
            alive = np.s_[self._frame(track.sightings[0]) : self._frame(track.sightings[-1]) + 1]
            if busy[alive].max() < count:
                busy[alive] += 1
                chosen.append(track)
        scenes = [
            (*edges, seen) for edges, seen in zip(pairwise([*self._cuts, end]), self._ambience, strict=True) if seen
        ]
        ambience = [Track(tuple(seen), *edges, seen[0].label, _word(seen, "prompt")) for *edges, seen in scenes]
        return (*self._named(chosen), *ambience)

    def _track(self, seen: list[Sighting], end: float) -> Track:
        edges = [*self._edges, end]
        start, stop = edges[self._frame(seen[0])], edges[self._frame(seen[-1]) + 1]
        cuts = tuple(cut for cut in self._cuts if start < cut < stop)
        return Track(tuple(seen), start, stop, seen[0].label, _word(seen, "prompt"), cuts)

    def _frame(self, sighting: Sighting) -> int:
        """The number of its key frame."""
        return bisect_left(self._times, sighting.time)

    def _named(self, tracks: list[Track]) -> list[Track]:
        return tracks


class LabelTracker(_Frames):
    """Things whose identity is known, as from an external tracker's masks: regions of one label are one thing, through
    cuts and however long it is hidden."""

    def __init__(self):
        super().__init__()
        self._seen: dict[str, list[Sighting]] = {}

    def _follow(self, time: float, news: list[Sighting], cut: bool) -> None:
        for sighting in news:
            self._seen.setdefault(sighting.label, []).append(sighting)

    def _lasting(self) -> list[list[Sighting]]:
        return list(self._seen.values())


class Tracker(_Frames):
    """Things that are known by their looks. One may be hidden for a second; all begin anew with each scene.

    What is seen in fewer than 3 key frames is left out, unless its scene shows nothing for longer. The things are
    called "region 1" and so on by rank, or what the segmenter called them most.
    """

    def __init__(self):
        super().__init__()
        self._things: list[list[_Thing]] = []  # of each scene
        self._remembered: list[_Thing] = []

    def _follow(self, time: float, news: list[Sighting], cut: bool) -> None:
        if cut:
            self._things.append([])
            self._remembered = []
        known = self._remembered
        cost = unlikeness(
            [thing.sightings[-1].look for thing in known],
            [thing.way(time) for thing in known],
            [sighting.look for sighting in news],
        )
        pairs = [pair for pair in zip(*linear_sum_assignment(np.minimum(cost, GATE)), strict=True) if cost[pair] < GATE]
        for row, column in pairs:
            known[row].see(news[column])
        old = {column for _, column in pairs}
        born = [_Thing([sighting]) for column, sighting in enumerate(news) if column not in old]
        self._things[-1] += born
        self._remembered = [thing for thing in (*known, *born) if thing.remembered(time)]

    def _lasting(self) -> list[list[Sighting]]:
        kept = []
        for scene in self._things:
            seen = [thing.sightings for thing in scene]
            least = min(SHORTEST, max(map(len, seen), default=0))
            kept += [sightings for sightings in seen if len(sightings) >= least]
        return kept

    def _named(self, tracks: list[Track]) -> list[Track]:
        names = [_word([s for s in track.sightings if not UNNAMED.fullmatch(s.label)], "label") for track in tracks]
        return [
            replace(t, label=name or f"region {number}")
            for number, (t, name) in enumerate(zip(tracks, names, strict=True), 1)
        ]


def best(track: Track) -> Sighting:
    """The sighting that tells most of a thing, by the measure that still pictures are chosen by (`selection.distinct`);
    of equals the largest, then the first."""
    seen = ((distinct_score(Region(s.look.mask, score=s.score)), s.look.area, -s.time) for s in track.sightings)
    return max(zip(seen, track.sightings, strict=True), key=lambda pair: pair[0])[1]


def regions_at(frame: int, objects: Sequence[np.ndarray], prompts: str = "") -> tuple[Region, ...]:
    """What external masks mark in one frame: `objects` has for each thing its masks [F, H, W] over all frames.

    A thing's label, "region 1" and so on by its place in `objects`, is the same in every frame, which is what
    LabelTracker needs; where its mask is empty it is not there. `prompts` has one line for each thing, or none.
    Raises InputError when the shapes differ, when there is no such frame, or for what `from_masks` refuses.
    """
    shapes = sorted({masks.shape for masks in objects})
    if len(shapes) != 1 or len(shapes[0]) != 3:
        found = ", ".join(str(list(shape)) for shape in shapes) or "none"
        raise InputError(
            f"masks over frames have shapes {found}; allowed is [frames, height, width], one for all objects"
        )
    if not 0 <= frame < shapes[0][0]:
        raise InputError(
            f"there are masks for {shapes[0][0]} frames and none for frame {frame + 1}: give one mask for each frame"
        )
    masks = np.stack([masks[frame] for masks in objects])
    return from_masks(masks, prompts) if (masks >= 0.5).any() else ()


def _rank(track: Track) -> float:
    return sum(sighting.score for sighting in track.sightings) * (track.stop - track.start)


def _word(sightings: Iterable[Sighting], name: str) -> str:
    """What most sightings say for `name` (label or prompt), by their scores; "" if none says anything."""
    votes = Counter()
    for sighting in sightings:
        votes[getattr(sighting, name)] += sighting.score
    del votes[""]
    return max(votes, key=votes.__getitem__, default="")
