"""How a room keeps several ways of doing its job: a table of backends, and the handle of a loaded one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import InputError


@dataclass(frozen=True)
class Backend:
    """One way of doing a room's job: a row in the room's `BACKENDS` table. Combo entries, the README's table, the list
    of downloads and the "every backend" tests follow from the rows.

    `load(runtime)` gives the callable that the room's `run` uses; the room's docstring states its signature.
    `weights` are names of rows in `models/catalog.py`. A backend without any says "(no weights)" in its name.
    `converted(runtime)` tells whether they are on this machine in another form, so that none of them is needed;
    `extras` are rows that are needed all the same.
    """

    name: str
    summary: str
    load: Callable[..., Callable[..., Any]]
    weights: tuple[str, ...] = ()
    converted: Callable[..., bool] = lambda runtime: False
    extras: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A light handle that a loader gives and a room's `run` takes: which backend, and its loaded callable."""

    room: str
    name: str
    call: Callable[..., Any] = field(repr=False)

    def of(self, room: str) -> Callable[..., Any]:
        """The callable, for `room` to use. Raises InputError when it belongs to another room."""
        if self.room != room:
            raise InputError(f"{self.name!r} is a model for {self.room}; here one for {room} is needed")
        return self.call
