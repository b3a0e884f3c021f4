"""An evaluation as one page of HTML: plots and figures are inside it, players take the sounds that lie beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from .folder import leaves
from .plots import COLOURS, bars
from .protocol import DISTANCE
from .report import SPATIAL, Report, number
from .scores import FEWEST, METRICS

TITLES = {
    "mfcc_dtw": "MFCC-DTW",
    "zcr": "Zero crossings",
    "rhythm": "Rhythm",
    "chroma": "Chroma",
    "spectral_contrast": "Spectral contrast",
    "perceptual": "Perceptual (STOI)",
    "swass": "SWASS",
    DISTANCE: "Distance behind MFCC-DTW (lower is closer)",
}

MEANT = "Their scores show what the protocol does, not how good the published method is."

STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --ground: #f6f7f9; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1280px; padding: 32px 24px 64px; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; } h3 { font-size: 15px; margin: 0; }
p, li { max-width: 84ch; } .soft { color: var(--soft); } small { font-size: 12px; color: var(--soft); }
.note { background: #fff6e0; border-left: 4px solid #e69f00; padding: 10px 16px; margin: 16px 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(380px, 1fr)); gap: 16px; }
.cards figure { margin: 0; padding: 12px; border: 1px solid var(--line); border-radius: 6px; }
.cards svg { display: block; width: 100%; height: auto; margin: 6px 0; } .cards table { width: 100%; }
.cards td small { display: inline-block; margin-left: 6px; }
.key span { display: inline-block; margin-right: 20px; }
.key i { display: inline-block; width: 12px; height: 12px; margin-right: 6px; border-radius: 2px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 9px; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { font-weight: 600; } thead th { background: var(--ground); vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; } td:first-child { white-space: nowrap; }
td.paper, th.paper { color: var(--soft); } .whole td { white-space: nowrap; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 0 24px; }
.text th, .text td { text-align: left; }
.one { display: grid; grid-template-columns: 300px 300px minmax(0, 1fr); gap: 16px; padding: 20px 0;
  border-top: 1px solid var(--line); }
.one h3, .one .wide { grid-column: 1 / -1; } .one img { width: 100%; border-radius: 6px; display: block; }
.sound { display: grid; grid-template-columns: 28px minmax(180px, 340px) 1fr; gap: 10px; align-items: center;
  margin-bottom: 8px; } .sound audio { width: 100%; height: 34px; }
details summary { cursor: pointer; color: var(--soft); margin-bottom: 6px; }
@media (max-width: 900px) { .one { grid-template-columns: 1fr 1fr; } .one > div { grid-column: 1 / -1; } }
"""


def pieces(report: Report, embed: Callable[[str], str]) -> Iterator[str]:
    """The page, one picture after another. `embed` turns a figure's path, relative to the report, into a data: URL,
    or "" when it cannot be read."""
    yield f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Evaluation</title><style>{STYLE}</style>\n'
    yield '<meta name="viewport" content="width=device-width">\n'
    yield _opening(report)
    yield _metrics(report)
    yield _spatial(report)
    yield "<h2>Picture by picture</h2>\n"
    for one in report["pictures"]:
        yield _picture(one, report["definitions"], embed)
    yield _closing(report)
    yield "</html>\n"


def _opening(report: Report) -> str:
    counts, settings = report["counts"], report["settings"]
    sets = "".join(f"<li><b>{name}</b>: {escape(meaning)}</li>" for name, meaning in report["sets"].items())
    readings = "".join(f"<li>{escape(reading)}</li>" for reading in report["readings"])
    stand_ins = ", ".join(map(escape, report["stand_ins"]))
    notes = [f"Stand-ins without weights, not the published models: {stand_ins}. {MEANT}" * bool(stand_ins)]
    notes.append(f"The paper's definition is not shown: {escape(report['left_out'])}." * bool(report["left_out"]))
    notes.append(f"{counts['skipped']} pictures were skipped; the end of this page says why." * bool(counts["skipped"]))
    warned = "".join(f'<p class="note">{note}</p>' for note in notes if note)
    return f"""<h1>How alike the sounds of {counts["evaluated"]} pictures are</h1>
<p class="soft">Generator {escape(settings["generator"])}, matcher {escape(settings["matcher"])}
({escape(settings["mode"])} mode), room {escape(settings["room"])}, {settings["seconds"]:g} s,
seed {settings["seed"]}.</p>
{warned}<h2>What is compared</h2><ul>{sets}</ul>
<p>Scores average the channels, so they say nothing of where a sound comes from; the spatial table does.
<b>corrected</b> is our definition, over the part that both sounds have: every score is 1 for the same and 0 at worst.
<b>paper</b> is the published one with its faults, for comparison with published numbers only: identical sounds give
about 1e-4 in MFCC-DTW and 0.8 in SWASS; unrelated ones 0.5 in rhythm and perceptual. The two are never averaged.</p>
<h2>What a higher score means</h2><p>For S-S' and C-C' there are two readings, and this report does not choose:</p>
<ol>{readings}</ol>
"""


def _metrics(report: Report) -> str:
    """A card for each metric: its bars and its numbers."""
    few, seed = report["counts"]["evaluated"] < FEWEST, report["settings"]["seed"]
    key = "".join(f'<span><i style="background:{COLOURS[name]}"></i>{name}</span>' for name in report["definitions"])
    said = (
        "too few pictures for an interval: dots and small numbers are each of them"
        if few
        else f"lines and brackets: the mean with 95 % confidence, 10 000 bootstrap resamples of pictures, seed {seed}"
    )
    cards = "".join(
        f"<figure><h3>{TITLES[metric]}</h3>"
        f"{bars([row for row in report['summary'] if row['metric'] == metric], TITLES[metric])}"
        f"{_numbers(report, metric, report['definitions'])}</figure>"
        for metric in METRICS
    )
    distance = _numbers(report, DISTANCE, report["definitions"][:1])
    return f"""<h2>Means over the pictures</h2><p class="key">{key}<small>{said}</small></p>
<div class="cards">{cards}<figure><h3>{TITLES[DISTANCE]}</h3>{distance}</figure></div>
"""


def _numbers(report: Report, metric: str, definitions: list[str]) -> str:
    """The means of one metric, a row for each comparison."""
    cells = {(row["comparison"], row["definition"]): row for row in report["summary"] if row["metric"] == metric}
    evaluated = report["counts"]["evaluated"]
    rows = [
        [comparison, *(_mean(cells[comparison, name], evaluated) for name in definitions)]
        for comparison in dict.fromkeys(comparison for comparison, _ in cells)
    ]
    return _table(["pair", *definitions], rows)


def _mean(row: Mapping[str, Any], evaluated: int) -> str:
    if row["values"] is not None:
        spread = " ".join(map(number, row["values"]))
    else:
        spread = f"[{number(row['low'])}, {number(row['high'])}]"
    fewer = f", {row['count']} scored" if row["count"] < evaluated else ""
    return f"{number(row['mean'])}<small>{spread}{fewer}</small>"


def _spatial(report: Report) -> str:
    rows = [
        [escape(one["name"]), *(_spatial_cell(one["spatial"][name]) for name in SPATIAL)] for one in report["pictures"]
    ]
    return f"""<h2>Where the sound comes from</h2><p>Set S, room {escape(report["settings"]["room"])}. Each
source is rendered for itself, and the direction of its energy is compared with the direction in which the picture shows
it. T60 and direct to reverberant are those of clicks at the places of the sources.</p>
{_table(["picture", *SPATIAL.values()], rows)}"""


def _spatial_cell(value: Any) -> str:
    if isinstance(value, list):
        return escape(" ".join(value)) or "none"
    return number(value, 2)


def _picture(one: Mapping[str, Any], definitions: Iterable[str], embed: Callable[[str], str]) -> str:
    place = quote(one["folder"])
    figures = "".join(
        f'<a href="{place}/{quote(name)}">{_figure(figure, embed(one["folder"] + "/" + name))}</a>'
        for figure, name in one["figures"].items()
    )
    players = "".join(
        f'<div class="sound"><b>{name}</b><audio controls preload="none" src="{place}/{quote(made["file"])}"></audio>'
        f"<small>{made['layout']}, {made['seconds']:.2f} s, {made['sample_rate']} Hz</small></div>"
        for name, made in one["sounds"].items()
    )
    cells = {(row["comparison"], row["definition"]): row for row in one["scores"]}
    rows = [
        [
            comparison,
            f"{seconds:.2f}",
            *(number(cells[comparison, name][metric]) for metric in METRICS for name in definitions),
        ]
        for comparison, seconds in {row["comparison"]: row["seconds"] for row in one["scores"]}.items()
    ]
    reasons = {f"{row['comparison']} {row['definition']}: {row['reason']}" for row in one["scores"] if row["reason"]}
    said = f'<p class="soft">{escape("; ".join(sorted(reasons)))}</p>' * bool(reasons)
    seeds = ", ".join(f"{name} {seed}" for name, seed in one["seeds"].items())
    return f"""<section class="one"><h3>{escape(one["name"])}</h3>{figures}
<div>{players}<small>seeds: {seeds}</small></div>
<details class="wide"><summary>Scores</summary>{said}{_double(rows, definitions)}</details></section>
"""


def _figure(name: str, address: str) -> str:
    return f'<img alt="{escape(name)}" src="{address}">' if address else f"{escape(name)}: cannot be read"


def _closing(report: Report) -> str:
    skipped = [[escape(row["name"]), escape(row["reason"])] for row in report["skipped"]]
    lists = {
        "Settings": report["settings"],
        "The chain's other settings": report["chain"],
        "Versions and machine": {**report["versions"], **report["machine"]},
        "The matcher": report["matcher"],
        "The chain's weight files": report["weights"],
    }
    facts = "".join(
        f"<div><h2>{title}</h2>"
        f"{_table(['name', 'value'], [[escape(name), escape(str(v))] for name, v in leaves(values)], 'text')}</div>"
        for title, values in lists.items()
        if any(leaves(values))
    )
    reasons = f"<h2>Skipped</h2>{_table(['picture', 'reason'], skipped, 'text')}" * bool(skipped)
    return f'{reasons}<div class="facts">{facts}</div>\n'


def _double(rows: Iterable[list[str]], definitions: Iterable[str]) -> str:
    """A table with the seconds that were compared, a column for each metric and, beside each other, each definition."""
    definitions = list(definitions)
    above = "".join(f'<th colspan="{len(definitions)}">{TITLES[metric]}</th>' for metric in METRICS)
    below = "".join(f'<th class="{name}">{name}</th>' for _ in METRICS for name in definitions)
    head = f'<tr><th rowspan="2">pair</th><th rowspan="2">seconds compared</th>{above}</tr><tr>{below}</tr>'
    return _framed(head, rows, ["", "", *(definitions * len(METRICS))], "whole")


def _table(head: list[str], rows: Iterable[list[str]], kind: str = "") -> str:
    cells = "".join(f'<th class="{title}">{title}</th>' for title in head)
    return _framed(f"<tr>{cells}</tr>", rows, head, kind)


def _framed(head: str, rows: Iterable[list[str]], marks: list[str], kind: str) -> str:
    body = "\n".join(
        "<tr>" + "".join(f'<td class="{mark}">{cell}</td>' for mark, cell in zip(marks, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table class="{kind}"><thead>{head}</thead><tbody>{body}</tbody></table></div>\n'
