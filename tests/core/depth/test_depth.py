from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from see2sound_nodes.s2s_core import depth, models
from see2sound_nodes.s2s_core.depth import cues
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture

MEDIA = Path(__file__).parents[3] / "workflows" / "media"
RUNTIME = HeadlessRuntime("cpu")
NAME = "layout cues (no weights)"


def photo(name):
    with Image.open(MEDIA / f"{name}.jpg") as image:
        return Picture(np.asarray(image.convert("RGB"), np.float32) / 255, name)


def estimate(picture):
    return depth.run(models.load("depth", depth.BACKENDS, NAME, RUNTIME), picture, runtime=RUNTIME)


@cache
def estimate_photo(name):
    return estimate(photo(name))


@pytest.mark.parametrize("name", ["rocket", "coffee", "chelsea", "astronaut"])
def test_photographs(name):
    picture = photo(name)
    found = estimate_photo(name)
    assert found.values.shape == picture.size and found.values.dtype == np.float32 and found.unit == "inverse"
    assert 0 <= found.values.min() < 0.01 and 0.99 < found.values.max() <= 1
    assert estimate(picture).values.tobytes() == found.values.tobytes()
    twin = estimate(Picture(np.ascontiguousarray(picture.pixels[:, ::-1])))
    np.testing.assert_array_equal(twin.values[:, ::-1], found.values)


# (x, y) in shares of the picture, the nearer place first.
@pytest.mark.parametrize(
    ("name", "near", "far"),
    [
        ("rocket", (0.5, 0.6), (0.4, 0.3)),  # rocket, sky
        ("rocket", (0.3, 0.95), (0.7, 0.2)),  # pad, sky
        ("coffee", (0.5, 0.8), (0.1, 0.1)),  # saucer, table behind
        ("chelsea", (0.4, 0.6), (0.9, 0.2)),  # cat, cushion
        ("astronaut", (0.3, 0.7), (0.5, 0.05)),  # suit, wall
        ("astronaut", (0.7, 0.85), (0.8, 0.2)),  # helmet, shuttle
    ],
)
def test_near_before_far(name, near, far):
    values = estimate_photo(name).values
    height, width = values.shape
    near, far = (values[int(y * height), int(x * width)] for x, y in (near, far))
    assert near > far + 0.1


@pytest.mark.parametrize("shape", [(16, 16), (64, 4000), (4000, 64), (16, 9000)])
def test_any_shape(shape):
    found = estimate(Picture(np.random.default_rng(0).random((*shape, 3)).astype(np.float32)))
    assert found.values.shape == shape and np.ptp(found.values) > 0.5


def test_of_one_colour_only_height_and_centre_speak():
    values = estimate(Picture(np.full((120, 160, 3), 0.5, np.float32))).values
    assert values[-1, 80] > values[60, 80] > values[0, 80] and values[60, 80] > values[60, 0]


def test_cues_point_the_right_way():
    pixels = np.full((60, 80, 3), 0.8, np.float32)
    pixels[20:50, 20:60] = (0.9, 0.1, 0.1)
    inside, outside = (35, 40), (35, 5)
    for cue in (cues.enclosed, cues.central, cues.clear):
        values = cue(pixels)
        assert values.shape == (60, 80) and values[inside] > values[outside]
    assert np.array_equal(cues.lower(pixels)[:, 0], np.arange(60))


def test_enclosed_against_slow_relaxation():
    pixels = np.random.default_rng(3).random((9, 12, 3))
    smooth = ndimage.gaussian_filter(pixels, (1, 1, 0))
    slow = np.full((9, 12), np.inf)
    slow[0] = slow[:, 0] = slow[:, -1] = 0
    for _ in range(9 * 12):
        for y in range(9):
            for x in range(12):
                for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                    if 0 <= v < 9 and 0 <= u < 12:
                        step = np.abs(smooth[y, x] - smooth[v, u]).max() + cues.STEP
                        slow[y, x] = min(slow[y, x], slow[v, u] + step)
    np.testing.assert_allclose(cues.enclosed(pixels), slow, rtol=1e-12)


def test_ranks_are_twice_the_mean_place():
    assert cues._doubled_ranks(np.array([[3.0, 1.0], [1.0, 7.0]])).tolist() == [[4, 1], [1, 6]]


def test_from_image():
    grey = np.array([[0.2, 0.8], [0.5, 0.8]])
    kept, turned = depth.from_image(grey), depth.from_image(grey, near_is_white=False)
    assert kept.unit == turned.unit == "inverse" and kept.values.dtype == turned.values.dtype == np.float32
    np.testing.assert_allclose(kept.values, grey, atol=1e-7)
    np.testing.assert_allclose(turned.values, [[0.8, 0.2], [0.5, 0.2]], atol=1e-7)
    assert (depth.from_image(np.ones((3, 4)), near_is_white=False).values == 1).all()


@pytest.mark.parametrize("values", [np.zeros((2, 2, 3)), np.zeros((0, 4)), np.zeros(5), np.array([[0.0, np.nan]])])
def test_from_image_refuses(values):
    with pytest.raises(InputError, match="grey, \\[height, width\\]|1 of 2 values"):
        depth.from_image(values)


RAMP = np.array([[0.0, 0.25, 0.5, 1.0]])


@pytest.mark.parametrize(
    ("meaning", "near_is_white", "expected"),
    [
        ("inverse", True, [8.0, 1 / (1 / 8 + 3 / 32), 3.2, 2.0]),
        ("inverse", False, [2.0, 1 / (1 / 2 - 3 / 32), 3.2, 8.0]),
        ("distance", True, [8.0, 6.5, 5.0, 2.0]),
        ("distance", False, [2.0, 3.5, 5.0, 8.0]),
    ],
)
def test_from_image_in_metres(meaning, near_is_white, expected):
    found = depth.from_image(RAMP, near_is_white=near_is_white, meaning=meaning, near=2.0, far=8.0)
    assert found.unit == "axial" and found.values.dtype == np.float32
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-6)


@pytest.mark.parametrize("meaning", ["inverse", "distance"])
def test_metres_are_measured_from_black_and_white_not_from_the_extremes(meaning):
    flat = depth.from_image(np.full((3, 4), 0.5), meaning=meaning, near=2.0, far=8.0)
    np.testing.assert_allclose(flat.values, {"inverse": 3.2, "distance": 5.0}[meaning], rtol=1e-6)
    assert np.isclose(depth.from_image(RAMP * 1.00001, meaning=meaning, near=2.0, far=8.0).values.min(), 2.0)
    with pytest.raises(InputError, match=r"values from 0 to 1.001; with meaning '\w+' allowed is 0 to 1: bring it"):
        depth.from_image(RAMP * 1.001, meaning=meaning)
    with pytest.raises(InputError, match="values from -0.1 to 0.9"):
        depth.from_image(RAMP - 0.1, meaning=meaning)
    with pytest.raises(InputError, match="1 of 4 values that are not finite"):
        depth.from_image(np.where(RAMP > 0, RAMP, np.nan), meaning=meaning)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"near": 5.0, "far": 5.0}, "near is 5 m and far is 5 m; near must be less than far"),
        ({"near": 0.0, "far": 5.0}, "near is 0 m; allowed is 0.1 to 10000 m"),
        ({"near": 1.0, "far": float("nan")}, "far is nan m; allowed is 0.1 to 10000 m"),
    ],
)
def test_limits_in_metres(limits, said):
    with pytest.raises(InputError, match=said):
        depth.from_image(RAMP, meaning="distance", **limits)
    assert depth.from_image(RAMP, **limits).unit == "inverse"  # relative looks at neither


def test_the_meanings_are_a_closed_list():
    assert depth.MEANINGS == ("relative", "inverse", "distance")
    with pytest.raises(InputError, match="meaning is 'disparity'; allowed is one of: relative, inverse, distance"):
        depth.from_image(RAMP, meaning="disparity")
