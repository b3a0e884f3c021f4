"""The features under the scores: values that can be had in another way."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.evaluate import spectral
from see2sound_nodes.s2s_core.evaluate.chroma import chroma
from see2sound_nodes.s2s_core.evaluate.stoi import stoi
from see2sound_nodes.s2s_core.evaluate.warping import accumulated, path_length

from .signals import GOLDEN, track

RATE = 16000
STOI_GOLDENS = [name for name, entry in GOLDEN.items() if "stoi_ab" in entry["steps"] and entry["sample_rate"] == RATE]
RANDOM = np.random.default_rng(4)


def tone(frequency, seconds=1.0, rate=RATE):
    return 0.1 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def test_a_tone_stands_in_its_bin():
    seen = spectral.spectrogram(tone(1000))
    assert seen.shape == (1025, 1 + RATE // 512)
    assert seen[:, 10].argmax() == 128 and seen[128, 10] == pytest.approx(0.1 * 2048 / 4, rel=1e-6)


@pytest.mark.parametrize("frequency", [100, 440, 1000, 1003, 3000, 7000])
def test_a_tone_stands_in_its_mel_band(frequency):
    mel = frequency / (200 / 3) if frequency < 1000 else 15 + np.log(frequency / 1000) * 27 / np.log(6.4)
    top = 15 + np.log(8) * 27 / np.log(6.4)
    loudest = spectral.mel_decibels(tone(frequency), RATE)[:, 10].argmax()
    assert loudest == pytest.approx(mel * 129 / top - 1, abs=1)


def test_decibels_have_a_floor_and_a_range():
    assert spectral.decibels(np.array([0.0, 1e-12])) == pytest.approx([-100, -100])
    assert spectral.decibels(np.array([1.0, 1e-9])) == pytest.approx([0, -80])


def test_a_click_is_an_onset():
    sound = np.zeros(RATE)
    sound[8000:] = RANDOM.normal(size=8000) * 0.1
    assert abs(spectral.onset_strength(sound, RATE).argmax() - 8000 / 512) <= 2


def test_tones_have_more_contrast_than_noise():
    buzz = np.sum([tone(400 * k) for k in range(1, 16)], axis=0)
    means = [spectral.contrast(sound, RATE, 5)[2:].mean() for sound in (buzz, RANDOM.normal(size=RATE))]
    assert means[0] > means[1] + 20 and means[1] > 0


@pytest.mark.parametrize("octave", range(1, 8))
@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_note_is_its_pitch_class_in_every_octave(octave, rate):
    for pitch in (0, 4, 9):
        frequency = 440 * 2 ** (octave - 4 + (pitch - 9) / 12)
        seen = chroma(tone(frequency, 2.0, rate), rate)
        assert seen.shape == (12, 1 + 2 * rate // 512)
        assert (seen[:, 20:-20].argmax(axis=0) == pitch).all() and seen.max() == 1


def test_silence_has_no_pitch():
    assert not chroma(np.zeros(RATE), RATE).any()


def test_the_cheapest_alignment():
    a, b = np.array([[0.0], [1], [2], [3]]), np.array([[0.0], [0], [1], [3], [3]])
    total = accumulated(a, b)
    assert total[-1, -1] == 1 and path_length(total) == 5
    assert total[0].tolist() == [0, 0, 1, 4, 7]


def test_of_equal_ways_a_step_along_the_second_row_is_taken():
    total = np.array([[0.0, 0, 0], [5, 5, 0], [0, 0, 0]])
    assert path_length(total) == 5 and path_length(total.T) == 4


def test_repetition_costs_nothing():
    a = RANDOM.normal(size=(30, 13))
    total = accumulated(a, np.repeat(a, 2, axis=0))
    assert total[-1, -1] == 0 and path_length(total) == 60


@pytest.mark.parametrize("name", STOI_GOLDENS)
def test_golden_stoi(name):
    entry, rate = GOLDEN[name], RATE
    a, b = (np.atleast_2d(track(entry[side], rate).samples.astype(float)).mean(axis=0) for side in "ab")
    common = min(len(a), len(b))
    assert stoi(a[:common], b[:common], rate) == pytest.approx(entry["steps"]["stoi_ab"], abs=1e-7)
    assert stoi(b[:common], a[:common], rate) == pytest.approx(entry["steps"]["stoi_ba"], abs=1e-7)


def test_stoi_falls_with_noise_and_needs_sound():
    clean, noise = tone(700) * (1 + np.sin(np.arange(RATE) / RATE * 40)), RANDOM.normal(size=RATE)
    values = [stoi(clean, clean + level * noise, RATE) for level in (0, 0.03, 0.3)]
    assert values[0] == pytest.approx(1) and values[0] > values[1] > values[2] > -1
    assert stoi(clean[:6000], clean[:6000], RATE) is None and stoi(clean[:200], clean[:200], RATE) is None
