"""A Depth Anything of toy size, on weights grown from names, in every layout that files have."""

import importlib.util
import json
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from see2sound_nodes.s2s_core.depth.variants import Size, Variant
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture

DATA = Path(__file__).parents[2] / "data"
GOLDEN = DATA / "depth"
RECIPE = json.loads((GOLDEN / "network.json").read_text())
PROCESSING = json.loads((GOLDEN / "processing.json").read_text())
SIZE_NAMES = [f"{height}x{width}" for height, width in RECIPE["sizes"]]

spec = importlib.util.spec_from_file_location("fill_weights", DATA / "fill_weights.py")
grown = importlib.util.module_from_spec(spec)
spec.loader.exec_module(grown)

TINY = Size("Tiny", 48, 3, 6, (8, 16, 24, 32), 16, tuple(RECIPE["v2_blocks"]), 0, grid=8)
V1 = Variant("Tiny V1", "tiny", TINY, TINY.last_taps, "")
V2 = replace(V1, name="Tiny V2", taps=TINY.spread_taps)
METRIC = replace(V2, name="Tiny Metric", max_depth=int(RECIPE["metric_max_depth"]))
TOLERANCE = {V1: 5e-5, V2: 5e-5, METRIC: 1e-3}
NAMES = {V1: "v1", V2: "v2", METRIC: "metric"}


def golden(name):
    with np.load(GOLDEN / name) as file:
        return dict(file)


NETWORK = golden("network.npz")


def grow(manifest, salt, lift=2.0):
    """A checkpoint in the authors' spelling. `lift` on the last bias keeps the closing ReLU from clipping anything."""
    state = grown.fill_all(manifest, salt)
    for key, shape in manifest.items():
        if key.endswith(".gamma"):
            state[key] = (1 + 0.1 * grown.noise(key, shape, salt)).astype(np.float32)
    state["depth_head.scratch.output_conv2.2.bias"] += np.float32(lift)
    return {key: torch.from_numpy(value) for key, value in state.items()}


def tiny_state(variant=V1):
    return grow(RECIPE["manifest"], RECIPE["salt"], lift=0.0 if variant.max_depth else 2.0)


def golden_input(size):
    height, width = map(int, size.split("x"))
    return torch.from_numpy(grown.noise_input(f"depth_{size}", (1, 3, height, width), RECIPE["salt"]))


# Written from the published files, not from keys.py: hub names by substitution, in the order given.
HUB = (
    (r"^pretrained\.(cls_token|mask_token)$", r"backbone.embeddings.\1"),
    (r"^pretrained\.pos_embed$", "backbone.embeddings.position_embeddings"),
    (r"^pretrained\.patch_embed\.proj", "backbone.embeddings.patch_embeddings.projection"),
    (r"^pretrained\.norm", "backbone.layernorm"),
    (r"^pretrained\.blocks", "backbone.encoder.layer"),
    (r"\.ls([12])\.gamma", r".layer_scale\1.lambda1"),
    (r"^depth_head\.projects\.(\d)", r"neck.reassemble_stage.layers.\1.projection"),
    (r"^depth_head\.resize_layers\.(\d)", r"neck.reassemble_stage.layers.\1.resize"),
    (r"^depth_head\.scratch\.layer(\d)_rn", lambda found: f"neck.convs.{int(found[1]) - 1}"),
    (r"^depth_head\.scratch\.refinenet(\d)", lambda found: f"neck.fusion_stage.layers.{4 - int(found[1])}"),
    (r"\.out_conv", ".projection"),
    (r"\.resConfUnit(\d)\.conv(\d)", r".residual_layer\1.convolution\2"),
    (r"^depth_head\.scratch\.output_conv1", "head.conv1"),
    (r"^depth_head\.scratch\.output_conv2\.0", "head.conv2"),
    (r"^depth_head\.scratch\.output_conv2\.2", "head.conv3"),
)
ATTENTION = {
    "before 5": ("attention.attention.query", "attention.attention.key", "attention.attention.value", "output.dense"),
    "since 5": ("q_proj", "k_proj", "v_proj", "o_proj"),
}


def in_hub_layout(state, attention):
    *parts, output = ATTENTION[attention]
    prefix = "" if attention == "before 5" else "attention."
    named = {}
    for key, value in state.items():
        for pattern, name in HUB:
            key = re.sub(pattern, name, key)
        head, middle, tail = key.partition("attn.qkv.")
        if middle:
            named.update({f"{head}{prefix}{p}.{tail}": v.clone() for p, v in zip(parts, value.chunk(3), strict=True)})
        else:
            proj = "attention.output.dense" if attention == "before 5" else "attention.o_proj"
            named[key.replace("attn.proj", proj)] = value
    return named


LAYOUTS = {
    "original.pth": lambda state, path: torch.save(state, path),
    "nested.pth": lambda state, path: torch.save({"model": state}, path),
    "old zipless.pth": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "original.safetensors": save_file,
    "hub before 5.safetensors": lambda state, path: save_file(in_hub_layout(state, "before 5"), path),
    "hub since 5.safetensors": lambda state, path: save_file(in_hub_layout(state, "since 5"), path),
}


class Machine(HeadlessRuntime):
    """A CPU with any number type for halves."""

    half = "float32"


class Device(Machine):
    """A CPU that does not look like one, so that frames go in batches."""

    device = "cpu:0"

    @contextmanager
    def resident(self, module, memory=0):
        self.memory = memory
        yield module


def photograph(size=(60, 90), seed=0):
    return Picture(np.random.default_rng(seed).random((*size, 3)).astype(np.float32))
