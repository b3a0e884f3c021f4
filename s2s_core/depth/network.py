"""The Depth Anything network: transformers' parts, put together offline from the size, with the authors' positions.

Imported on first use only, since it brings torch and transformers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isqrt
from pathlib import Path

import torch
import transformers
from torch import nn
from torch.nn.functional import interpolate
from transformers.models.dinov2.modeling_dinov2 import Dinov2Embeddings

from ..errors import DependencyError
from ..models.steps import stepping
from ..models.weights import build, fit, read
from . import keys
from .variants import PATCH, Size, Variant

HEAD = 32  # channels of the last map but one, in every size


class Positions(Dinov2Embeddings):
    """Learned positions, stretched as the authors stretch them.

    Their factors have a tenth of a token added, and it is the factors that steer where the grid is read. transformers
    asks for the size instead, which moves the depth by up to 3e-3 of its range.
    """

    def interpolate_pos_encoding(self, embeddings: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Positions [1, 1 + rows * columns, width of a token] for pixels [height, width]; resampled in float32."""
        learned = self.position_embeddings
        side = isqrt(learned.shape[1] - 1)
        rows, columns = height // PATCH, width // PATCH
        if rows == columns == side:
            return learned
        first, grid = learned.float().split((1, side * side), dim=1)
        grid = grid.unflatten(1, (side, side)).permute(0, 3, 1, 2)  # [1, width, side, side]
        factors = (rows + 0.1) / side, (columns + 0.1) / side
        grid = interpolate(grid, scale_factor=factors, mode="bicubic", align_corners=False)
        return torch.cat([first, grid.flatten(2).transpose(1, 2)], dim=1).to(embeddings.dtype)


class Network(nn.Module):
    """Normalised pixels [B, 3, H, W], H and W multiples of 14 -> depth [B, H, W] float32.

    Relative: inverse depth of any scale, 0 or more, larger is nearer. Metric: metres along the axis, 0 or more. The
    encoder computes in the number type its weights have, the decoder in float32.
    """

    # Not itself a transformers model: ComfyUI sets `device` on what it manages, which those do not allow.

    def __init__(self, variant: Variant):
        super().__init__()
        whole = transformers.DepthAnythingForDepthEstimation(_configuration(variant))
        self.backbone, self.neck, self.head = whole.backbone, whole.neck, whole.head
        self.backbone.embeddings = Positions(self.backbone.config)

    def forward(self, pixels: torch.Tensor, step: Callable[[], None] | None = None) -> torch.Tensor:
        """`step` is called after each block of the encoder; what it raises stops the work."""
        rows, columns = (side // PATCH for side in pixels.shape[2:])
        with stepping(self.backbone.encoder.layer if step else (), step):
            maps = self.backbone(pixels.to(self.backbone.dtype)).feature_maps  # 4 x [B, 1 + tokens, width]
        fused = self.neck([one.float() for one in maps], rows, columns)
        return self.head(fused, rows, columns)


def load(path: Path, variant: Variant, half: str = "float32") -> Network:
    """The network with the weights in the file at `path`, ready to compute, its encoder in the number type `half`.

    Any of the spellings of `keys.py` will do, in float32 or shorter. Raises WeightsError when the file is another model
    or another size, or not exactly complete; DependencyError when the installed transformers spells in no known way.
    """
    state = keys.to_original(read(path))
    keys.check_model(state, path, variant)
    make = partial(Network, variant)
    with torch.device("meta"):
        wanted = make().state_dict()
    spelling = keys.spelling_of(wanted)
    if spelling is None:
        raise DependencyError(
            f"transformers {transformers.__version__} builds Depth Anything in a way unknown here; 4.50 to 5.x are "
            "known: install one of these, or a newer version of this package"
        )
    fit(keys.to_original(wanted), state, path, variant.name)
    network = build(make, keys.to_hub(state, variant.size.blocks, spelling), path, variant.name)
    network.backbone.to(getattr(torch, half))
    return network


def working_bytes(size: Size, batch: int, pixels: int) -> int:
    """Memory that the activations need, for `batch` pictures of `pixels` each as the network sees them."""
    return int(batch * pixels * (size.width * 16 / PATCH**2 + size.fusion * 2 + HEAD * 4) * 4)


def _configuration(variant: Variant) -> transformers.DepthAnythingConfig:
    size = variant.size
    encoder = transformers.Dinov2Config(
        hidden_size=size.width,
        num_hidden_layers=size.blocks,
        num_attention_heads=size.heads,
        image_size=size.grid * PATCH,
        patch_size=PATCH,
        out_indices=[tap + 1 for tap in variant.taps],  # transformers counts the stem as the first
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    return transformers.DepthAnythingConfig(
        backbone_config=encoder,
        reassemble_hidden_size=size.width,
        neck_hidden_sizes=list(size.channels),
        fusion_hidden_size=size.fusion,
        head_hidden_size=HEAD,
        depth_estimation_type="metric" if variant.max_depth else "relative",
        max_depth=variant.max_depth or 1,
    )
