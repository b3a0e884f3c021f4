"""What a mix is made of, checked before any of it is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral

import numpy as np

from ..errors import InputError, check_range
from ..media.resample import resampled
from ..types import AudioTrack, SoundSource, heard
from .engines import ENGINES
from .mixing import Mixing
from .peak import PIECE, magnitude

RATES = (8000, 384000)
"""Hz that sound may have."""

LOUDEST = 1000.0
"""Amplitude that no sample may exceed; 1 is full scale."""

LATEST = 100_000.0
"""s after which no track may begin."""


def check_sources(sources: Sequence[SoundSource], mixing: Mixing) -> None:
    """Raise InputError for sources that cannot be mixed."""
    if not sources:
        raise InputError("there are no sources to spatialize; find regions in the picture first")
    for source, loud in zip(sources, heard(sources), strict=True):
        source.trajectory.check(f"source {source.label!r}")
        check_range(f"width of source {source.label!r}", source.width, 0, 360, "degrees")
        check_range(f"gain of source {source.label!r}", source.gain_db, -120, 60, "dB")
        roams = loud and source.trajectory.moves and not source.background
        if roams and not ENGINES[mixing.engine].follows:
            others = " or ".join(repr(name) for name, engine in ENGINES.items() if engine.follows)
            raise InputError(
                f"source {source.label!r} moves, which the room engine {mixing.engine!r} cannot follow: choose {others}"
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
    return [
        replace(track, samples=resampled(track.samples, track.sample_rate, sample_rate), sample_rate=sample_rate)
        for track in tracks
    ]


def _check_track(name: str, track: AudioTrack) -> None:
    if track.samples.ndim != 1:
        raise InputError(f"{name} has shape {list(track.samples.shape)}; allowed is mono [samples]: mix it down")
    bad, loudest = _surveyed(track.samples)
    if bad:
        raise InputError(
            f"{name} holds {bad} of {track.samples.size} samples that are not finite (NaN or infinite); allowed "
            "are finite numbers: generate or load it again"
        )
    check_range(f"the loudest sample of {name}", loudest, 0, LOUDEST, remedy="full scale is 1: lower it")
    check_range(f"start of {name}", track.start, 0, LATEST, "s")
    check_rate(f"sample rate of {name}", track.sample_rate)


def check_rate(name: str, rate: int) -> None:
    """Raise InputError for a sample rate that is not a whole number of RATES."""
    if not isinstance(rate, Integral):
        raise InputError(f"{name} is {rate!r}; allowed are whole numbers of Hz, such as 48000")
    check_range(name, rate, *RATES, "Hz")


def _surveyed(samples: np.ndarray) -> tuple[int, float]:
    """(how many are not finite, the largest magnitude), piece by piece: a long track may lie on the disk."""
    bad, loudest = 0, 0.0
    for start in range(0, len(samples), PIECE):
        piece = samples[start : start + PIECE]
        bad += int(np.count_nonzero(~np.isfinite(piece)))
        loudest = max(loudest, magnitude(piece))
    return bad, loudest
