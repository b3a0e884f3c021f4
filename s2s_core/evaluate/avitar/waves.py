"""Sound to tokens and back: strided convolutions, and the same upside down. Imported on first use only.

Places in the lists are those of the published file, whose weight norm is folded into plain weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .layers import leaky

KERNEL = 7  # of the first and the last convolution


class Block(nn.Module):
    """A dilated convolution beside a shortcut of one tap, [N, C, T] -> the same. The published network has none."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.block = nn.Sequential(
            leaky(),
            nn.ReflectionPad1d(dilation),
            nn.Conv1d(channels, channels, 3, dilation=dilation),
            leaky(),
            nn.Conv1d(channels, channels, 1),
        )
        self.shortcut = nn.Conv1d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.block(x)


class Chain(nn.Module):
    """Layers in a row, under the name that the file gives them."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)


def encoder(channels: int, ratios: Sequence[int], blocks: int) -> Chain:
    """[N, 1, L] -> [N, channels * 2^R, L / product of the R ratios]."""
    stages = [_leaky_and(nn.Conv1d, channels << i, channels << (i + 1), ratio) for i, ratio in enumerate(ratios)]
    return Chain(
        *_padded(1, channels),
        *(layer for i, stage in enumerate(stages) for layer in (*stage, *_blocks(channels << (i + 1), blocks))),
    )


def decoder(width: int, channels: int, ratios: Sequence[int], blocks: int) -> Chain:
    """[N, width, T] -> [N, 1, T * product of the ratios], in -1..1."""
    widest = len(ratios)
    layers = [*_padded(width, channels << widest)]
    for i, ratio in enumerate(ratios):
        after = channels << (widest - i - 1)
        layers += [*_leaky_and(nn.ConvTranspose1d, 2 * after, after, ratio, output_padding=ratio % 2)]
        layers += _blocks(after, blocks)
    return Chain(*layers, leaky(), *_padded(channels, 1), nn.Tanh())


def _leaky_and(kind: type[nn.Module], before: int, after: int, ratio: int, **more: int) -> tuple[nn.Module, nn.Module]:
    """A leaky ReLU, and a convolution of `kind` that changes the rate by `ratio`."""
    return leaky(), kind(before, after, 2 * ratio, ratio, ratio // 2 + ratio % 2, **more)


def _padded(before: int, after: int) -> tuple[nn.Module, nn.Module]:
    return nn.ReflectionPad1d(KERNEL // 2), nn.Conv1d(before, after, KERNEL)


def _blocks(channels: int, count: int) -> list[nn.Module]:
    return [Block(channels, 3**j) for j in range(count)]
