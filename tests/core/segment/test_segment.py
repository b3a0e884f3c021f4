import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from see2sound_nodes.s2s_core import models, segment
from see2sound_nodes.s2s_core.backend import Backend, Model
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment import selection
from see2sound_nodes.s2s_core.segment.merge_tree import describe, lab_from_srgb, merge_tree
from see2sound_nodes.s2s_core.segment.selection import Candidates
from see2sound_nodes.s2s_core.types import Picture, Region

MEDIA = Path(__file__).parents[3] / "workflows" / "media"
RUNTIME = HeadlessRuntime("cpu")
NAME = "superpixels (no weights)"

# Boxes drawn by eye (x0, y0, x1, y1 in shares of the picture), and how far down the ranking each may come.
THINGS = {
    "rocket": {"rocket on its pad": ((0.41, 0.29, 0.60, 1.0), 2), "right tower": ((0.88, 0, 1, 1), 1)},
    "coffee": {"cup": ((0.29, 0.04, 0.70, 0.5), 1)},
    "chelsea": {"face": ((0.1, 0, 0.80, 0.92), 1)},
    "astronaut": {
        "suit": ((0.04, 0.38, 0.73, 1), 1),
        "helmet": ((0.55, 0.67, 1, 1), 2),
        "head": ((0.3, 0, 0.59, 0.38), 4),
    },
}


def photo(name):
    with Image.open(MEDIA / f"{name}.jpg") as image:
        return Picture(np.asarray(image.convert("RGB"), np.float32) / 255, name)


def mirrored(picture):
    return Picture(np.ascontiguousarray(picture.pixels[:, ::-1]), picture.name)


def find(picture, **settings):
    return segment.run(models.load("segment", segment.BACKENDS, NAME, RUNTIME), picture, runtime=RUNTIME, **settings)


def box(mask):
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height


def in_common(a, b):
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / (sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)) - both)


@pytest.fixture(scope="module", params=THINGS)
def found(request):
    picture = photo(request.param)
    return picture, find(picture)


def test_the_main_things_lead(found):
    picture, regions = found
    for thing, (where, rank) in THINGS[picture.name].items():
        best = max(in_common(box(region.mask), where) for region in regions[:rank])
        assert best > 0.5, f"no {thing} among the first {rank} of {picture.name}: {best:.2f}"


def test_shape_of_the_answer(found):
    picture, (*things, rest) = found
    assert [region.label for region in things] == [f"region {n}" for n in range(1, len(things) + 1)]
    assert all(0 < region.score <= 1 and not region.background for region in things)
    assert all(region.mask.shape == picture.size and region.mask.any() for region in things)
    assert rest.background
    np.testing.assert_array_equal(rest.mask, ~np.any([region.mask for region in things], axis=0))


def test_twice_the_same_and_the_mirrored_picture_gives_the_mirrored_regions(found):
    picture, regions = found
    again, twins = find(picture), find(mirrored(picture))
    assert [r.mask.tobytes() for r in again] == [r.mask.tobytes() for r in regions]
    assert [r.score for r in again] == [r.score for r in regions]
    assert len(twins) == len(regions)
    for region, twin in zip(regions, twins, strict=True):
        # Exact on these pictures; sums in another order may one day flip a near tie, so a hair is allowed.
        assert np.count_nonzero(region.mask ^ twin.mask[:, ::-1]) <= 0.01 * np.count_nonzero(region.mask)
        assert twin.score == pytest.approx(region.score, abs=1e-6)


def test_counts_modes_and_no_background():
    picture = photo("coffee")
    assert len(find(picture, count=2, background=False)) == 2
    largest = find(picture, count=3, mode="largest", background=False)
    areas = [region.mask.sum() for region in largest]
    assert areas == sorted(areas, reverse=True) and areas[0] > find(picture)[0].mask.sum()
    assert 5 < len(find(picture, count=32)) <= 33


@pytest.mark.parametrize("count", [0, 33, -1])
def test_a_wrong_count_is_refused(count):
    with pytest.raises(InputError, match=f"count is {count} regions; allowed is 1 to 32"):
        find(photo("coffee"), count=count)


def test_a_wrong_mode_is_refused():
    with pytest.raises(InputError, match="mode is 'nicest'; allowed is one of: distinct, largest"):
        find(photo("coffee"), mode="nicest")


def test_nothing_stands_out_in_grey_noise_or_a_ramp():
    grey = np.full((90, 120, 3), 0.5, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.02, grey.shape).astype(np.float32)
    ramp = np.broadcast_to(np.linspace(0, 1, 400, dtype=np.float32)[:, None], (200, 400, 3))
    for pixels in (grey, grey * 0, grey * 2, grey + noise, ramp):
        assert find(Picture(pixels)) == ()


def test_a_plain_disc_is_found_whole():
    image = Image.new("RGB", (200, 150), (40, 60, 90))
    ImageDraw.Draw(image).ellipse((60, 40, 120, 100), fill=(220, 180, 40))
    disc = np.asarray(image)[..., 0] == 220
    thing, rest = find(Picture(np.asarray(image, np.float32) / 255))
    assert np.count_nonzero(thing.mask ^ disc) < 0.05 * disc.sum() and rest.background


@pytest.mark.parametrize("shape", [(16, 16), (64, 4000), (4000, 64), (16, 5000)])
def test_any_shape(shape):
    pixels = np.full((*shape, 3), 0.1, np.float32)
    pixels[shape[0] // 4 : -shape[0] // 4, shape[1] // 4 : -shape[1] // 4] = 0.9
    regions = find(Picture(pixels))
    assert all(region.mask.shape == shape for region in regions)
    assert any(region.mask[shape[0] // 2, shape[1] // 2] for region in regions if not region.background)


def test_what_run_makes_of_other_backends():
    mask = np.zeros((20, 30), bool)
    mask[5:15, 5:15] = True
    row = Backend("toy", "", load=lambda runtime: lambda *_: [Region(mask, label="x", prompt="a dog")])
    model = models.load("segment", {"toy": row}, "toy", RUNTIME)
    picture = Picture(np.zeros((20, 30, 3), np.float32))
    thing, _ = segment.run(model, picture, runtime=RUNTIME)
    assert (thing.label, thing.prompt) == ("region 1", "a dog")
    nothing = Model("segment", "none", lambda *_: [])
    assert segment.run(nothing, picture, runtime=RUNTIME) == ()


def test_cancel_stops_it():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        segment.BACKENDS[NAME].load(RUNTIME)(photo("coffee"), HeadlessRuntime("cpu", cancel=stop))


def test_lab_of_known_colours():
    srgb = np.array([(1, 1, 1), (0, 0, 0), (1, 0, 0), (0, 0, 1)], float)
    expected = [(100, 0, 0), (0, 0, 0), (53.24, 80.09, 67.20), (32.30, 79.19, -107.86)]  # Lindbloom, D65
    np.testing.assert_allclose(lab_from_srgb(srgb), expected, atol=0.02)


def test_the_tree_holds_nested_patches_up_to_the_whole(small_cut):
    nodes = merge_tree(describe(small_cut))
    count = small_cut.count
    assert nodes.shape == (2 * count - 1, count) and nodes[-1].all()
    np.testing.assert_array_equal(nodes[:count], np.eye(count, dtype=bool))
    for one in nodes:
        for other in nodes:
            both = (one & other).sum()
            assert both in (0, one.sum(), other.sum())


def test_patches_add_up(small_cut):
    patches = describe(small_cut)
    labels = small_cut.labels
    np.testing.assert_array_equal(patches.colours.sum(axis=1), 3 * patches.size)
    meetings = (labels[1:] != labels[:-1]).sum() + (labels[:, 1:] != labels[:, :-1]).sum()
    assert patches.touch.sum() == 2 * meetings
    np.testing.assert_array_equal(patches.touch, patches.touch.T)


@pytest.fixture(scope="module")
def small_cut():
    from see2sound_nodes.s2s_core.media.partition import partition

    return partition(photo("coffee"))


@pytest.fixture(scope="module")
def large():
    picture = photo("rocket")
    return Picture(picture.pixels.repeat(4, 0).repeat(4, 1), picture.name)


@pytest.fixture(scope="module")
def candidates(large):
    return segment.BACKENDS[NAME].load(RUNTIME)(large, RUNTIME)


def test_candidates_of_a_large_picture_are_drawn_only_when_taken_out(large, candidates):
    assert len(candidates) > 5 and {region.mask.shape for region in candidates} == {large.size}
    assert {max(region.mask.shape) for region in candidates.small} == {1024}
    np.testing.assert_array_equal(candidates[-1].mask, candidates[len(candidates) - 1].mask)
    drawn = []
    watched = Candidates(candidates.small, lambda i: drawn.append(i) or candidates.small[i])
    assert len(selection.distinct(watched, 3)) == len(drawn) == 3
    assert len(selection.largest(watched, 2)) == 2 and len(drawn) == 5


@pytest.mark.parametrize("mode", selection.MODES)
def test_a_choice_among_small_candidates_is_the_choice_at_full_size(mode, candidates):
    small, full = (selection.MODES[mode](each, 8) for each in (candidates, list(candidates)))
    assert len(small) == 8
    for one, other in zip(small, full, strict=True):
        assert one.score == other.score
        np.testing.assert_array_equal(one.mask, other.mask)
