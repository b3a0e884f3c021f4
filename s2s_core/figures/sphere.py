"""The directions around the listener: the front through a window, and the whole sphere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..types import Layout, SoundSource, heard
from . import style
from .projection import Hammer, Window
from .sources import arrow, entries, span, way
from .style import HEADER, MARGIN, WIDTH, Canvas, degrees

SMALLEST_WIDTH = 2.0  # degrees: a point is drawn this wide
SMALL_WIDTH = 690.0  # figure pixels across the smaller chart
INDENT = 34.0  # left of a window, for its elevations
DEGREE = "\N{DEGREE SIGN}"


def viewing_sphere(sources: Sequence[SoundSource], layout: Layout | None = None) -> Image.Image:
    """All directions as the listener sees them; RGB, WIDTH pixels wide.

    The front on straight scales, and the whole sphere, straight behind at both ends. The front is the large one if all
    is there, else the sphere. Left (azimuth +90) is left, up is up. A disc is as wide as its source. An ambience has no
    place and stands in the legend only, a source that is not heard is hollow. One that moves stands where it begins,
    and an arrow follows its way. Loudspeakers are drawn when the layout is known.
    """
    charts = _charts(sources)
    small = charts[1]
    row = 44.0 if len(sources) <= 8 else 28.0
    below = max(small.height + 28, style.legend_height(len(sources), 1, row))
    canvas = Canvas(small.top + below + MARGIN)
    speakers = f" and the {layout.name} loudspeakers" if layout else ""
    canvas.header("Directions", f"where the listener hears the sources{speakers}; a disc is as wide as its source")
    for chart in charts:
        _discs(canvas, chart, sources)
        _grid(canvas, chart)
        for speaker in layout.speakers if layout else ():
            place = None if speaker.lfe else chart.place(speaker.azimuth, speaker.elevation)
            if place:
                _speaker(canvas, place, speaker.label, chart is small)
        _ways(canvas, chart, sources)
        _badges(canvas, chart, sources, 8.5 if chart is small else style.BADGE)
    left = small.left + small.width + 40
    style.legend(canvas, entries(sources, _where), left, small.top, WIDTH - MARGIN - left, 1, row)
    if not sources:
        canvas.text((left, small.top + 20), "no sources", style.BODY, style.MUTED)
    return canvas.finish()


def _charts(sources: Sequence[SoundSource]) -> tuple[Hammer | Window, Hammer | Window]:
    """The large chart, and below it the small one."""
    front = Window(MARGIN + INDENT, HEADER, WIDTH - 2 * MARGIN - INDENT)
    ways = [way(source) for source in sources if not source.background]
    if all(front.place(*at) for path in ways for at in zip(path.azimuth, path.elevation, strict=True)):
        return front, Hammer(MARGIN, HEADER + front.height + 62, SMALL_WIDTH)
    sphere = Hammer(MARGIN, HEADER, WIDTH - 2 * MARGIN)
    return sphere, Window(MARGIN + INDENT, HEADER + sphere.height + 32, SMALL_WIDTH - INDENT)


def _where(source: SoundSource) -> str:
    if source.background:
        return "ambience, all around"
    path = way(source)
    place = f"az {span(path.azimuth, degrees)}, el {span(path.elevation, degrees)}"
    return f"{place}, {source.width:.0f}{DEGREE} wide"


def _ways(canvas: Canvas, chart: Hammer | Window, sources: Sequence[SoundSource]) -> None:
    for index, source in enumerate(sources):
        if source.trajectory.moves and not source.background:
            path = way(source)
            points = [chart.place(*at) for at in zip(path.azimuth, path.elevation, strict=True)]
            arrow(canvas, points, style.colour_of(index), chart.width / 2)


def _discs(canvas: Canvas, chart: Hammer | Window, sources: Sequence[SoundSource]) -> None:
    """The chart's ground and the sources' discs, pixel by pixel: a disc may then cross the back or a pole."""
    directions, inside = chart.directions()
    scale = canvas.SCALE
    left, upper = round(chart.left), round(chart.top)
    height, width = inside.shape
    box = tuple(value * scale for value in (left, upper, left + width, upper + height))
    pixels = np.full((*inside.shape, 3), style.PAPER, np.float64)
    pixels[inside] = style.PANEL
    for index, (source, loud) in enumerate(zip(sources, heard(sources), strict=True)):
        if source.background or not loud:
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


def _grid(canvas: Canvas, chart: Hammer | Window) -> None:
    if isinstance(chart, Window):
        _window_grid(canvas, chart)
    else:
        _sphere_grid(canvas, chart)


def _window_grid(canvas: Canvas, chart: Window) -> None:
    right, lower = chart.left + chart.width, chart.top + chart.height
    for azimuth in range(-60, 61, 10):
        x, _ = chart.place(azimuth, 0)
        canvas.line([(x, chart.top), (x, lower)], style.FAINT if azimuth == 0 else style.GRID)
        name = {0: f"front 0{DEGREE}", 60: f"left +60{DEGREE}", -60: f"right -60{DEGREE}"}
        anchor = {60: "la", -60: "ra"}.get(azimuth, "ma")
        if abs(azimuth) != 50 or chart.width > SMALL_WIDTH:  # else there is no room beside the long names
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
        (index, loud, place)
        for index, (source, loud) in enumerate(zip(sources, heard(sources), strict=True))
        if not source.background and (place := chart.place(source.azimuth, source.elevation))
    ]
    badges = style.spread_out([place for _, _, place in seen], 2.25 * radius)
    for (index, _, place), badge in zip(seen, badges, strict=True):
        if place != badge:
            canvas.line([place, badge], style.colour_of(index), 2)
            canvas.circle(place, 3, style.colour_of(index))
    for (index, loud, _), badge in zip(seen, badges, strict=True):
        canvas.badge(badge, index + 1, style.colour_of(index), not loud, radius)


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
