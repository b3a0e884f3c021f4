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
    with pytest.raises(InputError, match="no sounds"):
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
    with pytest.raises(InputError, match="stereo has 2 channels"):
        sockets.surround_from(audio(1, 6, 9), "stereo")
    with pytest.raises(InputError, match="5 channels; allowed is 2 .stereo., 6"):
        sockets.surround_from(audio(1, 5, 9))
    with pytest.raises(InputError, match="2 clips; allowed is one"):
        sockets.surround_from(audio(2, 6, 9))
