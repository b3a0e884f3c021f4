"""The panners of headphones and of AmbiX."""

import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import fftconvolve
from see2sound_nodes.s2s_core.spatialize import pan_fields
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.spatialize.pan import panner

EARS, FIELD = panner(LAYOUTS["binaural"]), panner(LAYOUTS["AmbiX"])
RANDOM = np.random.default_rng(4)
AZIMUTH, ELEVATION, WIDTH = RANDOM.uniform(-400, 400, 500), RANDOM.uniform(-90, 90, 500), RANDOM.uniform(0, 360, 500)
DEGREES = 5.0 * np.arange(72)

ANGLES = {"azimuth": st.floats(-720, 720), "elevation": st.floats(-90, 90) | st.sampled_from([-90, 0, 90])}


# --- headphones ------------------------------------------------------------------------------------------------------


@given(**ANGLES, width=st.floats(0, 360) | st.just(0))
def test_amplitudes_sum_to_one(azimuth, elevation, width):
    gains = EARS(azimuth, elevation, width)
    assert (gains >= 0).all() and gains.sum() == pytest.approx(1, abs=1e-12)


def test_a_direction_of_the_table_is_that_alone_and_between_two_they_share_linearly():
    np.testing.assert_array_equal(EARS(DEGREES), np.eye(72))
    assert EARS(31)[[6, 7]] == pytest.approx([0.8, 0.2])
    assert EARS(-31)[[72 - 6, 72 - 7]] == pytest.approx([0.8, 0.2])
    assert EARS(-179)[[36, 37]] == pytest.approx([0.8, 0.2])


def test_ears_mirror_exactly():
    swap = -np.arange(72)
    assert np.array_equal(EARS(-AZIMUTH, ELEVATION, WIDTH), EARS(AZIMUTH, ELEVATION, WIDTH)[:, swap])
    assert np.array_equal(EARS(-AZIMUTH, ELEVATION), EARS(AZIMUTH, ELEVATION)[:, swap])


def test_elevation_keeps_the_angle_off_the_median_plane():
    """The mean of sin(azimuth) over what sounds is sin az cos el, but for the table's 5 degrees."""
    lateral = EARS(AZIMUTH, ELEVATION) @ np.sin(np.radians(DEGREES))
    wanted = np.sin(np.radians(AZIMUTH)) * np.cos(np.radians(ELEVATION))
    assert lateral == pytest.approx(wanted, abs=1e-3)


def test_above_and_below_is_centred_and_half_behind():
    for elevation in (90, -90):
        for azimuth in (0, 77, 90, -120, 180):
            gains = EARS(azimuth, elevation)
            assert gains[[0, 36]] == pytest.approx(0.5) and gains.sum() == pytest.approx(1)
    assert EARS(0, 30)[0] == pytest.approx((1 + np.cos(np.radians(30))) / 2)
    assert EARS(180, 30)[36] == pytest.approx((1 + np.cos(np.radians(30))) / 2)


def test_nothing_jumps():
    for elevation in (-85, -40, 0, 30, 60, 90):
        assert np.abs(np.diff(EARS(np.arange(-200, 200, 0.1), elevation), axis=0)).max() < 0.025
    for azimuth in (0, 45, 90, 100, 180):
        assert np.abs(np.diff(EARS(azimuth, np.arange(-90, 90.05, 0.1)), axis=0)).max() < 0.025


def test_a_wide_thing_is_the_mean_of_nine_directions():
    expected = np.mean([EARS(70 + 5 * step, 20) for step in range(-4, 5)], axis=0)
    assert EARS(70, 20, 45) == pytest.approx(expected, abs=1e-12)


def test_a_diffuse_sound_has_power_one_from_every_thirty_degrees():
    assert np.flatnonzero(EARS.diffuse).tolist() == list(range(0, 72, 6))
    assert np.sum(EARS.diffuse**2) == pytest.approx(1)


@pytest.fixture
def table(monkeypatch):
    """[72, 2, 37]: noise in place of measured responses."""
    noise = np.random.default_rng(5).standard_normal((72, 2, 37)).astype(np.float32)
    stand_in = ModuleType("binaural")
    stand_in.hrirs = lambda sample_rate: noise
    monkeypatch.setitem(sys.modules, f"{pan_fields.__package__}.binaural", stand_in)
    pan_fields._spectra.cache_clear()
    yield noise
    pan_fields._spectra.cache_clear()


@pytest.mark.parametrize("length", [1, 36, 263, 264, 265, 5000])
def test_ears_hear_the_sum_of_all_directions(table, length):
    responses = np.zeros((72, length), np.float32)
    for direction in (0, 7, 71):
        responses[direction] = RANDOM.standard_normal(length)
    heard = EARS.finish(responses, 48000)
    slow = sum(fftconvolve(responses[d][None].astype(float), table[d].astype(float), axes=1) for d in range(72))
    assert heard.dtype == np.float32 and heard.shape == (2, length + 36)
    assert heard == pytest.approx(slow, abs=1e-4)


def test_a_click_from_one_direction_is_its_response(table):
    responses = np.zeros((72, 100), np.float32)
    responses[18, 10] = 0.5
    heard = EARS.finish(responses, 48000)
    assert heard[:, 10:47] == pytest.approx(table[18] / 2, abs=1e-6)
    assert not np.abs(heard[:, :10]).max() > 1e-6


def test_silence_stays_silence(table):
    assert not EARS.finish(np.zeros((72, 50), np.float32), 48000).any()


# --- AmbiX -----------------------------------------------------------------------------------------------------------


@given(**ANGLES)
def test_the_formula(azimuth, elevation):
    a, e = np.radians(azimuth), np.radians(elevation)
    wanted = [1, np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)]
    assert FIELD(azimuth, elevation) == pytest.approx(np.array(wanted), abs=1e-12)


def test_a_mirrored_direction_turns_only_y():
    mirrored = FIELD(AZIMUTH, ELEVATION, WIDTH) * [1, -1, 1, 1]
    assert np.array_equal(FIELD(-AZIMUTH, ELEVATION, WIDTH), mirrored)


def test_width_shortens_the_first_order_and_keeps_the_direction():
    point, wide = FIELD(40, 20), FIELD(40, 20, 90)
    share = np.mean(np.cos(np.radians(90 * np.arange(-4, 5) / 9)))
    assert wide == pytest.approx([1, point[1] * share, point[2], point[3] * share])


def test_a_diffuse_field_has_a_third_of_the_energy_in_each_axis():
    """The mean over the sphere."""
    random = np.random.default_rng(6)
    gains = FIELD(random.uniform(-180, 180, 100_000), np.degrees(np.arcsin(random.uniform(-1, 1, 100_000))))
    assert FIELD.diffuse**2 == pytest.approx(np.mean(gains**2, axis=0), abs=0.01)
    assert FIELD.diffuse[0] == 1


def test_responses_of_harmonics_are_finished():
    responses = np.ones((4, 3), np.float32)
    assert FIELD.finish(responses, 48000) is responses
