"""Layers that several of the networks share. Imported on first use only, since it brings torch."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import nn
from torch.nn.functional import batch_norm

SLOPE = 0.2  # of every leaky ReLU
EPSILON = 1e-5


class BatchNorm(nn.Module):
    """Batch norm as it was left by training, [N, C, ...] -> the same. It has no counter of batches to be loaded."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=EPSILON)


def leaky() -> nn.Module:
    """A leaky ReLU of the slope that holds everywhere."""
    return nn.LeakyReLU(SLOPE)


def positions(rows: int, like: torch.Tensor) -> torch.Tensor:
    """Sinusoids of places 0..rows-1, [rows, width] of the width and number type, and on the device, of `like`."""
    return _sinusoids(rows, like.shape[-1]).to(like)


@lru_cache(maxsize=8)
def _sinusoids(rows: int, width: int) -> torch.Tensor:
    """Column 2i is sin(p w), 2i + 1 cos(p w), with w = 10000^(-2i / width)."""
    rates = 10000 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(rows, dtype=torch.float64)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).float()
