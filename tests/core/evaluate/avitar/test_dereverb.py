"""VIDA against the authors' own, on the same made-up weights and input."""

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.evaluate.avitar import dereverb

from .tiny import GOLDEN, error, wave


@pytest.fixture(scope="module")
def sound():
    return torch.from_numpy(wave(5120))[None]


@pytest.fixture(scope="module")
def predicted(dry, sound):
    with torch.inference_mode():
        return dry.audio_net(dereverb.seen(sound))


def spectrogram(predicted):
    """Magnitude and phase with the bin and the frame that the network leaves out."""
    whole = torch.nn.functional.pad(predicted, (0, 1, 0, 1))
    return whole[:, 0].expm1(), whole[:, 1]


def convergence(magnitude, made):
    """How far the sound's spectrogram is from the wanted one, some of whose magnitudes the network makes negative."""
    found = dereverb.stft(made, "reflect").abs()
    return float((found - magnitude.abs()).norm() / magnitude.norm())


@pytest.fixture(scope="module")
def alone():
    """A magnitude and a phase that no network made."""
    f, t = np.arange(257)[:, None], np.arange(33)
    magnitude = np.exp(-f / 60) * (1.2 + np.cos(0.37 * t + 0.05 * f))
    phase = 2 * np.pi * np.mod(0.0123 * f * t + 0.31 * t, 1) - np.pi
    return tuple(torch.from_numpy(values.astype(np.float32))[None] for values in (magnitude, phase))


def test_what_the_network_sees_and_predicts(sound, predicted):
    assert error(dereverb.seen(sound)[0], "vida/spec") < 2e-6
    assert error(predicted[0], "vida/pred") < 2e-5


@pytest.mark.parametrize(("rounds", "limit"), [(0, 1e-6), (1, 1e-3), (2, 1e-3)])
def test_the_first_rounds(predicted, rounds, limit):
    assert error(dereverb.griffin_lim(*spectrogram(predicted), rounds)[0], f"vida/gl{rounds}") < limit


@pytest.mark.parametrize(("rounds", "limit"), [(0, 1e-6), (1, 1e-3), (2, 1e-3), (5, 1e-3)])
def test_griffin_lim_by_itself(alone, rounds, limit):
    assert error(dereverb.griffin_lim(*alone, rounds)[0], f"gl/iter{rounds}") < limit


def test_thirty_rounds_come_as_near(dry, sound, predicted, alone):
    wanted = GOLDEN["spectral_convergence_30"]
    with torch.inference_mode():
        made = dry(sound)
    assert made.shape == sound.shape
    assert convergence(spectrogram(predicted)[0], made) == pytest.approx(wanted["vida"], rel=0.005)
    assert convergence(alone[0], dereverb.griffin_lim(*alone)) == pytest.approx(wanted["gl"], rel=0.005)


def test_the_outer_bins_have_no_negative_zero(monkeypatch):
    def negative(sound, beyond):
        return torch.complex(torch.full((1, 257, 33), -1.0), torch.full((1, 257, 33), -0.0))

    monkeypatch.setattr(dereverb, "stft", negative)
    phase = dereverb.seen(torch.zeros(1, 5120))[0, 1]
    assert (phase[[0, -1]] == torch.pi).all()


def test_silence_is_no_trouble(dry):
    with torch.inference_mode():
        assert dry(torch.zeros(1, 5120)).isfinite().all()
