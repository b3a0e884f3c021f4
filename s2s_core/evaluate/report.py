"""What an evaluation found, as JSON, as tables for a spreadsheet, and as a table for a terminal. `page.py` shows it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from .folder import leaves
from .scores import METRICS

Report = Mapping[str, Any]
"""report.json, as `study.run` makes it; `pictures` is a list of results, the summary is `protocol.summary`'s."""

SPATIAL = {
    "direction_error": "direction error, degrees",
    "left_right": "share on their own side",
    "front_back": "share in front or behind as seen",
    "scored": "sources heard",
    "dead": "dead channels",
    "loudness": "loudness, LUFS",
    "true_peak": "true peak, dBTP",
    "t60": "T60 of the render, s",
    "t60_asked": "T60 of the room asked, s",
    "direct_to_reverberant": "direct to reverberant, dB",
}
"""Columns of the spatial table, and what each means."""


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would compute."""


def as_json(value: Any) -> str:
    """Indented JSON that ends with a line break. Raises ValueError for numbers that are not finite."""
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def tables(report: Report) -> dict[str, str]:
    """File name -> CSV: the means, with what they depend on in each row; the scores; and the spatial scores of each
    picture. What was not scored is empty."""
    how = {name: _flat(report[name]) for name in ("settings", "chain", "versions", "machine", "matcher", "weights")}
    summary = [{**row, "values": _words(row["values"]), **how} for row in report["summary"]]
    scores = [{"picture": one["name"], **row} for one in report["pictures"] for row in one["scores"]]
    spatial = [
        {"picture": one["name"], **{name: _words(one["spatial"][name]) for name in SPATIAL}}
        for one in report["pictures"]
    ]
    return {"summary.csv": _csv(summary), "scores.csv": _csv(scores), "spatial.csv": _csv(spatial)}


def text(report: Report) -> str:
    """The means of the first definition, one line for each comparison, and what must be known to read them."""
    definition = report["definitions"][0]
    cells: dict[str, dict[str, str]] = {}
    for row in report["summary"]:
        if row["definition"] == definition:
            cells.setdefault(row["comparison"], {})[row["metric"]] = number(row["mean"])
    lines = [[definition, *METRICS], *([name, *(row[metric] for metric in METRICS)] for name, row in cells.items())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    counts = report["counts"]
    said = (
        f"stand-ins without weights, not the published models: {', '.join(report['stand_ins']) or 'none'}",
        "a higher S-S' or C-C' is better or worse, as one reads it: the page has both readings",
        f"skipped: {counts['skipped']} of {counts['pictures']} pictures",
    )
    return "\n".join([*table, "", *said])


def number(value: float | int | None, digits: int = 3) -> str:
    """A number for a person to read; "-" is what was not scored, and very small ones keep two digits."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.{digits}f}" if value == 0 or abs(value) >= 10.0**-digits else f"{value:.1e}"


def _csv(rows: list[dict[str, Any]]) -> str:
    file = StringIO()
    writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _words(value: Any) -> Any:
    """A list as one cell."""
    return " ".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else value


def _flat(values: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}={value}" for name, value in leaves(values))
