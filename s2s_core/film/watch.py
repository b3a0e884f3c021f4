"""Watching a clip: what is seen in each key frame, kept on disk, so that a run that was stopped goes on there."""

from __future__ import annotations

import hashlib
import logging
import math
import shutil
import time as clock
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .. import depth, locate, segment
from ..backend import Model
from ..errors import InputError, check_range
from ..files import whole_file
from ..media.clips import Clip
from ..runtime import Runtime
from ..segment.look import looks
from ..segment.tracking import LabelTracker, Tracker, regions_at
from ..tracks import Sighting, Track, from_arrays, sightings, to_arrays
from ..types import KeyFrame

log = logging.getLogger(__name__)

VERSION = 1
"""Of the notes on disk; a change of what is noted makes older ones void."""

CANDIDATES = 3
"""Times as many regions are looked for in a frame as may sound: those that last are chosen from them."""

RATES = 0.01, 120
"""Key frames per s."""

NOTES = "see2sound_notes"
"""Folder in the temp folder."""

KEPT = 14 * 24 * 3600.0
"""s after which notes that nobody added to are removed."""


Noted = tuple[list[Sighting], np.ndarray, str]
"""Of a key frame: its sightings, a sample of its depth values, and their unit."""


@dataclass(frozen=True)
class Manner:
    """How a clip is watched: at most `count` things at any one time, `per_second` key frames; the rest is as in
    `segment.run` and `locate.Camera`."""

    count: int = 5
    mode: str = "distinct"
    background: bool = True
    points: int = 0
    per_second: float = 2.0
    projection: str = "perspective"
    field_of_view: float = 0.0


@dataclass(frozen=True, eq=False)
class Watched:
    """What was seen of a clip: its `tracks`, the `span` of its relative depth (None: metric), and what is needed to
    place them: the settled `camera` and the frames' `size` (height, width); `cuts` is when each scene begins, `seconds`
    how long the clip is, both in s."""

    tracks: tuple[Track, ...]
    span: tuple[float, float] | None
    camera: locate.Camera
    size: tuple[int, int]
    cuts: tuple[float, ...]
    seconds: float


def check(clip: Clip, manner: Manner) -> locate.Camera:
    """The camera of `manner`. Raises InputError for a still and for values that `watch` would refuse."""
    if not clip.seconds:
        raise InputError(f"{clip.name} is a still and lasts no time: render it as a picture")
    segment.check(manner.count, manner.mode, manner.points)
    check_range("key frames per second", manner.per_second, *RATES)
    return locate.Camera(manner.projection, manner.field_of_view)


def watch(clip: Clip, segmenter: Model, depth_model: Model, manner: Manner, runtime: Runtime) -> Watched:
    """All that sounds in `clip`, followed over time.

    Each key frame is segmented and its depth estimated; what of it is needed later, a few kB, is written into the temp
    folder before the next one is looked at. The same clip, models and manner find it there again; where nothing can be
    written, a warning is logged and the next run looks anew. Raises InputError when nothing stands out in any frame,
    for a still, or for a setting that a room refuses.
    """
    camera = check(clip, manner)
    tracker, samples, unit = Tracker(), [], "inverse"
    notes = Notes(clip, segmenter, depth_model, manner, runtime)
    expected = max(1, math.ceil(clip.seconds * manner.per_second))
    with runtime.progress("watching", expected) as bar:
        for number, frame in enumerate(clip.key_frames(manner.per_second)):
            camera = camera.resolved(frame.picture)
            seen, sample, unit = notes.of(number, frame, camera)
            tracker.add(frame.time, seen, frame.cut)
            samples.append(sample)
            bar.step(1 if number < expected else 0)  # cuts bring more frames than expected
    tracks = tracker.tracks(manner.count, clip.seconds)
    if not tracks:
        raise InputError(
            f"no region stands out in any frame of {clip.name}, so nothing can sound: use a clip with distinct things "
            "in it, or give masks of your own"
        )
    span = locate.extent(np.concatenate(samples, dtype=np.float64)) if unit == "inverse" else None
    return Watched(tracks, span, camera, clip.size, tracker.cuts, clip.seconds)


def watch_masks(
    clip: Clip,
    objects: Sequence[np.ndarray],
    depth_model: Model,
    *,
    prompts: str = "",
    per_second: float = 2.0,
    projection: str = "perspective",
    field_of_view: float = 0.0,
    runtime: Runtime,
) -> Watched:
    """What `objects`, the masks [F, H, W] of one thing each over all frames of `clip`, show: their identity is known.
    `prompts` has one line for each thing. Raises InputError when there is not a mask of the clip's size for each frame,
    for a still, or for a setting that a room refuses."""
    camera = check(clip, Manner(per_second=per_second, projection=projection, field_of_view=field_of_view))
    times = _times(clip, objects, runtime)
    tracker, samples, unit = LabelTracker(), [], "inverse"
    expected = max(1, math.ceil(clip.seconds * per_second))
    with runtime.progress("watching", expected) as bar:
        for count, frame in enumerate(clip.key_frames(per_second)):
            camera = camera.resolved(frame.picture)
            regions = regions_at(bisect_left(times, frame.time), objects, prompts)
            distances = depth.run(depth_model, frame.picture, runtime=runtime)
            places = locate.places(regions, distances, camera=camera, runtime=runtime)
            seen = sightings(frame.time, regions, looks(regions, frame.picture), places)
            tracker.add(frame.time, seen, frame.cut)
            samples.append(locate.sample(distances))
            unit = distances.unit
            bar.step(1 if count < expected else 0)
    tracks = tracker.tracks(len(objects), clip.seconds)
    if not tracks:
        raise InputError("the masks are empty in every frame that was looked at: mark at least one thing")
    span = locate.extent(np.concatenate(samples, dtype=np.float64)) if unit == "inverse" else None
    return Watched(tracks, span, camera, clip.size, tracker.cuts, clip.seconds)


def _times(clip: Clip, objects: Sequence[np.ndarray], runtime: Runtime) -> list[float]:
    """When each frame of `clip` is shown, in s. Raises InputError when the masks `objects` are not of these frames."""
    marked, times = len(objects[0]) if objects else 0, []
    with runtime.progress("counting frames", marked) as bar:
        for time, _ in clip.frames():
            times.append(time)
            bar.step(1 if len(times) <= marked else 0)
    if len(times) != marked:
        raise InputError(
            f"there are masks for {marked} frames and {len(times)} frames in {clip.name}: give one mask for each"
        )
    for masks in objects:
        if masks.shape[-2:] != clip.size:
            sizes = [f"{width} x {height}" for height, width in (masks.shape[-2:], clip.size)]
            raise InputError(f"a mask is {sizes[0]} pixels, {clip.name} is {sizes[1]}; allowed is the same size")
    return times


class Notes:
    """What is seen in the key frames of one clip by one pair of models, one small file each in a folder of its own.
    A frame that is the one before it, pixel for pixel, is not looked at again."""

    def __init__(self, clip: Clip, segmenter: Model, depth_model: Model, manner: Manner, runtime: Runtime):
        self.segmenter, self.depth_model, self.manner, self.runtime = segmenter, depth_model, manner, runtime
        told = (VERSION, clip.fingerprint(), segmenter.name, depth_model.name, manner)
        name = hashlib.sha256(repr(told).encode()).hexdigest()[:24]
        self.folder = Path(runtime.folder("temp")) / NOTES / name
        self._last: tuple[np.ndarray, Noted] | None = None
        self._writable = True
        _forget(self.folder.parent)

    def of(self, number: int, frame: KeyFrame, camera: locate.Camera) -> Noted:
        """What is seen in a key frame: from the notes, else as in an equal frame before it, else looked at now."""
        path = self.folder / f"{number:06}.npz"
        noted = _read(path, frame.time)
        if noted is None:
            noted = self._again(frame) or self._look(frame, camera)
            self._write(path, frame.time, noted)
        self._last = frame.picture.pixels, noted
        return noted

    def _again(self, frame: KeyFrame) -> Noted | None:
        if self._last is None or not np.array_equal(self._last[0], frame.picture.pixels):
            return None
        seen, sample, unit = self._last[1]
        return [replace(sighting, time=frame.time) for sighting in seen], sample, unit

    def _write(self, path: Path, time: float, noted: Noted) -> None:
        """Keep a note, until one cannot be written: notes only save time, so the work goes on without."""
        if not self._writable:
            return
        seen, sample, unit = noted
        try:
            with whole_file(path) as file:
                np.savez_compressed(file, at=time, sample=sample, map_unit=unit, **to_arrays(seen))
        except OSError as error:
            self._writable = False
            log.warning("what was seen is not kept, and a stopped run will begin anew: %s", error)

    def _look(self, frame: KeyFrame, camera: locate.Camera) -> Noted:
        manner = self.manner
        regions = segment.run(
            self.segmenter,
            frame.picture,
            count=min(manner.count * CANDIDATES, 32),
            mode=manner.mode,
            background=manner.background,
            points=manner.points,
            runtime=self.runtime,
        )
        distances = depth.run(self.depth_model, frame.picture, runtime=self.runtime)
        places = locate.places(regions, distances, camera=camera, runtime=self.runtime)
        seen = sightings(frame.time, regions, looks(regions, frame.picture), places)
        return seen, locate.sample(distances), distances.unit


def _forget(folder: Path) -> None:
    """Remove the notes of clips that were looked at long ago."""
    for old in list(folder.iterdir()) if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # another run may be at the same work
            if clock.time() - old.stat().st_mtime > KEPT:
                shutil.rmtree(old, ignore_errors=True)


def _read(path: Path, time: float) -> Noted | None:
    """A note, if it is there, whole, and of the frame at `time`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if float(arrays["at"]) != time:
                return None
            return from_arrays(arrays), arrays["sample"], str(arrays["map_unit"])
    except Exception:  # there is none yet, or it is damaged, of which NumPy tells in a dozen ways
        return None
