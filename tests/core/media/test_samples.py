import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.media.samples import FOLDER, OUTLINES, SAMPLES, load_sample, sample_clip, sample_masks


def test_every_sample_is_there_licensed_and_small():
    licences = (FOLDER / "LICENCES.md").read_text()
    assert {path.stem for path in FOLDER.glob("*.jpg")} == set(SAMPLES)
    for name in SAMPLES:
        assert min(load_sample(name).size) >= 300 and f"`{name}.jpg`" in licences
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 400_000


def test_another_name_is_refused():
    with pytest.raises(InputError, match="'mona'; allowed is one of: rocket, coffee"):
        load_sample("mona")


@pytest.mark.parametrize("name", SAMPLES)
def test_outlines_are_things_in_the_picture(name):
    masks = sample_masks(name)
    assert masks.dtype == bool and masks.shape == (len(OUTLINES[name]), *load_sample(name).size)
    shares = masks.mean(axis=(1, 2))
    assert (0.01 < shares).all() and (shares < 0.75).all()
    assert not (masks.sum(axis=0) > 1).mean() > 0.01  # things do not lie over each other


@pytest.mark.parametrize("name", SAMPLES)
def test_a_clip_moves_in_one_scene_and_is_always_the_same(name):
    clip = sample_clip(name)
    assert (clip.seconds, clip.rate, clip.size, clip.has_sound) == (6, 12, (320, 480), False)
    frames = list(clip.key_frames(2))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(0, 6, 0.5))
    assert [frame.cut for frame in frames] == [True] + [False] * 11
    steps = np.diff([frame.picture.pixels for frame in frames], axis=0)
    assert (np.abs(steps).mean(axis=(1, 2, 3)) > 0.005).all()
    assert clip.fingerprint() == sample_clip(name).fingerprint()


def test_a_clip_of_no_length_is_refused():
    with pytest.raises(InputError, match="seconds is 0"):
        sample_clip("rocket", seconds=0)
