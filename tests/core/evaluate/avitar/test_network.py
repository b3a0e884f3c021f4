"""The network against the authors' own, on the same made-up weights and inputs."""

import zlib

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.evaluate.avitar import conformer, keys, prepare
from see2sound_nodes.s2s_core.evaluate.avitar.layers import positions
from see2sound_nodes.s2s_core.types import Picture

from .tiny import GOLDEN, arrays, built, error, grow, manifest, picture_pixels, state, wave

WAVES, BLOCKS, WITHIN, EARS = 5e-6, 5e-5, 2e-4, 1e-5
SUMS = ("ff1", "mhsa", "cross", "conv", "ff2", "out")


def seen(network):
    """The picture's tokens."""
    with torch.inference_mode():
        return network.look(torch.from_numpy(prepare.normalised(picture_pixels(180, 320))))


def observed(network):
    """Everything that is computed on the way, by the names that the goldens have."""
    found, parts = {}, network.conformer

    def note(name, turn=lambda x: x):
        return lambda module, given, made: found.update({name: turn(made[0])})

    hooks = [parts["audio_encoder"].register_forward_hook(note("audio_encoder", torch.t))]
    for number, layer in enumerate(parts["encoder"].layers):
        for name, module in zip(SUMS, layer.sequential, strict=True):
            hooks.append(module.register_forward_hook(note(f"L{number}_{name}")))
    tokens = seen(network)
    with torch.inference_mode():
        made = network(torch.from_numpy(wave(5120))[None], tokens)
    for hook in hooks:
        hook.remove()
    return {**found, "tokens": tokens[0], "wav": made[0]}


def test_weights_and_inputs_are_those_of_the_goldens():
    for name, crc in GOLDEN["weights_crc32"].items():
        if name in ("avitar", "vida"):  # large: the slow tests look
            continue
        found = 0
        for key, shape in manifest(name).items():
            value = grow(key, shape)
            found = found if value is None else zlib.crc32(value.tobytes(), found)
        assert found == crc, name
    assert zlib.crc32(picture_pixels(180, 320).tobytes()) == GOLDEN["inputs"]["image_180x320_crc32"]
    assert zlib.crc32(wave(5120).tobytes()) == GOLDEN["inputs"]["audio_5120_crc32_of_float32"]


def test_every_step_of_every_block(tiny):
    limits = {"wav": WAVES, "audio_encoder": EARS, **{f"L{n}_{name}": WITHIN for n in (0, 1) for name in SUMS}}
    limits |= {"tokens": BLOCKS, "L0_out": BLOCKS, "L1_out": BLOCKS}
    found = observed(tiny)
    names = [name.partition("/")[2] for name in arrays() if name.startswith("tiny/")]
    assert len(names) == 10
    for name in names:
        assert error(found[name], f"tiny/{name}") <= limits[name], name


def test_a_picture_whose_tokens_do_not_know_their_places():
    found = observed(built("tiny_nope"))
    assert error(found["wav"], "tiny_nope/wav") <= WAVES
    assert error(found["L0_cross"], "tiny_nope/L0_cross") <= WITHIN


def test_residual_blocks_around_the_convolutions():
    found = observed(built("tiny_res"))
    assert error(found["audio_encoder"], "tiny_res/audio_encoder") <= EARS
    assert error(found["wav"], "tiny_res/wav") <= WAVES


def test_the_shift_keeps_what_is_left_above_the_diagonal():
    assert error(conformer.shifted(torch.from_numpy(arrays()["relshift/in"])), "relshift/out") == 0


def test_a_batch_is_what_its_sounds_are_alone(tiny):
    sounds = torch.stack([torch.from_numpy(wave(5120)), torch.zeros(5120), -torch.from_numpy(wave(5120))])
    tokens = seen(tiny)
    with torch.inference_mode():
        together = tiny(sounds, tokens)
        alone = torch.cat([tiny(one[None], tokens) for one in sounds])
    assert (together - alone).abs().max() < 1e-6 and (alone[0] - alone[2]).abs().max() > 0.01


@pytest.mark.parametrize("samples", [512, 5000])
def test_what_does_not_fill_a_token_is_left_out(tiny, samples):
    with torch.inference_mode():
        assert tiny(torch.zeros(1, samples), seen(tiny)).shape == (1, samples // 128 * 128)


def test_positions():
    table = positions(320, torch.zeros(1, 512))
    row, rates = 319, 10000 ** (-np.arange(0, 512, 2) / 512)
    assert table.shape == (320, 512) and table.dtype == torch.float32
    np.testing.assert_allclose(table[row, 0::2], np.sin(row * rates), atol=1e-6)
    np.testing.assert_allclose(table[row, 1::2], np.cos(row * rates), atol=1e-6)


def test_the_picture_is_squeezed_as_the_reference_does_to_the_last_bit():
    height, width, _ = GOLDEN["image"]
    pixels = picture_pixels(height, width)
    assert zlib.crc32(pixels.tobytes()) == 1169961634
    resized = prepare.resized(pixels, prepare.RESIZED)
    assert zlib.crc32(resized.tobytes()) == GOLDEN["resized_u8_crc32"]
    prepared = prepare.prepared(Picture(pixels.astype(np.float32) / 255))
    assert prepared.dtype == np.float32 and error(prepared[0], "prep/out") < 1e-6


@pytest.mark.parametrize("size", [(16, 16), (2000, 31), (270, 480), (540, 960)])
def test_pictures_of_any_shape(size):
    pixels = picture_pixels(*size)
    resized = prepare.resized(pixels, prepare.RESIZED)
    assert resized.shape == (270, 480, 3) and resized.dtype == np.uint8
    assert pixels.min() <= resized.min() and resized.max() <= pixels.max()
    assert size != (270, 480) or (resized == pixels).all()
    flat = np.full((*size, 3), 201, np.uint8)
    assert (prepare.resized(flat, prepare.RESIZED) == 201).all()


def test_weight_norm_is_folded_in_both_spellings():
    g, v = torch.tensor([2.0, 3.0])[:, None, None], torch.arange(1.0, 13).reshape(2, 3, 2)
    old = keys.folded({"a.weight_g": g, "a.weight_v": v, "a.bias": g[:, 0, 0]})
    new = keys.folded(
        {"a.parametrizations.weight.original0": g, "a.parametrizations.weight.original1": v, "a.bias": g[:, 0, 0]}
    )
    assert old.keys() == new.keys() == {"a.weight", "a.bias"} and torch.equal(old["a.weight"], new["a.weight"])
    kind = torch.nn.ConvTranspose1d(2, 3, 2)
    torch.nn.utils.parametrizations.weight_norm(kind)
    kind.parametrizations.weight.original0.data, kind.parametrizations.weight.original1.data = g, v
    assert torch.allclose(old["a.weight"], kind.weight)


@pytest.mark.parametrize("length", [torch.ones(1, 3, 1), torch.ones(3, 1, 1), None])
def test_what_is_not_a_weight_norm_is_left_alone(length):
    held = {"a.weight_v": torch.ones(2, 3, 1)} | ({} if length is None else {"a.weight_g": length})
    assert keys.folded(held).keys() == held.keys()


def test_what_is_needed():
    names = state("tiny")
    left_out = [key for key in names if not keys.needed(key)]
    assert left_out and all(key.endswith("num_batches_tracked") for key in left_out)
    assert not any(map(keys.needed, manifest("avitar_ignored"))) and keys.needed("something.new")
