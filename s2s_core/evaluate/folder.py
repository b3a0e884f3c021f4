"""Pictures to evaluate, and results that are there already."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError, MediaError, OutputError

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


def check_target(target: Path) -> None:
    """Raise OutputError when a file stands where a report's folder, or one above it, should be."""
    there = next(path for path in (target, *target.parents) if path.exists())
    if not there.is_dir():
        raise OutputError(f"cannot write {target}: {there} is a file, not a folder: choose another output folder")


def contents(place: Path) -> dict[str, dict[str, Any]]:
    """Name -> size in bytes and SHA-256 of each file in a folder."""
    return {path.name: _content(path) for path in sorted(place.iterdir())}


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises MediaError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MediaError(f"{path} may not be read ({error.strerror}): check its permissions and the disk") from error


def finished(place: Path, inputs: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, Any] | None:
    """The result in `place`, if all its files are as they were written and it was made from `inputs`; else None, and
    `say` hears why what is there does not count."""
    try:
        found = json.loads((place / RESULT).read_bytes())
        before = dict(leaves(found["inputs"]))
        reasons = [_harm(place / name, known) for name, known in found["files"].items()]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        say(f"{place.name} is made again: {place / RESULT} cannot be read ({error})")
        return None
    now = dict(leaves(inputs))
    changed = (key for key in {**now, **before} if before.get(key) != now.get(key))
    reasons += [f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in changed]
    reasons = [reason for reason in reasons if reason]
    if reasons:
        say(f"{place.name} is made again: {'; '.join(reasons)}")
    return None if reasons else found


def leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, value) of all that is not itself a mapping."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {inner}", leaf) for inner, leaf in leaves(value))
        else:
            yield name, value


def _content(path: Path) -> dict[str, Any]:
    return {"size": path.stat().st_size, "sha256": digest(path)}


def _harm(path: Path, known: Mapping[str, Any]) -> str:
    """What happened to a file since its content was `known`; "" for nothing."""
    if not path.is_file():
        return f"{path.name} is missing"
    try:
        return "" if _content(path) == known else f"{path.name} is not as it was written"
    except MediaError as error:
        return str(error)


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    """A key that sorts numbers within names by their value, and before letters."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
