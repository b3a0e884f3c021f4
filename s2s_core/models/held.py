"""A network that a handle holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runtime import Runtime
from .store import find

if TYPE_CHECKING:
    import torch


class Held:
    """One network: read from its weight file when first asked for, then kept; a pickle travels without it.

    `weights` is the file's name in the catalogue, `load(path, half)` makes the network with what stands half precision
    in it in the number type `half`. Asked for another type it is read anew, so that nothing is rounded twice.
    """

    def __init__(self, weights: str, load: Callable[[Path, str], torch.nn.Module]):
        self.weights, self.load = weights, load
        self._held: tuple[str, torch.nn.Module] | None = None

    def network(self, runtime: Runtime) -> torch.nn.Module:
        """The network. Raises MissingModelError, and what `load` raises."""
        half = runtime.half
        if self._held is None or self._held[0] != half:
            self._held = half, self.load(find(self.weights, runtime), half)
        return self._held[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_held": None}
