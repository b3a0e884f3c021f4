"""Pictures of the result: the regions, the directions, the plan of the room, the channels.

One table; a source has the same number and colour in every figure. Drawn with Pillow alone, byte for byte the same each
time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from ..errors import InputError, check_choice
from ..types import DepthMap, Layout, Scene
from .channels import channel_strips
from .plan import room_plan
from .regions import regions_overlay
from .scores import score_bars
from .sphere import viewing_sphere
from .style import PAPER, WIDTH

__all__ = [
    "ALL",
    "FIGURES",
    "available",
    "channel_strips",
    "depth_preview",
    "draw",
    "regions_overlay",
    "room_plan",
    "score_bars",
    "viewing_sphere",
]

ALL = "all"


def _regions(scene: Scene) -> Image.Image:
    return regions_overlay(scene.picture, scene.regions)


def _sphere(scene: Scene) -> Image.Image:
    return viewing_sphere(scene.sources, _loudspeakers(scene))


def _plan(scene: Scene) -> Image.Image:
    return room_plan(scene.room, scene.sources, _loudspeakers(scene))


def _loudspeakers(scene: Scene) -> Layout | None:
    """What the mix is for, if that stands around the listener."""
    layout = scene.surround and scene.surround.layout
    return layout if layout and layout.kind == "speakers" else None


def _channels(scene: Scene) -> Image.Image:
    return channel_strips(scene.surround)


# Name -> (what of a Scene it cannot be drawn without, how it is drawn)
FIGURES: dict[str, tuple[tuple[str, ...], Callable[[Scene], Image.Image]]] = {
    "regions": (("picture", "regions"), _regions),
    "sphere": (("sources",), _sphere),
    "plan": (("sources", "room"), _plan),
    "channels": (("surround",), _channels),
}


def draw(scene: Scene, figure: str) -> Image.Image:
    """One of FIGURES as an RGB image WIDTH pixels wide, or `ALL` that the scene has the values for on one sheet,
    two to a row.

    Raises InputError for another name, or when the scene lacks what the figure shows.
    """
    check_choice("figure", figure, (ALL, *FIGURES))
    if figure == ALL:
        return _sheet([draw(scene, name) for name in available(scene)])
    needs, paint = FIGURES[figure]
    if missing := _missing(scene, needs):
        raise InputError(
            f"the figure {figure!r} shows {' and '.join(needs)}; {' and '.join(missing)} not given: "
            f"connect that, or choose {ALL!r} for the figures that can be drawn"
        )
    return paint(scene)


def available(scene: Scene) -> tuple[str, ...]:
    """The names of the figures that the scene has the values for."""
    return tuple(name for name, (needs, _) in FIGURES.items() if not _missing(scene, needs))


def _sheet(drawn: list[Image.Image]) -> Image.Image:
    """Two to a row, so that it is nearly square and fits a node's preview."""
    rows = [drawn[first : first + 2] for first in range(0, len(drawn), 2)]
    heights = [max(image.height for image in row) for row in rows]
    sheet = Image.new("RGB", (WIDTH * max(map(len, rows)), sum(heights)), PAPER)
    for number, row in enumerate(rows):
        for column, image in enumerate(row):
            sheet.paste(image, (WIDTH * column, sum(heights[:number])))
    return sheet


def _missing(scene: Scene, needs: tuple[str, ...]) -> list[str]:
    return [need for need in needs if getattr(scene, need) is None]


def depth_preview(depth: DepthMap) -> np.ndarray:
    """A depth map in grey, [H, W, 3] float32 0..1: the nearest white, the farthest black.

    Relative depth goes evenly from its lowest to its highest value; metres are shown by their inverse, as relative
    depth is (0 or less, which is no distance, is black). A map that is the same everywhere is mid-grey.
    """
    values = depth.values.astype(np.float64)
    if depth.unit != "inverse":
        values = np.divide(1, values, out=np.zeros_like(values), where=values > 0)
    low, high = values.min(), values.max()
    grey = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
    return np.repeat(grey.astype(np.float32)[..., None], 3, axis=2)
