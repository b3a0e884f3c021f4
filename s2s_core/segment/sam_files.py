"""Which Segment Anything a file holds, told by its tensors; and the hub's spelling of the same file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import WeightsError

SIZES = {768: "SAM ViT-B", 1024: "SAM ViT-L", 1280: "SAM ViT-H"}  # by the image encoder's width

# (what a key looks like, what such a file is): the first that fits any key decides.
OTHERS = (
    (r".*(hf_token|compress_vit_feat|embedding_maskfeature).*", "SAM-HQ"),
    (r".*(language_backbone|text_encoder|text_model).*", "SAM 3 or another model with a text encoder"),
    (r"(image_encoder\.trunk|vision_encoder\.backbone)\..*", "SAM 2 or SAM 2.1"),
    (r"image_encoder\.(layers|patch_embed\.seq)\..*", "MobileSAM"),
    (r"(pretrained|depth_head|backbone)\..*", "a depth model"),
)

# Hub spelling -> published spelling. The hub keeps two copies of one matrix: the first is dropped.
RENAMES = (
    (r"^shared_image_embedding\..*", ""),
    (r"^vision_encoder\.", "image_encoder."),
    (r"^image_encoder\.layers\.", "image_encoder.blocks."),
    (r"^(image_encoder\.blocks\.\d+)\.layer_norm(\d)\.", r"\1.norm\2."),
    (r"^image_encoder\.patch_embed\.projection\.", "image_encoder.patch_embed.proj."),
    (r"^image_encoder\.neck\.conv1\.", "image_encoder.neck.0."),
    (r"^image_encoder\.neck\.layer_norm1\.", "image_encoder.neck.1."),
    (r"^image_encoder\.neck\.conv2\.", "image_encoder.neck.2."),
    (r"^image_encoder\.neck\.layer_norm2\.", "image_encoder.neck.3."),
    (r"^prompt_encoder\.point_embed\.", "prompt_encoder.point_embeddings."),
    (r"^prompt_encoder\.mask_embed\.conv1\.", "prompt_encoder.mask_downscaling.0."),
    (r"^prompt_encoder\.mask_embed\.layer_norm1\.", "prompt_encoder.mask_downscaling.1."),
    (r"^prompt_encoder\.mask_embed\.conv2\.", "prompt_encoder.mask_downscaling.3."),
    (r"^prompt_encoder\.mask_embed\.layer_norm2\.", "prompt_encoder.mask_downscaling.4."),
    (r"^prompt_encoder\.mask_embed\.conv3\.", "prompt_encoder.mask_downscaling.6."),
    (
        r"^prompt_encoder\.shared_embedding\.positional_embedding$",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    ),
    (r"^(mask_decoder\.[a-z_]+(?:\.\d+)?)\.layers\.0\.(weight|bias)$", r"\1.layers.1.\2"),
    (r"^(mask_decoder\.[a-z_]+(?:\.\d+)?)\.proj_in\.", r"\1.layers.0."),
    (r"^(mask_decoder\.[a-z_]+(?:\.\d+)?)\.proj_out\.", r"\1.layers.2."),
    (r"^mask_decoder\.upscale_conv1\.", "mask_decoder.output_upscaling.0."),
    (r"^mask_decoder\.upscale_layer_norm\.", "mask_decoder.output_upscaling.1."),
    (r"^mask_decoder\.upscale_conv2\.", "mask_decoder.output_upscaling.3."),
    (r"^(mask_decoder\.transformer)\.layer_norm_final_attn\.", r"\1.norm_final_attn."),
    (r"^(mask_decoder\.transformer\.layers\.\d+)\.layer_norm(\d)\.", r"\1.norm\2."),
)


def recognise(state: Mapping[str, Any], path: Path) -> str:
    """The name of the Segment Anything model whose tensors, in the published spelling, these are.

    Raises WeightsError naming what the file at `path` holds instead.
    """
    known = {"image_encoder.pos_embed", "prompt_encoder.not_a_point_embed.weight", "mask_decoder.iou_token.weight"}
    other = next((name for pattern, name in OTHERS if any(re.fullmatch(pattern, key) for key in state)), None)
    if known <= set(state) and other is None:
        width = (state["image_encoder.pos_embed"].shape or (0,))[-1]
        return SIZES.get(width, f"a Segment Anything of width {width}")
    example = next(iter(state))
    raise WeightsError(
        f"{path} holds {other or f'something unknown (its first tensor is {example})'}; a file of Segment Anything "
        f"({', '.join(SIZES.values())}) is needed"
    )


def in_published_spelling(state: Mapping[str, Any]) -> dict[str, Any]:
    """The same tensors under the names of the published files; those of a published file as they are."""
    if not any(key.startswith("vision_encoder.layers.") for key in state):
        return dict(state)
    renamed = {}
    for key, value in state.items():
        for pattern, replacement in RENAMES:
            key = re.sub(pattern, replacement, key)
        if key:
            renamed[key] = value
    return renamed
