"""Progress and cancel inside one pass through a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@contextmanager
def stepping(blocks: Sequence[torch.nn.Module], step: Callable[[], None]) -> Iterator[None]:
    """Inside, `step` is called whenever one of `blocks` has computed; what it raises stops the pass."""
    hooks = [block.register_forward_hook(lambda *_: step()) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
