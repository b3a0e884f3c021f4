"""Pictures whose truth is known: cards of a plain shape around the listener, over a tiled plain and under a sky.

Every pixel is a ray, so that depth and masks are exact. The lenses here are written apart from those of `locate`, so
that a mistake in either shows. A card faces the listener: its middle is seen at its direction, and all of it is about
as far away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from colorsys import hsv_to_rgb
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..errors import check_choice
from ..runtime import generator
from ..types import DepthMap, Picture, Region, Scene, SoundSource, Trajectory

EYE_HEIGHT = 1.6
"""m above the ground."""

FARTHEST = 100.0
"""m to the sky, and to where the plain ends in haze."""

VISIBLE = 0.25
"""A thing of which less than this share is seen counts as hidden."""

DISTANCES = (4.0, 20.0)
"""m between which things stand: nearer, their feet would be below an ordinary picture."""

COUNTS = (3, 5)

HAZE, SKY, GROUND = (np.array(colour) for colour in ((0.83, 0.87, 0.9), (0.3, 0.5, 0.85), (0.5, 0.48, 0.4)))
CLEAR = 60.0
"""m of haze after which 1/e of a colour is left."""

DARKER = 0.25
"""How much darker the odd parts of a texture are."""

FILM_WIDTH = 36.0
"""mm, what `Picture.focal_35mm` refers to."""

SHAPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "disc": lambda left, up: left**2 + up**2 <= 1,
    "box": lambda left, up: (abs(left) <= 1) & (abs(up) <= 1),
    "cone": lambda left, up: (up >= -2 / 3) & (abs(left) <= (4 / 3 - up) / 2),
}
"""Name -> which points of a card, in halves of the thing's size from its centre of area, belong to it."""

FEET = {"box": 1.0, "cone": 2 / 3}
"""Shape that stands on the ground -> how far its foot is below its middle. What is not here floats."""

TEXTURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "plain": lambda left, up: np.zeros_like(left),
    "checks": lambda left, up: np.floor(3 * left) + np.floor(3 * up),
    "stripes": lambda left, up: np.floor(4 * (left + up)),
    "rings": lambda left, up: np.floor(4 * np.hypot(left, up)),
}
"""Name -> whole numbers on a card: it is a little darker where they are odd."""


@dataclass(frozen=True)
class View:
    """How a scene is looked at: `size` (height, width) in pixels, `fov` in degrees as in `locate`, things within
    `reach` degrees to either side."""

    size: tuple[int, int]
    fov: float
    reach: float


VIEWS = {
    "perspective": View((384, 512), 70.0, 30.0),
    "equirectangular": View((384, 768), 360.0, 180.0),
    "fisheye": View((448, 448), 180.0, 70.0),
}
"""Projection -> its view."""


@dataclass(frozen=True)
class Thing:
    """`shape` and `texture` are keys of SHAPES and TEXTURES; angles in degrees, `distance` and `size` (from side to
    side) in m, `colour` sRGB 0..1."""

    shape: str
    azimuth: float
    elevation: float
    distance: float
    size: float
    colour: tuple[float, float, float] = (0.8, 0.2, 0.2)
    texture: str = "plain"


def make(projection: str, seed: int, number: int = 0) -> Scene:
    """The scene of that `number` of a seed, with 3 to 5 things that do not hide each other; see `draw`."""
    check_choice("projection", projection, VIEWS)
    return draw(scatter(projection, generator(seed, number)), projection, f"scene {number + 1} ({projection})")


def scatter(projection: str, random: np.random.Generator) -> tuple[Thing, ...]:
    """Things side by side, each somewhere in its own sector of the view: boxes and cones on the ground, discs above."""
    count, reach = int(random.integers(*COUNTS, endpoint=True)), VIEWS[projection].reach
    sector, first_hue = 2 * reach / count, random.uniform()
    things = []
    for i in range(count):
        shape, texture = (str(random.choice(list(table))) for table in (SHAPES, TEXTURES))
        half = random.uniform(0.25, 0.4) * min(sector, 30.0)  # degrees from the middle of the thing to its side
        distance = float(np.exp(random.uniform(*np.log(DISTANCES))))
        radius = distance * math.tan(math.radians(half))
        elevation = random.uniform(8, 14)
        if shape in FEET:
            elevation = math.degrees(math.asin((FEET[shape] * radius - EYE_HEIGHT) / distance))
        azimuth = reach - sector * (i + 0.5) + random.uniform(-1, 1) * (sector / 2 - half) * 0.8
        colour = hsv_to_rgb((first_hue + i / count) % 1, 0.8, random.uniform(0.6, 0.9))
        things.append(Thing(shape, azimuth, elevation, distance, 2 * radius, colour, texture))
    return tuple(things)


def draw(things: Sequence[Thing], projection: str = "perspective", name: str = "scene") -> Scene:
    """The picture of `things`, its depth (metres along the axis in perspective, else along the ray), and for each
    thing that is seen a Region, exactly its visible pixels, and the SoundSource that it is in truth.

    Where things overlap the nearer one hides the other; one of which less than a quarter is seen, the rest hidden or
    outside the picture, is not among regions and sources. Raises InputError for a projection not in VIEWS.
    """
    check_choice("projection", projection, VIEWS)
    parts = [_look(things, _rays(projection, u, v)).colours for u, v in product((0.25, 0.75), repeat=2)]
    rays = _rays(projection, 0.5, 0.5)
    seen = _look(things, rays)
    depth, focal = DepthMap(seen.distances.astype(np.float32), "radial"), None
    if projection == "perspective":
        depth = DepthMap((seen.distances * rays[..., 0]).astype(np.float32), "axial")
        focal = FILM_WIDTH / 2 / math.tan(math.radians(VIEWS[projection].fov / 2))
    regions, sources = [], []
    for i, thing in enumerate(things):
        mask, label = seen.owner == i, f"{thing.shape} {i + 1}"
        if 0 < VISIBLE * seen.unhidden[i] <= np.count_nonzero(mask):
            width = 2 * math.degrees(math.atan(thing.size / 2 / thing.distance))
            place = Trajectory.still(thing.azimuth, thing.elevation, thing.distance)
            regions.append(Region(mask, label))
            sources.append(SoundSource(label, place, width))
    pixels = np.mean(parts, axis=0).astype(np.float32)
    return Scene(tuple(sources), Picture(pixels, name, focal), tuple(regions), depth)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What rays meet, each [H, W]: `distances` along them in m, `owner` the thing or -1, `colours` [H, W, 3];
    `unhidden` how many rays each thing would stop if it stood alone."""

    distances: np.ndarray
    owner: np.ndarray
    colours: np.ndarray
    unhidden: tuple[int, ...]


def _look(things: Sequence[Thing], rays: np.ndarray) -> _Seen:
    nearest, colours = _world(rays)
    ground, owner, unhidden = nearest, np.full(nearest.shape, -1), []
    for i, thing in enumerate(things):
        distance, left, up = _card(thing, rays)
        inside = SHAPES[thing.shape](left, up) & (distance < ground)
        unhidden.append(int(np.count_nonzero(inside)))
        hit = inside & (distance < nearest)
        dark = TEXTURES[thing.texture](left[hit], up[hit]) % 2
        light = (1 + 0.12 * (left[hit] + up[hit]) / 2) * (1 - DARKER * dark)  # from the upper left
        colours[hit] = _hazy(light[:, None] * thing.colour, distance[hit])
        nearest, owner = np.where(hit, distance, nearest), np.where(hit, i, owner)
    return _Seen(nearest, owner, colours.clip(0, 1), tuple(unhidden))


def _world(rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m to the plain or the sky [H, W], colours [H, W, 3]): tiles of a metre that fade, and a sky paler towards the
    horizon."""
    down = np.maximum(-rays[..., 2], EYE_HEIGHT / FARTHEST)
    distance = np.where(rays[..., 2] < 0, EYE_HEIGHT / down, FARTHEST)
    odd = np.floor(rays[..., :2] * distance[..., None]).sum(axis=-1) % 2
    tiles = GROUND * (1 + 0.15 * (odd - 0.5) * np.exp(-distance / 12))[..., None]
    height = np.sqrt(rays[..., 2].clip(0, 1))[..., None]
    sky = HAZE + (SKY - HAZE) * height
    return distance, np.where(rays[..., 2:] < 0, _hazy(tiles, distance), sky)


def _hazy(colours: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Colours [..., 3] seen through `distance` m of haze."""
    return HAZE + (colours - HAZE) * np.exp(-distance / CLEAR)[..., None]


def _rays(projection: str, u: float, v: float) -> np.ndarray:
    """Unit vectors [H, W, 3] through the points (u, v) of all pixels, 0.5 being their middles."""
    (height, width), fov = VIEWS[projection].size, math.radians(VIEWS[projection].fov)
    left, up = np.meshgrid(width / 2 - u - np.arange(width), height / 2 - v - np.arange(height))
    if projection == "equirectangular":
        around, above = left * fov / width, up * math.pi / height
        rays = [np.cos(above) * np.cos(around), np.cos(above) * np.sin(around), np.sin(above)]
    elif projection == "fisheye":
        off_axis, turn = np.hypot(left, up) * fov / min(height, width), np.arctan2(up, left)
        rays = [np.cos(off_axis), np.sin(off_axis) * np.cos(turn), np.sin(off_axis) * np.sin(turn)]
    else:
        step = 2 * math.tan(fov / 2) / max(height, width)
        length = np.sqrt(1 + (left**2 + up**2) * step**2)
        rays = [1 / length, left * step / length, up * step / length]
    return np.stack(rays, axis=-1)


def _card(thing: Thing, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where rays meet the plane of a thing's card, [H, W] each: m along the ray (inf behind), and the point's place to
    the left of and above the middle, in halves of the thing's size."""
    azimuth, elevation = math.radians(thing.azimuth), math.radians(thing.elevation)
    level, height = math.cos(elevation), math.sin(elevation)
    ahead = rays @ np.array([level * math.cos(azimuth), level * math.sin(azimuth), height])
    distance = np.where(ahead > 0, thing.distance / np.where(ahead > 0, ahead, 1.0), np.inf)
    scale = np.where(ahead > 0, distance, 0.0) / (thing.size / 2)
    left = scale * (rays @ np.array([-math.sin(azimuth), math.cos(azimuth), 0.0]))
    up = scale * (rays @ np.array([-height * math.cos(azimuth), -height * math.sin(azimuth), level]))
    return distance, left, up
