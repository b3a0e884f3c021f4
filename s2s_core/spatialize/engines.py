"""Ways to compute what a room adds to a sound: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..types import Room
from . import rir, simulated
from .responses import Responses


@dataclass(frozen=True)
class Engine:
    """`compute(sources, room, panner, sample_rate, wet, runtime)` gives their Responses, `check(room)` raises what it
    would raise for that room. `follows`: it can follow a source that moves."""

    compute: Callable[..., Responses]
    check: Callable[[Room], None] = lambda room: None
    follows: bool = False


ENGINES = {
    "hybrid": Engine(rir.hybrid, follows=True),
    "image sources (pyroomacoustics)": Engine(simulated.image_sources, simulated.check_images),
    "ray tracing (pyroomacoustics)": Engine(simulated.ray_tracing, simulated.check_rays),
}
