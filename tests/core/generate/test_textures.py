"""Every texture: a loop without a seam, at one level, the same at any rate and length, and like no other texture."""

from functools import cache

import numpy as np
import pytest
from scipy import signal
from see2sound_nodes.s2s_core.generate.loop import Loop
from see2sound_nodes.s2s_core.generate.procedural import LEVEL, PEAK, active_level, level
from see2sound_nodes.s2s_core.generate.textures import TEXTURES
from see2sound_nodes.s2s_core.runtime import generator

from .features import beat, centroid, envelope, features

RATE = 24000
every_texture = pytest.mark.parametrize("name", TEXTURES)


@cache
def clip(name, seconds=12.0, rate=RATE, seed=0):
    return level(TEXTURES[name].draw(Loop(seconds, rate, generator(seed), lambda: None)), rate)


@cache
def print_of(name, seconds=12.0, seed=0):
    return features(clip(name, seconds, seed=seed), RATE)


def db(value):
    return 20 * np.log10(value)


def seam_excess(samples):
    """How far the seam stands out of the clip, 1 = as much as its most restless place: the larger ratio of the jump in
    value and the jump in slope there to the greatest inside."""
    around = np.concatenate([samples[-4:], samples[:4]])
    return max(np.abs(np.diff(around, order)).max() / np.abs(np.diff(samples, order)).max() for order in (1, 2, 3))


@every_texture
def test_the_seam_is_no_place_of_its_own(name):
    for seed in range(2):
        samples = clip(name, seconds=2.0, seed=seed)
        assert seam_excess(samples) <= 1.0


@pytest.mark.parametrize("name", ["wind", "rain", "stream", "surf", "leaves", "breath", "traffic", "rocket", "hum"])
def test_a_steady_sound_is_as_loud_after_the_seam_as_before_it(name):
    """Between neighbouring windows of 50 ms the level steps no more at the seam than it does inside, on average."""
    steps = []
    for seed in range(8):
        loud = clip(name, seconds=1.0, seed=seed).reshape(-1, 1200).std(axis=1)
        steps.append(np.abs(np.diff(db(np.append(loud, loud[0])))))
    steps = np.array(steps)
    assert steps[:, -1].mean() < 2 * steps[:, :-1].mean()


@pytest.mark.parametrize("name", ["wind", "hum", "room tone", "engine"])
def test_a_low_sound_cut_elsewhere_has_a_seam(name):
    samples = clip(name, seconds=4.0)
    assert max(seam_excess(samples[: len(samples) - cut]) for cut in range(3000, 40000, 1009)) > 1.5


@every_texture
@pytest.mark.parametrize("seconds, rate", [(0.5, 8000), (0.5, 48000), (2.0, 8000), (2.3, 44100)])
def test_the_level_is_the_same(name, seconds, rate):
    samples = clip(name, seconds, rate)
    active, peak = active_level(samples, rate), db(np.abs(samples).max())
    assert np.isfinite(samples).all() and samples.dtype == np.float32
    assert peak <= PEAK + 0.001
    assert active == pytest.approx(LEVEL, abs=0.01) or (
        peak == pytest.approx(PEAK, abs=0.001) and LEVEL - 10 < active < LEVEL
    )
    assert abs(samples.mean(dtype=float)) < 1e-6


def test_active_level_against_a_slow_reference():
    rng = np.random.default_rng(0)
    samples = np.concatenate([rng.normal(0, s, 800) for s in (0.5, 0.1, 0.06, 0.04, 0.0)] + [rng.normal(0, 0.3, 400)])
    powers, total, count = [], 0.0, 0
    windows = [samples[start : start + 800] for start in range(0, len(samples), 800)]
    for window in windows:
        powers.append(sum(float(x) ** 2 for x in window) / len(window))
    for window, power in zip(windows, powers, strict=True):
        if power >= max(powers) / 100:
            total, count = total + power * len(window), count + len(window)
    assert 0 < count < len(samples)
    assert active_level(samples, 8000) == pytest.approx(10 * np.log10(total / count))


def test_one_gain_for_the_whole_clip():
    samples = np.random.default_rng(0).normal(0, 0.01, 8000).astype(np.float32)
    samples[100] = 3.0  # so spiky that the peak decides
    out = level(samples, 8000)
    assert db(np.abs(out).max()) == pytest.approx(PEAK, abs=0.001)
    assert np.corrcoef(samples, out)[0, 1] == pytest.approx(1, abs=1e-6)


@every_texture
def test_the_rate_only_samples_the_sound(name):
    """Below 20 kHz, 96 kHz holds what 48 kHz holds; events fall on the nearest sample, so highs differ a little."""
    double, single = clip(name, 1.0, 96000)[::2], clip(name, 1.0, 48000)
    assert np.corrcoef(double, single)[0, 1] > 0.9
    assert abs(db(double.std() / single.std())) < 0.6


@every_texture
def test_a_longer_clip_has_the_same_character(name):
    long = print_of(name, seconds=24.0)
    assert min(TEXTURES, key=lambda m: np.linalg.norm(print_of(m) - long)) == name


@every_texture
def test_each_is_unlike_every_other(name):
    """Another take of a texture is nearer than any take of another one, by a factor of 1.8 and a distance of 2.5."""
    own, take = (print_of(name, seed=seed) for seed in (0, 1))
    others = {m: np.linalg.norm(print_of(m, seed=1) - own) for m in TEXTURES if m != name}
    nearest = min(others, key=others.get)
    assert others[nearest] > max(2.5, 1.8 * np.linalg.norm(take - own)), f"{name} sounds like {nearest}"


# What makes each of some textures what it is.


@pytest.mark.parametrize(
    "name, low, high",
    [
        ("thunder", 50, 300),
        ("room tone", 100, 400),
        ("wind", 100, 400),
        ("cat", 80, 500),
        ("rocket", 200, 900),
        ("crowd", 300, 900),
        ("breath", 900, 2500),
        ("cup", 2000, 5000),
        ("birds", 2000, 6000),
        ("crickets", 3000, 5000),
        ("rain", 3500, 9000),
        ("leaves", 3500, 9000),
    ],
)
def test_where_its_power_lies(name, low, high):
    assert low < centroid(clip(name), RATE) < high


@pytest.mark.parametrize(
    "name, low, high, expected, tolerance, share",
    [
        ("footsteps", 0.5, 3, 1.8, 0.05, 0.8),
        ("clock", 0.5, 3, 2.0, 0.02, 0.9),
        ("breath", 0.15, 0.4, 0.25, 0.02, 0.5),
        ("cat", 15, 60, 25, 3, 0.4),
        ("engine", 15, 60, 26, 1, 0.4),
        ("crickets", 20, 60, 33, 4, 0.4),
        ("surf", 0.06, 1, 0.111, 0.04, 0.4),
    ],
)
def test_its_beat(name, low, high, expected, tolerance, share):
    speed, part = beat(clip(name, seconds=45.0), RATE, low, high)
    assert speed == pytest.approx(expected, abs=tolerance) and part > share


def test_voices_speak_three_to_six_syllables_a_second():
    for name in ("voice", "crowd"):
        loud = envelope(clip(name, seconds=30.0), RATE)
        swing = np.abs(np.fft.rfft(loud - loud.mean())) ** 2
        speed = np.fft.rfftfreq(len(loud), 1 / 100)
        density = [swing[(speed >= low) & (speed < high)].mean() for low, high in ((3, 6), (8, 14))]
        assert density[0] > 4 * density[1]


def test_the_bell_rings_in_its_ratios():
    samples = clip("bell", seconds=10.0)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    prime = next(
        p
        for p in np.arange(280, 420, 0.25)
        if all(
            power[np.abs(hz - r * p) < 1.2].max() > 300 * np.median(power[np.abs(hz - r * p) < 25])
            for r in (0.5, 1, 1.2, 2)
        )
    )
    for ratio in (1.5, 2.5, 3.0, 4.0):
        near = np.abs(hz - ratio * prime) < 3
        assert power[near].max() > 100 * np.median(power[np.abs(hz - ratio * prime) < 30])


def test_the_hum_is_harmonics_of_the_mains():
    samples = clip("hum", seconds=10.0)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    strongest = hz[np.argsort(power)[-6:]]
    assert np.allclose(strongest % 50, 0, atol=0.1) and hz[power.argmax()] == pytest.approx(100, abs=0.1)


def test_crackle_and_patter_are_spikier_than_hiss():
    def spikes(name):
        high = signal.sosfilt(signal.butter(4, 2000, "high", fs=RATE, output="sos"), clip(name))
        return np.mean(high**4) / np.mean(high**2) ** 2

    assert spikes("fire") > 20 and spikes("rain") > 3.3
    assert spikes("room tone") < spikes("rain") < spikes("fire") / 3
