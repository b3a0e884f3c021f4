"""Moving pictures in: a still, an animated image, a film or a batch of frames, all as one `Clip`, read as it is needed
and never held whole."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from ..errors import InputError, MediaError, check_range
from ..types import KeyFrame, Picture
from .cuts import SAME_TIME, Shot, marked, sampled
from .images import load_picture, picture_from_array

FILMS = ("MPEG", "FLI")
"""Pillow's names of what it opens though FFmpeg plays it."""

BLOCK = 1 << 20

SILENCE = np.zeros((1, 4800), np.float32)
"""A moment of it, for where sound is expected and a clip has none."""


class Reel(Protocol):
    """Where a clip's frames come from. As the fields of Clip; `shots(start)` begins with the frame shown at `start`."""

    size: tuple[int, int]
    seconds: float
    rate: float
    has_sound: bool
    copyable: bool
    lost: str

    def shots(self, start: float = 0.0) -> Iterator[Shot]: ...

    def sound(self) -> tuple[np.ndarray, int, str | None] | None: ...


class Clip:
    """Pictures in time, from 0 s at the first of them; every loop over them reads them anew, one at a time.

    `size` (height, width) of every picture; `seconds` in all and `rate`, the mean frames per s, both 0 for a still;
    `path` None when the clip came as an array.
    """

    def __init__(self, reel: Reel, name: str, path: Path | None = None):
        self._reel, self.name, self.path = reel, name, path
        self.size, self.seconds, self.rate, self.has_sound = reel.size, reel.seconds, reel.rate, reel.has_sound
        if min(self.size) < Picture.SMALLEST_SIDE:
            height, width = self.size
            least = Picture.SMALLEST_SIDE
            raise InputError(
                f"{name} is {width} x {height} pixels; each side must have at least {least}: use a larger clip"
            )

    @property
    def copyable(self) -> bool:
        """Whether it is a film whose pictures can be copied as they are."""
        return self._reel.copyable

    @property
    def lost(self) -> str:
        """What could not be read, in words, or "". Damage within is known only once the frames have been read."""
        return self._reel.lost

    def frames(self, start: float = 0.0, stop: float | None = None) -> Iterator[tuple[float, Picture]]:
        """(time in s, picture) of every frame with `start` <= time < `stop`, at its own time from the file."""
        for shot in self._reel.shots(start):
            if stop is not None and shot.time > stop - SAME_TIME:
                return
            if shot.time > start - SAME_TIME:
                yield shot.time, shot.picture()

    def key_frames(self, per_second: float = 2.0) -> Iterator[KeyFrame]:
        """The first frame, then about `per_second` (0.01 to 120) of them, and the first frame of every scene cut, from
        which on the rate is counted anew. Every frame is decoded, only these are converted. A frame comes once, however
        long it is shown."""
        check_range("key frames per second", per_second, 0.01, 120)
        step, due = 1 / per_second, 0.0
        for shot, cut in marked(self._reel.shots()):
            if cut or shot.time >= due - SAME_TIME:
                due = shot.time + step if cut else due + step * (1 + math.floor((shot.time - due) / step + 1e-6))
                yield KeyFrame(shot.time, shot.picture(), cut)

    def frame(self, time: float) -> Picture:
        """The picture shown at `time`, 0 to `seconds`. Raises InputError outside that."""
        check_range(f"{self.name}: time", time, 0, self.seconds, "s")
        return next(self._reel.shots(time)).picture()

    def sound(self) -> tuple[np.ndarray, int, str | None] | None:
        """(samples [C, T] float32, sample rate in Hz, layout or None) from time 0 on, or None: no sound. The layout is
        FFmpeg's name, such as "5.1"; None when the file does not say and there are more than two channels."""
        return self._reel.sound()

    def fingerprint(self) -> str:
        """SHA-256 (64 hexadecimal digits) of the file's bytes, or of the array with its shape, type and rate."""
        digest = hashlib.sha256()
        if self.path is None:
            self._reel.digest(digest)
        else:
            _check_file(self.path)
            with open(self.path, "rb") as file:
                for block in iter(partial(file.read, BLOCK), b""):
                    digest.update(block)
        return digest.hexdigest()


def open_clip(path: str | Path) -> Clip:
    """A Clip of any still, animated image (see `animations`) or film (see `video`). An image file of a single frame is
    a still: it has no duration. Raises MediaError when the file is missing, empty, damaged, or holds no pictures."""
    path = Path(path)
    _check_file(path)
    return Clip(_reel(path), path.stem, path)


def clip_from_array(frames: np.ndarray, rate: float, name: str = "clip") -> Clip:
    """A Clip of [F, H, W, 1 | 3 | 4], float 0..1 or uint8, as `picture_from_array` takes each, at `rate` frames per s
    (0.01 to 1000). One frame is a still. Raises InputError when the shape is another or there is no frame."""
    frames = np.asarray(frames)
    if frames.ndim != 4 or not len(frames):
        raise InputError(f"{name}: frames are [count, height, width, colours], one or more; found {list(frames.shape)}")
    check_range("frame rate", rate, 0.01, 1000, "frames per s")
    return Clip(Batch(frames, rate, name), name)


class Still:
    """A single picture, of no duration."""

    seconds, rate, has_sound, copyable, lost = 0.0, 0.0, False, False, ""

    def __init__(self, picture: Picture):
        self.picture, self.size = picture, picture.size

    def shots(self, start: float = 0.0) -> Iterator[Shot]:
        """The one frame."""
        yield Shot(0.0, lambda: self.picture, partial(_samples, self.picture.pixels))

    def sound(self) -> None:
        """Pictures have none."""


class Batch:
    """Frames [F, H, W, C] at a steady rate; see `clip_from_array`."""

    has_sound, copyable, lost = False, False, ""

    def __init__(self, frames: np.ndarray, rate: float, name: str):
        self.frames, self.name, self.size = frames, name, frames.shape[1:3]
        self._step = 1 / rate
        self.seconds, self.rate = (len(frames) / rate, rate) if len(frames) > 1 else (0.0, 0.0)

    def shots(self, start: float = 0.0) -> Iterator[Shot]:
        """Every frame from the one shown at `start` s on."""
        first = min(math.floor(start / self._step + 1e-6), len(self.frames) - 1)
        for index in range(first, len(self.frames)):
            pixels = self.frames[index]
            picture = partial(picture_from_array, pixels, self.name)
            yield Shot(index * self._step, picture, partial(_samples, pixels))

    def sound(self) -> None:
        """Pictures have none."""

    def digest(self, digest) -> None:
        """Feed the hash."""
        digest.update(f"{self.frames.dtype} {self.frames.shape} {self.rate}".encode())
        for frame in self.frames:
            digest.update(np.ascontiguousarray(frame))


def _samples(pixels: np.ndarray) -> np.ndarray:
    points = sampled(pixels)
    points = np.repeat(points, 3, axis=2) if points.shape[2] == 1 else points[..., :3]
    return points if points.dtype == np.uint8 else (points.clip(0, 1) * 255).astype(np.uint8)


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise MediaError(f"{path} is a folder, not a clip: name one file in it")
    if not path.exists():
        raise MediaError(f"{path} is missing: check the name and the folder")
    if not path.is_file():  # a pipe or a device could keep us reading for ever
        raise MediaError(f"{path} is not an ordinary file: copy the clip into one")
    if path.stat().st_size == 0:
        raise MediaError(f"{path} is empty (0 bytes): copy or download it again")


def _reel(path: Path) -> Reel:
    from . import animations, video

    Image.init()
    try:
        with Image.open(path, formats=[name for name in Image.ID if name not in FILMS]) as image:
            moving = animations.is_animation(image)
    except Image.UnidentifiedImageError:
        return video.Film(path)
    except Exception:
        return Still(load_picture(path))  # which says what is wrong
    return animations.Animation(path) if moving else Still(load_picture(path))
