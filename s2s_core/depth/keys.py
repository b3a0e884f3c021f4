"""What the tensors of a Depth Anything file are called, and what else a file may turn out to be.

Three spellings are about: the authors' own, and the Hugging Face hub's before and since transformers 5, which split
attention into three. Everything is turned into the authors' first; only then is it asked what the file holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import WeightsError
from .variants import SIZES, Variant

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Spelling:
    """How the hub's layout names attention inside `backbone.encoder.layer.<i>.`"""

    queries_keys_values: tuple[str, str, str]
    output: str


SPELLINGS = (
    Spelling(("attention.q_proj", "attention.k_proj", "attention.v_proj"), "attention.o_proj"),
    Spelling(
        ("attention.attention.query", "attention.attention.key", "attention.attention.value"), "attention.output.dense"
    ),
)

BOTH = ("weight", "bias")

# Original, hub, what follows both. The hub counts layers from 0, and fusion from the deep end.
STEM = (
    ("pretrained.cls_token", "backbone.embeddings.cls_token"),
    ("pretrained.mask_token", "backbone.embeddings.mask_token"),
    ("pretrained.pos_embed", "backbone.embeddings.position_embeddings"),
)
MODULES = (
    ("pretrained.patch_embed.proj", "backbone.embeddings.patch_embeddings.projection", BOTH),
    ("pretrained.norm", "backbone.layernorm", BOTH),
    *((f"depth_head.projects.{i}", f"neck.reassemble_stage.layers.{i}.projection", BOTH) for i in range(4)),
    *((f"depth_head.resize_layers.{i}", f"neck.reassemble_stage.layers.{i}.resize", BOTH) for i in (0, 1, 3)),
    *((f"depth_head.scratch.layer{i + 1}_rn", f"neck.convs.{i}", ("weight",)) for i in range(4)),
    *(
        (f"depth_head.scratch.refinenet{i}.{original}", f"neck.fusion_stage.layers.{4 - i}.{hub}", BOTH)
        for i in range(1, 5)
        for original, hub in (
            ("out_conv", "projection"),
            ("resConfUnit1.conv1", "residual_layer1.convolution1"),
            ("resConfUnit1.conv2", "residual_layer1.convolution2"),
            ("resConfUnit2.conv1", "residual_layer2.convolution1"),
            ("resConfUnit2.conv2", "residual_layer2.convolution2"),
        )
    ),
    ("depth_head.scratch.output_conv1", "head.conv1", BOTH),
    ("depth_head.scratch.output_conv2.0", "head.conv2", BOTH),
    ("depth_head.scratch.output_conv2.2", "head.conv3", BOTH),
)
BLOCK = ("norm1", "norm2", "mlp.fc1", "mlp.fc2")
SCALES = (("ls1.gamma", "layer_scale1.lambda1"), ("ls2.gamma", "layer_scale2.lambda1"))

# What people mistake for it -> how its keys give it away.
FAMILIES = {
    "Depth Anything 3": r"^(model\.)?backbone\.pretrained\.",
    "Video Depth Anything": r"motion_modules\.",
    "Prompt Depth Anything": r"resConfUnit_depth\.|prompt_depth_layer\.",
    "ZoeDepth": r"conditional_log_binomial\.|^core\.core\.",
    "SAM 2 (Segment Anything 2)": r"^memory_encoder\.|^image_encoder\.trunk\.",
    "SAM (Segment Anything)": r"^mask_decoder\.|\.mask_decoder\.",
    "MiDaS or DPT": r"^scratch\.|^dpt\.|^pretrained\.(model|layer1)\.",
    "a vision encoder without a depth head": r"^(vit\.|dinov2\.)?(embeddings\.)?cls_token$",
}
OWN = ("pretrained.cls_token", "depth_head.scratch.output_conv1.weight")


def table(blocks: int, spelling: Spelling) -> dict[str, tuple[str, ...]]:
    """Original key -> the hub's key, or its three (to be joined along dimension 0), for every tensor there is."""
    names = {original: (hub,) for original, hub in STEM}
    for original, hub, tails in MODULES:
        names.update({f"{original}.{tail}": (f"{hub}.{tail}",) for tail in tails})
    for i in range(blocks):
        here, there = f"pretrained.blocks.{i}", f"backbone.encoder.layer.{i}"
        names.update({f"{here}.{original}": (f"{there}.{hub}",) for original, hub in SCALES})
        for tail in BOTH:
            names.update({f"{here}.{part}.{tail}": (f"{there}.{part}.{tail}",) for part in BLOCK})
            parts = spelling.queries_keys_values
            names[f"{here}.attn.qkv.{tail}"] = tuple(f"{there}.{part}.{tail}" for part in parts)
            names[f"{here}.attn.proj.{tail}"] = (f"{there}.{spelling.output}.{tail}",)
    return names


def spelling_of(names: Iterable[str]) -> Spelling | None:
    """Which of the hub's spellings these keys have; None: neither."""
    names = frozenset(names)
    return next((one for one in SPELLINGS if f"backbone.encoder.layer.0.{one.output}.weight" in names), None)


def to_original(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors under the authors' names. What has no such name keeps its own."""
    state = dict(state)
    spelling = spelling_of(state)
    if spelling is None:
        return state
    import torch

    blocks = sum(name.endswith(SCALES[0][1]) for name in state)
    for original, hub in table(blocks, spelling).items():
        if all(name in state for name in hub):
            parts = [state.pop(name) for name in hub]
            state[original] = torch.cat(parts) if len(parts) > 1 else parts[0]
    return state


def to_hub(state: Mapping[str, torch.Tensor], blocks: int, spelling: Spelling) -> dict[str, torch.Tensor]:
    """A complete set of tensors, from the authors' names to the hub's; views, not copies."""
    named = {}
    for original, hub in table(blocks, spelling).items():
        named.update(zip(hub, state[original].chunk(len(hub)), strict=True))
    return named


def check_model(state: Mapping[str, torch.Tensor], path: Path, variant: Variant) -> None:
    """Raise WeightsError, saying what the file at `path` holds, unless it is Depth Anything of the variant's size.

    `state` has the authors' names. Whether it is complete is not asked here.
    """
    names = "\n".join(state)
    other = next((family for family, tell in FAMILIES.items() if re.search(tell, names, re.MULTILINE)), None)
    if other is None and not any(name in state for name in OWN):
        other = f"something unknown ({len(state)} tensors, such as {', '.join(sorted(state)[:2])})"
    if other:
        raise WeightsError(f"{path} holds {other}; {variant.name} is needed: choose the file of {variant.weights}")
    width, needed = state[OWN[0]].shape[-1] if OWN[0] in state else None, variant.size
    if width in (None, needed.width):  # what is missing is named by a stricter check
        return
    known = ", ".join(f"{size.name} {size.width}" for size in SIZES)
    found = next((size.name for size in SIZES if size.width == width), None)
    held = f"Depth Anything size {found}" if found else f"a Depth Anything network {width} wide (known: {known})"
    raise WeightsError(
        f"{path} holds {held}; {variant.name} needs size {needed.name}: choose the model that the file holds, or the "
        f"file of {variant.weights}"
    )
