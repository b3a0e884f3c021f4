"""Scores of many things put together, by hand."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.evaluate.scoreboard import SoundScore, ThingScore, matched, summary, table
from see2sound_nodes.s2s_core.types import Region


def square(x, side=10, **more):
    mask = np.zeros((20, 60), bool)
    mask[:side, x : x + side] = True
    return Region(mask, **more)


def test_things_are_paired_with_the_regions_that_cover_them_best():
    truths = [square(0), square(20), square(40)]
    regions = [square(21), square(1), square(20), square(47), square(40, background=True)]
    assert matched(truths, regions) == {0: (1, pytest.approx(9 / 11)), 1: (2, 1.0)}
    assert matched(truths, []) == {}


def thing(azimuth=10.0, distance=4.0, **more):
    return ThingScore("a", 1, "perspective", "box 1", azimuth, 0.0, distance, **more)


def seen(azimuth, distance, **more):
    return {"overlap": 0.8, "located_azimuth": azimuth, "located_elevation": 1.0, "located_distance": distance, **more}


def test_means_leave_out_what_is_not_known():
    things = [
        thing(175.0, **seen(-177.0, 8.0, left_right=1.0, direct_to_reverberant=3.0, theory=1.0)),
        thing(-20.0, **seen(-22.0, 2.0, left_right=0.0, direct_to_reverberant=-3.0, theory=1.0)),
        thing(30.0),
    ]
    sounds = [
        SoundScore("a", 1, "perspective", 2, ("FR", "BR"), -20.0, -3.0),
        SoundScore("a", 2, "perspective", 1, ("FR",), -30.0, -1.0),
        SoundScore("a", 3, "perspective", 0),
    ]
    numbers = summary(things, sounds)
    assert (numbers["found"], numbers["things"], numbers["others"]) == (2, 3, 3)
    assert numbers["azimuth_error"] == pytest.approx((8 + 2) / 2)
    assert numbers["distance_factor"] == pytest.approx(2)
    assert (numbers["left"], numbers["right"], numbers["heard_error"]) == (1, 0, None)
    assert numbers["direct_error"] == pytest.approx((2 + 4) / 2)
    assert numbers["dead"] == {"FR": 2, "BR": 1}
    assert (numbers["loudness"], numbers["true_peak"]) == (-25, -1)
    assert (numbers["n"]["azimuth_error"], numbers["n"]["left"], numbers["n"]["heard_error"]) == (2, 1, 0)


def test_the_table_has_a_column_for_each_chain():
    notes = {"a": "one way", "b": "not on this machine"}
    lines = table("the title", notes, {"a": summary([thing(**seen(11.0, 4.4))], [])}, 0.9).splitlines()
    assert lines[0].split() == ["the", "title", "a", "b"]
    assert any(line.startswith("distance seen, wrong by") and line.endswith("x 1.10 (1)") for line in lines)
    assert "T60, asked 0.9 s" in "\n".join(lines) and lines[-2:] == ["a: one way", "b: not on this machine"]
