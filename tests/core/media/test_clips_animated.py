"""Animated images keep a browser's timing."""

import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core.errors import MediaError
from see2sound_nodes.s2s_core.media import clips

from .clips_made import animation, number, numbered

FRAMES = [numbered(index) for index in range(6)]
LOSSLESS = {".gif": {}, ".webp": {"lossless": True}, ".png": {}}


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_every_frame_has_its_own_time(tmp_path, suffix):
    path = animation(tmp_path / f"a{suffix}", FRAMES, [50, 200, 100, 300, 20, 130], loop=0, **LOSSLESS[suffix])
    clip = clips.open_clip(path)
    assert clip.seconds == pytest.approx(0.8) and clip.rate == pytest.approx(6 / 0.8)
    times, numbers = zip(*((time, number(picture.pixels)) for time, picture in clip.frames()), strict=True)
    assert times == pytest.approx((0, 0.05, 0.25, 0.35, 0.65, 0.67)) and numbers == tuple(range(6))
    assert number(clip.frame(0.66).pixels) == 4 and not clip.has_sound


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize(("stated", "shown"), [(0, 0.1), (10, 0.1), (20, 0.02)])
def test_too_quick_a_frame_is_shown_for_a_tenth_of_a_second(tmp_path, suffix, stated, shown):
    path = animation(tmp_path / f"a{suffix}", FRAMES, [stated] * 6, **LOSSLESS[suffix])
    assert clips.open_clip(path).seconds == pytest.approx(6 * shown)


def test_an_apng_s_picture_for_old_programs_is_no_frame(tmp_path):
    path = animation(tmp_path / "a.png", [numbered(20), *FRAMES[:3]], [100] * 3, default_image=True)
    assert [number(picture.pixels) for _, picture in clips.open_clip(path).frames()] == [0, 1, 2]


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_what_is_transparent_lies_over_white(tmp_path, suffix):
    frames = np.zeros((2, 32, 32, 4), np.uint8)
    frames[0, :, 16:] = frames[1, :, :16] = (200, 0, 0, 255)
    frames[:, 20:] = (0, 0, 0, 51)
    path = animation(tmp_path / f"a{suffix}", list(frames), [100, 100], disposal=1, **LOSSLESS[suffix])
    (_, first), _ = clips.open_clip(path).frames()
    assert first.pixels[5, 5].tolist() == [1, 1, 1] and first.pixels[5, 25, 0] == pytest.approx(200 / 255)
    assert first.pixels[25, 5] == pytest.approx(0.8, abs=0.01)


def test_pages_are_not_frames_in_time(tmp_path):
    first, *rest = map(Image.fromarray, FRAMES)
    first.save(tmp_path / "a.tiff", save_all=True, append_images=rest)
    assert clips.open_clip(tmp_path / "a.tiff").seconds == 0


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_a_file_cut_short_gives_what_is_there(tmp_path, suffix):
    noise = np.random.default_rng(3).integers(0, 255, (6, 64, 64, 3), np.uint8)
    path = animation(tmp_path / f"a{suffix}", list(noise), [100] * 6)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    clip = clips.open_clip(path)
    frames = list(clip.frames())
    assert 2 <= len(frames) <= 4 and clip.seconds == pytest.approx(len(frames) / 10)
    assert f"frames {len(frames) + 1} to" in clip.lost and "could not be read" in clip.lost


def test_a_webp_cut_short_is_an_error(tmp_path):
    path = animation(tmp_path / "a.webp", FRAMES, [100] * 6)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    with pytest.raises(MediaError, match="damaged or cut short|not a picture|neither"):
        clips.open_clip(path)
