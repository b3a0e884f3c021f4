import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.segment.imported import from_masks


def masks():
    values = np.zeros((3, 20, 30), np.float32)
    values[0, :5], values[2, 10:] = 1, 0.5
    return values


def test_empty_masks_are_left_out_and_the_rest_keep_number_and_words():
    first, second = from_masks(masks(), "wind\nnobody\n rain ")
    assert (first.label, first.prompt, second.label, second.prompt) == ("region 1", "wind", "region 3", "rain")
    assert first.mask.sum() == 150 and second.mask.sum() == 300


def test_blank_lines_at_the_end_say_nothing():
    assert [region.prompt for region in from_masks(masks(), "wind\n\nrain\n \n\n")] == ["wind", "rain"]


def test_refusals():
    with pytest.raises(InputError, match="2 lines of prompts for 3 masks"):
        from_masks(masks(), "a\nb")
    with pytest.raises(InputError, match="all 3 masks are empty"):
        from_masks(masks() * 0)
    with pytest.raises(InputError, match="not finite"):
        from_masks(masks() * np.nan)
    with pytest.raises(InputError, match="shape"):
        from_masks(masks()[0])


def test_one_object_over_frames_is_one_region():
    (region,) = from_masks(np.roll(masks(), 1, axis=0) * [[[1]], [[1]], [[0]]], "a dog", "one object over frames")
    assert (region.label, region.prompt, region.mask.sum()) == ("region 1", "a dog", 300)
    with pytest.raises(InputError, match="3 lines of prompts for 1 objects, each over all frames"):
        from_masks(masks(), "a\nb\nc", "one object over frames")
    with pytest.raises(InputError, match="batch is 'x'; allowed is one of: several objects, one object over frames"):
        from_masks(masks(), "", "x")
