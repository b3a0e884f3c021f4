"""A clip whose truth is known: textured things on straight paths past a textured wall, the nearer in front."""

from dataclasses import dataclass

import numpy as np
from see2sound_nodes.s2s_core.types import DepthMap, Picture, Region

SIZE = (180, 320)
FOCAL = 160 / np.tan(np.radians(30))  # pixels, of the usual lens across 320


@dataclass(frozen=True)
class Thing:
    """From azimuth `start` to `stop` degrees at an even angular speed in `seconds`, `radius` pixels, at `row`;
    `nearness` 0..1 (the wall is 0)."""

    label: str
    colour: tuple[float, float, float]
    start: float
    stop: float
    row: float = 90.0
    radius: float = 24.0
    nearness: float = 0.5
    seconds: float = 6.0
    square: bool = False

    def azimuth(self, time):
        return self.start + (self.stop - self.start) * np.asarray(time) / self.seconds

    def shape(self, time):
        y, x = np.ogrid[: SIZE[0], : SIZE[1]]
        across = np.abs(x + 0.5 - (SIZE[1] / 2 - FOCAL * np.tan(np.radians(self.azimuth(time)))))
        down = np.abs(y + 0.5 - self.row)
        return np.maximum(across, down) < self.radius if self.square else np.hypot(across, down) < self.radius


def wall():
    random = np.random.default_rng(5)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    grey = 0.55 + 0.04 * np.sin(x / 23) + 0.04 * np.cos(y / 31)
    return (grey[..., None] + random.normal(0, 0.01, (*SIZE, 1))).astype(np.float32).repeat(3, axis=2)


def frame(things, time):
    """(picture, regions of what is visible, depth) at `time` in s; the wall is the background."""
    pixels, nearness = wall(), np.zeros(SIZE, np.float32)
    owner = np.full(SIZE, -1)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    for i in sorted(range(len(things)), key=lambda i: things[i].nearness):
        shape = things[i].shape(time)
        grain = 0.03 * np.sin(x[shape] / 3 + i) * np.sin(y[shape] / 4)
        pixels[shape] = np.array(things[i].colour, np.float32) + grain[:, None]
        nearness[shape], owner[shape] = things[i].nearness, i
    masks = [(thing.label, owner == i, False) for i, thing in enumerate(things)] + [("background", owner == -1, True)]
    regions = [Region(mask, label, score=0.8, background=behind) for label, mask, behind in masks if mask.any()]
    return Picture(pixels.clip(0, 1)), regions, DepthMap(nearness)
