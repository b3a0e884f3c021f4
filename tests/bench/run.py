"""Measure what the project promises: python tests/bench/run.py -o out/bench.jsonl [--only WORD]

Runs every `bench_*` function of every `bench_*.py` beside this file. Such a function takes nothing and yields figures:
dicts with "name", "unit", "values" (one for each repetition), and "bar", such as ">= 7", or None. Both sides of a
comparison are measured in turns in the same run, so that a busy machine slows both. A bar that is missed is written
down as "ok": false; it does not fail the run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
from datetime import datetime, timezone
from pathlib import Path

from see2sound_nodes.s2s_core.files import whole_file

HERE = Path(__file__).parent
COMPARISONS = {">=": lambda value, bar: value >= bar, "<=": lambda value, bar: value <= bar}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, write one JSON line a figure. Exit code 0, 1 when nothing was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON lines, replaced as a whole")
    parser.add_argument("--only", default="", help="run only functions that have this in their name")
    parser.add_argument("--folder", type=Path, default=HERE, help="where the bench_*.py are")
    options = parser.parse_args(arguments)
    told = {"machine": machine(), "date": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    lines = []
    print(told["machine"])
    for function in functions(options.folder, options.only):
        for figure in function():
            lines.append(summary(figure) | told)
            print(row(lines[-1]), flush=True)
    if lines:
        with whole_file(options.output) as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines).encode())
    return 0 if lines else 1


def functions(folder: Path, only: str):
    """Every bench function of every bench file, in the order of their names and lines."""
    for path in sorted(folder.glob("bench_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield from (entry for name, entry in list(vars(module).items()) if name.startswith("bench_") and only in name)


def summary(figure: dict) -> dict:
    """A figure as it is written: the median is its value."""
    values, bar = figure["values"], figure["bar"]
    median = statistics.median(values)
    sign, number = bar.split() if bar else (None, None)
    return {
        "name": figure["name"],
        "value": median,
        "unit": figure["unit"],
        "min": min(values),
        "median": median,
        "max": max(values),
        "bar": bar,
        "ok": COMPARISONS[sign](median, float(number)) if bar else True,
    }


def row(line: dict) -> str:
    """One line of the table."""
    span = f"{line['min']:.4g} to {line['max']:.4g}"
    verdict = f"bar {line['bar']}: {'ok' if line['ok'] else 'MISSED'}" if line["bar"] else ""
    return f"{line['name']:60} {line['value']:9.4g} {line['unit']:10} {span:20} {verdict}".rstrip()


def machine() -> str:
    """The processor in words and its cores; never a name of the computer."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = named[0] if named else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    raise SystemExit(main())
