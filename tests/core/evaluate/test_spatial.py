"""Spatial truth of scenes whose truth is known: rendered, mirrored, swapped, silent."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from see2sound_nodes.s2s_core import spatialize
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.evaluate import spatial
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.spatialize.pan import panner
from see2sound_nodes.s2s_core.types import AudioTrack, Room, SoundSource, Surround, Trajectory

RATE = 16000
LAYOUT = LAYOUTS["5.1"]
PANNER = panner(LAYOUT)
AROUND = (-170.0, -100, -40, -10, 10, 25, 75, 160)
LEFT_FOR_RIGHT, FRONT_FOR_BACK = [1, 0, 2, 3, 5, 4], [4, 5, 2, 3, 0, 1]
NOISE = np.random.default_rng(8).normal(size=RATE).astype(np.float32) * 0.1


def panned(azimuth, sound=NOISE):
    return Surround((PANNER(azimuth)[:, None] * sound).astype(np.float32), RATE, LAYOUT, -23.0, -4.0)


def silence():
    return panned(0, 0 * NOISE)


def reordered(sound, channels):
    return replace(sound, samples=sound.samples[channels])


def summed(stems):
    return replace(stems[0], samples=sum(stem.samples for stem in stems))


def decaying(t60, seconds=1.5, direct=1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(3).normal(size=(6, len(time))) * np.exp(-np.log(1000) * time / t60) * 0.01
    noise[:, 0] += direct
    return Surround(noise.astype(np.float32), RATE, LAYOUT)


def test_a_true_scene_has_no_error():
    stems = [panned(azimuth) for azimuth in AROUND]
    result = spatial.score(summed(stems), stems, AROUND)
    assert result.direction_error == pytest.approx(0, abs=0.02)
    assert (result.left_right, result.front_back, result.scored, result.dead) == (1, 1, len(AROUND), ())
    assert (result.loudness, result.true_peak) == (-23.0, -4.0)


@given(st.floats(-180, 180))
def test_every_direction_is_found(azimuth):
    assert spatial.direction_error(panned(azimuth), azimuth) == pytest.approx(0, abs=0.02)
    turned = spatial.direction(panned(azimuth)) - azimuth
    assert abs((turned + 180) % 360 - 180) < 0.02


@pytest.mark.parametrize("azimuth", [-60.0, -20, 0, 20, 90])
def test_a_mirrored_scene_has_the_mirrored_error(azimuth):
    mirrored = reordered(panned(azimuth), LEFT_FOR_RIGHT)
    assert spatial.direction_error(mirrored, azimuth) == pytest.approx(2 * abs(azimuth), abs=0.02)


@pytest.mark.parametrize(("channels", "sides"), [(LEFT_FOR_RIGHT, (0, 1)), (FRONT_FOR_BACK, (1, 0))])
def test_swapped_channels_show(channels, sides):
    azimuths = (30.0, -30, 110, -110)
    stems = [reordered(panned(azimuth), channels) for azimuth in azimuths]
    result = spatial.score(summed(stems), stems, azimuths)
    assert (result.left_right, result.front_back) == sides and result.direction_error > 50


def test_a_source_straight_ahead_is_neither_left_nor_right():
    result = spatial.score(panned(2), [panned(-2), panned(90)], [2, 90])
    assert (result.left_right, result.front_back, result.scored) == (1, 1, 2)


def test_blocks_count_by_their_energy():
    loud, soft = panned(30, 2 * NOISE), panned(-30)
    both = replace(loud, samples=np.concatenate([loud.samples, soft.samples], axis=1))
    assert spatial.direction_error(both, 30) == pytest.approx(60 / 5, abs=0.01)


@pytest.mark.parametrize(("name", "scored"), [("stereo", False), ("5.1", True), ("7.1", True)])
def test_front_and_back_are_scored_only_where_a_loudspeaker_stands_behind(name, scored):
    layout = LAYOUTS[name]
    sounds = [Surround((panner(layout)(a)[:, None] * NOISE).astype(np.float32), RATE, layout) for a in (30.0, 150.0)]
    result = spatial.score(sounds[0], sounds, [30.0, 150.0])
    assert result.left_right == 1 and result.front_back == (1 if scored else None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": np.zeros((6, 7), np.float32)}, "stem 2 is 5.1, 16000 Hz, 7 samples, the mix 5.1"),
        ({"sample_rate": 8000}, "stem 2 is 5.1, 8000 Hz"),
        ({"layout": LAYOUTS["stereo"], "samples": np.zeros((2, RATE), np.float32)}, "stem 2 is stereo"),
    ],
)
def test_stems_that_are_not_of_the_mix_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        spatial.score(panned(0), [panned(0), replace(panned(0), **change)], [0, 0])


def test_silence_is_not_scored():
    result = spatial.score(silence(), [silence(), panned(40)], [10, 40])
    assert result.scored == 1 and result.direction_error == pytest.approx(0, abs=0.02) and result.dead is None
    nothing = spatial.score(silence(), [silence()], [10])
    assert (nothing.direction_error, nothing.left_right, nothing.front_back, nothing.scored) == (None, None, None, 0)
    for measure in (spatial.direction, spatial.decay_time, spatial.direct_to_reverberant):
        assert measure(silence()) is None
    assert spatial.direction_error(silence(), 0) is None


def test_what_points_nowhere_has_no_direction():
    wide = LAYOUTS["7.1"]
    both_sides = np.zeros((8, RATE), np.float32)
    both_sides[[6, 7]] = NOISE
    assert spatial.direction(Surround(both_sides, RATE, wide)) is None
    assert spatial.direction_error(Surround(both_sides, RATE, wide), 90) is None


@pytest.mark.parametrize(("gain", "dead"), [(0.0, ("FR",)), (0.0009, ("FR",)), (0.0011, ())])
def test_dead_channels_are_named(gain, dead):
    samples = np.tile(NOISE, (6, 1))
    samples[1] *= gain
    samples[3] = 0  # the LFE may be silent
    assert spatial.dead_channels(Surround(samples, RATE, LAYOUT)) == dead


@pytest.mark.parametrize("t60", [0.2, 0.5, 1.0])
def test_the_decay_is_measured(t60):
    assert spatial.decay_time(decaying(t60, direct=0.05)) == pytest.approx(t60, rel=0.03)


def test_a_lone_click_has_no_decay_and_is_all_direct():
    click = panned(20, np.eye(1, RATE, 5, dtype=np.float32)[0])
    assert spatial.decay_time(click) is None and spatial.direct_to_reverberant(click) == np.inf


@pytest.mark.parametrize("ratio", [-6.0, 0.0, 12.0])
def test_direct_against_reverberant(ratio):
    samples = np.zeros((6, RATE), np.float32)
    samples[0, 100] = 1
    samples[4, 3000:3004] = np.sqrt(10 ** (-ratio / 10) / 4)
    assert spatial.direct_to_reverberant(Surround(samples, RATE, LAYOUT)) == pytest.approx(ratio, abs=1e-4)


@pytest.mark.parametrize("azimuth", [-75.0, 20.0, 130.0])
def test_a_rendered_room_is_true_to_its_numbers(azimuth):
    source = SoundSource("click", Trajectory.still(azimuth, 0.0, 1.5))
    click = AudioTrack(np.eye(1, 400, 0, dtype=np.float32)[0], RATE)
    response = spatialize.run([source], [click], room=Room((6, 5, 3), 0.5))
    assert spatial.decay_time(response) == pytest.approx(0.5, rel=0.05)
    result = spatial.score(response, [response], [azimuth])
    assert (result.left_right, result.front_back, result.dead) == (1, 1, ()) and result.direction_error < 20
    assert result.loudness == response.loudness


def swept(azimuths):
    """A sound that is panned anew for each 50 ms."""
    blocks = np.array_split(NOISE, len(azimuths))
    parts = [panned(azimuth, block).samples for azimuth, block in zip(azimuths, blocks, strict=True)]
    return Surround(np.concatenate(parts, axis=1), RATE, LAYOUT)


PASSING = Trajectory(np.array([0.0, 1.0]), np.array([60.0, -60.0]), np.zeros(2), np.full(2, 3.0))
MIDDLES = 60 - 120 * (np.arange(20) + 0.5) / 20


@pytest.mark.parametrize("late", [0.0, 12.0])
def test_a_source_that_moves_is_judged_by_where_it_is_at_the_time(late):
    source, sound = SoundSource("car", PASSING), swept(MIDDLES + late)
    assert spatial.direction_error(sound, source) == pytest.approx(late, abs=0.02)
    result = spatial.score(sound, [sound], [source])
    assert (result.left_right, result.front_back, result.scored) == (1, 1, 1)


def test_a_source_that_moves_counts_once_for_each_side():
    source, left, right = SoundSource("car", PASSING), swept(np.full(20, 30.0)), swept(-MIDDLES)
    assert spatial.score(left, [left], [source]).left_right == 0.5
    assert spatial.score(right, [right], [source]).left_right == 0


def test_a_path_round_the_back_is_followed_the_short_way():
    path = Trajectory(np.array([0.0, 0.5, 1.0]), np.array([150.0, 170.0, -150.0]), np.zeros(3), np.ones(3))
    middles = (np.arange(20) + 0.5) / 20
    sound = swept(np.where(middles < 0.5, 150 + 40 * middles, 170 + 80 * (middles - 0.5)))
    assert spatial.direction_error(sound, SoundSource("cat", path)) == pytest.approx(0, abs=0.02)


def test_a_moving_source_is_rendered_where_it_is():
    source = SoundSource("car", PASSING)
    sound = spatialize.run([source], [AudioTrack(NOISE, RATE)], room=spatialize.ROOMS["outdoors"], tail=False)
    assert spatial.direction_error(sound, source) < 2
    assert spatial.direction_error(sound, 60.0) == pytest.approx(60, abs=3)


def test_a_still_source_is_its_azimuth():
    source, sound = SoundSource("tree", Trajectory.still(50.0, 0.0, 3.0)), panned(40)
    assert spatial.direction_error(sound, source) == spatial.direction_error(sound, 50.0)


def test_what_is_refused():
    with pytest.raises(InputError, match="the sound is binaural"):
        spatial.direction(Surround(np.ones((2, RATE), np.float32), RATE, LAYOUTS["binaural"]))
    with pytest.raises(InputError, match="1 stems and 2 places"):
        spatial.score(panned(0), [panned(0)], [0, 1])
    with pytest.raises(InputError, match="azimuth of a source is nan"):
        spatial.score(panned(0), [panned(0)], [float("nan")])
    broken = panned(0)
    broken.samples[0, 7] = np.nan
    with pytest.raises(InputError, match="1 samples that are not finite"):
        spatial.direction(broken)
    with pytest.raises(InputError, match="no samples"):
        spatial.direction(Surround(np.zeros((6, 0), np.float32), RATE, LAYOUT))
