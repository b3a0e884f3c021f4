"""Small moving pictures whose every frame tells which one it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

RATE = 10
SIZE = (48, 64)
MILLISECOND = Fraction(1, 1000)


def numbered(index: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Frame `index` [H, W, 3] uint8: grey of 8 * index + 20 on the left, red on the upper right, blue below."""
    height, width = size
    frame = np.full((height, width, 3), 8 * index + 20, np.uint8)
    frame[: height // 2, width // 2 :] = (200, 0, 0)
    frame[height // 2 :, width // 2 :] = (0, 0, 200)
    return frame


def number(pixels: np.ndarray) -> int:
    """Which `numbered` frame pixels [H, W, 3] 0..1 show."""
    height, width = pixels.shape[:2]
    return round((255 * pixels[height // 4 : -height // 4, width // 8 : width * 3 // 8].mean() - 20) / 8)


def film(
    path: Path,
    frames: list[np.ndarray],
    codec: str = "mpeg4",
    *,
    pixels: str = "yuv420p",
    times: list[int] | None = None,
    sound: float = 0.0,
    container: str | None = None,
    options: dict[str, str] | None = None,
    key_every: int = 5,
    change=lambda stream: None,
) -> Path:
    """Write frames at RATE, or at `times` in ms, with `sound` s of a tone."""
    with av.open(str(path), "w", format=container, options=options or {}) as out:
        stream = out.add_stream(codec, rate=RATE)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixels
        stream.codec_context.gop_size, stream.bit_rate = key_every, 2_000_000
        if times:
            stream.time_base = stream.codec_context.time_base = MILLISECOND
        change(stream)
        voice = out.add_stream("aac", rate=48000, layout="stereo") if sound else None
        for index, pixels_in in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_in), format="rgb24")
            if times:
                frame.pts, frame.time_base = times[index], MILLISECOND
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if voice:
            tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(48000 * sound)) / 48000).astype(np.float32)
            for start in range(0, len(tone), 1024):
                block = np.stack([tone[start : start + 1024]] * 2)
                frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
                frame.sample_rate, frame.pts = 48000, start
                out.mux(voice.encode(frame))
            out.mux(voice.encode(None))
    return path


def animation(path: Path, frames: list[np.ndarray], milliseconds: list[int], **options) -> Path:
    """Write a GIF, WebP or PNG by its suffix."""
    first, *rest = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=True, append_images=rest, duration=milliseconds, **options)
    return path
