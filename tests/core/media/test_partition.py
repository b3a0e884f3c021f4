from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from see2sound_nodes.s2s_core.media.partition import graph_segmentation, partition, resized
from see2sound_nodes.s2s_core.types import Picture

PHOTOS = sorted((Path(__file__).parents[3] / "workflows" / "media").glob("*.jpg"))


def photo(path):
    with Image.open(path) as image:
        return Picture(np.asarray(image.convert("RGB"), np.float32) / 255, path.stem)


def mirrored(picture):
    return Picture(np.ascontiguousarray(picture.pixels[:, ::-1]), picture.name)


def blotches(seed, shape):
    values = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((*shape, 3)), (2, 2, 0))
    return (values - values.min()) / np.ptp(values)


def as_the_paper_says(pixels, allowance, blur, smallest):
    """Algorithm 1 of the paper word for word, with sets: one edge after the other, no shortcut."""
    height, width = pixels.shape[:2]
    smooth = ndimage.gaussian_filter(pixels.astype(np.float64), (blur, blur, 0))
    edges = []
    for y in range(height):
        for x in range(width):
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                v, u = y + down, x + right
                if v < height and 0 <= u < width:
                    weight = np.sqrt(((smooth[y, x] - smooth[v, u]) ** 2).sum())
                    edges.append((weight, (y, x), (v, u)))
    edges.sort()
    home = {(y, x): [{(y, x)}, 0.0] for y in range(height) for x in range(width)}

    def join(one, other, inner):
        for pixel in other[0]:
            home[pixel] = one
        one[0] |= other[0]
        one[1] = inner

    for weight, a, b in edges:
        one, other = home[a], home[b]
        if one is not other and weight <= min(c[1] + allowance / len(c[0]) for c in (one, other)):
            join(one, other, weight)
    for _, a, b in edges:
        one, other = home[a], home[b]
        if one is not other and min(len(one[0]), len(other[0])) < smallest:
            join(one, other, max(one[1], other[1]))
    names = {id(component): n for n, component in enumerate({id(c): c for c in home.values()}.values())}
    return np.array([[names[id(home[y, x])] for x in range(width)] for y in range(height)])


def same_partition(one, other):
    pairs = len(np.unique(np.stack([one.ravel(), other.ravel()]), axis=1).T)
    return pairs == len(np.unique(one)) == len(np.unique(other))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("allowance", "smallest"), [(0.1, 1), (0.5, 5), (2.0, 20)])
def test_same_as_the_paper(seed, allowance, smallest):
    pixels = blotches(seed, (26, 33))
    fast = graph_segmentation(pixels, allowance, 0.8, smallest)
    assert same_partition(fast, as_the_paper_says(pixels, allowance, 0.8, smallest))
    assert 1 < fast.max() + 1 < fast.size or allowance == 2.0


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_photographs(path):
    cut, twin = partition(photo(path)), partition(mirrored(photo(path)))
    sizes = np.bincount(cut.labels.ravel())
    assert max(cut.labels.shape) == 320 and len(sizes) == cut.count and 20 <= cut.count <= 60
    assert sizes.min() >= 0.004 * cut.labels.size
    for label in range(cut.count):
        assert ndimage.label(cut.labels == label, np.ones((3, 3)))[1] == 1, "a patch hangs together"
    np.testing.assert_array_equal(twin.pixels[:, ::-1], cut.pixels)
    assert same_partition(twin.labels[:, ::-1], cut.labels)
    assert partition(photo(path)).labels.tobytes() == cut.labels.tobytes()


@pytest.mark.parametrize("shape", [(16, 16), (64, 4000), (16, 9000), (4000, 64), (17, 333)])
def test_any_shape(shape):
    pixels = np.random.default_rng(0).random((*shape, 3)).astype(np.float32)
    cut = partition(Picture(pixels))
    assert max(cut.labels.shape) == min(320, max(shape)) and cut.pixels.shape[:2] == cut.labels.shape
    assert set(np.unique(cut.labels)) == set(range(cut.count))


def test_one_colour_is_one_patch_and_noise_does_not_cut_it():
    grey = np.full((100, 150, 3), 0.5, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.012, grey.shape).astype(np.float32)
    assert partition(Picture(grey)).count == partition(Picture(grey + noise)).count == 1


@pytest.mark.parametrize("size", [(7, 11), (23, 40), (100, 301)])
def test_resizing_mirrors_exactly_and_keeps_a_constant(size):
    values = np.random.default_rng(1).random((23, 40), dtype=np.float32)
    one, other = (resized(v, size, Image.Resampling.BILINEAR) for v in (values, values[:, ::-1]))
    assert one.shape == size and np.array_equal(one, other[:, ::-1])
    np.testing.assert_allclose(resized(np.full((9, 5), 0.3, np.float32), size, Image.Resampling.BOX), 0.3, atol=1e-7)
