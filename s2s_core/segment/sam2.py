"""Segment Anything 2.1 (arXiv 2408.00714) on still pictures: transformers' network, the released files or the hub's,
and the mask generator that SAM has.

Only the image encoder may stand in half precision, as with SAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import Backend
from ..errors import WeightsError
from ..models import weights
from ..models.held import Held
from ..models.libraries import need
from ..models.steps import stepping
from ..runtime import Runtime
from . import automatic
from .sam2_files import for_stills, in_hub_spelling, recognise

if TYPE_CHECKING:
    import torch

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of each channel, 0..1


@dataclass(frozen=True)
class Size:
    """One size of the Hiera encoder. What follows per stage is a row of four; `background` is the side of the position
    embedding that is stretched over the picture."""

    widths: tuple[int, ...]
    heads: tuple[int, ...]
    blocks: tuple[int, ...]
    windows: tuple[int, ...]
    all_seeing: tuple[int, ...]  # blocks whose attention is not windowed
    background: int
    channels: int = 256
    side: int = 1024  # pixels of the square that the network sees


WIDTHS = (96, 192, 384, 768)
SIZES = {
    "SAM 2.1 Tiny": Size(WIDTHS, (1, 2, 4, 8), (1, 2, 7, 2), (8, 4, 14, 7), (5, 7, 9), 7),
    "SAM 2.1 Small": Size(WIDTHS, (1, 2, 4, 8), (1, 2, 11, 2), (8, 4, 14, 7), (7, 10, 13), 7),
    "SAM 2.1 Base+": Size((112, 224, 448, 896), (2, 4, 8, 16), (2, 3, 16, 3), (8, 4, 14, 7), (12, 16, 20), 14),
    "SAM 2.1 Large": Size((144, 288, 576, 1152), (2, 4, 8, 16), (2, 6, 36, 4), (8, 4, 16, 8), (23, 33, 43), 7),
}


@dataclass(frozen=True)
class Predictor:
    """The network as the mask generator uses it; what it has seen are three maps [1, C, n, n], fine to coarse."""

    network: Any
    limits: automatic.Limits = automatic.Limits(predicted_iou=0.8)

    @property
    def side(self) -> int:
        return self.network.prompt_encoder.input_image_size

    def encode(self, pixels: np.ndarray, runtime: Runtime) -> list[torch.Tensor]:
        backbone, decoder = self.network.vision_encoder.backbone, self.network.mask_decoder
        weight = backbone.patch_embed.projection.weight
        x = normalised(pixels, self.side).to(weight.device, weight.dtype)
        with runtime.progress(automatic.LOOKING, len(backbone.blocks)) as bar, stepping(backbone.blocks, bar.step):
            fine, middle, coarse = (level.float() for level in self.network.vision_encoder(x).fpn_hidden_states)
        none_before = self.network.no_memory_embedding.view(1, -1, 1, 1)  # a still picture has no earlier frames
        return [decoder.conv_s0(fine), decoder.conv_s1(middle), coarse + none_before]

    def predict(self, seen: list[torch.Tensor], points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        places = (points * self.side).to(seen[0].device)[None, :, None]
        found = self.network(image_embeddings=seen, input_points=places, multimask_output=True)
        return found.pred_masks[0], found.iou_scores[0]

    def draw(self, seen: list[torch.Tensor], logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        from torch.nn.functional import interpolate

        return interpolate(logits[None], size, mode="bilinear", align_corners=False)[0]


def normalised(pixels: np.ndarray, side: int) -> torch.Tensor:
    """A picture, uint8 [H, W, 3], as the network takes it: float32 [1, 3, side, side], squeezed to a square.

    One channel after the other: a large picture in float32 would take four times its own memory.
    """
    import torch
    from torch.nn.functional import interpolate

    channels = []
    for plane, mean, deviation in zip(np.moveaxis(pixels, 2, 0), MEAN, DEVIATION, strict=True):
        grey = torch.from_numpy(np.ascontiguousarray(plane)).float()[None, None] / 255
        small = interpolate(grey, (side, side), mode="bilinear", align_corners=False, antialias=True)
        channels.append((small - mean) / deviation)
    return torch.cat(channels, dim=1)


def load(name: str, path: Path, half: str = "float32") -> torch.nn.Module:
    """The network that the file at `path` holds, its image encoder in the number type `half`.

    `name` is what the user chose. Raises WeightsError when the file is damaged or holds something else, DependencyError
    when a library is missing, too old, or does not fit another.
    """
    need("torchvision.ops", "torchvision", name)
    need("transformers.models.sam2", "transformers>=4.56", name)
    import torch

    state = in_hub_spelling(weights.read(path))
    found = recognise(state, path, {(row.widths[0], sum(row.blocks)): label for label, row in SIZES.items()})
    if found != name:
        raise WeightsError(f"{path} holds {found}, not {name}: choose the model that the file holds, or fetch it again")
    network = weights.build(lambda: _network(SIZES[name]), for_stills(state), path, name)
    network.vision_encoder.to(getattr(torch, half))
    return network


def _network(size: Size) -> torch.nn.Module:
    from transformers import Sam2Config, Sam2Model

    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": size.widths[0],
        "num_attention_heads": size.heads[0],
        "image_size": [size.side, size.side],
        "embed_dim_per_stage": list(size.widths),
        "num_attention_heads_per_stage": list(size.heads),
        "blocks_per_stage": list(size.blocks),
        "window_size_per_stage": list(size.windows),
        "global_attention_blocks": list(size.all_seeing),
        "window_positional_embedding_background_size": [size.background, size.background],
    }
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": list(size.widths[::-1]),
        "backbone_feature_sizes": [[size.side // stride] * 2 for stride in (4, 8, 16)],
        "fpn_hidden_size": size.channels,
    }
    return Sam2Model(
        Sam2Config(
            vision_config=vision,
            prompt_encoder_config={"hidden_size": size.channels, "image_size": size.side},
            mask_decoder_config={"hidden_size": size.channels},
        )
    )


def _backend(name: str, file: str, summary: str) -> Backend:
    held = partial(load, name)
    return Backend(name, summary, lambda runtime: automatic.Segmenter(Held(file, held), Predictor), (file,))


BACKENDS = tuple(
    _backend(*row)
    for row in (
        ("SAM 2.1 Tiny", "sam2.1-tiny", "Segment Anything 2.1, smallest: quick, also on a CPU"),
        ("SAM 2.1 Small", "sam2.1-small", "Segment Anything 2.1, small"),
        ("SAM 2.1 Base+", "sam2.1-base-plus", "Segment Anything 2.1, middle size"),
        ("SAM 2.1 Large", "sam2.1-large", "Segment Anything 2.1, largest"),
    )
)
