"""Golden gains, and what must hold for every direction."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS, main_channels
from see2sound_nodes.s2s_core.spatialize.pan import LAWS, Panner

SURROUND = LAYOUTS["5.1"]
AROUND = np.random.default_rng(1).uniform(-180, 180, 1000)
EVERY = [(layout, law) for layout in LAYOUTS for law in LAWS]

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
    assert Panner(SURROUND, law)(azimuth) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("law", LAWS)
def test_a_loudspeaker_plays_its_own_direction_alone(law):
    for layout in LAYOUTS.values():
        for channel in main_channels(layout):
            gains = Panner(layout, law)(layout.speakers[channel].azimuth)
            assert gains[channel] == pytest.approx(1) and np.sum(gains > 1e-7) == 1


@pytest.mark.parametrize(("layout", "law"), EVERY)
def test_power_is_one_and_the_lfe_silent(layout, law):
    elevation, width = AROUND / 2, np.abs(AROUND) * 2
    gains = Panner(LAYOUTS[layout], law)(AROUND, elevation, width)
    assert np.sum(gains**2, axis=1) == pytest.approx(np.ones(1000), abs=1e-12)
    assert not gains[:, [speaker.lfe for speaker in LAYOUTS[layout].speakers]].any()


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1"])
def test_energy_vector_points_at_the_source(layout):
    error = turn(energy_azimuth(Panner(LAYOUTS[layout], "VBIP")(AROUND), LAYOUTS[layout]) - AROUND)
    assert np.abs(error).max() < 0.1
    whole = np.arange(-180.0, 180.0)
    error = turn(energy_azimuth(Panner(LAYOUTS[layout], "VBIP")(whole), LAYOUTS[layout]) - whole)
    assert np.abs(error).max() < 1e-9


def test_velocity_vector_of_the_amplitude_law_points_at_the_source():
    units = np.exp(1j * np.radians([speaker.azimuth for speaker in SURROUND.speakers]))
    whole = np.arange(-180.0, 180.0)
    assert turn(np.degrees(np.angle(Panner(SURROUND, "VBAP")(whole) @ units)) - whole) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("layout", "law"), EVERY)
def test_mirrored_direction_mirrors_the_channels_exactly(layout, law):
    speakers, panner = LAYOUTS[layout].speakers, Panner(LAYOUTS[layout], law)
    azimuths = [(speaker.azimuth, speaker.lfe) for speaker in speakers]
    swap = [azimuths.index((-speaker.azimuth, speaker.lfe)) for speaker in speakers]
    elevation, width = AROUND / 3, np.abs(AROUND)
    assert np.array_equal(panner(-AROUND, elevation, width), panner(AROUND, elevation, width)[:, swap])


@pytest.mark.parametrize(("law", "most"), [("VBIP", 0.005), ("VBAP", 0.007)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_small_step_changes_little(layout, law, most):
    squares = Panner(LAYOUTS[layout], law)(np.arange(-200, 200, 0.1)) ** 2
    assert np.abs(np.diff(squares, axis=0)).max() < most


def test_width_is_the_mean_power_across_the_object():
    panner = Panner(SURROUND)
    expected = np.mean([panner(70 + step * 40 / 8) ** 2 for step in range(-4, 5)], axis=0)
    assert panner(70, width=40) ** 2 == pytest.approx(expected, abs=1e-12)


def test_the_zenith_is_everywhere_and_full_width_surrounds():
    assert Panner(SURROUND)(37, 90)[[0, 1, 2, 4, 5]] == pytest.approx(np.full(5, np.sqrt(0.2)))
    assert Panner(SURROUND)(0, 60)[2] ** 2 == pytest.approx(0.25 + 0.75 / 5)
    assert (Panner(SURROUND)(0, 0, 360)[[0, 1, 2, 4, 5]] > 0.2).all()


def test_stereo_folds_what_is_behind_to_the_front_and_limits_the_sides():
    panner = Panner(LAYOUTS["stereo"])
    assert panner(180) == pytest.approx(panner(0))
    assert panner(165) == pytest.approx(panner(15))
    assert panner([31, 90, 149]) == pytest.approx(np.array([[1, 0]] * 3))
    assert panner(-100) == pytest.approx([0, 1])


def test_a_direction_is_the_same_a_full_turn_on():
    assert Panner(SURROUND)([-190, 370.5]) == pytest.approx(Panner(SURROUND)([170, 10.5]))


def test_unknown_law_is_named():
    with pytest.raises(InputError, match="panning law is 'loud'; allowed is one of: VBIP, VBAP"):
        Panner(SURROUND, "loud")


def test_layouts_are_as_the_standards_say():
    assert {name: layout.wave_mask for name, layout in LAYOUTS.items()} == {
        "stereo": 0x3,
        "5.1": 0x3F,
        "5.1(side)": 0x60F,
        "7.1": 0x63F,
    }
    assert LAYOUTS["5.1"].labels == ("FL", "FR", "FC", "LFE", "BL", "BR")
    for layout in LAYOUTS.values():
        assert bin(layout.wave_mask).count("1") == len(layout.speakers)
