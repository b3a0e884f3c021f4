"""Four sounds of one picture, six comparisons, means over pictures."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import DependencyError
from see2sound_nodes.s2s_core.evaluate import protocol
from see2sound_nodes.s2s_core.evaluate.similarity import DEFINITIONS, METRICS
from see2sound_nodes.s2s_core.types import AudioTrack

RATE = 16000


def noise(seed, gain=0.1):
    return AudioTrack((gain * np.random.default_rng(seed).normal(size=RATE)).astype(np.float32), RATE)


def four(seed=0):
    return {name: noise(seed + number) for number, name in enumerate(protocol.SETS)}


def row_of(rows, comparison, definition="corrected"):
    (row,) = (row for row in rows if (row["comparison"], row["definition"]) == (comparison, definition))
    return row


def test_the_six_comparisons_are_all_pairs_in_the_published_order():
    rows = protocol.compare(four(), ["corrected"])
    assert [row["comparison"] for row in rows] == ["S-S'", "S-C", "S-C'", "C-S'", "C-C'", "S'-C'"]
    assert {frozenset(pair) for pair in protocol.COMPARISONS} == {frozenset(p) for p in combinations(protocol.SETS, 2)}


def test_each_row_is_of_the_sounds_that_it_names():
    sounds = {**four(), "C'": noise(0)}  # as S is
    rows = protocol.compare(sounds, ["corrected"])
    assert row_of(rows, "S-C'")["swass"] == pytest.approx(1)
    assert all(row["swass"] < 0.9 for row in rows if row["comparison"] != "S-C'")


def test_both_definitions_stand_side_by_side_and_in_the_order_of_the_sounds():
    pytest.importorskip("librosa")
    sounds = four()
    rows = protocol.compare(sounds, ["corrected", "paper"])
    assert [row["definition"] for row in rows] == ["corrected", "paper"] * 6
    for definition in ("corrected", "paper"):
        scores = DEFINITIONS[definition](sounds["C"], sounds["S'"])
        row = row_of(rows, "C-S'", definition)
        assert {metric: row[metric] for metric in METRICS} == {metric: getattr(scores, metric) for metric in METRICS}


def test_a_distance_stands_beside_its_score_unless_it_is_infinite():
    rows = protocol.compare({**four(), "C": noise(0, gain=0)}, ["corrected"])
    scored, silent = row_of(rows, "S-S'"), row_of(rows, "S-C")
    assert scored["mfcc_dtw_distance"] == pytest.approx(1 / scored["mfcc_dtw"] - 1)
    assert (silent["mfcc_dtw"], silent["mfcc_dtw_distance"], silent["reason"]) == (0, None, "one silent")


def test_without_librosa_the_paper_is_left_out_by_name(monkeypatch):
    def missing(*_):
        raise DependencyError("needs librosa: pip install it")

    monkeypatch.setattr(protocol, "need", missing)
    assert protocol.available() == (("corrected",), "needs librosa: pip install it")


def rows(value, metric="swass"):
    scores = {name: (value if name == metric else 0.5) for name in protocol.COLUMNS}
    return [{"comparison": "S-C", "definition": definition, **scores} for definition in ("corrected", "paper")]


def test_a_summary_has_means_counts_and_intervals():
    values = [*np.linspace(0, 1, 11), None]
    found = protocol.summary([rows(value) for value in values], seed=3)
    assert len(found) == 2 * len(protocol.COLUMNS)
    (row,) = (row for row in found if row["metric"] == "swass" and row["definition"] == "paper")
    assert row["mean"] == pytest.approx(0.5) and row["count"] == 11 and row["values"] is None
    assert 0.2 < row["low"] < 0.5 < row["high"] < 0.8


def test_few_pictures_have_their_values_instead_of_an_interval():
    found = protocol.summary([rows(value) for value in (0.2, None, 0.4)], seed=0)
    (row,) = (row for row in found if row["metric"] == "swass" and row["definition"] == "corrected")
    assert (row["values"], row["low"], row["high"], row["count"]) == ([0.2, 0.4], None, None, 2)


def test_definitions_are_never_averaged_together():
    one = rows(0.1)
    one[1] = {**one[1], "swass": 0.9}
    means = {r["definition"]: r["mean"] for r in protocol.summary([one, one], seed=0) if r["metric"] == "swass"}
    assert means == {"corrected": pytest.approx(0.1), "paper": pytest.approx(0.9)}


def test_sounds_of_other_rates_and_lengths_are_compared():
    sounds = four()
    sounds["C"] = replace(sounds["C"], sample_rate=8000)
    assert all(0 <= row["swass"] <= 1 for row in protocol.compare(sounds, ["corrected"]))
