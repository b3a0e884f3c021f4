"""What the score nodes say in words."""

import numpy as np
import pytest
import torch
from see2sound_nodes import NODE_CLASS_MAPPINGS
from see2sound_nodes.s2s_core import runtime as rt
from see2sound_nodes.s2s_core.types import SoundSource, Trajectory


@pytest.fixture(autouse=True)
def host():
    with rt.use(rt.HeadlessRuntime("cpu")) as host:
        yield host


def audio(channels, level, samples=48000):
    waveform = level * np.random.default_rng(0).normal(size=(1, channels, samples))
    return {"waveform": torch.from_numpy(waveform.astype(np.float32)), "sample_rate": 48000}


@pytest.mark.parametrize(("level", "words"), [(0.0, "dead channels: not scored"), (0.1, "dead channels: none")])
def test_silence_has_no_dead_channels_to_tell(level, words):
    sources, sound = (SoundSource("bird", Trajectory.still(30, 0, 2)),), audio(6, level)
    node = NODE_CLASS_MAPPINGS["S2S_ScoreSpatial"]
    *_, report = node.execute(sources, sound, sound, "5.1")
    assert words in report


@pytest.mark.parametrize(
    ("definition", "words"), [("corrected", "1 is the same"), ("paper", "the same: about 1e-4 in MFCC-DTW")]
)
def test_each_definition_says_how_to_read_it(definition, words):
    if definition == "paper":
        pytest.importorskip("librosa")
    node = NODE_CLASS_MAPPINGS["S2S_CompareSounds"]
    *_, report = node.execute(audio(1, 0.1), audio(2, 0.1), definition)
    assert words in report.splitlines()[-1]
