"""Sources that move: they sound from their way, and nobody hears the joints."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core import spatialize
from see2sound_nodes.s2s_core.spatialize import LAYOUTS, ROOMS, Mixing
from see2sound_nodes.s2s_core.spatialize.layouts import main_channels
from see2sound_nodes.s2s_core.types import AudioTrack, SoundSource, Trajectory

RATE = 48000
AIR = ROOMS["outdoors"]


def path(*knots):
    """Knots of (time, azimuth, elevation, distance)."""
    return Trajectory(*(np.array(column, float) for column in zip(*knots, strict=True)))


def source(*knots, **more):
    return SoundSource("bird", path(*knots), **more)


def noise(seconds, rate=RATE):
    return AudioTrack((np.random.default_rng(4).standard_normal(round(seconds * rate)) * 0.1).astype(np.float32), rate)


def unlevelled(sound):
    return sound.samples.astype(float) / 10 ** (sound.gain_db / 20)


def decibels(difference, reference):
    return 10 * np.log10(np.sum(difference**2) / np.sum(reference**2) + 1e-30)


@pytest.mark.parametrize("layout", ["5.1", "7.1.4", "AmbiX"])
@pytest.mark.parametrize("room", ["living room", "outdoors"])
def test_a_path_that_stays_where_it_is_equals_a_place(room, layout):
    still = source((0, 50, 10, 3), width=20)
    waiting = source((0, 50, 10, 3), (1, 50, 10, 3 + 1e-9), width=20)
    a, b = (unlevelled(spatialize.run([s], [noise(1.5)], room=ROOMS[room], layout=layout)) for s in (still, waiting))
    assert a.shape == b.shape and decibels(a - b, a) < -60


def test_with_headphones_too():
    still, waiting = source((0, -30, 0, 3)), source((0, -30, 0, 3), (1, -30, 0, 3 + 1e-9))
    a, b = (unlevelled(spatialize.run([s], [noise(1)], layout="binaural")) for s in (still, waiting))
    assert decibels(a - b, a) < -60


def test_it_is_heard_where_it_is():
    layout = LAYOUTS["5.1"]
    sound = unlevelled(spatialize.run([source((0, -60, 0, 2), (4, 60, 0, 2))], [noise(4)], room=AIR, tail=False))
    main = main_channels(layout)
    units = np.exp(1j * np.radians([layout.speakers[channel].azimuth for channel in main]))
    for time in np.arange(0.5, 4, 0.5):
        around = sound[main, round((time - 0.05) * RATE) : round((time + 0.05) * RATE)]
        heard = np.degrees(np.angle(np.sum(around**2, axis=1) @ units))
        assert heard == pytest.approx(-60 + 30 * time, abs=2.5)


@pytest.mark.parametrize("layout", ["5.1", "7.1.4"])
@pytest.mark.parametrize("room", ["outdoors", "living room"])
def test_a_tone_that_moves_has_no_clicks(room, layout):
    tone = (0.2 * np.sin(2 * np.pi * 1000 * np.arange(10 * RATE) / RATE)).astype(np.float32)
    moving = source((0, -60, 0, 2), (10, 60, 0, 2))
    scene = {"sources": [moving], "tracks": [AudioTrack(tone, RATE)], "room": ROOMS[room], "layout": layout}
    sound = unlevelled(spatialize.run(**scene, tail=False))
    window = np.hanning(8 * RATE)  # its own skirts lie far below
    frequencies = np.fft.rfftfreq(8 * RATE, 1 / RATE)
    for channel in (0, 1, 2):
        power = np.abs(np.fft.rfft(sound[channel, RATE : 9 * RATE] * window)) ** 2
        beyond = power[np.abs(frequencies - 1000) > 30].max() / power.max()
        assert 10 * np.log10(beyond) < (-75 if layout == "5.1" else -74)


def test_nearer_is_louder():
    sound = unlevelled(spatialize.run([source((0, 0, 0, 8), (4, 0, 0, 2))], [noise(4)], room=AIR, tail=False))
    first, last = (np.mean(sound[2, part] ** 2) for part in (slice(0, 4800), slice(-4800, None)))
    # The ground's echo takes part: 0.4 dB at 8 m, where its way is hardly longer, and little at 2 m.
    assert 10 * np.log10(last / first) == pytest.approx(0.7 * 20 * np.log10(4), abs=1.5)


def test_the_sum_of_a_still_and_a_moving_source():
    still, moving = source((0, 80, 0, 2)), source((0, -60, 0, 2), (1, 0, 0, 3))
    tracks = [noise(1), noise(0.7)]
    both = unlevelled(spatialize.run([still, moving], tracks))
    alone = [unlevelled(spatialize.run([s], [t])) for s, t in zip((still, moving), tracks, strict=True)]
    for part in alone:
        both[:, : part.shape[1]] -= part
    assert np.abs(both).max() < 1e-5 * np.abs(alone[0]).max()


def test_travel_delays_by_the_first_distance():
    click = np.zeros(RATE, np.float32)
    click[1000] = 0.5
    moving = source((0, 30, 0, 34.3), (1, 30, 0, 30))
    sound = spatialize.run([moving], [AudioTrack(click, RATE)], room=AIR, mixing=Mixing(travel=True)).samples
    assert int(np.argmax(np.abs(sound[0]))) == 1000 + RATE // 10
