"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from .errors import OutputError

REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space or choose another output folder",
    errno.EDQUOT: "the disk quota is used up: free some space or choose another output folder",
    errno.EROFS: "the file system is read-only: choose another output folder",
    errno.EACCES: "writing there is not permitted: choose another output folder",
    errno.EPERM: "writing there is not permitted: choose another output folder",
    errno.ENOTDIR: "a part of that path is a file, not a folder: choose another output folder",
    errno.EEXIST: "a part of that path is a file, not a folder: choose another output folder",
    errno.ENOENT: "there is no such place: choose another output folder",
    errno.EISDIR: "a folder of that name is in the way: choose another name",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
}


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`, and rename it to `path` when the block ends well.

    After an error or an interrupt the temporary file is gone and whatever stood at `path` is untouched. Missing parent
    folders are made. Raises OutputError when the file system refuses.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:60]}.{uuid4().hex}.part")
    with _refusals(path), _made(path.parent):
        try:
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_set(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write files into; they move to `folder`, replacing files of their names, when the block
    ends well.

    After an error or an interrupt in the block none of them arrives. Raises OutputError when the file system refuses.
    """
    folder = Path(folder)
    with _refusals(folder), _made(folder), tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as name:
        try:
            yield Path(name)
        except OutputError as error:  # speak of the place that the user knows
            raise OutputError(str(error).replace(name, str(folder))) from error
        arrived = sorted(Path(name).iterdir())
        for path in arrived:  # before the first one moves
            if (folder / path.name).is_dir():
                raise OutputError(f"cannot write {folder / path.name}: {REMEDIES[errno.EISDIR]}")
        for path in arrived:
            os.replace(path, folder / path.name)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """What the file system refuses, in words."""
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError) or error.errno not in REMEDIES:
            raise
        raise OutputError(f"cannot write {path}: {REMEDIES[error.errno]}") from error


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The folder, made with its parents where missing; when the block fails, what was made goes again while empty."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):  # not empty: somebody else uses it by now
                path.rmdir()
        raise
