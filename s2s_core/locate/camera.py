"""The lens: which direction each pixel of a picture looks in, and back.

Points are (u, v) in pixels from the picture's upper left corner, so the centre of pixel (x, y) is (x + 0.5, y + 0.5).
Rays are unit vectors in the listener's frame: x forward, y left, z up. All of it in float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError, check_choice, check_range
from ..types import Picture

# Projection -> (smallest, largest, usual) angle of view in degrees, and what the angle spans.
PROJECTIONS = {
    "perspective": (1.0, 170.0, 60.0, "the longer side of the picture"),
    "fisheye": (1.0, 360.0, 180.0, "the image circle, as wide as the shorter side"),
    "equirectangular": (360.0, 360.0, 360.0, "the whole sphere, a picture twice as wide as high"),
}
FILM_WIDTH = 36.0  # mm, the longer side of the 35 mm film that equivalent focal lengths refer to
ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True)
class Camera:
    """`projection` is a key of PROJECTIONS; `fov` in degrees spans what that table says.

    perspective      a usual lens without distortion;
    fisheye          equidistant: the angle off the axis grows evenly from the centre to the edge of the image circle;
    equirectangular  longitude and latitude of the full sphere, the middle column straight ahead.

    `fov` 0 is automatic: for a perspective picture the lens in its EXIF tags if there is one, else PROJECTIONS' usual
    angle. Raises InputError when the angle is out of the projection's range.
    """

    projection: str = "perspective"
    fov: float | None = 0.0

    def __post_init__(self):
        check_choice("projection", self.projection, PROJECTIONS)
        if self.fov:
            low, high, _, spans = PROJECTIONS[self.projection]
            remedy = f"0 chooses by itself; with {self.projection} the angle spans {spans}"
            check_range("field of view", self.fov, low, high, "degrees", remedy)

    def resolved(self, picture: Picture | None = None) -> Camera:
        """The same camera with its angle settled; a Camera without EXIF knowledge takes the usual angle."""
        if self.fov:
            return self
        low, high, usual, _ = PROJECTIONS[self.projection]
        focal = picture.focal_35mm if picture and self.projection == "perspective" else None
        # hfov = 2 atan(36 / (2 f35)), kept within what a flat picture can show
        fov = min(max(2 * math.degrees(math.atan(FILM_WIDTH / (2 * focal))), low), high) if focal else usual
        return replace(self, fov=fov)

    def rays(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Unit vectors [..., 3] seen at points [..., 2] of a picture of `size` (height, width)."""
        height, width = self._check(size)
        left, up = width / 2 - points[..., 0], height / 2 - points[..., 1]
        if self.projection == "equirectangular":
            azimuth, elevation = left * (2 * math.pi / width), up * (math.pi / height)
            level = np.cos(elevation)
            return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=-1)
        if self.projection == "perspective":
            focal = self._focal(size)
            ray = np.stack([np.ones_like(left), left / focal, up / focal], axis=-1)
            return ray / np.sqrt((ray**2).sum(axis=-1, keepdims=True))
        radius = np.hypot(left, up)
        off_axis = np.minimum(radius * self._radians_per_pixel(size), math.pi)
        side = np.sin(off_axis) / np.maximum(radius, 1e-12)
        return np.stack([np.cos(off_axis), left * side, up * side], axis=-1)

    def points(self, rays: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Points [..., 2] where vectors [..., 3] of any length are seen; NaN where a perspective lens cannot look
        (sideways and behind). They may lie outside the picture."""
        height, width = self._check(size)
        x, y, z = np.moveaxis(np.asarray(rays, np.float64), -1, 0)
        across = np.hypot(y, z)
        if self.projection == "equirectangular":
            left = np.arctan2(y, x) * (width / (2 * math.pi))
            up = np.arctan2(z, np.hypot(x, y)) * (height / math.pi)
        elif self.projection == "perspective":
            scale = self._focal(size) / np.where(x > 0, x, np.nan)
            left, up = y * scale, z * scale
        else:
            scale = np.arctan2(across, x) / self._radians_per_pixel(size) / np.maximum(across, 1e-300)
            left, up = y * scale, z * scale
        return np.stack([width / 2 - left, height / 2 - up], axis=-1)

    def solid_angles(self, rays: np.ndarray) -> np.ndarray:
        """The solid angle [...] of the pixel around each ray [..., 3], relative to the largest pixel's: 0..1.

        cos^3 of the angle off the axis for perspective, sin(angle) / angle for fisheye, cos(elevation) for
        equirectangular pictures: the Jacobians of the three projections.
        """
        forward = rays[..., 0]
        if self.projection == "perspective":
            return forward**3
        if self.projection == "fisheye":
            return np.sinc(np.arccos(forward.clip(-1, 1)) / math.pi)
        return np.hypot(forward, rays[..., 1])

    def horizontal_fov(self, size: tuple[int, int]) -> float:
        """Degrees from the left to the right edge of the picture on the horizon, at most 360."""
        _, width = self._check(size)
        if self.projection == "equirectangular":
            return 360.0
        if self.projection == "perspective":
            return 2 * math.degrees(math.atan(width / 2 / self._focal(size)))
        return min(math.degrees(width * self._radians_per_pixel(size)), 360.0)

    def _check(self, size: tuple[int, int]) -> tuple[int, int]:
        if not self.fov:
            raise InputError("the camera's field of view is not settled: call resolved() first")
        height, width = size
        if self.projection == "equirectangular" and abs(width / (2 * height) - 1) > ASPECT_TOLERANCE:
            raise InputError(
                f"an equirectangular picture must be twice as wide as high; this one is {width} x {height}: "
                "complete it to the full sphere, or choose perspective or fisheye"
            )
        return height, width

    def _focal(self, size: tuple[int, int]) -> float:
        """Focal length in pixels, the same for both axes."""
        return max(size) / 2 / math.tan(math.radians(self.fov / 2))

    def _radians_per_pixel(self, size: tuple[int, int]) -> float:
        return math.radians(self.fov) / min(size)
