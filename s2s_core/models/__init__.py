"""Models: which weight files exist (`catalog.py`), where they are (`store.py`), and how a room loads a backend."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import check_choice
from ..runtime import Runtime
from ..types import Backend, Model


def load(room: str, backends: Mapping[str, Backend], name: str, runtime: Runtime) -> Model:
    """The handle that the backend called `name` of a room's table gives. Raises InputError for a name not in it."""
    check_choice(f"the {room} model", name, backends)
    return Model(room, name, backends[name].load(runtime))
