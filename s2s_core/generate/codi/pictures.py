"""What the network is shown: squares of 224 x 224 pixels, uint8, resized the way the reference does, to the bit.

Source: CoDi's own preparation, read and run. A still is resized twice
with antialiasing, the frames of a video once without and once with it; the round trip through float in between takes
one level off the darkest 63. Two things are done otherwise unless asked for: the reference cuts its square at random
and mirrors every second still, also when it is used; here the square is the middle one and nothing is mirrored.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from ...errors import InputError
from ...media.masks import bounding_box
from ...types import Picture, Region

STILL_SIDE, FRAME_SIDE, SIDE = 512, 256, 224  # pixels
GRAY = 127
MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
DEVIATION = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)

_SIGNED = np.arange(256, dtype=np.float32) / np.float32(255) * np.float32(2) - np.float32(1)
LEVELS = ((_SIGNED + np.float32(1)) / np.float32(2) * np.float32(255)).astype(np.uint8)
"""[256] uint8: what becomes of each level on its way through -1..1 in float32 and back, fractions cut off."""


def region_crop(picture: Picture, region: Region) -> np.ndarray:
    """[h, w, 3] uint8: the picture inside the box of the region's mask, nothing masked out; all of it for a background,
    which is what no object covers. Raises InputError when the mask is empty."""
    x0, y0, x1, y1 = bounding_box(region.mask)
    pixels = picture.pixels if region.background else picture.pixels[y0:y1, x0:x1]
    return np.rint(pixels * 255).astype(np.uint8)


def still(pixels: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """[1, 224, 224, 3] uint8 of a picture [h, w, 3] uint8 of any size: its middle square.

    With `rng` a square anywhere along the longer side, mirrored every second time. Raises InputError for other arrays.
    """
    _check("a picture", pixels, "height", "width")
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = _middle(height, side), _middle(width, side)
    mirrored = False
    if rng is not None:
        if height != width:
            top, left = (int(rng.integers(length - side + 1)) for length in (height, width))
        mirrored = rng.random() < 0.5
    square = _resized(pixels[top : top + side, left : left + side], STILL_SIDE)
    return _as_seen(square[None, :, ::-1] if mirrored else square[None])


def frames(pixels: np.ndarray) -> np.ndarray:
    """[f, 224, 224, 3] uint8 of a video [f, h, w, 3] uint8 of any size and length: its middle square, never mirrored.

    A single frame is a video still: only what the network makes of it has no time in it. Raises InputError for other
    arrays.
    """
    _check("a video", pixels, "frames", "height", "width")
    side = min(pixels.shape[1:3])
    top, left = (_middle(length, side) for length in pixels.shape[1:3])
    return _as_seen([_resampled(frame[top : top + side, left : left + side]) for frame in pixels])


def gray(count: int = 1) -> np.ndarray:
    """[count, 224, 224, 3] uint8: the empty picture, or the empty video of `count` frames."""
    return np.full((count, SIDE, SIDE, 3), GRAY, np.uint8)


def normalised(seen: np.ndarray) -> np.ndarray:
    """[n, 3, 224, 224] float32, as CLIP takes it, of [n, 224, 224, 3] uint8."""
    scaled = (seen * (1 / 255)).astype(np.float32)
    return np.ascontiguousarray(((scaled - MEAN) / DEVIATION).transpose(0, 3, 1, 2))


def _as_seen(squares) -> np.ndarray:
    return np.stack([_resized(LEVELS[square], SIDE) for square in squares])


def _resized(pixels: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def _resampled(frame: np.ndarray) -> np.ndarray:
    """A square frame at 256 x 256, bicubic without antialiasing, which PIL does not offer."""
    import torch
    from torch.nn.functional import interpolate

    if len(frame) == FRAME_SIDE:
        return frame
    planes = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None].float()
    planes = interpolate(planes, size=(FRAME_SIDE, FRAME_SIDE), mode="bicubic", align_corners=False)
    return planes[0].clamp(0, 255).round().byte().permute(1, 2, 0).numpy()


def _middle(length: int, side: int) -> int:
    return -(-(length - side) // 2)


def _check(what: str, pixels: np.ndarray, *axes: str) -> None:
    shape = pixels.shape
    if pixels.dtype != np.uint8 or len(shape) != len(axes) + 1 or shape[-1] != 3 or 0 in shape:
        raise InputError(
            f"{what} to make sound from is {pixels.dtype} {list(shape)}; allowed is uint8 [{', '.join(axes)}, 3] with "
            "at least one pixel, red, green and blue: convert grey and transparent ones first"
        )
