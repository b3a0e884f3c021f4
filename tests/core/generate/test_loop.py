"""The shapes that textures are drawn with, each against what its docstring promises."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.generate.loop import Loop
from see2sound_nodes.s2s_core.runtime import generator


def loop(seconds=8.0, rate=48000, seed=0, tick=lambda: None):
    return Loop(seconds, rate, generator(seed), tick)


def spectrum(samples, rate):
    return np.fft.rfftfreq(len(samples), 1 / rate), np.abs(np.fft.rfft(samples)) ** 2


def band_db(samples, rate, low, high):
    hz, power = spectrum(samples, rate)
    return 10 * np.log10(power[(hz >= low) & (hz < high)].mean())


def test_noise_has_unit_power_at_every_moment():
    noise = loop(60.0, 16000).noise((100, 0), (4000, 0))
    assert noise.std() == pytest.approx(1, abs=0.01)
    hop = 2000  # samples between two frames: their fades must not show in the power
    profile = (noise[: len(noise) // hop * hop].reshape(-1, hop) ** 2).mean(axis=0)
    assert profile.reshape(20, -1).mean(axis=1) == pytest.approx(1, abs=0.08)


def test_noise_follows_its_curve():
    noise = loop(30.0).noise((100, 0), (1000, 0), (4000, -20))
    level = band_db(noise, 48000, 300, 900)
    assert band_db(noise, 48000, 1950, 2050) - level == pytest.approx(-10, abs=1)
    assert band_db(noise, 48000, 3900, 4100) - level == pytest.approx(-20, abs=1)
    assert band_db(noise, 48000, 7800, 8200) - level == pytest.approx(-50, abs=1.5)
    assert band_db(noise, 48000, 48, 52) - level == pytest.approx(-30, abs=4)


@pytest.mark.parametrize("layer", ["noise", "drift", "scatter"])
def test_the_rate_only_samples_the_sound(layer):
    def draw(rate):
        circle = loop(2.0, rate)
        if layer == "noise":
            return circle.noise((100, 0), (3000, -10))
        if layer == "drift":
            return circle.drift(-1, 1, 0.3)
        return circle.scatter(circle.times(5), [circle.ring((900, 0.2, 1.0))])

    assert np.corrcoef(draw(96000)[::2], draw(48000))[0, 1] > 0.99


def test_a_low_rate_cuts_noise_at_its_nyquist_frequency_without_making_it_louder():
    full, cut = loop(20, 48000).noise((1000, 0), (8000, 0)), loop(20, 8000).noise((1000, 0), (8000, 0))
    assert band_db(full, 48000, 1500, 3500) + 20 * np.log10(len(cut) / len(full)) == pytest.approx(
        band_db(cut, 8000, 1500, 3500), abs=0.5
    )


def test_a_tone_closes_upon_itself():
    tone = loop(1.37, 44100).tone(440.3)
    hz, power = spectrum(tone, 44100)
    assert hz[power.argmax()] == pytest.approx(440.3, abs=0.5 / 1.37)
    assert power.max() / power.sum() > 0.999999
    assert not loop(1.0, 8000).tone(3700.0).any()


def test_drift_stays_between_its_bounds_and_is_round():
    curve = loop(20.0, 8000).drift(0.2, 0.9, 1.0)
    assert 0.2 <= curve.min() < 0.35 and 0.75 < curve.max() <= 0.9
    assert np.abs(np.diff(np.append(curve, curve[0]))).max() < 0.7 * 1.5 / 8000 + 1e-6


def test_what_passes_the_end_goes_on_at_the_beginning():
    circle = loop(0.5, 8000)
    kernel = np.arange(1, 9001, dtype=np.float32)
    slow = np.zeros(4000)
    for place, value in enumerate(kernel):
        slow[(3990 + place) % 4000] += value
    assert np.allclose(circle.scatter(3990 / 8000, [kernel]), slow)
    assert np.allclose(circle.scatter(-10 / 8000, [kernel], onto=slow.astype(np.float32)), 2 * slow)


def test_events_keep_their_rate_at_any_duration():
    for seconds in (10.0, 60.0, 600.0):
        times = loop(seconds).times(1.8)
        assert len(times) == pytest.approx(1.8 * seconds, abs=1) and 0 <= times.min() and times.max() < seconds
    assert len(loop(0.5).times(0.1)) == 1
    assert np.diff(np.sort(loop(10.0).times(2.0, jitter=0.0))) == pytest.approx(0.5)
    gaps = np.diff(np.sort(loop(600.0).times(10.0)))
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.1), "the gaps of a Poisson process are exponential"


def test_a_struck_body_rings_at_its_partials_and_dies_by_60_db():
    kernel = loop().ring((500, 0.8, 1.0))
    assert len(kernel) == 0.8 * 48000
    hz, power = spectrum(kernel, 48000)
    assert hz[power.argmax()] == pytest.approx(500, abs=1.5)
    early, late = np.abs(kernel[:960]).max(), np.abs(kernel[-960:]).max()
    assert 20 * np.log10(late / early) == pytest.approx(-58.5, abs=1.5)
    assert len(loop(1.0, 8000).ring((5000, 1.0, 1.0))) == 0, "above the Nyquist frequency there is nothing to hear"


def test_a_whistle_glides():
    kernel = loop().whistle(0.5, (2000, 4000))
    crossings = np.flatnonzero(np.diff(np.signbit(kernel))) / 48000
    assert ((crossings < 0.1).sum() / 0.2, (crossings > 0.4).sum() / 0.2) == pytest.approx((2200, 3800), rel=0.02)


def test_a_voice_buzzes_at_its_pitch_and_peaks_at_its_formants():
    kernel = loop().voiced(1.0, (100, 100), (700, 1800))
    hz, power = spectrum(kernel, 48000)
    lines = {k: power[np.abs(hz - 100 * k) < 20].sum() for k in range(1, 30)}
    assert sum(lines.values()) / power.sum() > 0.99
    assert max(lines, key=lines.get) == 7
    assert lines[18] > 10 * lines[13] and lines[18] > 10 * lines[23]


def test_a_swell_peaks_near_one_after_five_rises():
    kernel = loop(rate=8000).swell(0.2, 0.5)
    assert 1.0 <= kernel.max() < 1.3 and abs(kernel.argmax() / 8000 - 1.0) < 0.2
    assert kernel[0] < 0.02 and kernel[-1] < 0.02


def test_long_work_can_be_stopped_at_least_once_a_block():
    ticks = []
    circle = loop(120.0, 48000, tick=lambda: ticks.append(1))
    for work in (lambda: circle.noise((100, 0), (200, 0)), lambda: circle.drift(0, 1, 1), lambda: circle.tone(50)):
        ticks.clear()
        work()
        assert len(ticks) >= circle.samples / 2**18
