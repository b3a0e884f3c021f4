import json
from pathlib import Path

import numpy as np
import pytest
from see2sound_nodes.s2s_core.segment import selection
from see2sound_nodes.s2s_core.types import Region

DATA = Path(__file__).parents[2] / "data" / "segment"
GOLDEN = json.loads((DATA / "regions.json").read_text())
REGIONS = [
    Region(mask, label=row["name"], score=row["predicted_iou"] * row["stability"])
    for row, mask in zip(GOLDEN["regions"], np.load(DATA / "regions.npz")["masks"], strict=True)
]


@pytest.mark.parametrize("mode", ["largest", "distinct"])
@pytest.mark.parametrize("count", [1, 3, 5, 8])
def test_golden_choice(mode, count):
    chosen = selection.MODES[mode](REGIONS, count)
    assert [region.label for region in chosen] == GOLDEN[mode][str(count)]


def test_golden_scores():
    scores = {region.label: selection.distinct_score(region) for region in REGIONS}
    assert scores == pytest.approx(GOLDEN["distinct_scores"], abs=1e-8)


def test_ties_keep_the_input_order():
    mask = np.zeros((20, 20), bool)
    mask[4:10, 4:10] = True
    twins = [Region(mask, label="first"), Region(mask[:, ::-1], label="second")]
    for choose in selection.MODES.values():
        assert [region.label for region in choose(twins, 2)] == ["first", "second"]


@pytest.mark.parametrize(("shared", "kept"), [(18, 2), (19, 1)])
def test_distinct_allows_half_of_the_smaller_one_and_no_more(shared, kept):
    large, small = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    large[5:15, 5:25] = True
    small[20:30, 5:25].flat[: 36 - shared] = True
    small[5:15, 5:25].flat[:shared] = True
    assert len(selection.distinct([Region(large), Region(small)], 5)) == kept


def test_distinct_takes_neither_specks_nor_the_whole_scene():
    speck, scene = np.zeros((20, 20), bool), np.ones((20, 20), bool)
    speck[5, 5] = True
    assert selection.distinct([Region(speck), Region(scene)], 5) == []


def test_background_is_exactly_the_rest():
    chosen = selection.distinct(REGIONS, 3)
    rest = selection.background(chosen)
    covered = np.sum([region.mask for region in chosen], axis=0)
    np.testing.assert_array_equal(rest.mask, covered == 0)
    assert rest.background and rest.label == "background"


@pytest.mark.parametrize(("left", "found"), [(1, False), (2, True)])
def test_background_of_half_a_percent(left, found):
    mask = np.ones((20, 20), bool)
    mask[0, :left] = False
    assert (selection.background([Region(mask)]) is not None) == found
