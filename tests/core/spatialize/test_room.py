"""The shoebox against mirroring by hand, and what rooms can be."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize import ROOMS, room
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


def test_presets_keep_their_places():
    assert list(ROOMS) == (
        "living room, studio, bathroom, classroom, hall, cathedral, tunnel, street, outdoors, forest".split(", ")
    )


def test_eyring_by_hand():
    # 90 m3, 126 m2: 0.161 * 90 / (126 * 0.4) = 0.2875
    assert room.absorption(Room(SIZE, 0.4)) == pytest.approx(np.full((6, 1), 1 - np.exp(-0.2875)))
    assert room.walls(Room(SIZE, 0.4)) == pytest.approx(np.full((6, 1), np.exp(-0.2875 / 2)))
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
        (Room((6, 5, np.inf)), "height"),
        (Room((6, 5, 3), listener=(3, 2, 0.1)), "listener's z"),
        (Room((6, 5, 3), listener=(np.nan, 2, 1)), "listener's x"),
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
    assert room.decay(air) == pytest.approx(2 * 1.6 / 343, abs=0.05)


def covered(change):
    shares = np.full((6, 7), 0.3)
    change(shares)
    return room.with_absorption(Room(SIZE, name="den"), shares)


def test_eyring_in_bands_by_hand():
    shares = np.full((6, 7), 0.1)
    shares[4] = [0.1, 0.1, 0.1, 0.5, 0.5, 0.5, 0.5]  # the floor, 30 of 126 m2
    den = room.with_absorption(Room(SIZE), shares)
    low, high = (0.161 * 90 / (-126 * np.log(1 - alpha)) for alpha in (0.1, 0.1 + 0.4 * 30 / 126))
    assert room.t60_of(den) == pytest.approx([low] * 3 + [high] * 4)
    assert den.t60 == pytest.approx((low + high) / 2)
    assert room.decay(den) == pytest.approx(room.mixing_time(den) + low)
    assert room.walls(den)[4] == pytest.approx(np.sqrt(1 - shares[4]))
    assert room.t60_of(Room(t60=0.7)) == pytest.approx([0.7] * 7)


def test_the_same_absorption_everywhere_is_the_same_t60():
    plain = Room(SIZE, 0.4)
    den = room.with_absorption(plain, np.broadcast_to(room.absorption(plain), (6, 7)))
    assert room.t60_of(den) == pytest.approx([0.4] * 7) and den.t60 == pytest.approx(0.4)


def test_each_wall_counts_by_its_area():
    walls = []
    for wall in range(6):
        shares = np.full((6, 7), 0.1)
        shares[wall] = 0.5
        walls.append(room.with_absorption(Room(SIZE), shares).t60)
    mean = 1 - np.exp(-0.161 * 90 / (126 * np.array(walls)))
    assert (mean - 0.1) / 0.4 * 126 == pytest.approx([15, 15, 18, 18, 30, 30])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda a: a.__setitem__((4, 3), 1.2),
            "absorption of the floor of the den at 1000 Hz is 1.2; allowed is 0 to 1",
        ),
        (lambda a: a.__setitem__((0, 0), np.nan), "absorption of the rear wall of the den at 125 Hz is nan"),
        (lambda a: a.__setitem__((5, 6), -0.1), "absorption of the ceiling of the den at 8000 Hz is -0.1"),
        (
            lambda a: a.__setitem__((slice(None), 1), 0),
            "ring for inf s at 250 Hz; .* 0.04 to 20 s: choose other materials",
        ),
        (lambda a: a.__setitem__((slice(None), 6), 1), "ring for 0 s at 8000 Hz"),
        (lambda a: a.__setitem__((slice(None), 2), 0.001), "ring for 1.1e.02 s at 500 Hz"),
    ],
)
def test_impossible_absorption(change, words):
    with pytest.raises(InputError, match=words):
        covered(change)


def test_absorption_of_another_shape_or_another_t60():
    with pytest.raises(InputError, match=r"has \[7, 6\] bands at its walls; allowed is 6 walls of 7 octave bands"):
        room.check(Room(SIZE, name="den", absorption=((0.3,) * 7, (0.3,) * 6)))
    with pytest.raises(InputError, match="T60 of the den is 5 s but its walls give 0.322 s at 500 and 1000 Hz"):
        room.check(Room(SIZE, 5.0, name="den", absorption=((0.3,) * 7,) * 6))
