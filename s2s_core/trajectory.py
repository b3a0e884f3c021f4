"""A place that changes: where something is at any time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .errors import InputError, check_range

NEAREST = 0.5
"""m: nothing is nearer to the ears than this."""

LIMITS = {"azimuth": (-360, 360, "degrees"), "elevation": (-90, 90, "degrees"), "distance": (0, 1e6, "m")}


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where something is over time: K knots, `times` in s, each later than the one before, `azimuth` and `elevation` in
    degrees, `distance` in m, each [K] float64. One knot: it stands still."""

    times: np.ndarray
    azimuth: np.ndarray
    elevation: np.ndarray
    distance: np.ndarray

    @classmethod
    def still(cls, azimuth: float, elevation: float, distance: float) -> Trajectory:
        """A place that does not change."""
        return cls(*(np.array([float(value)]) for value in (0.0, azimuth, elevation, distance)))

    @property
    def moves(self) -> bool:
        """Whether it is a path rather than a place."""
        return len(self.times) > 1

    def at(self, times: np.ndarray) -> Trajectory:
        """The path at `times` [N] in s: between two knots along the great circle, and evenly in log distance (at least
        NEAREST); before the first knot and after the last it stands still. From one side to the very opposite, where
        every way is as short, it goes round at its own height, or over the front if it begins above or below."""
        times = np.asarray(times, np.float64)
        if not self.moves:
            return Trajectory(times, *(np.full(len(times), getattr(self, name)[0]) for name in LIMITS))
        after = np.clip(np.searchsorted(self.times, times, side="right"), 1, len(self.times) - 1)
        before = after - 1
        share = ((times - self.times[before]) / (self.times[after] - self.times[before])).clip(0, 1)
        here, there = self._directions[before], self._directions[after]
        along = np.sum(here * there, axis=1, keepdims=True)
        across = there - along * here
        length = np.linalg.norm(across, axis=1, keepdims=True)
        straight = length[:, 0] < 1e-9
        if straight.any():
            across[straight], length[straight] = _around(here[straight]), 1.0
        angle = share * np.where(straight, np.where(along[:, 0] < 0, np.pi, 0.0), np.arctan2(length, along)[:, 0])
        x, y, z = (np.cos(angle)[:, None] * here + np.sin(angle)[:, None] * across / length).T
        azimuth, elevation = np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))
        distance = np.exp((1 - share) * self._logs[before] + share * self._logs[after])
        return Trajectory(times, azimuth, elevation, distance)

    def check(self, name: str) -> None:
        """Raise InputError for a path that cannot be; `name` is what it is the path of."""
        if not len(self.times) or not np.all(np.isfinite(self.times)) or np.any(np.diff(self.times) <= 0):
            raise InputError(
                f"the path of {name} has times {np.round(self.times, 3).tolist()[:8]}; allowed are one or more, each "
                "later than the one before"
            )
        for part, (low, high, unit) in LIMITS.items():
            values = getattr(self, part)
            if len(values) != len(self.times):
                raise InputError(
                    f"the path of {name} has {len(self.times)} times and {len(values)} values of its {part}; each "
                    "time needs one"
                )
            for value in values[~((values >= low) & (values <= high))][:1]:
                check_range(f"{part} of {name}", value, low, high, unit)

    @cached_property
    def _directions(self) -> np.ndarray:
        """Unit vectors [K, 3] of the knots: x forward, y left, z up."""
        azimuth, elevation = np.radians(self.azimuth), np.radians(self.elevation)
        level = np.cos(elevation)
        return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=-1)

    @cached_property
    def _logs(self) -> np.ndarray:
        return np.log(np.maximum(self.distance, NEAREST))


def _around(directions: np.ndarray) -> np.ndarray:
    """Unit vectors [N, 3] at right angles to `directions`: to the left of each, or forward of the zenith and nadir."""
    left = np.cross([0.0, 0.0, 1.0], directions)
    length = np.linalg.norm(left, axis=1, keepdims=True)
    return np.where(length > 1e-6, left / np.maximum(length, 1e-6), [1.0, 0.0, 0.0])
