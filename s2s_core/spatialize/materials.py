"""What walls are made of: our names for measured materials.

The figures (Vorlaender, Auralization, 2008, annex) are those of the optional library pyroomacoustics, read from it.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError, check_choice
from ..models.libraries import need
from ..types import Room
from .room import absorption, with_absorption

LIBRARY = "pyroomacoustics>=0.10.1"
"""The oldest release that is built for every system."""

AS_T60 = "as T60"

MATERIALS = {
    AS_T60: "",
    "brick": "brick_wall_rough",
    "plaster, painted concrete": "hard_surface",
    "plasterboard": "plasterboard",
    "wood panels": "wooden_lining",
    "glass": "glass_window",
    "marble": "marble_floor",
    "tiles": "ceramic_tiles",
    "wooden floor": "stage_floor",
    "linoleum": "linoleum_on_concrete",
    "carpet": "carpet_6mm_open_cell_foam",
    "curtains": "curtains_cotton_0.5",
    "acoustic ceiling": "ceiling_fissured_tile",
    "rock wool": "rockwool_50mm_80kgm3",
    "audience": "audience_1.5_m2",
}
"""Our name -> the library's. "as T60" is no material: such a wall swallows what the room's T60 asks for."""


def coefficients(material: str) -> np.ndarray:
    """Share of the energy, 0..1, that a key of MATERIALS swallows in each band of Room.OCTAVES, [7]. Where the library
    ends below 8 kHz its last figure goes on. Raises DependencyError without the library."""
    check_choice("material", material, [name for name in MATERIALS if name != AS_T60])
    library = need("pyroomacoustics", LIBRARY, f"the material {material!r}")
    figures = library.Material(MATERIALS[material]).energy_absorption
    return np.clip(np.interp(np.log(Room.OCTAVES), np.log(figures["center_freqs"]), figures["coeffs"]), 0, 1)


def with_materials(room: Room, walls: str = AS_T60, floor: str = AS_T60, ceiling: str = AS_T60) -> Room:
    """`room` with its four walls, floor and ceiling of these keys of MATERIALS, and the T60 that follows.

    "as T60" everywhere gives `room` as it is. Raises InputError for the open air, which has no walls, and when the room
    would ring longer or shorter than any room can; DependencyError without the library.
    """
    names = (walls, walls, walls, walls, floor, ceiling)
    for where, name in zip(("walls", "floor", "ceiling"), (walls, floor, ceiling), strict=True):
        check_choice(f"material of the {where}", name, MATERIALS)
    if set(names) == {AS_T60}:
        return room
    if room.t60 == 0:
        raise InputError(
            f"the {room.name} preset is open air and has no walls to cover; allowed is {AS_T60!r} for walls, floor and "
            "ceiling: leave them so, or choose a room"
        )
    shares = np.broadcast_to(absorption(room), (len(names), len(Room.OCTAVES))).copy()
    for wall, name in enumerate(names):
        if name != AS_T60:
            shares[wall] = coefficients(name)
    return with_absorption(room, shares)
