"""Between a picture and the network: its size, its colours, and the way back.

As the authors do it, cubic without smoothing. The Hugging Face processor differs: it takes the smaller change of scale
and smooths, which gives another map.
"""

from __future__ import annotations

from math import ceil

import numpy as np
import torch
from torch.nn.functional import interpolate

from .variants import PATCH

SHORT_SIDE = 518
LONGEST_SIDE = 4 * SHORT_SIDE  # beyond it, attention over a long strip would fill the memory
MEAN = (0.485, 0.456, 0.406)  # ImageNet's, of red, green and blue
DEVIATION = (0.229, 0.224, 0.225)


def network_size(
    size: tuple[int, int], short_side: int = SHORT_SIDE, longest_side: float = LONGEST_SIDE
) -> tuple[int, int]:
    """(height, width) at which a picture of `size` (height, width) is looked at: multiples of 14 pixels.

    The shorter side becomes 518 pixels, larger or smaller than it was. A picture of more than 4:1 would then be longer
    than 2072; its longer side becomes 2072 instead, and its shorter one what the shape asks for, at least 14.
    """
    scale = max(short_side / side for side in size)
    height, width = (_multiple(side * scale, short_side) for side in size)
    if max(height, width) <= longest_side:
        return height, width
    height, width = (_multiple(side * longest_side / max(size), PATCH) for side in size)
    return height, width


def prepared(pixels: np.ndarray, size: tuple[int, int], swapped: bool = False) -> torch.Tensor:
    """What the network takes, [3, height, width] float32 of `size`, from `pixels` [H, W, 3] float32 0..1.

    A large picture is read where it lies, not copied. `swapped` turns red and blue round.
    """
    # torch can only read in place what is plain and writable, though it writes nothing.
    plain = torch.from_numpy(np.require(pixels, np.float32, "CW"))
    image = interpolate(plain.permute(2, 0, 1)[None], size=size, mode="bicubic", align_corners=False)[0]
    image = image.flip(0) if swapped else image
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    return (image - mean) / deviation


def restored(depth: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Depth [B, h, w] at the size of the pictures, [B, height, width], bilinear between pixel centres."""
    return interpolate(depth[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def _multiple(side: float, least: int) -> int:
    """The multiple of 14 nearest to `side`, a tie to the even one; the next above if that is less than `least`."""
    nearest = round(side / PATCH) * PATCH
    return nearest if nearest >= least else max(ceil(side / PATCH) * PATCH, PATCH)
