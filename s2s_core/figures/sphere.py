"""The directions around the listener: the front through a window, and the whole sphere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..types import Layout, SoundSource
from . import style
from .projection import Hammer, Window
from .style import HEADER, MARGIN, WIDTH, Canvas, degrees

SMALLEST_WIDTH = 2.0  # degrees: a point is drawn this wide
DEGREE = "\N{DEGREE SIGN}"


def viewing_sphere(sources: Sequence[SoundSource], layout: Layout | None = None) -> Image.Image:
    """All directions as the listener sees them; RGB, WIDTH pixels wide.

    Above, the front on straight scales; below it the whole sphere, straight behind at both ends. Left (azimuth +90) is
    left, up is up. A disc is as wide as its source. An ambience has no place and stands in the legend only, a muted
    source is hollow. Loudspeakers are drawn when the layout is known.
    """
    front = Window(MARGIN + 34, HEADER, WIDTH - 2 * MARGIN - 34)
    sphere = Hammer(MARGIN, HEADER + front.height + 62, 690.0)
    row = 44.0 if len(sources) <= 8 else 28.0
    below = max(sphere.height + 8, style.legend_height(len(sources), 1, row))
    canvas = Canvas(sphere.top + below + MARGIN)
    speakers = f" and the {layout.name} loudspeakers" if layout else ""
    canvas.header("Directions", f"where the listener hears the sources{speakers}; a disc is as wide as its source")
    for chart in (front, sphere):
        _discs(canvas, chart, sources)
    _window_grid(canvas, front)
    _sphere_grid(canvas, sphere)
    for chart, small in ((front, False), (sphere, True)):
        for speaker in layout.speakers if layout else ():
            place = None if speaker.lfe else chart.place(speaker.azimuth, speaker.elevation)
            if place:
                _speaker(canvas, place, speaker.label, small)
        _badges(canvas, chart, sources, 8.5 if small else style.BADGE)
    left = sphere.left + sphere.width + 40
    entries = [
        (i + 1, style.colour_of(i, source.background), source.label, _remark(source), source.muted)
        for i, source in enumerate(sources)
    ]
    style.legend(canvas, entries, left, sphere.top, WIDTH - MARGIN - left, 1, row)
    if not sources:
        canvas.text((left, sphere.top + 20), "no sources", style.BODY, style.MUTED)
    return canvas.finish()


def _remark(source: SoundSource) -> str:
    muted = ", muted" if source.muted else ""
    if source.background:
        return f"ambience, all around{muted}"
    place = f"az {degrees(source.azimuth)}, el {degrees(source.elevation)}"
    return f"{place}, {source.width:.0f}{DEGREE} wide{muted}"


def _discs(canvas: Canvas, chart: Hammer | Window, sources: Sequence[SoundSource]) -> None:
    """The chart's ground and the sources' discs, pixel by pixel: a disc may then cross the back or a pole."""
    directions, inside = chart.directions()
    scale = canvas.SCALE
    left, upper = round(chart.left), round(chart.top)
    height, width = inside.shape
    box = tuple(value * scale for value in (left, upper, left + width, upper + height))
    pixels = np.full((*inside.shape, 3), style.PAPER, np.float64)
    pixels[inside] = style.PANEL
    for index, source in enumerate(sources):
        if source.background or source.muted:
            continue
        radius = math.radians(max(source.width, SMALLEST_WIDTH) / 2)
        azimuth, elevation = math.radians(source.azimuth), math.radians(source.elevation)
        level = math.cos(elevation)
        centre = (level * math.cos(azimuth), level * math.sin(azimuth), math.sin(elevation))
        away = np.arccos((directions @ centre).clip(-1, 1))
        step = np.hypot(*np.gradient(away)) + 1e-9  # angle from pixel to pixel, for smooth edges
        inward = (radius - away) / step
        touched = inside & (inward > -1.4)
        inward = inward[touched][:, None]
        for strength in (0.26 * (inward + 0.5).clip(0, 1), 0.8 * (1.4 - abs(inward)).clip(0, 1)):
            pixels[touched] += strength * (np.array(style.colour_of(index)) - pixels[touched])
    image = Image.fromarray(np.rint(pixels).astype(np.uint8))
    canvas.image.paste(image.resize((width * scale, height * scale), Image.Resampling.NEAREST), box[:2])


def _window_grid(canvas: Canvas, chart: Window) -> None:
    right, lower = chart.left + chart.width, chart.top + chart.height
    for azimuth in range(-60, 61, 10):
        x, _ = chart.place(azimuth, 0)
        canvas.line([(x, chart.top), (x, lower)], style.FAINT if azimuth == 0 else style.GRID)
        name = {0: f"front 0{DEGREE}", 60: f"left +60{DEGREE}", -60: f"right -60{DEGREE}"}
        anchor = {60: "la", -60: "ra"}.get(azimuth, "ma")
        canvas.text((x, lower + 8), name.get(azimuth, degrees(azimuth)), 14, style.MUTED, anchor)
    for elevation in range(-20, 21, 10):
        _, y = chart.place(0, elevation)
        canvas.line([(chart.left, y), (right, y)], style.FAINT if elevation == 0 else style.GRID)
        canvas.text((chart.left - 8, y), degrees(elevation), 14, style.MUTED, "rm")
    canvas.box((chart.left, chart.top, right, lower), outline=style.FAINT, width=1.4)


def _sphere_grid(canvas: Canvas, chart: Hammer) -> None:
    for azimuth in range(-180, 181, 30):
        strong = azimuth in (-180, 0, 180)
        line = [chart.place(azimuth, elevation) for elevation in range(-90, 91, 2)]
        canvas.line(line, style.FAINT if strong else style.GRID, 1.4 if strong else 1)
    for elevation in range(-60, 61, 30):
        line = [chart.place(azimuth, elevation) for azimuth in range(-180, 181, 2)]
        canvas.line(line, style.FAINT if elevation == 0 else style.GRID, 1.4 if elevation == 0 else 1)
    for azimuth, name in ((175, "back"), (90, f"left +90{DEGREE}"), (0, "front"), (-90, f"right -90{DEGREE}")):
        x, y = chart.place(azimuth, 0)
        canvas.text((x + 5, y + 14), name, 13, style.MUTED, "la")
    for elevation in (-60, -30, 30, 60):
        x, y = chart.place(0, elevation)
        canvas.text((x + 5, y + 4), degrees(elevation), 12, style.MUTED, "la")


def _badges(canvas: Canvas, chart: Hammer | Window, sources: Sequence[SoundSource], radius: float) -> None:
    seen = [
        (index, source, place)
        for index, source in enumerate(sources)
        if not source.background and (place := chart.place(source.azimuth, source.elevation))
    ]
    badges = style.spread_out([place for _, _, place in seen], 2.25 * radius)
    for (index, _, place), badge in zip(seen, badges, strict=True):
        if place != badge:
            canvas.line([place, badge], style.colour_of(index), 2)
            canvas.circle(place, 3, style.colour_of(index))
    for (index, source, _), badge in zip(seen, badges, strict=True):
        canvas.badge(badge, index + 1, style.colour_of(index), source.muted, radius)


def _speaker(canvas: Canvas, place: style.Point, label: str, small: bool) -> None:
    """A small cabinet with its name above it."""
    x, y = place
    size = 0.7 if small else 1.0
    canvas.box((x - 8 * size, y - 10 * size, x + 8 * size, y + 10 * size), style.PAPER, style.INK, 1.5, 3 * size)
    canvas.circle((x, y + 3 * size), 4 * size, None, style.INK, 1.3)
    canvas.circle((x, y - 5 * size), 1.8 * size, style.INK)
    wide = canvas.length(label, 13) / 2 + 4
    above = y - 10 * size - 17
    canvas.box((x - wide, above, x + wide, above + 15), (*style.PAPER, 190), round_by=4)
    canvas.text((x, above + 7.5), label, 13 if not small else 11.5, style.INK, "mm")
