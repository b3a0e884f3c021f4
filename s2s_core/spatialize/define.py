"""A room from what a user chooses."""

from __future__ import annotations

from dataclasses import replace

from ..errors import InputError, check_choice
from ..types import Room
from .materials import AS_T60, with_materials
from .room import ROOMS, check, listener

CUSTOM = "custom"


def make_room(
    preset: str,
    size: tuple[float, float, float] | None = None,
    t60: float | None = None,
    *,
    walls: str = AS_T60,
    floor: str = AS_T60,
    ceiling: str = AS_T60,
    ears: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Room:
    """The room called `preset` in ROOMS, which `size` and `t60` do not change; or, for "custom", one of `size`
    (length, width, height) in m that rings for `t60` s (0 is the open air).

    `walls`, `floor` and `ceiling` are keys of MATERIALS: what is not "as T60" absorbs as that material does. `ears` is
    the listener's place (x, y, z) from the rear right floor corner in m; 0 leaves that coordinate as it is, in the
    middle and at ear height. Raises InputError for what cannot be.
    """
    check_choice("room", preset, (*ROOMS, CUSTOM))
    if preset != CUSTOM:
        made = ROOMS[preset]
    elif size is None or t60 is None:
        raise InputError("room is 'custom' but size or t60 is missing: give both, or choose another room")
    else:
        made = Room(tuple(float(side) for side in size), float(t60), name="custom room")
    check(made)
    if any(ears):
        usual = listener(made)
        made = replace(made, listener=tuple(float(own or there) for own, there in zip(ears, usual, strict=True)))
        check(made)
    return with_materials(made, walls, floor, ceiling)
