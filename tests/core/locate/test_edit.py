from itertools import product

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.locate.edit import edit
from see2sound_nodes.s2s_core.types import SoundSource, Trajectory, heard


def three():
    return tuple(SoundSource(str(n), Trajectory.still(10.0 * n, 0, 2 + n), width=5) for n in range(3))


def test_defaults_change_nothing():
    before, after = three()[1], edit(three(), 2)[1]
    assert (after.azimuth, after.elevation, after.distance) == (before.azimuth, before.elevation, before.distance)
    assert (after.width, after.gain_db, after.muted) == (before.width, before.gain_db, before.muted)
    assert not after.solo


def test_only_the_one_named_changes():
    sources = three()
    after = edit(sources, 2, turn=30, lift=5, distance=2, gain=-6, spread=20, mute=True)
    assert after[0] is sources[0] and after[2] is sources[2]
    assert (after[1].azimuth, after[1].elevation, after[1].distance) == (40, 5, 6)
    assert (after[1].width, after[1].gain_db, after[1].muted) == (25, -6, True)


def test_turning_past_the_back_wraps_and_lifting_stops_at_the_top():
    source = SoundSource("a", Trajectory.still(170, 80, 1), width=350)
    after = edit((source,), 1, turn=20, lift=45, spread=90)[0]
    assert np.isclose(after.azimuth, -170) and after.elevation == 90 and after.width == 360


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"number": 0}, "1 to 3"),
        ({"number": 4}, "1 to 3"),
        ({"number": 1, "gain": 99}, "gain is 99"),
        ({"number": 1, "turn": float("nan")}, "turn is nan"),
        ({"number": 1, "distance": 0}, "distance is 0"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(InputError, match=words):
        edit(three(), **arguments)


def test_a_background_has_no_direction_to_edit():
    bed = SoundSource("background", Trajectory.still(0, 0, 4), width=360, background=True)
    assert edit((bed,), 1, gain=-6, distance=2)[0].distance == 8
    for change in ({"turn": 5}, {"lift": 5}, {"spread": 5}):
        with pytest.raises(InputError, match="source 1 is the background"):
            edit((bed,), 1, **change)


def test_what_is_diffuse_becomes_a_background_at_its_distance():
    path = Trajectory(*(np.array(values, float) for values in ((0, 4), (-80, 80), (10, 20), (3, 9))))
    moving = SoundSource("car", path, width=5, gain_db=-3)
    after = edit((moving,), 1, diffuse=True, distance=2)[0]
    assert after.background and not after.trajectory.moves and after.width == 360 and after.gain_db == -3
    assert (after.azimuth, after.elevation, after.distance) == (0, 0, 6)
    assert not edit((moving,), 1)[0].background
    with pytest.raises(InputError, match="source 1 becomes diffuse"):
        edit((moving,), 1, diffuse=True, spread=20)


def test_no_sources():
    with pytest.raises(InputError, match="there are no sources"):
        edit((), 1)


def test_solo_leaves_only_what_is_solo_and_a_chain_adds_up():
    first = edit(three(), 1, solo=True)
    assert heard(three()) == (True, True, True)
    assert heard(first) == (True, False, False)
    assert heard(edit(first, 3, solo=True)) == (True, False, True)
    assert heard(edit(first, 3, gain=-6)) == heard(edit(edit(three(), 3, gain=-6), 1, solo=True)) == heard(first)


def test_what_is_muted_is_not_heard_solo_or_not():
    assert heard(edit(three(), 2, mute=True)) == (True, False, True)
    assert heard(edit(three(), 2, mute=True, solo=True)) == (False, False, False)
    assert heard(edit(edit(three(), 2, mute=True), 1, solo=True)) == (True, False, False)
    assert heard(()) == ()


def test_solo_and_mute_do_not_depend_on_the_order_of_edits():
    changes = [(number, {kind: True}) for number, kind in product((1, 2), ("solo", "mute"))]
    for one, other in product(changes, changes):
        there, back = three(), three()
        for (number, change), (last, undo) in zip((one, other), (other, one), strict=True):
            there, back = edit(there, number, **change), edit(back, last, **undo)
        assert heard(there) == heard(back)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", range(3))
def test_a_place_that_is_not_finite_is_refused(place, bad):
    angles_and_distance = [10.0, 20.0, 3.0]
    angles_and_distance[place] = bad
    lost = SoundSource("cat", Trajectory.still(*angles_and_distance))
    with pytest.raises(InputError, match=r"source 2 \('cat'\) has a path .* not finite"):
        edit((*three()[:1], lost), 2, turn=5)
