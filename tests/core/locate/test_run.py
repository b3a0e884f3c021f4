import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.locate import SCENES, distances, run, span
from see2sound_nodes.s2s_core.locate.camera import Camera
from see2sound_nodes.s2s_core.locate.sphere import angles, azimuth_spread, centroid
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import DepthMap, Picture, Region

SIZE = (120, 160)
CAMERA = Camera("perspective", 60)


def box(x0, y0, x1, y1, size=SIZE, **words):
    mask = np.zeros(size, bool)
    mask[y0:y1, x0:x1] = True
    return Region(mask, **words)


def blob(seed, size=SIZE):
    """A ragged region without symmetry."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    middle = random.uniform(0.1, 0.9, 2) * size
    mask = np.hypot(y - middle[0], 0.6 * (x - middle[1])) < random.uniform(5, 30)
    return Region(mask & (random.random(size) < 0.8) | (random.random(size) < 0.01))


def constant(value, unit, size=SIZE):
    return DepthMap(np.full(size, value, np.float32), unit)


def only(region, depth, **options):
    (source,) = run([region], depth, **{"camera": CAMERA, **options})
    return source


# --- direction and width -------------------------------------------------------------------------------------------


def test_left_and_up_are_positive():
    source = only(box(20, 10, 40, 30), constant(2, "axial"))
    assert source.azimuth > 10 and source.elevation > 10
    source = only(box(120, 90, 140, 110), constant(2, "axial"))
    assert source.azimuth < -10 and source.elevation < -10


@pytest.mark.parametrize("projection", ["perspective", "fisheye", "equirectangular"])
def test_a_mirrored_mask_is_at_exactly_the_mirrored_azimuth(projection):
    size = (80, 160)
    for seed in range(8):
        region = blob(seed, size)
        mirrored = Region(region.mask[:, ::-1])
        here, there = run([region, mirrored], constant(2, "radial", size), camera=Camera(projection))
        assert there.azimuth == -here.azimuth
        assert there.elevation == here.elevation
        assert there.distance == here.distance
        assert there.width == pytest.approx(here.width, rel=1e-9)


def test_the_centroid_is_not_the_middle_of_the_box():
    mask = np.zeros(SIZE, bool)
    mask[40:80, 20:60] = True
    mask[60, 60:150] = True  # a long thin arm to the right
    arm, without = only(Region(mask), constant(2, "axial")), only(box(20, 40, 60, 80), constant(2, "axial"))
    assert without.azimuth - 3 < arm.azimuth < without.azimuth


def test_the_width_is_the_angle_covered():
    source = only(box(60, 40, 100, 80), constant(2, "axial"))
    exact = 2 * np.degrees(np.arctan(20 / 80 * np.tan(np.radians(30))))
    assert source.width == pytest.approx(exact, rel=0.01)


def test_places_do_not_depend_on_the_number_of_pixels():
    small = only(box(20, 10, 60, 40), constant(2, "axial"))
    large = only(box(80, 40, 240, 160, (480, 640)), constant(2, "axial", (480, 640)))
    assert large.azimuth == pytest.approx(small.azimuth, abs=0.05)
    assert large.elevation == pytest.approx(small.elevation, abs=0.05)
    assert large.width == pytest.approx(small.width, abs=0.1)
    assert large.distance == pytest.approx(small.distance, rel=1e-3)


@pytest.mark.parametrize("depth_size", [(294, 392), (1440, 1920)])
def test_a_scene_is_at_one_place_at_512_and_1920_pixels(depth_size):
    def located(width):
        size = (width * 3 // 4, width)
        v, u = np.mgrid[: size[0], : size[1]].astype(float) + 0.5
        mask = np.hypot(u / width - 0.3, v / width - 0.2) < 0.1
        y, x = np.mgrid[: depth_size[0], : depth_size[1]] / depth_size[1]
        return only(Region(mask), DepthMap((3 * x + y).astype(np.float32)))

    small, large = located(512), located(1920)
    assert (large.azimuth, large.elevation) == pytest.approx((small.azimuth, small.elevation), abs=0.05)
    assert large.width == pytest.approx(small.width, abs=0.2)
    assert large.distance == pytest.approx(small.distance, rel=0.005)
    assert (small.azimuth, small.elevation) == pytest.approx((12.9, 11.0), abs=0.5)


def test_the_lens_of_the_picture_settles_an_automatic_angle():
    region, depth = box(0, 50, 20, 70), constant(2, "axial")
    wide = Picture(np.zeros((*SIZE, 3), np.float32), focal_35mm=14)
    assert only(region, depth, camera=Camera(), picture=wide).azimuth > 1.5 * only(region, depth).azimuth
    assert only(region, depth, camera=Camera()).azimuth == only(region, depth).azimuth


def test_stage_width_stretches_azimuth_and_width_only():
    region, depth = box(10, 10, 30, 40), constant(2, "axial")
    natural, wide = only(region, depth), only(region, depth, stage_width=120)
    assert wide.azimuth == pytest.approx(2 * natural.azimuth)
    assert wide.width == pytest.approx(2 * natural.width)
    assert (wide.elevation, wide.distance) == (natural.elevation, natural.distance)
    assert only(region, depth, stage_width=60).azimuth == pytest.approx(natural.azimuth)
    assert only(region, depth, stage_width=0).azimuth == natural.azimuth
    edge = only(box(0, 50, 2, 70), constant(2, "axial"), camera=Camera("perspective", 20), stage_width=360)
    assert 170 < edge.azimuth <= 180
    for bad in (0.5, 361, -60, float("nan")):
        with pytest.raises(InputError, match="stage width is .*; allowed is 1 to 360"):
            only(region, depth, stage_width=bad)


def test_stage_width_stops_at_the_back():
    """A fisheye's corners lie beyond its picture's horizontal edge."""
    corner = only(box(0, 0, 2, 2), constant(2, "radial"), camera=Camera("fisheye", 180), stage_width=360)
    assert corner.azimuth == 180


# --- distance ------------------------------------------------------------------------------------------------------


def test_a_plane_of_constant_depth_is_farther_towards_the_edges():
    """r = Z |ray|, so r cos(az) cos(el) = Z everywhere."""
    regions = [box(x, y, x + 8, y + 8) for x in range(0, 160, 38) for y in range(0, 112, 37)]
    for unit, value in (("axial", 4.0), ("inverse", 7.0)):
        sources = run(regions, constant(value, unit), camera=CAMERA)
        metres = [s.distance * np.cos(np.radians(s.azimuth)) * np.cos(np.radians(s.elevation)) for s in sources]
        np.testing.assert_allclose(metres, 4.0 if unit == "axial" else 1 / (0.5 / 2 + 0.5 / 40))
        assert sources[0].distance > 1.15 * min(source.distance for source in sources)


def test_radial_metres_are_taken_as_they_are():
    for projection, size in (("perspective", SIZE), ("fisheye", SIZE), ("equirectangular", (80, 160))):
        source = only(box(5, 5, 20, 20, size), constant(3, "radial", size), camera=Camera(projection))
        assert source.distance == 3


def test_relative_depth_off_the_perspective_is_along_the_ray():
    source = only(box(5, 5, 20, 20), constant(3, "inverse"), camera=Camera("fisheye"), scene="room")
    assert source.distance == pytest.approx(1 / (0.5 / 1 + 0.5 / 6))


@pytest.mark.parametrize("scene", SCENES)
def test_scenes_run_from_near_to_far(scene):
    ramp = DepthMap(np.tile(np.linspace(0, 5, 161, dtype=np.float32), (100, 1)))
    metres = distances(ramp, scene=scene)
    near, far = SCENES[scene]
    assert metres.max() == pytest.approx(far) and metres.min() == pytest.approx(near)
    assert (np.diff(metres[0]) <= 0).all()
    assert metres[0, 80] == pytest.approx(2 / (1 / near + 1 / far))  # q = 0.5, not the middle in metres


def test_custom_limits():
    ramp = DepthMap(np.tile(np.linspace(-3, 5, 161, dtype=np.float32), (100, 1)))
    metres = distances(ramp, scene="custom", near=0.5, far=9)
    assert (metres.min(), metres.max()) == (pytest.approx(0.5), pytest.approx(9))
    np.testing.assert_array_equal(distances(ramp, near=0.5, far=9), distances(ramp))
    for near, far, words in [
        (5, 5, "near is 5 m and far is 5 m"),
        (9, 2, "near must be less than far"),
        (0, 2, "near is 0 m; allowed is 0.1 to 10000 m"),
        (1, float("inf"), "far is inf m"),
        (None, 2, "near or far is missing"),
    ]:
        with pytest.raises(InputError, match=words):
            distances(ramp, scene="custom", near=near, far=far)
    with pytest.raises(InputError, match="scene is 'moon'; allowed is one of: room, street, landscape, custom"):
        distances(ramp, scene="moon")


def test_relative_depth_has_no_scale_of_its_own():
    random = np.random.default_rng(3)
    values = random.random(SIZE).astype(np.float32)
    np.testing.assert_allclose(distances(DepthMap(values * 1000 - 77)), distances(DepthMap(values)), rtol=1e-3)


def test_stray_pixels_do_not_set_the_scale_but_a_lone_thing_on_a_flat_ground_counts():
    values = np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    spiked = values.copy()
    spiked[0, :2] = 500
    np.testing.assert_allclose(distances(DepthMap(spiked))[1:], distances(DepthMap(values))[1:], rtol=0.03)
    flat = np.zeros(SIZE, np.float32)
    flat[50:60, 50:60] = 1
    assert distances(DepthMap(flat))[55, 55] == pytest.approx(2)
    assert distances(DepthMap(flat))[0, 0] == pytest.approx(40)


class Clip(Sequence):
    """Depth maps made as they are asked for: a ramp that grows from frame to frame."""

    def __init__(self, frames, size=SIZE, unit="inverse"):
        self.frames, self.unit = frames, unit
        self.ramp = np.tile(np.linspace(0, 1, size[1], dtype=np.float32), (size[0], 1))

    def __len__(self):
        return self.frames

    def __getitem__(self, frame):
        if not 0 <= frame < self.frames:
            raise IndexError(frame)
        return DepthMap(self.ramp * (frame + 1), self.unit)


def test_one_span_for_a_whole_clip_keeps_what_stands_still_at_its_distance():
    """A wall at 3 stays there when something near passes; scaled frame by frame it would jump away."""
    wall = np.tile(np.linspace(1, 3, 160, dtype=np.float32), (120, 1))
    passing = wall.copy()
    passing[:, :40] = 9
    clip = [DepthMap(wall), DepthMap(passing)]
    whole = span(clip)
    calm, busy = (only(box(150, 50, 160, 60), frame, span=whole).distance for frame in clip)
    assert busy == calm
    assert only(box(150, 50, 160, 60), clip[1]).distance > 2 * only(box(150, 50, 160, 60), clip[0]).distance
    near, far = SCENES["street"]
    ends = distances(DepthMap(np.array([[-50, 50]], np.float32)), span=whole)
    assert ends[0] == pytest.approx([far, near])


def test_the_span_of_one_map_is_its_own():
    depth = DepthMap(np.random.default_rng(8).random(SIZE, np.float32))
    assert span([depth]) == tuple(np.percentile(depth.values.astype(float), (2, 98)))
    np.testing.assert_array_equal(distances(depth, span=span([depth])), distances(depth))
    assert span([constant(3, "inverse")]) == (3, 3)
    assert (distances(constant(3, "inverse"), span=(3, 3)) == distances(constant(3, "inverse"))).all()


def test_a_long_clip_needs_no_more_memory():
    """300 maps of 500 x 400 would be 240 MB; the sample finds the percentiles of all 60 million values."""
    clip = Clip(300, (400, 500))
    tracemalloc.start()
    low, high = span(clip)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40e6
    exact = np.percentile(np.outer(np.arange(1, 301), clip.ramp[0].astype(float)), (2, 98))
    assert (low, high) == pytest.approx(exact, abs=0.1)  # of 0 to 300


def test_spans_that_are_refused():
    with pytest.raises(InputError, match="no depth map"):
        span([])
    with pytest.raises(InputError, match="axial and inverse; all must come from one model"):
        span([constant(1, "inverse"), constant(1, "axial")])
    for bad in ((2, 1), (0, float("inf")), (float("nan"), 1)):
        with pytest.raises(InputError, match="span is .*; allowed are two finite numbers"):
            only(box(5, 5, 9, 9), constant(1, "inverse"), span=bad)


def test_metric_depth_needs_no_span():
    assert only(box(5, 5, 9, 9), constant(3, "radial"), span=span(Clip(2, unit="radial"))).distance == 3


def test_an_objects_depth_is_read_inside_it():
    """The rim of the mask lies on the wall behind; the median over the inner pixels does not see it."""
    values = np.full(SIZE, 9, np.float32)
    values[46:74, 66:94] = 2
    source = only(box(60, 40, 100, 80), DepthMap(values, "radial"))
    assert source.distance == 2


def test_the_background_is_an_ambience_behind_the_things():
    values = np.tile(np.linspace(1, 9, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    background = Region(np.ones(SIZE, bool), "sky", background=True)
    source = only(background, DepthMap(values, "axial"))
    assert (source.azimuth, source.elevation, source.width, source.background) == (0, 0, 360, True)
    assert source.distance == pytest.approx(7, abs=0.05)


def test_a_depth_map_of_another_size_is_fitted():
    values = np.tile(np.linspace(1, 9, 160, dtype=np.float32), (120, 1))
    small = DepthMap(np.tile(np.linspace(1, 9, 84, dtype=np.float32), (63, 1)), "radial")
    region = box(30, 30, 60, 60)
    exact = only(region, DepthMap(values, "radial")).distance
    assert only(region, small).distance == pytest.approx(exact, rel=0.02)
    with pytest.raises(InputError, match="depth map is 100 x 100 and the masks are 160 x 120 pixels"):
        only(region, constant(1, "radial", (100, 100)))


# --- the rest ------------------------------------------------------------------------------------------------------


def test_labels_and_order_are_kept_and_nothing_gives_nothing():
    regions = [box(0, 0, 9, 9, label="b"), box(50, 50, 70, 70, label="a"), box(9, 0, 19, 9, label="c")]
    assert [source.label for source in run(regions, constant(1, "axial"), camera=CAMERA)] == ["b", "a", "c"]
    assert run([], constant(1, "axial"), camera=CAMERA) == ()
    assert not run(regions, constant(1, "axial"), camera=CAMERA)[0].background


def test_one_pixel_is_enough():
    source = only(box(80, 60, 81, 61), constant(2, "axial"))
    assert abs(source.azimuth) < 1 and source.width == 0


def test_what_is_refused():
    region = box(5, 5, 9, 9, label="cat")
    with pytest.raises(InputError, match="'cat' has a mask of 160 x 120 pixels and 'dog' one of 20 x 30"):
        run([region, box(1, 1, 2, 2, (30, 20), label="dog")], constant(1, "axial"), camera=CAMERA)
    with pytest.raises(InputError, match="'void' covers no pixel"):
        only(box(0, 0, 0, 0, label="void"), constant(1, "axial"))
    for value in (0, -3):
        with pytest.raises(InputError, match=f"'cat' is {value} m; metric depth must be above 0"):
            only(region, constant(value, "axial"))
    for camera in (Camera("fisheye"), Camera("equirectangular")):
        with pytest.raises(InputError, match="along the camera's axis"):
            only(box(5, 5, 9, 9, (80, 160)), constant(1, "axial", (80, 160)), camera=camera)


def test_cancel_stops_and_progress_is_told():
    heard = []
    runtime = HeadlessRuntime(listen=lambda *step: heard.append(step))
    regions = [box(5, 5, 9, 9), box(15, 5, 19, 9)]
    run(regions, constant(1, "axial"), camera=CAMERA, runtime=runtime)
    assert heard == [("locate", 0, 2), ("locate", 1, 2), ("locate", 2, 2)]
    runtime.cancel.set()
    with pytest.raises(Cancelled):
        run(regions, constant(1, "axial"), camera=CAMERA, runtime=runtime)


def test_inputs_are_not_changed():
    region, depth = box(5, 5, 40, 40), constant(1, "inverse")
    before = region.mask.copy(), depth.values.copy()
    first = only(region, depth)
    assert only(replace(region), depth).distance == first.distance
    np.testing.assert_array_equal(region.mask, before[0])
    np.testing.assert_array_equal(depth.values, before[1])


# --- large pictures, measured in blocks ------------------------------------------------------------------------------

LARGE = (1500, 2001)


def ragged(seed, size=LARGE):
    """A few overlapping discs: large and small, whole and cut off by the edge."""
    random = np.random.default_rng(seed)
    y, x = np.ogrid[: size[0], : size[1]]
    mask = np.zeros(size, bool)
    for _ in range(4):
        mask |= np.hypot(y - random.uniform(0, size[0]), x - random.uniform(0, size[1])) < random.uniform(4, 300)
    return mask


@pytest.mark.parametrize("projection", ["perspective", "fisheye", "equirectangular"])
def test_blocks_are_where_their_pixels_are(projection):
    """Against all pixels one by one."""
    size = (1000, 2000) if projection == "equirectangular" else LARGE
    camera = Camera(projection).resolved()
    for seed in range(3):
        mask = ragged(seed, size)
        rays = camera.rays(np.argwhere(mask)[:, ::-1] + 0.5, size)
        weights = camera.solid_angles(rays)
        middle = centroid(rays, weights)
        azimuth, elevation = angles(middle)
        source = only(Region(mask), constant(2, "radial", size), camera=camera)
        assert source.azimuth == pytest.approx(azimuth, abs=0.01)
        assert source.elevation == pytest.approx(elevation, abs=0.01)
        assert source.width == pytest.approx(azimuth_spread(rays, weights, middle), abs=360 / 1024)


@pytest.mark.parametrize("size", [LARGE, (1500, 2000), (2001, 1500)])
def test_a_large_mirrored_mask_is_at_exactly_the_mirrored_azimuth(size):
    values = np.random.default_rng(0).random(size, np.float32)
    for seed in range(2):
        mask = ragged(seed, size)
        here = only(Region(mask), DepthMap(values))
        there = only(Region(mask[:, ::-1]), DepthMap(values[:, ::-1]))
        assert (there.azimuth, there.elevation, there.distance) == (-here.azimuth, here.elevation, here.distance)
        assert there.width == pytest.approx(here.width, rel=1e-9)


@pytest.mark.parametrize("depth_size", [(300, 400), (1200, 1600)])
@pytest.mark.parametrize("background", [False, True])
def test_a_large_picture_sounds_from_where_the_small_one_does(depth_size, background):
    y, x = np.ogrid[:300, :400]
    mask = np.hypot(y - 140, x - 250) < 60
    values = np.add.outer(np.linspace(1, 9, 300, dtype=np.float32), np.linspace(0, 3, 400, dtype=np.float32))
    small = only(Region(mask, background=background), DepthMap(values))
    up = depth_size[0] // 300
    large = only(
        Region(mask.repeat(4, 0).repeat(4, 1), background=background), DepthMap(values.repeat(up, 0).repeat(up, 1))
    )
    assert (large.azimuth, large.elevation) == pytest.approx((small.azimuth, small.elevation), abs=0.01)
    assert large.width == pytest.approx(small.width, abs=0.1)
    assert large.distance == pytest.approx(small.distance, rel=0.005)


def test_a_line_thinner_than_a_block_is_a_source():
    mask = np.zeros((3000, 4000), bool)
    mask[1000:1400, 3000] = True
    source = only(Region(mask), constant(2, "radial", (3000, 4000)))
    right = np.degrees(np.arctan((3000.5 - 2000) / 2000 * np.tan(np.radians(30))))
    assert source.azimuth == pytest.approx(-right, abs=0.01)
    assert (source.distance, source.width) == (2, pytest.approx(0, abs=1e-6))
