"""What the tensors of the published files are called, and which of them sound needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

TRAINING = re.compile(r"(mpd|msd|loss|metrics|speech_metrics|conformer\.rt60_predictor|rt60_estimator)\.")
"""Keys of what only training needs, the discriminators above all."""
COUNTERS = "num_batches_tracked"
TABLES = ".pe"
"""Sinusoids, which are made anew. That one is there tells what the network does with it."""
SPELLINGS = ((".weight_v", ".weight_g"), (".parametrizations.weight.original1", ".parametrizations.weight.original0"))
"""Weight norm as torch calls it, before 2.0 and since: direction and length."""


def needed(key: str) -> bool:
    """Whether sound needs the tensor of this name. A name that nobody knows counts as needed."""
    return not (TRAINING.match(key) or key.endswith(COUNTERS))


def folded(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors with each weight norm made a plain weight: direction [A, ...] scaled to `length` [A, 1, ...].

    The length is that of a slice along the first axis, whatever it means there (for transposed convolutions: what comes
    in). What does not go together stays as it is.
    """
    plain = dict(state)
    for key in state:
        for direction, length in SPELLINGS:
            stem = key.removesuffix(direction)
            if stem != key and _belong(state[key], state.get(stem + length)):
                v, g = plain.pop(key).float(), plain.pop(stem + length).float()
                plain[f"{stem}.weight"] = v * (g / v.flatten(1).norm(dim=1).view_as(g))
    return plain


def without_tables(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What goes into the network."""
    return {key: value for key, value in state.items() if not key.endswith(TABLES)}


def shortened(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What a converted file holds: of each table, 20 MB in the published file, the first row."""
    return {key: value[:, :1] if key.endswith(TABLES) else value for key, value in state.items()}


def _belong(v: torch.Tensor, g: torch.Tensor | None) -> bool:
    return g is not None and v.ndim > 1 and g.shape == (len(v), *[1] * (v.ndim - 1))
