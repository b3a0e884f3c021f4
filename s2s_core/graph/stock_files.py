"""Files of the stock nodes: found where ComfyUI would look, decoded into arrays, written under ComfyUI's names."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, MediaError, See2SoundError
from ..runtime import HeadlessRuntime, Runtime, current

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

KINDS = ("input", "output", "temp")
NO_MASK = (64, 64)
"""Size of the empty mask that goes with a picture without transparency; ComfyUI's own choice."""

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
"""What a number of channels is taken for, by FFmpeg's names."""


def host() -> Runtime:
    """The runtime that the graph runs in; a headless one with default folders outside of a run."""
    return current() or HeadlessRuntime()


def found(name: str, wanted: str) -> Path:
    """The file that `name` means for the input `wanted`: in the input folder (or another, with ` [output]` or ` [temp]`
    after the name), else as a path of its own. Raises MediaError naming both places."""
    kind, plain = "input", str(name)
    for suffix in KINDS:
        if plain.endswith(f" [{suffix}]"):
            kind, plain = suffix, plain[: -len(suffix) - 3]
    places = [host().folder(kind) / plain, Path(plain)]
    for path in places:
        if path.is_file():
            return path
    tried = " nor ".join(dict.fromkeys(str(path.absolute()) for path in places))
    raise MediaError(f"input {wanted} is {name!r}; there is no file {tried}: check the name, or name the input folder")


def read_frames(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """All frames of a picture file, upright: (pixels [H, W, 3], mask [H, W] = 1 where transparent), float32 0..1.

    Without any transparency the masks are zeros of size `NO_MASK`. Frames of another size than the first are left out,
    with a warning. Raises MediaError when the file is no picture or is damaged.
    """
    from PIL import Image, ImageOps, ImageSequence

    frames = []
    try:
        with Image.open(path) as file:
            # The further pictures of an MPO are other views or thumbnails, not frames.
            count = 1 if file.format == "MPO" else getattr(file, "n_frames", 1)
            with host().progress(f"reading {path.name}", count) as bar:
                for _, frame in zip(range(count), ImageSequence.Iterator(file), strict=False):
                    frames.append(_decoded(ImageOps.exif_transpose(frame), path))
                    bar.step()
    except See2SoundError:
        raise
    except Exception as error:  # over a damaged file decoders raise nearly everything there is
        reason = " ".join(str(error).split()) or type(error).__name__
        raise MediaError(f"{path} is not a picture, or is damaged ({reason}): save it again as PNG or JPEG") from error
    same = [frame for frame in frames if frame[0].shape == frames[0][0].shape]
    if len(same) < len(frames):
        log.warning("%s: %d frames of another size were left out", path, len(frames) - len(same))
    opaque = NO_MASK if all(mask is None for _, mask in same) else same[0][0].shape[:2]
    return [(pixels, np.zeros(opaque, np.float32) if mask is None else mask) for pixels, mask in same]


def _decoded(frame: Image.Image, path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    if frame.mode == "F" or frame.mode.startswith("I"):  # Pillow would cut grey of 16 bits down to its lowest 8
        values = np.asarray(frame, np.float32) / (1 if frame.mode == "F" else 65535)
        if not (values.min() >= 0 and values.max() <= 1):
            raise MediaError(
                f"{path} has grey values beyond {'0 to 1' if frame.mode == 'F' else '16 bits'}: rescale it"
            )
        return np.repeat(values[..., None], 3, axis=2), None
    pixels = np.asarray(frame.convert("RGB"), np.float32) / 255
    if not frame.has_transparency_data:
        return pixels, None
    return pixels, 1 - np.asarray(frame.convert("RGBA").getchannel("A"), np.float32) / 255


def to_bytes(pixels: np.ndarray) -> np.ndarray:
    """[H, W, 3 or 4] 0..1 -> uint8 as ComfyUI's own node rounds (down). Beyond 0..1 is limited, with a warning."""
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise InputError(f"images have shape {list(pixels.shape)} each; allowed is [height, width, 3 or 4]")
    if not np.isfinite(pixels).all():
        raise InputError("images hold values that are not finite (NaN or infinite); allowed is 0 to 1")
    if pixels.size and (pixels.min() < 0 or pixels.max() > 1):
        log.warning("pixels from %.3g to %.3g were limited to 0..1", pixels.min(), pixels.max())
    return (pixels * 255).clip(0, 255).astype(np.uint8)


def layout_of(samples: np.ndarray) -> str:
    """FFmpeg's name of what so many channels [C, T] usually are; InputError for other numbers."""
    if len(samples) not in LAYOUTS:
        raise InputError(f"audio has {len(samples)} channels; allowed is {', '.join(map(str, LAYOUTS))}")
    return LAYOUTS[len(samples)]


def new_path(kind: str, prefix: str, suffix: str, words: Mapping[str, Any]) -> Path:
    """The next free name for `prefix`, in which `words` may stand between %; the host adds its own, such as %year%."""
    for word, value in words.items():
        prefix = prefix.replace(f"%{word}%", str(value))
    stem = host().new_name(kind, prefix)
    return stem.with_name(stem.name + suffix)


def entry(path: Path, kind: str) -> dict[str, str]:
    """How a node tells the user of a file."""
    folder = path.parent.relative_to(os.path.abspath(host().folder(kind)))  # not resolved: a link keeps its name
    return {"filename": path.name, "subfolder": "" if folder == Path(".") else folder.as_posix(), "type": kind}
