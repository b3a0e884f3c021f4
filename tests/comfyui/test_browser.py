"""The shipped workflows in ComfyUI's own front end: they open cleanly, mean what their API copies say, and play."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .client import Client
from .host import REPOSITORY

if TYPE_CHECKING:
    from .browser import ComfyPage

pytestmark = pytest.mark.comfyui

WORKFLOWS = sorted((REPOSITORY / "workflows").glob("*.json"))
QUICK_START = REPOSITORY / "workflows/see2sound.json"
PLAYER = """async () => {
    const widgets = app.graph._nodes.flatMap((n) => n.widgets ?? []).filter((w) => w.name === 'audioUI')
    return Promise.all(widgets.map(async ({ element }) => {
        const answer = await fetch(element.src)
        return { status: answer.status, type: answer.headers.get('content-type'), seconds: element.duration }
    }))
}"""


def _read(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_workflow_opens_and_exports_its_api_copy(page: ComfyPage, client: Client, file: Path):
    from .author import declared_inputs

    page.load(_read(file), file.stem)
    assert page.complaints() == []
    assert page.unknown_nodes() == []
    exported = declared_inputs(page.export()["output"], client.get("/object_info").json())
    assert _meaning(exported) == _meaning(_read(REPOSITORY / "workflows/api" / file.name))
    assert page.pack_errors() == []


def test_a_missing_node_would_be_noticed(page: ComfyPage):
    """The checks above look at messages of a front end that we do not own: make sure that they still see them."""
    workflow = _read(QUICK_START)
    workflow["nodes"][0]["type"] = "S2S_NoSuchNode"
    page.load(workflow, "broken")
    assert page.complaints() != []
    assert page.unknown_nodes() == ["S2S_NoSuchNode"]


def test_quick_start_plays_and_survives_a_switch_of_tabs(page: ComfyPage, tmp_path: Path):
    from .browser import EMPTY

    page.load(EMPTY, "empty tab")
    page.load(_read(QUICK_START), "tab with players")
    assert page.execute(seconds=300) == "execution_success", page.complaints()
    page.page.wait_for_timeout(1500)
    _screenshot(page, tmp_path)
    _assert_players(page)

    page.switch_tab("Previous")
    assert page.run("() => app.graph._nodes.length") == 0
    page.switch_tab("Next")
    _assert_players(page)
    assert page.pack_errors() == []
    assert page.complaints() == []


def _meaning(graph: dict) -> dict:
    """What a run depends on: node types, links and widget values. Links are [node id, slot]."""
    return {node_id: (node["class_type"], node["inputs"]) for node_id, node in graph.items()}


def _assert_players(page: ComfyPage) -> None:
    players = page.run(PLAYER)
    assert players, "no node has an audio player"
    for player in players:
        assert player["status"] == 200 and player["type"].startswith("audio/"), player
        assert player["seconds"] > 0, player


def _screenshot(page: ComfyPage, fallback: Path) -> None:
    folder = Path(os.environ.get("S2S_SCREENSHOTS") or fallback)
    folder.mkdir(parents=True, exist_ok=True)
    page.page.screenshot(path=folder / f"{QUICK_START.stem}.png")
