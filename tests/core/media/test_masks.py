import json
from pathlib import Path

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.media import masks

DATA = Path(__file__).parents[2] / "data" / "segment"
GOLDEN = json.loads((DATA / "regions.json").read_text())["regions"]
MASKS = np.load(DATA / "regions.npz")["masks"]


def random_mask(seed, shape=(23, 31)):
    return np.random.default_rng(seed).random(shape) < 0.7


@pytest.mark.parametrize(("golden", "mask"), list(zip(GOLDEN, MASKS, strict=True)), ids=[row["name"] for row in GOLDEN])
def test_golden(golden, mask):
    assert masks.inner_point(mask) == tuple(golden["inner_point_xy"])
    assert masks.clearance(mask).max() == pytest.approx(golden["inner_radius"], abs=1e-6)
    x0, y0, x1, y1 = masks.bounding_box(mask)
    assert [x0, y0, x1 - x0 - 1, y1 - y0 - 1] == golden["bbox_xywh"]
    assert masks.area_fraction(mask) == golden["area"] / mask.size


@pytest.mark.parametrize("seed", range(3))
def test_clearance_against_every_pair_of_pixels(seed):
    mask = random_mask(seed)
    outside = np.argwhere(~np.pad(mask, 1)) - 1
    slow = [
        [np.sqrt(((outside - (y, x)) ** 2).sum(axis=1).min()) if mask[y, x] else 0 for x in range(mask.shape[1])]
        for y in range(mask.shape[0])
    ]
    np.testing.assert_allclose(masks.clearance(mask), slow, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mask", MASKS)
def test_inner_pixels_lie_inside_and_mirror(mask):
    inner = masks.inner_pixels(mask)
    assert inner.any() and not (inner & ~mask).any()
    np.testing.assert_array_equal(masks.inner_pixels(mask[:, ::-1]), inner[:, ::-1])
    x, y = masks.inner_point(mask)
    assert inner[y, x]


def test_border_share_counts_each_border_pixel_once():
    assert masks.border_share(np.ones((4, 5), bool)) == 1
    top = np.zeros((4, 5), bool)
    top[0] = True
    assert masks.border_share(top) == 5 / 14
    middle = np.zeros((4, 5), bool)
    middle[1:3, 1:4] = True
    assert masks.border_share(middle) == 0


def test_an_empty_mask_is_refused():
    for measure in (masks.bounding_box, masks.clearance, masks.inner_pixels, masks.inner_point):
        with pytest.raises(InputError, match="5 x 4 pixels covers nothing"):
            measure(np.zeros((4, 5), bool))


def test_half_as_far_is_still_inside():
    strip = np.zeros((7, 13), bool)
    strip[2:5, 2:11] = True  # clearances 1 2 1 from top to bottom
    np.testing.assert_array_equal(masks.inner_pixels(strip), strip)
