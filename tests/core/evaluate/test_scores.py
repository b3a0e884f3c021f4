"""Means over pictures and their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.evaluate.scores import FEWEST, Aggregate, Scores, aggregate


def test_what_is_not_scored_is_left_out_and_counted():
    assert aggregate([0.25, None, 0.75], seed=0) == Aggregate(0.5, None, None, 2)


def test_nothing_scored_has_no_mean():
    assert aggregate([None, None], seed=0) == aggregate([], seed=0) == Aggregate(None, None, None, 0)


@pytest.mark.parametrize(("count", "given"), [(FEWEST - 1, False), (FEWEST, True)])
def test_few_values_have_no_interval(count, given):
    result = aggregate(np.linspace(0, 1, count), seed=0)
    assert result.count == count and (result.low is not None) == (result.high is not None) == given


def test_the_interval_is_that_of_the_mean():
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    mean, low, high, count = aggregate(values, seed=7)
    error = values.std() / np.sqrt(count)
    assert mean == pytest.approx(values.mean())
    assert (mean - low) / error == pytest.approx(1.96, abs=0.08) and (high - mean) / error == pytest.approx(
        1.96, abs=0.08
    )


def test_the_seed_decides_the_interval():
    values = np.random.default_rng(2).random(12)
    assert aggregate(values, seed=1) == aggregate(values, seed=1) != aggregate(values, seed=2)


def test_nan_is_refused():
    with pytest.raises(InputError, match="a score is not finite"):
        aggregate([0.5, float("nan")], seed=0)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=FEWEST, max_size=30))
def test_the_interval_lies_among_the_values(values):
    mean, low, high, _ = aggregate(values, seed=0)
    assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12 and low - 1e-12 <= mean <= high + 1e-12


@pytest.mark.parametrize(("score", "distance"), [(1.0, 0.0), (0.25, 3.0), (0.0, float("inf")), (None, None)])
def test_the_distance_behind_a_score(score, distance):
    assert Scores(mfcc_dtw=score).mfcc_dtw_distance == distance
