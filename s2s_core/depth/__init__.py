"""Depth: how near or far each pixel of a picture is.

A backend's callable is `estimate(picture, runtime) -> DepthMap`: at picture size, in whichever unit the backend knows.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..runtime import Runtime
from ..types import DepthMap, Model, Picture
from . import cues

BACKENDS = {backend.name: backend for backend in (cues.BACKEND,)}

__all__ = ["BACKENDS", "from_image", "run"]


def run(model: Model, picture: Picture, *, runtime: Runtime) -> DepthMap:
    """The depth map of a picture, at its size. Raises whatever the backend raises."""
    return model.of("depth")(picture, runtime)


def from_image(values: np.ndarray, *, near_is_white: bool = True) -> DepthMap:
    """A grey depth picture [H, W] of any estimator and scale as relative depth (unit "inverse"); constant is allowed.

    With `near_is_white` off, bright is far: the greys are turned round between their own extremes. Raises InputError
    for another shape or values that are not finite.
    """
    if values.ndim != 2 or not values.size:
        raise InputError(f"a depth image is grey, [height, width]; found {list(values.shape)}: pick one channel")
    grey = DepthMap(values.astype(np.float32))
    return grey if near_is_white else DepthMap(grey.values.max() + grey.values.min() - grey.values)
