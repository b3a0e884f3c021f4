"""One door for stills, animations, films and batches; what is none of these says so."""

import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core.errors import InputError, MediaError
from see2sound_nodes.s2s_core.media import clips

from .clips_made import animation, film, number, numbered

FRAMES = [numbered(index) for index in range(20)]


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp", ".jpg"])
def test_a_single_frame_is_a_still_of_no_duration(tmp_path, suffix):
    Image.fromarray(numbered(5)).save(tmp_path / f"a{suffix}")
    clip = clips.open_clip(tmp_path / f"a{suffix}")
    assert (clip.seconds, clip.rate, clip.size, clip.has_sound, clip.sound()) == (0, 0, (48, 64), False, None)
    assert [(key.time, key.cut, number(key.picture.pixels)) for key in clip.key_frames()] == [(0.0, True, 5)]
    assert number(clip.frame(0).pixels) == 5


def made(folder, kind):
    return {
        "batch": lambda: clips.clip_from_array(np.stack(FRAMES) / np.float32(255), 10),
        "animation": lambda: clips.open_clip(animation(folder / "a.webp", FRAMES, [100] * 20, lossless=True)),
        "film": lambda: clips.open_clip(film(folder / "a.mp4", FRAMES)),
    }[kind]()


@pytest.mark.parametrize("kind", ["batch", "animation", "film"])
def test_frames_times_and_seeking_agree(tmp_path, kind):
    clip = made(tmp_path, kind)
    assert (clip.seconds, clip.rate) == (pytest.approx(2.0), pytest.approx(10.0))
    found = [(round(time, 6), number(picture.pixels)) for time, picture in clip.frames()]
    assert found == [(pytest.approx(index / 10), index) for index in range(20)]
    assert [number(clip.frame(time).pixels) for time in (0, 0.35, 0.4, 1.19, 1.9, 2.0)] == [0, 3, 4, 11, 19, 19]
    assert [number(picture.pixels) for _, picture in clip.frames(0.45, 0.8)] == [5, 6, 7]
    assert [(round(key.time, 6), key.cut) for key in clip.key_frames()] == [
        (0, True), (0.5, False), (1.0, False), (1.5, False)
    ]  # fmt: skip
    assert [round(key.time, 6) for key in clip.key_frames(4)] == [0, 0.3, 0.5, 0.8, 1.0, 1.3, 1.5, 1.8]
    assert clip.lost == ""


def test_a_frame_outside_the_clip_is_an_error():
    clip = clips.clip_from_array(np.stack(FRAMES), 10, "ramp")
    with pytest.raises(InputError, match=r"ramp: time is 2\.1 s; allowed is 0 to 2 s"):
        clip.frame(2.1)
    with pytest.raises(InputError, match="key frames per second is 0"):
        next(clip.key_frames(0))


@pytest.mark.parametrize(("shape", "rate"), [((3, 32, 32), 10), ((0, 32, 32, 3), 10), ((2, 32, 32, 3), 0)])
def test_what_is_no_batch_of_frames_is_an_error(shape, rate):
    with pytest.raises(InputError, match="frames are|frame rate"):
        clips.clip_from_array(np.zeros(shape, np.float32), rate)


def test_a_clip_too_small_to_look_at_is_an_error(tmp_path):
    path = animation(tmp_path / "a.gif", [numbered(index, (8, 40)) for index in range(3)], [100] * 3)
    with pytest.raises(InputError, match="a is 40 x 8 pixels; each side must have at least 16"):
        clips.open_clip(path)


def test_the_fingerprint_follows_the_content(tmp_path):
    one, two = (clips.clip_from_array(np.stack(FRAMES), rate) for rate in (10, 12))
    three = clips.clip_from_array(np.stack(FRAMES[::-1]), 10)
    again = clips.clip_from_array(np.stack(FRAMES).copy(), 10, "another name")
    assert one.fingerprint() == again.fingerprint() and len(one.fingerprint()) == 64
    assert len({one.fingerprint(), two.fingerprint(), three.fingerprint()}) == 3
    path = film(tmp_path / "a.mp4", FRAMES)
    before = clips.open_clip(path).fingerprint()
    path.rename(tmp_path / "b.mp4")
    assert clips.open_clip(tmp_path / "b.mp4").fingerprint() == before


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{}\n#EXT-X-ENDLIST\n"
OTHERS = {
    "empty.mp4": (b"", "is empty"),
    "page.mp4": (b"<!DOCTYPE html><html><body>404</body></html>" * 50, "neither a picture nor a film"),
    "noise.webm": (np.random.default_rng(1).bytes(5000), "neither a picture nor a film"),
    "words.txt": (b"words and words\n" * 50, "is a text file"),
    "far.m3u8": (PLAYLIST.format("http://127.0.0.1:9/a.ts").encode(), "neither a picture nor a film"),
    "near.m3u8": (PLAYLIST.format("a.ts").encode(), "neither a picture nor a film|is a playlist"),
    "far.ffconcat": (b"ffconcat version 1.0\nfile http://127.0.0.1:9/a.ts\n", "neither a picture nor a film"),
    "near.ffconcat": (b"ffconcat version 1.0\nfile a.ts\n", "is a playlist"),
    "cut.png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "is a picture, but damaged"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_clip_says_what_it_is(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "a.ts", FRAMES[:5], "mpeg2video", container="mpegts")
    content, message = OTHERS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=message) as caught:
        clips.open_clip(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_folders_and_missing_files_say_so(tmp_path):
    with pytest.raises(MediaError, match="is a folder"):
        clips.open_clip(tmp_path)
    with pytest.raises(MediaError, match="is missing"):
        clips.open_clip(tmp_path / "a.mp4")
