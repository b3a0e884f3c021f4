"""Depth: how near or far each pixel of a picture is.

A backend's callable is `estimate(picture, runtime) -> DepthMap`: at picture size, in whichever unit the backend knows.
One that gains from several pictures at once also has `frames(pictures, runtime)`, an iterator of maps in order.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..backend import Model
from ..runtime import Runtime
from ..types import DepthMap, Picture
from . import cues, depth_anything
from .imported import MEANINGS, from_image

BACKENDS = {backend.name: backend for backend in (cues.BACKEND, *depth_anything.BACKENDS)}

__all__ = ["BACKENDS", "MEANINGS", "from_image", "run", "run_clip"]


def run(model: Model, picture: Picture, *, runtime: Runtime) -> DepthMap:
    """The depth map of a picture, at its size. Raises whatever the backend raises."""
    return model.of("depth")(picture, runtime)


def run_clip(model: Model, pictures: Sequence[Picture], *, runtime: Runtime) -> tuple[DepthMap, ...]:
    """The depth map of each frame of a clip, in order: all at once where the backend can, else one by one.

    Frames are of one size. Raises whatever the backend raises.
    """
    estimate = model.of("depth")
    if hasattr(estimate, "frames"):
        return tuple(estimate.frames(pictures, runtime))
    with runtime.progress("estimating depth", len(pictures)) as bar:
        maps = []
        for picture in pictures:
            maps.append(estimate(picture, runtime))
            bar.step()
    return tuple(maps)
