"""What sees the picture: ResNet-18 (He et al. 2016) without its last two layers. Imported on first use only."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d, relu

from .layers import BatchNorm


class Block(nn.Module):
    """Two convolutions beside a shortcut, [N, C, H, W] -> [N, C', H / stride, W / stride]."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, after, 3, stride, 1, bias=False), BatchNorm(after)
        self.conv2, self.bn2 = nn.Conv2d(after, after, 3, 1, 1, bias=False), BatchNorm(after)
        self.downsample = nn.Sequential()
        if stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), BatchNorm(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(y)) + self.downsample(x))


def trunk(channels: int) -> nn.Sequential:
    """[1, 3, 180, 320] -> [1, 8 channels, 6, 10]. The places in the list are those of the published file."""
    stages = ((1, 1, 1), (1, 2, 2), (2, 4, 2), (4, 8, 2))  # channels before and after, in units; stride
    return nn.Sequential(
        nn.Conv2d(3, channels, 7, 2, 3, bias=False),
        BatchNorm(channels),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        *(
            nn.Sequential(
                Block(channels * before, channels * after, stride), Block(channels * after, channels * after, 1)
            )
            for before, after, stride in stages
        ),
    )


def tokens(seen: torch.Tensor) -> torch.Tensor:
    """The trunk's map [1, D, 6, 10], averaged to half of each side -> [1, 15, D], row by row."""
    height, width = seen.shape[2:]
    return adaptive_avg_pool2d(seen, (height // 2, width // 2)).flatten(2).transpose(1, 2)
