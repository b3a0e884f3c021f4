"""The network against the authors' own code, from files in every layout; and what is not the right file."""

import json
import math
import re

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.depth import keys, network
from see2sound_nodes.s2s_core.depth.variants import SIZES, VARIANTS
from see2sound_nodes.s2s_core.errors import DependencyError, WeightsError

from .tiny import (
    ATTENTION,
    GOLDEN,
    LAYOUTS,
    NAMES,
    NETWORK,
    SIZE_NAMES,
    TOLERANCE,
    V1,
    V2,
    golden_input,
    in_hub_layout,
    tiny_state,
)

# --- the network ---


@pytest.mark.parametrize("size", SIZE_NAMES)
@pytest.mark.parametrize("variant", NAMES, ids=NAMES.values())
def test_the_network_is_the_authors(variant, size, saved):
    loaded = network.load(saved(tiny_state(variant)), variant)
    with torch.inference_mode():
        found = loaded(golden_input(size))[0].numpy()
    np.testing.assert_allclose(found, NETWORK[f"{NAMES[variant]}_{size}"], rtol=0, atol=TOLERANCE[variant])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_a_file_gives_the_same_network(layout, saved):
    loaded = network.load(saved(tiny_state(), layout), V1)
    with torch.inference_mode():
        found = loaded(golden_input("112x154"))[0].numpy()
    np.testing.assert_allclose(found, NETWORK["v1_112x154"], rtol=0, atol=5e-5)


@pytest.mark.parametrize("layout", ["original.pth", "hub before 5.safetensors"])
def test_a_file_in_half_precision_is_computed_in_full(layout, saved):
    halved = {key: value.half() for key, value in tiny_state().items()}
    loaded, full = (network.load(saved(state, layout), V1) for state in (halved, tiny_state()))
    assert {value.dtype for value in loaded.parameters()} == {torch.float32}
    with torch.inference_mode():
        found, expected = (one(golden_input("112x154")) for one in (loaded, full))
    assert 1e-6 < (found - expected).abs().max() < 5e-3  # rounding of the weights alone


def test_the_positions_are_the_authors(saved):
    loaded = network.load(saved(tiny_state()), V1)
    tokens = loaded.backbone.embeddings(golden_input("112x154"))[0]
    np.testing.assert_allclose(tokens, NETWORK["tokens_112x154"], rtol=0, atol=1e-5)
    positions = loaded.backbone.embeddings.interpolate_pos_encoding(tokens[None], 112, 154)[0]
    np.testing.assert_allclose(positions, NETWORK["pos_112x154"], rtol=0, atol=1e-6)
    for i, one in enumerate(loaded.backbone(golden_input("112x154")).feature_maps):
        np.testing.assert_allclose(one[0, 1:], NETWORK[f"v1_feature{i}_112x154"], rtol=0, atol=2e-5)


def test_taps_matter(saved):
    """Which is why a file is never guessed to be V1 or V2: the wrong map looks like a map."""
    wrong = network.load(saved(tiny_state()), V2)
    with torch.inference_mode():
        assert np.abs(wrong(golden_input("112x112"))[0].numpy() - NETWORK["v1_112x112"]).max() > 0.05


@pytest.mark.parametrize(("half", "tolerance"), [("float16", 4e-3), ("bfloat16", 3e-2)])
def test_a_short_number_type_stays_near(half, tolerance, saved):
    loaded = network.load(saved(tiny_state()), V1, half)
    assert loaded.backbone.dtype == getattr(torch, half) and loaded.head.conv1.weight.dtype == torch.float32
    for size in SIZE_NAMES:
        with torch.inference_mode():
            found = loaded(golden_input(size))[0]
        expected = NETWORK[f"v1_{size}"]
        assert found.dtype == torch.float32
        assert np.abs(found.numpy() - expected).max() < tolerance * np.ptp(expected)


@pytest.mark.parametrize("variant", VARIANTS, ids=[variant.name for variant in VARIANTS])
def test_the_official_sizes_have_the_official_keys(variant):
    with torch.device("meta"):
        made = network.Network(variant)
    shapes = {key: list(value.shape) for key, value in keys.to_original(made.state_dict()).items()}
    count = {"Small": 24_785_089, "Base": 97_470_785, "Large": 335_315_649}[variant.size.name]
    assert sum(map(math.prod, shapes.values())) == count and round(count / 1e6) == variant.size.millions
    assert len(shapes) == 71 + 14 * variant.size.blocks
    if variant.size is SIZES[0]:
        assert shapes == json.loads((GOLDEN / "manifest_vits.json").read_text())
    assert made.backbone.config._attn_implementation == "sdpa"  # else attention needs memory by the square
    assert made.head.max_depth == (variant.max_depth or 1)


# --- what is not the right file ---


def without(state, *ends):
    return {key: value for key, value in state.items() if not key.endswith(ends)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: without(s, "blocks.3.attn.qkv.bias"), "1 missing: pretrained.blocks.3.attn.qkv.bias"),
        (lambda s: {**s, "pretrained.register_tokens": torch.zeros(1, 4, 48)}, "1 unexpected: .*register_tokens"),
        (lambda s: {**s, "pretrained.norm.bias": torch.zeros(7)}, r"norm.bias \[7\] instead of \[48\]"),
        (lambda s: without(s, "pretrained.cls_token"), "1 missing: pretrained.cls_token"),
        (lambda s: {"cls_token": torch.zeros(1, 1, 48)}, "a vision encoder without a depth head"),
        (lambda s: {"a": torch.zeros(1), "b": torch.zeros(1)}, r"something unknown \(2 tensors, such as a, b\)"),
        (lambda s: {**s, "pretrained.cls_token": torch.zeros(1, 1, 768)}, "size Base; Tiny V1 needs size Tiny"),
        (lambda s: {**s, "pretrained.cls_token": torch.zeros(1, 1, 1536)}, "1536 wide .known: Small 384, Base 768"),
    ],
)
def test_only_a_complete_file_of_the_right_model_is_taken(change, said, saved):
    path = saved(change(tiny_state()))
    with pytest.raises(WeightsError, match=said) as caught:
        network.load(path, V1)
    assert str(path) in str(caught.value) and "Tiny V1" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("attention", ATTENTION)
def test_the_hub_layout_is_strict_too(attention, saved):
    state = in_hub_layout(tiny_state(), attention)
    part = f"layer.2.{'attention.' if attention == 'since 5' else ''}{ATTENTION[attention][1]}.bias"
    with pytest.raises(WeightsError, match="1 missing: pretrained.blocks.2.attn.qkv.bias; 2 unexpected"):
        network.load(saved(without(state, part)), V1)


@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("Depth Anything 3", "model.backbone.pretrained.cls_token"),
        ("Video Depth Anything", "head.motion_modules.0.norm.weight"),
        ("Prompt Depth Anything", "depth_head.scratch.refinenet1.resConfUnit_depth.0.weight"),
        ("ZoeDepth", "core.core.pretrained.cls_token"),
        ("SAM 2 (Segment Anything 2)", "memory_encoder.fuser.layers.0.gamma"),
        ("SAM (Segment Anything)", "mask_decoder.iou_token.weight"),
        ("MiDaS or DPT", "scratch.refinenet1.out_conv.weight"),
        ("MiDaS or DPT", "pretrained.model.cls_token"),
    ],
)
def test_other_families_are_called_by_their_name(family, key, saved):
    with pytest.raises(WeightsError, match=rf"holds {re.escape(family)}; Tiny V1 is needed: choose the file of tiny"):
        network.load(saved({**tiny_state(), key: torch.zeros(1)}), V1)
    assert not any(re.search(tell, "\n".join(tiny_state()), re.M) for tell in keys.FAMILIES.values())


def test_transformers_of_another_time_is_refused(saved, monkeypatch):
    monkeypatch.setattr(keys, "SPELLINGS", (keys.Spelling(("q", "k", "v"), "o"),))
    with pytest.raises(DependencyError, match="transformers .* in a way unknown here"):
        network.load(saved(tiny_state()), V1)
