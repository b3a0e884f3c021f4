"""Does the sound come from where it should? Scores that the similarity metrics cannot give: they average the channels.

A direction is that of the energy vector, the sum of p_c^2 u_c over the main channels (Gerzon 1992), block by block. It
says what the loudspeakers do, not what a listener hears. What all loudspeakers of a surround layout play alike, such as
reverberation, has no direction: in each block the energy of the softest one is taken from all. (Most loudspeakers stand
in front, so that even reverberation would pull every source there.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, check_range
from ..types import SoundSource, Surround

BLOCK = 0.05
"""s over which energy is gathered before it has a direction."""

UNDIRECTED = 1e-3
"""Length of an energy vector (1 = one loudspeaker) below which it points nowhere."""

MARGIN = 5.0
"""Degrees from the plane between left and right, or front and back, within which a source counts as neither."""

DEAD_DB = -60.0
"""RMS of a dead channel, from that of the loudest main channel."""

DECAY_DB = (-15.0, -45.0)
"""Part of the decay that is fitted: past the first reflections, before the noise."""

DIRECT = 0.0025
"""s after its loudest sample for which an impulse response is direct sound."""


@dataclass(frozen=True)
class SpatialScores:
    """How true to the place a surround sound is; None = not scored.

    `direction_error` in degrees, 0..180, the mean over the sources; `left_right` and `front_back` the shares 0..1 of
    sources on their own side, the latter only where a loudspeaker stands behind; `scored` how many sources were heard
    at all. `dead` names main channels without sound. `loudness` in LUFS and `true_peak` in dBTP as `Surround` reports
    them.
    """

    direction_error: float | None
    left_right: float | None
    front_back: float | None
    scored: int
    dead: tuple[str, ...] | None
    loudness: float
    true_peak: float


def score(sound: Surround, stems: Sequence[Surround], places: Sequence[float | SoundSource]) -> SpatialScores:
    """Scores of `sound`, whose sources alone are `stems`, each rendered for itself, that belong at `places`: azimuths
    in degrees, or sources, which may move. Where a single source sounds, it is its own stem. Silent stems are not
    scored. A source that moves counts once for each side that it visits.

    Raises InputError when stems and places differ in number, when a stem has another layout, sample rate or length than
    `sound`, when samples are not finite, or when the layout is not one of loudspeakers.
    """
    if len(stems) != len(places):
        raise InputError(f"there are {len(stems)} stems and {len(places)} places; each stem needs one, in order")
    for number, stem in enumerate(stems, 1):
        if _form(stem) != _form(sound):
            raise InputError(
                f"stem {number} is {_form(stem)}, the mix {_form(sound)}; allowed are stems like the mix: take "
                "both from the same render"
            )
    errors, sideways, lengthwise = [], [], []
    for stem, place in zip(stems, places, strict=True):
        error = direction_error(stem, place)
        if error is not None:
            errors.append(error)
            vectors, meant = _energy_vectors(stem)[0], np.radians(_azimuths(stem, place))
            sideways += _same_side(vectors.imag, np.sin(meant))
            lengthwise += _same_side(vectors.real, np.cos(meant))
    return SpatialScores(
        direction_error=_mean(errors),
        left_right=_mean(sideways),
        front_back=_mean(lengthwise) if _surrounds(sound) else None,
        scored=len(errors),
        dead=dead_channels(sound),
        loudness=sound.loudness,
        true_peak=sound.true_peak,
    )


def direction(sound: Surround) -> float | None:
    """Azimuth in degrees, -180..180, of all the sound's energy; None for silence and for what points nowhere."""
    vectors, energies = _energy_vectors(sound)
    total = vectors.sum()
    return float(np.degrees(np.angle(total))) if abs(total) > UNDIRECTED * energies.sum() else None


def direction_error(sound: Surround, place: float | SoundSource) -> float | None:
    """Mean angle in degrees, 0..180, between the energy vector of each 50 ms and `place`, an azimuth or where a source
    is at that time (counted from the sound's start), a block counting by its energy; None for silence and for what
    points nowhere."""
    meant = _azimuths(sound, place)
    vectors, energies = _energy_vectors(sound)
    pointing = np.abs(vectors) > UNDIRECTED * energies
    if not pointing.any():
        return None
    errors = np.abs(np.angle(vectors * np.exp(-1j * np.radians(meant)), deg=True))
    return float(np.average(errors[pointing], weights=energies[pointing]))


def dead_channels(sound: Surround) -> tuple[str, ...] | None:
    """Labels of the main channels more than 60 dB softer (RMS) than the loudest one; None for silence."""
    powers = _main_squares(sound).mean(axis=1)
    if not powers.any():
        return None
    least = powers.max() * 10 ** (DEAD_DB / 10)
    return tuple(
        sound.layout.labels[channel] for channel, power in zip(_main(sound), powers, strict=True) if power < least
    )


def decay_time(response: Surround) -> float | None:
    """T60 in s of an impulse response: the energy of all main channels, integrated backwards (Schroeder 1965), and a
    line through its fall from -15 to -45 dB. None where it is silent or does not fall over at least three samples."""
    squares = _main_squares(response).sum(axis=0)
    if not squares.any():
        return None
    remaining = np.cumsum(squares[::-1])[::-1]
    level = 10 * np.log10(remaining[remaining > 0] / remaining[0])
    fitted = np.flatnonzero((level <= DECAY_DB[0]) & (level >= DECAY_DB[1]))
    if len(fitted) < 3 or level[-1] > DECAY_DB[1]:
        return None
    slope = np.polyfit(fitted / response.sample_rate, level[fitted], 1)[0]
    return float(-60 / slope) if slope < 0 else None


def direct_to_reverberant(response: Surround) -> float | None:
    """Energy in dB of an impulse response up to 2.5 ms after its loudest sample against all that follows; infinite when
    nothing follows, None for silence."""
    squares = _main_squares(response).sum(axis=0)
    if not squares.any():
        return None
    end = int(squares.argmax()) + 1 + round(DIRECT * response.sample_rate)
    rest = squares[end:].sum()
    return float(10 * np.log10(squares[:end].sum() / rest)) if rest else float("inf")


def _form(sound: Surround) -> str:
    return f"{sound.layout.name}, {sound.sample_rate} Hz, {sound.samples.shape[1]} samples"


def _surrounds(sound: Surround) -> bool:
    """Whether a main loudspeaker stands behind the listener; without one nothing can be heard from there."""
    return any(np.cos(np.radians(sound.layout.speakers[channel].azimuth)) < -1e-6 for channel in _main(sound))


def _energy_vectors(sound: Surround) -> tuple[np.ndarray, np.ndarray]:
    """(sum of p_c^2 u_c as a complex number, x forward, y left; sum of p_c^2), both [blocks], where p_c^2 is what a
    channel has more than the softest one."""
    if sound.layout.kind != "speakers":
        raise InputError(
            f"the sound is {sound.layout.kind}, whose channels do not stand around the listener; allowed are layouts "
            "of loudspeakers: mix it for one, such as 5.1"
        )
    squares, azimuths = _main_squares(sound), [sound.layout.speakers[channel].azimuth for channel in _main(sound)]
    energies = np.add.reduceat(squares, _block_starts(sound), axis=1)
    if len(azimuths) > 2:  # two loudspeakers do not surround: what they share is a sound in the middle
        energies -= energies.min(axis=0)
    return np.exp(1j * np.radians(azimuths)) @ energies, energies.sum(axis=0)


def _block_starts(sound: Surround) -> np.ndarray:
    return np.arange(0, sound.samples.shape[1], max(1, round(BLOCK * sound.sample_rate)))


def _azimuths(sound: Surround, place: float | SoundSource) -> np.ndarray:
    """Degrees [blocks] where a source belongs in the middle of each block."""
    times = _block_starts(sound) / sound.sample_rate + BLOCK / 2
    if not isinstance(place, SoundSource):
        check_range("azimuth of a source", place, -360, 360, "degrees")
        return np.full(len(times), float(place))
    return place.trajectory.at(times).azimuth


def _main_squares(sound: Surround) -> np.ndarray:
    """Squared samples [C, T] float64 of the main channels."""
    samples = sound.samples[_main(sound)].astype(np.float64)
    bad = int(np.count_nonzero(~np.isfinite(samples)))
    if bad or not samples.size:
        found = f"{bad} samples that are not finite (NaN or infinite)" if bad else "no samples"
        raise InputError(f"the surround sound has {found}; allowed are finite numbers: render it again")
    return samples**2


def _main(sound: Surround) -> list[int]:
    return [channel for channel, speaker in enumerate(sound.layout.speakers) if not speaker.lfe]


def _same_side(heard: np.ndarray, meant: np.ndarray) -> list[bool]:
    """[whether what is heard while a source is on one side of 0 is on that side too, and for the other side]; a side
    that `meant` [blocks] never takes, or stays too near to 0 for, is left out."""
    there = (side * meant > np.sin(np.radians(MARGIN)) for side in (1, -1))
    return [bool(side * heard[at].sum() > 0) for side, at in zip((1, -1), there, strict=True) if at.any()]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
