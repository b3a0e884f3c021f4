"""From picture to place: each region becomes a sound source at the angle, the distance and the width it is seen at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from ..errors import InputError, check_choice, check_range
from ..media.masks import block_grid, in_blocks, inner_pixels
from ..media.partition import resized
from ..runtime import HeadlessRuntime, Runtime
from ..types import DepthMap, Picture, Region, SoundSource, Trajectory
from .camera import PROJECTIONS, Camera
from .edit import edit
from .sphere import angles, azimuth_spread, centroid

__all__ = ["Camera", "PROJECTIONS", "SCENES", "distances", "edit", "run", "span"]

# Scene -> (near, far) in m: where relative depth begins and ends.
SCENES = {"room": (1.0, 6.0), "street": (2.0, 40.0), "landscape": (3.0, 120.0)}
CUSTOM = "custom"
NEAREST, FARTHEST = 0.1, 10_000.0

# Share of the relative depth values left out at each end, so that a few stray pixels do not set the scale.
STRAY_PERCENT = 2.0
# How many values of a clip's depth maps are looked at: about 8 MB of them, however long the clip.
SAMPLE = 2**20
# An ambience is heard from behind the things in front of it: at the distance that this share of its pixels is within.
AMBIENCE_PERCENT = 75.0
# How far the shapes of depth map and masks may differ: estimators work in multiples of 14 pixels.
ASPECT_TOLERANCE = 0.02


def run(
    regions: tuple[Region, ...] | list[Region],
    depth: DepthMap,
    *,
    camera: Camera,
    scene: str = "street",
    near: float | None = None,
    far: float | None = None,
    stage_width: float | None = None,
    picture: Picture | None = None,
    span: tuple[float, float] | None = None,
    runtime: Runtime | None = None,
) -> tuple[SoundSource, ...]:
    """One SoundSource per region, in order.

    Direction: the centroid of the mask on the sphere (`sphere.centroid`), never the middle of its box. Width: the
    azimuths it covers. Distance: the median depth over the mask's inner pixels, along the ray of that direction; metres
    come from `distances`. A background region is an ambience all around (azimuth 0, elevation 0, width 360).

    `scene` is a key of SCENES, or "custom" for `near` and `far` in m (which are not looked at otherwise); metric depth
    needs neither. `stage_width` in degrees (1..360) stretches or squeezes azimuths and widths so that the picture spans
    it, limited to +-180; 60 puts the picture's edges at the left and right loudspeaker, None or 0 is as seen.
    `picture` serves only to settle an automatic field of view from its EXIF tags. `span` is that of the whole clip (the
    function of that name) when this is one frame of many.

    A depth map of another size but the same shape is resampled, bilinear: estimators work in multiples of 14 pixels.
    A picture with a side above 1024 pixels is measured in blocks of them (`media.masks.Blocks`): directions change by
    less than 0.01 degrees, widths by less than a block, and a block has one depth, resampled in the same way.

    Raises InputError when its shape differs by more, when its unit does not go with the camera, when masks are empty or
    differ in size, or when an angle or a distance is out of range.
    """
    if not regions:
        return ()
    size = _common_size(regions)
    camera = camera.resolved(picture)
    stretch = 1.0
    if stage_width:
        check_range("stage width", stage_width, 1, 360, "degrees", "0 leaves the directions as seen")
        stretch = stage_width / camera.horizontal_fov(size)
    metres = distances(_coarse(depth, size), scene=scene, near=near, far=far, span=span)
    metres = _fitted(metres, block_grid(size))
    if depth.unit == "axial" and camera.projection != "perspective":
        raise InputError(
            f"the depth map is in metres along the camera's axis, which {camera.projection} pictures do not have in "
            "every direction: use a relative depth model, or depth along the ray (radial)"
        )
    along_axis = depth.unit != "radial" and camera.projection == "perspective"
    sources = []
    with (runtime or HeadlessRuntime()).progress("locate", len(regions)) as bar:
        for region in regions:
            sources.append(_source(region, metres, camera, along_axis, stretch))
            bar.step()
    return tuple(sources)


def distances(
    depth: DepthMap,
    *,
    scene: str = "street",
    near: float | None = None,
    far: float | None = None,
    span: tuple[float, float] | None = None,
) -> np.ndarray:
    """Metres [H, W] float64 of a depth map: as they are when it is metric, else through the scene's limits.

    Relative inverse depth is scaled to q in 0..1 between `span`, by default that of this map alone, and
    1 / Z = 1 / far + q (1 / near - 1 / far). A map that is the same everywhere has q = 0.5.
    """
    values = depth.values.astype(np.float64)
    if depth.unit != "inverse":
        return values
    check_choice("scene", scene, (*SCENES, CUSTOM))
    if scene != CUSTOM:
        near, far = SCENES[scene]
    elif near is None or far is None:
        raise InputError("scene is 'custom' but near or far is missing: give both in metres, or choose another scene")
    check_range("near", near, NEAREST, FARTHEST, "m")
    check_range("far", far, NEAREST, FARTHEST, "m")
    if not near < far:
        raise InputError(f"near is {near:g} m and far is {far:g} m; near must be less than far")
    low, high = span or _limits(values)
    if not -math.inf < low <= high < math.inf:
        raise InputError(f"span is {low:g} to {high:g}; allowed are two finite numbers, the lower one first")
    nearness = ((values - low) / (high - low)).clip(0, 1) if _differ(low, high) else np.full(values.shape, 0.5)
    return 1 / (1 / far + nearness * (1 / near - 1 / far))


def span(depths: Sequence[DepthMap]) -> tuple[float, float]:
    """(low, high) between which nearly all values of a clip's depth maps lie: their 2nd and 98th percentile.

    Scaled by one span, a thing that stands still keeps its distance, whatever else enters or leaves the picture. About
    SAMPLE values are looked at, an even grid of pixels from each map: no more memory for a longer clip, if `depths`
    makes its maps as they are asked for. Where all but a few values are alike, it is their minimum and maximum.

    Raises InputError when there is no map, or when the maps are not of one unit.
    """
    if not len(depths):
        raise InputError("the clip has no depth map; its span needs at least one")
    share, units, values = SAMPLE / len(depths), set(), []
    for depth in depths:
        part = min(1.0, math.sqrt(share / depth.values.size))
        values.append(depth.values[np.ix_(*(_spread(length, part) for length in depth.values.shape))].ravel())
        units.add(depth.unit)
    if len(units) > 1:
        raise InputError(f"the clip's depth maps are {' and '.join(sorted(units))}; all must come from one model")
    return _limits(np.concatenate(values, dtype=np.float64))


def _spread(length: int, part: float) -> np.ndarray:
    """That part of 0..length - 1, evenly: from the middles of equal stretches, so that neither end counts more."""
    count = max(1, round(length * part))
    return ((np.arange(count) + 0.5) * (length / count)).astype(int)


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, (STRAY_PERCENT, 100 - STRAY_PERCENT))
    if not _differ(low, high):  # all but a few pixels are alike: what differs counts after all
        low, high = values.min(), values.max()
    return float(low), float(high)


def _differ(low: float, high: float) -> bool:
    return high - low > 1e-6 * max(abs(low), abs(high))


def _common_size(regions: tuple[Region, ...] | list[Region]) -> tuple[int, int]:
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


def _coarse(depth: DepthMap, size: tuple[int, int]) -> DepthMap:
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


def _fitted(metres: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The depth map at the size of the blocks, bilinear."""
    height, width = size
    if metres.shape == size:
        return metres
    image = Image.fromarray(metres.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float64)


def _source(region: Region, metres: np.ndarray, camera: Camera, along_axis: bool, stretch: float) -> SoundSource:
    blocks = in_blocks(region.mask)
    pixels = metres[blocks.shape if region.background else inner_pixels(blocks.shape)]
    distance = float(np.percentile(pixels, AMBIENCE_PERCENT) if region.background else np.median(pixels))
    if not distance > 0:
        raise InputError(
            f"the depth at region {region.label!r} is {distance:g} m; metric depth must be above 0 m: mend the depth "
            "map or give relative depth"
        )
    if region.background:
        return SoundSource(region.label, Trajectory.still(0, 0, distance), width=360.0, background=True)
    rays = camera.rays(blocks.points, region.mask.shape)
    weights = blocks.count * camera.solid_angles(rays)
    middle = centroid(rays, weights)
    azimuth, elevation = (float(angle) for angle in angles(middle))
    width = azimuth_spread(rays, weights, middle)
    if along_axis:
        distance /= float(middle[0])  # Z times the length of the ray (1, y, z)
    azimuth = min(max(azimuth * stretch, -180.0), 180.0)
    return SoundSource(region.label, Trajectory.still(azimuth, elevation, distance), width=min(width * stretch, 360.0))
