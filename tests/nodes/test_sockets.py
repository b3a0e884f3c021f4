"""Between ComfyUI's IMAGE, MASK, AUDIO and our values: nothing is lost, and nothing is chosen silently."""

import numpy as np
import pytest
import torch
from see2sound_nodes.nodes import sockets
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.types import AudioTrack


def audio(*shape, rate=48000, dtype=torch.float32):
    return {"waveform": torch.zeros(shape).to(dtype), "sample_rate": rate}


def test_an_image_keeps_its_pixels_both_ways():
    image = torch.rand(1, 20, 30, 3)
    picture = sockets.picture_from(image)
    assert np.array_equal(picture.pixels, image[0].numpy())
    assert torch.equal(sockets.image_from(picture.pixels), image)
    assert sockets.picture_from(image.to(torch.float16)).pixels.dtype == np.float32


@pytest.mark.parametrize("shape", [(2, 20, 30, 3), (20, 30, 3), (1, 20, 30, 7)])
def test_other_images_are_refused(shape):
    with pytest.raises(InputError):
        sockets.picture_from(torch.zeros(shape))


def test_pictures_of_bytes_become_0_to_1():
    image = sockets.image_from(np.full((4, 5, 3), 255, np.uint8))
    assert image.shape == (1, 4, 5, 3) and image.dtype == torch.float32 and image.max() == 1


def test_masks():
    masks = sockets.masks_from([np.eye(20, 30, dtype=bool), np.ones((20, 30), bool)])
    assert masks.shape == (2, 20, 30) and masks.dtype == torch.float32 and masks[0].sum() == 20
    with pytest.raises(InputError, match="no regions"):
        sockets.masks_from(())


def test_tracks_both_ways():
    tracks = (AudioTrack(np.ones(5, np.float32), 16000), AudioTrack(np.zeros(5, np.float32), 16000))
    sound = sockets.audio_from(tracks)
    assert sound["waveform"].shape == (2, 1, 5) and sound["sample_rate"] == 16000
    back = sockets.tracks_from(sound)
    assert [track.samples.tolist() for track in back] == [[1] * 5, [0] * 5] and back[0].sample_rate == 16000
    with pytest.raises(InputError, match="no clips"):
        sockets.audio_from(())


def test_integer_samples_are_scaled():
    sound = {"waveform": torch.tensor([[[-32768, 0, 16384]]], dtype=torch.int16), "sample_rate": 8000}
    assert sockets.tracks_from(sound)[0].samples.tolist() == [-1, 0, 0.5]


def test_unsigned_bytes_have_their_silence_in_the_middle():
    sound = {"waveform": torch.tensor([[[0, 128, 192]]], dtype=torch.uint8), "sample_rate": 8000}
    assert sockets.tracks_from(sound)[0].samples.tolist() == [-1, 0, 0.5]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "brought no sound"),
        (audio(2, 5), r"allowed is \[batch, channels, samples\]"),
        (audio(1, 2, 5), "2 channels.*Source Audio from AUDIO"),
    ],
)
def test_what_cannot_be_a_source_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        sockets.tracks_from(given)


@pytest.mark.parametrize(("channels", "name"), [(2, "stereo"), (6, "5.1"), (8, "7.1")])
def test_channels_name_the_layout(channels, name):
    assert sockets.surround_from(audio(1, channels, 9)).layout.name == name


def test_a_chosen_layout_counts():
    assert sockets.surround_from(audio(1, 6, 9), "5.1(side)").layout.labels[-1] == "SR"
    assert sockets.surround_from(audio(1, 4, 9), "AmbiX").layout.kind == "ambisonic"
    with pytest.raises(InputError, match="mix holds 2 clips; allowed is one: .* 'Save Surround'"):
        sockets.surround_from(audio(2, 6, 9), name="mix")


@pytest.mark.parametrize(
    ("channels", "layout", "words"),
    [
        (6, "7.1", r"audio has 6 channels; 7\.1 has 8: choose auto or 5\.1 or 5\.1\(side\) as its layout"),
        (4, "5.1", r"audio has 4 channels; 5\.1 has 6: choose AmbiX as its layout"),
        (4, "auto", "audio has 4 channels: choose AmbiX as its layout"),
        (3, "auto", r"audio has 3 channels; allowed is 2 \(stereo\), .*, 4 \(AmbiX\)$"),
        (1, "auto", "audio has 1 channel; .*; mono is not surround: it needs at least two channels"),
    ],
)
def test_a_number_of_channels_that_does_not_fit_and_what_can_be_done(channels, layout, words):
    with pytest.raises(InputError, match=words):
        sockets.surround_from(audio(1, channels, 9), layout)


@pytest.mark.parametrize("came", [["5.1"], 6, {}, None, "nonsense"])
def test_a_layout_that_is_not_one_of_ours_is_not_looked_at(came):
    assert sockets.surround_from({**audio(1, 6, 9), "layout": came}).layout.name == "5.1"


def test_every_clip_of_a_batch_is_a_surround():
    batch = {**audio(3, 6, 9), "layout": "5.1(side)"}
    assert [one.layout.name for one in sockets.surrounds_from(batch)] == ["5.1(side)"] * 3
    assert [type(one).__name__ for one in sockets.sounds_from(audio(2, 1, 9))] == ["AudioTrack"] * 2
    assert [type(one).__name__ for one in sockets.sounds_from(audio(2, 2, 9))] == ["Surround"] * 2


@pytest.mark.parametrize("shape", [(1, 6, 0), (0, 6, 9)])
def test_a_mix_without_samples_is_refused(shape):
    with pytest.raises(InputError, match=r"mix is empty \(0 samples\)"):
        sockets.surround_from(audio(*shape), name="mix")


@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_a_mix_that_is_not_finite_is_refused(bad):
    mix = audio(1, 2, 9)
    mix["waveform"][0, 1, 4] = bad
    with pytest.raises(InputError, match="mix holds 1 of 18 samples that are not finite"):
        sockets.surround_from(mix, name="mix")


def test_sound_that_is_still_being_learned_from_can_be_read():
    sound = {"waveform": torch.zeros(1, 1, 3, requires_grad=True), "sample_rate": 8000}
    assert sockets.tracks_from(sound)[0].samples.tolist() == [0, 0, 0]
