"""Which texture a region gets, by words and by looks."""

from dataclasses import replace

import numpy as np
import pytest
from see2sound_nodes.s2s_core.generate.choose import choose
from see2sound_nodes.s2s_core.generate.looks import GUESSES, guess, look
from see2sound_nodes.s2s_core.generate.request import Request
from see2sound_nodes.s2s_core.generate.textures import TEXTURES
from see2sound_nodes.s2s_core.runtime import generator
from see2sound_nodes.s2s_core.types import Picture, Region

HEIGHT, WIDTH = 240, 320
GREY = np.full((16, 16, 3), 0.5, np.float32)


def by_words(prompt):
    return choose(Request(Picture(GREY), Region(np.ones(GREY.shape[:2], bool)), prompt, generator(0)))


@pytest.mark.parametrize("name", TEXTURES)
def test_every_word_calls_for_its_texture(name):
    for word in TEXTURES[name].words.split():
        stem = word.rstrip("*").replace("-", " ")
        assert by_words(f"a very {stem} thing").texture == name
        assert by_words(f"VERY {stem.upper()}S").texture == name
        if word.endswith("*"):
            assert by_words(f"some {stem}zz").texture == name
        assert by_words(f"xx{stem.replace(' ', 'xx')}").why.startswith("no known word")


def test_every_name_calls_for_itself_and_no_word_stands_twice():
    for name in TEXTURES:
        assert by_words(name).texture == name
    words = [word for texture in TEXTURES.values() for word in texture.words.split()]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    "prompt, texture",
    [
        ("rocket engine roar", "rocket"),
        ("cat purring", "cat"),
        ("coffee cup", "cup"),
        ("a busy coffee shop", "crowd"),
        ("the coffee-shop", "crowd"),
        ("crowd", "crowd"),
        ("an astronaut", "breath"),
        ("the train in the rain", "traffic"),
        ("heavy rain on a roof", "rain"),
        ("birds in the trees", "birds"),
        ("ocean waves breaking", "surf"),
        ("a thunderstorm at sea", "thunder"),
        ("engine room", "hum"),
        ("catalogue", None),
        ("strain", None),
        ("parking", None),
        ("", None),
    ],
)
def test_whole_words_and_the_longest_counts(prompt, texture):
    choice = by_words(prompt)
    if texture:
        assert choice.texture == texture and choice.why.startswith("for the word")
    else:
        assert "guessed: " in choice.why


def test_the_reason_is_told():
    assert str(by_words("Rainy day")) == 'rain (for the word "rainy")'
    assert str(by_words("")) == "room tone (guessed: nothing special)"
    assert "no known word in the prompt; guessed: " in str(by_words("qwerty"))


# By looks: painted pictures, each the plainest case of one row.


def paint(colour, rough=0.0, stripes=0.0):
    noise = np.random.default_rng(0).normal(0, 1, (HEIGHT, WIDTH, 1)) * rough
    lines = (np.arange(WIDTH) // 8 % 2 * stripes)[None, :, None]
    return Picture(np.clip(np.array(colour) + noise + lines, 0, 1).astype(np.float32))


def box(top, bottom, left=0.0, right=1.0):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[int(top * HEIGHT) : int(bottom * HEIGHT), int(left * WIDTH) : int(right * WIDTH)] = True
    return mask


def disc(radius, x=0.3):
    rows, columns = np.indices((HEIGHT, WIDTH))
    return np.hypot(rows - HEIGHT / 2, columns - x * WIDTH) < radius


BLUE, GREEN, SKIN = (0.3, 0.5, 0.9), (0.2, 0.5, 0.15), (0.85, 0.6, 0.48)
FIRE = paint((0.05, 0.03, 0.02))
FIRE.pixels[::3] = (1.0, 0.6, 0.1)

CASES = {
    "glowing orange in the dark": (FIRE, box(0.3, 0.6), False, "fire"),
    "blue and smooth, in the upper part": (paint(BLUE), box(0, 0.5), False, "wind"),
    "blue and wide, in the lower part": (paint(BLUE), box(0.6, 1), True, "surf"),
    "blue, in the lower part": (paint(BLUE), box(0.8, 1, 0.2, 0.6), False, "stream"),
    "green and rough": (paint(GREEN, rough=0.08), box(0.3, 1, 0, 0.5), False, "leaves"),
    "green and smooth": (paint(GREEN), box(0.3, 1, 0.6, 1), False, "crickets"),
    "a dark background": (paint((0.05, 0.05, 0.05)), box(0, 1), True, "crickets"),
    "a pale, smooth background that reaches high": (paint((0.8, 0.8, 0.8)), box(0, 0.6), True, "wind"),
    "a background of no special kind": (paint((0.4, 0.35, 0.3), rough=0.05), box(0, 1), True, "room tone"),
    "round, small and bright": (paint((0.8, 0.8, 0.8)), disc(30), False, "bell"),
    "round": (paint((0.4, 0.35, 0.3)), disc(70), False, "cup"),
    "the tint of skin, wide": (paint(SKIN), box(0.2, 0.9), False, "crowd"),
    "the tint of skin": (paint(SKIN), box(0.2, 0.6, 0.4, 0.6), False, "voice"),
    "grey with straight edges": (paint((0.4, 0.4, 0.4), stripes=0.2), box(0.3, 0.9, 0, 0.4), False, "traffic"),
    "pale, smooth and high up": (paint((0.9, 0.85, 0.7)), box(0, 0.3), False, "wind"),
    "rough, of no special colour": (paint((0.4, 0.35, 0.3), rough=0.1), box(0.3, 0.9, 0.6, 1), False, "crowd"),
    "nothing special": (paint((0.4, 0.35, 0.3)), box(0.3, 0.9, 0, 0.3), False, "hum"),
}


def test_every_row_has_its_case_and_names_textures():
    assert list(CASES) == [why for why, _, _ in GUESSES]
    assert {texture for *_, textures in GUESSES for texture in textures} <= set(TEXTURES)


@pytest.mark.parametrize("why", CASES)
def test_a_guess_by_looks(why):
    picture, mask, background, texture = CASES[why]
    assert guess(picture, Region(mask, background=background)) == (texture, why)


@pytest.mark.parametrize("why", CASES)
def test_a_guess_does_not_hang_on_the_size_of_the_picture(why):
    picture, mask, background, texture = CASES[why]
    double = replace(picture, pixels=np.repeat(np.repeat(picture.pixels, 2, 0), 2, 1))
    assert guess(double, Region(np.repeat(np.repeat(mask, 2, 0), 2, 1), background=background)) == (texture, why)


def test_several_candidates_go_by_how_far_right():
    picture = paint(GREEN, rough=0.08)
    left, right = (guess(picture, Region(box(0.3, 1, x, x + 0.3)))[0] for x in (0.1, 0.6))
    assert (left, right) == ("leaves", "birds")


def test_looks_are_measured_inside_the_mask_only():
    picture = paint((0.4, 0.4, 0.4), rough=0.1)
    picture.pixels[60:180, 80:240] = BLUE
    seen = look(picture, Region(box(0.3, 0.7, 0.3, 0.7)))
    assert seen.blue == 1.0 and seen.rough < 0.001 and seen.grey == 0.0
    assert (seen.x, seen.y) == pytest.approx((0.5, 0.5), abs=0.01)
    assert seen.area == pytest.approx(0.16, abs=0.01)


def test_the_extremes_of_colour_are_measured():
    for colour in ((0, 0, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        seen = look(paint(colour), Region(box(0, 1)))
        assert all(np.isfinite(value) for value in vars(seen).values())
        assert (seen.green, seen.blue) == (float(colour == (0, 1, 0)), float(colour == (0, 0, 1)))


def test_a_picture_is_shrunk_once_for_all_its_regions():
    picture = paint(GREEN)
    thumbnail = picture.thumbnail
    look(picture, Region(box(0.1, 1)))
    assert picture.thumbnail is thumbnail
    assert look(paint(BLUE), Region(box(0, 1))).blue == 1


def test_a_thumbnail_is_means_of_blocks():
    pixels = np.random.default_rng(0).random((650, 1000, 3), np.float32)
    thumbnail = Picture(pixels).thumbnail
    assert thumbnail.shape == (217, 334, 3)
    assert np.allclose(thumbnail[5, 7], pixels[15:18, 21:24].mean((0, 1)), atol=1e-6)
    assert Picture(pixels[:300, :400]).thumbnail.shape == (300, 400, 3)
