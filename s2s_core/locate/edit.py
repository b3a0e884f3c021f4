"""Edits that a user makes to one source after it was located."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import InputError, check_range
from ..types import SoundSource, Trajectory


def edit(
    sources: tuple[SoundSource, ...],
    number: int,
    *,
    turn: float = 0.0,
    lift: float = 0.0,
    distance: float = 1.0,
    gain: float = 0.0,
    spread: float = 0.0,
    mute: bool = False,
    solo: bool = False,
    diffuse: bool = False,
) -> tuple[SoundSource, ...]:
    """All sources, with source `number` (from 1) changed; the defaults change nothing.

    `turn` degrees to the left and `lift` degrees up shift its whole path (elevation stops at straight up or down),
    `distance` multiplies it (0.1 to 10), `gain` in dB (-60 to 24) adds to its own, `spread` in degrees (0 to 360) to
    its width. `mute` silences it, `solo` all that are not solo too: after several edits with `solo`, each of theirs is
    heard (`types.heard`), unless it is muted. `diffuse` makes a background of it: heard from everywhere, no longer from
    its path, at its first distance.

    Raises InputError for a number that no source has, a value out of range, a background (or what becomes one) that
    shall turn, lift or spread, or a source whose path is not finite.
    """
    if not 1 <= number <= len(sources):
        allowed = f"1 to {len(sources)}" if sources else "none, there are no sources"
        raise InputError(f"source number is {number}; allowed is {allowed}")
    check_range("turn", turn, -180, 180, "degrees")
    check_range("lift", lift, -90, 90, "degrees")
    check_range("distance", distance, 0.1, 10, "times")
    check_range("gain", gain, -60, 24, "dB")
    check_range("spread", spread, 0, 360, "degrees")
    source = sources[number - 1]
    background = source.background or diffuse
    if background and (turn or lift or spread):
        what = "is the background" if source.background else "becomes diffuse"
        raise InputError(
            f"source {number} {what}, which is all around: turn, lift and spread must be 0; "
            "its distance, gain and mute can change"
        )
    path = source.trajectory
    if not np.isfinite([path.times, path.azimuth, path.elevation, path.distance]).all():
        raise InputError(
            f"source {number} ({source.label!r}) has a path with times, angles or distances that are not finite "
            "(NaN or infinite); allowed are finite numbers only: locate it again"
        )
    moved = Trajectory(
        path.times,
        (path.azimuth + turn + 180) % 360 - 180,
        np.clip(path.elevation + lift, -90, 90),
        path.distance * distance,
    )
    changed = replace(
        source,
        trajectory=Trajectory.still(0, 0, moved.distance[0]) if diffuse else moved,
        width=360.0 if diffuse else min(source.width + spread, 360.0),
        gain_db=source.gain_db + gain,
        muted=source.muted or mute,
        solo=source.solo or solo,
        background=background,
    )
    return (*sources[: number - 1], changed, *sources[number:])
