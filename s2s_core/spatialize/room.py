"""The shoebox around the listener: its presets, its walls, and where it mirrors a source.

Positions in m from the rear right floor corner, x forward, y left, z up. Walls in the order of WALLS. The images of a
shoebox have a closed form (Allen and Berkley 1979). Air swallows nothing here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import InputError, check_range
from ..types import Room

WALLS = ("rear wall", "front wall", "right wall", "left wall", "floor", "ceiling")

SPEED_OF_SOUND = 343.0
"""m/s, dry air at 20 degrees C."""

MOST_ABSORPTION = 0.95
"""Beyond it the statistics behind Eyring's formula mean nothing."""

LONGEST_T60 = 20.0
GROUND = 0.7
"""Share of the amplitude that open ground throws back."""

EAR_HEIGHT = 1.6
WALL_DISTANCE = 0.2
"""Nothing stands nearer to a wall than this, in m."""

SHORTEST_DECAY = 0.05

ROOMS = {
    room.name: room
    for room in (
        Room(name="living room"),
        Room((5.0, 4.0, 2.8), 0.2, name="studio"),
        Room((3.0, 2.5, 2.5), 0.7, name="bathroom"),
        Room((10.0, 8.0, 3.2), 0.6, name="classroom"),
        Room((30.0, 20.0, 12.0), 1.8, name="hall"),
        Room((70.0, 30.0, 25.0), 6.0, name="cathedral"),
        Room((80.0, 8.0, 5.0), 2.5, name="tunnel"),
        Room((60.0, 14.0, 12.0), 0.9, name="street"),
        Room((200.0, 200.0, 50.0), 0.0, name="outdoors"),
        Room((40.0, 40.0, 20.0), 0.6, name="forest"),
    )
}
"""Name -> room. Sizes and reverberation times are typical ones; the tests hold every one of them possible. A new one
goes to the end. The forest is a large box of foliage: three quarters of the energy pass through each side, and what the
trunks scatter back comes late, soft and from everywhere."""


def check(room: Room) -> None:
    """Raise InputError for a size, ears' place, reverberation time or absorption that no room can have."""
    for side, value in zip(("length", "width", "height"), room.size, strict=True):
        check_range(f"{side} of the {room.name}", value, 1.0, 1000.0, "m")
    for side, value, size in zip(("x", "y", "z"), listener(room), room.size, strict=True):
        check_range(f"the listener's {side} in the {room.name}", value, WALL_DISTANCE, size - WALL_DISTANCE, "m")
    if room.absorption is not None:
        _check_absorption(room)
    elif room.t60 != 0 and not shortest_t60(room) <= room.t60 <= LONGEST_T60:
        size = " x ".join(f"{side:g}" for side in room.size)
        raise InputError(
            f"T60 of the {room.name} is {room.t60:g} s; a room of {size} m can have {_possible(room)}, or 0 for the "
            "open air: choose another T60 or another size"
        )


def shortest_t60(room: Room) -> float:
    """s: the T60 of walls that absorb MOST_ABSORPTION."""
    return float(-0.161 * _volume(room) / (_areas(room).sum() * np.log(1 - MOST_ABSORPTION)))


def absorption(room: Room) -> np.ndarray:
    """Share of the energy that each wall swallows, [6, B]: in each octave band (B = 7) where the room has it, else the
    same everywhere (B = 1), from T60 by Eyring's formula. Not for the open air."""
    if room.absorption is not None:
        return np.array(room.absorption, float)
    return np.full((6, 1), 1 - np.exp(-0.161 * _volume(room) / (_areas(room).sum() * room.t60)))


def t60_of(room: Room) -> np.ndarray:
    """Reverberation time in s in each band of Room.OCTAVES, [7]: Eyring's formula with the mean absorption by area, or
    the room's T60 in all. inf where nothing is absorbed, 0 where everything is."""
    if room.absorption is None:
        return np.full(len(Room.OCTAVES), room.t60)
    areas = _areas(room)
    with np.errstate(divide="ignore", invalid="ignore"):
        decays = -np.log1p(-(areas @ absorption(room)) / areas.sum())
        return 0.161 * _volume(room) / (areas.sum() * decays)


def with_absorption(room: Room, shares: np.ndarray) -> Room:
    """The same room between walls that swallow `shares` [6, 7] of the energy, with the T60 that they give: the mean of
    500 and 1000 Hz. Raises InputError when no room can be so."""
    covered = replace(room, absorption=tuple(tuple(float(share) for share in wall) for wall in shares))
    covered = replace(covered, t60=_middle(t60_of(covered)))
    check(covered)
    return covered


def walls(room: Room) -> np.ndarray:
    """Amplitude factor of one reflection at each wall, [6, B] as `absorption`; in the open air only the floor
    reflects."""
    if room.t60 == 0:
        return np.array([[0.0], [0.0], [0.0], [0.0], [GROUND], [0.0]])
    return np.sqrt(1 - absorption(room))


def mixing_time(room: Room) -> float:
    """s after the direct sound when echoes fuse into reverberation: (20 V/S + 12) ms (Lindau et al. 2012)."""
    return (20 * _volume(room) / _areas(room).sum() + 12) / 1000


def decay(room: Room) -> float:
    """s after the direct sound when the room is silent: the longest reverberation down to -60 dB, or the echo of the
    ground."""
    ground = 2 * listener(room)[2] / SPEED_OF_SOUND
    return float(max(SHORTEST_DECAY, mixing_time(room) + t60_of(room).max() if room.t60 else ground))


def listener(room: Room) -> np.ndarray:
    """The ears' place [3]."""
    if room.listener is not None:
        return np.array(room.listener, float)
    length, width, height = room.size
    return np.array([length / 2, width / 2, min(EAR_HEIGHT, height / 2)])


def place(room: Room, azimuth: float, elevation: float, distance: float) -> np.ndarray:
    """A source's place [3]: degrees and m as the listener sees it, pulled nearer along its ray until it stands 0.2 m
    inside the walls. The open air has no walls but keeps its ground."""
    ears = listener(room)
    azimuth, elevation = np.radians([azimuth, elevation])
    ray = distance * np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    sides = np.array(room.size) - WALL_DISTANCE if room.t60 else np.full(3, np.inf)
    floors = np.array([WALL_DISTANCE] * 3 if room.t60 else [-np.inf, -np.inf, WALL_DISTANCE])
    away = np.abs(ray) > 1e-9
    reach = np.where(ray > 0, sides - ears, floors - ears)[away] / ray[away]
    return ears + ray * min(1.0, reach.min(initial=1.0))


def images(size: tuple[float, float, float], source: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """All images of up to `order` reflections: positions [I, 3] in m and hits on each wall [I, 6]; the source itself
    is among them.

    Cell n of an axis of length L holds nL + s (n even) or (n+1)L - s (n odd). Orders 1, 2, 3, 4, 6 give 7, 25, 63,
    129, 377 images.
    """
    span = np.arange(-order, order + 1)
    cells = np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3)
    cells = cells[np.abs(cells).sum(axis=1) <= order]
    size = np.asarray(size, float)
    positions = np.where(cells % 2 == 0, cells * size + source, (cells + 1) * size - source)
    near = np.where(cells >= 0, cells // 2, (1 - cells) // 2)
    far = np.where(cells >= 0, (cells + 1) // 2, -cells // 2)
    return positions, np.stack([near, far], axis=-1).reshape(-1, 6)


def _volume(room: Room) -> float:
    return float(np.prod(room.size))


def _areas(room: Room) -> np.ndarray:
    """m2 of each wall, [6]."""
    length, width, height = room.size
    return np.repeat([width * height, length * height, length * width], 2)


def _middle(t60: np.ndarray) -> float:
    """Mean of 500 and 1000 Hz."""
    return float(t60[[Room.OCTAVES.index(500), Room.OCTAVES.index(1000)]].mean())


def _possible(room: Room) -> str:
    return f"{np.ceil(shortest_t60(room) * 100) / 100:g} to {LONGEST_T60:g} s"


def _check_absorption(room: Room) -> None:
    lengths = [len(shares) for shares in room.absorption]
    if lengths != [len(Room.OCTAVES)] * len(WALLS):
        raise InputError(
            f"absorption of the {room.name} has {lengths} bands at its walls; allowed is {len(WALLS)} walls of "
            f"{len(Room.OCTAVES)} octave bands: give one number for each"
        )
    for wall, shares in zip(WALLS, room.absorption, strict=True):
        for octave, share in zip(Room.OCTAVES, shares, strict=True):
            check_range(f"absorption of the {wall} of the {room.name} at {octave} Hz", share, 0.0, 1.0)
    ringing = t60_of(room)
    for octave, t60 in zip(Room.OCTAVES, ringing, strict=True):
        if not shortest_t60(room) <= t60 <= LONGEST_T60:
            raise InputError(
                f"the walls of the {room.name} let it ring for {t60:.2g} s at {octave} Hz; a room of its size can have "
                f"{_possible(room)}: choose other materials"
            )
    if not np.isclose(room.t60, _middle(ringing), rtol=0.05):
        raise InputError(
            f"T60 of the {room.name} is {room.t60:g} s but its walls give {_middle(ringing):.3g} s at 500 and 1000 Hz: "
            "give that, or no absorption"
        )
