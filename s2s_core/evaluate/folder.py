"""Pictures to evaluate, and results that are there already."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError, MediaError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")

RESULT = "result.json"
"""The file in a picture's folder that says it is finished; written last."""


def listed(folder: Path) -> list[Path]:
    """The picture files in `folder`, by name, 2 before 10; others and hidden ones are ignored.

    Raises InputError when there are none, or when two have the same stem, for sounds are paired by it (capitals count
    as small letters, as on many file systems).
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: name one that holds pictures")
    found = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    paths = sorted((path for path in found if path.is_file()), key=_natural)
    if not paths:
        raise InputError(f"there are no pictures in {folder}; allowed is {' '.join(SUFFIXES)}: name another folder")
    stems: dict[str, Path] = {}
    for path in paths:
        other = stems.setdefault(path.stem.casefold(), path)
        if other is not path:
            raise InputError(
                f"{other.name} and {path.name} in {folder} have the same name but for the suffix, and sounds are "
                "paired by it: rename one"
            )
    return paths


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises MediaError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MediaError(f"{path} may not be read ({error.strerror}): check its permissions and the disk") from error


def finished(place: Path, inputs: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, Any] | None:
    """The result in `place`, if all its files are there and it was made from `inputs`; else None, and `say` hears why
    what is there does not count."""
    try:
        found = json.loads((place / RESULT).read_bytes())
        before, names = dict(_leaves(found["inputs"])), found["files"]
        missing = [name for name in names if not (place / name).is_file()]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        say(f"{place.name} is made again: {place / RESULT} cannot be read ({error})")
        return None
    now = dict(_leaves(inputs))
    reasons = [f"{name} is missing" for name in missing]
    reasons += [f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in now if before.get(key) != now[key]]
    if reasons:
        say(f"{place.name} is made again: {'; '.join(reasons)}")
    return None if reasons else found


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, value) of all that is not itself a mapping."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {inner}", leaf) for inner, leaf in _leaves(value))
        else:
            yield name, value


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    """A key that sorts numbers within names by their value, and before letters."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
