"""A clip goes in, a film with sound comes out."""

from dataclasses import replace

import av
import numpy as np
import pytest
from see2sound_nodes.s2s_core import film, media, models
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.media.clips import clip_from_array, open_clip
from see2sound_nodes.s2s_core.types import AudioTrack

from ..media import clips_made
from ..media.films import hashes, heard, shown
from ..media.tones import dominant
from .made import discs, host, loaded, settings

FRAMES = 12
SECONDS = FRAMES / clips_made.RATE
PICTURE = 1 / clips_made.RATE
RATE = 48000


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    return host(tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return clips_made.film(tmp_path_factory.mktemp("clip") / "discs.mp4", discs(FRAMES), "libx264", sound=SECONDS)


@pytest.fixture(scope="module")
def made(video, runtime):
    return film.run(open_clip(video), settings(), runtime)


def lengths(path):
    """Duration in s of each stream, from its packets."""
    with av.open(str(path)) as container:
        ends = dict.fromkeys(range(len(container.streams)), 0.0)
        for packet in container.demux():
            if packet.size:
                end = float((packet.pts + packet.duration) * packet.time_base)
                ends[packet.stream_index] = max(ends[packet.stream_index], end)
    return list(ends.values())


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "aac"), (".mkv", "flac")])
def test_the_pictures_are_untouched_and_the_sound_is_as_long(tmp_path, made, video, runtime, suffix, codec):
    path = tmp_path / f"out{suffix}"
    assert film.save(made, path, runtime=runtime) == ""
    assert hashes(path) == hashes(video)
    with av.open(str(path)) as container:
        sounds = container.streams.audio
        assert [stream.layout.name for stream in sounds] == ["5.1", "stereo"]
        assert {stream.codec_context.codec.canonical_name for stream in sounds} == {codec}
        assert container.duration / av.time_base == pytest.approx(SECONDS, abs=PICTURE)
    assert lengths(path) == pytest.approx([SECONDS] * 3, abs=PICTURE)
    for track in range(2):
        samples, start = heard(path, track)
        assert abs(start) < PICTURE and samples.shape[1] / RATE == pytest.approx(SECONDS, abs=PICTURE)
        assert np.sqrt(np.mean(samples**2)) > 0.005


def test_a_film_of_two_pictures_lasts_as_long_as_it_says(tmp_path, runtime):
    path = clips_made.film(tmp_path / "two.mkv", discs(2), "libx264", times=[0, 2000])
    clip = open_clip(path)
    assert [time for time, _ in clip.frames()] == pytest.approx([0.0, 2.0], abs=0.002)
    assert clip.seconds == pytest.approx(media.mux.footage(path, tmp_path / "out.mkv", runtime).seconds, abs=0.01)


def test_pictures_that_last_another_time_than_the_clip_are_refused(tmp_path, made, video, runtime):
    clip = open_clip(video)
    clip.seconds += 2 * PICTURE
    for act in (
        lambda: film.check(tmp_path / "out.mp4", clip, settings(), runtime),
        lambda: film.save(replace(made, clip=clip), tmp_path / "out.mp4", runtime=runtime),
    ):
        with pytest.raises(InputError, match="lasts 1.40 s when it is played and 1.20 s when it is copied"):
            act()
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("layout", ["stereo", "binaural"])
def test_what_has_two_channels_needs_no_second_track(tmp_path, video, runtime, layout):
    made = film.run(open_clip(video), settings(layout=layout), runtime)
    assert made.monitor is None and made.mix.layout.name == layout
    film.save(made, tmp_path / "out.mp4", runtime=runtime)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.layout.name for stream in container.streams.audio] == ["stereo"]


def test_the_report_tells_each_thing_with_its_times_and_its_way(made):
    told = film.report(made).splitlines()
    assert told[0].split() == ["source", "from", "to", "azimuth", "distance", "sound"]
    assert len(told) == 1 + len(made.sources) + 2
    assert told[1].startswith("1  region 1") and " 0.0 s  1.2 s " in told[1] and " to " in told[1]
    assert "all around" in told[len(made.sources)]
    assert told[-1].startswith("5.1, 1.20 s at 48000 Hz: -23.0 LUFS, true peak ")
    assert "-- to" not in told[1] and "nan" not in film.report(made)


def test_the_mix_and_its_monitor_are_as_long_as_the_clip_and_loud_as_told(made):
    assert made.mix.length == round(SECONDS * RATE) == sum(block.shape[1] for block in made.mix)
    assert made.monitor.length == made.mix.length and made.mix.loudness == pytest.approx(-23, abs=0.1)
    assert len(made.sources) == len(made.tracks) == len(made.words) == len(made.watched.tracks)


def test_a_second_run_gives_the_same_samples(made, video, runtime):
    again = film.run(open_clip(video), settings(), runtime)
    assert all(np.array_equal(one, other) for one, other in zip(made.mix, again.mix, strict=True))


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animated_image_becomes_a_film_in_its_own_time(tmp_path, runtime, suffix):
    times = [200, 100, 300, 100, 100, 200]
    clip = open_clip(clips_made.animation(tmp_path / f"discs{suffix}", discs(6), times))
    path = tmp_path / "out.mp4"
    assert film.save(film.run(clip, settings(), runtime), path, runtime=runtime) == ""
    assert [time for time, _ in shown(path)] == pytest.approx([0, 0.2, 0.3, 0.6, 0.7, 0.8], abs=0.001)
    for (_, pixels), frame in zip(shown(path), discs(6), strict=True):
        assert np.abs(pixels.astype(int) - frame).mean() < 12
    assert heard(path)[0].shape[1] / RATE == pytest.approx(1.0, abs=0.1)
    with av.open(str(path)) as container:
        assert container.streams.audio[0].layout.name == "5.1"


class Silent:
    """A generator whose things cannot be heard, so that nothing is but the bed."""

    def __call__(self, requests, seconds, sample_rate, runtime):
        quiet = 1e-5 * np.random.default_rng(0).normal(size=round(seconds * RATE)).astype(np.float32)
        return [AudioTrack(quiet, RATE) for _ in requests]

    def describe(self, request):
        return "next to nothing"


def test_the_clips_own_sound_is_kept_at_its_level(tmp_path, video, runtime):
    clip = open_clip(video)
    own = clip.sound()[0]
    with_it, without = (film.run(clip, settings(original=level), runtime).mix for level in (-6.0, -60.0))
    first, second = (np.concatenate(list(mix), axis=1) / 10 ** (mix.gain_db / 20) for mix in (with_it, without))
    added = (first - second)[:2]  # one mix less the other, both before their gain
    length = min(added.shape[1], own.shape[1])
    added, own = added[:, :length], own[:, :length] * 10 ** (-6 / 20)
    assert np.corrcoef(added.ravel(), own.ravel())[0, 1] > 0.9999
    assert 20 * np.log10(np.std(added) / np.std(own)) == pytest.approx(0, abs=0.05)
    assert dominant(first[:1], RATE)[0] == pytest.approx(440, abs=2)


def test_a_clip_without_sound_has_nothing_to_keep(runtime):
    clip = clip_from_array(np.stack(discs(4)), 4, "mute")
    assert film.original(clip, 0.0) is None and clip.sound() is None


UNIFORM = np.full((6, 48, 64, 3), 128, np.uint8)


@pytest.mark.parametrize(
    ("frames", "given", "words"),
    [
        (np.stack(discs(1)), {}, "clip is a still and lasts no time: render it as a picture"),
        (UNIFORM, {}, "no region stands out in any frame of clip, so nothing can sound: use"),
        (None, {"room": "as published"}, "room is 'as published'; the published stage takes one picture: choose"),
        (None, {"room": "cupboard"}, "room is 'cupboard'; allowed is one of: living room"),
        (None, {"scene": "moon"}, "scene is 'moon'; allowed is one of: room"),
        (None, {"layout": "9.9"}, "layout is '9.9'; allowed is one of: stereo"),
        (None, {"monitor": "binaural"}, "monitor of a film is 'binaural'; allowed is one of: stereo"),
        (None, {"original": 25.0}, "original is 25 dB; allowed is -60 to 24 dB"),
        (None, {"key_frames": 0.0}, "key frames per second is 0; allowed is 0.01 to 120"),
        (None, {"count": 0}, "count is 0"),
        (None, {"seed": -1}, "seed is -1"),
        (None, {"projection": "cubist"}, "projection is 'cubist'"),
        (None, {"segmenter": "nobody"}, "'nobody'; allowed is one of: "),
        (None, {"prompts": "a\nb\nc\nd\ne"}, "prompts has 5 lines for 3 tracks"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(runtime, frames, given, words):
    clip = clip_from_array(np.stack(discs(4)) if frames is None else frames, 4, "clip")
    with pytest.raises(InputError) as refused:
        film.run(clip, settings(**given), runtime)
    assert words in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "given", [{"room": "as published"}, {"key_frames": 0.0}, {"projection": "cubist"}, {"monitor": "binaural"}]
)
def test_no_model_is_loaded_for_what_cannot_be(runtime, monkeypatch, given):
    monkeypatch.setattr(models, "load", lambda *args: pytest.fail("a model was loaded"))
    with pytest.raises(InputError):
        film.run(clip_from_array(np.stack(discs(4)), 4, "clip"), settings(**given), runtime)


HALF, WHOLE = np.zeros((4, 24, 32), bool), np.ones((4, 48, 64), bool)


@pytest.mark.parametrize(
    ("frames", "objects", "given", "words"),
    [
        (4, [], {}, "there are masks for 0 frames and 4 frames in clip: give one mask for each"),
        (4, [WHOLE[:3]], {}, "there are masks for 3 frames and 4 frames in clip"),
        (4, [np.ones((5, 48, 64), bool)], {}, "there are masks for 5 frames and 4 frames in clip"),
        (4, [HALF], {}, "a mask is 32 x 24 pixels, clip is 64 x 48; allowed is the same size"),
        (4, [WHOLE, WHOLE[:3]], {}, "masks over frames have shapes [3, 48, 64], [4, 48, 64]"),
        (4, [~WHOLE], {}, "the masks are empty in every frame that was looked at: mark at least one thing"),
        (4, [WHOLE], {"prompts": "a\nb"}, "there are 2 lines of prompts for 1 masks"),
        (4, [WHOLE], {"per_second": 0.0}, "key frames per second is 0; allowed is 0.01 to 120"),
        (1, [WHOLE[:1]], {}, "clip is a still and lasts no time"),
    ],
)
def test_masks_that_do_not_fit_are_told_in_one_line(runtime, frames, objects, given, words):
    clip = clip_from_array(np.stack(discs(frames)), 4, "clip")
    with pytest.raises(InputError) as refused:
        film.watch_masks(clip, objects, loaded("depth", runtime), **given, runtime=runtime)
    assert words in str(refused.value) and "\n" not in str(refused.value)
