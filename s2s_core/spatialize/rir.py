"""What the room does to a click: impulse responses in the channels of a panner.

Time 0 is the direct sound, wherever the source is: a picture's sound is not delayed by its distance. All responses
are relative to the direct sound's level, which `mix.py` sets. `wet` scales all but the direct sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import fft, signal

from ..runtime import Runtime, generator
from ..trajectory import NEAREST
from ..types import Room, SoundSource
from . import octaves
from .pan import Panner
from .responses import LEAD, Responses
from .room import SPEED_OF_SOUND, decay, images, listener, mixing_time, place, t60_of, walls

ORDER = 3
"""Reflections followed one by one; what comes later is statistics."""

SEED = 20
"""All noise here comes from one seed: the same scene is the same sound, byte for byte."""

_LATE, _BED = 0, 1  # streams of it

BED_SECTIONS, BED_DELAYS, BED_FEEDBACK = 5, (0.001, 0.006), 0.5
"""All-pass filters in a row, the range of their delays in s, and their feedback."""

BED_RINGING = 0.12
"""s after which they have fallen by 90 dB."""


def hybrid(
    sources: Sequence[SoundSource], room: Room, panner: Panner, sample_rate: int, wet: float, runtime: Runtime
) -> Responses:
    """Direct sound and reflections of each source up to ORDER, and one reverberation for all; fast, and true to the
    room's T60."""
    own = []
    with runtime.progress("early reflections", len(sources)) as bar:
        for source in sources:
            own.append(early(source, room, panner, sample_rate, wet))
            bar.step()
    sends = [wet * late_send(source, room) for source in sources]
    return Responses(own, sends, late(room, panner, sample_rate) if any(sends) else None)


def early(
    source: SoundSource,
    room: Room,
    panner: Panner,
    sample_rate: int,
    wet: float = 1.0,
    order: int = ORDER,
    mirror: float = 1.0,
) -> np.ndarray:
    """Direct sound and reflections up to `order`, [V, LEAD + T] float32: every image delayed, weakened by its way and
    its walls, and panned at its own direction. Images later than the room's decay are left out.

    Walls that absorb by octaves give each image the minimum-phase filter of all its reflections. `mirror` is the share
    of the reflected energy that is not scattered.
    """
    spot = place(room, source.azimuth, source.elevation, source.distance)
    positions, hits = images(room.size, spot, ORDER)
    itself = ~hits.any(axis=1)
    delays, gains = arrivals(source, room, panner, positions, itself)
    gains *= np.where(itself, 1.0, wet)[:, None]
    factors = walls(room) * np.sqrt(mirror)
    if room.absorption is None:
        gains *= np.prod(factors[:, 0] ** hits, axis=1)[:, None]
    heard = gains.any(axis=1) & (delays <= decay(room))
    spectra = None
    if room.absorption is not None:
        spectra = np.exp(hits[heard] @ _wall_filters(room, sample_rate))
    return delayed(delays[heard] * sample_rate, gains[heard], spectra)


@lru_cache(maxsize=4)
def _wall_filters(room: Room, sample_rate: int) -> np.ndarray:
    """Log spectrum [6, F] of one reflection at each wall; a source that moves asks for it again and again."""
    return octaves.minimum_phase(walls(room), sample_rate)


def arrivals(
    source: SoundSource, room: Room, panner: Panner, positions: np.ndarray, itself: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """When and whence images at `positions` [I, 3] in m are heard: delays [I] in s after the direct sound, and gains
    [I, V] by their way and direction, walls not counted. `itself` [I] marks the source, which is wide and keeps its
    direction even where the room's walls pull it nearer."""
    ways = positions - listener(room)
    azimuths = np.where(itself, source.azimuth, np.degrees(np.arctan2(ways[:, 1], ways[:, 0])))
    flat = np.hypot(ways[:, 0], ways[:, 1])
    elevations = np.where(itself, source.elevation, np.degrees(np.arctan2(ways[:, 2], flat)))
    delays, levels = spread(source, room, np.linalg.norm(ways, axis=1))
    return delays, levels[:, None] * panner(azimuths, elevations, np.where(itself, source.width, 0.0))


def spread(source: SoundSource, room: Room, ways: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Delay in s after the direct sound and level relative to it after `ways` in m, alike in shape."""
    direct = direct_way(source, room)
    ways = np.maximum(ways, NEAREST)
    return np.maximum(ways - direct, 0.0) / SPEED_OF_SOUND, direct / ways


def direct_way(source: SoundSource, room: Room) -> float:
    """m from the source, where the room holds it, to the ears; at least NEAREST."""
    spot = place(room, source.azimuth, source.elevation, source.distance)
    return max(float(np.linalg.norm(spot - listener(room))), NEAREST)


def delayed(delays: np.ndarray, gains: np.ndarray, spectra: np.ndarray | None = None) -> np.ndarray:
    """Clicks at `delays` [I] in samples (fractions allowed) with `gains` [I, V], as responses [V, LEAD + T] float32.

    Each click is a sinc of 33 taps under a Hann window. A whole delay is exactly one sample. `spectra` [I, F] filter
    each click; a quarter of their length is kept.
    """
    whole = np.rint(delays).astype(int)
    reach = np.arange(-LEAD, LEAD + 1)
    offsets = reach - (delays - whole)[:, None]
    clicks = np.sinc(offsets) * np.cos(np.pi * offsets / (2 * (LEAD + 1))) ** 2  # [I, 33]
    if spectra is not None:
        size = 2 * (spectra.shape[1] - 1)
        clicks = fft.irfft(fft.rfft(clicks, size) * spectra, size)[:, : size // 4 + 2 * LEAD]
    length = int(whole.max()) + clicks.shape[1]
    image, channel = np.nonzero(gains)
    places = (channel * length + whole[image])[:, None] + np.arange(clicks.shape[1])
    values = clicks[image] * gains[image, channel][:, None]
    summed = np.bincount(places.ravel(), values.ravel(), gains.shape[1] * length)
    return summed.reshape(gains.shape[1], length).astype(np.float32)


def late(room: Room, panner: Panner, sample_rate: int) -> np.ndarray:
    """Reverberation [V, T] float32, one for all sources: independent noises in the panner's diffuse channels, each with
    energy `diffuse`^2, from the mixing time on, falling by 60 dB in T60. `room.t60` must be above 0.

    Where the walls absorb by octaves, each octave falls in its own T60, and its energy is to that of the middle bands
    as Barron's T60 exp(-13.8 t_mix / T60) is, so that one send fits all of them.
    """
    start = round(mixing_time(room) * sample_rate)
    reverberation = np.array([room.t60]) if room.absorption is None else t60_of(room)
    time = np.arange(round(reverberation.max() * sample_rate)) / sample_rate
    falls = [np.exp(-np.log(1000) * time / t60) for t60 in (room.t60, *reverberation)]
    middle = np.sum(falls[0] ** 2)
    shares = np.sqrt(_barron(reverberation, mixing_time(room)) / _barron(room.t60, mixing_time(room)))
    envelopes = [
        share * np.sqrt(middle / np.sum(fall**2)) * fall for share, fall in zip(shares, falls[1:], strict=True)
    ]
    response = np.zeros((len(panner.diffuse), start + len(time)), np.float32)
    for channel in np.flatnonzero(panner.diffuse):
        noise = noise_of(channel, len(time))
        level = panner.diffuse[channel] / np.sqrt(np.sum((noise * falls[0]) ** 2))
        response[channel, start:] = level * octaves.shaped(noise, envelopes, sample_rate)
    return response


def noise_of(channel: int, length: int) -> np.ndarray:
    """White noise [length] of power 1, another for each channel, always the same."""
    return generator(SEED, _LATE, int(channel)).standard_normal(length)


def late_send(source: SoundSource, room: Room) -> float:
    """How much of a source goes into the reverberation, as an amplitude relative to its direct sound: Barron's revised
    theory (1988), r sqrt(312 T60/V exp(-13.8 (t_mix + r/343) / T60)), with r inside the walls. 0 in the open air."""
    if room.t60 == 0:
        return 0.0
    way = direct_way(source, room)
    energy = 312 / np.prod(room.size) * _barron(room.t60, mixing_time(room) + way / SPEED_OF_SOUND)
    return float(way * np.sqrt(energy))


def _barron(t60: np.ndarray | float, time: float) -> np.ndarray | float:
    return t60 * np.exp(-13.8 * time / t60)


def bed(panner: Panner, sample_rate: int) -> np.ndarray:
    """An ambience without a point: the energy `diffuse`^2 from every channel of the panner, [V, T] float32.

    Each channel is a chain of all-pass filters (Schroeder 1962) with delays of its own, so that the loudspeakers do not
    collapse into a phantom in the middle, and no tone is coloured: its magnitude is flat within 0.01 dB. A bed brings
    its own space: it is not sent through the room.
    """
    response = np.zeros((len(panner.diffuse), round(BED_RINGING * sample_rate)), np.float32)
    for channel in np.flatnonzero(panner.diffuse):
        delays = generator(SEED, _BED, int(channel)).uniform(*BED_DELAYS, BED_SECTIONS)
        sound = np.zeros(response.shape[1])
        sound[0] = panner.diffuse[channel]
        for delay in np.maximum(np.round(delays * sample_rate).astype(int), 1):
            forward = np.zeros(delay + 1)
            forward[[0, -1]] = -BED_FEEDBACK, 1.0
            sound = signal.lfilter(forward, forward[::-1], sound)
        response[channel] = sound
    return response
