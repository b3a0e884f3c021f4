"""What the network is shown, against the reference's own arrays, bit for bit; and what cannot be shown."""

import hashlib
import re
from types import SimpleNamespace

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.generate.codi import pictures
from see2sound_nodes.s2s_core.types import Picture, Region

from .tiny import SMALL, golden

CASES = SMALL["cases"]
NOISE = np.random.default_rng(3).integers(0, 256, (40, 61, 3), dtype=np.uint8)


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def square_of_the_reference():
    case, picture = CASES["clip_image"], golden("clip_image")["image"].numpy()
    top, left, side = case["crop_top"], case["crop_left"], case["crop_side"]
    return picture[top : top + side, left : left + side]


def box(height, width, y0, y1, x0, x1):
    mask = np.zeros((height, width), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_a_still_is_the_references_to_the_bit():
    seen = pictures.still(square_of_the_reference())
    np.testing.assert_array_equal(seen[0], golden("clip_image")["u8_224"])
    assert sha256(pictures.normalised(seen)) == CASES["clip_image"]["sha256_pixel_values_f32"]


def test_a_video_is_the_references_to_the_bit():
    seen = pictures.frames(golden("clip_video")["video"].numpy())
    np.testing.assert_array_equal(seen[0], golden("clip_video")["u8_224_first"])
    assert sha256(seen) == CASES["clip_video"]["sha256_u8_224"]


def test_levels_1_to_63_drop_by_one():
    drop = np.arange(256) - pictures.LEVELS
    assert drop.tolist() == [1 if 1 <= level <= 63 else 0 for level in range(256)]


def test_nothing_to_see_is_gray():
    assert pictures.gray(3).shape == (3, 224, 224, 3) and pictures.gray().shape == (1, 224, 224, 3)
    assert set(np.unique(pictures.gray(2))) == {CASES["clip_uncond_image"]["gray_u8"]}


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (31, 30), (224, 224), (512, 512), (700, 513)])
def test_any_size_is_shown(size):
    flat = np.full((*size, 3), (10, 100, 200), np.uint8)
    for seen in (pictures.still(flat), pictures.frames(flat[None])):
        assert seen.shape == (1, 224, 224, 3) and seen.dtype == np.uint8
        assert np.unique(seen.reshape(-1, 3), axis=0).tolist() == [[9, 100, 200]]


@pytest.mark.parametrize(("axis", "square"), [(0, np.s_[11:51]), (1, np.s_[:, 11:51])])
def test_the_middle_is_shown_and_of_two_middles_the_later(axis, square):
    picture = np.moveaxis(NOISE, 1, axis)  # 61 pixels along `axis`, 40 along the other: 10.5 on each side
    np.testing.assert_array_equal(pictures.still(picture), pictures.still(picture[square]))
    np.testing.assert_array_equal(pictures.frames(picture[None]), pictures.frames(picture[square][None]))


def test_a_video_of_256_pixels_is_resized_once():
    video = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8)
    whole = [pictures._resized(pictures.LEVELS[frame], 224) for frame in video]
    np.testing.assert_array_equal(pictures.frames(video), whole)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_random_square_is_drawn_as_the_reference_draws(mirrored):
    """Top, then left, each from all that fit; then the mirror, which a square picture gets too."""
    drawn = []
    rng = SimpleNamespace(
        integers=lambda count: drawn.append(count) or count - 1, random=lambda: 0.2 if mirrored else 0.5
    )
    seen = pictures.still(NOISE, rng)
    assert drawn == [1, 22]
    square = NOISE[:, 21:61]
    np.testing.assert_array_equal(seen, pictures.still(square[:, ::-1] if mirrored else square))
    drawn.clear()
    np.testing.assert_array_equal(pictures.still(square, rng), seen)
    assert not drawn


def test_the_random_square_depends_on_the_seed_alone():
    seen = [pictures.still(NOISE, np.random.default_rng(seed)).tobytes() for seed in (1, 1, 2)]
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.zeros((9, 9), np.uint8), "uint8 [9, 9]"),
        (np.zeros((9, 9, 1), np.uint8), "uint8 [9, 9, 1]"),
        (np.zeros((9, 9, 4), np.uint8), "uint8 [9, 9, 4]"),
        (np.zeros((9, 9, 3), np.float32), "float32 [9, 9, 3]"),
        (np.zeros((0, 9, 3), np.uint8), "uint8 [0, 9, 3]"),
        (np.zeros((2, 9, 9, 3), np.uint8), "uint8 [2, 9, 9, 3]"),
    ],
)
def test_what_is_no_picture_is_refused(pixels, said):
    with pytest.raises(InputError, match=re.escape(f"is {said}; allowed is uint8 [height, width, 3]")):
        pictures.still(pixels)


@pytest.mark.parametrize("shape", [(9, 9, 3), (0, 9, 9, 3), (2, 9, 9, 4)])
def test_what_is_no_video_is_refused(shape):
    with pytest.raises(InputError, match=r"a video .* allowed is uint8 \[frames, height, width, 3\]"):
        pictures.frames(np.zeros(shape, np.uint8))


def test_a_region_is_the_box_of_its_mask_with_all_that_is_in_it():
    levels = np.arange(20 * 30 * 3).astype(np.uint8).reshape(20, 30, 3)
    picture = Picture(levels.astype(np.float32) / 255)
    mask = box(20, 30, 3, 9, 5, 25)
    mask[4:8, 6:24] = False  # a ring
    np.testing.assert_array_equal(pictures.region_crop(picture, Region(mask)), levels[3:9, 5:25])
    np.testing.assert_array_equal(pictures.region_crop(picture, Region(mask, background=True)), levels)
    narrow = pictures.region_crop(picture, Region(box(20, 30, 0, 20, 29, 30)))
    np.testing.assert_array_equal(narrow, levels[:, 29:])
    assert pictures.still(narrow).shape == (1, 224, 224, 3)
    for background in (False, True):
        with pytest.raises(InputError, match="covers nothing"):
            pictures.region_crop(picture, Region(box(20, 30, 0, 0, 0, 0), background=background))
