"""Sounds as long as things are there, without gaps, and each on its own."""

import importlib

import numpy as np
import pytest
from see2sound_nodes.s2s_core import film
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import InputError, OutputError
from see2sound_nodes.s2s_core.film.watch import Watched
from see2sound_nodes.s2s_core.locate import Camera
from see2sound_nodes.s2s_core.media.clips import clip_from_array
from see2sound_nodes.s2s_core.tracks import Look, Place, Sighting, Track
from see2sound_nodes.s2s_core.types import AudioTrack

from .made import discs, host, loaded

sounds = importlib.import_module("see2sound_nodes.s2s_core.film.sounds")  # `film.sounds` is the function in it
RATE = 16000
SIZE = (48, 64)
SECONDS = 4.0


def track(start, stop, label="thing", prompt="", background=False):
    mask = np.zeros(SIZE, bool)
    mask[8:24, 4:22] = True
    look = Look.of(mask, float(mask.mean()), (0.2, 0.25), np.full(24, 1 / 8, np.float32))
    seen = Sighting(start, look, Place(10, 0, 20, 0.5), label, prompt, background=background)
    return Track((seen,), start, stop, label, prompt)


def watched(*tracks, cuts=(0.0,), seconds=SECONDS):
    return Watched(tracks, (0.0, 1.0), Camera(), SIZE, cuts, seconds)


class Noise:
    """Even noise of the request's own stream, and what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, requests, seconds, sample_rate, runtime):
        self.asked.append((len(requests), seconds))
        length = round(seconds * RATE)
        return [AudioTrack(r.rng.normal(0, 0.1, length).astype(np.float32), RATE) for r in requests]

    def describe(self, request):
        return f"noise of {request.prompt or request.region.label} in {request.picture.name}"


@pytest.fixture
def make(tmp_path):
    runtime, noise = host(tmp_path), Noise()
    clip = clip_from_array(np.stack(discs(16)), 4, "clip")

    def make(*tracks, generator=None, clip=clip, cuts=(0.0,), seconds=SECONDS, **given):
        model = generator or Model("generate", "noise", noise)
        return film.sounds(model, clip, watched(*tracks, cuts=cuts, seconds=seconds), runtime=runtime, **given)

    make.noise, make.runtime = noise, runtime
    return make


@pytest.fixture
def short_clips(monkeypatch):
    monkeypatch.setattr(sounds, "LONGEST", 1.0)
    monkeypatch.setattr(sounds, "OVERLAP", 0.2)


def levels(samples, window=0.05):
    """Short-time RMS in dB."""
    size = round(window * RATE)
    return 10 * np.log10(np.square(samples[: len(samples) // size * size]).reshape(-1, size).mean(axis=1))


@pytest.mark.parametrize("stop", [4.0, 3.2625, 1.0001, 1.81, 1.799])
def test_what_sounds_longer_than_a_clip_has_no_gap_and_its_exact_length(make, short_clips, stop):
    (made,), _ = make(track(0.0, stop))
    assert len(made.samples) == round(stop * RATE) and made.start == 0 and made.samples.dtype == np.float32
    inner = levels(made.samples[round(0.4 * RATE) : -round(0.4 * RATE)])
    assert inner.min() > -20 - 3 and inner.max() < -20 + 3, "the noise has -20 dB all the time"
    assert all(seconds <= 1.0 for _, seconds in make.noise.asked)


def test_what_sounds_longer_than_a_clip_never_drops_by_6_db_with_the_usual_generator(make, short_clips):
    generator = loaded("generate", make.runtime)
    (made,), _ = make(track(0.0, 4.0, prompt="rain"), generator=generator)
    size = round(0.1 * made.sample_rate)
    power = np.square(made.samples[: len(made.samples) // size * size]).reshape(-1, size).mean(axis=1)
    inner = 10 * np.log10(power[4:-4])
    assert inner.min() > np.median(inner) - 6


def test_clips_join_without_a_step(make, short_clips):
    def even(requests, seconds, sample_rate, runtime):
        return [AudioTrack(np.full(round(seconds * RATE), 0.1, np.float32), RATE) for _ in requests]

    even.describe = lambda request: "even"
    (made,), _ = make(track(0.0, 4.0), generator=Model("generate", "even", even))
    steepest = 0.1 * np.sqrt(2) * (np.pi / 2) / (sounds.CUT_FADE * RATE)
    assert np.abs(np.diff(made.samples)).max() < steepest
    assert made.samples[RATE:-RATE].min() > 0.0999


def test_the_pieces_of_a_long_sound_differ(make, short_clips):
    (made,), _ = make(track(0.0, 4.0))
    pieces = [made.samples[round(at * RATE) :][: round(0.5 * RATE)] for at in (0.25, 1.05, 1.85, 2.65)]
    likeness = np.abs(np.corrcoef(pieces) - np.eye(len(pieces)))
    assert likeness.max() < 0.1


@pytest.mark.parametrize("stop", [0.0, 0.1, 0.49, 0.5, 0.7])
def test_what_is_there_for_a_moment_sounds_for_a_moment(make, stop):
    (made,), _ = make(track(0.0, stop))
    assert len(made.samples) == round(stop * RATE)


def rise(samples):
    """s until the noise has 70 % of its level."""
    smooth = np.sqrt(np.convolve(np.square(samples), np.ones(160) / 160, "valid"))
    return np.argmax(smooth > 0.07) / RATE


@pytest.mark.parametrize(
    ("start", "cuts", "short"), [(1.0, (0.0,), False), (1.0, (0.0, 1.0), True), (0.0, (0.0,), True)]
)
def test_what_comes_fades_in_unless_a_scene_begins(make, start, cuts, short):
    (made,), _ = make(track(start, 4.0), cuts=cuts)
    assert made.start == start and abs(made.samples[0]) < 1e-6
    assert rise(made.samples) < 0.03 if short else 0.1 < rise(made.samples) < 0.3


@pytest.mark.parametrize(
    ("stop", "cuts", "short"), [(3.0, (0.0,), False), (3.0, (0.0, 3.0), True), (4.0, (0.0,), True)]
)
def test_what_goes_fades_out_unless_a_scene_ends(make, stop, cuts, short):
    (made,), _ = make(track(1.0, stop), cuts=cuts)
    assert abs(made.samples[-1]) < 1e-6
    assert rise(made.samples[::-1]) < 0.03 if short else 0.1 < rise(made.samples[::-1]) < 0.3


def test_one_more_thing_changes_no_other_sound(make):
    some = [track(0.0, 3.0), track(0.5, 3.5, "other"), track(1.0, 2.5)]
    (before, words), (after, more) = make(*some), make(*some, track(0.25, 3.25 + 1e-7), track(0.0, 4.0))
    assert words == more[:3]
    for one, other in zip(before, after, strict=False):
        assert one.start == other.start and np.array_equal(one.samples, other.samples)
    assert not np.array_equal(after[0].samples, after[3].samples)


@pytest.mark.parametrize("generator", [None, "procedural"])
def test_a_sound_on_the_disk_is_the_same(make, short_clips, monkeypatch, generator):
    model = generator and loaded("generate", make.runtime)
    some = track(0.0, 3.5, prompt="rain"), track(1.0, 2.0)
    in_memory, _ = make(*some, generator=model)
    monkeypatch.setattr(sounds, "IN_MEMORY", 0.0)
    on_disk, _ = make(*some, generator=model)
    for one, other in zip(in_memory, on_disk, strict=True):
        assert isinstance(other.samples, np.memmap) and not isinstance(one.samples, np.memmap)
        assert np.array_equal(one.samples, other.samples)
    assert not [path for path in make.runtime.folder("temp").rglob("*") if path.is_file()], "the file has no name"


def test_a_long_sound_that_cannot_wait_on_the_disk_is_told_in_one_line(make, monkeypatch):
    monkeypatch.setattr(sounds, "IN_MEMORY", 0.0)
    make.runtime.folder("temp").write_bytes(b"a file where the folder would be")
    with pytest.raises(OutputError, match="cannot write .*temp: a part of that path is a file"):
        make(track(0.0, 3.5))


def test_words_of_the_user_go_to_their_things(make):
    some = track(0.0, 4.0, "a", prompt="own words"), track(0.0, 2.0, "b"), track(1.0, 3.0, "c")
    assert make(*some, prompts="\nrain\n")[1] == (
        "noise of own words in clip",
        "noise of rain in clip",
        "noise of c in clip",
    )
    assert make(*some, prompts="wind")[1] == ("noise of wind in clip",) * 3


def test_another_seed_is_another_take(make):
    one, other = (make(track(0.0, 2.0), seed=seed)[0][0].samples for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_things_of_one_length_are_asked_for_together_but_only_so_many_frames_are_held(make):
    make(*(track(0.0, 2.0) for _ in range(11)), track(1.0, 2.5))
    assert sorted(make.noise.asked) == [(1, 1.5), (3, 2.0), (8, 2.0)]


def test_a_portrait_is_the_best_frame_and_the_region_at_its_size(make):
    ((picture, region),) = film.portraits(clip_from_array(np.stack(discs(16)), 4, "clip"), [track(2.0, 4.0, "a", "b")])
    assert np.array_equal(np.rint(picture.pixels * 255), discs(16)[8])
    assert region.mask.shape == SIZE and (region.label, region.prompt) == ("a", "b")


@pytest.mark.parametrize(("size", "seconds"), [((48, 80), SECONDS), (SIZE, 7.0)])
def test_tracks_of_another_clip_are_refused(make, size, seconds):
    other = clip_from_array(np.stack(discs(16, size)), 16 / seconds, "other")
    with pytest.raises(
        InputError, match="the tracks are of a clip of 64 x 48 pixels, 4.00 s; other has .*: use the clip"
    ):
        make(track(0.0, 4.0), clip=other)


@pytest.mark.parametrize(("start", "seconds"), [(0.0, 1.0), (1.0, 1.0), (3.5, 0.5), (3.9, 0.5), (4.0, 0.5)])
def test_padded_tracks_are_all_as_long_as_the_clip(start, seconds):
    sound = AudioTrack(np.ones(round(seconds * RATE), np.float32), RATE, start)
    (whole,) = film.padded((sound,), SECONDS)
    assert len(whole.samples) == SECONDS * RATE and whole.start == 0
    wanted = np.zeros(round(SECONDS * RATE))
    wanted[round(start * RATE) : round((start + seconds) * RATE)] = 1
    assert np.array_equal(whole.samples, wanted)
