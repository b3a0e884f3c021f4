"""What is a scene cut, and what only moves, fades or flashes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core.media import clips

from .clips_made import film

RATE = 24
SIZE = (72, 128)
PHOTOS = Path(__file__).parents[3] / "workflows" / "media"
NAMES = ("rocket", "coffee", "chelsea", "astronaut")


def view(name: str, left: float = 0.0, share: float = 0.5) -> np.ndarray:
    """A part of a photo, `share` of its width wide, `left` of it from the left."""
    with Image.open(PHOTOS / f"{name}.jpg") as photo:
        width = photo.width * share
        height = min(width * 9 / 16, photo.height)
        box = (left * photo.width, 0, left * photo.width + width, height)
        return np.asarray(photo.convert("RGB").resize(SIZE[::-1], Image.BOX, box=box))


def cuts(frames, rate=RATE):
    """Indices of the frames with which scenes begin."""
    clip = clips.clip_from_array(np.stack(frames).astype(np.uint8), rate)
    return [round(key.time * rate) for key in clip.key_frames() if key.cut]


@pytest.mark.parametrize("other", NAMES[1:])
@pytest.mark.parametrize("rate", [5, 24, 60])
def test_a_hard_cut_is_found_to_the_frame(other, rate):
    rng = np.random.default_rng(7)
    frames = [view("rocket")] * 13 + [view(other)] * 12
    frames = [np.clip(frame + rng.normal(0, 4, frame.shape), 0, 255) for frame in frames]
    assert cuts(frames, rate) == [0, 13]


def test_a_cut_between_two_moving_shots():
    frames = [view("rocket", at * 0.02) for at in range(16)] + [view("coffee", at * 0.02) for at in range(16)]
    assert cuts(frames) == [0, 16]


@pytest.mark.parametrize("step", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("name", NAMES)
def test_a_pan_is_no_cut_however_it_starts(name, step):
    way = np.arange(0, 0.5, step)
    assert cuts([view(name)] * 8 + [view(name, left) for left in way] + [view(name, 0.5)] * 8) == [0]


@pytest.mark.parametrize("frames", [8, 24])
@pytest.mark.parametrize("other", ["black", *NAMES[1:]])
def test_a_fade_is_no_cut(frames, other):
    start = view("rocket").astype(float)
    end = np.zeros_like(start) if other == "black" else view(other).astype(float)
    fade = [start + (end - start) * share for share in np.linspace(0, 1, frames)]
    assert cuts([start] * 8 + fade + [end] * 8) == [0]


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_a_flash_is_no_cut(name, length):
    white = np.full((*SIZE, 3), 255, np.uint8)
    assert cuts([view(name)] * 12 + [white] * length + [view(name)] * 12) == [0]


def test_a_flash_on_a_cut_is_one_cut():
    white = np.full((*SIZE, 3), 255, np.uint8)
    assert cuts([view("rocket")] * 12 + [white] + [view("coffee")] * 12) == [0, 12]


def test_slides_are_cuts_each():
    assert cuts([view(name) for name in NAMES], rate=1) == [0, 1, 2, 3]


def test_cuts_in_a_compressed_film_are_key_frames_beside_the_regular_ones(tmp_path):
    frames = [view("rocket", at * 0.01) for at in range(17)] + [view("coffee", at * 0.01) for at in range(13)]
    clip = clips.open_clip(film(tmp_path / "a.mp4", frames))  # 10 frames per s
    found = [(round(key.time, 3), key.cut) for key in clip.key_frames()]
    assert found == [(0, True), (0.5, False), (1, False), (1.5, False), (1.7, True), (2.2, False), (2.7, False)]
