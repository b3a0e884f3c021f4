"""What a node class declares about its inputs, and how the editor lines their widgets up in `widgets_values`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import GraphError

# What the engine turns a constant of each type into, and what the editor shows where a class gives no default.
CONSTANTS: dict[str, tuple[type, Any]] = {
    "INT": (int, 0),
    "FLOAT": (float, 0.0),
    "STRING": (str, ""),
    "BOOLEAN": (bool, False),
}
SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
SEEDS = ("seed", "noise_seed")
AFTER_GENERATE = ("fixed", "increment", "increment-wrap", "decrement", "randomize", True, False)
ANY = ("*", "")
UPLOADS = ("image_upload", "video_upload", "audio_upload")


def shown(value: Any) -> str:
    """A value as messages show it: one line, at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def listed(names: Any, most: int = 12) -> str:
    """Names as messages list them, the first `most` of them; "(none)" of nothing."""
    names = [str(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more or "(none)"


def fits(given: Any, taken: Any) -> bool:
    """Whether an output of type `given` may feed an input of type `taken`: comma-separated sets that share a type.

    Combos (lists of options) fit each other by name only: whether the options agree is known when the value arrives.
    """
    given, taken = ("COMBO" if isinstance(kind, (list, tuple)) else str(kind) for kind in (given, taken))
    return given in ANY or taken in ANY or not {*given.split(",")}.isdisjoint(taken.split(","))


@dataclass(frozen=True)
class Input:
    """One declared input. `kind` is a type name, or the list of an old-style combo's options."""

    name: str
    kind: Any
    options: dict[str, Any]
    required: bool = True

    @property
    def is_combo(self) -> bool:
        """A choice from a list, of the old style or the new."""
        return isinstance(self.kind, (list, tuple)) or self.kind == "COMBO"

    @property
    def type_name(self) -> str:
        """The type as messages and links call it."""
        return "COMBO" if self.is_combo else str(self.kind)

    @property
    def choices(self) -> list[Any]:
        """What a combo offers."""
        return list(self.options.get("options", ()) if self.kind == "COMBO" else self.kind)

    @property
    def is_widget(self) -> bool:
        """Whether the editor gives it a widget, and so a place in `widgets_values`."""
        return (self.is_combo or self.kind in CONSTANTS) and not self.options.get("forceInput")

    @property
    def default(self) -> Any:
        """What the editor shows in a fresh widget."""
        if self.is_combo:
            return self.options.get("default", next(iter(self.choices), None))
        return self.options.get("default", CONSTANTS[self.kind][1])

    def parse(self, text: str, where: str) -> Any:
        """The value that a user's words mean for this input. Raises GraphError with what is allowed.

        A combo takes words it does not list as they are: the check, or the node's own, decides on them.
        """
        return parsed(self.type_name, text, where, self.choices if self.is_combo else ())


def parsed(kind: str, text: str, where: str, choices: Any = ()) -> Any:
    """`text` as a constant of type `kind`: INT and FLOAT numbers, BOOLEAN words, anything else as it stands."""
    if kind == "BOOLEAN":
        if text.strip().lower() not in SWITCH:
            raise GraphError(f"{where} is {shown(text)}; allowed is one of: {', '.join(SWITCH)}")
        return SWITCH[text.strip().lower()]
    if kind in ("INT", "FLOAT"):
        number = "whole number" if kind == "INT" else "finite number"
        try:
            value = CONSTANTS[kind][0](text)
        except ValueError as error:
            raise GraphError(f"{where} is {shown(text)}; allowed is a {number}") from error
        if not math.isfinite(value):
            raise GraphError(f"{where} is {shown(text)}; allowed is a {number}")
        return value
    return next((choice for choice in choices if str(choice) == text), text)


class Declaration:
    """What one node class says of itself: its inputs by name (required first), hidden values, outputs."""

    def __init__(self, node: type):
        said = node.INPUT_TYPES()
        self.inputs: dict[str, Input] = {}
        for part in ("required", "optional"):
            for name, entry in said.get(part, {}).items():
                options = dict(entry[1]) if len(entry) > 1 else {}
                self.inputs[name] = Input(name, entry[0], options, part == "required")
        self.hidden: dict[str, str] = {name: _first(entry) for name, entry in said.get("hidden", {}).items()}
        self.outputs: tuple[Any, ...] = tuple(node.RETURN_TYPES)
        self.is_output: bool = bool(getattr(node, "OUTPUT_NODE", False))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The positions of `widgets_values`, those included that the editor adds for itself."""
        return tuple(self._lined_up())

    def _lined_up(self) -> Iterator[Place]:
        uploads = [entry for entry in self.inputs.values() if any(entry.options.get(word) for word in UPLOADS)]
        for required in (True, False):
            for entry in self.inputs.values():
                if entry.required != required or not entry.is_widget:
                    continue
                yield Place(entry)
                # The editor offers to change a seed after each run; of a combo it also lets the user filter the list.
                if entry.options.get("control_after_generate", entry.kind == "INT" and entry.name in SEEDS):
                    yield Place(None, AFTER_GENERATE, "fixed")
                    if entry.is_combo:
                        yield Place(None, ("",), "")
            # Upload buttons and players (`audioUI`) stand behind the required widgets; pictures drawn by a pack's own
            # front end behind all of them.
            yield from (Place(None, ("image", ""), "image") for _ in uploads if required)
            if uploads or self.is_output:
                yield Place(None, ("",), None)


@dataclass(frozen=True)
class Place:
    """One position in `widgets_values`: a declared input's, or (`entry` None) one that the editor adds for itself and
    that holds one of `accepts` or null."""

    entry: Input | None
    accepts: tuple[str | bool, ...] = ()
    filler: Any = None


def positions(values: list[Any], declaration: Declaration) -> list[int | None]:
    """Where in `values` each of the declaration's places stands; None = the file has no value for it.

    Files may lack the editor's own values (older editors, hand-written files) and the last widgets (saved before these
    were added). Raises GraphError when values are left over, naming the first.
    """
    found: list[int | None] = []
    at, waiting = 0, sum(place.entry is not None for place in declaration.places)
    for place in declaration.places:
        here = at < len(values)
        if place.entry:
            waiting -= 1
        elif here:
            # Null and the editor's own words are taken for what they seem. Empty text, or the switch that old editors
            # wrote after a seed, may be a widget's own value: it is taken for the editor's only if enough values for
            # the widgets behind it remain.
            value = values[at]
            own = value is None or (isinstance(value, (str, bool)) and value in place.accepts)
            here = own and (value is None or bool(value and isinstance(value, str)) or len(values) - at > waiting)
        found.append(at if here else None)
        at += here
    left = [value for value in values[at:] if value is not None]
    if left:
        widgets = listed(place.entry.name for place in declaration.places if place.entry)
        raise GraphError(f"holds one widget value too many, {shown(left[0])}; its widgets are: {widgets}")
    return found


def padded(values: list[Any], declaration: Declaration, name: str) -> tuple[list[Any], int]:
    """`values` reaching to the widget `name`, with defaults where the file had none, and that widget's position.

    Raises GraphError when values are left over."""
    values, found = list(values), positions(values, declaration)
    last = max((index for index, at in enumerate(found) if at is not None), default=-1)
    target = next(index for index, place in enumerate(declaration.places) if place.entry and place.entry.name == name)
    for index in range(last + 1, target + 1):
        place, found[index] = declaration.places[index], len(values)
        values.append(place.entry.default if place.entry else place.filler)
    return values, found[target]


def _first(entry: Any) -> str:
    return entry if isinstance(entry, str) else entry[0]
