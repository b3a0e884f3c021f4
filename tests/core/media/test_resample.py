"""From rate to rate: tones stay what they are, and nothing folds back."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.media.resample import resampled

RATES = [(44100, 48000), (48000, 16000), (16000, 48000), (22050, 44100), (96000, 44100)]


def tone(frequency, rate, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize(("rate", "wanted"), RATES)
def test_a_tone_stays_the_same_tone_at_the_same_time(rate, wanted):
    for frequency in (100, 997, 0.92 * min(rate, wanted) / 2):
        there, expected = resampled(tone(frequency, rate), rate, wanted), tone(frequency, wanted)
        middle = slice(wanted // 10, -wanted // 10)
        assert len(there) == len(expected) and there.dtype == np.float32
        assert np.abs(there - expected)[middle].max() < 1e-3


@pytest.mark.parametrize(("rate", "wanted"), [(48000, 16000), (96000, 44100)])
def test_what_the_lower_rate_cannot_hold_is_gone(rate, wanted):
    folded = resampled(tone(wanted * 0.51, rate), rate, wanted)
    assert np.abs(folded[wanted // 10 : -wanted // 10]).max() < 1e-4


def test_all_channels_and_no_change():
    samples = np.stack([tone(440, 44100), tone(880, 44100)])
    assert resampled(samples, 44100, 48000).shape == (2, 48000)
    assert resampled(samples, 44100, 44100) is samples
    assert resampled(samples[:, :0], 44100, 48000).shape == (2, 0)
