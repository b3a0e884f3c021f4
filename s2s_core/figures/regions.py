"""The picture with its regions drawn over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from ..errors import InputError
from ..media.masks import area_fraction, inner_point
from ..types import Picture, Region
from . import style
from .style import HEADER, MARGIN, WIDTH, Canvas, Point

TALLEST = 780.0
LEGEND_BESIDE = 340.0  # width kept free for the legend beside an upright picture
FILL, DIM = 0.30, 0.6
REDUCING_GAP = 3.0  # a picture over 6 times the drawn size is averaged in blocks first, which is faster
BAND = 64  # rows made 8-bit at a time: a large photograph is half a gigabyte


def regions_overlay(picture: Picture, regions: Sequence[Region]) -> Image.Image:
    """The photograph with each region tinted, outlined and numbered, and a legend; RGB, WIDTH pixels wide.

    A background region is drained of colour and darkened instead. Raises InputError when a mask is of another size than
    the picture.
    """
    height, width = picture.size
    for region in regions:
        if region.mask.shape != picture.size:
            found = f"{region.mask.shape[1]} x {region.mask.shape[0]}"
            raise InputError(
                f"region {region.label!r} has a mask of {found} pixels, but {picture.name} is {width} x {height}: "
                "draw the regions over the picture that they were found in"
            )
    beside = width < 1.05 * height
    room = WIDTH - 2 * MARGIN - (LEGEND_BESIDE if beside else 0)
    scale = min(room / width, TALLEST / height)
    shown = max(round(width * scale), 1), max(round(height * scale), 1)
    masks = [_fitted(region.mask, shown) for region in regions]

    columns = 1 if beside else 3
    row = 44.0 if not beside or len(regions) * 44 <= shown[1] else 28.0
    below = style.legend_height(len(regions), columns, row)
    canvas = Canvas(HEADER + (max(shown[1], below) if beside else shown[1] + 22 + below) + MARGIN)
    things = sum(not region.background for region in regions)
    canvas.header(
        f"Regions: {picture.name}", f"{width} x {height} pixels, {things} {'thing' if things == 1 else 'things'}"
    )
    left = MARGIN if beside else (WIDTH - shown[0]) / 2
    tinted = Image.fromarray(_tinted(picture, regions, masks, shown)).resize(
        (shown[0] * canvas.SCALE, shown[1] * canvas.SCALE), Image.Resampling.NEAREST
    )
    canvas.image.paste(tinted, (round(left * canvas.SCALE), round(HEADER * canvas.SCALE)))
    _labels(canvas, regions, masks, (left, HEADER, left + shown[0], HEADER + shown[1]))

    entries = [
        (
            index + 1,
            style.colour_of(index, region.background),
            region.label,
            _share(region.mask) + (", ambience" if region.background else ""),
            False,
        )
        for index, region in enumerate(regions)
    ]
    if beside:
        style.legend(canvas, entries, left + shown[0] + 30, HEADER, WIDTH - left - shown[0] - 30 - MARGIN, 1, row)
    else:
        style.legend(canvas, entries, MARGIN, HEADER + shown[1] + 22, WIDTH - 2 * MARGIN, columns, row)
    return canvas.finish()


def _share(mask: np.ndarray) -> str:
    share = area_fraction(mask)
    return f"{share:.0%} of the picture" if share >= 0.01 else f"{share:.1%} of the picture"


def _fitted(mask: np.ndarray, shown: tuple[int, int]) -> np.ndarray:
    """Coverage 0..1 [h, w] float32 of a mask at the size it is drawn."""
    image = Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))
    image = image.resize(shown, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(1.3)), np.float32) / 255


def _tinted(picture: Picture, regions: Sequence[Region], masks: list[np.ndarray], shown: tuple[int, int]) -> np.ndarray:
    eight_bit = np.empty(picture.pixels.shape, np.uint8)
    for top in range(0, len(eight_bit), BAND):
        band = np.s_[top : top + BAND]
        eight_bit[band] = np.rint(picture.pixels[band].clip(0, 1) * 255)
    photo = Image.fromarray(eight_bit)
    pixels = np.asarray(photo.resize(shown, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP), np.float32)
    for region, mask in zip(regions, masks, strict=True):
        if region.background:
            grey = pixels.mean(axis=2, keepdims=True) * 0.7 + pixels * 0.3
            pixels = pixels + mask[..., None] * (DIM * grey - pixels)
    for index, (region, mask) in enumerate(zip(regions, masks, strict=True)):
        if not region.background:
            colour = np.float32(style.colour_of(index))
            pixels = pixels + FILL * mask[..., None] * (colour - pixels)
    for index, (region, mask) in enumerate(zip(regions, masks, strict=True)):
        if not region.background:
            # The blurred edge passes through one half at the outline: a smooth line about 3 pixels wide.
            line = np.exp(-(((mask - 0.5) / 0.33) ** 4))
            line[(mask < 0.02) | (mask > 0.98)] = 0
            pixels = pixels + line[..., None] * (np.float32(style.colour_of(index)) - pixels)
    return np.rint(pixels.clip(0, 255)).astype(np.uint8)


def _labels(canvas: Canvas, regions: Sequence[Region], masks: list[np.ndarray], frame: tuple[float, ...]) -> None:
    """A numbered badge at each region's inner point, and its name beside it where that covers no other label."""
    left, upper, right, lower = frame
    edge = style.BADGE + 6
    places: list[Point] = []
    for region, mask in zip(regions, masks, strict=True):
        shape = mask >= min(0.5, mask.max())
        x, y = inner_point(shape) if region.mask.any() else (0, 0)
        if np.count_nonzero(shape) < 10 * style.BADGE**2:  # too small to be seen under its own badge
            y -= np.count_nonzero(shape.any(axis=1)) / 2 + edge
        places.append(
            (min(max(left + x + 0.5, left + edge), right - edge), min(max(upper + y + 0.5, upper + edge), lower - edge))
        )
    badges = style.spread_out(places, 2.3 * style.BADGE)
    reach = style.BADGE + 3
    taken = [(x - reach, y - reach, x + reach, y + reach) for x, y in badges]
    for place, badge in zip(places, badges, strict=True):
        if place != badge:
            canvas.line([place, badge], style.INK, 1.5)
    for index, (region, (x, y)) in enumerate(zip(regions, badges, strict=True)):
        name = canvas.shortened(region.label, 16, 200)
        wide = canvas.length(name, 16) + 16
        for start in (x + reach + 2, x - reach - 2 - wide):
            chip = (start, y - 13, start + wide, y + 13)
            inside = chip[0] > left + 4 and chip[2] < right - 4
            if inside and not any(_overlap(chip, other) for other in taken):
                taken.append(chip)
                canvas.box(chip, (*style.PAPER, 200), round_by=6)
                canvas.text((chip[0] + 8, y), name, 16, style.INK, "lm")
                break
        canvas.badge((x, y), index + 1, style.colour_of(index, region.background))


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
