"""The look that all figures share: colours, type, a supersampled canvas, numbered badges and the legend."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, ...]
Point = tuple[float, float]

WIDTH = 1200
MARGIN = 44
HEADER = 104  # from the upper edge to where a figure's own drawing begins

PAPER: Colour = (18, 21, 26)
PANEL: Colour = (26, 30, 37)
GRID: Colour = (52, 59, 70)
FAINT: Colour = (82, 92, 107)
MUTED: Colour = (150, 161, 176)
INK: Colour = (232, 236, 241)
AMBIENCE: Colour = (164, 172, 184)

# Okabe and Ito's palette, told apart by the colour-blind too, bright ones first because the paper is dark.
PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
)

TITLE, BODY, SMALL = 27.0, 18.0, 15.0
BADGE = 14.0  # radius of a numbered dot


def colour_of(index: int, background: bool = False) -> Colour:
    """The colour of source or region `index` (from 0) in every figure; beyond the palette its number tells it apart."""
    return AMBIENCE if background else PALETTE[index % len(PALETTE)]


def mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    """`colour` over `ground`, as if `share` of it covered: for lines whose pieces overlap."""
    return tuple(round(share * c + (1 - share) * g) for c, g in zip(colour, ground, strict=True))


def contrast(colour: Colour) -> Colour:
    """Black or white, whichever is easier to read on `colour`."""
    red, green, blue = colour[:3]
    return PAPER if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else (255, 255, 255)


def degrees(value: float) -> str:
    """An angle with its sign, in whole degrees; zero has none."""
    return f"{value:+.0f}\N{DEGREE SIGN}" if round(value) else "0\N{DEGREE SIGN}"


def metres(value: float) -> str:
    """A distance: one decimal below 10 m, none above."""
    return f"{value:.1f} m" if value < 9.95 else f"{value:.0f} m"


def drawable(text: str) -> str:
    """The text in letters that Pillow's own typeface has: accents fall away, other scripts become "?"."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if 32 <= ord(c) < 127 or c == "\N{DEGREE SIGN}" else "?" for c in " ".join(plain.split()))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


class Canvas:
    """A drawing surface in figure pixels. It holds SCALE times as many each way and is reduced at the end, so that
    every edge is smooth. Colours of four numbers are translucent."""

    SCALE = 3

    def __init__(self, height: float, width: float = WIDTH, paper: Colour = PAPER):
        self.width, self.height = width, height
        self.image = Image.new("RGB", (round(width * self.SCALE), round(height * self.SCALE)), paper)
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def finish(self) -> Image.Image:
        """The figure, RGB, at its own size."""
        return self.image.reduce(self.SCALE)

    def _scaled(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.SCALE, y * self.SCALE) for x, y in points]

    def line(self, points: Sequence[Point], colour: Colour, width: float = 1.0) -> None:
        """A line through the points."""
        self.pen.line(self._scaled(points), fill=colour, width=max(1, round(width * self.SCALE)), joint="curve")

    def dashes(self, points: Sequence[Point], colour: Colour, width: float = 1.0, dash: int = 2) -> None:
        """A line through many close points, every other `dash` of them left out."""
        for start in range(0, len(points) - 1, 2 * dash):
            self.line(points[start : start + dash + 1], colour, width)

    def polygon(self, points: Sequence[Point], fill: Colour | None, outline: Colour | None = None, width: float = 1.0):
        """A closed shape."""
        self.pen.polygon(self._scaled(points), fill=fill)
        if outline:
            self.line([*points, points[0], points[1]], outline, width)

    def circle(
        self,
        centre: Point,
        radius: float,
        fill: Colour | None = None,
        outline: Colour | None = None,
        width: float = 1.0,
    ) -> None:
        """A disc or a ring."""
        x, y = centre
        box = self._scaled([(x - radius, y - radius), (x + radius, y + radius)])
        self.pen.ellipse([*box[0], *box[1]], fill, outline, max(1, round(width * self.SCALE)))

    def box(
        self,
        corners: tuple[float, float, float, float],
        fill: Colour | None = None,
        outline: Colour | None = None,
        width: float = 1.0,
        round_by: float = 0.0,
    ) -> None:
        """A rectangle (left, upper, right, lower) with round corners."""
        scaled = [value * self.SCALE for value in corners]
        self.pen.rounded_rectangle(scaled, round_by * self.SCALE, fill, outline, max(1, round(width * self.SCALE)))

    def text(
        self, at: Point, text: str, size: float = BODY, colour: Colour = INK, anchor: str = "ls", room: float = 0.0
    ) -> None:
        """Text with Pillow's `anchor`; shortened with "..." when `room` is given and it is wider than that."""
        text = self.shortened(text, size, room) if room else drawable(text)
        self.pen.text(self._scaled([at])[0], text, colour, _font(round(size * self.SCALE)), anchor)

    def length(self, text: str, size: float = BODY) -> float:
        """How wide a text will be."""
        return _font(round(size * self.SCALE)).getlength(drawable(text)) / self.SCALE

    def shortened(self, text: str, size: float, room: float) -> str:
        """The text, or as much of its beginning as fits into `room` with "..." behind."""
        text = drawable(text)
        if self.length(text, size) <= room:
            return text
        while text and self.length(text.rstrip() + "...", size) > room:
            text = text[:-1]
        return text.rstrip() + "..."

    def header(self, title: str, subtitle: str, right: str = "") -> None:
        """The two lines at the top of every figure, and what stands to the right of the first one."""
        side = self.length(right, BODY) + 30 if right else 0
        self.text((MARGIN, 52), title, TITLE, room=self.width - 2 * MARGIN - side)
        self.text((MARGIN, 80), subtitle, SMALL, MUTED, room=self.width - 2 * MARGIN)
        self.text((self.width - MARGIN, 52), right, BODY, INK, "rs")

    def badge(self, at: Point, number: int, colour: Colour, hollow: bool = False, radius: float = BADGE) -> None:
        """A numbered dot; hollow is for what does not sound."""
        self.circle(at, radius + 2, PAPER)
        self.circle(at, radius, PAPER if hollow else colour, colour, 2)
        self.text(at, str(number), radius * 1.15, colour if hollow else contrast(colour), "mm")


def spread_out(points: Sequence[Point], gap: float, origin: Point | None = None) -> list[Point]:
    """Where to put a badge for each point so that no two are closer than `gap`: at the point itself if that is free,
    else as near to it as can be, rather away from `origin` than towards it; first come, first served."""
    turns = sorted((math.pi * i / 8 for i in range(-7, 9)), key=abs)
    taken: list[Point] = []
    for x, y in points:
        start = math.atan2(y - origin[1], x - origin[0]) if origin else 0.0
        ways = [(math.cos(start + turn), math.sin(start + turn)) for turn in turns]
        rings = ((x + ring * gap * dx, y + ring * gap * dy) for ring in range(1, len(points) + 1) for dx, dy in ways)
        free = (
            p for p in ((x, y), *rings) if all((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 > 0.99 * gap**2 for q in taken)
        )
        taken.append(next(free, (x, y)))
    return taken


Entry = tuple[int, Colour, str, str, bool]  # number, colour, label, remark, hollow


def legend_height(count: int, columns: int, row: float = 44.0) -> float:
    """Figure pixels that `legend` will need below each other."""
    return -(-count // columns) * row


def legend(
    canvas: Canvas, entries: Sequence[Entry], left: float, top: float, width: float, columns: int, row: float = 44.0
) -> None:
    """Rows of badge, label and, below the label, a remark; filled column by column."""
    rows = -(-len(entries) // columns) or 1
    column_width = width / columns
    for index, (number, colour, label, remark, hollow) in enumerate(entries):
        x = left + index // rows * column_width
        y = top + index % rows * row + row / 2
        room = column_width - 2 * BADGE - 28
        canvas.badge((x + BADGE, y), number, colour, hollow, 13)
        if row >= 38:
            canvas.text((x + 2 * BADGE + 12, y - 2), label, 17, INK, "ls", room)
            canvas.text((x + 2 * BADGE + 12, y + 16), remark, 14, MUTED, "ls", room)
        else:
            side = canvas.length(remark, 13) + 12
            canvas.text((x + 2 * BADGE + 12, y), label, 15, INK, "lm", room - side)
            canvas.text((x + column_width - 16, y), remark, 13, MUTED, "rm")
