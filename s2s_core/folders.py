"""Where weight files may lie when no host tells: SEE2SOUND_MODELS, then this user's cache.

SEE2SOUND_MODELS holds one or more places, divided as PATH is. Each is a folder laid out as ComfyUI's `models`
(`sams/`, `depthanything/`...), or a file in the format of ComfyUI's extra_model_paths.yaml.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError

VARIABLE = "SEE2SOUND_MODELS"


@dataclass(frozen=True)
class Places:
    """`roots` are folders with one sub-folder for each model kind; `extra` are (kind, folder) of a yaml file."""

    roots: tuple[Path, ...] = ()
    extra: tuple[tuple[str, Path], ...] = ()

    def of(self, kind: str) -> tuple[Path, ...]:
        """The folders in which files of a model kind may lie, best first."""
        return (*(root / kind for root in self.roots), *(folder for name, folder in self.extra if name == kind))


def named() -> Places:
    """What SEE2SOUND_MODELS names; nothing when it is not set. Raises InputError for a file that is not usable, and for
    a ~ that stands for no known folder."""
    try:
        entries = [_at_home(entry) for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry.strip()]
    except ValueError as error:
        raise InputError(f"{VARIABLE}: {error}") from error
    tables = [entry for entry in entries if entry.suffix.lower() in (".yaml", ".yml") and not os.path.isdir(entry)]
    roots = tuple(entry for entry in entries if entry not in tables)
    for root in roots:
        if os.path.exists(root) and not os.path.isdir(root):
            raise InputError(
                f"{VARIABLE} names {root}, which is a file; a folder laid out as ComfyUI's models, or a .yaml file "
                "like its extra_model_paths.yaml, is needed"
            )
    return Places(roots, tuple(pair for table in tables for pair in _extra_model_paths(table)))


def default() -> Path:
    """This user's own folder of models, where downloads go when no other place is named. Raises InputError when the
    home folder is unknown, as that of a user id that the system does not list."""
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or _at_home("~") / ".cache")
    except ValueError as error:
        raise InputError("no home folder is known for this user: set HOME, or XDG_CACHE_HOME") from error
    return cache / "see2sound" / "models"


def everywhere(kind: str) -> tuple[Path, ...]:
    """The named folders of a model kind, then this user's own; that one is left out when home is unknown."""
    found = named().of(kind)
    try:
        return (*found, default() / kind)
    except InputError:
        return found


def _extra_model_paths(table: Path) -> list[tuple[str, Path]]:
    """(kind, folder) for each path of each section, those of an `is_default` section first, as ComfyUI reads them.

    An absolute path stands for itself; others start at the section's base_path, and that at the yaml file.
    """
    import yaml

    try:
        sections = yaml.safe_load(table.read_text(encoding="utf-8")) or {}
        first, then = [], []
        for name, section in sections.items():
            section = dict(section or {})  # a section whose every line is commented out is None
            base = table.parent / _written(section.pop("base_path", ""))
            pairs = first if section.pop("is_default", False) else then
            for kind, paths in section.items():
                if not isinstance(paths, str):
                    raise ValueError(f"{name} has {kind}: {paths!r}, where a path is needed")
                pairs += [(kind, base / _written(path)) for path in paths.splitlines() if path.strip()]
    except (OSError, UnicodeError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{VARIABLE} names {table}, which is not usable: {reason}; a file like ComfyUI's extra_model_paths.yaml "
            "is needed: sections of 'kind: path'"
        ) from error
    return first + then


def _written(path: str) -> Path:
    """A path as people write it: with ~, with $VARIABLES, with spaces around."""
    return _at_home(os.path.expandvars(path.strip()))


def _at_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(f"no home folder is known for {path}: write the whole path") from error
