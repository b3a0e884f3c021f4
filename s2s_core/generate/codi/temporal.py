"""Time in CLIP: between attention and the rest of each layer, every place in the picture looks along the frames.

Source: CoDi's temporal block, read and run; the names of the parts are those of its checkpoint. A frame's numbers are
divided by how much they vary over the frames, which for a video that hardly moves is next to nothing. Two correct
float32 programs then differ by up to 1 %, and in half precision a video that moves little was measured a quarter off:
videos are seen in float32 only. The statistics are taken of the differences to the first frame, which float32 holds as
well as float64 (not every device has that) would hold the frames themselves; identical frames come out as exactly 0.
Imported on first use only, since it brings torch.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

from ...errors import check_choice
from . import files
from .clip import Step, Vision, unit
from .config import FULL, Config

PART = replace(
    files.CLIP_TEMPORAL,
    source="codi-encoders, else the published CoDi_video_diffuser_8frames.pth: videos need it, stills do not",
    stem="clip.model.vision_model.encoder.layers.",
    pattern=files.CLIP_TEMPORAL.pattern + r"(?!temporal_attn\.(pos|frame_rate)_embeds$)",  # there, but never used
    modules={f"{layer}.temporal_self_attn": f"layers.{layer}" for layer in range(FULL.vision["num_hidden_layers"])},
)
FLOOR = 1e-5  # of a variance


class Gain(nn.Module):
    """A factor for each channel."""

    def __init__(self, *shape: int):
        super().__init__()
        self.g = nn.Parameter(torch.ones(shape))


class Block(nn.Module):
    """One layer's step along time: hidden [places, f, width] -> the same, f frames at each place in the picture."""

    def __init__(self, width: int, heads: int, bias_width: int):
        super().__init__()
        self.heads = heads
        inner = int(4 * width * 2 / 3)
        self.temporal_attn = nn.ModuleDict(
            {
                "norm": Gain(width),
                "to_q": nn.Linear(width, width, bias=False),
                "to_kv": nn.Linear(width, 2 * width, bias=False),
                "to_out": nn.Linear(width, width, bias=False),
            }
        )
        net = nn.Sequential(
            nn.Sequential(nn.Linear(1, bias_width), nn.SiLU()),
            nn.Sequential(nn.Linear(bias_width, bias_width), nn.SiLU()),
            nn.Linear(bias_width, heads),
        )
        self.temporal_rel_pos_bias = nn.ModuleDict({"net": net})
        self.ff = nn.ModuleDict(
            {
                "proj_in": nn.Sequential(nn.Conv1d(width, 2 * inner, 1, bias=False)),
                "proj_out": nn.Sequential(Gain(1, inner, 1), nn.Conv1d(inner, width, 1, bias=False)),
            }
        )

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        hidden = hidden + self._along_frames(hidden)
        return hidden + self._along_channels(hidden)

    def bias(self, count: int) -> torch.Tensor:
        """[heads, f, f] for f = `count`: what is added where frame i looks at frame j, from their distance in log."""
        net = self.temporal_rel_pos_bias["net"]
        places = torch.arange(count, device=net[-1].weight.device)
        apart = (places[:, None] - places).float()
        return net((apart.sign() * apart.abs().log1p())[..., None]).permute(2, 0, 1)

    def _along_frames(self, hidden: torch.Tensor) -> torch.Tensor:
        part = self.temporal_attn
        known = normalised_over_frames(hidden) * part["norm"].g
        three = (part["to_q"](known), *part["to_kv"](known).chunk(2, dim=-1))
        three = (one.unflatten(-1, (self.heads, -1)).transpose(1, 2) for one in three)  # [places, heads, f, rest]
        seen = scaled_dot_product_attention(*three, attn_mask=self.bias(hidden.shape[1])[None])
        return part["to_out"](seen.transpose(1, 2).flatten(2))

    def _along_channels(self, hidden: torch.Tensor) -> torch.Tensor:
        (widen,), (gain, narrow) = self.ff["proj_in"], self.ff["proj_out"]
        values, gate = linear(hidden, widen.weight[..., 0]).chunk(2, dim=-1)
        product = values * gelu(gate)
        variance, mean = torch.var_mean(product, dim=-1, correction=0, keepdim=True)
        product = (product - mean) * variance.clamp(min=FLOOR).rsqrt()
        return linear(product * gain.g.flatten(), narrow.weight[..., 0])


class Temporal(nn.Module):
    """The blocks of all layers, each for the layer of `Vision` with its number."""

    def __init__(self, config: Config):
        super().__init__()
        vision = config.vision
        size = vision["hidden_size"], vision["num_attention_heads"], config.temporal_hidden
        self.layers = nn.ModuleList(Block(*size) for _ in range(vision["num_hidden_layers"]))

    def forward(self, number: int, hidden: torch.Tensor) -> torch.Tensor:
        """Layer `number`'s step for one video [f, tokens, width]."""
        return self.layers[number](hidden.transpose(0, 1)).transpose(0, 1)


class Film(nn.Module):
    """What sees and what sees movement as one module, both float32: a host that brings one of two to a device may take
    the other away."""

    def __init__(self, vision: Vision, temporal: Temporal):
        super().__init__()
        self.vision, self.temporal = vision, temporal


def normalised_over_frames(hidden: torch.Tensor) -> torch.Tensor:
    """[places, f, width] float32 less its mean over the f frames, in units of its deviation from it, at least
    sqrt(FLOOR). Identical frames give 0."""
    moved = hidden - hidden[:, :1]
    moved = moved - moved.mean(dim=1, keepdim=True)
    return moved * moved.square().mean(dim=1, keepdim=True).clamp(min=FLOOR).rsqrt()


def load_temporal(tensors: files.Tensors, config: Config = FULL, half: str = "float32") -> Temporal:
    """The blocks of all layers, ready to compute. Raises WeightsError when they are not complete, or in none of the
    files; InputError for another number type than float32."""
    check_choice("the number type of what sees videos", half, ("float32",))
    return files.build(tensors, PART, lambda: Temporal(config))


def embed_video(
    network: Vision, temporal: Temporal | None, pixels: torch.Tensor, step: Step | None = None
) -> torch.Tensor:
    """[1, 1, projection] float32 of length 1, from one video's pixels [f, 3, 224, 224], all float32 on one device.

    A single frame is a still and needs no `temporal`. `step` is called after each layer.
    """
    with torch.inference_mode():
        between = temporal if len(pixels) > 1 else None
        first = network.tokens(pixels, between, step)[:, 0]  # [f, width]
        return unit(network.projected(first.mean(dim=0, keepdim=True)))
