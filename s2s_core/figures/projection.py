"""Two ways to unroll the sphere of directions on paper. On both left is left and up is up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .style import Point


@dataclass(frozen=True)
class Hammer:
    """The whole sphere as an oval, equal-area (E. Hammer, 1892): front in the middle, straight behind at both ends.

    `left`, `top` and `width` in figure pixels; it is half as high as wide.
    """

    left: float
    top: float
    width: float

    @property
    def height(self) -> float:
        """Figure pixels."""
        return self.width / 2

    def place(self, azimuth: float, elevation: float) -> Point | None:
        """Figure pixels of a direction in degrees."""
        longitude, latitude = math.radians(azimuth), math.radians(elevation)
        level, quarter = math.cos(latitude), self.width / 4
        shrink = math.sqrt(1 + level * math.cos(longitude / 2))
        x, y = 2 * level * math.sin(longitude / 2) / shrink, math.sin(latitude) / shrink
        return self.left + quarter * (2 - x), self.top + quarter * (1 - y)

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors [h, w, 3] (x forward, y left, z up) of the map's pixels, and which of them [h, w] are on it."""
        columns, rows = np.arange(round(self.width)) + 0.5, np.arange(round(self.height)) + 0.5
        x = math.sqrt(2) * (2 - 4 * columns / self.width)
        y = math.sqrt(2) * (1 - 2 * rows[:, None] / self.height)
        z_squared = 1 - (x / 4) ** 2 - (y / 2) ** 2
        z = np.sqrt(np.maximum(z_squared, 0.5))
        longitude, sine = 2 * np.arctan2(z * x, 2 * (2 * z * z - 1)), (z * y).clip(-1, 1)
        return _vectors(longitude, np.arcsin(sine)), z_squared >= 0.5


@dataclass(frozen=True)
class Window:
    """The front as through a window, azimuth and elevation on straight scales; `azimuth` and `elevation` are the
    degrees from its middle to its edges. `left`, `top` and `width` in figure pixels."""

    left: float
    top: float
    width: float
    azimuth: float = 60.0
    elevation: float = 27.0

    @property
    def height(self) -> float:
        """Figure pixels."""
        return self.width * self.elevation / self.azimuth

    def place(self, azimuth: float, elevation: float) -> Point | None:
        """Figure pixels of a direction in degrees; None when it is not seen through the window."""
        if abs(azimuth) > self.azimuth or abs(elevation) > self.elevation:
            return None
        scale = self.width / 2 / self.azimuth
        return self.left + self.width / 2 - azimuth * scale, self.top + self.height / 2 - elevation * scale

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors [h, w, 3] (x forward, y left, z up) of the map's pixels, and which of them [h, w] are on it."""
        columns, rows = np.arange(round(self.width)) + 0.5, np.arange(round(self.height)) + 0.5
        azimuth = math.radians(self.azimuth) * (1 - 2 * columns / self.width)
        elevation = math.radians(self.elevation) * (1 - 2 * rows[:, None] / self.height)
        vectors = _vectors(*np.broadcast_arrays(azimuth, elevation))
        return vectors, np.ones(vectors.shape[:2], bool)


def _vectors(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=-1)
