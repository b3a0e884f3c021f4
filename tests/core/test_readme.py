"""The README says what is so."""

import importlib.util
import re
from pathlib import Path

from see2sound_nodes.s2s_core import depth, evaluate, generate, segment
from see2sound_nodes.s2s_core.media import sound

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

spec = importlib.util.spec_from_file_location("model_table", Path(__file__).with_name("model_table.py"))
model_table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model_table)


def test_the_table_of_stages_names_every_family():
    for room in (segment, depth, generate, evaluate):
        name = room.__name__.rsplit(".", 1)[-1]
        (row,) = re.findall(rf"^\| {name} \|.*\| (.*) \|$", README, re.M)
        for backend in room.BACKENDS:
            assert any(backend.startswith(family) for family in row.split(", ")), backend


def test_the_tables_of_models_are_the_codes_own():
    for path, text in model_table.pages():
        assert "<!-- models -->" in text, path
        assert path.read_text() == text, f"{path.name}: run python tests/core/model_table.py"


def test_the_templates_are_those_that_ship():
    section = README.partition("## In ComfyUI")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
    assert named == {path.stem for path in (ROOT / "workflows" / "api").glob("*.json")}
    assert named == {path.stem for path in (ROOT / "workflows").glob("*.json")}
    assert named == {path.stem for path in (ROOT / "workflows").glob("*.jpg")}


def test_every_make_target_exists():
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.M))
    assert {"demo", "test", "bench", "test-comfyui"} <= named <= set(targets)


def test_the_python_example_runs(tmp_path, monkeypatch):
    """As printed, but for one second of sound and from a photograph that is there."""
    (example,) = re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S)
    photo = (ROOT / "workflows" / "media" / "rocket.jpg").as_posix()
    for printed, tried in {"photo.jpg": photo, "seconds=20": "seconds=1"}.items():
        assert example.count(printed) == 1
        example = example.replace(printed, tried)
    monkeypatch.chdir(tmp_path)
    exec(example, {})  # noqa: S102
    samples, rate, layout = sound.read(tmp_path / "surround.flac")
    assert layout == "5.1" and samples.shape[1] >= rate
    assert [path.name for path in tmp_path.iterdir()] == ["surround.flac"]


def test_every_link_leads_somewhere():
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", README):
        assert (ROOT / link).exists(), link
