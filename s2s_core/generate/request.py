"""What a backend of this room is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Picture, Region


@dataclass(frozen=True)
class Sampling:
    """How a network that goes from noise to sound is to do so; a backend that does not takes no notice.

    `sampler` is a name the backend knows, "" its default; `steps` 0 is the sampler's own number. `guidance` leads away
    from nothing, or from the `negative` words, 1 being no guidance. `picture` and `words` weigh what a sound is made
    from against each other, each 0..1; words count where there are any.
    """

    sampler: str = ""
    steps: int = 0
    guidance: float = 7.5
    negative: str = ""
    picture: float = 1.0
    words: float = 1.0


AS_USUAL = Sampling()


@dataclass(frozen=True, eq=False)
class Request:
    """One region's sound: its picture, the words that hold for it ("" = none), and its own stream of randomness.

    `name` is what messages call the region. The mask has the picture's size. `frames` [F, H, W, 3] float32 0..1, if
    there are any, show what moves there: a backend that can see movement looks at them instead of the picture.
    """

    picture: Picture
    region: Region
    prompt: str
    rng: np.random.Generator
    name: str = "region"
    sampling: Sampling = AS_USUAL
    frames: np.ndarray | None = None
