"""Loudspeakers: golden gains, and what must hold for every layout and every direction."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS, main_channels
from see2sound_nodes.s2s_core.spatialize.pan import LAWS, panner

SURROUND = LAYOUTS["5.1"]
AROUND = np.random.default_rng(1).uniform(-180, 180, 1000)
LOUDSPEAKERS = [name for name, layout in LAYOUTS.items() if layout.kind == "speakers"]
EVERY = [(layout, law) for layout in LOUDSPEAKERS for law in LAWS]

# azimuth: {channel: gain}; channels FL FR FC LFE BL BR
GOLDEN = {
    "VBAP": {
        10: {0: 0.453, 2: 0.892},
        20: {0: 0.892, 2: 0.453},
        45: {0: 0.962, 4: 0.275},
        60: {0: 0.837, 4: 0.547},
        90: {0: 0.367, 4: 0.930},
        135: {4: 0.906, 5: 0.423},
        180: {4: 0.707, 5: 0.707},
    },
    "VBIP": {
        10: {0: 0.580, 2: 0.814},
        20: {0: 0.814, 2: 0.580},
        45: {0: 0.882, 4: 0.471},
        60: {0: 0.778, 4: 0.628},
        90: {0: 0.532, 4: 0.847},
        135: {4: 0.826, 5: 0.564},
        180: {4: 0.707, 5: 0.707},
    },
}


def energy_azimuth(gains, layout):
    """Azimuth in degrees of the energy vector of [..., C]."""
    units = np.exp(1j * np.radians([speaker.azimuth for speaker in layout.speakers]))
    return np.degrees(np.angle((gains**2) @ units))


def turn(degrees):
    return (degrees + 180) % 360 - 180


@pytest.mark.parametrize(("law", "azimuth"), [(law, azimuth) for law in GOLDEN for azimuth in GOLDEN[law]])
def test_golden_gains(law, azimuth):
    expected = np.zeros(6)
    for channel, gain in GOLDEN[law][azimuth].items():
        expected[channel] = gain
    assert panner(SURROUND, law)(azimuth) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("law", LAWS)
def test_a_loudspeaker_plays_its_own_direction_alone(law):
    for layout in (LAYOUTS[name] for name in LOUDSPEAKERS):
        for channel in main_channels(layout):
            gains = panner(layout, law)(layout.speakers[channel].azimuth, layout.speakers[channel].elevation)
            assert gains[channel] == pytest.approx(1) and np.sum(gains > 1e-7) == 1


@pytest.mark.parametrize(("layout", "law"), EVERY)
def test_power_is_one_and_the_lfe_silent(layout, law):
    elevation, width = AROUND / 2, np.abs(AROUND) * 2
    gains = panner(LAYOUTS[layout], law)(AROUND, elevation, width)
    assert np.sum(gains**2, axis=1) == pytest.approx(np.ones(1000), abs=1e-12)
    assert not gains[:, [speaker.lfe for speaker in LAYOUTS[layout].speakers]].any()


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1"])
def test_energy_vector_points_at_the_source(layout):
    error = turn(energy_azimuth(panner(LAYOUTS[layout])(AROUND), LAYOUTS[layout]) - AROUND)
    assert np.abs(error).max() < 0.1
    whole = np.arange(-180.0, 180.0)
    error = turn(energy_azimuth(panner(LAYOUTS[layout])(whole), LAYOUTS[layout]) - whole)
    assert np.abs(error).max() < 1e-9


def test_velocity_vector_of_the_amplitude_law_points_at_the_source():
    units = np.exp(1j * np.radians([speaker.azimuth for speaker in SURROUND.speakers]))
    whole = np.arange(-180.0, 180.0)
    assert turn(np.degrees(np.angle(panner(SURROUND, "VBAP")(whole) @ units)) - whole) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("layout", "law"), EVERY)
def test_mirrored_direction_mirrors_the_channels_exactly(layout, law):
    gains = panner(LAYOUTS[layout], law)
    places = [(speaker.azimuth, speaker.elevation, speaker.lfe) for speaker in LAYOUTS[layout].speakers]
    swap = [places.index((-azimuth, elevation, lfe)) for azimuth, elevation, lfe in places]
    elevation, width = AROUND[::-1] / 2, np.abs(AROUND)
    assert np.array_equal(gains(-AROUND, elevation, width), gains(AROUND, elevation, width)[:, swap])
    assert np.array_equal(gains(-AROUND, elevation), gains(AROUND, elevation)[:, swap])


@pytest.mark.parametrize(("law", "most"), [("VBIP", 0.005), ("VBAP", 0.007)])
@pytest.mark.parametrize("layout", LOUDSPEAKERS)
def test_a_small_step_changes_little(layout, law, most):
    squares = panner(LAYOUTS[layout], law)(np.arange(-200, 200, 0.1)) ** 2
    assert np.abs(np.diff(squares, axis=0)).max() < most


def test_width_is_the_mean_power_across_the_object():
    for layout, elevation in (("5.1", 0), ("5.1", 20), ("7.1.4", 20), ("7.1.4", -50)):
        gains = panner(LAYOUTS[layout])
        expected = np.mean([gains(70 + step * 40 / 9, elevation) ** 2 for step in range(-4, 5)], axis=0)
        assert gains(70, elevation, 40) ** 2 == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("layout", LOUDSPEAKERS)
def test_a_diffuse_sound_has_power_one_evenly_over_all_but_the_lfe(layout):
    gains, main = panner(LAYOUTS[layout]), main_channels(LAYOUTS[layout])
    assert gains.layout is LAYOUTS[layout]
    assert gains.diffuse.shape == (len(LAYOUTS[layout].speakers),)
    assert gains.diffuse[main] == pytest.approx(1 / np.sqrt(len(main)))
    assert np.sum(gains.diffuse**2) == pytest.approx(1)


@pytest.mark.parametrize("layout", LOUDSPEAKERS)
def test_responses_of_loudspeakers_are_finished(layout):
    responses = np.ones((len(LAYOUTS[layout].speakers), 3), np.float32)
    assert panner(LAYOUTS[layout]).finish(responses, 48000) is responses


def test_the_zenith_is_everywhere_and_full_width_surrounds():
    assert panner(SURROUND)(37, 90)[[0, 1, 2, 4, 5]] == pytest.approx(np.full(5, np.sqrt(0.2)))
    assert panner(SURROUND)(0, 60)[2] ** 2 == pytest.approx(0.25 + 0.75 / 5)
    assert (panner(SURROUND)(0, 0, 360)[[0, 1, 2, 4, 5]] > 0.2).all()


def test_stereo_folds_what_is_behind_to_the_front_and_limits_the_sides():
    gains = panner(LAYOUTS["stereo"])
    assert gains(180) == pytest.approx(gains(0))
    assert gains(165) == pytest.approx(gains(15))
    assert gains([31, 90, 149]) == pytest.approx(np.array([[1, 0]] * 3))
    assert gains(-100) == pytest.approx([0, 1])


def test_a_direction_is_the_same_a_full_turn_on():
    assert panner(SURROUND)([-190, 370.5]) == pytest.approx(panner(SURROUND)([170, 10.5]))


def test_unknown_law_is_named():
    for layout in LAYOUTS.values():
        with pytest.raises(InputError, match="panning law is 'loud'; allowed is one of: VBIP, VBAP"):
            panner(layout, "loud")


def test_layouts_are_as_the_standards_say():
    assert {name: layout.wave_mask for name, layout in LAYOUTS.items()} == {
        "stereo": 0x3,
        "5.1": 0x3F,
        "5.1(side)": 0x60F,
        "7.1": 0x63F,
        "7.1.4": 0x2D63F,
        "binaural": 0x3,
        "AmbiX": 0,
    }
    assert LAYOUTS["5.1"].labels == ("FL", "FR", "FC", "LFE", "BL", "BR")
    for layout in (LAYOUTS[name] for name in LOUDSPEAKERS):
        assert bin(layout.wave_mask).count("1") == len(layout.speakers)
