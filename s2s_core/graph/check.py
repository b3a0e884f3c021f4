"""Everything that can be wrong with a graph, found before any node runs: one line each, naming node, input, value and
what is allowed."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Cancelled, GraphError, See2SoundError
from .declared import ANY, CONSTANTS, Declaration, Input, fits, listed, shown
from .formats import REPORTED, resolved
from .order import sources_first
from .saved import Graph


@dataclass
class Step:
    """One node that may run: its class, its checked and converted constants, and its links (input -> (id, slot))."""

    id: str
    name: str
    title: str
    class_type: str
    node: type
    declaration: Declaration
    constants: dict[str, Any] = field(default_factory=dict)
    links: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass
class Plan:
    """What a run has to do: `steps` by id, sources before their users; `outputs` are the nodes that are wanted."""

    graph: Graph
    steps: dict[str, Step]
    outputs: list[str]
    problems: list[str]


def check(graph: Graph, classes: Mapping[str, type], outputs: Iterable[str] | None = None) -> list[str]:
    """Every problem of the graph as one line; an empty list means that it can run.

    An unknown class is a problem wherever it stands; everything else only where an output (all of them, or the ids
    named) depends on it. Node classes may look for files: call it inside `runtime.use(...)`.
    """
    return plan(graph, classes, outputs).problems


def plan(graph: Graph, classes: Mapping[str, type], outputs: Iterable[str] | None = None) -> Plan:
    """Check the graph and put its nodes in order. Only a plan without `problems` may be run."""
    graph = resolved(graph, classes)
    return _Planner(graph, classes).plan(outputs)


def ask(step: Step, method: str, inputs: Mapping[str, Any]) -> Any:
    """Call IS_CHANGED or VALIDATE_INPUTS with single values (a node with INPUT_IS_LIST gets each in a list)."""
    whole = getattr(step.node, "INPUT_IS_LIST", False)
    return getattr(step.node, method)(**{name: [value] if whole else value for name, value in inputs.items()})


class _Planner:
    def __init__(self, graph: Graph, classes: Mapping[str, type]):
        self.graph, self.prompt, self.classes = graph, graph.prompt, classes
        self.problems = list(graph.problems)
        self.declarations: dict[str, Declaration] = {}
        kinds = (kind for node in classes.values() for kind in node.RETURN_TYPES if isinstance(kind, str))
        self.sockets = {part for kind in kinds for part in kind.split(",")} - {*CONSTANTS, *ANY, "COMBO"}

    def plan(self, outputs: Iterable[str] | None) -> Plan:
        for node_id, node in self.prompt.items():
            if not self._known(node_id):
                near = difflib.get_close_matches(node["class_type"], self.classes, n=3)
                hint = f"did you mean {' or '.join(near)}?" if near else "run this graph in ComfyUI, or mute the node"
                self.problems.append(f"{self._name(node_id)}: no node of that class is known here; {hint}")
        roots = self._roots(outputs)
        steps = {}
        ordered, circles = sources_first(roots, self._sources)
        for circle in circles:
            names = [self._name(node_id) for node_id in circle]
            around = " -> ".join(names if len(names) < 7 else [*names[:3], "...", *names[-2:]])
            self.problems.append(f"the graph runs in a circle: {around}: cut one of these links")
        for node_id in ordered:
            step = self._step(node_id)
            if step:
                steps[node_id] = step
        return Plan(self.graph, steps, roots, self.problems)

    def _roots(self, outputs: Iterable[str] | None) -> list[str]:
        if outputs is not None:
            roots = [str(node_id) for node_id in outputs]
            for node_id in roots:
                if node_id not in self.prompt:
                    self.problems.append(f"output {shown(node_id)} is not a node of the graph: {listed(self.prompt)}")
            return [node_id for node_id in roots if node_id in self.prompt]
        known = [node_id for node_id in self.prompt if self._known(node_id)]
        roots = [node_id for node_id in known if self._declaration(node_id).is_output]
        if not roots and len(known) == len(self.prompt):  # else an unknown node may have been the output
            makers = [name for name, node in self.classes.items() if getattr(node, "OUTPUT_NODE", False)]
            self.problems.append(f"the graph has no output node, so nothing would run; add one of: {listed(makers)}")
        return roots

    def _sources(self, node_id: str) -> list[str]:
        """Nodes that feed a node's declared inputs; of an unknown class, all that are linked."""
        node = self.prompt[node_id]
        declared = self._declaration(node_id).inputs if self._known(node_id) else node.get("inputs", {})
        links = (value for name, value in node.get("inputs", {}).items() if name in declared)
        return [value[0] for value in links if _is_link(value) and value[0] in self.prompt]

    def _step(self, node_id: str) -> Step | None:
        node = self.prompt[node_id]
        class_type = node["class_type"]
        if class_type not in self.classes:
            return None
        title, declaration = self.graph.titles.get(node_id, class_type), self._declaration(node_id)
        step = Step(node_id, self._name(node_id), title, class_type, self.classes[class_type], declaration)
        before, inputs = len(self.problems), node.get("inputs", {})
        own = _parameters(step.node)
        for name, entry in declaration.inputs.items():
            if name not in inputs:
                reason = self.graph.absent.get((node_id, name))
                if entry.required and reason != REPORTED:
                    because = f" ({reason})" if reason else ""
                    self.problems.append(
                        f"{step.name}: required input {name} is missing{because}: "
                        + ("give it a value" if entry.is_widget else f"link something of type {entry.type_name} to it")
                    )
                continue
            try:
                if isinstance(inputs[name], list):
                    self._check_link(inputs[name], entry, own is not None and "input_types" in own)
                    step.links[name] = tuple(inputs[name])
                else:
                    step.constants[name] = self._constant(inputs[name], entry, own is not None and _names(own, name))
            except GraphError as error:
                self.problems.append(f"{step.name}: input {name} {error}")
        if own is not None and len(self.problems) == before:
            self._ask_node(step, own)
        return step

    def _check_link(self, value: list[Any], entry: Input, any_type: bool) -> None:
        if not _is_link(value):
            raise GraphError(f'is {shown(value)}; a link is ["node id", slot], a list is {{"__value__": [...]}}')
        source, slot = value
        if source not in self.prompt:
            raise GraphError(f"is linked to node {source}, which the graph does not hold")
        if not self._known(source):
            return
        given = self._declaration(source).outputs
        if not 0 <= slot < len(given):
            kinds = listed(f"{number} {_kind(kind)}" for number, kind in enumerate(given))
            raise GraphError(f"is linked to output {slot} of {self._name(source)}, whose outputs are: {kinds}")
        if not any_type and not fits(given[slot], entry.kind):
            raise GraphError(
                f"takes {entry.type_name}; output {slot} of {self._name(source)} gives {_kind(given[slot])}"
            )

    def _constant(self, value: Any, entry: Input, left_to_node: bool) -> Any:
        """The constant as the node will get it: converted as the engine does, within range, one of the combo's."""
        if isinstance(value, dict) and "__value__" in value:
            value = value["__value__"]
        if not entry.is_combo and entry.kind in CONSTANTS:
            try:
                value = CONSTANTS[entry.kind][0](value)
            except (TypeError, ValueError, OverflowError) as error:
                raise GraphError(f"is {shown(value)}; allowed is a value of type {entry.kind}") from error
        elif {*entry.type_name.split(",")} <= self.sockets:
            raise GraphError(f"is {shown(value)}; {entry.type_name} can only come through a link")
        if left_to_node:
            return value
        if entry.kind in ("INT", "FLOAT"):
            low, high = entry.options.get("min", -math.inf), entry.options.get("max", math.inf)
            if not low <= value <= high:
                raise GraphError(f"is {value}; allowed is {_range(low, high)}")
        if isinstance(entry.kind, (list, tuple)) and value not in entry.kind:
            raise GraphError(f"is {shown(value)}; allowed is one of: {listed(map(repr, entry.kind), 30)}")
        return value

    def _ask_node(self, step: Step, own: Mapping[str, inspect.Parameter]) -> None:
        """VALIDATE_INPUTS with what it names of the constants; links arrive as None, and as types in `input_types`."""
        values = {name: value for name, value in step.constants.items() if _names(own, name)}
        values.update({name: None for name in step.links if _names(own, name)})
        try:
            if "input_types" in own:
                known = {name: link for name, link in step.links.items() if self._known(link[0])}
                values["input_types"] = {
                    name: self._declaration(at).outputs[slot] for name, (at, slot) in known.items()
                }
            verdict = ask(step, "VALIDATE_INPUTS", values)
        except Cancelled:
            raise
        except See2SoundError as error:
            verdict = str(error)
        except Exception as error:  # a stranger's code: whatever it raises is its answer
            verdict = f"its VALIDATE_INPUTS failed: {type(error).__name__}: {error}"
        if verdict is not True:
            what = "it refuses its inputs" if verdict is False or verdict is None else " ".join(str(verdict).split())
            self.problems.append(f"{step.name}: {what}")

    def _known(self, node_id: str) -> bool:
        return self.prompt[node_id]["class_type"] in self.classes

    def _declaration(self, node_id: str) -> Declaration:
        class_type = self.prompt[node_id]["class_type"]
        if class_type not in self.declarations:
            self.declarations[class_type] = Declaration(self.classes[class_type])
        return self.declarations[class_type]

    def _name(self, node_id: str) -> str:
        return self.graph.name(node_id, self.prompt[node_id]["class_type"])


def _is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int


def _parameters(node: type) -> Mapping[str, inspect.Parameter] | None:
    """Parameters of the class's VALIDATE_INPUTS; None without one."""
    method = getattr(node, "VALIDATE_INPUTS", None)
    return inspect.signature(method).parameters if method else None


def _names(own: Mapping[str, inspect.Parameter], name: str) -> bool:
    return name in own or any(parameter.kind is parameter.VAR_KEYWORD for parameter in own.values())


def _range(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return "a number"
    return f"{high} or less" if math.isinf(low) else f"{low} or more" if math.isinf(high) else f"{low} to {high}"


def _kind(kind: Any) -> str:
    return "COMBO" if isinstance(kind, (list, tuple)) else str(kind)
