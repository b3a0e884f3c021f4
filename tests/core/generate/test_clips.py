import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.generate.clips import from_clips


def tone(rate, seconds, frequency=440.0):
    return np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate).astype(np.float32)[None]


def test_any_rate_and_length_become_one():
    short, long = from_clips([(tone(16000, 0.5), 16000), (tone(44100, 1.0), 44100)], 48000)
    assert short.sample_rate == long.sample_rate == 48000
    assert len(short.samples) == len(long.samples) == 48000
    assert not short.samples[24000:].any()
    middle = slice(2000, 22000)
    assert np.abs(short.samples[middle] - tone(48000, 1.0)[0, middle]).max() < 0.002


def test_the_same_rate_is_untouched_and_channels_are_averaged():
    left = tone(48000, 0.1)[0]
    (track,) = from_clips([(np.stack([left, np.zeros_like(left)]), 48000)], 48000)
    assert np.array_equal(track.samples, left / 2)


def test_refusals():
    with pytest.raises(InputError, match="clip 2 is empty"):
        from_clips([(tone(8000, 0.1), 8000), (np.zeros((1, 0), np.float32), 8000)], 8000)
    with pytest.raises(InputError, match="not finite"):
        from_clips([(tone(8000, 0.1) * np.nan, 8000)], 8000)
    with pytest.raises(InputError, match="sample rate is 10 Hz"):
        from_clips([(tone(8000, 0.1), 8000)], 10)


def test_no_clips():
    assert from_clips([], 48000) == ()
