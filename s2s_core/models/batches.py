"""As much at a time as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass
class Batches:
    """How many things are done at a time; where memory turns out too short for that, half as many, from then on."""

    size: int = 8

    def __call__(self, call: Callable[[Sequence], Iterable], items: Sequence) -> Iterator:
        """Yield what `call` gives for each of `items`. torch's OutOfMemoryError when a single one does not fit."""
        import torch

        done = 0
        while done < len(items):
            batch = items[done : done + self.size]
            try:
                answers = call(batch)
            except torch.cuda.OutOfMemoryError:
                if len(batch) == 1:
                    raise
                answers = None
            if answers is None:  # outside of the except block, which keeps what was computed so far alive
                torch.cuda.empty_cache()
                self.size = len(batch) // 2
            else:
                yield from answers
                done += len(batch)
