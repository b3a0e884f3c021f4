"""What a backend of this room is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Picture, Region


@dataclass(frozen=True, eq=False)
class Request:
    """One region's sound: its picture, the words that hold for it ("" = none), and its own stream of randomness.

    `name` is what messages call the region. The mask has the picture's size.
    """

    picture: Picture
    region: Region
    prompt: str
    rng: np.random.Generator
    name: str = "region"
