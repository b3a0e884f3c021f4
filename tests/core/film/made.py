"""Small clips, and the models that need no weights."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from see2sound_nodes.s2s_core import depth, generate, models, segment
from see2sound_nodes.s2s_core.media.clips import clip_from_array
from see2sound_nodes.s2s_core.pipeline import Settings
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from ..crossing import Thing, frame

SECONDS, FPS = 3.0, 8
RED = Thing("red", (0.8, 0.15, 0.1), -25, 25, nearness=0.9, seconds=SECONDS)
BLUE = Thing("blue", (0.1, 0.2, 0.8), 25, -25, nearness=0.4, seconds=SECONDS)
SETTINGS = Settings(count=2, scene="landscape")


def loaded(room, runtime):
    table, name = {
        "segment": (segment.BACKENDS, SETTINGS.segmenter),
        "depth": (depth.BACKENDS, SETTINGS.depth_model),
        "generate": (generate.BACKENDS, SETTINGS.generator),
    }[room]
    return models.load(room, table, name, runtime, "error")


@cache
def crossing():
    """(frames [24, 180, 320, 3] uint8, masks [24, 180, 320] bool of what is seen of RED, and of BLUE)."""
    seen = [frame((RED, BLUE), number / FPS) for number in range(round(SECONDS * FPS))]
    pixels = np.stack([np.rint(picture.pixels * 255).astype(np.uint8) for picture, _, _ in seen])
    shown = [{region.label: region.mask for region in regions} for _, regions, _ in seen]
    hidden = np.zeros(pixels.shape[1:3], bool)
    return pixels, *(np.stack([masks.get(name, hidden) for masks in shown]) for name in ("red", "blue"))


def crossing_clip(step=1):
    """The clip, with every `step`-th row and column."""
    return clip_from_array(crossing()[0][:, ::step, ::step], FPS, "crossing")


COLOURS = (210, 40, 30), (30, 50, 200)


def discs(count, size=(48, 64), colours=COLOURS):
    """`count` frames [H, W, 3] uint8: one disc goes right, the other one left."""
    y, x = np.mgrid[: size[0], : size[1]]
    frames = []
    for number in range(count):
        pixels = np.full((*size, 3), 140, np.uint8)
        pixels[..., 1] += (x % 7).astype(np.uint8)
        pixels[np.hypot(x - 12 - number, y - 16) < 9] = colours[0]
        pixels[np.hypot(x - 46 + number, y - 34) < 7] = colours[1]
        frames.append(pixels)
    return frames


def host(folder, **options):
    return HeadlessRuntime("cpu", {"temp": folder / "temp"}, **options)


def settings(**given):
    return replace(SETTINGS, **given)
