"""Masks from elsewhere as regions."""

from __future__ import annotations

import numpy as np

from ..errors import InputError, check_choice
from ..types import Region

OBJECTS, FRAMES = "several objects", "one object over frames"
BATCHES = (OBJECTS, FRAMES)
"""What a batch of masks is: nobody can tell by looking at it."""


def from_masks(masks: np.ndarray, prompts: str = "", batch: str = OBJECTS) -> tuple[Region, ...]:
    """The regions that `masks` [N, H, W] (any number type, inside from 0.5 up) are, as a name in `BATCHES` says.

    Several objects: one region for each mask that is not empty; `prompts` has one line for each mask, or none at all.
    One object over frames: one region, where it is in the first frame that shows it; `prompts` has one line or none.
    Raises InputError for another shape, values that are not finite, another number of prompts, or when every mask is
    empty.
    """
    check_choice("batch", batch, BATCHES)
    if masks.ndim != 3:
        raise InputError(f"masks have shape {list(masks.shape)}; allowed is [number, height, width]")
    if not np.isfinite(masks).all():
        raise InputError("masks hold values that are not finite (NaN or infinite); allowed is 0 to 1")
    inside = masks >= 0.5
    if not inside.any():
        raise InputError(f"all {len(masks)} masks are empty (every pixel is below 0.5): paint or select something")
    if batch == FRAMES:
        inside = inside[inside.any(axis=(1, 2))][:1]
    lines = prompts.splitlines() or [""] * len(inside)
    while len(lines) > len(inside) and not lines[-1].strip():
        lines.pop()
    if len(lines) != len(inside):
        things = "objects, each over all frames" if batch == FRAMES else "masks"
        raise InputError(
            f"there are {len(lines)} lines of prompts for {len(inside)} {things}; allowed is one for each, or none"
        )
    return tuple(
        Region(mask, label=f"region {number}", prompt=line.strip())
        for number, (mask, line) in enumerate(zip(inside, lines, strict=True), 1)
        if mask.any()
    )
