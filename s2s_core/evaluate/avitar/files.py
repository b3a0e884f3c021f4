"""AViTAR's files: the published zip archive, of which two members are read where they lie, those members unpacked, or
what `s2s models convert avitar` makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...folders import VARIABLE
from ...models import archive, store, weights
from ...models.catalog import CATALOG, WeightFile
from ...runtime import Runtime
from . import keys
from .config import read_off, tell

if TYPE_CHECKING:
    import torch

NAME = "avitar"
"""In the catalogue; also the folder."""


@dataclass(frozen=True)
class Part:
    """One network: `member` is its file in the archive, `file` its name once converted."""

    member: str
    file: str

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called in a folder of models, best first: converted, unpacked with its folders, or alone."""
        alone = Path(self.member).name
        return tuple(f"{NAME}/{name}" for name in (self.file, self.member, alone))


MATCHING = Part("pretrained-models/avspeech/avitar/best_val.ckpt", "avitar.safetensors")
DEREVERB = Part("pretrained-models/dereverb/vida.pth", "vida.safetensors")
PARTS = (MATCHING, DEREVERB)


def find(part: Part, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> Path:
    """The file that holds `part`: one of its own, else the archive. Raises MissingModelError when neither is here."""
    return _own(part, runtime, catalog) or store.find(NAME, runtime, catalog)


def ready(runtime: Runtime) -> bool:
    """Whether both networks lie on this machine in files of their own, so that the archive is not needed."""
    return all(_own(part, runtime) for part in PARTS)


@dataclass(frozen=True, eq=False)
class Held:
    """What a file holds of a part: tensors by published key, weight norm folded; the settings of its training; and what
    errors call the file."""

    state: dict[str, torch.Tensor]
    settings: dict[str, Any]
    called: str


@contextmanager
def opened(part: Part, path: Path) -> Iterator[Held]:
    """Inside, what the file at `path` holds of `part`; tensors may still be mapped from the file. Raises WeightsError
    for a file that cannot be read."""
    called = archive.called(path, part.member)
    with archive.member(path, part.member) as file:
        state, settings = weights.read_with_settings(file, keys.needed, called)
        needed = {key: value for key, value in state.items() if keys.needed(key)}
        yield Held(keys.folded(needed), settings, called)


def convert(runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> Iterator[Path]:
    """Write both networks as safetensors into the first place for such files, 250 MB; yields the files.

    Raises MissingModelError, WeightsError when one cannot be read, InputError when a file is there already or when
    there is no place.
    """
    folders = _folders(runtime, catalog)
    if not folders:
        raise InputError(f"there is no folder for {NAME}: {VARIABLE} names one")
    targets = {part: folders[0] / NAME / part.file for part in PARTS}
    for target in targets.values():
        if target.exists():
            raise InputError(f"{target} exists already: remove it, or go on with it")
    sources = {part: find(part, runtime, catalog) for part in PARTS}
    with runtime.progress(f"convert {NAME}", len(PARTS)) as bar:
        for part, target in targets.items():
            with opened(part, sources[part]) as held:
                if part is MATCHING:  # its settings stay behind
                    tell(read_off(held.state, held.called), held.settings, held.called)
                weights.save(target, keys.shortened(held.state))
            bar.step()
            yield target


def _own(part: Part, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> Path | None:
    places = (folder / name for folder in _folders(runtime, catalog) for name in part.names)
    return next((path for path in places if store.is_file(path)), None)


def _folders(runtime: Runtime, catalog: Mapping[str, WeightFile]) -> tuple[Path, ...]:
    return runtime.model_folders(store.entry(NAME, catalog).folder)


CONVERTERS = {NAME: convert}
"""For `s2s models convert`."""
