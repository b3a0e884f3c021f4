"""Paths on the sphere around the listener."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.types import Trajectory


def path(*knots):
    """Knots of (time, azimuth, elevation, distance)."""
    return Trajectory(*(np.array(column, float) for column in zip(*knots, strict=True)))


def test_halfway_along_the_great_circle_and_in_log_distance():
    middle = path((0, 0, 0, 1), (2, 90, 0, 4)).at(np.array([-1.0, 0.0, 1.0, 2.0, 9.0]))
    assert middle.azimuth == pytest.approx([0, 0, 45, 90, 90])
    assert middle.distance == pytest.approx([1, 1, 2, 4, 4])


def test_behind_the_back_it_takes_the_short_way():
    way = path((0, 170, 0, 2), (1, -170, 0, 2)).at(np.linspace(0, 1, 5))
    assert np.abs(way.azimuth) == pytest.approx([170, 175, 180, 175, 170])


def test_over_the_head():
    way = path((0, 0, 60, 2), (1, 180, 60, 2)).at(np.array([0.5]))
    assert way.elevation[0] == pytest.approx(90, abs=1e-6)


@given(*(st.floats(-180, 180), st.floats(-90, 90)) * 2, st.floats(0, 1))
def test_any_way_stays_on_the_sphere(azimuth, elevation, azimuth_2, elevation_2, share):
    way = path((0, azimuth, elevation, 1), (1, azimuth_2, elevation_2, 3)).at(np.array([share]))
    assert np.isfinite([way.azimuth, way.elevation, way.distance]).all() and 0.999 <= way.distance[0] <= 3.001


@pytest.mark.parametrize("azimuth", [0.0, 40.0, -90.0])
def test_to_the_very_opposite_it_goes_round(azimuth):
    way = path((0, azimuth, 0, 2), (10, azimuth + 180, 0, 2)).at(np.linspace(0, 10, 11))
    steps = np.diff(np.unwrap(way.azimuth, period=360))
    assert steps == pytest.approx(np.full(10, 18.0), abs=1e-6) and np.abs(way.elevation).max() < 1e-6


def test_from_the_zenith_to_the_nadir_it_goes_over_the_front():
    way = path((0, 0, 90, 2), (2, 0, -90, 2)).at(np.array([1.0]))
    assert (way.azimuth[0], way.elevation[0]) == pytest.approx((0, 0), abs=1e-6)


def test_out_of_the_head_it_moves_at_once():
    way = path((0, 0, 0, 0), (10, 0, 0, 10)).at(np.array([0.0, 5.0]))
    assert way.distance == pytest.approx([0.5, np.sqrt(0.5 * 10)])


def test_a_place_is_the_same_at_any_time():
    way = Trajectory.still(30, 10, 4).at(np.array([-1.0, 0, 7]))
    assert way.azimuth.tolist() == [30, 30, 30] and way.distance.tolist() == [4, 4, 4]


def test_knots_a_microsecond_apart_are_a_jump():
    way = path((0, 0, 0, 1), (1, 0, 0, 1), (1.000001, 90, 0, 1), (2, 90, 0, 1)).at(np.array([0.999, 1.001]))
    assert way.azimuth == pytest.approx([0, 90])


@pytest.mark.parametrize(
    ("times", "azimuth", "words"),
    [
        ([], [], "has times .*; allowed are one or more"),
        ([0, 0], [1, 2], "each later than the one before"),
        ([0, np.nan], [1, 2], "each later than the one before"),
        ([0, 1], [1], "2 times and 1 values of its azimuth"),
        ([0, 1], [1, np.inf], "azimuth of the bird is inf degrees; allowed is -360 to 360"),
    ],
)
def test_what_cannot_be_a_path(times, azimuth, words):
    rest = [np.ones(len(times))] * 2
    with pytest.raises(InputError, match=words):
        Trajectory(np.array(times, float), np.array(azimuth, float), *rest).check("the bird")
