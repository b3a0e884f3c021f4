"""Author the shipped workflows in the real page: python -m tests.comfyui.author FILE...

Each FILE holds a graph in API format (a first draft, with every input spelled out) or in the editor's format. It is
opened in ComfyUI's own front end, and what that front end exports is written to

    workflows/NAME.json       the editor's format, version 0.4
    workflows/api/NAME.json   the same graph in API format, without inputs that its nodes do not declare
    workflows/NAME.jpg        a picture of the graph, for the template browser

where NAME is FILE's name without its ending. The front end decides what these formats look like, so only it should
write them. A draft may hold front-end notes: {"class_type": "MarkdownNote", "inputs": {"text": "..."}}.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from PIL import Image

from .browser import EMPTY, VIEWPORT, ComfyPage, launched, open_page
from .client import Client, Graph
from .host import REPOSITORY, HostUnavailable, find
from .layout import TITLE, arrange
from .server import Server

WORKFLOWS = REPOSITORY / "workflows"
MARGIN = 40  # around the graph in the picture, in pixels
PICTURE_WIDTH = 1400  # at most, in pixels
JPEG_QUALITY = 85
# The part of the page, in pixels, that no tool bar of any front-end version covers.
VIEW = {"left": 100, "top": 215, "width": 1340, "height": 635}
LEAST_SCALE = 0.65  # the canvas hides all texts when it is smaller
# What a front end adds about itself and the moment, different on every export.
UNSTABLE_PROPERTIES = ("cnr_id", "aux_id", "ver")

BUILD = """(graph) => {
    app.graph.clear()
    const nodes = {}
    for (const [id, { class_type, inputs, _meta }] of Object.entries(graph)) {
        const node = LiteGraph.createNode(class_type)
        if (!node) throw new Error(`no node type ${class_type}`)
        node.id = Number(id)
        if (_meta?.title) node.title = _meta.title
        app.graph.add(node)
        nodes[id] = node
        if (node.isVirtualNode) node.setSize([420, 80 + 24 * inputs.text.split('\\n').length])
    }
    for (const [id, { class_type, inputs }] of Object.entries(graph)) {
        for (const [name, value] of Object.entries(inputs)) {
            if (Array.isArray(value)) {
                const slot = nodes[id].findInputSlot(name)
                if (!nodes[value[0]].connect(value[1], nodes[id], slot))
                    throw new Error(`${class_type} ${id}: cannot connect ${name}`)
                continue
            }
            const widgets = nodes[id].widgets ?? []
            const widget = nodes[id].isVirtualNode ? widgets[0] : widgets.find((w) => w.name === name)
            if (!widget) throw new Error(`${class_type} ${id}: no widget ${name}`)
            widget.value = value
            widget.callback?.(value)
        }
    }
}"""
FIX_SEEDS = """() => app.graph._nodes.flatMap((n) => n.widgets ?? [])
    .filter((w) => w.name === 'control_after_generate').forEach((w) => { w.value = 'fixed' })"""
MEASURE = """() => ({
    sizes: app.graph._nodes.map((n) => {
        const least = n.computeSize(), [width, height] = n.imgs?.length ? [400, 420] : [280, 0]
        return [n.id, [Math.max(least[0], n.size[0], width), Math.max(least[1], n.size[1], height)]]
    }),
    links: [...app.graph.links.values()].map((l) => [l.origin_id, l.target_id]),
})"""
PLACE = """([sizes, positions]) => {
    for (const node of app.graph._nodes) {
        node.setSize(sizes[node.id])
        node.pos = positions[node.id]
    }
}"""
SHOW = """([view, title, least]) => {
    const canvas = app.canvas, rect = canvas.canvas.getBoundingClientRect(), nodes = app.graph._nodes
    const left = Math.min(...nodes.map((n) => n.pos[0])), top = Math.min(...nodes.map((n) => n.pos[1] - title))
    const width = Math.max(...nodes.map((n) => n.pos[0] + n.size[0])) - left
    const height = Math.max(...nodes.map((n) => n.pos[1] + n.size[1])) - top
    const scale = Math.max(least, Math.min(1, view.width / width, view.height / height))
    canvas.ds.scale = scale
    canvas.ds.offset = [(view.left - rect.left) / scale - left, (view.top - rect.top) / scale - top]
    canvas.deselectAll?.()
    canvas.setDirty(true, true)
    return [width, height]
}"""


def author(page: ComfyPage, client: Client, graph: dict[str, Any], name: str, *, tidy: bool, execute: bool) -> None:
    """Open one graph, write its three files. `tidy` places the nodes anew; API graphs always need it."""
    drafted = "nodes" not in graph
    page.load(EMPTY if drafted else graph, name)
    if drafted:
        page.run(BUILD, graph)
    page.run(FIX_SEEDS)
    if execute and (ended := page.execute(seconds=600)) != "execution_success":
        raise RuntimeError(f"{name}: {ended}: {page.complaints()}")
    page.page.wait_for_timeout(1500)  # previews change the size of their nodes
    if drafted or tidy:
        _place(page)
    page.run(SHOW, [VIEW, TITLE, LEAST_SCALE])
    if problems := page.complaints() + page.unknown_nodes():
        raise RuntimeError(f"{name}: {problems}")

    exported = page.export()
    _write(WORKFLOWS / f"{name}.json", stable_workflow(exported["workflow"], name))
    _write(WORKFLOWS / "api" / f"{name}.json", declared_inputs(exported["output"], client.get("/object_info").json()))
    _photograph(page, WORKFLOWS / f"{name}.jpg")


def declared_inputs(graph: Graph, object_info: dict[str, Any]) -> Graph:
    """The API graph without inputs that older front ends add for their own widgets."""
    cleaned = {}
    for node_id, node in graph.items():
        declared = object_info[node["class_type"]]["input"]
        names = {name for group in ("required", "optional") for name in declared.get(group, {})}
        cleaned[node_id] = node | {"inputs": {name: value for name, value in node["inputs"].items() if name in names}}
    return cleaned


def stable_workflow(workflow: dict[str, Any], name: str) -> dict[str, Any]:
    """The same workflow on every export: an id made from the name, no versions of this machine's front end."""
    for node in workflow["nodes"]:
        for key in UNSTABLE_PROPERTIES:
            node.get("properties", {}).pop(key, None)
    view = {key: value for key, value in workflow.get("extra", {}).items() if key == "ds"}
    return workflow | {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"see2sound/{name}")), "extra": view}


def _place(page: ComfyPage) -> None:
    measured = page.run(MEASURE)
    sizes = {node: (width, height) for node, (width, height) in measured["sizes"]}
    positions = arrange(sizes, [(a, b) for a, b in measured["links"]])
    page.run(PLACE, [{str(k): v for k, v in sizes.items()}, {str(k): v for k, v in positions.items()}])


def _photograph(page: ComfyPage, file: Path) -> None:
    """A picture of the whole graph: the window grows until it fits without scaling, then the picture is reduced."""
    width, height = page.run(SHOW, [VIEW, TITLE, 1])
    page.page.set_viewport_size({"width": int(width) + 2 * VIEW["left"], "height": int(height) + 2 * VIEW["top"]})
    page.page.wait_for_timeout(1500)
    page.run(SHOW, [VIEW, TITLE, 1])
    page.page.wait_for_timeout(1500)
    clip = {"x": VIEW["left"] - MARGIN, "y": VIEW["top"] - MARGIN}
    clip |= {"width": width + 2 * MARGIN, "height": height + 2 * MARGIN}
    picture = Image.open(io.BytesIO(page.page.screenshot(clip=clip))).convert("RGB")
    page.page.set_viewport_size(VIEWPORT)
    picture.thumbnail((PICTURE_WIDTH, PICTURE_WIDTH), Image.Resampling.LANCZOS)
    picture.save(file, quality=JPEG_QUALITY)


def _write(file: Path, value: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.comfyui.author", description="Author the shipped workflows.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a graph in API or editor's format")
    parser.add_argument("--arrange", action="store_true", help="place the nodes of an editor's file anew")
    parser.add_argument("--run", action="store_true", help="run each graph first, so that its picture shows results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as base, Server(find(), REPOSITORY, Path(base)) as server:
        for file in sorted((WORKFLOWS / "media").iterdir()):
            server.client.upload(file)
        with launched() as browser, open_page(browser, server.client.url) as page:
            for file in options.files:
                graph = json.loads(file.read_text(encoding="utf-8"))
                author(page, server.client, graph, file.stem, tidy=options.arrange, execute=options.run)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HostUnavailable as error:
        sys.exit(f"ComfyUI engine not available: {error}")
