"""What is seen of things over time: a sighting is one thing in one key frame, a track all sightings of one thing.

Small records: a long clip has tens of thousands of them, and they are kept between runs as plain arrays.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from .types import Region


@dataclass(frozen=True, eq=False)
class Look:
    """What one region looks like: enough to know it again.

    `area` is its share of the picture; `centroid` its middle (x, y) in shares of the picture's longer side, from the
    upper left corner; `colours` [24] float32 the histogram of L*, a* and b*, 8 each, each of sum 1. Its small mask is
    kept packed (`shape` is its height and width); a mask of 160 x 90 takes some 200 bytes.
    """

    packed: bytes
    shape: tuple[int, int]
    area: float
    centroid: tuple[float, float]
    colours: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray, area: float, centroid: tuple[float, float], colours: np.ndarray) -> Look:
        """With a small mask [h, w] bool."""
        return cls(zlib.compress(np.packbits(mask).tobytes()), mask.shape, area, centroid, colours)

    @property
    def bits(self) -> np.ndarray:
        """The small mask's pixels, eight to a byte, row by row: uint8 [ceil(h w / 8)]."""
        return np.frombuffer(zlib.decompress(self.packed), np.uint8)

    @property
    def mask(self) -> np.ndarray:
        """The small mask [h, w] bool."""
        height, width = self.shape
        return np.unpackbits(self.bits, count=height * width).reshape(self.shape).astype(bool)


@dataclass(frozen=True)
class Place:
    """Where one region is seen: `azimuth`, `elevation` and `width` in degrees, as the lens shows them.

    `depth` is what the depth map says of it, in the map's own `unit` (see `DepthMap`); the distance is that, in metres
    once a relative map has a scale, times `slant`: the way along the ray for each metre along the camera's axis.
    """

    azimuth: float
    elevation: float
    width: float
    depth: float
    unit: Literal["inverse", "axial", "radial"] = "inverse"
    slant: float = 1.0


@dataclass(frozen=True, eq=False)
class Sighting:
    """One region of one key frame, at `time` in s from the clip's start. The rest is as in `Region`."""

    time: float
    look: Look
    place: Place
    label: str = "region"
    prompt: str = ""
    score: float = 1.0
    background: bool = False


@dataclass(frozen=True, eq=False)
class Track:
    """One thing over time: its `sightings`, at least one, in order of time. It is there from `start` to `stop`, in s
    from the clip's start; `cuts` in between are those it outlives (one that is followed by its looks outlives none)."""

    sightings: tuple[Sighting, ...]
    start: float
    stop: float
    label: str = "region"
    prompt: str = ""
    cuts: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it is there."""
        return self.stop - self.start

    @property
    def background(self) -> bool:
        """Whether it is an ambience."""
        return self.sightings[0].background


def sightings(time: float, regions: Sequence[Region], looks: Sequence[Look], places: Sequence[Place]) -> list[Sighting]:
    """The sightings of one key frame; region, look and place go together by position."""
    return [
        Sighting(time, look, place, region.label, region.prompt, region.score, region.background)
        for region, look, place in zip(regions, looks, places, strict=True)
    ]


PLACE = tuple(field.name for field in fields(Place))
WORDS = ("time", "label", "prompt", "score", "background")


def to_arrays(frame: Sequence[Sighting]) -> dict[str, np.ndarray]:
    """The sightings of one key frame (masks of one size) as arrays without objects, for `numpy.savez_compressed`."""
    looks = [sighting.look for sighting in frame]
    arrays = {name: np.array([getattr(sighting, name) for sighting in frame]) for name in WORDS}
    arrays |= {name: np.array([getattr(sighting.place, name) for sighting in frame]) for name in PLACE}
    arrays |= {name: np.array([getattr(look, name) for look in looks]) for name in ("area", "centroid", "colours")}
    return arrays | {
        "bits": np.array([look.bits for look in looks]),
        "shape": np.array(looks[0].shape if looks else ()),
    }


def from_arrays(arrays: dict[str, np.ndarray]) -> list[Sighting]:
    """The sightings that `to_arrays` made arrays of, as they were."""
    columns = {name: arrays[name].tolist() for name in (*WORDS, *PLACE, "area", "centroid")}
    shape = tuple(arrays["shape"].tolist())
    frame = []
    for i, (bits, colours) in enumerate(zip(arrays["bits"], arrays["colours"], strict=True)):
        row = {name: column[i] for name, column in columns.items()}
        look = Look(zlib.compress(bits.tobytes()), shape, row["area"], tuple(row["centroid"]), colours)
        frame.append(Sighting(look=look, place=Place(*(row[n] for n in PLACE)), **{n: row[n] for n in WORDS}))
    return frame
