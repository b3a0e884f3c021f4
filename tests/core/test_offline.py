"""With the files present the whole graph runs, and nothing even tries the network."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from see2sound_nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
from see2sound_nodes.s2s_core import depth, graph
from see2sound_nodes.s2s_core.depth import depth_anything
from see2sound_nodes.s2s_core.media import sound
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment import sam_files

from .depth.tiny import TINY, tiny_state
from .segment.tiny_sam import confident, tiny_sam

ROOT = Path(__file__).parents[2]


@pytest.fixture
def no_network(monkeypatch):
    """Every way out of this machine fails the test."""

    def refuse(*arguments, **_):
        pytest.fail(f"something reached for the network: {arguments[1:]}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Toy networks under the official names, in a folder laid out as ComfyUI's `models`."""
    for folder in ("sams", "depthanything"):
        (tmp_path / folder).mkdir()
    torch.save(confident(tiny_sam()).state_dict(), tmp_path / "sams" / "sam_vit_b_01ec64.pth")
    monkeypatch.setitem(sam_files.SIZES, 48, "SAM ViT-B")
    name = "Depth Anything V2 Small"
    variant = replace(depth.BACKENDS[name].load(None).variant, size=TINY, taps=TINY.spread_taps)
    torch.save(tiny_state(variant), tmp_path / "depthanything" / "depth_anything_v2_vits.pth")
    monkeypatch.setitem(depth.BACKENDS, name, depth_anything._backend(variant))
    return tmp_path


def test_the_template_runs_without_any_network(no_network, models, tmp_path):
    path = ROOT / "workflows" / "api" / "photo_to_surround.json"
    chosen = {node["inputs"]["model"] for node in json.loads(path.read_text()).values() if "model" in node["inputs"]}
    assert {"SAM ViT-B", "Depth Anything V2 Small"} <= chosen
    host = HeadlessRuntime("cpu", {"output": tmp_path / "out", "temp": tmp_path / "temp"}, models=(models,))
    job = graph.load(path, NODE_DISPLAY_NAME_MAPPINGS)
    for assignment in ("5.points=4", "10.seconds=1"):
        job = graph.assign(job, assignment, {**NODE_CLASS_MAPPINGS, **graph.STOCK})
    graph.run(job, {**NODE_CLASS_MAPPINGS, **graph.STOCK}, host)
    (written,) = (tmp_path / "out").rglob("*.flac")
    samples, _, layout = sound.read(written)
    assert layout == "5.1" and abs(samples).max() > 0.001
