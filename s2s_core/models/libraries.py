"""Libraries that a model needs: found fitting, or one line that says what to install."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from ..errors import DependencyError


def need(library: str, install: str, purpose: str) -> ModuleType:
    """Import the module `library`, for `purpose`; `install` is its package as pip takes it, perhaps with ">=version".

    Raises DependencyError with the command that mends it when it is missing, older, or cannot be imported: most often
    because torchvision was built for another torch, which then breaks whatever touches it.
    """
    package, _, least = install.partition(">=")
    found = _found(package)
    if least and found and _numbers(found) < _numbers(least):
        raise DependencyError(f"{purpose} needs {package} {least} or later; found {found}: pip install -U '{install}'")
    try:
        return import_module(library)
    except Exception as error:  # a library that does not fit another one fails in any way
        missing = isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("torchvision")
        if not missing and _torchvision_is_broken():
            raise _misfit(error) from error
        raise DependencyError(f"{purpose} needs {library} ({_reason(error)}): pip install '{install}'") from error


def _torchvision_is_broken() -> bool:
    try:
        import_module("torchvision.ops")
    except Exception:
        return True
    return False


def _misfit(error: Exception) -> DependencyError:
    torch, torchvision = (_found(name) or "(not installed)" for name in ("torch", "torchvision"))
    return DependencyError(
        f"torchvision {torchvision} does not fit torch {torch} ({_reason(error)}): "
        f"pip install torch=={torch.split('+')[0]} torchvision"
    )


def _found(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> list[int]:
    """4.56.2.dev0 -> [4, 56, 2]"""
    return [int(number) for number in re.match(r"[\d.]*", text)[0].split(".") if number]


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
