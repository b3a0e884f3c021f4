"""Models: which weight files exist (`catalog.py`), where they are (`store.py`), and how a room loads a backend."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import check_choice
from ..runtime import Runtime
from ..types import Backend, Model
from .store import find


def load(room: str, backends: Mapping[str, Backend], name: str, runtime: Runtime) -> Model:
    """The handle that the backend called `name` of a room's table gives.

    Raises InputError for a name not in the table, MissingModelError when one of its weight files is not here.
    """
    check_choice(f"the {room} model", name, backends)
    for weights in backends[name].weights:
        find(weights, runtime)
    return Model(room, name, backends[name].load(runtime))
