"""Bringing weight files to this machine, when the user asked for it: local first, checked, whole or not there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import DownloadError, WeightsError
from ..runtime import Runtime
from . import store
from .catalog import CATALOG, WeightFile

SWITCHES = ("SEE2SOUND_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
"""Environment variables of which any one set to ON forbids the network."""
ON = ("1", "true", "yes", "on")

Report = Callable[[int, "int | None"], None]
"""`report(done, total)` in bytes: shows how far a download is. It is also where cancel happens."""


def fetch(name: str, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> Path:
    """Where the catalogue's file `name` lies; it is downloaded first when it is nowhere on this machine.

    What the hub has goes into the user's own hub cache, where other programs find it too; the rest into the first of
    the runtime's folders of its kind. Raises DownloadError when it cannot be had, or is not the file it should be;
    WeightsError when a file is here under the published name in another size.
    """
    here = store.locate(name, runtime, catalog)
    row = store.entry(name, catalog)
    if here:
        _refuse_another_size(name, here, row)
        return here
    switch = offline()
    if switch:
        raise DownloadError(
            f"{name} is not on this machine, and {switch}={os.environ[switch]} forbids the network: unset it, or put "
            f"the file from {row.source} where 's2s models where {name}' looks"
        )
    from . import direct, hub

    with _reporting(f"fetch {name}", runtime) as report:
        return (hub if row.hub else direct).download(name, row, runtime, report)


def offline() -> str | None:
    """The name of the switch that forbids the network; None when it is allowed."""
    return next((switch for switch in SWITCHES if os.environ.get(switch, "").strip().lower() in ON), None)


def _refuse_another_size(name: str, here: Path, row: WeightFile) -> None:
    """A size is told at once; a hash would take its time at every start."""
    found, known = here.stat().st_size, (row.size, *(size for size, _ in row.also))
    if row.size and found not in known and store.is_what_a_download_brings(row, here):
        raise WeightsError(
            f"{here} has {found} bytes; {name} has {row.size}: it is another or an incomplete file; delete it, or "
            "rename it to keep it, and fetch again"
        )


@contextmanager
def _reporting(label: str, runtime: Runtime) -> Iterator[Report]:
    """Percents on the runtime's progress. Bytes may be told more often than a host wants to be troubled."""
    with runtime.progress(label, 100) as bar:
        shown, last = 0, time.monotonic()

        def report(done: int, total: int | None) -> None:
            nonlocal shown, last
            percent = min(100, 100 * done // total) if total else 0
            now = time.monotonic()
            if percent > shown or now - last > 0.05:
                new, shown, last = max(0, percent - shown), max(percent, shown), now
                bar.step(new)

        yield report
