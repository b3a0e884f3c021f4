"""Libraries that a model needs: found fitting, or one line that says what to install."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from ..errors import DependencyError


def need(library: str, install: str, purpose: str) -> ModuleType:
    """Import `library`. Raises DependencyError telling to `pip install` what `install` says, for `purpose`."""
    try:
        return import_module(library)
    except ImportError as error:
        if "torchvision" in str(error):
            raise _misfit(error) from error
        reason = " ".join(str(error).split())[:120]
        raise DependencyError(f"{purpose} needs {library} ({reason}): pip install '{install}'") from error
    except (RuntimeError, OSError) as error:  # what torchvision says when it was built for another torch
        raise _misfit(error) from error


def _misfit(error: Exception) -> DependencyError:
    torch, torchvision = _found("torch"), _found("torchvision")
    reason = " ".join(str(error).split())[:120]
    return DependencyError(
        f"torchvision {torchvision} does not fit torch {torch} ({reason}): "
        f"pip install torch=={torch.split('+')[0]} torchvision"
    )


def _found(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
