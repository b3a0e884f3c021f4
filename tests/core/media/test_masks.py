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


# --- in blocks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(23, 31), (1024, 40), (1, 1)])
def test_up_to_1024_pixels_a_block_is_a_pixel(size):
    mask = random_mask(1, size)
    mask[0, 0] = True
    blocks = masks.in_blocks(mask)
    np.testing.assert_array_equal(blocks.shape, mask)
    np.testing.assert_array_equal(blocks.points, np.argwhere(mask)[:, ::-1] + 0.5)
    assert (blocks.count == 1).all()


SIZES = [(1536, 2048), (1537, 2051), (700, 1025), (2047, 99), (16, 5000), (40, 70000)]


@pytest.mark.parametrize("size", SIZES)
def test_no_pixel_is_lost_in_blocks(size):
    mask = random_mask(2, size)
    blocks = masks.in_blocks(mask)
    assert blocks.shape.shape == masks.block_grid(size) and 1000 < max(blocks.shape.shape) <= 1024
    assert blocks.count.sum() == mask.sum()
    rows, columns = np.nonzero(mask)
    mean = blocks.count @ blocks.points / mask.sum()
    np.testing.assert_allclose(mean, (columns.mean() + 0.5, rows.mean() + 0.5), atol=1e-3)


@pytest.mark.parametrize("size", SIZES)
def test_blocks_mirror_exactly(size):
    mask = random_mask(3, size) & (np.indices(size).sum(axis=0) % 97 < 60)
    for axis in (0, 1):
        here, there = masks.in_blocks(mask), masks.in_blocks(np.flip(mask, axis))
        np.testing.assert_array_equal(there.shape, np.flip(here.shape, axis))
        turned = there.points.copy()
        turned[:, 1 - axis] = size[axis] - turned[:, 1 - axis]
        both = [
            points[np.lexsort(points.T)].tobytes()
            for points in (np.c_[here.points, here.count], np.c_[turned, there.count])
        ]
        assert both[0] == both[1]


def test_what_is_thinner_than_a_block_does_not_vanish():
    mask = np.zeros((3000, 4000), bool)
    mask[100:2900, 1234] = True
    blocks = masks.in_blocks(mask)
    assert blocks.shape.any() and blocks.count.sum() == 2800
    assert (blocks.points[:, 0] == 1234.5).all()
    with pytest.raises(InputError, match="4000 x 3000 pixels covers nothing"):
        masks.in_blocks(mask & False)
