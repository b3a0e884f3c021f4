"""Where regions of one picture are seen, and how deep: what a scale or a stage later makes a place in metres of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from ..errors import InputError, check_range
from ..media.masks import block_grid, in_blocks, inner_pixels
from ..media.partition import resized
from ..runtime import HeadlessRuntime, Runtime
from ..tracks import Place
from ..types import DepthMap, Picture, Region
from .camera import Camera
from .sphere import angles, azimuth_spread, centroid

# An ambience is heard from behind the things in front of it: at the distance that this share of its pixels is within.
AMBIENCE_PERCENT = 75.0
# How far the shapes of depth map and masks may differ: estimators work in multiples of 14 pixels.
ASPECT_TOLERANCE = 0.02


def places(
    regions: Sequence[Region],
    depth: DepthMap,
    *,
    camera: Camera,
    picture: Picture | None = None,
    runtime: Runtime | None = None,
) -> tuple[Place, ...]:
    """One Place per region, in order; how they are measured, and what is refused, is told in `locate.run`."""
    if not regions:
        return ()
    size = common_size(regions)
    camera = camera.resolved(picture)
    values = _fitted(coarse(depth, size).values, block_grid(size))
    if depth.unit == "axial" and camera.projection != "perspective":
        raise InputError(
            f"the depth map is in metres along the camera's axis, which {camera.projection} pictures do not have in "
            "every direction: use a relative depth model, or depth along the ray (radial)"
        )
    found = []
    with (runtime or HeadlessRuntime()).progress("locate", len(regions)) as bar:
        for region in regions:
            found.append(_place(region, values, depth.unit, camera))
            bar.step()
    return tuple(found)


def stretch(camera: Camera, size: tuple[int, int], stage_width: float | None) -> float:
    """By how much azimuths and widths grow so that a picture of `size` (height, width) spans `stage_width` degrees
    (1..360; None or 0: as seen, 1.0). The camera's angle is settled."""
    if not stage_width:
        return 1.0
    check_range("stage width", stage_width, 1, 360, "degrees", "0 leaves the directions as seen")
    return stage_width / camera.horizontal_fov(size)


def staged(azimuth: np.ndarray | float, stretch: float) -> np.ndarray:
    """Azimuths in degrees on a stretched stage, limited to +-180."""
    return np.clip(azimuth * stretch, -180.0, 180.0)


def common_size(regions: Sequence[Region]) -> tuple[int, int]:
    """(height, width) of all the masks, of which none is empty."""
    first = regions[0]
    for region in regions:
        if region.mask.shape != first.mask.shape:
            sizes = [f"{mask.shape[1]} x {mask.shape[0]}" for mask in (first.mask, region.mask)]
            raise InputError(
                f"region {first.label!r} has a mask of {sizes[0]} pixels and {region.label!r} one of {sizes[1]}; "
                "all must be of one size: make them from the same picture"
            )
        if not region.mask.any():
            raise InputError(f"region {region.label!r} covers no pixel: remove it or mark at least one pixel")
    return first.mask.shape


def coarse(depth: DepthMap, size: tuple[int, int]) -> DepthMap:
    """The depth map, shrunk to the blocks of a large picture of `size`; its shape must be the same but for rounding."""
    (rows, columns), (height, width) = depth.values.shape, size
    if abs(columns * height / (rows * width) - 1) > ASPECT_TOLERANCE:
        raise InputError(
            f"the depth map is {columns} x {rows} and the masks are {width} x {height} pixels; their shapes may differ "
            f"by {ASPECT_TOLERANCE:.0%}: estimate depth from the picture that the masks were made from"
        )
    blocks = block_grid(size)
    if blocks == size or max(rows, columns) <= max(blocks):
        return depth
    return replace(depth, values=resized(depth.values, blocks, Image.Resampling.BILINEAR))


def _fitted(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Depth at the size of the blocks, bilinear: float64."""
    height, width = size
    if values.shape == size:
        return values.astype(np.float64)
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float64)


def _place(region: Region, values: np.ndarray, unit: str, camera: Camera) -> Place:
    blocks = in_blocks(region.mask)
    pixels = values[blocks.shape if region.background else inner_pixels(blocks.shape)]
    behind = 100 - AMBIENCE_PERCENT if unit == "inverse" else AMBIENCE_PERCENT
    depth = float(np.percentile(pixels, behind if region.background else 50))
    if unit != "inverse" and not depth > 0:
        raise InputError(
            f"the depth at region {region.label!r} is {depth:g} m; metric depth must be above 0 m: mend the depth "
            "map or give relative depth"
        )
    if region.background:
        return Place(0.0, 0.0, 360.0, depth, unit)
    rays = camera.rays(blocks.points, region.mask.shape)
    weights = blocks.count * camera.solid_angles(rays)
    middle = centroid(rays, weights)
    azimuth, elevation = (float(angle) for angle in angles(middle))
    along_axis = unit != "radial" and camera.projection == "perspective"
    slant = 1 / float(middle[0]) if along_axis else 1.0  # the length of the ray (1, y, z)
    return Place(azimuth, elevation, azimuth_spread(rays, weights, middle), depth, unit, slant)
