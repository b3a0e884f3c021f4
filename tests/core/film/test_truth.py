"""What is heard of a clip whose truth is known is where it is seen."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core import film, spatialize
from see2sound_nodes.s2s_core.media.clips import clip_from_array
from see2sound_nodes.s2s_core.types import AudioTrack

from .made import BLUE, COLOURS, FPS, RED, SECONDS, crossing, crossing_clip, discs, host, loaded

RATE = 16000
WINDOW = 0.1
TIMES = np.arange(0.5 * WINDOW, SECONDS, WINDOW)


def heard_at(source, stop):
    """Azimuth in degrees of the energy vector of a rendered source at TIMES; noise stands in for its sound."""
    noise = np.random.default_rng(0).normal(0, 0.1, round(stop * RATE)).astype(np.float32)
    mix = spatialize.run(
        *([source], [AudioTrack(noise, RATE)]), room=spatialize.make_room("outdoors"), tail=False, seconds=SECONDS
    )
    angles = np.radians([speaker.azimuth for speaker in mix.layout.speakers])
    towards = np.stack([np.sin(angles), np.cos(angles)])[:, [not speaker.lfe for speaker in mix.layout.speakers]]
    main = mix.samples[[not speaker.lfe for speaker in mix.layout.speakers]]
    energy = np.square(main[:, : len(TIMES) * round(WINDOW * RATE)]).reshape(len(main), len(TIMES), -1).sum(axis=2)
    return np.degrees(np.arctan2(*(towards @ energy)))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """{name of the way: (tracks of things, their sources)}"""
    runtime = host(tmp_path_factory.mktemp("truth"))
    segmenter, depth_model = loaded("segment", runtime), loaded("depth", runtime)
    followed = film.watch(crossing_clip(), segmenter, depth_model, film.Manner(count=2), runtime)
    masks = [mask[:, ::2, ::2] for mask in crossing()[1:]]
    given = film.watch_masks(
        crossing_clip(2), masks, depth_model, prompts="hum\nstream", per_second=4.0, runtime=runtime
    )
    ways = {}
    for name, watched in (("followed", followed), ("given", given)):
        pairs = zip(watched.tracks, film.place(watched, scene="landscape"), strict=True)
        ways[name] = [pair for pair in pairs if not pair[0].background]
    return ways


@pytest.mark.parametrize("way", ["followed", "given"])
def test_what_crosses_is_heard_within_3_degrees_of_where_it_is(found, way):
    assert len(found[way]) == 2, "a thing was lost, or taken for two"
    wanted = [RED, BLUE]
    for track, source in found[way]:
        heard = heard_at(source, track.stop)
        errors = [np.abs(heard - thing.azimuth(TIMES)).mean() for thing in wanted]
        nearest = int(np.argmin(errors))
        assert errors[nearest] < 3, f"{track.label}: {errors[nearest]:.1f} degrees off"
        wanted.pop(nearest)


def test_a_track_shows_one_colour_before_and_after_the_crossing(found):
    for track, _ in found["followed"]:
        (other,) = (one for one, _ in found["followed"] if one is not track)
        before, after, foreign = (seen.sightings[at].look.colours for seen, at in ((track, 0), (track, -1), (other, 0)))
        assert np.abs(before - after).sum() < np.abs(before - foreign).sum() / 3


def test_masks_keep_their_words_and_their_order(found):
    assert [(track.label, track.prompt) for track, _ in found["given"]] == [("region 1", "hum"), ("region 2", "stream")]
    red = found["given"][0][0]
    assert (red.start, red.stop) == (0.0, pytest.approx(SECONDS))
    assert [sighting.time for sighting in red.sightings] == [number / 4 for number in range(12)] and FPS % 4 == 0


def test_a_thing_that_stands_lower_in_the_picture_is_nearer(tmp_path):
    pixels = np.stack(discs(4))
    masks = [np.stack([(frame[..., :3] == colour).all(axis=-1) for frame in pixels]) for colour in COLOURS]
    runtime = host(tmp_path)
    watched = film.watch_masks(clip_from_array(pixels, 4), masks, loaded("depth", runtime), runtime=runtime)
    upper, lower = film.place(watched, scene="street")
    assert lower.distance < upper.distance / 1.3 and upper.elevation > 0 > lower.elevation


@pytest.mark.parametrize("by", ["looks", "masks"])
def test_a_thing_jumps_at_a_cut_and_does_not_glide(tmp_path, by):
    first = np.stack(discs(8, colours=(COLOURS[0], (140, 140, 140))))
    frames = np.concatenate([first, 255 - first[:, ::-1, ::-1]])  # as a negative, upside down
    clip, runtime = clip_from_array(frames, 8, "two scenes"), host(tmp_path)
    if by == "masks":
        red = (first == COLOURS[0]).all(axis=-1)
        masks = [np.concatenate([red, red[:, ::-1, ::-1]])]
        watched = film.watch_masks(clip, masks, loaded("depth", runtime), per_second=4.0, runtime=runtime)
    else:
        manner = film.Manner(count=1, per_second=4.0, background=False)
        watched = film.watch(clip, loaded("segment", runtime), loaded("depth", runtime), manner, runtime)
    assert watched.cuts == (0.0, 1.0)
    things = [(track, source.trajectory) for track, source in zip(watched.tracks, film.place(watched), strict=True)]
    (before,) = (path.at(np.array([0.99])).azimuth for track, path in things if track.start < 0.5)
    (after,) = (path.at(np.array([1.0])).azimuth for track, path in things if track.stop > 1.5)
    assert before > 8 and after < -8
    assert len(things) == (1 if by == "masks" else 2), "whose looks are followed begins anew with a scene"
