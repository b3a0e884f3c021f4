"""From the editor's format to the API format, as ComfyUI's front end does it when the user presses Run.

Reroutes, primitives, notes and bypassed nodes exist in the editor only. A muted node is left out, and so are the links
that come from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import GraphError
from .declared import ANY, Declaration, fits, positions, shown
from .saved import Graph

MUTED, BYPASSED = 2, 4
NOTES = ("Note", "MarkdownNote")
VIRTUAL = ("Reroute", "PrimitiveNode", *NOTES)
REPORTED = ""
"""Why an input has no link or value, where a problem says it already."""


def resolved(graph: Graph, classes: Mapping[str, type]) -> Graph:
    """The graph with its `prompt`, made from the editor's format if need be."""
    return graph if graph.prompt is not None else _Conversion(graph, classes).graph()


@dataclass(frozen=True)
class _Value:
    """A constant that arrives where a link ends: what a PrimitiveNode holds."""

    value: Any


class _Conversion:
    def __init__(self, graph: Graph, classes: Mapping[str, type]):
        self.source, self.classes = graph, classes
        self.nodes = {str(node["id"]): node for node in graph.workflow["nodes"]}
        self.links = {link[0]: link for link in graph.workflow.get("links", [])}
        self.declarations: dict[str, Declaration] = {}
        self.problems: list[str] = []
        self.absent: dict[tuple[str, str], str] = {}

    def graph(self) -> Graph:
        prompt = {}
        for node_id, node in self.nodes.items():
            if node["type"] not in VIRTUAL and node.get("mode") not in (MUTED, BYPASSED):
                inputs = self._inputs(node_id, node)
                title = self.source.titles[node_id]
                prompt[node_id] = {"inputs": inputs, "class_type": node["type"], "_meta": {"title": title}}
        return replace(self.source, prompt=prompt, problems=tuple(self.problems), absent=self.absent)

    def _inputs(self, node_id: str, node: dict[str, Any]) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        try:
            inputs = {name: _constant(value) for name, value in self._widgets(node).items()}
        except GraphError as error:
            self._problem(node_id, str(error))
            self.absent.update({(node_id, name): REPORTED for name in self.declarations[node["type"]].inputs})
        for slot in node.get("inputs") or []:
            name = slot["name"]
            if slot.get("link") is None:
                continue
            try:
                arriving = self._arriving(slot["link"], slot.get("type"))
            except GraphError as error:
                self._problem(node_id, f"input {name} {error}")
                self.absent[node_id, name] = REPORTED
                continue
            if isinstance(arriving, _Value):
                inputs[name] = _constant(arriving.value)
            elif isinstance(arriving, str):
                self.absent[node_id, name] = f"{self.source.name(arriving, self.nodes[arriving]['type'])} is muted"
                inputs.pop(name, None)
            elif arriving:
                inputs[name] = arriving
            else:
                self.absent[node_id, name] = "its link comes from nothing that gives a value"
        return inputs

    def _widgets(self, node: dict[str, Any]) -> dict[str, Any]:
        """Values of a node's widgets by name; defaults where the file is older than the widget."""
        if node["type"] not in self.classes:  # the check will say so
            return {}
        declaration = self.declarations.get(node["type"]) or Declaration(self.classes[node["type"]])
        self.declarations[node["type"]] = declaration
        fresh = {name: entry.default for name, entry in declaration.inputs.items() if entry.is_widget}
        values = node.get("widgets_values") or []
        if isinstance(values, dict):
            return {**fresh, **{name: value for name, value in values.items() if name in declaration.inputs}}
        for place, at in zip(declaration.places, positions(values, declaration), strict=True):
            if place.entry and at is not None:
                fresh[place.entry.name] = values[at]
        return fresh

    def _arriving(self, link_id: Any, wanted: Any) -> list[Any] | _Value | str | None:
        """What a link brings: [node id, slot], a constant, the id of the muted node it comes from, or None = nothing.

        Reroutes are followed. A bypassed node hands on its input of the same slot if the types fit, else the first
        input of that type.
        """
        seen = set()
        while link_id is not None:
            if link_id not in self.links:
                raise GraphError(f"is linked by link {shown(link_id)}, which the file does not hold")
            if link_id in seen:
                raise GraphError("is fed by a ring of reroutes or bypassed nodes: cut one of their links")
            seen.add(link_id)
            origin, slot = str(self.links[link_id][1]), self.links[link_id][2]
            if origin not in self.nodes:
                raise GraphError(f"is linked to node {origin}, which the file does not hold")
            node = self.nodes[origin]
            slots = node.get("inputs") or []
            if node["type"] == "PrimitiveNode":
                values = node.get("widgets_values") or []
                return _Value(values[0]) if isinstance(values, list) and values else None
            if node["type"] == "Reroute":
                link_id = slots[0].get("link") if slots else None
            elif node.get("mode") == BYPASSED:
                link_id = _handed_on(node, slot, wanted)
            else:
                return origin if node.get("mode") == MUTED else [origin, slot]
        return None

    def _problem(self, node_id: str, what: str) -> None:
        self.problems.append(f"{self.source.name(node_id, self.nodes[node_id]['type'])}: {what}")


def _handed_on(node: dict[str, Any], slot: Any, wanted: Any) -> Any:
    """The link that a bypassed node passes to its output `slot`: of the input in the same place if its type fits, else
    of the first of just that type, else of the first that fits. `wanted` is the receiver's type."""
    slots, outputs = node.get("inputs") or [], node.get("outputs") or []
    inside = isinstance(slot, int) and slot >= 0
    given = outputs[slot].get("type") if inside and slot < len(outputs) else wanted
    fitting = [entry for entry in slots if wanted in ANY or fits(entry.get("type"), given)]
    if inside and slot < len(slots) and slots[slot] in fitting:
        return slots[slot].get("link")
    exact = [entry for entry in fitting if entry.get("type") == given]
    return next((entry.get("link") for entry in (*exact, *fitting)), None)


def _constant(value: Any) -> Any:
    """A constant as the API format writes it: a list is wrapped, or it would look like a link."""
    return {"__value__": value} if isinstance(value, list) else value
