"""Finding weight files on this machine. Nothing here reaches the network."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..errors import InputError, MissingModelError
from ..runtime import Runtime
from .catalog import CATALOG, WeightFile

BLOCK = 1 << 22


def locate(name: str, runtime: Runtime, catalog: dict[str, WeightFile] = CATALOG) -> Path | None:
    """Where the catalogue's file `name` lies, by any of its known names in any of its folders; None if nowhere."""
    row = _row(name, catalog)
    candidates = (folder / file for folder in runtime.model_folders(row.folder) for file in row.names)
    return next((path for path in candidates if path.is_file()), None)


def find(name: str, runtime: Runtime, catalog: dict[str, WeightFile] = CATALOG) -> Path:
    """As `locate`, but a file that is nowhere raises MissingModelError with where it was looked for and its source."""
    path = locate(name, runtime, catalog)
    if path:
        return path
    row = _row(name, catalog)
    folders = ", ".join(map(str, runtime.model_folders(row.folder))) or "none: no model folder is set"
    raise MissingModelError(
        f"{name} is not on this machine: looked for {' or '.join(row.names)} in {folders}; "
        f"get it ({row.size / 1e6:.0f} MB, licence {row.licence}) from {row.source} and put it into such a folder"
    )


def verify(name: str, path: Path, runtime: Runtime, catalog: dict[str, WeightFile] = CATALOG) -> None:
    """Raise InputError unless the file at `path` has the size, and where one is known the SHA-256, of the catalogue."""
    row = _row(name, catalog)
    size = path.stat().st_size
    if size != row.size:
        raise InputError(f"{path} has {size} bytes; {name} has {row.size}: it is another or an incomplete file")
    if row.sha256 is None:
        return
    digest = hashlib.sha256()
    with path.open("rb") as file, runtime.progress(f"verify {name}", -(-size // BLOCK)) as bar:
        while block := file.read(BLOCK):
            digest.update(block)
            bar.step()
    if digest.hexdigest() != row.sha256:
        raise InputError(
            f"{path} has SHA-256 {digest.hexdigest()}; {name} has {row.sha256}: it is another or a damaged file"
        )


def _row(name: str, catalog: dict[str, WeightFile]) -> WeightFile:
    if name not in catalog:
        raise InputError(f"{name!r} is not in the catalogue; it has: {', '.join(catalog) or 'nothing yet'}")
    return catalog[name]
