"""What `s2s models` does and says, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..backend import Backend
from ..errors import MissingModelError, WeightsError
from ..folders import VARIABLE
from ..runtime import Runtime
from . import store
from .catalog import CATALOG, WeightFile

Converter = Callable[[Runtime, Mapping[str, WeightFile]], Iterable[Path]]
"""Writes what it stands for as safetensors, and yields what it has written."""


@dataclass
class Actions:
    """Each method is one action on files of `catalog` by name; it yields its lines as the work goes on.

    `rooms` are the tables of backends by the name of their room; `converters` are what else has a name to convert.
    """

    runtime: Runtime
    rooms: Mapping[str, Mapping[str, Backend]] = field(default_factory=dict)
    catalog: Mapping[str, WeightFile] = field(default_factory=lambda: CATALOG)
    converters: Mapping[str, Converter] = field(default_factory=dict)

    def list(self, names: Sequence[str] = ()) -> Iterator[str]:
        """Every model of every room and whether it is ready, and every weight file with its licence."""
        backends = [(room, row) for room, rows in self.rooms.items() for row in rows.values()]
        width = max((len(row.name) for _, row in backends), default=0)
        for room, row in backends:
            yield f"{room:8}  {row.name:{width}}  {self._readiness(row)}  {row.summary}"
        width = max(map(len, self.catalog), default=0)
        for name, row in self.catalog.items():
            here = "present" if self._locate(name) else "missing"
            yield f"{'file':8}  {name:{width}}  {here}, {row.megabytes}, {_licence(row)}"

    def where(self, names: Sequence[str] = ()) -> Iterator[str]:
        """The folders in which files are looked for, in their order, and where they were found."""
        for name in self._known(names):
            row = self.catalog[name]
            yield f"{name}: {self._locate(name) or f'missing, {row.megabytes} from {row.source}'}"
            yield f"    looked for {' or '.join(store.accepted(row))}"
            folders = store.looked_into(row, self.runtime)
            yield from (f"    in {folder}" for folder in folders)
            if not folders:
                yield f"    in no folder: {VARIABLE} names one"
            yield from (f"    in the hub's cache: {'/'.join(place)}" for place in (row.hub, *row.twins) if place)

    def fetch(self, names: Sequence[str]) -> Iterator[str]:
        """Download files that are not on this machine."""
        from .fetch import fetch

        for name in self._known(names):
            yield f"{name}: {_licence(self.catalog[name])}"
            yield str(fetch(name, self.runtime, self.catalog))

    def verify(self, names: Sequence[str] = ()) -> Iterator[str]:
        """Check files on this machine against what their publishers state; what nobody published must at least open.
        A missing file is an error only when it was named."""
        from . import weights

        wrong, missing = [], []
        for name in self._known(names):
            path = self._locate(name)
            if not path:
                missing.append(name)
                yield f"{name}: missing"
                continue
            try:
                proven = store.verify(name, path, self.runtime, self.catalog)
                if not proven:
                    weights.check_opens(path)
            except (WeightsError, OSError) as error:
                wrong.append(name)
                told = error if isinstance(error, WeightsError) else f"{path} cannot be read: {error.strerror or error}"
                yield f"{name}: WRONG: {told}"
            else:
                verdict = "is the published file" if proven else "present, nothing published to compare with"
                yield f"{name}: {verdict}: {path}"
        if wrong:
            raise WeightsError(f"not the published file: {', '.join(wrong)}; delete what is wrong and fetch it again")
        if names and missing:
            told = f"'s2s models fetch {' '.join(missing)}'"
            raise MissingModelError(f"not on this machine: {', '.join(missing)}; get it with {told}")

    def convert(self, names: Sequence[str]) -> Iterator[str]:
        """Write the tensors of a checkpoint as safetensors: nothing in that format can run, and it loads faster. What
        comes in several files ('codi', 'codi-fp16') becomes one folder of only what is needed."""
        for name in self._known(names, self.converters):
            convert = self.converters.get(name, partial(_convert_file, name))
            yield from map(str, convert(self.runtime, self.catalog))

    def _known(self, names: Sequence[str], more: Iterable[str] = ()) -> Sequence[str]:
        """`names`, or all files where there are none. One that is neither a file's nor among `more` is refused before
        any work."""
        for name in names:
            store.entry(name, {**self.catalog, **dict.fromkeys(more)})
        return names or tuple(self.catalog)

    def _readiness(self, row: Backend) -> str:
        """Whether a model could be loaded now, whatever form its files have."""
        needed = (*(() if row.converted(self.runtime) else row.weights), *row.extras)
        return "ready  " if all(name in self.catalog and self._locate(name) for name in needed) else "missing"

    def _locate(self, name: str):
        return store.locate(name, self.runtime, self.catalog)


def _convert_file(name: str, runtime: Runtime, catalog: Mapping[str, WeightFile]) -> Iterator[Path]:
    from . import weights

    path = store.find(name, runtime, catalog)
    target = store.converted(name, path, runtime, catalog)
    weights.convert(path, target)
    yield target


def _licence(row: WeightFile) -> str:
    return f"licence {row.licence}: {row.licence_note}"
