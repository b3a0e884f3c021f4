"""Bars of an evaluation, as SVG that stands inside a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = {"corrected": "#0072b2", "paper": "#c3cad4"}
"""Definition -> its bars."""

INK, SOFT, LINE = "#1c2430", "#5b6675", "#e3e7ec"
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 420, 190, 30, 8, 24
BAR, DOT = 20, 2.2


def bars(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """One metric: `rows` of `protocol.summary`, a group for each comparison and a bar, 0..1, for each definition.

    A line is the interval; where there is none, a dot is each picture.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["comparison"], []).append(row)
    step = (WIDTH - LEFT) / len(groups)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" font-size="11">']
    for value in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH}" y1="{_y(value):.1f}" y2="{_y(value):.1f}" stroke="{LINE}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{_y(value) + 4:.1f}" text-anchor="end" fill="{SOFT}">{value:g}</text>')
    for index, (comparison, pair) in enumerate(groups.items()):
        middle = LEFT + (index + 0.5) * step
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 7}" text-anchor="middle" fill="{INK}">{comparison}</text>')
        for place, row in enumerate(pair):
            parts += _bar(middle + (place - len(pair) / 2) * BAR, row)
    return "".join((*parts, "</svg>"))


def _bar(x: float, row: Mapping[str, Any]) -> list[str]:
    if row["mean"] is None:
        return []
    told = f"{row['comparison']}, {row['definition']}: {row['mean']:.3g}, n {row['count']}"
    top = _y(row["mean"])
    drawn = [
        f'<rect x="{x + 1:.1f}" y="{top:.1f}" width="{BAR - 2}" height="{_y(0) - top:.1f}" '
        f'fill="{COLOURS[row["definition"]]}"><title>{told}</title></rect>'
    ]
    middle = x + BAR / 2
    if row["low"] is not None:
        low, high = _y(row["low"]), _y(row["high"])
        drawn.append(
            f'<path d="M{middle:.1f} {low:.1f}V{high:.1f}M{middle - 4:.1f} {low:.1f}h8M{middle - 4:.1f} {high:.1f}h8" '
            f'stroke="{INK}" fill="none"/>'
        )
    for value in row["values"] or ():
        drawn.append(f'<circle cx="{middle:.1f}" cy="{_y(value):.1f}" r="{DOT}" fill="{INK}" fill-opacity="0.6"/>')
    return drawn


def _y(value: float) -> float:
    return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)
