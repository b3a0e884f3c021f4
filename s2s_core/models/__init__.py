"""Models: which weight files exist (`catalog.py`), where they are (`store.py`), how they come here (`fetch.py`), what
is in them (`weights.py`), and how a room loads a backend."""

from __future__ import annotations

from collections.abc import Mapping

from ..backend import Backend, Model
from ..errors import check_choice
from ..runtime import Runtime
from .store import find

IF_MISSING = ("error", "download")
"""What to do about weight files that are not on this machine: say how to get them, or get them."""


def load(
    room: str,
    backends: Mapping[str, Backend],
    name: str,
    runtime: Runtime,
    if_missing: str = IF_MISSING[0],
    **options,
) -> Model:
    """The handle that the backend called `name` of a room's table gives; `options` are what the room's loaders take.

    Raises InputError for a name not in the table. When one of its weight files is not here, raises MissingModelError
    or, with `if_missing` "download", fetches it, which raises DownloadError when it cannot.
    """
    check_choice(f"the {room} model", name, backends)
    check_choice("if_missing", if_missing, IF_MISSING)
    row = backends[name]
    for weights in (*(() if row.converted(runtime) else row.weights), *row.extras):
        if if_missing == "download":
            from .fetch import fetch

            fetch(weights, runtime)
        else:
            find(weights, runtime)
    return Model(room, name, row.load(runtime, **options))
