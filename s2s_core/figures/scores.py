"""Scores as a table with bars."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from . import style
from .style import HEADER, MARGIN, WIDTH, Canvas

ROW = 46.0
NAME_WIDTH, VALUE_WIDTH = 290.0, 130.0
BAR = (98, 133, 170)


def score_bars(title: str, subtitle: str, rows: Sequence[tuple[str, float | None, str]]) -> Image.Image:
    """One row for each (name, share, text): a bar as long as `share` 0..1 of the full width (None: no bar), and the
    text at its end. RGB, WIDTH pixels wide."""
    canvas = Canvas(HEADER + len(rows) * ROW + MARGIN)
    canvas.header(title, subtitle)
    left, right = MARGIN + NAME_WIDTH, WIDTH - MARGIN - VALUE_WIDTH
    for number, (name, share, text) in enumerate(rows):
        middle = HEADER + (number + 0.5) * ROW
        canvas.text((MARGIN, middle), name, style.BODY, style.INK, "lm", NAME_WIDTH - 10)
        canvas.box((left, middle - 11, right, middle + 11), style.PANEL, round_by=4)
        if share:
            canvas.box((left, middle - 11, left + max(share * (right - left), 4), middle + 11), BAR, round_by=4)
        canvas.text((WIDTH - MARGIN, middle), text, style.BODY, style.INK if share is not None else style.MUTED, "rm")
    return canvas.finish()
