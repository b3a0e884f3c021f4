"""Finding weight files on this machine and checking them. Nothing here reaches the network."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import InputError, MissingModelError, WeightsError
from ..folders import VARIABLE
from ..runtime import Runtime
from .catalog import CATALOG, WeightFile

BLOCK = 1 << 22
CONVERTIBLE = (".pth", ".pt")
"""Files of pickles. One of the same name in .safetensors, as 's2s models convert' writes it, stands in for it."""
GENERIC = "model.safetensors"
"""What thousands of hub repositories call their file: only together with a folder does it say which one it is."""


def locate(name: str, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> Path | None:
    """Where the catalogue's file `name` lies: by any of its names in any folder of its kind, else in the hub's cache;
    None if nowhere. A folder that cannot be read is passed over."""
    row = entry(name, catalog)
    candidates = (folder / file for folder in runtime.model_folders(row.folder) for file in accepted(row))
    return next((path for path in candidates if is_file(path)), None) or in_hub_cache(row)


def find(name: str, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> Path:
    """As `locate`, but a file that is nowhere raises MissingModelError: where it was looked for and how to get it."""
    path = locate(name, runtime, catalog)
    if path:
        return path
    row = entry(name, catalog)
    folders = ", ".join(looked_into(row, runtime)) or f"no folder ({VARIABLE} names one)"
    cache = " and in the hub's cache" if row.hub or row.twins else ""
    raise MissingModelError(
        f"{name} is not on this machine: looked for {' or '.join(accepted(row))} in {folders}{cache}; get it with "
        f"'s2s models fetch {name}' or if_missing 'download' ({row.megabytes}, licence {row.licence}: "
        f"{row.licence_note}), or put the file from {row.source} into such a folder"
    )


def looked_into(row: WeightFile, runtime: Runtime) -> list[str]:
    """The folders of a row's kind as people should read them: those that cannot be looked into say so."""
    folders = runtime.model_folders(row.folder)
    return [f"{folder}{' (not readable)' if _is_closed(folder, row) else ''}" for folder in folders]


def accepted(row: WeightFile) -> tuple[str, ...]:
    """The names that a row's file may have on this machine, best first: safetensors before the pickle of that name."""
    pairs = ((_safe(file), file) if Path(file).suffix in CONVERTIBLE else (file,) for file in row.names)
    return tuple(dict.fromkeys(file for pair in pairs for file in pair))


def converted(name: str, path: Path, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> Path:
    """Where the file at `path`, written again as safetensors, will be found: beside it, or in the first folder of its
    kind when it lies in the hub's cache, which is not ours to fill. Raises InputError when there is no folder."""
    row = entry(name, catalog)
    if path != in_hub_cache(row):
        return path.with_suffix(".safetensors")
    folders = runtime.model_folders(row.folder)
    if not folders:
        raise InputError(f"there is no folder for {name}.safetensors: {VARIABLE} names one")
    return folders[0] / _safe(row.names[0])


def in_hub_cache(row: WeightFile) -> Path | None:
    """The file, else one of its twins, in this user's Hugging Face cache, whichever program brought it there; None if
    none is."""
    return next((path for place in (row.hub, *row.twins) if place and (path := _cached(place))), None)


def verify(name: str, path: Path, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> bool:
    """Check the file at `path` against what is known of `name`. True: it is that file, to the last bit; False: nobody
    published what a file of that name should be, so only loading it can tell.

    Raises WeightsError when its size, or the hash that the catalogue or the hub states, is another.
    """
    row = entry(name, catalog)
    size = path.stat().st_size
    if is_what_a_download_brings(row, path):
        if size in (others := dict(row.also)):
            return compare(name, path, runtime, size, {"sha256": others[size]})
        return compare(name, path, runtime, row.size, published(row) or _hub_hash(path))
    return compare(name, path, runtime, None, _hub_hash(path))


def compare(name: str, path: Path, runtime: Runtime, size: int | None, hashes: Mapping[str, str]) -> bool:
    """Whether `hashes` (algorithm -> digest) tell that the file at `path` is `name`; False when there are none.

    Raises WeightsError when it is another file.
    """
    found = path.stat().st_size
    if size is not None and found != size:
        raise WeightsError(f"{path} has {found} bytes; {name} has {size}: it is another or an incomplete file")
    for kind, digest in _digests(name, path, tuple(hashes), runtime).items():
        if digest != hashes[kind]:
            raise WeightsError(
                f"{path} has {kind} {digest}; {name} has {hashes[kind]}: it is another or a damaged file"
            )
    return bool(hashes)


def published(row: WeightFile) -> dict[str, str]:
    """The hashes that the catalogue states, by algorithm: the stronger one where there are two."""
    stated = {"sha256": row.sha256, "md5": row.md5}
    return dict([(kind, digest.lower()) for kind, digest in stated.items() if digest][:1])


def is_what_a_download_brings(row: WeightFile, path: Path) -> bool:
    """Whether the file at `path` bears the name, or lies at the place, of what is published: then it must be that to
    the last bit. Under another name it may be another form of the same weights."""
    if not row.hub:
        return path.name == Path(row.names[0]).name
    repository, file = row.hub
    if path.name == Path(file).name and (path.name != GENERIC or path.parent.name == repository.split("/")[-1]):
        return True
    cached = _cached(row.hub)
    return bool(cached and path.samefile(cached))


def links(path: Path) -> Iterator[Path]:
    """`path` and, where it is a link, what it points to, link after link."""
    for _ in range(40):  # as many as Linux follows
        yield path
        if not path.is_symlink():
            return
        path = path.parent / os.readlink(path)


def entry(name: str, catalog: Mapping[str, WeightFile] = CATALOG) -> WeightFile:
    """The row called `name`. Raises InputError when there is none, with the nearest names."""
    if name not in catalog:
        typed = name.strip().lower().replace(" ", "-").replace("_", "-")
        near = [typed] if typed in catalog else difflib.get_close_matches(typed, catalog)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has: {', '.join(catalog)}"
        raise InputError(f"{name!r} is not in the catalogue; {hint}")
    return catalog[name]


def _safe(file: str) -> str:
    return Path(file).with_suffix(".safetensors").as_posix()


def _cached(place: tuple[str, str]) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    try:
        found = try_to_load_from_cache(*place)
    except OSError:  # a cache that another user closed
        return None
    return Path(found) if isinstance(found, str) else None


def is_file(path: Path) -> bool:
    """Whether there is a file; in a folder that is closed to us there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _is_closed(folder: Path, row: WeightFile) -> bool:
    try:
        for file in accepted(row):
            (folder / file).is_file()
    except OSError:
        return True
    return os.path.isdir(folder) and not os.access(folder, os.X_OK)  # since Python 3.14 nothing raises above


def _hub_hash(path: Path) -> dict[str, str]:
    """The hub's cache names the content of a large file by its SHA-256. (What that is a link to, in turn, may be named
    by another hash.)"""
    blobs = (link.name for link in links(path) if link.parent.name == "blobs" and len(link.name) == 64)
    blob = next(blobs, None)
    return {"sha256": blob} if blob else {}


def _digests(name: str, path: Path, kinds: tuple[str, ...], runtime: Runtime) -> dict[str, str]:
    if not kinds:
        return {}
    hashes = {kind: hashlib.new(kind) for kind in kinds}
    with path.open("rb") as file, runtime.progress(f"verify {name}", -(-path.stat().st_size // BLOCK)) as bar:
        while block := file.read(BLOCK):
            for one in hashes.values():
                one.update(block)
            bar.step()
    return {kind: one.hexdigest() for kind, one in hashes.items()}
