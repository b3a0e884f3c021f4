"""A sound guessed from how a region looks. A guess: sky may be a blue wall, skin may be wood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import InputError
from ..media.masks import area_fraction, bounding_box
from ..types import Picture, Region


@dataclass(frozen=True)
class Looks:
    """What is known of a region. Shares are 0..1 of its pixels; x and y are its centre, 0..1 from the left and top.

    `rough` is the mean step of luma between neighbouring pixels at 320 pixels a side: 0.01 is smooth, 0.05 rough.
    `straight` is the share of edges within 10 degrees of upright or level: 0.22 is chance.
    `round` tells whether it fills its nearly square box as a disc does.
    """

    blue: float
    green: float
    glow: float
    dark: float
    skin: float
    grey: float
    bright: float
    rough: float
    straight: float
    round: bool
    x: float
    y: float
    area: float
    background: bool


# First that fits: (why, does it fit, candidates). Which of several candidates: the farther right, the later.
GUESSES: tuple[tuple[str, Callable[[Looks], bool], tuple[str, ...]], ...] = (
    ("glowing orange in the dark", lambda s: s.glow > 0.1 and s.dark > 0.2, ("fire",)),
    ("blue and smooth, in the upper part", lambda s: s.blue > 0.4 and s.rough < 0.04 and s.y < 0.55, ("wind",)),
    ("blue and wide, in the lower part", lambda s: s.blue > 0.4 and s.area > 0.15 and s.y >= 0.5, ("surf",)),
    ("blue, in the lower part", lambda s: s.blue > 0.4 and s.y >= 0.5, ("stream",)),
    ("green and rough", lambda s: s.green > 0.3 and s.rough >= 0.02, ("leaves", "birds")),
    ("green and smooth", lambda s: s.green > 0.3, ("birds", "crickets")),
    ("a dark background", lambda s: s.background and s.bright < 0.15, ("crickets",)),
    (
        "a pale, smooth background that reaches high",
        lambda s: s.background and s.bright > 0.6 and s.rough < 0.02,
        ("wind",),
    ),
    ("a background of no special kind", lambda s: s.background, ("room tone",)),
    ("round, small and bright", lambda s: s.round and s.area < 0.06 and s.bright > 0.4, ("bell", "clock")),
    ("round", lambda s: s.round and s.area < 0.3, ("cup",)),
    ("the tint of skin, wide", lambda s: s.skin > 0.5 and s.area > 0.25, ("crowd",)),
    ("the tint of skin", lambda s: s.skin > 0.5, ("breath", "voice", "footsteps")),
    ("grey with straight edges", lambda s: s.grey > 0.5 and s.straight > 0.34, ("traffic", "hum")),
    ("pale, smooth and high up", lambda s: s.bright > 0.6 and s.rough < 0.02 and s.y < 0.45, ("wind",)),
    ("rough, of no special colour", lambda s: s.rough > 0.05, ("footsteps", "crowd")),
    ("nothing special", lambda s: True, ("hum", "room tone", "breath")),
)


def guess(picture: Picture, region: Region, name: str = "region") -> tuple[str, str]:
    """(texture, why) of the first of `GUESSES` that fits. Raises InputError when the mask is empty."""
    looks = look(picture, region, name)
    why, _, textures = next(row for row in GUESSES if row[1](looks))
    return textures[int(looks.x * len(textures))], why


def look(picture: Picture, region: Region, name: str = "region") -> Looks:
    """Measure a region. Raises InputError when its mask is empty."""
    if not region.mask.any():
        raise InputError(
            f"the mask of {name} covers no pixel, so its sound cannot be guessed: give it a prompt or a mask"
        )
    red, green, blue = np.moveaxis(picture.thumbnail, 2, 0)
    weight = np.asarray(Image.fromarray(region.mask.astype(np.float32)).reduce(picture.thumbnail_block))

    def mean(values) -> float:
        return float(np.average(values, weights=weight))

    hue, saturation, value = _hsv(red, green, blue)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    down, right = np.gradient(luma)
    step = np.hypot(down, right)
    off_axis = np.minimum(np.abs(down), np.abs(right)) <= np.tan(np.radians(10)) * step
    x0, y0, x1, y1 = bounding_box(region.mask)
    width, height = x1 - x0, y1 - y0
    filled = np.count_nonzero(region.mask) / (width * height)
    rows, columns = np.indices(weight.shape) + 0.5
    return Looks(
        blue=mean((saturation > 0.2) & (hue > 180) & (hue < 265) & (value > 0.25)),
        green=mean((saturation > 0.15) & (hue > 65) & (hue < 170)),
        glow=mean((saturation > 0.5) & (hue > 10) & (hue < 60) & (value > 0.9)),
        dark=mean(value < 0.3),
        skin=mean((saturation > 0.2) & (saturation < 0.6) & (hue > 5) & (hue < 40) & (value > 0.45)),
        grey=mean(saturation < 0.2),
        bright=mean(luma),
        rough=mean(step),
        straight=mean(step * off_axis) / max(mean(step), 1e-9),
        round=0.72 < filled < 0.86 and 0.75 < width / height < 1.33,
        x=mean(columns) / weight.shape[1],
        y=mean(rows) / weight.shape[0],
        area=area_fraction(region.mask),
        background=region.background,
    )


def _hsv(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hue in degrees 0..360 (0 where grey), saturation and value 0..1."""
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    safe = np.where(chroma > 0, chroma, 1)
    sector = np.select(
        [value == red, value == green], [(green - blue) / safe % 6, (blue - red) / safe + 2], (red - green) / safe + 4
    )
    return 60 * sector * (chroma > 0), chroma / np.where(value > 0, value, 1), value
