"""The pack inside the genuine engine, over HTTP: what it declares, what it serves, and what its workflows make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from see2sound_nodes import NODE_CLASS_MAPPINGS

from .audio import LOSSLESS, decode
from .client import Client, Graph
from .host import REPOSITORY
from .server import PACK, Server

pytestmark = pytest.mark.comfyui

WORKFLOWS = sorted((REPOSITORY / "workflows").glob("*.json"))
GRAPHS = sorted((REPOSITORY / "workflows/api").glob("*.json"))
QUICK_START = REPOSITORY / "workflows/api/see2sound.json"
LONG_SECONDS = 120.0  # of sound: many times longer to make than the second after which it is interrupted
INTERRUPT_SECONDS = 5.0
TOLERANCE = 1e-6  # of full scale: the two runs may use different builds of the same libraries


def test_every_node_is_registered_and_no_other(client: Client):
    known = client.get("/object_info").json()
    ours = {name for name, info in known.items() if info["python_module"] == f"custom_nodes.{PACK}"}
    assert ours == set(NODE_CLASS_MAPPINGS) != set()


@pytest.mark.parametrize("node", NODE_CLASS_MAPPINGS)
def test_node_explains_itself(client: Client, node: str):
    info = client.get(f"/object_info/{node}").json()[node]
    assert info["description"]
    tooltips = info.get("output_tooltips", [])
    assert len(tooltips) == len(info["output"]) and all(tooltips)
    inputs = info["input"].get("required", {}) | info["input"].get("optional", {})
    assert [name for name, (_, *options) in inputs.items() if not (options and options[0].get("tooltip"))] == []


@pytest.mark.parametrize("node", NODE_CLASS_MAPPINGS)
def test_help_page_is_served(client: Client, node: str):
    page = client.get(f"/extensions/{PACK}/docs/{node}.md")
    assert page.status == 200
    assert page.body.startswith(b"# ")


def test_every_workflow_exists_in_both_formats():
    assert [file.name for file in WORKFLOWS] == [file.name for file in GRAPHS] != []


def test_templates_are_listed_with_pictures(client: Client):
    listed = client.get("/workflow_templates").json()[PACK]
    assert sorted(listed) == [file.stem for file in WORKFLOWS]
    for name in listed:
        assert client.get(f"/api/workflow_templates/{PACK}/{name}.json").json()["nodes"]
        picture = client.get(f"/api/workflow_templates/{PACK}/{name}.jpg")
        assert (picture.status, picture.content_type) == (200, "image/jpeg"), name


@pytest.mark.parametrize("file", GRAPHS, ids=lambda file: file.stem)
def test_workflow_runs_as_it_does_headless(server: Server, file: Path, tmp_path: Path):
    graph = _quick(_read(file))
    for old in _files(server.output):  # numbering starts anew, as in the empty folder of the headless run
        (server.output / old).unlink()
    server.client.forget_results()
    first = server.client.run(graph)
    assert first.succeeded, first.events
    _run_headless(graph, tmp_path, server.base / "models")
    names = _files(tmp_path)
    assert _files(server.output) == names
    sounds = [name for name in names if Path(name).suffix in LOSSLESS]
    assert sounds, f"{file.name} saves no sound that can be compared"
    for name in sounds:
        _assert_same_sound(server.output / name, tmp_path / name)

    second = server.client.run(graph)
    assert second.succeeded and second.cached == set(graph)
    assert _files(server.output) == names


def test_interrupt_ends_a_running_job(client: Client):
    graph = _read(QUICK_START)
    for node in graph.values():
        if "seconds" in node["inputs"]:
            node["inputs"]["seconds"] = LONG_SECONDS
    prompt = client.submit(graph)
    while prompt not in client.running():
        time.sleep(0.05)
    time.sleep(1)
    asked = time.monotonic()
    client.post("/interrupt", {})
    outcome = client.wait(prompt, seconds=60)
    assert "execution_interrupted" in outcome.events and not outcome.succeeded
    assert time.monotonic() - asked < INTERRUPT_SECONDS


def _read(file: Path) -> Graph:
    return json.loads(file.read_text(encoding="utf-8"))


def _files(folder: Path) -> list[str]:
    """Relative paths of the results in a folder; the headless run keeps its previews in a hidden folder."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))


def _quick(graph: Graph) -> Graph:
    """The same graph, asking Segment Anything at four points: on a CPU the rest would take minutes."""
    for node in graph.values():
        if "points" in node["inputs"]:
            node["inputs"]["points"] = 2
    return graph


def _run_headless(graph: Graph, output: Path, models: Path) -> None:
    file = output / ".graph.json"
    file.write_text(json.dumps(graph), encoding="utf-8")
    command = [sys.executable, "-m", "see2sound_nodes.s2s_core.cli", "run", str(file)]
    command += ["--input", str(REPOSITORY / "workflows/media"), "--output", str(output)]
    environment = os.environ | {"SEE2SOUND_MODELS": str(models)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=output, env=environment)
    assert done.returncode == 0, done.stderr


def _assert_same_sound(one: Path, other: Path) -> None:
    (a, rate_a), (b, rate_b) = decode(one), decode(other)
    assert (a.shape, rate_a) == (b.shape, rate_b)
    assert np.abs(a).max() > 0.001, f"{one.name} is silent"
    assert np.abs(a - b).max() <= TOLERANCE, one.name
