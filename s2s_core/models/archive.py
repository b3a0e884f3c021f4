"""One file of a published zip archive, read without unpacking the rest."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import WeightsError
from .weights import refuse_other_things

LARGEST = 4 << 30
"""Bytes of a member; a small archive can claim any size."""


@contextmanager
def member(path: Path, name: str) -> Iterator[Path]:
    """Where the file `name` of the archive at `path` lies until the block ends; a `path` that is no .zip is yielded as
    it is. Folders that the archive puts around it do not matter.

    Raises WeightsError when it is not in there, or cannot be unpacked.
    """
    if path.suffix != ".zip":
        yield path
        return
    refuse_other_things(path)
    # Windows does not let go of what is still mapped; the system's own temporary folder gets it then.
    with tempfile.TemporaryDirectory(prefix="see2sound-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / Path(name).name
        _unpack(path, name, target)
        yield target


def called(path: Path, name: str) -> str:
    """What errors call the file that `member` yields."""
    return f"{name} in {path}" if path.suffix == ".zip" else str(path)


def _unpack(path: Path, name: str, target: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            found = next((one for one in names if f"/{one}".endswith(f"/{name}") or f"/{name}".endswith(f"/{one}")), "")
            if not found:
                some = ", ".join(names[:3]) or "nothing"
                raise WeightsError(f"{path} has no {name} in it, but {some}: it is another archive")
            _check_size(archive.getinfo(found).file_size, called(path, name), target.parent)
            with archive.open(found) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
    except OSError as error:
        raise WeightsError(f"{name} of {path} cannot be unpacked into {target.parent}: {error.strerror}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WeightsError(
            f"{path} cannot be unpacked: it is damaged, incomplete or no zip archive ({error}); delete it and fetch it "
            "again"
        ) from error


def _check_size(size: int, what: str, folder: Path) -> None:
    if size > LARGEST:
        raise WeightsError(f"{what} would be {size} bytes; allowed is at most {LARGEST}: it is another archive")
    free = shutil.disk_usage(folder).free
    if size > free:
        raise WeightsError(
            f"{what} needs {size} bytes in {folder.parent}, where {free} are free: free some space, or let TMPDIR name "
            "another folder"
        )
