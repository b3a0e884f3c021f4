"""Scores of both definitions against golden values, and what must hold for every pair."""

import sys
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from see2sound_nodes.s2s_core.errors import DependencyError, InputError
from see2sound_nodes.s2s_core.evaluate.similarity import DEFINITIONS, METRICS, Scores, corrected, paper
from see2sound_nodes.s2s_core.evaluate.similarity_corrected import rhythm
from see2sound_nodes.s2s_core.types import AudioTrack, Layout, Speaker, Surround

from .signals import GOLDEN, checksum, track

RATE = 16000

TOLERANCE = {
    "corrected": dict.fromkeys(METRICS, 2e-8) | {"chroma": 1e-4, "swass": 2e-5},
    "paper": dict.fromkeys(METRICS, 2e-7) | {"mfcc_dtw": 1e-9},
}
"""Chroma resamples on its way down the octaves, and not with the library that made the goldens."""

CLICKS = ["clicks", {"seconds": 2.0, "period": 0.31, "f": 900, "decay": 22}]
RUSTLE = ["am_noise", {"seconds": 2.0, "seed": 3, "am": 1.7, "smooth": 4}]
SILENCE = ["silence", {"seconds": 2.0}]


def golden_pair(name):
    return [track(GOLDEN[name][side], GOLDEN[name]["sample_rate"]) for side in "ab"]


def numbers(result):
    return {metric: getattr(result, metric) for metric in METRICS}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_signals_are_those_of_the_goldens(name):
    entry = GOLDEN[name]
    assert [checksum(entry[side], entry["sample_rate"]) for side in "ab"] == entry["crc32"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.ones(RATE // 50, np.float32)])
def test_short_and_silent_sounds_raise_no_warning(samples):
    paper(AudioTrack(samples, RATE), AudioTrack(samples, RATE))


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_scores(name, definition):
    found = numbers(DEFINITIONS[definition](*golden_pair(name)))
    for metric, expected in GOLDEN[name][definition].items():
        allowed = TOLERANCE[definition][metric]
        assert found[metric] == (None if expected is None else pytest.approx(expected, abs=allowed)), metric


@pytest.mark.parametrize("name", [name for name in GOLDEN if "mfcc_dtw_distance" in GOLDEN[name]["steps"]])
def test_golden_distances(name):
    expected = GOLDEN[name]["steps"]["mfcc_dtw_distance"]
    assert corrected(*golden_pair(name)).mfcc_dtw_distance == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in GOLDEN if "reason" in GOLDEN[name]["steps"]])
def test_what_is_not_compared_says_why(name):
    assert corrected(*golden_pair(name)).reason == GOLDEN[name]["steps"]["reason"]


def test_the_metrics_are_the_fields_in_order():
    assert astuple(Scores(*range(7)))[:7] == tuple(getattr(Scores(*range(7)), metric) for metric in METRICS)


@pytest.mark.parametrize("tree", [CLICKS, RUSTLE])
@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_identical_sounds_score_one(tree, rate):
    sound = track(tree, rate)
    assert numbers(corrected(sound, sound)) == pytest.approx(dict.fromkeys(METRICS, 1.0), abs=1e-9)


@pytest.mark.parametrize("name", ["chirp_44k1", "am_noise_16k_len_mismatch", "six_channel_vs_mono_16k"])
def test_corrected_is_symmetric(name):
    a, b = golden_pair(name)
    assert numbers(corrected(a, b)) == pytest.approx(numbers(corrected(b, a)), abs=1e-12)


def test_the_same_sound_at_another_rate_is_nearly_the_same():
    assert corrected(track(CLICKS, 48000), track(CLICKS, 16000)).swass > 0.99


def test_levels_do_not_matter():
    a, b = track(CLICKS, RATE), track(RUSTLE, RATE)
    softer = AudioTrack(b.samples / 8, RATE)  # a power of two: no rounding, so no sample near zero changes its sign
    assert numbers(corrected(a, softer)) == pytest.approx(numbers(corrected(a, b)), abs=1e-9)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_channels_are_averaged(definition):
    compare, a, b = DEFINITIONS[definition], track(CLICKS, RATE), track(RUSTLE, RATE)
    layout = Layout("quad", tuple(Speaker(label) for label in ("FL", "FR", "BL", "BR")), 0x33, "quad")
    apart = Surround(np.stack([2 * a.samples, 0 * a.samples, a.samples, a.samples]), RATE, layout)
    assert compare(apart, b) == compare(a, b)


def test_opposite_channels_cancel_to_silence():
    sound = track(CLICKS, RATE)
    cancelled = AudioTrack(np.stack([sound.samples, -sound.samples]), RATE)
    assert corrected(cancelled, sound).reason == "one silent"


@pytest.mark.parametrize(("quiet", "reason"), [(0.9e-4, "one silent"), (1.1e-4, "")])
def test_silence_is_below_a_level(quiet, reason):
    sound = track(RUSTLE, RATE)
    softer = AudioTrack(sound.samples * (quiet / np.sqrt(np.mean(sound.samples.astype(float) ** 2))), RATE)
    result = corrected(sound, softer)
    assert result.reason == reason and (result.swass == 0) == bool(reason)


def test_silence_beyond_the_common_part_does_not_count():
    sound = track(RUSTLE, RATE)
    late = AudioTrack(np.concatenate([np.zeros(2 * RATE, np.float32), sound.samples]), RATE)
    assert corrected(late, sound).reason == "one silent"


@pytest.mark.parametrize(("samples", "scored"), [(7999, False), (8000, True)])
def test_half_a_second_is_enough(samples, scored):
    short = AudioTrack(track(RUSTLE, RATE).samples[:samples], RATE)
    assert (corrected(short, track(RUSTLE, RATE)).swass is not None) == scored


def test_what_stoi_cannot_judge_is_left_out_of_swass():
    sound = track(CLICKS, RATE)
    flash = AudioTrack(np.where(np.arange(len(sound.samples)) < 4000, sound.samples, 0), RATE)
    result = corrected(flash, flash)
    assert result.perceptual is None and result.swass == pytest.approx(1)


def test_rhythm_of_steady_sounds():
    steady, clicking = np.zeros(RATE), track(CLICKS, RATE).samples[:RATE].astype(float)
    assert rhythm(steady, steady) == 1 and rhythm(steady, clicking) == 0 and rhythm(clicking, steady) == 0


def test_the_faults_of_the_paper_are_kept():
    sound = track(CLICKS, RATE)
    same = paper(sound, sound)
    assert same.swass == pytest.approx(0.8) and same.mfcc_dtw < 1e-3
    assert paper(sound, track(RUSTLE, RATE)) != paper(track(RUSTLE, RATE), sound)


def test_the_paper_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(DependencyError, match="pip install 'librosa"):
        paper(track(CLICKS, RATE), track(CLICKS, RATE))


def test_corrected_needs_no_library(monkeypatch):
    for name in ("librosa", "pystoi", "soxr"):
        monkeypatch.setitem(sys.modules, name, None)
    assert corrected(track(CLICKS, RATE), track(CLICKS, RATE)).swass == pytest.approx(1)


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.array([0.1, np.nan, np.inf]), RATE, "the second sound holds 2 of 3 samples that are not finite"),
        (np.zeros(0), RATE, r"the second sound has samples \[0\]"),
        (np.zeros((1, 2, 3)), RATE, r"the second sound has samples \[1, 2, 3\]"),
        (np.zeros(9), 0, "sample rate of the second sound is 0 Hz"),
    ],
)
def test_what_is_refused(definition, samples, rate, message):
    with pytest.raises(InputError, match=message):
        DEFINITIONS[definition](track(CLICKS, RATE), AudioTrack(samples, rate))


def test_the_paper_refuses_next_to_nothing():
    with pytest.raises(InputError, match="length of the second sound is 0.0025 s"):
        paper(track(CLICKS, RATE), AudioTrack(np.ones(40, np.float32), RATE))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)),
    gains=st.tuples(st.floats(0, 2), st.floats(0, 2)),
    sparsity=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    seconds=st.floats(0.3, 1.2),
)
def test_every_score_is_within_zero_and_one(seeds, gains, sparsity, seconds):
    sounds = []
    for seed, gain, sparse in zip(seeds, gains, sparsity, strict=True):
        random = np.random.default_rng(seed)
        noise = random.normal(size=round(seconds * RATE))
        sounds.append(AudioTrack((gain * noise * (random.random(len(noise)) >= sparse)).astype(np.float32), RATE))
    result = corrected(*sounds)
    assert all(value is None or 0 <= value <= 1 for value in numbers(result).values())
    assert all(value is None for value in numbers(result).values()) == (
        result.reason in ("both silent", "shorter than 0.5 s")
    )
