"""What the figures of directions say of a source, and the way that one takes which moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..trajectory import Trajectory
from ..types import SoundSource, heard
from . import style
from .style import Canvas, Entry, Point

STEPS = 241  # places along a way
HEAD, HALF_WIDTH = 15.0, 7.0  # of an arrow, in figure pixels


def entries(sources: Sequence[SoundSource], where: Callable[[SoundSource], str]) -> list[Entry]:
    """The legend: where each source is, and why it is silent if it is. What is not heard is hollow."""
    rows = zip(sources, heard(sources), strict=True)
    return [
        (
            number,
            style.colour_of(number - 1, source.background),
            source.label,
            where(source) + ("" if loud else ", muted" if source.muted else ", not solo"),
            not loud,
        )
        for number, (source, loud) in enumerate(rows, 1)
    ]


def way(source: SoundSource) -> Trajectory:
    """Where a source is from its first knot to its last; the one place of one that stands still."""
    path = source.trajectory
    return path.at(np.linspace(path.times[0], path.times[-1], STEPS if path.moves else 1))


def span(values: np.ndarray, word: Callable[[float], str]) -> str:
    """In words from where to where something goes: "2.0 m", "2.0 m to 5.0 m", or "2.0 m to 5.0 m and back"."""
    farthest = values[np.argmax(abs(values - values[0]))]
    first, middle, last = word(values[0]), word(farthest), word(values[-1])
    if first == middle == last:
        return first
    return f"{first} to {middle} and back" if first == last else f"{first} to {last}"


def arrow(canvas: Canvas, points: Sequence[Point | None], colour: style.Colour, longest: float = math.inf) -> None:
    """A line through the points with a head at its end. It is broken where one is None, and between two that are more
    than `longest` figure pixels apart: across the edge of a map."""
    pieces: list[list[Point]] = [[]]
    for point in points:
        if pieces[-1] and (point is None or math.dist(point, pieces[-1][-1]) > longest):
            pieces.append([])
        if point is not None:
            pieces[-1].append(point)
    for piece in pieces:
        if len(piece) > 1:
            canvas.line(piece, colour, 2.6)
    if points and points[-1] is not None:
        _head(canvas, pieces[-1], colour)


def _head(canvas: Canvas, line: Sequence[Point], colour: style.Colour) -> None:
    """A triangle whose tip is the end of the line; it points as the line's last stretch of its own length does."""
    tip = line[-1]
    before = next((point for point in reversed(line) if math.dist(point, tip) >= HEAD), line[0])
    if before == tip:
        return
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    ahead, aside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    base = tip[0] - HEAD * ahead[0], tip[1] - HEAD * ahead[1]
    sides = [(base[0] + side * aside[0], base[1] + side * aside[1]) for side in (HALF_WIDTH, -HALF_WIDTH)]
    canvas.polygon([tip, *sides], colour)
