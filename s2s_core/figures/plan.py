"""The room from above, with the sources at their distances."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from ..types import Layout, Room, SoundSource, heard
from . import style
from .sources import arrow, entries, span, way
from .style import HEADER, MARGIN, WIDTH, Canvas, Point, degrees, metres

DIAL = 700.0  # figure pixels across the part where sources lie
RIM = 46.0  # the ring around it that carries loudspeakers
NEAR_SHARE = 0.62  # of the dial's radius that keeps one scale when something lies farther out
OUTERMOST = 0.89  # of the dial's radius: the farthest source or corner
LEAST_NEAR = 3.0  # m that the even scale reaches at least
NEAR_FACTOR = 3.0  # times the median distance of the sources, when the room is much larger
RINGS = (0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10_000)
LEAST_RING_GAP = 34.0  # figure pixels between two distance rings


def room_plan(room: Room, sources: Sequence[SoundSource], layout: Layout | None = None) -> Image.Image:
    """The listener from above, front at the top, left at the left; RGB, WIDTH pixels wide.

    Drawn to scale as far as the room's farthest corner, or less far where the room is much larger than the scene. What
    lies beyond is still in its true direction, but distances there grow by factors (a logarithmic scale, as the rings
    say). An arc is as wide as its source; distances are level ones, a source above or below is nearer on the plan than
    it is. The rim shows the directions of the loudspeakers; they have no distance. An ambience is in the legend only, a
    source that is not heard is hollow. One that moves stands where it begins, and an arrow follows its way.
    """
    radius = DIAL / 2
    centre = MARGIN + RIM + radius, HEADER + RIM + radius
    legend_left = centre[0] + radius + RIM + 46
    row = 44.0 if len(sources) <= 15 else 26.0
    tall = max(2 * (radius + RIM), style.legend_height(len(sources), 1, row))
    canvas = Canvas(HEADER + tall + MARGIN)
    ways = [_levels(source) for source in sources if not source.background]
    near = _near(room, [float(np.median(levels)) for levels in ways])
    farthest = max((float(levels.max()) for levels in ways), default=0.0)
    to_pixels = _scale(near, farthest, radius)
    length, width, height = room.size
    where = f"{room.name}, {length:g} x {width:g} x {height:g} m, T60 {room.t60:.2g} s" if room.t60 else room.name
    cut = f"; walls beyond {near:.1f} m are not shown" if room.t60 and near < _reach_of_walls(room) else ""
    beyond = f"; beyond {near:.1f} m distances are logarithmic" if farthest > near else ""
    open_air = "" if room.t60 else " (open air)"
    canvas.header("Plan", f"{where}{open_air}, seen from above, drawn to scale{cut}{beyond}")

    _dial(canvas, centre, near, farthest, to_pixels)
    if room.t60:
        _walls(canvas, centre, room, near, to_pixels)
    _ring_names(canvas, centre, to_pixels)
    if layout:
        _rim(canvas, centre, layout)
    _listener(canvas, centre)
    _sources(canvas, centre, sources, to_pixels)
    _scale_bar(canvas, (MARGIN, HEADER + 2 * (radius + RIM) - 8), near, to_pixels)
    style.legend(canvas, entries(sources, _where), legend_left, HEADER, WIDTH - MARGIN - legend_left, 1, row)
    if not sources:
        canvas.text((legend_left, HEADER + 20), "no sources", style.BODY, style.MUTED)
    return canvas.finish()


def _where(source: SoundSource) -> str:
    if source.background:
        return f"ambience, {metres(source.distance)} away"
    path = way(source)
    return f"{span(path.distance, metres)}, az {span(path.azimuth, degrees)}"


def _levels(source: SoundSource) -> np.ndarray:
    """Distances in m along the floor, from the beginning of its way to the end."""
    path = way(source)
    return path.distance * np.cos(np.radians(path.elevation))


def _corners(room: Room) -> tuple[float, float, float, float]:
    """(front, back, left, right) walls in m from the listener, on the listener's axes."""
    length, width, _ = room.size
    x, y = room.listener[:2] if room.listener else (length / 2, width / 2)
    return length - x, -x, width - y, -y


def _reach_of_walls(room: Room) -> float:
    front, back, left, right = _corners(room)
    return math.hypot(max(front, -back), max(left, -right))


def _near(room: Room, levels: Sequence[float]) -> float:
    """How many metres the even scale reaches: to the room's farthest corner, unless that is so far off (a street, the
    open air) that the sources would crowd around the listener."""
    wanted = max(NEAR_FACTOR * float(np.median(levels)), LEAST_NEAR) if levels else math.inf
    if not room.t60:
        return wanted if levels else LEAST_NEAR
    reach = _reach_of_walls(room)
    return reach if reach <= 2 * wanted else wanted


def _scale(near: float, farthest: float, radius: float) -> Callable[[float], float]:
    """Metres -> figure pixels from the middle: even up to `near`, logarithmic from there to `farthest`."""
    if farthest <= near:
        return lambda distance: distance / near * radius * OUTERMOST
    even, end = NEAR_SHARE * radius, OUTERMOST * radius
    # At least one doubling, so that a source just past the walls does not blow up the outer part.
    decades = math.log(max(farthest / near, 2.0))

    def to_pixels(distance: float) -> float:
        if distance <= near:
            return distance / near * even
        return even + math.log(distance / near) / decades * (end - even)

    return to_pixels


def _at(centre: Point, azimuth: float, pixels: float) -> Point:
    angle = math.radians(azimuth)
    return centre[0] - pixels * math.sin(angle), centre[1] - pixels * math.cos(angle)


def _dial(canvas: Canvas, centre: Point, near: float, farthest: float, to_pixels: Callable[[float], float]) -> None:
    radius = DIAL / 2
    canvas.circle(centre, radius, style.PANEL, style.FAINT, 1.4)
    for azimuth in range(0, 360, 30):
        canvas.line([centre, _at(centre, azimuth, radius)], style.GRID)
    for _, pixels in _rings(to_pixels):
        canvas.circle(centre, pixels, outline=style.GRID, width=1)
    if farthest > near:
        edge = to_pixels(near)
        canvas.dashes([_at(centre, angle, edge) for angle in range(0, 361, 2)], style.MUTED, 1.6)
    for azimuth, name in ((0, "front"), (90, "left"), (180, "back"), (-90, "right")):
        canvas.text(_at(centre, azimuth, radius - (12 if azimuth % 180 == 0 else 19)), name, 13, style.MUTED, "mm")


def _rings(to_pixels: Callable[[float], float]) -> list[tuple[float, float]]:
    """(metres, figure pixels) of the distance rings that have room between each other."""
    rings: list[tuple[float, float]] = [(0.0, 0.0)]
    for distance in RINGS:
        pixels = to_pixels(distance)
        if pixels - rings[-1][1] >= LEAST_RING_GAP and pixels <= OUTERMOST * DIAL / 2 + 1:
            rings.append((distance, pixels))
    return rings[1:]


def _ring_names(canvas: Canvas, centre: Point, to_pixels: Callable[[float], float]) -> None:
    for distance, pixels in _rings(to_pixels):
        x, y = _at(centre, -160, pixels)
        text = f"{distance:g} m"
        half = canvas.length(text, 13) / 2 + 4
        canvas.box((x - half, y - 9, x + half, y + 9), style.PANEL, round_by=4)
        canvas.text((x, y), text, 13, style.MUTED, "mm")


def _walls(canvas: Canvas, centre: Point, room: Room, near: float, to_pixels: Callable[[float], float]) -> None:
    """The floor and the walls as far as the even scale reaches."""
    pixels_per_metre = to_pixels(near) / near
    front, back, left, right = (wall * pixels_per_metre for wall in _corners(room))
    box = centre[0] - left, centre[1] - front, centre[0] - right, centre[1] - back
    reach = to_pixels(near) + 2
    scaled = [value * canvas.SCALE for value in box]
    round_cut, floor, walls = (Image.new("L", canvas.image.size) for _ in range(3))
    ImageDraw.Draw(round_cut).ellipse(
        [(value + side * reach) * canvas.SCALE for side in (-1, 1) for value in centre], fill=255
    )
    ImageDraw.Draw(floor).rectangle(scaled, fill=14)
    ImageDraw.Draw(walls).rectangle(scaled, outline=255, width=round(3.5 * canvas.SCALE))
    for mask in (floor, walls):
        canvas.image.paste(style.INK, mask=ImageChops.multiply(mask, round_cut))
    if math.hypot(left, back) > reach:
        return
    for text, x, y in (
        (f"{room.size[1]:g} m wide", box[0] + 2, box[3] + 5),
        (f"{room.size[0]:g} m long", box[0] - 6 - canvas.length(f"{room.size[0]:g} m long", 14) - 8, box[3] - 20),
    ):
        canvas.box((x, y, x + canvas.length(text, 14) + 8, y + 19), style.PANEL, round_by=4)
        canvas.text((x + 4, y + 9), text, 14, style.INK, "lm")


def _rim(canvas: Canvas, centre: Point, layout: Layout) -> None:
    """The loudspeakers; those above each other share one cabinet."""
    names: dict[float, list[str]] = {}
    for speaker in layout.speakers:
        if not speaker.lfe:
            names.setdefault(speaker.azimuth, []).append(speaker.label)
    for azimuth, labels in names.items():
        _cabinet(canvas, centre, azimuth, ", ".join(labels))


def _cabinet(canvas: Canvas, centre: Point, azimuth: float, label: str) -> None:
    """A loudspeaker from above, facing the listener, with its name behind it."""
    out = DIAL / 2 + 12
    half = max(canvas.length(label, 13) / 2 + 5, 14)
    angle = math.radians(azimuth)
    ahead, aside = (-math.sin(angle), -math.cos(angle)), (math.cos(angle), -math.sin(angle))

    def corner(along: float, across: float) -> Point:
        return (
            centre[0] + ahead[0] * along + aside[0] * across,
            centre[1] + ahead[1] * along + aside[1] * across,
        )

    box = [corner(out - 8, -9), corner(out - 8, 9), corner(out + 2, 15), corner(out + 2, -15)]
    canvas.polygon(box, style.PAPER, style.INK, 1.6)
    at = corner(out + 6 + 9 * abs(ahead[1]) + half * abs(ahead[0]), 0)
    canvas.text(at, label, 13, style.INK, "mm")


def _listener(canvas: Canvas, centre: Point) -> None:
    """A head from above, looking up the page."""
    x, y = centre
    canvas.polygon([(x - 6, y - 13), (x, y - 22), (x + 6, y - 13)], style.INK)
    for side in (-1, 1):
        canvas.box((x + side * 16 - 4, y - 6, x + side * 16 + 4, y + 6), style.INK, round_by=3)
    canvas.circle(centre, 15.5, style.PAPER, style.INK, 2.4)


def _sources(
    canvas: Canvas, centre: Point, sources: Sequence[SoundSource], to_pixels: Callable[[float], float]
) -> None:
    loud = heard(sources)
    placed = [(index, source) for index, source in enumerate(sources) if not source.background]
    places = []
    for index, source in placed:
        colour, radii = style.colour_of(index), [to_pixels(level) for level in _levels(source)]
        path = [_at(centre, *step) for step in zip(way(source).azimuth, radii, strict=True)]
        places.append(path[0])
        arrow(canvas, path, colour)
        canvas.line([_at(centre, source.azimuth, 26), places[-1]], style.mixed(colour, style.PANEL, 0.4), 1.4)
        if loud[index] and source.width > 0.5:
            steps = max(int(source.width), 4)
            arc = [_at(centre, source.azimuth + source.width * (i / steps - 0.5), radii[0]) for i in range(steps + 1)]
            canvas.line(arc, style.mixed(colour, style.PANEL, 0.65), 6)
    badges = style.spread_out(places, 2.2 * style.BADGE, centre)
    for (index, _), place, badge in zip(placed, places, badges, strict=True):
        if place != badge:
            canvas.line([place, badge], style.colour_of(index), 2)
            canvas.circle(place, 3.5, style.colour_of(index))
    for (index, _), badge in zip(placed, badges, strict=True):
        canvas.badge(badge, index + 1, style.colour_of(index), not loud[index])


def _scale_bar(canvas: Canvas, at: Point, near: float, to_pixels: Callable[[float], float]) -> None:
    """A bar of a round number of metres, valid inside the even part."""
    length = next((ring for ring in RINGS if to_pixels(ring) >= 50), near)
    pixels = to_pixels(min(length, near))
    x, y = at
    canvas.line([(x, y - 5), (x, y), (x + pixels, y), (x + pixels, y - 5)], style.INK, 1.6)
    canvas.text((x + pixels / 2, y - 8), f"{min(length, near):g} m", 14, style.INK, "ms")
