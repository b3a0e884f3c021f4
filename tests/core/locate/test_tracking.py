from dataclasses import replace

import numpy as np
import pytest
from see2sound_nodes.s2s_core import models, segment
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.locate import Camera, distances, extent, run, sample, span
from see2sound_nodes.s2s_core.locate.tracking import places, source, stretch
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment.tracking import Tracker, looks
from see2sound_nodes.s2s_core.tracks import Look, Place, Sighting, Track, sightings
from see2sound_nodes.s2s_core.types import DepthMap

from ..crossing import Thing, frame

CAMERA = Camera("perspective", 60)
RUNTIME = HeadlessRuntime("cpu")
NO_LOOK = Look.of(np.ones((2, 2), bool), 1.0, (0.5, 0.5), np.zeros(24, np.float32))
RED = Thing("red", (0.8, 0.15, 0.1), -27, 27, row=75, nearness=0.9)
BLUE = Thing("blue", (0.1, 0.2, 0.8), 24, -24, row=105, nearness=0.4)
STILL = Thing("green", (0.1, 0.6, 0.2), 12, 12, row=30, radius=16, nearness=0.6)


def track(times, azimuths, elevations=0.0, depths=3.0, cuts=(), unit="radial", slants=1.0, width=10.0):
    columns = np.broadcast_arrays(azimuths, elevations, width, depths, slants, times)[:5]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    seen = [
        Sighting(float(time), NO_LOOK, Place(a, e, w, d, unit, s))
        for time, (a, e, w, d, s) in zip(times, rows, strict=True)
    ]
    return Track(tuple(seen), float(times[0]), float(times[-1]), "thing", cuts=tuple(cuts))


def path(trajectory, times):
    """(azimuth, elevation, distance) at each time, as the mix reads them."""
    there = trajectory.at(times)
    return there.azimuth, there.elevation, there.distance


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["inverse", "axial", "radial"])
@pytest.mark.parametrize("stage_width", [None, 120, 30])
def test_one_frame_on_its_own_is_where_the_still_picture_puts_it(unit, stage_width):
    _, regions, depth = frame([RED, BLUE, STILL], 1.0)
    depth = DepthMap(depth.values + 1, unit)
    stills = run(regions, depth, camera=CAMERA, stage_width=stage_width)
    wider = stretch(CAMERA, regions[0].mask.shape, stage_width)
    for region, place, still in zip(regions, places(regions, depth, camera=CAMERA), stills, strict=True):
        alone = Track(
            (Sighting(0.0, NO_LOOK, place, region.label, background=region.background),), 0.0, 1.0, region.label
        )
        moving = source(alone, span=span([depth]), stretch=wider)
        assert (moving.label, moving.background) == (still.label, still.background)
        assert moving.width == pytest.approx(still.width)
        here, there = moving.trajectory, still.trajectory
        for one, other in (
            (here.azimuth, there.azimuth),
            (here.elevation, there.elevation),
            (here.distance, there.distance),
        ):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_depth_is_raw_and_its_way_along_the_ray_is_told():
    _, (region, *_), _ = frame([Thing("side", (1, 0, 0), 25, 25)], 0.0)
    (place,) = places([region], DepthMap(np.full(region.mask.shape, 7, np.float32)), camera=CAMERA)
    assert (place.depth, place.unit) == (7, "inverse")
    assert place.slant == pytest.approx(1 / np.cos(np.radians(25)), rel=0.01)
    assert places([], DepthMap(np.ones((9, 9), np.float32)), camera=CAMERA) == ()


def test_samples_of_single_frames_give_the_span_of_the_clip():
    random = np.random.default_rng(4)
    clip = [DepthMap((random.random((300, 400)) * (1 + i)).astype(np.float32)) for i in range(12)]
    samples = [sample(depth) for depth in clip]
    assert max(len(values) for values in samples) < 2200
    assert extent(np.concatenate(samples)) == pytest.approx(span(clip), abs=0.25)  # of 0 to 12


# --- paths -----------------------------------------------------------------------------------------------------------


def test_knots_every_half_second_follow_60_degrees_in_3_seconds():
    times = np.arange(0, 3.01, 0.5)
    fine = np.arange(0, 3, 0.01)
    random = np.random.default_rng(1)
    for jitter, mean, most in ((0, 0.01, 0.05), (1.5, 1.5, 3)):
        azimuth = -30 + 20 * times + random.normal(0, jitter, len(times))
        error = np.abs(path(source(track(times, azimuth)).trajectory, fine)[0] - (-30 + 20 * fine))
        assert error.mean() < mean and error.max() < most


@pytest.mark.parametrize("rate", [2, 5])
def test_an_even_motion_is_neither_delayed_nor_shortened(rate):
    times = np.arange(0, 4.01, 1 / rate)
    moved = source(track(times, 15 * times - 30, depths=2 * 1.2**times)).trajectory
    np.testing.assert_allclose(moved.azimuth, 15 * times - 30, atol=0.05)
    np.testing.assert_allclose(moved.distance, 2 * 1.2**times, rtol=1e-9)
    np.testing.assert_array_equal(moved.times, times)


def test_jitter_is_smoothed():
    times = np.arange(0, 80, 0.2)
    jitter = np.random.default_rng(0).normal(0, 3, len(times))
    moved = source(track(times, 2 * times - 80 + jitter)).trajectory
    assert np.std(moved.azimuth - 2 * times + 80) < 0.55 * np.std(jitter)


def test_a_path_through_the_back_goes_the_short_way():
    times = np.arange(0, 4.01, 0.5)
    azimuth = (160 + 10 * times + 180) % 360 - 180
    between = path(source(track(times, azimuth)).trajectory, np.arange(0, 4, 0.1))[0]
    assert (np.abs(between) > 159).all()
    over = source(track(times, np.where(times < 2, 0.0, 180.0), np.where(times < 2, 50 + 20 * times, 130 - 20 * times)))
    assert path(over.trajectory, times)[1].max() > 80  # over the top


@pytest.mark.parametrize(
    ("angle", "ratio", "knots"),
    [(0, 1, 1), (0.9, 1.04, 1), (3, 1, 21), (0, 1.2, 21)],
    ids=["exact", "near", "turns", "comes"],
)
def test_what_hardly_moves_stands_still(angle, ratio, knots):
    times = np.arange(0, 10.01, 0.5)
    sway = np.sin(times / 2)
    moved = source(track(times, 20 + angle * sway, depths=3 * ratio**sway)).trajectory
    assert len(moved.times) == knots
    if knots == 1:
        assert moved.times[0] == 0
        assert moved.azimuth[0] == pytest.approx(20, abs=angle + 0.01)
        assert moved.distance[0] == pytest.approx(3, rel=0.05)


def test_at_a_cut_it_jumps_and_nothing_is_smoothed_across():
    times = np.arange(0, 6.01, 0.5)
    azimuth = np.where(times < 3, -20 + 5 * times, 40 - 5 * (times - 3))
    moved = source(track(times, azimuth, cuts=[2.9]))
    there = path(moved.trajectory, [2.5, 2.898, 2.9, 3.0])[0]
    np.testing.assert_allclose(there, [-7.5, -7.5, 40, 40], atol=0.1)
    assert (np.diff(moved.trajectory.times) > 0).all()


def test_still_in_each_scene_is_two_knots_for_each_jump():
    times = np.arange(0, 6.01, 0.5)
    moved = source(track(times, np.where(times < 3, -20.0, 30.0), cuts=[1.7, 2.9, 8.0])).trajectory
    assert len(moved.times) == 2 and moved.times == pytest.approx([2.899, 2.9])
    np.testing.assert_allclose(path(moved, [0, 2.89, 2.9, 6])[0], [-20, -20, 30, 30], atol=1e-6)


def test_distance_is_of_the_whole_clips_span_and_along_the_ray():
    times = np.arange(0, 2.01, 0.5)
    one = track(times, 0, depths=np.array([0.2, 0.3, 0.5, 0.6, 0.8]), unit="inverse", slants=1.1)
    distance = source(one, span=(0.0, 1.0), scene="room").trajectory.distance
    exact = 1.1 * distances(DepthMap(np.array([[0.2, 0.8]], np.float32)), scene="room", span=(0, 1))[0]
    assert distance[[0, -1]] == pytest.approx(exact, rel=0.05)
    with pytest.raises(InputError, match="'thing' has relative depth and no span"):
        source(one)
    with pytest.raises(InputError, match="scene is 'moon'"):
        source(one, span=(0, 1), scene="moon")


def test_width_is_the_median_and_a_stage_stretches_azimuths():
    times = np.arange(0, 2.01, 0.5)
    moved = source(track(times, 10 * times, width=np.array([8, 9, 50, 9, 10.0])), stretch=2)
    assert moved.width == 18
    assert moved.trajectory.azimuth == pytest.approx(20 * times, abs=0.05)
    assert source(track(times, 10 * times), stretch=100).width == 360


def test_an_ambience_is_all_around_at_one_distance():
    times = np.arange(0, 2.01, 0.5)
    behind = track(times, 0, depths=np.array([5, 6, 7, 9, 30.0]))
    behind = replace(behind, sightings=tuple(replace(s, background=True) for s in behind.sightings))
    found = source(behind)
    assert (found.width, found.background, found.distance, len(found.trajectory.times)) == (360, True, 7, 1)


# --- the whole way, against the truth --------------------------------------------------------------------------------


def regions_of(things, time, model):
    picture, known, depth = frame(things, time)
    return picture, segment.run(model, picture, count=8, runtime=RUNTIME) if model else known, depth


def errors(things, tracks, limits):
    """Mean azimuth error in degrees of the one track that is each thing, at 100 points a second while it lives."""
    found = {}
    for one in tracks:
        if one.background:
            continue
        fine = np.arange(one.sightings[0].time, one.sightings[-1].time, 0.01)
        azimuth = path(source(one, span=limits).trajectory, fine)[0]
        error, label = min((float(np.abs(azimuth - thing.azimuth(fine)).mean()), thing.label) for thing in things)
        assert label not in found, f"{label} is two tracks"
        found[label] = error
    return found


@pytest.mark.parametrize("name", ["", "superpixels (no weights)"], ids=["known masks", "superpixels"])
def test_a_crossing_is_heard_within_3_degrees(name):
    """Two things cross, the nearer in front, past one that stands still; one is hidden for a second later on."""
    things = [RED, BLUE, STILL]
    model = models.load("segment", segment.BACKENDS, name, RUNTIME, "error") if name else None
    tracker, depths = Tracker(), []
    for time in np.arange(0, 6.01, 0.5):
        picture, regions, depth = regions_of(things, time, model)
        shown = [r for r in regions if not (4 <= time <= 5 and _is(r, RED, time))]
        found = places(shown, depth, camera=CAMERA)
        tracker.add(time, sightings(time, shown, looks(shown, picture), found))
        depths.append(depth)
    tracks = tracker.tracks(3, 6.5)
    limits = span(depths)
    found = errors(things, tracks, limits)
    assert set(found) == {"red", "blue", "green"}
    assert max(found.values()) < 3, found
    far = {
        thing.label: np.median(source(_of(thing, tracks, limits), span=limits).trajectory.distance) for thing in things
    }
    assert far["red"] < far["green"] < far["blue"]


def _is(region, thing, time):
    shape = thing.shape(time)
    return (region.mask & shape).sum() > 0.5 * max(region.mask.sum(), shape.sum())


def _of(thing, tracks, limits):
    fine = np.arange(0, 6, 0.1)
    things = [one for one in tracks if not one.background]
    return min(
        things, key=lambda o: np.abs(path(source(o, span=limits).trajectory, fine)[0] - thing.azimuth(fine)).mean()
    )
