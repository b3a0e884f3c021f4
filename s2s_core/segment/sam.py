"""Segment Anything (arXiv 2304.02643), the paper's segmenter: networks of the segment-anything package, its released
files, our own mask generator (`automatic.py`).

The image encoder may stand in half precision; prompts, mask decoder and scores are always float32.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..backend import Backend
from ..errors import WeightsError
from ..models import weights
from ..models.held import Held
from ..models.libraries import need
from ..models.steps import stepping
from ..runtime import Runtime
from . import automatic
from .sam_files import in_published_spelling, recognise

if TYPE_CHECKING:
    import torch

MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of each channel, 0..255; not in the files
MASKS_A_PROMPT = 3
HEADS = 8  # of the mask decoder: the only number that the tensors' shapes do not tell


@dataclass(frozen=True)
class Seen:
    """What the image encoder saw."""

    embedding: Any  # [1, C, g, g]
    size: tuple[int, int]  # (height, width) of the picture as the network saw it, without the padding


@dataclass(frozen=True)
class Predictor:
    """The network as the mask generator uses it."""

    network: Any
    limits: automatic.Limits = automatic.Limits(predicted_iou=0.88)

    def encode(self, pixels: np.ndarray, runtime: Runtime) -> Seen:
        import torch

        encoder = self.network.image_encoder
        device, half = encoder.pos_embed.device, encoder.pos_embed.dtype
        height, width = automatic.scaled(pixels.shape[:2], encoder.img_size)
        pixels = np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))
        x = torch.from_numpy(pixels).to(device).permute(2, 0, 1).float()
        mean, deviation = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, DEVIATION))
        x = torch.nn.functional.pad((x - mean) / deviation, (0, encoder.img_size - width, 0, encoder.img_size - height))
        with runtime.progress(automatic.LOOKING, len(encoder.blocks)) as bar, stepping(encoder.blocks, bar.step):
            embedding = encoder(x[None].to(half)).float()
        return Seen(embedding, (height, width))

    def predict(self, seen: Seen, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        prompts, device = self.network.prompt_encoder, seen.embedding.device
        height, width = seen.size
        places = points.to(device) * torch.tensor((width, height), dtype=torch.float32, device=device)
        labels = torch.ones((len(points), 1), dtype=torch.int, device=device)
        sparse, dense = prompts(points=(places[:, None], labels), boxes=None, masks=None)
        return self.network.mask_decoder(
            image_embeddings=seen.embedding,
            image_pe=prompts.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        )

    def draw(self, seen: Seen, logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        from torch.nn.functional import interpolate

        side, (height, width) = self.network.image_encoder.img_size, seen.size
        padded = interpolate(logits[None], (side, side), mode="bilinear", align_corners=False)
        return interpolate(padded[..., :height, :width], size, mode="bilinear", align_corners=False)[0]


def load(name: str, path: Path, half: str = "float32") -> torch.nn.Module:
    """The network that the file at `path` holds, its image encoder in the number type `half`.

    `name` is what the user chose. Raises WeightsError when the file is damaged or holds something else, DependencyError
    when torchvision does not fit torch.
    """
    need("torchvision.ops", "torchvision", name)
    need("segment_anything", "segment-anything", name)
    import torch

    state = in_published_spelling(weights.read(path))
    found = recognise(state, path)
    if found != name:
        raise WeightsError(f"{path} holds {found}, not {name}: choose the model that the file holds, or fetch it again")

    def sized() -> torch.nn.Module:
        try:
            return _network(state)
        except KeyError as error:
            raise WeightsError(f"{path} is not a whole {name}: {error.args[0]} is missing; fetch it again") from error
        except (ValueError, IndexError, ZeroDivisionError, AssertionError) as error:
            raise WeightsError(f"{path} is not {name}: its tensors have shapes that no such network has") from error

    network = weights.build(sized, state, path, name)
    network.image_encoder.to(getattr(torch, half))
    return network


def _network(state: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """The package's parts, sized as the tensors of the file are."""
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, TwoWayTransformer
    from torch.nn import LayerNorm, Module

    from .attention import fuse

    def shape(key):
        return state[key].shape

    grid, width = shape("image_encoder.pos_embed")[2:]
    patch = shape("image_encoder.patch_embed.proj.weight")[-1]
    channels = shape("image_encoder.neck.0.weight")[0]
    reach = [shape(key)[0] for key in _each(state, r"image_encoder\.blocks\.(\d+)\.attn\.rel_pos_h")]
    windows = [(length + 1) // 2 for length in reach if length != 2 * grid - 1]
    layers = _each(state, r"mask_decoder\.transformer\.layers\.(\d+)\.norm1\.weight")
    network = Module()
    network.image_encoder = fuse(
        ImageEncoderViT(
            img_size=grid * patch,
            patch_size=patch,
            embed_dim=width,
            depth=len(reach),
            num_heads=width // shape("image_encoder.blocks.0.attn.rel_pos_h")[1],
            mlp_ratio=shape("image_encoder.blocks.0.mlp.lin1.weight")[0] / width,
            out_chans=channels,
            norm_layer=_norm(LayerNorm),
            use_rel_pos=True,
            window_size=windows[0] if windows else 0,
            global_attn_indexes=tuple(i for i, length in enumerate(reach) if length == 2 * grid - 1),
        )
    )
    network.prompt_encoder = PromptEncoder(
        embed_dim=channels,
        image_embedding_size=(grid, grid),
        input_image_size=(grid * patch, grid * patch),
        mask_in_chans=shape("prompt_encoder.mask_downscaling.3.weight")[0],
    )
    network.mask_decoder = MaskDecoder(
        transformer_dim=channels,
        transformer=TwoWayTransformer(
            depth=len(layers),
            embedding_dim=channels,
            num_heads=HEADS,
            mlp_dim=shape("mask_decoder.transformer.layers.0.mlp.lin1.weight")[0],
        ),
        num_multimask_outputs=MASKS_A_PROMPT,
        iou_head_depth=len(_each(state, r"mask_decoder\.iou_prediction_head\.layers\.(\d+)\.weight")),
        iou_head_hidden_dim=shape("mask_decoder.iou_prediction_head.layers.0.weight")[0],
    )
    return network


def _norm(layer_norm):
    """The encoder's normalisation: epsilon 1e-6 (everywhere else it is PyTorch's 1e-5)."""
    return lambda width: layer_norm(width, eps=1e-6)


def _each(state: Mapping[str, Any], pattern: str) -> list[str]:
    """Keys that match, by their number."""
    found = {int(match[1]): key for key in state if (match := re.fullmatch(pattern, key))}
    return [found[number] for number in sorted(found)]


def _backend(name: str, file: str, summary: str) -> Backend:
    held = partial(load, name)
    return Backend(name, summary, lambda runtime: automatic.Segmenter(Held(file, held), Predictor), (file,))


BACKENDS = tuple(
    _backend(*row)
    for row in (
        ("SAM ViT-B", "sam-vit-b", "Segment Anything, smallest: the one for a CPU"),
        ("SAM ViT-L", "sam-vit-l", "Segment Anything, middle size"),
        ("SAM ViT-H", "sam-vit-h", "Segment Anything, largest: what the paper used"),
    )
)
