"""The stand-in without weights: it reverberates as long as it is told."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core import models
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.evaluate.avitar import guess
from see2sound_nodes.s2s_core.evaluate.avitar.match import BACKENDS, Settings, match
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import AudioTrack, Layout, Picture, Room, Speaker, Surround

HOST = HeadlessRuntime("cpu")
PICTURE = Picture(np.zeros((20, 20, 3), np.float32))
HALL = Room((30.0, 20.0, 12.0), 1.8, name="hall")
STEREO = Layout("stereo", (Speaker("FL"), Speaker("FR")), 3, "stereo")


def run(sound, room=HALL, **settings):
    model = models.load("evaluate", BACKENDS, "room guess (no weights)", HOST)
    return match(model, PICTURE, sound, Settings(room=room, **settings), runtime=HOST)


def noise(*shape):
    return (0.1 * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("t60", [0.3, 1.8, 6.0])
@pytest.mark.parametrize("rate", [16000, 48000])
def test_it_dies_away_in_t60(t60, rate):
    (response,) = guess.response(Room(t60=t60), 1, rate, 0)
    left = 10 * np.log10(np.cumsum(response[:0:-1] ** 2)[::-1])  # backward integration, after Schroeder (1965)
    left -= left[0]
    early, late = (int(np.argmax(left < level)) for level in (-5, -35))
    assert 2 * (late - early) / rate == pytest.approx(t60, rel=0.1)
    assert np.sum(response**2) == pytest.approx(1) and response[0] == np.abs(response).max()


def test_larger_rooms_with_the_same_t60_are_drier():
    small, large = (guess.response(Room(size, 1.0), 1, 16000, 0)[0, 0] for size in ((3, 3, 3), (30, 30, 10)))
    assert small < large < 1


def test_length_rate_and_level_stay():
    sound = AudioTrack(noise(48000), 48000)
    found = run(sound)
    assert found.sample_rate == 48000 and found.samples.shape == (48000,) and found.samples.dtype == np.float32
    loud = [np.mean(track.samples[24000:] ** 2) for track in (sound, found)]
    assert 10 * np.log10(loud[1] / loud[0]) == pytest.approx(0, abs=1.5)


def test_channels_are_not_alike_and_the_seed_decides():
    sound = Surround(np.tile(noise(1, 16000), (2, 1)), 16000, STEREO)
    found, again, other = (run(sound, seed=seed).samples for seed in (0, 0, 1))
    assert not np.array_equal(found[0], found[1])
    assert np.array_equal(found, again) and not np.array_equal(found, other)


def test_the_open_air_changes_nothing():
    sound = AudioTrack(noise(9000), 16000)
    assert np.array_equal(run(sound, Room(t60=0.0)).samples, sound.samples)


def test_nothing_goes_beyond_1():
    loud = np.sign(noise(30000))
    assert np.abs(run(AudioTrack(loud, 16000)).samples).max() <= 1


def test_a_t60_that_no_room_has():
    with pytest.raises(InputError, match="T60 of the hall is 25 s; allowed is 0 to 20 s"):
        run(AudioTrack(noise(9000), 16000), Room(t60=25.0, name="hall"))
