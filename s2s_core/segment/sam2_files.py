"""Which Segment Anything 2 a file holds, told by its tensors; and the hub's spelling of the released files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import WeightsError

# What only following things through a video needs, in both spellings.
VIDEO = re.compile(
    r"(memory_attention|memory_encoder|mask_downsample|obj_ptr_proj|obj_ptr_tpos_proj|object_pointer_proj"
    r"|temporal_positional_encoding_projection_layer)\..*|maskmem_tpos_enc|no_mem_pos_enc|no_obj_ptr"
    r"|no_obj_embed_spatial|memory_temporal_positional_encoding|no_memory_positional_encoding|no_object_pointer"
    r"|occlusion_spatial_embedding_parameter"
)
NEW_IN_2_1 = ("no_obj_embed_spatial", "occlusion_spatial_embedding_parameter")

HEADS = r"(output_hypernetworks_mlps\.\d+|iou_prediction_head|pred_obj_score_head)"
# Released spelling -> hub spelling, each rule once, in this order.
RENAMES = (
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^(vision_encoder\.backbone\.patch_embed)\.proj\.", r"\1.projection."),
    (r"^(vision_encoder\.backbone\.blocks\.\d+)\.norm([12])\.", r"\1.layer_norm\2."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (r"^sam_(prompt_encoder|mask_decoder)\.", r"\1."),
    (r"^prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"^mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"^mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"^mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
    (r"^(mask_decoder\.transformer)\.norm_final_attn\.", r"\1.layer_norm_final_attn."),
    (r"^(mask_decoder\.transformer\.layers\.\d+)\.norm([1-4])\.", r"\1.layer_norm\2."),
    (r"^(mask_decoder\.transformer\..*)\.out_proj\.", r"\1.o_proj."),
    (r"^(.*\.mlp)\.layers\.0\.", r"\1.proj_in."),
    (r"^(.*\.mlp)\.layers\.1\.", r"\1.proj_out."),
    (rf"^(mask_decoder\.{HEADS})\.layers\.0\.", r"\1.proj_in."),
    (rf"^(mask_decoder\.{HEADS})\.layers\.1\.", r"\1.layers.0."),
    (rf"^(mask_decoder\.{HEADS})\.layers\.2\.", r"\1.proj_out."),
    (r"^no_mem_embed$", "no_memory_embedding"),
)
BACKBONE = "vision_encoder.backbone"
MATRIX = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
COPIES = ("shared_image_embedding.positional_embedding", "prompt_encoder.shared_embedding.positional_embedding")
POINTS = tuple(f"prompt_encoder.point_embeddings.{number}.weight" for number in range(4))


def in_hub_spelling(state: Mapping[str, Any]) -> dict[str, Any]:
    """The same tensors under the names of transformers' `Sam2Model`; from either spelling.

    The one matrix that it keeps twice may be in a hub file once or twice.
    """
    import torch

    rules = RENAMES if any(key.startswith("image_encoder.trunk.") for key in state) else ()
    renamed = {}
    for key, value in state.items():
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        renamed[key] = value
    points = [renamed.pop(key) for key in POINTS if key in renamed]
    if points:
        renamed["prompt_encoder.point_embed.weight"] = torch.cat(points)
    matrix = next((renamed.pop(key) for key in (MATRIX, *COPIES) if key in renamed), None)
    if matrix is not None:
        renamed |= dict.fromkeys(COPIES, matrix)
    return renamed


def recognise(state: Mapping[str, Any], path: Path, sizes: Mapping[tuple[int, int], str]) -> str:
    """The name of the Segment Anything 2.1 model whose tensors, in the hub's spelling, these are.

    `sizes` tells it by (width of the first stage, number of blocks). Raises WeightsError naming what the file at `path`
    holds instead.
    """
    wanted = f"a file of {', '.join(sizes.values())} is needed"
    start = state.get(f"{BACKBONE}.pos_embed")
    if start is None:
        first = "Segment Anything (the first)" if "image_encoder.pos_embed" in state else None
        what = first or f"something else (a tensor called {next(iter(state))})"
        raise WeightsError(f"{path} holds {what}; {wanted}")
    if any(VIDEO.fullmatch(key) for key in state) and not any(key in state for key in NEW_IN_2_1):
        raise WeightsError(
            f"{path} holds SAM 2, the version before 2.1; a file of {', '.join(sizes.values())} is needed"
        )
    blocks = sum(bool(re.fullmatch(rf"{BACKBONE}\.blocks\.\d+\.layer_norm1\.weight", key)) for key in state)
    width = start.shape[1]
    return sizes.get((width, blocks), f"a Segment Anything 2 of width {width} with {blocks} blocks")


def for_stills(state: Mapping[str, Any]) -> dict[str, Any]:
    """Without what only following things through a video needs."""
    return {key: value for key, value in state.items() if not VIDEO.fullmatch(key)}
