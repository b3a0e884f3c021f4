"""From sources and their sounds to surround: each is panned, reflected by the room, mixed, and brought to level.

The published method plays omnidirectional points in a room of pixels as channels; here sound comes from where it is
seen. Sources stand still in this version.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError, check_choice, check_range
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, Room, SoundSource, Surround
from . import mix
from . import room as _room
from .fold import fold_to_stereo
from .layouts import LAYOUTS
from .loudness import CEILING, TARGET, levelled, measured
from .pan import LAWS
from .room import ROOMS

__all__ = [
    "LAWS",
    "LAYOUTS",
    "ROOMS",
    "check",
    "direct_level",
    "fold_to_stereo",
    "make_room",
    "measured",
    "report",
    "run",
]

CUSTOM = "custom"


def check(room: Room, layout: str, law: str = "VBIP", loudness: float = TARGET) -> None:
    """Raise InputError for values that `run` would refuse; needs no sources."""
    check_choice("layout", layout, LAYOUTS)
    check_choice("panning law", law, LAWS)
    check_range("loudness", loudness, -70.0, -5.0, "LUFS")
    _room.check(room)


def run(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    room: Room = ROOMS["street"],
    layout: str = "5.1",
    law: str = "VBIP",
    tail: bool = True,
    loudness: float = TARGET,
    runtime: Runtime | None = None,
) -> Surround:
    """Surround sound of `tracks[i]` at `sources[i]`.

    Direct sound (no propagation delay), reflections up to the third order, and reverberation; see `rir.py`. A source
    beyond the walls is as soft as its distance says and sounds in the room from where its ray meets the wall. A
    background source has no direction: it plays equally from all main loudspeakers, decorrelated, outside the room.
    All sources also feed the LFE, where the layout has one.

    `layout` and `law` are keys of LAYOUTS and LAWS. Tracks may differ in length, the longest counts: with `tail` False
    the result is exactly as long, with `tail` the room's decay follows. One gain brings it to `loudness` LUFS (-70..-5)
    unless the true peak would exceed -1 dBTP; `Surround` reports both. The same input gives the same bytes.

    Raises InputError when there are no sources, when numbers of sources and tracks or the tracks' sample rates differ,
    when samples are not finite, when a value is out of range, or when a source moves.
    """
    check(room, layout, law, loudness)
    _check_sources(sources)
    _check_tracks(sources, tracks)
    runtime = runtime or HeadlessRuntime()
    samples = mix.render(sources, tracks, room, LAYOUTS[layout], law, tail, runtime)
    return levelled(Surround(samples, tracks[0].sample_rate, LAYOUTS[layout]), loudness, runtime)


def make_room(preset: str, size: tuple[float, float, float] | None = None, t60: float | None = None) -> Room:
    """The room called `preset` in ROOMS, which `size` and `t60` do not change; or, for "custom", one of `size`
    (length, width, height) in m that rings for `t60` s (0 is the open air). Raises InputError for what cannot be."""
    check_choice("room", preset, (*ROOMS, CUSTOM))
    if preset != CUSTOM:
        return ROOMS[preset]
    if size is None or t60 is None:
        raise InputError("room is 'custom' but size or t60 is missing: give both, or choose another room")
    made = Room(tuple(float(side) for side in size), float(t60), name="custom room")
    _room.check(made)
    return made


def direct_level(source: SoundSource, track: AudioTrack) -> float:
    """RMS in dBFS of a source's direct sound over all loudspeakers, before the one gain that `Surround.gain_db` gives;
    -inf when muted or silent."""
    power = float(np.mean(np.square(track.samples, dtype=np.float64))) if len(track.samples) else 0.0
    power *= mix.level(source) ** 2
    return 10 * float(np.log10(power)) if power else -np.inf


def report(sound: Surround) -> str:
    """Two lines for a person: loudness, true peak, length; then the RMS of each channel in dBFS."""
    if np.isfinite(sound.true_peak):
        levels = f"{sound.loudness:.1f} LUFS, true peak {sound.true_peak:.1f} dBTP"
        if sound.true_peak > CEILING - 0.05:
            levels += " (the peak forbids more)"
    else:
        levels = "silence"
    powers = np.mean(np.square(sound.samples, dtype=np.float64), axis=1)
    channels = [
        f"{label} {10 * np.log10(power):.1f}" if power else f"{label} -inf"
        for label, power in zip(sound.layout.labels, powers, strict=True)
    ]
    return f"{sound.layout.name}, {sound.seconds:.2f} s at {sound.sample_rate} Hz: {levels}\n{'  '.join(channels)} dBFS"


def _check_sources(sources: Sequence[SoundSource]) -> None:
    if not sources:
        raise InputError("there are no sources to spatialize; find regions in the picture first")
    for source in sources:
        knots = len(source.trajectory.times)
        if knots != 1:
            raise InputError(
                f"source {source.label!r} moves ({knots} knots); sources must stand still: keep one knot of its path"
            )
        check_range(f"azimuth of source {source.label!r}", source.azimuth, -360, 360, "degrees")
        check_range(f"elevation of source {source.label!r}", source.elevation, -90, 90, "degrees")
        check_range(f"distance of source {source.label!r}", source.distance, 0, 1e6, "m")
        check_range(f"width of source {source.label!r}", source.width, 0, 360, "degrees")
        check_range(f"gain of source {source.label!r}", source.gain_db, -120, 60, "dB")


def _check_tracks(sources: Sequence[SoundSource], tracks: Sequence[AudioTrack]) -> None:
    if len(tracks) != len(sources):
        raise InputError(
            f"there are {len(sources)} sources and {len(tracks)} tracks; each source needs one track, in the same order"
        )
    for source, track in zip(sources, tracks, strict=True):
        name = f"the track of source {source.label!r}"
        if track.samples.ndim != 1:
            raise InputError(f"{name} has shape {list(track.samples.shape)}; allowed is mono [samples]: mix it down")
        if track.sample_rate != tracks[0].sample_rate:
            raise InputError(
                f"{name} has {track.sample_rate} Hz and the first track {tracks[0].sample_rate} Hz; all must have one "
                "sample rate: resample one of them"
            )
        bad = int(np.count_nonzero(~np.isfinite(track.samples)))
        if bad:
            raise InputError(
                f"{name} holds {bad} of {track.samples.size} samples that are not finite (NaN or infinite); allowed "
                "are finite numbers: generate or load it again"
            )
    check_range("sample rate", tracks[0].sample_rate, 8000, 384000, "Hz")
    if not any(len(track.samples) for track in tracks):
        raise InputError("all tracks are empty (0 samples); at least one must hold sound")
