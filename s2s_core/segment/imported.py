"""Masks from elsewhere as regions."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..types import Region


def from_masks(masks: np.ndarray, prompts: str = "") -> tuple[Region, ...]:
    """One region for each mask of `masks` [N, H, W] (any number type, inside from 0.5 up) that is not empty.

    `prompts` has one line for each mask, or none at all. Raises InputError for another shape, values that are not
    finite, another number of prompts, or when every mask is empty.
    """
    if masks.ndim != 3:
        raise InputError(f"masks have shape {list(masks.shape)}; allowed is [number, height, width]")
    if not np.isfinite(masks).all():
        raise InputError("masks hold values that are not finite (NaN or infinite); allowed is 0 to 1")
    lines = prompts.splitlines() or [""] * len(masks)
    if len(lines) != len(masks):
        raise InputError(
            f"there are {len(lines)} lines of prompts for {len(masks)} masks; allowed is one for each, or none"
        )
    inside = masks >= 0.5
    regions = tuple(
        Region(mask, label=f"region {number}", prompt=line.strip())
        for number, (mask, line) in enumerate(zip(inside, lines, strict=True), 1)
        if mask.any()
    )
    if not regions:
        raise InputError(f"all {len(masks)} masks are empty (every pixel is below 0.5): paint or select something")
    return regions
