"""From rate to rate: tones stay what they are, and nothing folds back."""

import tracemalloc

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.media.resample import resampled

RATES = [(44100, 48000), (48000, 16000), (16000, 48000), (22050, 44100), (96000, 44100)]
COPRIME = [(48000, 383999), (383999, 48000), (48000, 48001), (44101, 16000), (8001, 16000)]


def tone(frequency, rate, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize(("rate", "wanted"), RATES + COPRIME)
def test_a_tone_stays_the_same_tone_at_the_same_time(rate, wanted):
    for frequency in (100, 997, 0.92 * min(rate, wanted) / 2):
        there, expected = resampled(tone(frequency, rate), rate, wanted), tone(frequency, wanted)
        middle = slice(wanted // 10, -wanted // 10)
        assert len(there) == len(expected) and there.dtype == np.float32
        assert np.abs(there - expected)[middle].max() < 1e-3


@pytest.mark.parametrize(("rate", "wanted"), [(48000, 16000), (96000, 44100), (383999, 48000), (44101, 16000)])
def test_what_the_lower_rate_cannot_hold_is_gone(rate, wanted):
    folded = resampled(tone(wanted * 0.51, rate), rate, wanted)
    assert np.abs(folded[wanted // 10 : -wanted // 10]).max() < 1e-4


def test_all_channels_and_no_change():
    samples = np.stack([tone(440, 44100), tone(880, 44100)])
    assert resampled(samples, 44100, 48000).shape == (2, 48000)
    assert resampled(samples, 44100, 44100) is samples
    assert resampled(samples[:, :0], 44100, 48000).shape == (2, 0)
    assert resampled(samples[:, :0], 48000, 48001).shape == (2, 0)


def test_blocks_of_a_long_sound_join_without_a_seam():
    rate, wanted = 8009, 16001
    there = resampled(tone(440, rate, seconds=200), rate, wanted)
    assert np.abs(there - tone(440, wanted, seconds=200))[wanted:-wanted].max() < 1e-5


@pytest.mark.parametrize(("rate", "wanted"), [(48000, 48001), (48000, 48000 - 1), (44100, 48000)])
def test_a_short_sound_keeps_its_place_among_the_channels(rate, wanted):
    samples = np.zeros((3, 500), np.float32)
    samples[1, 200] = 1
    there = resampled(samples, rate, wanted)
    assert there.shape == (3, -(-500 * wanted // rate)) and not there[[0, 2]].any()
    assert np.argmax(there[1]) == round(200 * wanted / rate)


def test_memory_is_bounded_between_rates_that_share_nothing():
    sound = tone(440, 48000, seconds=2)
    tracemalloc.start()
    resampled(sound, 48000, 383999)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


@pytest.mark.parametrize(("rate", "wanted"), [(48000.5, 48000), (48000, 44100.5), (0, 48000), (48000, float("nan"))])
def test_rates_are_whole_numbers(rate, wanted):
    with pytest.raises(InputError, match="Hz; allowed are whole numbers"):
        resampled(np.zeros(9, np.float32), rate, wanted)
