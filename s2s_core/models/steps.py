"""Progress and cancel inside one pass through a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..runtime import Runtime

if TYPE_CHECKING:
    import torch


@contextmanager
def stepping(blocks: Sequence[torch.nn.Module], label: str, runtime: Runtime) -> Iterator[None]:
    """Inside, every one of `blocks` that has computed is a step: cancel is heard there too."""
    with runtime.progress(label, len(blocks)) as bar:
        hooks = [block.register_forward_hook(lambda *_: bar.step()) for block in blocks]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
