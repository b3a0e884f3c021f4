"""Which AViTAR is loaded: the sizes of its network, and the content of its files."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import WeightsError
from ...runtime import Runtime
from . import files
from .config import read_off

BLOCK = 1 << 22  # bytes


def identity(runtime: Runtime) -> dict[str, Any]:
    """`configuration` of the network that a loader would find now, and its `files`: name -> size in bytes, SHA-256.

    Raises MissingModelError, and WeightsError for a file that cannot be read.
    """
    paths = {part: files.find(part, runtime) for part in files.PARTS}
    told = {path.name: {"size": path.stat().st_size, "sha256": _sha256(*_state(path))} for path in paths.values()}
    config = asdict(_config(*_state(paths[files.MATCHING])))
    return {"configuration": {**config, "ratios": list(config["ratios"])}, "files": told}


def _state(path: Path) -> tuple[Path, int, int]:
    """A file, and what changes when it does: size and time."""
    found = path.stat()
    return path, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=8)
def _config(path: Path, size: int, time: int):
    with files.opened(files.MATCHING, path) as held:
        return read_off(held.state, held.called)


@lru_cache(maxsize=8)
def _sha256(path: Path, size: int, time: int) -> str:
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                total.update(block)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): check its permissions and the disk") from error
    return total.hexdigest()
