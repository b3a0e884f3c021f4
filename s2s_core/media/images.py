"""Still pictures in and out: any file or array that Pillow or ComfyUI may hand over becomes an upright, opaque sRGB
`Picture`.

What is transparent is laid over white, as a browser shows it, and not over whatever colour the file hides beneath.
Only the first frame of an animation is read.
"""

from __future__ import annotations

import logging
import math
import struct
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from ..errors import InputError, MediaError
from ..files import whole_file
from ..types import Picture

log = logging.getLogger(__name__)

# Just under the count at which Pillow itself begins to warn of a decompression bomb.
MOST_PIXELS = 89_000_000

# What to do to the rows and columns as stored, by the EXIF tag Orientation, so that the picture stands upright.
ORIENTATIONS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}

# A little beyond 0..1 is the overshoot of a resampling filter; further out it is another scale, such as 0..255.
OVERSHOOT = 0.5


def load_picture(path: str | Path) -> Picture:
    """Read a picture file: turned upright by its EXIF tag, converted to sRGB by its embedded profile, laid over white
    where it is transparent. Grey of 16 bits and floating point (0..1) keeps its precision; colour is read at 8 bits.

    `name` is the file's stem, `focal_35mm` comes from EXIF (None when absent or 0). A profile or an EXIF block that
    cannot be used is left out with a warning in the log. Raises MediaError when the file is missing, not a picture,
    damaged, too large (`MOST_PIXELS`), or holds numbers whose scale is unknown; InputError when a side is too short.
    """
    path = Path(path)
    image = _open(path)
    # After decoding: Pillow turns a TIFF by itself while it decodes, and then drops the tag.
    orientation, focal_35mm = _exif(image, path)
    pixels = ORIENTATIONS.get(orientation, ORIENTATIONS[1])(_srgb(image, path))
    return Picture(np.ascontiguousarray(pixels), path.stem, focal_35mm)


def picture_from_array(pixels: np.ndarray, name: str = "picture") -> Picture:
    """A Picture from [H, W, 1 | 3 | 4] (grey, RGB, RGB with opacity): uint8 0..255, or floating point 0..1.

    What is transparent is laid over white. Floating point that oversteps 0..1 a little, as resampling does, is limited
    with a warning in the log; more than `OVERSHOOT` raises InputError, as do other shapes and types.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        raise InputError(f"{name}: pixels are [height, width, 1, 3 or 4]; found {list(pixels.shape)}")
    if pixels.dtype == np.uint8:
        pixels = pixels.astype(np.float32) / 255
    elif np.issubdtype(pixels.dtype, np.floating):
        pixels = _within_range(pixels.astype(np.float32), name)
    else:
        raise InputError(f"{name}: pixels are uint8 (0 to 255) or floating point (0 to 1); found {pixels.dtype}")
    colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[..., :3]
    return Picture(_over_white(colour, pixels[..., 3]) if pixels.shape[2] == 4 else colour, name)


def save_png(path: Path, pixels: np.ndarray | Image.Image) -> None:
    """Write a PNG, whole or not at all: [H, W, 3] float 0..1 or uint8, or a Pillow image as the figures are.

    Raises InputError on pixels outside 0..1, OutputError when the file system refuses.
    """
    if not isinstance(pixels, Image.Image):
        pixels = np.asarray(pixels)
        if pixels.dtype != np.uint8:
            if not (pixels.min() >= 0 and pixels.max() <= 1):
                found = f"{pixels.min():g} to {pixels.max():g}"
                raise InputError(f"{Path(path).name}: pixels to be written go from 0 to 1; found {found}")
            pixels = np.rint(pixels * 255).astype(np.uint8)
        pixels = Image.fromarray(pixels)
    with whole_file(path) as file:
        pixels.save(file, "PNG")


def _open(path: Path) -> Image.Image:
    """The decoded first frame; everything that a file can do wrong becomes one line."""
    try:
        if path.is_dir():
            raise MediaError(f"{path} is a folder, not a picture: name one file in it")
        if path.exists() and not path.is_file():  # a pipe or a device could keep us reading for ever
            raise MediaError(f"{path} is not an ordinary file: copy the picture into one")
        data = path.read_bytes()
    except MediaError:
        raise
    except FileNotFoundError as error:
        raise MediaError(f"{path} is missing: check the name and the folder") from error
    except OSError as error:
        raise MediaError(f"{path} may not be read ({error.strerror}): check name, permissions and disk") from error
    if not data:
        raise MediaError(f"{path} is empty (0 bytes): copy or download it again")
    too_many = f"allowed are {MOST_PIXELS:,}: shrink it"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower, and an error
            image = Image.open(BytesIO(data))
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise MediaError(f"{path} has {width} x {height} = {width * height:,} pixels; {too_many}")
        image.load()
        return image
    except MediaError:
        raise
    except Image.DecompressionBombError as error:
        raise MediaError(f"{path} has far too many pixels; {too_many}") from error
    except UnidentifiedImageError as error:
        raise MediaError(
            f"{path} is not a picture that Pillow can read, whatever its name says: save it as PNG, JPEG or WebP"
        ) from error
    except Exception as error:  # over a damaged file decoders raise nearly everything there is
        reason = " ".join(str(error).split()) or type(error).__name__
        raise MediaError(f"{path} is damaged or cut short ({reason}): copy or download it again") from error


def _exif(image: Image.Image, path: Path) -> tuple[int, float | None]:
    """(orientation 1..8, focal length in mm as on 35 mm film or None)."""
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        tag = ExifTags.Base.FocalLengthIn35mmFilm
        focal = float(exif.get_ifd(ExifTags.IFD.Exif).get(tag) or exif.get(tag) or 0)
    except (SyntaxError, LookupError, ValueError, TypeError, ArithmeticError, OSError, struct.error) as error:
        log.warning("%s: its EXIF block cannot be read (%s): taken as upright, lens unknown", path, error)
        return 1, None
    return orientation, focal if math.isfinite(focal) and focal > 0 else None


def _srgb(image: Image.Image, path: Path) -> np.ndarray:
    """Pixels [H, W, 3] float32 0..1 as stored (not yet upright), in sRGB, over white."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _deep_grey(image, path)
    transparent = image.has_transparency_data
    profile = image.info.get("icc_profile")
    opacity = image.convert("RGBA").getchannel("A") if transparent else None
    if image.mode == "LA":
        image = image.convert("L")
    elif transparent or image.mode == "P":  # a profile describes colours, not a palette or colours with opacity
        image = image if image.mode == "L" else image.convert("RGBA").convert("RGB")
    if profile or image.mode == "LAB":
        image = _through_profile(image, profile, path)
    try:
        pixels = np.asarray(image.convert("RGB"), np.float32) / 255
    except ValueError as error:
        raise MediaError(f"{path} has colours of a kind ({image.mode}) that cannot be read: save it as RGB") from error
    return _over_white(pixels, np.asarray(opacity, np.float32) / 255) if transparent else pixels


def _through_profile(image: Image.Image, profile: bytes | None, path: Path) -> Image.Image:
    """The image in sRGB; unchanged, with a warning, when its profile is broken or made for other colours."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ImportError) as error:
        log.warning("%s: its colour profile cannot be used (%s): colours are taken as sRGB", path, error)
        return image


def _deep_grey(image: Image.Image, path: Path) -> np.ndarray:
    """Grey of 16 bits (modes I;16 and, where files are wider than their numbers, I) or floating point, as [H, W, 3]."""
    if image.info.get("icc_profile"):
        log.warning("%s: colour profiles are not applied to grey of more than 8 bits", path)
    values = np.asarray(image, np.float64)
    if image.mode != "F":
        opaque = values != image.info.get("transparency", np.nan)
        values = np.where(opaque, values, 65535) / 65535
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= 1):
        scale, found = (1, "floating point") if image.mode == "F" else (65535, "integers")
        raise MediaError(
            f"{path} holds {found} from {low * scale:g} to {high * scale:g}; allowed are 0 to {scale}: "
            "rescale it or save it with 8 or 16 bits"
        )
    return np.repeat(values.astype(np.float32)[..., None], 3, axis=2)


def _within_range(pixels: np.ndarray, name: str) -> np.ndarray:
    low, high = (pixels.min(), pixels.max()) if pixels.size else (0, 0)
    if not np.isfinite([low, high]).all():
        raise InputError(f"{name} has pixels that are not finite (NaN or infinite); allowed is 0 to 1")
    if low < -OVERSHOOT or high > 1 + OVERSHOOT:
        raise InputError(f"{name} has pixels from {low:g} to {high:g}; allowed is 0 to 1: divide by the largest value")
    if low < 0 or high > 1:
        log.warning("%s: pixels from %.3g to %.3g were limited to 0..1", name, low, high)
    return pixels.clip(0, 1)


def _over_white(colour: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    return colour * opacity[..., None] + (1 - opacity[..., None])
