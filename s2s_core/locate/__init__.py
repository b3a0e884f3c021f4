"""From picture to place: each region becomes a sound source at the angle, the distance and the width it is seen at."""

from __future__ import annotations

from ..runtime import Runtime
from ..types import DepthMap, Picture, Region, SoundSource, Trajectory
from .camera import PROJECTIONS, Camera
from .distance import SCENES, distances, extent, metres, sample, span
from .edit import edit
from .measure import coarse, common_size, places, staged, stretch

__all__ = [
    "Camera",
    "PROJECTIONS",
    "SCENES",
    "distances",
    "edit",
    "extent",
    "places",
    "run",
    "sample",
    "span",
    "stretch",
]


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
    size = common_size(regions)
    camera, depth = camera.resolved(picture), coarse(depth, size)
    wider = stretch(camera, size, stage_width)
    if span is None and depth.unit == "inverse":
        span = extent(depth.values)
    found = places(regions, depth, camera=camera, runtime=runtime)
    away = metres([place.depth for place in found], depth.unit, scene=scene, near=near, far=far, span=span)
    sources = []
    for region, place, depth_there in zip(regions, found, away, strict=True):
        azimuth = float(staged(place.azimuth, wider))
        there = Trajectory.still(azimuth, place.elevation, float(depth_there) * place.slant)
        width = place.width if region.background else min(place.width * wider, 360.0)
        sources.append(SoundSource(region.label, there, width, background=region.background))
    return tuple(sources)
