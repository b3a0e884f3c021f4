"""Impulse responses: delays, decay, ratio of direct to reverberant sound, independence of the channels."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.spatialize import ROOMS, mix, rir
from see2sound_nodes.s2s_core.spatialize import room as rooms
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS, main_channels
from see2sound_nodes.s2s_core.spatialize.pan import Panner
from see2sound_nodes.s2s_core.types import Room, SoundSource, Trajectory

RATE, LAYOUT = 48000, LAYOUTS["5.1"]
PANNER, MAIN = Panner(LAYOUT), main_channels(LAYOUT)
DECAYING = [
    (size, t60)
    for size in ((6, 5, 3), (10, 8, 4), (20, 15, 8))
    for t60 in (0.2, 0.3, 0.5, 1.0, 2.5)
    if rooms.absorption(Room(size, t60)) <= 0.45
]


def source(azimuth=40.0, distance=2.0, elevation=0.0):
    return SoundSource("thing", Trajectory.still(azimuth, elevation, distance))


def whole_response(room, place):
    """Direct, early and late [C, T], relative to the direct sound."""
    early = rir.early(place, room, PANNER, RATE)[:, rir.LEAD :].astype(float)
    late = rir.late(room, LAYOUT, RATE) * rir.late_send(place, room)
    total = np.zeros((6, max(early.shape[1], late.shape[1])))
    total[:, : early.shape[1]] += early
    total[:, : late.shape[1]] += late
    return total


def fitted_t60(response):
    """s, from the slope between -15 and -45 dB of the energy that is still to come (Schroeder)."""
    left = np.cumsum(np.sum(response**2, axis=0)[::-1])[::-1]
    level = 10 * np.log10(left / left[0] + 1e-30)
    part = np.flatnonzero((level < -15) & (level > -45))
    return -60 / np.polyfit(part / RATE, level[part], 1)[0]


@pytest.mark.parametrize(("size", "t60"), DECAYING)
def test_decay_and_direct_to_reverberant_ratio(size, t60):
    room = Room(size, t60)
    response = whole_response(room, source(distance=2))
    assert fitted_t60(response) == pytest.approx(t60, rel=0.03)
    direct = np.sum(response[:, 0] ** 2)
    ratio = 10 * np.log10(direct / (np.sum(response**2) - direct))
    theory = -10 * np.log10(312 * t60 / np.prod(size) * 2**2 * np.exp(-0.04 * 2 / t60))
    assert ratio == pytest.approx(theory, abs=2.0)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_reverberation_is_shared_equally_and_independent(layout):
    main = main_channels(layout)
    response = rir.late(Room(t60=0.3), layout, RATE).astype(float)
    assert np.sum(response[main] ** 2, axis=1) == pytest.approx(np.full(len(main), 1 / len(main)), rel=1e-5)
    assert not np.delete(response, main, axis=0).any()
    tail = response[main, round(rooms.mixing_time(Room()) * RATE) :]
    assert np.abs(np.corrcoef(tail) - np.eye(len(main))).max() < 0.15
    assert not response[:, : round(rooms.mixing_time(Room()) * RATE)].any()


def test_early_reflections_against_delays_made_in_the_frequency_domain():
    room, place = Room(), source(-35, 1.7, 10)
    response = rir.early(place, room, PANNER, RATE)
    ears, spot = rooms.listener(room), rooms.place(room, -35, 10, 1.7)
    positions, hits = rooms.images(room.size, spot, 3)
    length = 1 << 14
    turns = np.arange(length // 2 + 1) / length
    expected = np.zeros((6, len(turns)), complex)
    for position, walls in zip(positions, hits.sum(axis=1), strict=True):
        x, y, z = position - ears
        way = np.sqrt(x * x + y * y + z * z)
        gain = 1.7 / way * np.sqrt(1 - rooms.absorption(room)) ** walls
        gains = gain * PANNER(np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z / way)))
        delay = (way - 1.7) / 343 * RATE + rir.LEAD
        expected += gains[:, None] * np.exp(-2j * np.pi * turns * delay)
    heard = turns < 18000 / RATE
    difference = (np.fft.rfft(response, length) - expected)[:, heard]
    assert 10 * np.log10(np.sum(np.abs(difference) ** 2) / np.sum(np.abs(expected[:, heard]) ** 2)) < -45


def test_whole_delays_are_single_samples():
    response = rir.delayed(np.array([0.0, 30.0]), np.array([[1.0, 0.5], [0.25, 0.0]]))
    expected = np.zeros_like(response)
    expected[0, rir.LEAD], expected[1, rir.LEAD], expected[0, rir.LEAD + 30] = 1, 0.5, 0.25
    assert response == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("azimuth", [-170, -100, -70, -20, 0, 25, 60, 95, 140])
def test_first_millisecond_comes_from_the_source(azimuth):
    first = whole_response(Room(t60=0.3), source(azimuth))[:, :48]
    power = np.sum(first**2, axis=1)
    units = np.exp(1j * np.radians([speaker.azimuth for speaker in LAYOUT.speakers]))
    error = np.degrees(np.angle(power @ units * np.exp(-1j * np.radians(azimuth))))
    assert abs(error) < 1
    apart = [abs((speaker.azimuth - azimuth + 180) % 360 - 180) for speaker in LAYOUT.speakers]
    loudest = int(np.argmax(power))
    assert apart[loudest] == min(apart[channel] for channel in MAIN)


def test_mirrored_source_gives_mirrored_reflections():
    left, right = (rir.early(source(azimuth), Room(), PANNER, RATE) for azimuth in (57.3, -57.3))
    assert left.shape == right.shape
    assert np.abs(left - right[[1, 0, 2, 3, 5, 4]]).max() < 1e-6


def test_the_late_part_falls_with_distance_as_barron_says():
    room = Room((20, 15, 8), 1.2)
    amplitudes = [rir.late_send(source(0, distance), room) / distance for distance in (1.0, 5.0)]
    fall = 20 * np.log10(amplitudes[1] / amplitudes[0])  # with rho = 1 the direct sound falls as 1 / distance
    assert fall == pytest.approx(-0.175 / 1.2 * 4, rel=0.01)


def test_twice_the_distance():
    ratio = mix.level(source(distance=6)) / mix.level(source(distance=3))
    assert 20 * np.log10(ratio) == pytest.approx(-6.02 * 0.7, abs=0.01)
    assert mix.level(source(distance=2)) == 1
    assert mix.level(source(distance=0.01)) == mix.level(source(distance=0.5))


def test_outdoors_only_the_ground_answers():
    air = ROOMS["outdoors"]
    response = rir.early(source(0, 4), air, PANNER, RATE)
    assert rir.late_send(source(0, 4), air) == 0
    energy = np.sum(response.astype(float) ** 2, axis=0)
    way = np.hypot(4, 2 * 1.6)
    echo = rir.LEAD + round((way - 4) / 343 * RATE)
    assert int(np.argmax(energy)) == rir.LEAD
    assert abs(int(np.argmax(energy[rir.LEAD + 1 :])) + rir.LEAD + 1 - echo) <= 1
    assert np.sum(energy[rir.LEAD + 1 :]) == pytest.approx((0.7 * 4 / way) ** 2, rel=0.05)


def test_a_bed_is_equal_everywhere_and_has_no_middle():
    response = rir.bed(LAYOUT, RATE).astype(float)
    assert np.sum(response[MAIN] ** 2, axis=1) == pytest.approx(np.full(5, 0.2), rel=1e-5)
    assert not response[3].any()
    magnitude = np.abs(np.fft.rfft(response[MAIN]))
    assert magnitude == pytest.approx(np.full_like(magnitude, np.sqrt(0.2)), abs=1e-6)
    assert np.abs(np.corrcoef(response[MAIN]) - np.eye(5)).max() < 0.15


def test_on_top_of_the_listener_everything_stays_finite():
    for room in ROOMS.values():
        for distance in (0.0, 1e-9, 1e5):
            assert np.isfinite(rir.early(source(10, distance, 5), room, PANNER, RATE)).all()
            assert np.isfinite(rir.late_send(source(10, distance), room))
