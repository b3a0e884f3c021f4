"""Running a checked graph as ComfyUI's engine runs it: only what the outputs need, nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ..errors import Cancelled, GraphError, See2SoundError
from ..runtime import Runtime, use
from .check import Plan, Step, ask, plan
from .declared import listed, shown
from .saved import Graph

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What a node gave: for each output slot the list of its values, and what it shows the user."""

    outputs: list[list[Any]]
    ui: dict[str, list[Any]]


@dataclass
class Cache:
    """Results of the last run, to be handed to the next: a node whose class, inputs, ancestors and IS_CHANGED are the
    same is not run again. Like the engine's, it forgets what the run at hand does not need."""

    results: dict[str, Result] = field(default_factory=dict)

    def keep_only(self, keys: Iterable[str]) -> None:
        """Forget every result with another key."""
        self.results = {key: self.results[key] for key in dict.fromkeys(keys) if key in self.results}


def run(
    graph: Graph,
    classes: Mapping[str, type],
    runtime: Runtime,
    *,
    outputs: Iterable[str] | None = None,
    cache: Cache | None = None,
) -> dict[str, dict[str, list[Any]]]:
    """Check the graph, run what its outputs need (all of them, or the ids named), and give what they show: node id ->
    ui, an empty dict of a node that shows nothing.

    Raises GraphError before anything runs if the check finds problems. An error of this package that a node raises
    keeps its class and gets the node's name; any other becomes a GraphError, with the original as its cause.
    `Cancelled` passes unchanged.
    """
    with use(runtime):
        work = plan(graph, classes, outputs)
        if work.problems:
            more = f" (and {len(work.problems) - 1} more)" if len(work.problems) > 1 else ""
            raise GraphError(work.problems[0] + more)
        with _inference():
            return _Run(work, runtime, Cache() if cache is None else cache).all()


class _Run:
    def __init__(self, work: Plan, runtime: Runtime, cache: Cache):
        self.work, self.runtime, self.cache = work, runtime, cache
        self.keys: dict[str, str] = {}
        self.done: dict[str, Result] = {}
        for step in work.steps.values():  # sources come first, so that their keys are there
            self.keys[step.id] = self._key(step)
        cache.keep_only(self.keys.values())

    def all(self) -> dict[str, dict[str, list[Any]]]:
        with self.runtime.progress("graph", len(self.work.steps)) as bar:
            for output in self.work.outputs:
                self._deliver(output, bar)
            # Branches that no lazy input asked for, or kept from before.
            skipped = len(self.work.steps) - len(self.done)
            if skipped:
                bar.step(skipped)
        shown_by = (node_id for node_id in self.done if node_id in self.work.outputs or self.done[node_id].ui)
        return {node_id: self.done[node_id].ui for node_id in shown_by}

    def _deliver(self, target: str, bar: Any) -> None:
        """Run a node and, before it, whatever it turns out to need; without recursion, as chains may be long."""
        wanted: dict[str, set[str]] = {}
        stack = [target]
        while stack:
            step = self.work.steps[stack[-1]]
            if step.id in self.done:
                stack.pop()
                continue
            result = self.cache.results.get(self.keys[step.id])
            if result is None:
                names = wanted.setdefault(step.id, {name for name in step.links if not _is_lazy(step, name)})
                missing = [id for name, (id, _) in step.links.items() if name in names and id not in self.done]
                if missing:
                    stack.extend(reversed(missing))
                    continue
                with self.runtime.progress(step.title, 1) as own, _blamed(step):
                    asked = self._asked_for(step)
                    if asked:
                        names |= asked
                        continue
                    result = self._result(step)
                    own.step()
                self.cache.results[self.keys[step.id]] = result
            self.done[step.id] = result
            bar.step()

    def _asked_for(self, step: Step) -> set[str]:
        """Lazy inputs that the node wants after all, having seen the others."""
        if not hasattr(step.node, "check_lazy_status"):
            return set()
        node = step.node()
        answers = [node.check_lazy_status(**values) for values in _calls(step, self._inputs(step))]
        names = {name for answer in answers for name in answer or ()}
        unknown = sorted(names - step.declaration.inputs.keys())
        if unknown:
            raise GraphError(f"its check_lazy_status asks for {listed(unknown)}, which are not among its inputs")
        unlinked = sorted(names - step.links.keys() - step.constants.keys())
        if unlinked:
            raise GraphError(f"it asks for its input {listed(unlinked)}, which is not linked: link it")
        return {name for name in names & step.links.keys() if step.links[name][0] not in self.done}

    def _result(self, step: Step) -> Result:
        node = step.node()
        returned = []
        for values in _calls(step, self._inputs(step)):
            value = getattr(node, step.node.FUNCTION)(**values)
            returned.append(asyncio.run(value) if inspect.iscoroutine(value) else value)
        return _gathered(step, returned)

    def _inputs(self, step: Step) -> dict[str, list[Any]]:
        """Each input as a list: of one constant, or of all that a linked output gave (None if it was not run)."""
        inputs = {name: [value] for name, value in step.constants.items()}
        for name, (source, slot) in step.links.items():
            inputs[name] = self.done[source].outputs[slot] if source in self.done else [None]
        return inputs | {name: [value] for name, value in self._hidden(step).items()}

    def _hidden(self, step: Step) -> dict[str, Any]:
        graph = self.work.graph
        values = {
            "UNIQUE_ID": step.id,
            "PROMPT": graph.prompt,
            "EXTRA_PNGINFO": {"workflow": graph.workflow} if graph.workflow else None,
        }
        return {name: values.get(kind) for name, kind in step.declaration.hidden.items()}

    def _key(self, step: Step) -> str:
        """The same for two nodes that must give the same: class, constants, keys of the sources, and IS_CHANGED."""
        links = {name: (self.keys[source], slot) for name, (source, slot) in step.links.items()}
        by_id = "UNIQUE_ID" in step.declaration.hidden.values() or getattr(step.node, "NOT_IDEMPOTENT", False)
        parts = [step.class_type, step.constants, links, step.id if by_id else "", self._changed(step)]
        try:
            text = json.dumps(parts, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError):  # NaN, or what cannot be compared: never the same as anything
            text = uuid.uuid4().hex
        return hashlib.sha256(text.encode()).hexdigest()

    def _changed(self, step: Step) -> Any:
        if not hasattr(step.node, "IS_CHANGED"):
            return ""
        inputs = step.constants | dict.fromkeys(step.links) | self._hidden(step)
        try:
            return ask(step, "IS_CHANGED", inputs)
        except Cancelled:
            raise
        except Exception as error:
            # As the engine does: a node that cannot tell is run again, and says then what is wrong.
            log.warning("%s: its IS_CHANGED failed, so it runs again: %s: %s", step.name, type(error).__name__, error)
            return float("nan")


def _calls(step: Step, inputs: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """The keyword arguments of each call: one per element, shorter lists repeating their last; all at once for a node
    with INPUT_IS_LIST."""
    if getattr(step.node, "INPUT_IS_LIST", False):
        return [inputs]
    empty = [name for name, values in inputs.items() if not values]
    if empty:
        raise GraphError(f"its input {listed(empty)} got an empty list; it needs at least one value")
    count = max((len(values) for values in inputs.values()), default=1)
    return [{name: values[min(i, len(values) - 1)] for name, values in inputs.items()} for i in range(count)]


def _gathered(step: Step, returned: list[Any]) -> Result:
    """One result from what the calls returned: a tuple, or {"ui": {name: list}, "result": tuple}, or None."""
    count = len(step.declaration.outputs)
    spread = tuple(getattr(step.node, "OUTPUT_IS_LIST", ())) or (False,) * count
    outputs: list[list[Any]] = [[] for _ in range(count)]
    ui: dict[str, list[Any]] = {}
    for value in returned:
        if isinstance(value, dict):
            if "expand" in value:
                raise GraphError("it expands into other nodes, which cannot be run here")
            for name, entries in (value.get("ui") or {}).items():
                if not isinstance(entries, (list, tuple)):
                    raise GraphError(f"it shows {name} as {shown(entries)}; what a node shows is a list")
                ui.setdefault(name, []).extend(entries)
            value = value.get("result")
        values = () if value is None else value
        if not isinstance(values, (list, tuple)) or len(values) != count:
            found = f"{len(values)} values" if isinstance(values, (list, tuple)) else type(values).__name__
            raise GraphError(f"it returned {found}; it declares a tuple of {count}")
        for slot, entry in enumerate(values):
            if spread[slot]:
                outputs[slot].extend(entry)
            else:
                outputs[slot].append(entry)
    return Result(outputs, ui)


@contextmanager
def _blamed(step: Step) -> Iterator[None]:
    """Put the node's name before every error inside the block."""
    try:
        yield
    except Cancelled:
        raise
    except See2SoundError as error:
        raise type(error)(f"{step.name}: {error}") from error
    except Exception as error:
        said = " ".join(str(error).split())
        raise GraphError(f"{step.name} failed: {type(error).__name__}: {said}") from error


def _is_lazy(step: Step, name: str) -> bool:
    return bool(step.declaration.inputs[name].options.get("lazy"))


def _inference() -> AbstractContextManager[Any]:
    """What the engine wraps around every node: torch without gradients, where there is torch."""
    try:
        import torch
    except ImportError:
        return nullcontext()
    return torch.inference_mode()
