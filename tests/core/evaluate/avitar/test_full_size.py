"""AViTAR and VIDA in their full size against the authors' own, on the same made-up weights and inputs."""

import zlib

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core import models
from see2sound_nodes.s2s_core.evaluate.avitar import dereverb, prepare
from see2sound_nodes.s2s_core.evaluate.avitar.match import BACKENDS, match
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import AudioTrack, Picture

from .tiny import GOLDEN, built, error, grow, manifest, picture_pixels, publish, wave

pytestmark = pytest.mark.slow
SOUND = torch.from_numpy(wave(40960))[None]


def normalised(height, width):
    """The picture of the goldens as the network takes it."""
    return torch.from_numpy(prepare.prepared(Picture(picture_pixels(height, width).astype(np.float32) / 255)))


@pytest.fixture(scope="module")
def full():
    return built("avitar")


@pytest.mark.parametrize("name", ["avitar", "vida"])
def test_weights_are_those_of_the_goldens(name):
    found = 0
    for key, shape in manifest(name).items():
        value = grow(key, shape)
        found = found if value is None else zlib.crc32(value.tobytes(), found)
    assert found == GOLDEN["weights_crc32"][name]


def test_the_published_network(full):
    found, parts = {}, full.conformer
    parts["audio_encoder"].register_forward_hook(lambda module, given, made: found.update(ears=made[0].T))
    for number, layer in enumerate(parts["encoder"].layers):
        layer.register_forward_hook(lambda module, given, made, at=f"L{number}_out": found.update({at: made[0]}))
    with torch.inference_mode():
        tokens = full.look(torch.from_numpy(prepare.normalised(picture_pixels(180, 320))))
        made = full(SOUND, tokens)
    assert sum(value.numel() for value in full.parameters()) == 45926242 - _lengths()
    assert error(tokens[0], "full/tokens") < 5e-5 and error(made[0], "full/wav") < 5e-6
    assert error(found["ears"][[0, 1, -2, -1]], "full/audio_encoder_edges") < 1e-5
    for number in range(4):
        assert error(found[f"L{number}_out"], f"full/L{number}_out") < 5e-5


def test_from_the_picture_on(full):
    height, width, _ = GOLDEN["image"]
    with torch.inference_mode():
        tokens = full.look(normalised(height, width))
        made = full(SOUND, tokens)
    assert error(tokens[0], "e2e/tokens") < 5e-5 and error(made[0], "e2e/wav") < 5e-6


def test_without_places():
    network = built("avitar", places=False)
    with torch.inference_mode():
        tokens = network.look(torch.from_numpy(prepare.normalised(picture_pixels(180, 320))))
        assert error(network(SOUND, tokens)[0], "full_nope/wav") < 5e-6


def test_dereverberation(dry):
    with torch.inference_mode():
        assert error(dry.audio_net(dereverb.seen(SOUND))[0], "vida_full/pred") < 2e-5


def test_ten_seconds_from_the_published_archive(tmp_path):
    publish(tmp_path, "avitar")
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    model = models.load("evaluate", BACKENDS, "AViTAR", host)
    picture = Picture(picture_pixels(600, 800).astype(np.float32) / 255)
    found = match(model, picture, AudioTrack(wave(480000), 48000), runtime=host)
    assert found.samples.shape == (480000,) and 0.01 < np.abs(found.samples).max() <= 1


def _lengths():
    """Parameters that folding weight norm does away with."""
    return sum(shape[0] for key, shape in manifest("avitar").items() if key.endswith("weight_g"))
