"""Which models are on the device when no host manages its memory: those used last, as far as there is room."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

IDLE = "cpu"
SPARE = 256 << 20  # bytes of device memory that are left alone: kernels and other programs want some


def weight_bytes(module: Any) -> int:
    """What a module's parameters and buffers take in memory."""
    return sum(value.numel() * value.element_size() for value in (*module.parameters(), *module.buffers()))


def free_bytes(device: str) -> int:
    """Memory that new tensors can have on a device. Torch's own idle cache counts as free."""
    import torch

    if device.startswith("cuda"):
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()


class Residents:
    """Modules on a device in the order of their last use. Only weak references: a model that nobody holds is gone."""

    def __init__(self, free: Callable[[str], int] = free_bytes):
        self.free = free
        self._order: list[weakref.ref] = []
        self._held: list[Any] = []

    @contextmanager
    def hold(self, module: Any, device: str, memory: int = 0) -> Iterator[None]:
        """Have `module` on `device` with `memory` bytes to spare inside the block; it may stay there afterwards.

        Idle modules make room, the longest unused first. When moving runs out of memory all the same, every idle one
        goes and it is tried once more.
        """
        if device == IDLE:
            module.to(IDLE)
            yield
            return
        import torch

        here = any(ref() is module for ref in self._order)
        self._order = [ref for ref in self._order if ref() not in (None, module)]
        needed = memory + SPARE + (0 if here else weight_bytes(module))
        while self._idle() and self.free(device) < needed:
            self._dismiss(self._idle()[0])
        try:
            module.to(device)
        except torch.cuda.OutOfMemoryError:
            module.to(IDLE)
            self.release()
            module.to(device)
        self._held.append(module)
        self._order.append(weakref.ref(module))
        exhausted = False
        try:
            yield
        except torch.cuda.OutOfMemoryError:
            exhausted = True
            raise
        finally:
            self._held.remove(module)
            if exhausted:  # whatever is tried next starts with all the room there is
                self.release()

    def release(self) -> None:
        """Take every idle module off the device."""
        for module in self._idle():
            self._dismiss(module)

    def _idle(self) -> list[Any]:
        modules = [ref() for ref in self._order]
        return [module for module in modules if module is not None and not any(module is held for held in self._held)]

    def _dismiss(self, module: Any) -> None:
        import torch

        module.to(IDLE)
        self._order = [ref for ref in self._order if ref() not in (None, module)]
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
