"""What the room does to a click: impulse responses for every loudspeaker.

Time 0 is the direct sound, wherever the source is: a picture's sound is not delayed by its distance. All responses
are relative to the direct sound's level, which `mix.py` sets.
"""

from __future__ import annotations

import numpy as np

from ..runtime import generator
from ..types import Layout, Room, SoundSource
from .layouts import main_channels
from .pan import Panner
from .room import SPEED_OF_SOUND, decay, images, listener, mixing_time, place, walls

ORDER = 3
"""Reflections followed one by one; what comes later is statistics."""

NEAREST = 0.5
"""m: nothing is nearer to the ears than this."""

LEAD = 16
"""Samples in front of time 0 in `early`, where the rise of a fractional delay lies: drop as many after convolving."""

SEED = 20
"""All noise here comes from one seed: the same scene is the same sound, byte for byte."""

_LATE, _BED = 0, 1  # streams of it


def early(source: SoundSource, room: Room, panner: Panner, sample_rate: int) -> np.ndarray:
    """Direct sound and reflections up to ORDER, [C, LEAD + T] float32: every image delayed, weakened by its way and
    its walls, and panned at its own direction. Images later than the room's decay are left out."""
    ears = listener(room)
    spot = place(room, source.azimuth, source.elevation, source.distance)
    positions, hits = images(room.size, spot, ORDER)
    ways = positions - ears
    ranges = np.maximum(np.linalg.norm(ways, axis=1), NEAREST)
    direct = max(float(np.linalg.norm(spot - ears)), NEAREST)
    delays = np.maximum(ranges - direct, 0.0) / SPEED_OF_SOUND
    levels = direct / ranges * np.prod(walls(room) ** hits, axis=1)

    itself = ~hits.any(axis=1)
    azimuths = np.where(itself, source.azimuth, np.degrees(np.arctan2(ways[:, 1], ways[:, 0])))
    flat = np.hypot(ways[:, 0], ways[:, 1])
    elevations = np.where(itself, source.elevation, np.degrees(np.arctan2(ways[:, 2], flat)))
    gains = levels[:, None] * panner(azimuths, elevations, np.where(itself, source.width, 0.0))
    heard = (levels > 0) & (delays <= decay(room))
    return delayed(delays[heard] * sample_rate, gains[heard])


def delayed(delays: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Clicks at `delays` [I] in samples (fractions allowed) with `gains` [I, C], as responses [C, LEAD + T] float32.

    Each click is a sinc of 33 taps under a Hann window. A whole delay is exactly one sample.
    """
    whole = np.rint(delays).astype(int)
    reach = np.arange(-LEAD, LEAD + 1)
    offsets = reach - (delays - whole)[:, None]
    taps = np.sinc(offsets) * np.cos(np.pi * offsets / (2 * (LEAD + 1))) ** 2  # [I, 33]
    places = (whole[:, None] + reach + LEAD).ravel()
    length = int(whole.max()) + 2 * LEAD + 1
    channels = [np.bincount(places, (taps * gain[:, None]).ravel(), length) for gain in gains.T]
    return np.stack(channels).astype(np.float32)


def late(room: Room, layout: Layout, sample_rate: int) -> np.ndarray:
    """Reverberation [C, T] float32, one for all sources: independent noises for the main loudspeakers, from the
    mixing time on, falling by 60 dB in T60, with energy 1 in all. The LFE is silent. `room.t60` must be above 0."""
    start = round(mixing_time(room) * sample_rate)
    time = np.arange(round(room.t60 * sample_rate)) / sample_rate
    fall = np.exp(-np.log(1000) * time / room.t60)
    main = main_channels(layout)
    response = np.zeros((len(layout.speakers), start + len(time)), np.float32)
    for channel in main:
        noise = generator(SEED, _LATE, int(channel)).standard_normal(len(time)) * fall
        response[channel, start:] = noise / np.sqrt(len(main) * np.sum(noise**2))
    return response


def late_send(source: SoundSource, room: Room) -> float:
    """How much of a source goes into the reverberation, as an amplitude relative to its direct sound: Barron's revised
    theory (1988), r sqrt(312 T60/V exp(-13.8 (t_mix + r/343) / T60)), with r inside the walls. 0 in the open air."""
    if room.t60 == 0:
        return 0.0
    spot = place(room, source.azimuth, source.elevation, source.distance)
    way = max(float(np.linalg.norm(spot - listener(room))), NEAREST)
    time = mixing_time(room) + way / SPEED_OF_SOUND
    return float(way * np.sqrt(312 * room.t60 / np.prod(room.size) * np.exp(-13.8 * time / room.t60)))


def bed(layout: Layout, sample_rate: int) -> np.ndarray:
    """An ambience without a point: the same energy from every main loudspeaker, [C, T] float32, energy 1 in all.

    Each channel is a filter of about 20 ms with unit magnitude and random phase, so that the loudspeakers do not
    collapse into a phantom in the middle. A bed brings its own space: it is not sent through the room.
    """
    length = 2 * round(0.01 * sample_rate)
    main = main_channels(layout)
    response = np.zeros((len(layout.speakers), length), np.float32)
    for channel in main:
        phases = generator(SEED, _BED, int(channel)).uniform(-np.pi, np.pi, length // 2 + 1)
        phases[[0, -1]] = np.where(phases[[0, -1]] < 0, np.pi, 0.0)  # a real filter has real ends
        response[channel] = np.fft.irfft(np.exp(1j * phases), length) / np.sqrt(len(main))
    return response
