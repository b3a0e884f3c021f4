"""What walls are made of: every name is one of the library's, and rooms follow from it."""

import sys

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import DependencyError, InputError
from see2sound_nodes.s2s_core.spatialize import ROOMS, materials, room
from see2sound_nodes.s2s_core.spatialize.materials import AS_T60, MATERIALS, with_materials
from see2sound_nodes.s2s_core.types import Room

NAMES = [name for name in MATERIALS if name != AS_T60]


@pytest.mark.parametrize("name", NAMES)
def test_every_material_is_in_the_library(name):
    import pyroomacoustics

    theirs = pyroomacoustics.Material(MATERIALS[name]).absorption_coeffs
    ours = materials.coefficients(name)
    assert ours[: len(theirs)] == pytest.approx(np.clip(theirs, 0, 1))
    assert ours[len(theirs) :] == pytest.approx(theirs[-1])
    assert ours.shape == (7,) and (ours > 0).all() and (ours <= 1).all()


def test_names_are_plain_and_no_two_are_alike():
    assert list(MATERIALS)[0] == AS_T60
    assert len(set(MATERIALS.values())) == len(MATERIALS)


def test_as_t60_everywhere_is_the_room_itself():
    for plain in ROOMS.values():
        assert with_materials(plain) is plain


def test_walls_floor_and_ceiling():
    made = with_materials(Room(t60=0.4), "brick", "carpet", "acoustic ceiling")
    expected = [materials.coefficients(name) for name in ["brick"] * 4 + ["carpet", "acoustic ceiling"]]
    assert np.array(made.absorption) == pytest.approx(np.array(expected))
    assert made.t60 == pytest.approx(room.t60_of(made)[2:4].mean())


def test_a_wall_as_t60_keeps_its_absorption():
    plain = Room(t60=0.4)
    made = with_materials(plain, floor="carpet")
    own = float(room.absorption(plain)[0, 0])
    assert np.array(made.absorption)[[0, 1, 2, 3, 5]] == pytest.approx(np.full((5, 7), own))
    assert made.absorption[4] == pytest.approx(tuple(materials.coefficients("carpet")))


def test_carpet_and_curtains_ring_shorter_than_tiles_in_every_band():
    soft, hard = (room.t60_of(with_materials(Room(), name, name, "plasterboard")) for name in ("curtains", "tiles"))
    assert (soft < hard).all()


@pytest.mark.parametrize(
    ("plain", "names", "words"),
    [
        (ROOMS["outdoors"], ("brick", AS_T60, AS_T60), "outdoors preset is open air and has no walls to cover"),
        (ROOMS["cathedral"], ("marble",) * 3, "walls of the cathedral let it ring for 91 s at 125 Hz"),
        (Room(), ("brick", "cheese", AS_T60), "material of the floor is 'cheese'; allowed is one of: as T60, brick"),
    ],
)
def test_refusals(plain, names, words):
    with pytest.raises(InputError, match=words):
        with_materials(plain, *names)


def test_without_the_library_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(DependencyError, match="the material 'brick' needs pyroomacoustics .* pip install 'pyroomac"):
        with_materials(Room(), "brick")
