"""Panners of loudspeakers: on one ring around the listener, or on a dome. `pan` explains the laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import ConvexHull

from ..types import Layout
from .layouts import main_channels

WIDTH_DIRECTIONS = 9
ACROSS = (np.arange(WIDTH_DIRECTIONS) - WIDTH_DIRECTIONS // 2) / WIDTH_DIRECTIONS  # the middles of equal parts

Law = Callable[[np.ndarray], np.ndarray]
NADIR = (0.0, 0.0, -1.0)


class Loudspeakers:
    """What all panners of loudspeakers share: an internal channel is a loudspeaker's, none of them negative, |p| = 1,
    0 for the LFE. `squares(azimuth, elevation)` gives p^2 [..., C]."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.main = main_channels(layout)
        self.diffuse = np.zeros(len(layout.speakers))
        self.diffuse[self.main] = 1 / np.sqrt(len(self.main))

    def __call__(self, azimuth, elevation=0.0, width=0.0) -> np.ndarray:
        """Gains [..., C] float64 (see `pan.Panner`); a wide object has the mean power of its directions."""
        return np.sqrt(mean_across(self.squares, azimuth, elevation, width))

    def finish(self, responses: np.ndarray, sample_rate: int) -> np.ndarray:
        """The responses as they are."""
        return responses


class Ring(Loudspeakers):
    """Loudspeakers at ear height: a 1-degree table of p^2 with linear interpolation.

    There is no height layer: what is above or below is spread, up to evenly over all loudspeakers at the zenith.

    A layout that leaves half the circle or more without a loudspeaker (stereo) cannot place a sound there. Directions
    are then folded front to back (135 is heard at 45), and what lies outside the loudspeakers comes from the nearest
    one; so a sound that walks around the listener still moves without a jump.
    """

    def __init__(self, layout: Layout, law: Law):
        super().__init__(layout)
        self.table = _table(layout, self.main, law)  # [360, C]

    def squares(self, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
        """p^2 [..., C]; works on |azimuth|, so that left and right are exact mirror images."""
        azimuth, side = _sides(azimuth)
        degree = np.floor(azimuth).astype(int)
        rest = (azimuth - degree)[..., None]
        level = np.cos(np.radians(elevation))[..., None] ** 2
        there = self.table[side * degree % 360] * (1 - rest) + self.table[side * (degree + 1) % 360] * rest
        return there * level + (1 - level) * self.diffuse**2


class Dome(Loudspeakers):
    """Loudspeakers at several heights, left and right alike: three of them, a face of their convex hull, share a sound.

    The energy law makes the energy vector point exactly at every direction above the lowest ring. Below stands an
    imaginary loudspeaker at the nadir, whose energy is shared evenly by its neighbours on the hull.

    Four loudspeakers in one plane can be cut into triangles in two ways; the mean power of a direction and of its
    mirror image, mirrored back, favours neither, and left and right are exact mirror images.
    """

    def __init__(self, layout: Layout, law: Law):
        super().__init__(layout)
        self.law = law
        speakers = [layout.speakers[channel] for channel in self.main]
        places = [(speaker.azimuth, speaker.elevation) for speaker in speakers]
        points = np.vstack([units(*np.transpose(places)), NADIR])
        faces = ConvexHull(points).simplices  # [faces, 3], places in `points`
        self.inverses = np.moveaxis(np.linalg.inv(points[faces]), 1, 0)  # [xyz, faces, corner]: direction -> w
        columns = np.append(self.main, len(layout.speakers))  # the nadir is one more channel
        self.faces = columns[faces]
        below = np.unique(faces[(faces == len(places)).any(axis=1)])[:-1]  # all corners but the nadir itself, the last
        self.below = np.zeros(len(layout.speakers))
        self.below[self.main[below]] = 1 / len(below)
        self.mirror = np.arange(len(layout.speakers))
        self.mirror[self.main] = [self.main[places.index((-azimuth, elevation))] for azimuth, elevation in places]

    def squares(self, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
        """p^2 [..., C]."""
        here = self._shares(azimuth, elevation)
        return (here + self._shares(-azimuth, elevation)[..., self.mirror]) / 2

    def _shares(self, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
        """p^2 [..., C] by the one way of cutting the hull. No matrix product: its rounding depends on the row."""
        x, y, z = np.moveaxis(units(azimuth, elevation), -1, 0)[..., None, None]
        weights = x * self.inverses[0] + y * self.inverses[1] + z * self.inverses[2]  # [..., faces, 3]
        face = np.minimum(np.minimum(weights[..., 0], weights[..., 1]), weights[..., 2]).argmax(axis=-1)
        weights = np.take_along_axis(weights, face[..., None, None], axis=-2)[..., 0, :]
        share = self.law(weights.clip(min=0))
        squares = np.zeros((*face.shape, len(self.below) + 1))
        np.put_along_axis(squares, self.faces[face], share / share.sum(axis=-1, keepdims=True), axis=-1)
        return squares[..., :-1] + squares[..., -1:] * self.below


def mean_across(of: Callable[[np.ndarray, np.ndarray], np.ndarray], azimuth, elevation, width) -> np.ndarray:
    """Mean [..., N] of `of(azimuth, elevation)` over the directions across each width; all in degrees.

    Summed from both ends alike: where `of` mirrors exactly, so does the mean.
    """
    azimuth, elevation, width = np.broadcast_arrays(*(np.asarray(a, float) for a in (azimuth, elevation, width)))
    if not width.any():
        return of(azimuth, elevation)
    values = of(azimuth[..., None] + width[..., None] * ACROSS, elevation[..., None])
    return (values + values[..., ::-1, :]).mean(axis=-2) / 2


def units(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Unit vectors [..., 3] of angles [...] in degrees; -azimuth gives exactly -y."""
    azimuth, side = _sides(azimuth)
    azimuth, elevation = np.radians(azimuth), np.radians(elevation)
    level = np.cos(elevation)
    vectors = level * np.cos(azimuth), side * (level * np.sin(azimuth)), np.sin(elevation)
    return np.stack(np.broadcast_arrays(*vectors), axis=-1)


def _sides(azimuth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(0..180 degrees from the front, 1 to the left or -1 to the right) of any azimuth [...]."""
    azimuth = azimuth - 360 * np.rint(azimuth / 360)
    return np.abs(azimuth), np.where(azimuth < 0, -1, 1)


def _table(layout: Layout, main: np.ndarray, law: Law) -> np.ndarray:
    """p^2 [360, C] at whole degrees counter-clockwise from the front."""
    order = sorted(main, key=lambda channel: layout.speakers[channel].azimuth)
    angles = np.array([layout.speakers[channel].azimuth for channel in order])  # rising, -180..180
    gaps = (np.roll(angles, -1) - angles) % 360
    degrees = np.arange(360.0)
    if gaps.max() >= 180:
        degrees -= 360 * (degrees > 180)
        folded = np.where(np.abs(degrees) > 90, np.copysign(180 - np.abs(degrees), degrees), degrees)
        degrees = np.clip(folded, angles[0], angles[-1])
    squares = np.zeros((360, len(layout.speakers)))
    for first, angle, gap, second in zip(order, angles, gaps, np.roll(order, -1), strict=True):
        offset = (degrees - angle) % 360
        inside = offset <= gap
        if gap < 180:
            weights = np.sin(np.radians(np.stack([gap - offset[inside], offset[inside]], axis=1)))
            share = law(weights)
            squares[np.flatnonzero(inside)[:, None], [first, second]] = share / share.sum(axis=1, keepdims=True)
    return squares
