"""The stereo monitor."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize.fold import fold_to_stereo, stereo_matrix
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.spatialize.loudness import measured
from see2sound_nodes.s2s_core.types import Surround

H = 2**-0.5


@pytest.mark.parametrize(
    ("layout", "left"),
    [
        ("stereo", [1, 0]),
        ("5.1", [1, 0, H, 0, H, 0]),
        ("5.1(side)", [1, 0, H, 0, H, 0]),
        ("7.1", [1, 0, H, 0, H, 0, H, 0]),
        ("7.1.4", [1, 0, H, 0, H, 0, H, 0, 1, 0, H, 0]),
    ],
)
def test_matrix(layout, left):
    matrix = stereo_matrix(LAYOUTS[layout])
    assert matrix[0] == pytest.approx(np.array(left))
    assert np.count_nonzero(matrix[1]) == np.count_nonzero(left)
    both = {channel for channel, speaker in enumerate(LAYOUTS[layout].speakers) if speaker.label == "FC"}
    assert set(np.flatnonzero((matrix != 0).all(axis=0))) == both


def test_it_is_that_sum_brought_to_level():
    samples = np.random.default_rng(4).standard_normal((6, 96000)).astype(np.float32) * 0.01
    folded = fold_to_stereo(Surround(samples, 48000, LAYOUTS["5.1"]), -20.0)
    assert folded.layout.name == "stereo"
    expected = np.stack(
        [samples[0] + H * samples[2] + H * samples[4], samples[1] + H * samples[2] + H * samples[5]]
    ) * 10 ** (folded.gain_db / 20)
    assert np.abs(folded.samples - expected).max() < 1e-6
    assert measured(folded).loudness == pytest.approx(-20, abs=0.01)


def test_in_phase_channels_do_not_clip():
    loud = np.zeros((6, 48000), np.float32)
    loud[:, ::4800] = 0.89
    folded = fold_to_stereo(Surround(loud, 48000, LAYOUTS["5.1"]), -5.0)
    assert folded.true_peak == pytest.approx(-1, abs=1e-4)
    assert np.abs(folded.samples).max() < 10 ** (-0.99 / 20)


def test_silence():
    assert fold_to_stereo(Surround(np.zeros((6, 100), np.float32), 48000, LAYOUTS["5.1"])).loudness == -np.inf


@pytest.mark.parametrize(
    ("azimuth", "left", "right"), [(0, 0.5, 0.5), (90, 1, 0), (-90, 0, 1), (30, 0.75, 0.25), (150, 0.75, 0.25)]
)
def test_ambix_is_heard_by_two_cardioids(azimuth, left, right):
    angle = np.radians(azimuth)
    harmonics = np.array([1, np.sin(angle), 0, np.cos(angle)])
    assert stereo_matrix(LAYOUTS["AmbiX"]) @ harmonics == pytest.approx(np.array([left, right]))


def test_what_is_made_for_headphones_is_refused():
    ears = Surround(np.zeros((2, 100), np.float32), 48000, LAYOUTS["binaural"])
    with pytest.raises(InputError, match="already binaural"):
        fold_to_stereo(ears)
