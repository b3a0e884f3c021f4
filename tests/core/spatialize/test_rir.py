"""Impulse responses: delays, decay, ratio of direct to reverberant sound, independence of the channels."""

import threading

import numpy as np
import pytest
from scipy import signal
from see2sound_nodes.s2s_core.errors import Cancelled
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.spatialize import ROOMS, octaves, rir
from see2sound_nodes.s2s_core.spatialize import room as rooms
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS, main_channels
from see2sound_nodes.s2s_core.spatialize.materials import with_materials
from see2sound_nodes.s2s_core.spatialize.pan import panner
from see2sound_nodes.s2s_core.spatialize.responses import LEAD
from see2sound_nodes.s2s_core.types import Room, SoundSource, Trajectory

RATE, LAYOUT = 48000, LAYOUTS["5.1"]
PANNER, MAIN = panner(LAYOUT), main_channels(LAYOUT)
PANNERS = {name: panner(layout) for name, layout in LAYOUTS.items()}
DECAYING = [
    (size, t60)
    for size in ((6, 5, 3), (10, 8, 4), (20, 15, 8))
    for t60 in (0.2, 0.3, 0.5, 1.0, 2.5)
    if rooms.absorption(Room(size, t60)).max() <= 0.45
]


def source(azimuth=40.0, distance=2.0, elevation=0.0):
    return SoundSource("thing", Trajectory.still(azimuth, elevation, distance))


def whole_response(room, place):
    """Direct, early and late [C, T], relative to the direct sound."""
    early = rir.early(place, room, PANNER, RATE)[:, LEAD:].astype(float)
    late = rir.late(room, PANNER, RATE) * rir.late_send(place, room)
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


@pytest.mark.parametrize("name", PANNERS)
def test_reverberation_is_diffuse_and_independent(name):
    diffuse = PANNERS[name].diffuse
    response = rir.late(Room(t60=0.3), PANNERS[name], RATE).astype(float)
    assert np.sum(response**2, axis=1) == pytest.approx(diffuse**2, rel=1e-5)
    start = round(rooms.mixing_time(Room()) * RATE)
    tail = response[diffuse > 0, start:]
    assert np.abs(np.corrcoef(tail) - np.eye(len(tail))).max() < 0.15
    assert not response[:, :start].any()


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
        gain = 1.7 / way * rooms.walls(room)[0, 0] ** walls
        gains = gain * PANNER(np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z / way)))
        delay = (way - 1.7) / 343 * RATE + LEAD
        expected += gains[:, None] * np.exp(-2j * np.pi * turns * delay)
    heard = turns < 18000 / RATE
    difference = (np.fft.rfft(response, length) - expected)[:, heard]
    assert 10 * np.log10(np.sum(np.abs(difference) ** 2) / np.sum(np.abs(expected[:, heard]) ** 2)) < -45


def test_whole_delays_are_single_samples():
    response = rir.delayed(np.array([0.0, 30.0]), np.array([[1.0, 0.5], [0.25, 0.0]]))
    expected = np.zeros_like(response)
    expected[0, LEAD], expected[1, LEAD], expected[0, LEAD + 30] = 1, 0.5, 0.25
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


def test_outdoors_only_the_ground_answers():
    air = ROOMS["outdoors"]
    response = rir.early(source(0, 4), air, PANNER, RATE)
    assert rir.late_send(source(0, 4), air) == 0
    energy = np.sum(response.astype(float) ** 2, axis=0)
    way = np.hypot(4, 2 * 1.6)
    echo = LEAD + round((way - 4) / 343 * RATE)
    assert int(np.argmax(energy)) == LEAD
    assert abs(int(np.argmax(energy[LEAD + 1 :])) + LEAD + 1 - echo) <= 1
    assert np.sum(energy[LEAD + 1 :]) == pytest.approx((0.7 * 4 / way) ** 2, rel=0.05)


def test_a_bed_is_equal_everywhere_and_has_no_middle():
    response = rir.bed(PANNER, RATE).astype(float)
    assert np.sum(response[MAIN] ** 2, axis=1) == pytest.approx(np.full(5, 0.2), rel=1e-4)
    assert not response[3].any()
    magnitude = np.abs(np.fft.rfft(response[MAIN], 1 << 17))  # between the bins of its own length too
    assert np.abs(20 * np.log10(magnitude / np.sqrt(0.2))).max() < 0.02
    assert np.abs(np.corrcoef(response[MAIN]) - np.eye(5)).max() < 0.15


def test_on_top_of_the_listener_everything_stays_finite():
    for room in ROOMS.values():
        for distance in (0.0, 1e-9, 1e5):
            assert np.isfinite(rir.early(source(10, distance, 5), room, PANNER, RATE)).all()
            assert np.isfinite(rir.late_send(source(10, distance), room))


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
def test_every_rate_and_every_layout_stays_finite(rate):
    covered = with_materials(Room(), "brick", "carpet", "acoustic ceiling")
    for name, place in PANNERS.items():
        for room in (Room(), covered, ROOMS["outdoors"]):
            response = rir.early(source(0, 0.0), room, place, rate)
            assert np.isfinite(response).all() and response.shape[0] == len(place.diffuse), name


@pytest.mark.parametrize("room", [Room(), with_materials(Room(), floor="carpet"), ROOMS["outdoors"]])
def test_wet_scales_all_but_the_direct_sound(room):
    runtime = HeadlessRuntime()
    dry, half, full = (rir.hybrid([source()], room, PANNER, RATE, wet, runtime) for wet in (0.0, 0.5, 1.0))
    direct = dry.own[0]
    assert np.count_nonzero(np.abs(direct).max(axis=0) > 1e-6) == 1 and np.sum(direct**2) == pytest.approx(1)
    added = full.own[0].copy()
    added[:, : direct.shape[1]] -= direct
    expected = 0.5 * added
    expected[:, : direct.shape[1]] += direct
    assert half.own[0] == pytest.approx(expected, abs=1e-6)
    assert half.sends == pytest.approx([0.5 * rir.late_send(source(), room)])
    assert dry.late is None and dry.sends == [0.0] and (full.late is None) == (room.t60 == 0)


def test_hybrid_can_be_stopped():
    runtime = HeadlessRuntime(cancel=threading.Event())
    runtime.cancel.set()
    with pytest.raises(Cancelled):
        rir.hybrid([source()], Room(), PANNER, RATE, 1.0, runtime)


def test_the_same_absorption_in_all_bands_is_the_plain_room():
    plain = Room(t60=0.4)
    covered = rooms.with_absorption(plain, np.broadcast_to(rooms.absorption(plain), (6, 7)))
    one, other = (rir.late(room, PANNER, RATE).astype(float) for room in (plain, covered))
    assert np.abs(one - other).max() < 1e-6 * np.abs(one).max()
    one, other = (rir.early(source(), room, PANNER, RATE).astype(float) for room in (plain, covered))
    assert np.abs(one - other[:, : one.shape[1]]).max() < 1e-6
    assert rir.late_send(source(), plain) == pytest.approx(rir.late_send(source(), covered))


@pytest.mark.parametrize(
    "materials",
    [
        ("plasterboard", "wooden floor", "plasterboard"),
        ("brick", "carpet", "wood panels"),
        ("wood panels", "linoleum", "plasterboard"),
    ],
)
def test_every_octave_falls_as_eyring_says(materials):
    room = with_materials(Room((10, 8, 4)), *materials)
    response = whole_response(room, source(distance=3))
    third = np.array([2 ** (-1 / 6), 2 ** (1 / 6)])  # at the edges of an octave its neighbours ring as well
    for octave, t60 in zip(Room.OCTAVES, rooms.t60_of(room), strict=True):
        band = signal.sosfilt(signal.butter(4, third * octave, "bandpass", fs=RATE, output="sos"), response)
        assert fitted_t60(band) == pytest.approx(t60, rel=0.1), octave


def test_octaves_of_the_reverberation_have_the_energy_of_their_own_decay():
    room = with_materials(Room((10, 8, 4)), "brick", "carpet", "wood panels")
    response = rir.late(room, PANNER, RATE).astype(float)[MAIN]
    power = np.sum(np.abs(np.fft.rfft(response)) ** 2, axis=0)
    frequencies = np.fft.rfftfreq(response.shape[1], 1 / RATE)
    found = [power[np.abs(np.log2(np.maximum(frequencies, 1) / octave)) < 1 / 8].mean() for octave in Room.OCTAVES]
    t60, start = rooms.t60_of(room), rooms.mixing_time(room)
    law = t60 * np.exp(-13.8 * start / t60)
    assert 10 * np.log10(np.array(found) / found[3] / (law / law[3])) == pytest.approx(0, abs=1.5)


def test_a_reflection_is_as_soft_in_each_octave_as_its_walls():
    shares = np.linspace([0.2] * 7, [0.7] * 7, 6) * np.linspace(0.5, 1.2, 7)
    levels, hits = np.sqrt(1 - shares), np.array([[1, 0, 0, 1, 0, 1]])
    spectra = np.exp(hits @ octaves.minimum_phase(levels, RATE))
    response = rir.delayed(np.array([0.0]), np.array([[1.0]]), spectra)[0]
    assert not np.abs(response[: LEAD - 1]).max() > 1e-6, "it starts before its time"
    magnitude = np.abs(np.fft.rfft(response, RATE))[list(Room.OCTAVES)]
    assert 20 * np.log10(magnitude / np.prod(levels[[0, 3, 5]], axis=0)) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("rate", [8000, 48000])
def test_bands_add_up_to_all_of_it(rate):
    noise = np.random.default_rng(2).standard_normal(1001)
    assert octaves.shaped(noise, np.ones((7, 1001)), rate) == pytest.approx(noise)
    assert octaves.weights(np.array(Room.OCTAVES, float)) == pytest.approx(np.eye(7), abs=1e-12)


@pytest.mark.parametrize("size", [(6.0, 5.0, 3.0), (10.0, 8.0, 4.0)])
def test_image_sources_against_pyroomacoustics(size):
    import pyroomacoustics

    room = Room(size, 0.5)
    listening, spot = rooms.listener(room), rooms.place(room, 40, 3, 2)
    share = float(rooms.absorption(room)[0, 0])
    model = pyroomacoustics.ShoeBox(size, fs=RATE, materials=pyroomacoustics.Material(share), max_order=3)
    model.add_source(spot)
    model.add_microphone(listening)
    before = pyroomacoustics.constants.get("rir_hpf_enable")
    pyroomacoustics.constants.set("rir_hpf_enable", False)
    model.compute_rir()
    pyroomacoustics.constants.set("rir_hpf_enable", before)
    assert model.sources[0].images.shape[1] == len(rooms.images(size, spot, 3)[0])

    ours = rir.early(source(40, 2.0, 3), room, PANNERS["AmbiX"], RATE)[0]  # W hears all directions alike
    length = 1 << 14
    turns = np.arange(length // 2 + 1) / length
    early = np.exp(2j * np.pi * turns * (2.0 / 343 * RATE + 40 - LEAD))
    theirs = np.fft.rfft(model.rir[0][0] * 2.0, length) * early
    heard = turns < 18000 / RATE
    difference = np.abs(np.fft.rfft(ours, length) - theirs)[heard]
    assert 10 * np.log10(np.sum(difference**2) / np.sum(np.abs(theirs[heard]) ** 2)) < -45
