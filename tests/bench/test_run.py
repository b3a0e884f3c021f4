"""The runner, on a folder with one small benchmark."""

import importlib.util
import json
from pathlib import Path

import pytest

BENCH = """
def bench_small():
    yield {"name": "met", "unit": "x", "values": [3.0, 9.0, 8.0], "bar": ">= 7"}
    yield {"name": "missed", "unit": "s", "values": [0.3], "bar": "<= 0.2"}

def bench_other():
    yield {"name": "told", "unit": "MB", "values": [1.0, 2.0], "bar": None}
"""


@pytest.fixture
def run():
    spec = importlib.util.spec_from_file_location("bench_run", Path(__file__).with_name("run.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_line_a_figure(run, tmp_path, capsys):
    (tmp_path / "bench_it.py").write_text(BENCH)
    output = tmp_path / "out" / "bench.jsonl"
    assert run.main(["-o", str(output), "--folder", str(tmp_path)]) == 0
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(line["name"], line["value"], line["ok"]) for line in lines] == [
        ("met", 8.0, True),
        ("missed", 0.3, False),
        ("told", 1.5, True),
    ]
    assert set(lines[0]) == {"name", "value", "unit", "min", "median", "max", "bar", "ok", "machine", "date"}
    assert (lines[0]["min"], lines[0]["median"], lines[0]["max"]) == (3.0, 8.0, 9.0)
    shown = capsys.readouterr().out
    assert "bar >= 7: ok" in shown and "bar <= 0.2: MISSED" in shown


def test_only_what_was_asked_for(run, tmp_path):
    (tmp_path / "bench_it.py").write_text(BENCH)
    assert run.main(["-o", str(tmp_path / "a.jsonl"), "--folder", str(tmp_path), "--only", "other"]) == 0
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 1
    assert run.main(["-o", str(tmp_path / "b.jsonl"), "--folder", str(tmp_path), "--only", "nothing"]) == 1
    assert not (tmp_path / "b.jsonl").exists()
