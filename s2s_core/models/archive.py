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


def _unpack(path: Path, name: str, target: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            found = next((one for one in names if f"/{one}".endswith(f"/{name}") or f"/{name}".endswith(f"/{one}")), "")
            if not found:
                some = ", ".join(names[:3]) or "nothing"
                raise WeightsError(f"{path} has no {name} in it, but {some}: it is another archive")
            with archive.open(found) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
    except OSError as error:
        raise WeightsError(f"{name} of {path} cannot be unpacked into {target.parent}: {error.strerror}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WeightsError(
            f"{path} cannot be unpacked: it is damaged, incomplete or no zip archive ({error}); delete it and fetch it "
            "again"
        ) from error
