"""Ways to compute what a room adds to a sound: one row each."""

from __future__ import annotations

from collections.abc import Callable

from . import rir, simulated
from .responses import Responses

ENGINES: dict[str, Callable[..., Responses]] = {
    "hybrid": rir.hybrid,
    "image sources (pyroomacoustics)": simulated.image_sources,
    "ray tracing (pyroomacoustics)": simulated.ray_tracing,
}
"""Name -> (sources, room, panner, sample_rate, wet, runtime) -> Responses."""
