"""Saved graphs: the two formats that ComfyUI writes.

API format     {"node id": {"class_type": ..., "inputs": {name: constant or ["node id", slot]}, "_meta": {"title"}}}
editor format  {"version": 0.4, "nodes": [...], "links": [[id, from node, from slot, to node, to slot, type], ...]}

The editor's format holds the values of widgets by position only: it takes the classes to read it (`formats.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import GraphError
from .declared import shown

VERSION = 0.4
NO_NAMES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Graph:
    """A saved graph. `prompt` is its API format; None for an editor's graph until `resolved` has seen the classes.

    `workflow` is the editor's JSON (None for an API file), `titles` what the user calls each node, by id. `problems`
    are lines found on the way from one format to the other, `absent` the reasons why an input (id, name) has no link.
    """

    prompt: dict[str, dict[str, Any]] | None
    workflow: dict[str, Any] | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    absent: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def name(self, node_id: str, class_type: str) -> str:
        """A node as messages call it: id, title, class."""
        title = self.titles.get(node_id, class_type)
        return f"node {node_id} ({class_type})" if title == class_type else f'node {node_id} "{title}" ({class_type})'


def load(path: str | Path, display_names: Mapping[str, str] = NO_NAMES) -> Graph:
    """Read a graph in either format. `display_names` (class -> name in the editor's menu) is what a node without a
    title of its own is called. Raises GraphError: no such file, not JSON, empty, neither format, another version."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise GraphError(f"cannot read the graph {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise GraphError(f"{path} is not text; a graph is a JSON file that ComfyUI saved") from error
    if not text.strip():
        raise GraphError(f"{path} is empty; a graph is a JSON file that ComfyUI saved")
    try:
        said = json.loads(text)
    except ValueError as error:
        raise GraphError(f"{path} is not JSON: {error}") from error
    except RecursionError as error:
        raise GraphError(f"{path} is not a graph: its JSON is nested too deeply") from error
    try:
        return from_json(said, display_names)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error


def from_json(said: Any, display_names: Mapping[str, str] = NO_NAMES) -> Graph:
    """The graph that parsed JSON holds. Raises GraphError unless it has the shape of one of the two formats."""
    if not isinstance(said, dict) or not said:
        raise GraphError("the graph is empty or not an object; save it from ComfyUI with 'Save' or 'Export (API)'")
    if isinstance(said.get("nodes"), list):
        return _from_editor(said, display_names)
    titles = {}
    for node_id, node in said.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise GraphError(
                f"entry {shown(node_id)} is {shown(node)}; in the API format each entry is a node with a class_type, "
                "and the editor's format has a list of nodes"
            )
        if not isinstance(node.get("inputs", {}), dict):
            raise GraphError(f"node {node_id} ({node['class_type']}): inputs is {shown(node['inputs'])}, not an object")
        meta = node.get("_meta")
        titles[node_id] = _title(
            meta.get("title") if isinstance(meta, dict) else None, node["class_type"], display_names
        )
    return Graph(said, None, titles)


def _from_editor(said: dict[str, Any], display_names: Mapping[str, str]) -> Graph:
    if said.get("version") != VERSION or isinstance(said["version"], bool):
        raise GraphError(f"the workflow's version is {shown(said.get('version'))}; only version {VERSION} is known")
    if not said["nodes"]:
        raise GraphError("the workflow has no nodes")
    links = said.get("links", [])
    if not isinstance(links, list):
        raise GraphError(f"links is {shown(links)}; in version {VERSION} it is a list")
    for link in links:
        if not isinstance(link, list) or len(link) < 5 or any(isinstance(part, (list, dict)) for part in link[:5]):
            raise GraphError(
                f"link {shown(link)} has another shape than [id, from node, from slot, to node, to slot, type]"
            )
    definitions = said.get("definitions")
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    subgraphs = subgraphs if isinstance(subgraphs, list) else []
    inner = [entry.get("id") for entry in subgraphs if isinstance(entry, dict)]
    titles: dict[str, str] = {}
    for node in said["nodes"]:
        _check_shape(node)
        node_id = str(node["id"])
        if node_id in titles:
            raise GraphError(f"two nodes have the id {node_id}")
        titles[node_id] = _title(node.get("title"), node["type"], display_names)
        if node["type"] in inner:
            raise GraphError(
                f"node {node_id} ({titles[node_id]!r}) is a subgraph, which cannot be run here: unpack it in the editor"
            )
    return Graph(None, said, titles)


def _title(said: Any, class_type: str, display_names: Mapping[str, str]) -> str:
    """What the user sees above a node, on one line; its class if nothing better is known."""
    given = said if isinstance(said, str) and said.strip() else display_names.get(class_type, class_type)
    return " ".join(given.split())


def _check_shape(node: Any) -> None:
    """Raise GraphError unless an editor's node has the parts that conversion reads, in their types."""
    if (
        not isinstance(node, dict)
        or not isinstance(node.get("id"), (int, str))
        or not isinstance(node.get("type"), str)
    ):
        raise GraphError(f"node {shown(node)} has no id or no type")
    for part in ("inputs", "outputs"):
        slots = node.get(part) or []
        if not isinstance(slots, list) or not all(isinstance(slot, dict) for slot in slots):
            raise GraphError(f"node {node['id']} ({node['type']}): {part} is {shown(slots)}, not a list of slots")
    for slot in node.get("inputs") or []:
        if not isinstance(slot.get("name"), str) or isinstance(slot.get("link"), (list, dict)):
            raise GraphError(f"node {node['id']} ({node['type']}): input slot {shown(slot)} has no name or no link id")
    if not isinstance(node.get("widgets_values") or [], (list, dict)):
        found = shown(node["widgets_values"])
        raise GraphError(f"node {node['id']} ({node['type']}): widgets_values is {found}, not a list")
