"""The words that pass between rooms: frozen values that carry their own meaning.

Listener frame, everywhere: right-handed, x forward, y left, z up, metres. Azimuth in degrees counter-clockwise from
the front (left is positive), elevation in degrees, up positive. Picture coordinates: pixel centres, x right, y down.
Sound is float32 in [-1, 1] and never travels without its sample rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from PIL import Image

from .errors import InputError
from .trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Picture:
    """One still, upright and opaque: `pixels` [H, W, 3] float32, sRGB, finite, 0..1; each side at least 16 pixels.

    `name` is what the user calls it (a file's stem). `focal_35mm` is the lens in 35 mm equivalent, if the file said so.
    """

    SMALLEST_SIDE = 16
    THUMBNAIL_SIDE = 320

    pixels: np.ndarray
    name: str = "picture"
    focal_35mm: float | None = None

    def __post_init__(self):
        shape = self.pixels.shape
        if len(shape) != 3 or shape[2] != 3:
            raise InputError(f"{self.name}: a picture has pixels [height, width, 3]; found {list(shape)}")
        if min(shape[:2]) < self.SMALLEST_SIDE:
            raise InputError(
                f"{self.name} is {shape[1]} x {shape[0]} pixels; each side must have at least {self.SMALLEST_SIDE}: "
                "use a larger picture"
            )
        if not np.isfinite(self.pixels).all():
            raise InputError(f"{self.name} has pixels that are not finite (NaN or infinite); allowed is 0 to 1")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.pixels.shape[:2]

    @property
    def thumbnail_block(self) -> int:
        """Pixels along a side of what is one pixel of `thumbnail`."""
        return max(1, max(self.size) // self.THUMBNAIL_SIDE)

    @cached_property
    def thumbnail(self) -> np.ndarray:
        """[h, w, 3] float32, 320 to 639 pixels along the longer side (a smaller picture as it is): means of square
        blocks, the last of which may be smaller. Made once; enough to judge colours and edges by."""
        planes = (np.ascontiguousarray(plane, np.float32) for plane in np.moveaxis(self.pixels, 2, 0))
        return np.stack([Image.fromarray(plane).reduce(self.thumbnail_block) for plane in planes], axis=-1)


@dataclass(frozen=True, eq=False)
class KeyFrame:
    """One frame of a moving picture that is looked at: shown from `time` on, in s from the start. `cut`: with it a new
    scene begins (the very first frame always does that)."""

    time: float
    picture: Picture
    cut: bool = False


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a picture that could sound: `mask` [H, W] bool.

    `prompt` is the user's words for its sound ("" = none given). `score` in 0..1 is the segmenter's own confidence.
    `background` marks what no object covers: an ambience rather than a point source.
    """

    mask: np.ndarray
    label: str = "region"
    prompt: str = ""
    score: float = 1.0
    background: bool = False

    def __post_init__(self):
        if self.mask.ndim != 2 or self.mask.dtype != bool:
            found = f"{self.mask.dtype} {list(self.mask.shape)}"
            raise InputError(f"{self.label}: a region's mask is bool [height, width]; found {found}")


@dataclass(frozen=True, eq=False)
class DepthMap:
    """Distance seen by each pixel: `values` [H, W] float32, finite.

    unit `inverse`  relative inverse depth, larger is nearer, any scale (what most networks give);
         `axial`    metres along the camera's axis;
         `radial`   metres along the ray (what 360-degree models give).
    """

    values: np.ndarray
    unit: Literal["inverse", "axial", "radial"] = "inverse"

    def __post_init__(self):
        if self.values.ndim != 2:
            raise InputError(f"a depth map is [height, width]; found {list(self.values.shape)}")
        bad = int(np.count_nonzero(~np.isfinite(self.values)))
        if bad:
            raise InputError(
                f"the depth map holds {bad} of {self.values.size} values that are not finite (NaN or infinite); "
                "allowed are finite numbers only: mend the depth image or estimate it again"
            )


@dataclass(frozen=True, eq=False)
class SoundSource:
    """One thing that sounds, placed around the listener.

    `width` is the angle it covers in degrees; `gain_db`, `muted` and `solo` are the user's edits (see `heard`);
    `background` marks an ambience without a point of its own.
    """

    label: str
    trajectory: Trajectory
    width: float = 0.0
    gain_db: float = 0.0
    muted: bool = False
    background: bool = False
    solo: bool = False

    @property
    def azimuth(self) -> float:
        """Degrees at the start."""
        return float(self.trajectory.azimuth[0])

    @property
    def elevation(self) -> float:
        """Degrees at the start."""
        return float(self.trajectory.elevation[0])

    @property
    def distance(self) -> float:
        """Metres at the start."""
        return float(self.trajectory.distance[0])

    def moved(self, azimuth: float, elevation: float, distance: float) -> SoundSource:
        """The same source standing still at another place."""
        return replace(self, trajectory=Trajectory.still(azimuth, elevation, distance))


def heard(sources: Sequence[SoundSource]) -> tuple[bool, ...]:
    """Whether each source sounds: it is not muted, and it is solo or none is."""
    alone = any(source.solo for source in sources)
    return tuple(not source.muted and (source.solo or not alone) for source in sources)


@dataclass(frozen=True, eq=False)
class AudioTrack:
    """One mono sound: `samples` [T] float32 in [-1, 1] at `sample_rate` Hz, heard from `start` on, in s."""

    samples: np.ndarray
    sample_rate: int
    start: float = 0.0

    @property
    def seconds(self) -> float:
        """Duration in s."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class Room:
    """A shoebox around the listener: `size` (length x, width y, height z) in m, `t60` reverberation time in s.

    `listener` is the ears' place from the rear right floor corner, in m; None is the middle of the floor plan at ear
    height. `t60` 0 means the open air: no walls, only the ground reflects.

    `absorption` is the share of the energy that each wall (rear, front, right, left, floor, ceiling) swallows in each
    octave band of OCTAVES, 0 to 1; `t60` is then that of the middle bands. None: all alike, as `t60` asks.
    """

    OCTAVES: ClassVar[tuple[int, ...]] = (125, 250, 500, 1000, 2000, 4000, 8000)
    """Middles of the bands in Hz."""

    size: tuple[float, float, float] = (6.0, 5.0, 3.0)
    t60: float = 0.4
    listener: tuple[float, float, float] | None = None
    name: str = "living room"
    absorption: tuple[tuple[float, ...], ...] | None = None


@dataclass(frozen=True)
class Speaker:
    """One channel of a layout. Angles in degrees; a low-frequency channel has no direction that matters."""

    label: str
    azimuth: float = 0.0
    elevation: float = 0.0
    lfe: bool = False


@dataclass(frozen=True)
class Layout:
    """Channels in file order (as WAVE_FORMAT_EXTENSIBLE and FLAC order them) and what file formats call the set.

    `kind`: `speakers`   one channel for each loudspeaker;
            `binaural`   the two ears (headphones);
            `ambisonic`  spherical harmonics, AmbiX: ACN order, SN3D weights. `speakers` then only names the channels.
    """

    name: str
    speakers: tuple[Speaker, ...]
    wave_mask: int
    ffmpeg_name: str
    kind: Literal["speakers", "binaural", "ambisonic"] = "speakers"

    @property
    def labels(self) -> tuple[str, ...]:
        """Channel names in file order, such as FL FR FC LFE BL BR."""
        return tuple(speaker.label for speaker in self.speakers)


@dataclass(frozen=True, eq=False)
class Surround:
    """Sound for loudspeakers: `samples` [C, T] float32 in [-1, 1], channel c for `layout.speakers[c]`.

    `loudness` in LUFS (-inf is silence), `true_peak` in dBTP, `gain_db` the one gain that was applied to all channels.
    """

    samples: np.ndarray
    sample_rate: int
    layout: Layout
    loudness: float = float("nan")
    true_peak: float = float("nan")
    gain_db: float = 0.0

    def __post_init__(self):
        if self.samples.ndim != 2 or len(self.samples) != len(self.layout.speakers):
            raise InputError(
                f"{self.layout.name} has {len(self.layout.speakers)} channels; found samples {list(self.samples.shape)}"
            )

    @property
    def seconds(self) -> float:
        """Duration in s."""
        return self.samples.shape[1] / self.sample_rate


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is known of one picture's sound; what a figure or a report draws on. None: not known.

    `regions`, `sources`, `tracks` and `sounds` (what was chosen for each, in words) go together by position.
    """

    sources: tuple[SoundSource, ...]
    picture: Picture | None = None
    regions: tuple[Region, ...] | None = None
    depth: DepthMap | None = None
    tracks: tuple[AudioTrack, ...] | None = None
    sounds: tuple[str, ...] | None = None
    room: Room | None = None
    surround: Surround | None = None
    monitor: Surround | None = None
