"""Loudspeakers at several heights: what the dome adds to `test_pan`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.spatialize.pan import LAWS, panner
from see2sound_nodes.s2s_core.types import Layout, Speaker

DOME = LAYOUTS["7.1.4"]
EAR_LEVEL = [channel for channel, speaker in enumerate(DOME.speakers) if not speaker.lfe and not speaker.elevation]
ABOVE = [channel for channel, speaker in enumerate(DOME.speakers) if speaker.elevation]


def vectors(azimuth, elevation):
    azimuth, elevation = np.radians(azimuth), np.radians(elevation)
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=-1)


SPEAKERS = vectors(*np.transpose([(speaker.azimuth, speaker.elevation) for speaker in DOME.speakers]))


def apart(ours, wanted):
    """Degrees between vectors [N, 3]; exact for small angles."""
    return np.degrees(2 * np.arcsin(np.linalg.norm(ours / np.linalg.norm(ours, axis=1)[:, None] - wanted, axis=1) / 2))


@pytest.mark.parametrize(("law", "power"), [("VBIP", 2), ("VBAP", 1)])
def test_the_vector_of_the_law_points_at_the_source_anywhere_above_the_horizon(law, power):
    random = np.random.default_rng(2)
    azimuth, elevation = random.uniform(-180, 180, 2000), np.degrees(np.arcsin(random.uniform(0, 1, 2000)))
    gains = panner(DOME, law)(azimuth, elevation)
    inside = np.ones(2000, bool) if law == "VBIP" else np.sum(gains > 1e-9, axis=1) <= 3
    assert inside.sum() > 500
    assert apart((gains**power @ SPEAKERS)[inside], vectors(azimuth, elevation)[inside]).max() < 1e-4


def test_golden_gains():
    """By hand. Zenith: four alike. FC, TFL, TFR at 45 degrees up: their heights give TFL and TFR together sin 45 /
    sin 45 = 1, so that FC's weight is cos 45 - cos 45 cos 45. Nadir: the ear level alike."""
    gains = panner(DOME)
    assert gains(0, 90)[ABOVE] == pytest.approx(np.full(4, 0.5))
    assert gains(0, -90)[EAR_LEVEL] == pytest.approx(np.full(7, 1 / np.sqrt(7)))
    front = np.sqrt(0.5) - 0.5
    assert gains(0, 45)[2] == pytest.approx(np.sqrt(front / (1 + front)))
    assert gains(0, 45)[[8, 9]] == pytest.approx(np.sqrt(0.5 / (1 + front)))
    assert gains(180, 0)[[4, 5]] == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("law", LAWS)
def test_at_ear_height_it_is_the_ring(law):
    whole = np.arange(-180.0, 180.0)
    dome, ring = panner(DOME, law)(whole), panner(LAYOUTS["7.1"], law)(whole)
    assert dome[:, :8] ** 2 == pytest.approx(ring**2, abs=1e-12)
    assert dome[:, 8:] ** 2 == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("law", "most"), [("VBIP", 0.005), ("VBAP", 0.007)])
def test_a_small_step_in_any_direction_changes_little(law, most):
    gains = panner(DOME, law)
    for elevation in (-80, -30, -0.1, 20, 45, 50, 89):
        assert np.abs(np.diff(gains(np.arange(-200, 200, 0.1), elevation) ** 2, axis=0)).max() < most
    for azimuth in (0, 17, 45, 60, 90, 120, 180):
        assert np.abs(np.diff(gains(azimuth, np.arange(-90, 90.05, 0.1)) ** 2, axis=0)).max() < most


def test_over_the_top_nothing_jumps():
    gains = panner(DOME)
    around = gains(np.arange(0, 360, 5.0), 89.9) ** 2
    assert np.abs(around - gains(0, 90) ** 2).max() < 0.005


def test_what_is_below_is_still_heard_from_its_side():
    """The energy that the imaginary loudspeaker gives to all does not turn the azimuth by much."""
    azimuth = np.arange(-175.0, 180.0, 10)
    energy = (panner(DOME)(azimuth, -20) ** 2) @ SPEAKERS
    turned = (np.degrees(np.arctan2(energy[:, 1], energy[:, 0])) - azimuth + 180) % 360 - 180
    assert np.abs(turned).max() < 15
    assert energy[:, 2] == pytest.approx(0, abs=1e-12)


@given(
    azimuth=st.floats(-720, 720),
    elevation=st.floats(-90, 90) | st.sampled_from([-90, 0, 45, 90]),
    width=st.floats(0, 360) | st.just(0),
    law=st.sampled_from(sorted(LAWS)),
)
def test_every_direction_has_power_one(azimuth, elevation, width, law):
    gains = panner(DOME, law)(azimuth, elevation, width)
    assert np.isfinite(gains).all() and (gains >= 0).all() and gains[3] == 0
    assert np.sum(gains**2) == pytest.approx(1, abs=1e-12)


def test_another_dome_is_only_another_row():
    """5.1.2, which no table holds: two above, at the sides."""
    row = Layout("5.1.2", (*LAYOUTS["5.1"].speakers, Speaker("TSL", 90, 45), Speaker("TSR", -90, 45)), 0, "5.1.2")
    gains = panner(row)
    assert gains(0, 90)[[6, 7]] == pytest.approx(np.sqrt(0.5))
    assert gains(90, 45)[6] == pytest.approx(1)
    assert gains.diffuse[[0, 3, 7]] == pytest.approx([1 / np.sqrt(7), 0, 1 / np.sqrt(7)])


def test_angles_broadcast():
    assert panner(DOME)(np.zeros((4, 1)), np.zeros(3), 10).shape == (4, 3, 12)
