"""`NODE.INPUT=VALUE`: changing one widget of a saved graph, as its user would in the editor."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import GraphError
from .declared import Declaration, Input, listed, padded, parsed, shown
from .formats import NOTES
from .saved import Graph


def assign(graph: Graph, text: str, classes: Mapping[str, type]) -> Graph:
    """A copy of the graph with one value changed; the value is read as the input's declared type.

    NODE is an id, a title or a class, if only one node has it; a PrimitiveNode's input is called `value`. A link that
    fed the input is cut. In an editor's graph the widget itself is changed, so that the workflow embedded in results
    is the one that made them. Raises GraphError naming what is not there and what is. Ranges and combos are left to
    `check`.
    """
    target, equals, value = text.partition("=")
    node, dot, name = target.strip().rpartition(".")
    if not (equals and dot and node and name):
        raise GraphError(f"{shown(text)} is not of the form NODE.INPUT=VALUE, such as 5.seed=42")
    node_id, class_type = _find(graph, node.strip())
    name, label = name.strip(), graph.name(node_id, class_type)
    if class_type == "PrimitiveNode" and graph.workflow:
        return _set_primitive(graph, node_id, name, value, label)
    if class_type not in classes:
        raise GraphError(f"{label}: its class is not known here, so its inputs cannot be set")
    declaration = Declaration(classes[class_type])
    entry = declaration.inputs.get(name)
    if entry is None or not entry.is_widget:
        widgets = listed(entry.name for entry in declaration.inputs.values() if entry.is_widget)
        found = "has no input" if entry is None else f"takes a link ({entry.type_name}), not a value, as its input"
        raise GraphError(f"{label} {found} {name}; inputs that can be set: {widgets}")
    parsed_value = entry.parse(value, f"{label}: input {name}")
    if graph.workflow:
        return _set_widget(graph, node_id, entry, parsed_value, declaration)
    changed = {**graph.prompt[node_id], "inputs": {**graph.prompt[node_id].get("inputs", {}), name: parsed_value}}
    return replace(graph, prompt={**graph.prompt, node_id: changed})


def _find(graph: Graph, wanted: str) -> tuple[str, str]:
    """(id, class) of the one node that `wanted` means."""
    if graph.workflow:
        types = {str(node["id"]): node["type"] for node in graph.workflow["nodes"] if node["type"] not in NOTES}
    else:
        types = {node_id: node["class_type"] for node_id, node in graph.prompt.items()}
    if wanted in types:
        return wanted, types[wanted]
    for names in (graph.titles, types):
        found = [node_id for node_id in types if names.get(node_id) == wanted]
        if len(found) == 1:
            return found[0], types[found[0]]
        if found:
            candidates = listed(graph.name(node_id, types[node_id]) for node_id in found)
            raise GraphError(f"{len(found)} nodes are called {shown(wanted)}: {candidates}; name one by its id")
    candidates = listed(graph.name(node_id, class_type) for node_id, class_type in types.items())
    raise GraphError(f"no node is called {shown(wanted)}; the graph has: {candidates}")


def _editable(graph: Graph, node_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    workflow = copy.deepcopy(graph.workflow)
    return workflow, next(node for node in workflow["nodes"] if str(node["id"]) == node_id)


def _set_widget(graph: Graph, node_id: str, entry: Input, value: Any, declaration: Declaration) -> Graph:
    workflow, node = _editable(graph, node_id)
    values = node.get("widgets_values") or []
    if isinstance(values, dict):
        values[entry.name] = value
    else:
        try:
            values, at = padded(values, declaration, entry.name)
        except GraphError as error:
            raise GraphError(f"{graph.name(node_id, node['type'])}: {error}") from error
        values[at] = value
    node["widgets_values"] = values
    if isinstance(node.get("widgets_values_named"), dict):
        node["widgets_values_named"][entry.name] = value
    for slot in node.get("inputs") or []:
        if slot["name"] == entry.name and slot.get("link") is not None:
            _cut(workflow, slot)
    return replace(graph, workflow=workflow, prompt=None)


def _cut(workflow: dict[str, Any], slot: dict[str, Any]) -> None:
    """Take a link out of all three places that know of it."""
    link, slot["link"] = slot["link"], None
    workflow["links"] = [entry for entry in workflow.get("links", []) if entry[0] != link]
    for node in workflow["nodes"]:
        for output in node.get("outputs") or []:
            if isinstance(output.get("links"), list) and link in output["links"]:
                output["links"].remove(link)


def _set_primitive(graph: Graph, node_id: str, name: str, text: str, label: str) -> Graph:
    if name != "value":
        raise GraphError(f"{label} has no input {name}; inputs that can be set: value")
    workflow, node = _editable(graph, node_id)
    kind = next((output.get("type") for output in node.get("outputs") or []), "STRING")
    values = node.get("widgets_values")
    rest = values[1:] if isinstance(values, list) else []
    node["widgets_values"] = [parsed(kind, text, f"{label}: value"), *rest]
    return replace(graph, workflow=workflow, prompt=None)
