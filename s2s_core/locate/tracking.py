"""From a track to a source that moves, on the sphere and in log distance: smooth within a scene, broken at a cut."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise

import numpy as np

from ..errors import InputError
from ..tracks import Track
from ..types import SoundSource, Trajectory
from .distance import metres
from .measure import places, staged, stretch
from .sphere import angles, direction

__all__ = ["places", "source", "stretch"]

SMOOTH = 0.25  # s, standard deviation of the weights: about 0.5 s count
REACH = 4  # of them: beyond, nothing counts
JUMP = 0.001  # s that a jump at a cut takes
STILL_ANGLE = 1.0  # degrees from its middle: a path that keeps within is none
STILL_RATIO = 1.05  # the same for distances
ROUNDING = 1e-9


def source(
    track: Track,
    *,
    span: tuple[float, float] | None = None,
    scene: str = "street",
    near: float | None = None,
    far: float | None = None,
    stretch: float = 1.0,
) -> SoundSource:
    """The track as a source with a path: knots at the times it was seen at, in s from the clip's start.

    `span` is that of the clip's relative depth (`locate.span`, or `locate.extent` of samples), None for metric depth;
    `scene`, `near` and `far` are as in `locate.run`. `stretch` times azimuths and widths is the stage (`stretch` of the
    camera). The width is the median of all sightings.

    Between cuts the path is smoothed over about 0.5 s without lag: at each knot by the straight line that fits its
    neighbours best, so that an even motion is kept as it is, at its ends too. At a cut it jumps within 1 ms. A path
    that keeps within 1 degree and 5 % of its middle is one knot: it stands still. A background is all around.

    Raises InputError when relative depth has no span, or for what `locate.run` refuses.
    """
    seen = [sighting.place for sighting in track.sightings]
    unit = seen[0].unit
    if unit == "inverse" and span is None:
        raise InputError(f"track {track.label!r} has relative depth and no span: give that of the whole clip")
    depth = metres([place.depth for place in seen], unit, scene=scene, near=near, far=far, span=span)
    distance = depth * [place.slant for place in seen]
    if track.background:
        there = Trajectory.still(0, 0, float(np.median(distance)))
        return SoundSource(track.label, there, width=360.0, background=True)
    azimuth = staged(np.array([place.azimuth for place in seen]), stretch)
    rays = direction(azimuth, np.array([place.elevation for place in seen]))
    times = np.array([sighting.time for sighting in track.sightings])
    width = min(float(np.median([place.width for place in seen])) * stretch, 360.0)
    return SoundSource(track.label, _path(times, rays, np.log(distance), track.cuts), width=width)


def _path(times: np.ndarray, rays: np.ndarray, logs: np.ndarray, cuts: tuple[float, ...]) -> Trajectory:
    """The path through points at `times` [K]: directions `rays` [K, 3] and log distances `logs` [K]."""
    points = np.concatenate([rays, logs[:, None]], axis=1)
    ends = [0, *(bisect_left(times, cut) for cut in cuts), len(times)]
    at, where = [], []
    for first, end in pairwise(ends):
        if first == end:
            continue
        piece = _settled(_smooth(times[first:end], points[first:end]))
        if at:
            cut = max(cut for cut in cuts if cut <= times[first])
            at += [max(cut - JUMP, (at[-1] + cut) / 2)]
            where += [where[-1]]
            if cut < times[first]:
                at += [cut]
                where += [piece[0]]
        at += times[first:end].tolist()
        where += list(piece)
    return _knots(np.array(at), np.array(where))


def _smooth(times: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points [K, 4] of one scene, each moved to the weighted straight line (least squares) through its neighbours."""
    smooth = np.empty_like(points)
    for i, time in enumerate(times):
        near = np.s_[bisect_left(times, time - REACH * SMOOTH) : bisect_right(times, time + REACH * SMOOTH)]
        away = times[near] - time
        weight = np.exp(-0.5 * (away / SMOOTH) ** 2)
        total, lean, spread = (weight @ away**power for power in (0, 1, 2))
        if total * spread > lean**2:  # else it is alone
            weight = weight * (spread - lean * away) / (total * spread - lean**2)
        smooth[i] = weight @ points[near]
    length = np.linalg.norm(smooth[:, :3], axis=1, keepdims=True)
    smooth[:, :3] = np.where(length > 0.1, smooth[:, :3] / np.maximum(length, 0.1), points[:, :3])  # else all around
    return smooth


def _settled(points: np.ndarray) -> np.ndarray:
    """The points of one scene [K, 4], or K times their middle if they keep close to it."""
    middle = np.append(points[:, :3].sum(axis=0), np.median(points[:, 3]))
    middle[:3] /= max(np.linalg.norm(middle[:3]), 1e-9)
    turned = np.linalg.norm(points[:, :3] - middle[:3], axis=1).max()  # a chord
    still = turned <= 2 * np.sin(np.radians(STILL_ANGLE) / 2)
    return np.tile(middle, (len(points), 1)) if still and np.ptp(points[:, 3]) <= 2 * np.log(STILL_RATIO) else points


def _knots(times: np.ndarray, points: np.ndarray) -> Trajectory:
    """The path without knots that are like both of their neighbours; it stands still before the first and after the
    last anyway."""
    same = (np.abs(np.diff(points, axis=0)) < ROUNDING).all(axis=1)
    telling = ~(np.append(True, same) & np.append(same, True))
    azimuth, elevation = angles(points[:, :3])
    distance = np.exp(points[:, 3])
    if not telling.any():
        return Trajectory.still(azimuth[0], elevation[0], distance[0])
    return Trajectory(*(values[telling] for values in (times, azimuth, elevation, distance)))
