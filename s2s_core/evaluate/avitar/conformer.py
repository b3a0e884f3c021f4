"""The blocks between ear and mouth: conformer (Gulati et al. 2020) with a look at the picture in each.

The names of the parts are those of the published file. Imported on first use only, since it brings torch.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import glu, pad, scaled_dot_product_attention

from .config import HEAD, Config
from .layers import BatchNorm, positions


class Linear(nn.Module):
    """A matrix under the name that the file gives it."""

    def __init__(self, before: int, after: int, bias: bool = True):
        super().__init__()
        self.linear = nn.Linear(before, after, bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


class Convolution(nn.Module):
    """A convolution under the name that the file gives it."""

    def __init__(self, *sizes: int, **more):
        super().__init__()
        self.conv = nn.Conv1d(*sizes, **more)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class Residual(nn.Module):
    """x -> x + factor * module(x)."""

    def __init__(self, module: nn.Module, factor: float = 1.0):
        super().__init__()
        self.module, self.factor = module, factor

    def forward(self, x: torch.Tensor, *more: torch.Tensor) -> torch.Tensor:
        return x + self.factor * self.module(x, *more)


class FeedForward(nn.Module):
    """Each token by itself, [N, T, D] -> the same."""

    def __init__(self, width: int):
        super().__init__()
        widen, narrow = Linear(width, 4 * width), Linear(4 * width, width)
        self.sequential = nn.Sequential(nn.LayerNorm(width), widen, nn.SiLU(), nn.Identity(), narrow)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.sequential(x)


class Neighbours(nn.Module):
    """Each token with those near to it in time, [N, T, D] -> the same."""

    def __init__(self, width: int, kernel: int):
        super().__init__()
        self.sequential = nn.ModuleDict(
            {
                "0": nn.LayerNorm(width),
                "2": Convolution(width, 2 * width, 1),
                "4": Convolution(width, width, kernel, padding=kernel // 2, groups=width, bias=False),
                "5": BatchNorm(width),
                "6": nn.SiLU(),
                "7": Convolution(width, width, 1),
            }
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        norm, widen, *rest = self.sequential.values()
        x = glu(widen(norm(x).transpose(1, 2)), dim=1)
        for layer in rest:
            x = layer(x)
        return x.transpose(1, 2)


class RelativeAttention(nn.Module):
    """The matrices of `SelfAttention`."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.query_proj, self.key_proj, self.value_proj = (Linear(width, width) for _ in range(3))
        self.pos_proj, self.out_proj = Linear(width, width, bias=False), Linear(width, width)
        self.u_bias, self.v_bias = (nn.Parameter(torch.zeros(heads, width // heads)) for _ in range(2))


class SelfAttention(nn.Module):
    """Each token with all others, and with where they are, [N, T, D] -> the same.

    As trained: scores are divided by the root of D, not of a head's size, and what the shift leaves above the diagonal
    counts.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.layer_norm, self.attention = nn.LayerNorm(width), RelativeAttention(width, heads)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        part, (heads, _), scale = self.attention, self.attention.u_bias.shape, x.shape[-1] ** -0.5
        known = self.layer_norm(x)
        q, k, v = (split(one(known), heads) for one in (part.query_proj, part.key_proj, part.value_proj))
        places = split(part.pos_proj(positions(x.shape[1], x))[None], heads)
        score = shifted((q + part.v_bias[:, None]) @ places.transpose(-1, -2))
        heard = scaled_dot_product_attention(q + part.u_bias[:, None], k, v, attn_mask=score * scale, scale=scale)
        return part.out_proj(heard.transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    """Each token of the sound [N, T, D] with the picture's tokens [1, S, D] -> [N, T, D].

    One norm serves both. Where the picture's tokens know their places, these are added after it.
    """

    def __init__(self, width: int, heads: int, places: bool):
        super().__init__()
        self.heads, self.places = heads, places
        self.layer_norm = nn.LayerNorm(width)
        inner = heads * HEAD
        parts = {name: nn.Linear(width, inner, bias=False) for name in ("to_q", "to_k", "to_v")}
        self.attention = nn.ModuleDict({**parts, "to_out": nn.Sequential(nn.Linear(inner, width))})

    def forward(self, x: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        part, seen = self.attention, self.layer_norm(tokens)
        if self.places:
            seen = seen + positions(seen.shape[1], seen)
        q = split(part["to_q"](self.layer_norm(x)), self.heads)
        k, v = (split(part[name](seen), self.heads).expand(len(x), -1, -1, -1) for name in ("to_k", "to_v"))
        return part["to_out"](scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """One layer: sound [N, T, D] and the picture's tokens [1, S, D] -> sound [N, T, D]."""

    def __init__(self, config: Config):
        super().__init__()
        width = config.width
        self.sequential = nn.ModuleList(
            [
                Residual(FeedForward(width), 0.5),
                Residual(SelfAttention(width, config.heads)),
                Residual(CrossAttention(width, config.cross_heads, config.places)),
                Residual(Neighbours(width, config.kernel)),
                Residual(FeedForward(width), 0.5),
                nn.LayerNorm(width),
            ]
        )

    def forward(self, x: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        first, alone, seeing, near, second, norm = self.sequential
        return norm(second(near(seeing(alone(first(x)), tokens))))


def split(x: torch.Tensor, heads: int) -> torch.Tensor:
    """[N, T, heads * d] -> [N, heads, T, d]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def shifted(score: torch.Tensor) -> torch.Tensor:
    """Scores [..., T, T] by place 0..T-1 -> by distance, after Dai et al. 2019 (arXiv 1901.02860).

    At and below the diagonal [i, j] is [i, T-1-(i-j)]; next above it is 0; beyond, what is left of row i+1.
    """
    rows = score.shape[-1]
    return pad(score, (1, 0)).reshape(*score.shape[:-2], rows + 1, rows)[..., 1:, :]
