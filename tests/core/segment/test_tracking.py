import io
import pickle
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.segment import tracking
from see2sound_nodes.s2s_core.segment.look import looks, unlikeness
from see2sound_nodes.s2s_core.segment.tracking import LabelTracker, Tracker, best, regions_at
from see2sound_nodes.s2s_core.tracks import Place, from_arrays, sightings, to_arrays
from see2sound_nodes.s2s_core.types import Picture, Region

from ..crossing import Thing, frame

RED, BLUE, GREEN = (0.8, 0.15, 0.1), (0.1, 0.2, 0.8), (0.1, 0.6, 0.2)
LEFTWARDS = Thing("red", RED, -25, 25, nearness=0.9)
RIGHTWARDS = Thing("blue", BLUE, 25, -25, nearness=0.4)
TWIN = replace(RIGHTWARDS, colour=RED)
NOWHERE = Place(0, 0, 10, 0.5)


def seen(things, time, hide=(), background=True):
    picture, regions, _ = frame(things, time)
    regions = [r for r in regions if r.label not in hide and (background or not r.background)]
    return sightings(time, regions, looks(regions, picture), [NOWHERE] * len(regions))


def follow(things, times, cuts=(), hide=lambda time: (), tracker=None):
    tracker = tracker or Tracker()
    for time in times:
        tracker.add(time, seen(things, time, hide(time)), cut=time in cuts)
    return tracker


def things_of(tracks):
    """The true label of each thing's sightings, which must all be of one."""
    found = []
    for track in tracks:
        if not track.background:
            assert len({sighting.label for sighting in track.sightings}) == 1, "a track took over another thing"
            found.append(track.sightings[0].label)
    return found


def half_seconds(first, last):
    return np.arange(first, last + 0.01, 0.5).tolist()


# --- looks -----------------------------------------------------------------------------------------------------------


def test_a_look_holds_size_middle_colours_and_a_small_mask():
    pixels = np.zeros((360, 640, 3), np.float32)
    pixels[90:180, 320:480] = RED
    mask = np.zeros((360, 640), bool)
    mask[90:180, 320:480] = True
    (look,) = looks([Region(mask)], Picture(pixels))
    assert look.area == 1 / 16
    assert look.centroid == pytest.approx((400 / 640, 135 / 640), abs=0.002)
    assert look.mask.shape == (90, 160) and look.mask[23:45, 80:120].all() and look.mask.sum() <= 24 * 40
    assert look.colours.reshape(3, 8).sum(axis=1) == pytest.approx(1)
    assert len(pickle.dumps(look)) < 1000


def test_a_line_thinner_than_a_small_pixel_is_still_seen():
    mask = np.zeros((360, 640), bool)
    mask[100] = True
    (look,) = looks([Region(mask)], Picture(np.zeros((360, 640, 3), np.float32)))
    assert look.mask.any() and look.centroid[1] == pytest.approx(100.5 / 640, abs=0.003)
    assert looks([], Picture(np.zeros((20, 20, 3), np.float32))) == ()


def test_the_same_look_is_not_unlike_and_each_difference_counts_by_its_weight():
    (red,) = (s.look for s in seen([LEFTWARDS], 2, background=False))
    (later,) = (s.look for s in seen([LEFTWARDS], 3, background=False))
    (blue,) = (s.look for s in seen([replace(LEFTWARDS, colour=BLUE)], 2, background=False))
    nowhere = np.zeros((1, 2))
    assert unlikeness([red], nowhere, [red])[0, 0] == pytest.approx(0, abs=1e-6)
    assert 0.05 < unlikeness([red], nowhere, [blue])[0, 0] <= 0.30
    assert 0.45 < unlikeness([red], nowhere, [later])[0, 0] < 0.60  # no overlap, and some way
    assert unlikeness([red], np.subtract(later.centroid, red.centroid)[None], [later])[0, 0] < 0.05
    assert unlikeness([], np.zeros((0, 2)), [red]).shape == (0, 1)


@pytest.mark.parametrize("move", [(0.3, -0.2), (5, 5), (-5, 0)])
def test_a_thing_that_leaves_the_picture_overlaps_nothing(move):
    (red,) = (s.look for s in seen([LEFTWARDS], 3, background=False))
    assert unlikeness([red], np.array([move]), [red])[0, 0] >= 0.45


# --- identity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [2, 5])
@pytest.mark.parametrize("other", [RIGHTWARDS, TWIN], ids=["other colour", "twin"])
def test_things_that_cross_keep_their_identity(rate, other):
    """One passes behind the other and is hidden entirely for a moment."""
    tracks = follow([LEFTWARDS, other], np.arange(0, 6.01, 1 / rate)).tracks(5, 6.5)
    assert sorted(things_of(tracks)) == ["blue", "red"]
    assert [(track.start, track.stop) for track in tracks] == [(0, 6.5)] * 3


def test_without_its_motion_a_twin_would_be_taken_for_the_other(monkeypatch):
    monkeypatch.setattr(tracking._Thing, "way", lambda thing, time: np.zeros(2))
    labels = [
        len({s.label for s in track.sightings})
        for rate in (0.8, 1, 2)
        for track in follow([LEFTWARDS, TWIN], np.arange(0, 6.01, 1 / rate)).tracks(5, 6.5)
        if not track.background
    ]
    assert max(labels) == 2


@pytest.mark.parametrize("rate", [1, 2, 4])
def test_a_second_of_hiding_is_survived_and_two_are_not(rate):
    times = np.arange(0, 6.01, 1 / rate).tolist()
    for length, number in ((1.0, 1), (2.5, 2)):
        tracks = follow([LEFTWARDS], times, hide=lambda t, n=length: ("red",) * (2 <= t <= 2 + n)).tracks(5, 6.5)
        assert things_of(tracks) == ["red"] * number


@pytest.mark.parametrize("seed", range(3))
def test_six_things_on_random_paths_are_six_tracks(seed):
    random = np.random.default_rng(seed)
    things = [
        Thing(
            str(i),
            tuple(random.uniform(0.1, 0.9, 3)),
            *random.uniform(-27, 27, 2),
            row=random.uniform(40, 140),
            radius=random.uniform(12, 30),
            nearness=random.uniform(0.1, 0.9),
        )
        for i in range(6)
    ]
    tracks = follow(things, half_seconds(0, 6)).tracks(6, 6.5)
    assert sorted(things_of(tracks)) == list("012345")


def test_a_cut_begins_anew():
    tracks = follow([LEFTWARDS], half_seconds(0, 6), cuts=[3.0]).tracks(5, 6.4)
    assert things_of(tracks) == ["red", "red"]
    assert sorted((t.start, t.stop) for t in tracks if not t.background) == [(0, 3), (3, 6.4)]
    assert [(t.start, t.stop) for t in tracks if t.background] == [(0, 3), (3, 6.4)]
    assert all(track.cuts == () for track in tracks)


def test_birth_and_death_are_half_way_between_key_frames():
    tracker = follow([LEFTWARDS], half_seconds(0, 6), hide=lambda t: ("red",) * (not 1.5 <= t <= 4))
    (red, background) = tracker.tracks(5, 7)
    assert (red.start, red.stop) == (1.25, 4.25)
    assert (background.start, background.stop) == (0, 7)


def test_another_thing_at_the_same_place_is_another_track():
    tracker = Tracker()
    still = Thing("red", RED, -20, -20)
    other = Thing("green", GREEN, 20, 20, radius=10)
    for time in half_seconds(0, 3):
        tracker.add(time, seen([still if time < 1.5 else other], time))
    assert sorted(things_of(tracker.tracks(5, 3.5))) == ["green", "red"]


# --- which are kept --------------------------------------------------------------------------------------------------


def test_flickers_are_dropped_unless_nothing_lasts_longer():
    hide = {"blue": lambda t: t > 0.6}
    tracker = follow([LEFTWARDS, RIGHTWARDS], half_seconds(0, 4), hide=lambda t: [k for k in hide if hide[k](t)])
    assert things_of(tracker.tracks(5, 4.5)) == ["red"]
    two_frames = follow([LEFTWARDS, RIGHTWARDS], half_seconds(0, 0.5)).tracks(5, 1)
    assert sorted(things_of(two_frames)) == ["blue", "red"]
    one_frame = follow([LEFTWARDS, RIGHTWARDS], [0.0]).tracks(5, 4)
    assert sorted(things_of(one_frame)) == ["blue", "red"]
    assert {(track.start, track.stop) for track in one_frame} == {(0, 4)}


def test_at_most_so_many_at_a_time_the_best_first():
    still = [Thing(str(i), RED, 24 - 16 * i, 24 - 16 * i, radius=12) for i in range(4)]
    tracker = follow(still, half_seconds(0, 2), hide=lambda t: ("0",) * (t < 1))
    assert things_of(tracker.tracks(3, 2.5)) == ["1", "2", "3"]
    assert things_of(tracker.tracks(9, 2.5)) == ["1", "2", "3", "0"]
    scenes = follow(still[:2], half_seconds(0, 6), cuts=[2.0, 4.0])
    assert things_of(scenes.tracks(1, 6.5)) == ["0"] * 3  # one in each scene, not one in all


def test_things_are_called_by_rank_or_what_the_segmenter_called_them_most():
    tracker = Tracker()
    words = ["region 7", "dog", "cat", "dog", "region 1"]
    for time, word in zip(half_seconds(0, 2), words, strict=True):
        (red,) = seen([LEFTWARDS], time, background=False)
        (blue,) = seen([RIGHTWARDS], time, background=False)
        tracker.add(time, [replace(red, label=word, prompt=word * (word == "cat")), replace(blue, label="region 3")])
    red, blue = tracker.tracks(5, 2.5)
    assert (red.label, red.prompt) == ("dog", "cat")
    assert (blue.label, blue.prompt) == ("region 2", "")


def test_the_ambience_does_not_flicker():
    tracker = follow([LEFTWARDS], half_seconds(0, 4), hide=lambda t: ("background",) * (t % 1 > 0))
    ambience = [track for track in tracker.tracks(5, 4.5) if track.background]
    assert [(t.start, t.stop, len(t.sightings), t.label) for t in ambience] == [(0, 4.5, 5, "background")]


def test_key_frames_without_anything_and_out_of_order():
    tracker = Tracker()
    assert tracker.tracks(5, 1) == ()
    tracker.add(0.0, [])
    assert tracker.tracks(5, 1) == ()
    tracker.add(0.5, seen([LEFTWARDS], 0.5))
    assert things_of(tracker.tracks(5, 1)) == ["red"]
    for again in (0.5, 0.2, float("nan")):
        with pytest.raises(InputError, match="key frame at .* follows one at 0.5 s"):
            tracker.add(again, [])


def test_the_best_sighting_shows_the_whole_thing():
    growing = [replace(RIGHTWARDS, radius=10 + 8 * min(t, 5 - t)) for t in range(6)]
    tracker = Tracker()
    for time, thing in enumerate(growing):
        tracker.add(float(time), seen([replace(thing, start=0, stop=0)], time))
    things, ambience = tracker.tracks(5, 6)
    assert best(things).time == 2
    assert best(ambience).time == 0


# --- long clips ------------------------------------------------------------------------------------------------------


def test_a_thousand_key_frames_of_24_things_are_fast_and_small():
    """Well under 20 ms a key frame, and 2 kB for a sighting."""
    still = [Thing(str(i), RED, 24 - 2 * i, 24 - 2 * i, row=20 + 12 * (i % 13), radius=6) for i in range(24)]
    template = seen(still, 0, background=False)
    tracker = Tracker()
    begin = perf_counter()
    for time in range(1000):
        tracker.add(time / 2, [replace(sighting, time=time / 2) for sighting in template])
    seconds = perf_counter() - begin
    assert len(tracker.tracks(24, 500)) == len(template) == 24
    assert seconds / 1000 < 0.020
    assert len(pickle.dumps(template)) / len(template) < 2000


def test_sightings_survive_as_plain_arrays_without_pickle():
    before = seen([LEFTWARDS, RIGHTWARDS], 1.5)
    before[0] = replace(before[0], prompt="a dog barks \u00e9", place=Place(1.25, -3.5, 12, 0.7, "axial", 1.1))
    for frame_ in (before, []):
        file = io.BytesIO()
        np.savez_compressed(file, **to_arrays(frame_))
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            after = from_arrays(dict(arrays))
        assert len(after) == len(frame_)
        for one, other in zip(frame_, after, strict=True):
            assert vars(one) | {"look": None} == vars(other) | {"look": None}
            np.testing.assert_array_equal(one.look.mask, other.look.mask)
            np.testing.assert_array_equal(one.look.colours, other.look.colours)
            assert (one.look.area, one.look.centroid) == (other.look.area, other.look.centroid)
            assert other.look.colours.dtype == np.float32


def test_the_same_key_frames_give_the_same_tracks():
    first, second = (follow([LEFTWARDS, TWIN], half_seconds(0, 6)).tracks(5, 6.5) for _ in range(2))
    assert [[s.label for s in t.sightings] for t in first] == [[s.label for s in t.sightings] for t in second]


# --- masks from elsewhere -------------------------------------------------------------------------------------------


def test_known_identity_is_taken_as_given():
    """Hidden for long, through a cut, seen once: whatever bears the label is it."""
    tracker = follow(
        [LEFTWARDS, RIGHTWARDS],
        half_seconds(0, 6),
        cuts=[3.0],
        hide=lambda t: ("red",) * (1 < t < 5) + ("blue",) * (t != 2),
        tracker=LabelTracker(),
    )
    red, blue, *ambience = tracker.tracks(5, 6.5)
    assert (red.label, red.start, red.stop, red.cuts) == ("red", 0, 6.5, (3,))
    assert (blue.label, len(blue.sightings), blue.start, blue.stop) == ("blue", 1, 1.75, 2.25)
    assert [(t.start, t.stop) for t in ambience] == [(0, 3), (3, 6.5)]


def test_masks_over_frames_are_regions_with_one_label_for_each_thing():
    one, other = np.zeros((3, 20, 30)), np.zeros((3, 20, 30), np.float32)
    one[:2, :5, :5] = 1
    other[1:, 10:, 10:] = 0.7
    named = [[(r.label, r.prompt) for r in regions_at(frame, [one, other], "a\nb")] for frame in range(3)]
    assert named == [[("region 1", "a")], [("region 1", "a"), ("region 2", "b")], [("region 2", "b")]]
    assert regions_at(0, [other]) == ()
    with pytest.raises(InputError, match=r"shapes \[2, 20, 30\], \[3, 20, 30\]; allowed is"):
        regions_at(0, [one, other[:2]])
    with pytest.raises(InputError, match="masks for 3 frames and none for frame 4"):
        regions_at(3, [one, other])
    with pytest.raises(InputError, match="found|shapes none"):
        regions_at(0, [])
