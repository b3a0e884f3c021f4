"""What a mix is made of, checked before any of it is heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError, check_range
from ..media.resample import resampled
from ..types import AudioTrack, SoundSource
from .mixing import Mixing
from .moving import moves

RATES = (8000, 384000)
"""Hz that sound may have."""

LIMITS = {
    "azimuth": (-360, 360, "degrees"),
    "elevation": (-90, 90, "degrees"),
    "distance": (0, 1e6, "m"),
}


def check_sources(sources: Sequence[SoundSource], mixing: Mixing) -> None:
    """Raise InputError for sources that cannot be mixed."""
    if not sources:
        raise InputError("there are no sources to spatialize; find regions in the picture first")
    for source in sources:
        _check_path(source)
        check_range(f"width of source {source.label!r}", source.width, 0, 360, "degrees")
        check_range(f"gain of source {source.label!r}", source.gain_db, -120, 60, "dB")
        if moves(source) and not source.background and mixing.engine != "hybrid":
            raise InputError(
                f"source {source.label!r} moves, which the room engine {mixing.engine!r} cannot follow: choose 'hybrid'"
            )


def check_tracks(
    sources: Sequence[SoundSource], tracks: Sequence[AudioTrack], sample_rate: int | None
) -> list[AudioTrack]:
    """The tracks, all at `sample_rate`, or at their own where that is None. Raises InputError for what cannot be."""
    if len(tracks) != len(sources):
        raise InputError(
            f"there are {len(sources)} sources and {len(tracks)} tracks; each source needs one track, in the same order"
        )
    for source, track in zip(sources, tracks, strict=True):
        _check_track(f"the track of source {source.label!r}", track)
    if not any(len(track.samples) for track in tracks):
        raise InputError("all tracks are empty (0 samples); at least one must hold sound")
    if sample_rate is None:
        for source, track in zip(sources, tracks, strict=True):
            if track.sample_rate != tracks[0].sample_rate:
                raise InputError(
                    f"the track of source {source.label!r} has {track.sample_rate} Hz and the first track "
                    f"{tracks[0].sample_rate} Hz; all must have one sample rate: ask for one, such as 48000 Hz"
                )
        return list(tracks)
    return [AudioTrack(resampled(track.samples, track.sample_rate, sample_rate), sample_rate) for track in tracks]


def _check_path(source: SoundSource) -> None:
    path = source.trajectory
    if not len(path.times) or not np.all(np.isfinite(path.times)) or np.any(np.diff(path.times) <= 0):
        raise InputError(
            f"the path of source {source.label!r} has times {np.round(path.times, 3).tolist()[:8]}; "
            "allowed are one or more, each later than the one before"
        )
    for name, (low, high, unit) in LIMITS.items():
        values = getattr(path, name)
        if len(values) != len(path.times):
            raise InputError(
                f"the path of source {source.label!r} has {len(path.times)} times and {len(values)} values of its "
                f"{name}; each time needs one"
            )
        for value in values[~((values >= low) & (values <= high))][:1]:
            check_range(f"{name} of source {source.label!r}", value, low, high, unit)


def _check_track(name: str, track: AudioTrack) -> None:
    if track.samples.ndim != 1:
        raise InputError(f"{name} has shape {list(track.samples.shape)}; allowed is mono [samples]: mix it down")
    bad = int(np.count_nonzero(~np.isfinite(track.samples)))
    if bad:
        raise InputError(
            f"{name} holds {bad} of {track.samples.size} samples that are not finite (NaN or infinite); allowed "
            "are finite numbers: generate or load it again"
        )
    check_range(f"sample rate of {name}", track.sample_rate, *RATES, "Hz")
