"""The shoebox against mirroring by hand, and what rooms can be."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize import ROOMS, make_room, room
from see2sound_nodes.s2s_core.types import Room

SIZE, SOURCE = (6.0, 5.0, 3.0), np.array([4.1, 1.3, 0.9])


def mirrored(size, source, order):
    """{rounded position: hits on each wall}, by mirroring every image at every wall, again and again."""
    found = {tuple(source): (0,) * 6}
    last = [(np.array(source), (0,) * 6)]
    for _ in range(order):
        new = []
        for position, hits in last:
            for wall in range(6):
                image = position.copy()
                image[wall // 2] = 2 * (wall % 2) * size[wall // 2] - image[wall // 2]
                key = tuple(np.round(image, 9))
                if key not in found:
                    found[key] = tuple(count + (index == wall) for index, count in enumerate(hits))
                    new.append((image, found[key]))
        last = new
    return found


@pytest.mark.parametrize(("order", "count"), [(0, 1), (1, 7), (2, 25), (3, 63), (4, 129), (6, 377)])
def test_images_are_what_mirroring_by_hand_gives(order, count):
    positions, hits = room.images(SIZE, SOURCE, order)
    closed_form = {tuple(np.round(p, 9)): tuple(h) for p, h in zip(positions.tolist(), hits.tolist(), strict=True)}
    assert closed_form == mirrored(SIZE, SOURCE, order)
    assert len(positions) == count


@pytest.mark.parametrize("name", ROOMS)
def test_every_preset_is_a_possible_room(name):
    room.check(ROOMS[name])
    assert ROOMS[name].name == name
    assert 0 <= room.walls(ROOMS[name]).max() < 1


def test_eyring_by_hand():
    # 90 m3, 126 m2: 0.161 * 90 / (126 * 0.4) = 0.2875
    assert room.absorption(Room(SIZE, 0.4)) == pytest.approx(1 - np.exp(-0.2875))
    assert room.walls(Room(SIZE, 0.4)) == pytest.approx(np.full(6, np.exp(-0.2875 / 2)))
    assert room.mixing_time(Room(SIZE)) == pytest.approx((20 * 90 / 126 + 12) / 1000)


def test_impossible_t60_names_the_possible_ones():
    with pytest.raises(InputError, match=r"T60 of the barn is 0.1 s; a room of 20 x 15 x 8 m can have 0.12 to 20 s"):
        room.check(Room((20, 15, 8), 0.1, name="barn"))
    room.check(Room((20, 15, 8), 0.12))
    for t60 in (-1, 21, np.nan, np.inf):
        with pytest.raises(InputError, match="T60"):
            room.check(Room(SIZE, t60))


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (Room((0.5, 5, 3)), "length"),
        (Room((6, np.nan, 3)), "width"),
        (Room((6, 5, 3), listener=(3, 5, 1)), "listener's y"),
        (Room((6, 5, 3), listener=(-1, 2, 1)), "listener's x"),
    ],
)
def test_impossible_sizes_and_listeners(bad, what):
    with pytest.raises(InputError, match=what):
        room.check(bad)


def test_a_source_keeps_its_place_inside_and_its_direction_outside():
    ears = room.listener(Room())
    assert ears == pytest.approx([3, 2.5, 1.5])
    assert room.place(Room(), 90, 0, 2) == pytest.approx(ears + [0, 2, 0])
    spot = room.place(Room(), 30, 5, 50)
    assert spot[0] == pytest.approx(5.8)
    way = spot - ears
    assert np.degrees(np.arctan2(way[1], way[0])) == pytest.approx(30)
    assert np.degrees(np.arctan2(way[2], np.hypot(*way[:2]))) == pytest.approx(5)


def test_the_open_air_has_a_ground_and_no_walls():
    air = ROOMS["outdoors"]
    assert np.linalg.norm(room.place(air, 30, 20, 5000) - room.listener(air)) == pytest.approx(5000)
    assert room.place(air, 0, -45, 100)[2] == pytest.approx(0.2)
    assert np.flatnonzero(room.walls(air)).tolist() == [4]


def test_make_room():
    assert make_room("hall", (1, 1, 1), 0.1) is ROOMS["hall"]
    assert make_room("custom", (6, 5, 3), 0.5) == Room((6.0, 5.0, 3.0), 0.5, name="custom room")
    with pytest.raises(InputError, match="room is 'attic'; allowed is one of: living room,"):
        make_room("attic")
    with pytest.raises(InputError, match="size or t60 is missing"):
        make_room("custom")
    with pytest.raises(InputError, match="T60 of the custom room"):
        make_room("custom", (6, 5, 3), 0.01)
