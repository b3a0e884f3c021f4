"""Animated images in: GIF, WebP, APNG and AVIF, by Pillow, with the timing that a browser gives them.

A frame that asks for 10 ms or less is shown for 100 ms, as browsers do. What is transparent is laid over white, as in
stills. How often the file wants to be repeated is left out: a clip plays once.
"""

from __future__ import annotations

import bisect
import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from ..errors import MediaError
from ..types import Picture
from .cuts import SAME_TIME, Shot, sampled
from .images import ORIENTATIONS, picture_from_array

log = logging.getLogger(__name__)

FORMATS = ("GIF", "WEBP", "PNG", "AVIF")
"""Pillow's names of what can be animated; pages of a TIFF or the two eyes of an MPO are not frames in time."""

QUICKEST, INSTEAD = 10.0, 100.0
"""ms: what asks for this or less is shown for that long."""


class Animation:
    """The frames of an animated image, read one at a time. `size` (height, width); `seconds` and `rate` (mean frames
    per s) as played once; `lost` says what could not be read. Raises MediaError when not a single frame can be."""

    has_sound, copyable = False, False

    def __init__(self, path: Path):
        self.path, self.lost = path, ""
        times, self._first = [0.0], 0
        with _opened(path) as image:
            count, self.size = image.n_frames, image.size[::-1]
            self._orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
            if image.info.get("default_image"):  # an APNG's picture for programs that know no animation
                self._first = 1
            if image.info.get("icc_profile"):
                log.warning("%s: colour profiles are not applied to animations: colours are taken as sRGB", path)
            for index in range(self._first, count):
                try:
                    _sought(image, index)
                except Exception as error:  # over a damaged file decoders raise nearly everything there is
                    self.lost = f"frames {index + 1} to {count} of {count} could not be read ({_reason(error)})"
                    break
                times.append(times[-1] + _shown_for(image))
        if len(times) == 1:
            raise MediaError(f"{path} holds no frame that can be read; {self.lost}: copy or download it again")
        if self._orientation >= 5:
            self.size = self.size[::-1]
        *self._times, self.seconds = (time / 1000 for time in times)
        self.rate = len(self._times) / self.seconds

    def shots(self, start: float = 0.0) -> Iterator[Shot]:
        """Every frame from the one shown at `start` s on."""
        first = max(0, bisect.bisect_right(self._times, start + SAME_TIME) - 1)
        turned = ORIENTATIONS.get(self._orientation, ORIENTATIONS[1])
        with _opened(self.path) as image:
            for index, time in itertools.islice(enumerate(self._times), first, None):
                pixels = turned(np.asarray(_sought(image, self._first + index).convert("RGBA")))
                yield Shot(time, partial(self._picture, pixels), partial(self._sample, pixels))

    def sound(self) -> None:
        """Animated images have none."""

    def _picture(self, pixels: np.ndarray) -> Picture:
        return picture_from_array(pixels, self.path.stem)

    def _sample(self, pixels: np.ndarray) -> np.ndarray:
        points = sampled(pixels).astype(np.uint16)
        opacity = points[..., 3:]
        return ((points[..., :3] * opacity + 255 * (255 - opacity)) // 255).astype(np.uint8)


def is_animation(image: Image.Image) -> bool:
    """Whether an opened image has more than one frame in time."""
    return image.format in FORMATS and getattr(image, "n_frames", 1) - bool(image.info.get("default_image")) > 1


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except MediaError:
        raise
    except Exception as error:
        raise MediaError(f"{path} is damaged or cut short ({_reason(error)}): copy or download it again") from error


def _sought(image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    image.load()  # WebP tells how long a frame lasts only once it is decoded
    return image


def _shown_for(image: Image.Image) -> float:
    """ms."""
    stated = image.info.get("duration") or 0
    return stated if stated > QUICKEST else INSTEAD


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
