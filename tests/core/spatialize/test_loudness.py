"""Goldens of BS.1770, the K filter at every rate, the true peak, and the one gain."""

import numpy as np
import pytest
from scipy import signal
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.spatialize.loudness import Meter, k_filter, levelled, measured
from see2sound_nodes.s2s_core.types import Surround

RATE = 48000


def tone(frequency=997.0, seconds=3.0, rate=RATE, amplitude=1.0, phase=0.0):
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate + phase)).astype("f4")


def integrated(samples, rate, layout):
    meter = Meter(rate, layout)
    meter.add(samples)
    return meter.loudness()


def true_peak(samples):
    layout = next(layout for layout in LAYOUTS.values() if len(layout.speakers) >= len(samples))
    meter = Meter(RATE, layout)
    meter.add(np.concatenate([samples, np.zeros((len(layout.speakers) - len(samples), samples.shape[1]), np.float32)]))
    return meter.true_peak


def only(channel, samples, layout="5.1"):
    out = np.zeros((len(LAYOUTS[layout].speakers), len(samples)), np.float32)
    out[channel] = samples
    return out


def surround(samples, rate=RATE, layout="5.1"):
    return Surround(samples, rate, LAYOUTS[layout])


@pytest.mark.parametrize(
    ("layout", "channel", "lufs"),
    [
        *[("5.1", channel, -3.01) for channel in (0, 1, 2)],
        *[("5.1", channel, -1.52) for channel in (4, 5)],
        ("5.1(side)", 4, -1.52),
        ("7.1", 4, -3.01),  # at 135 degrees, behind the sector that counts more
        ("7.1", 6, -1.52),
        ("7.1.4", 8, -3.01),
        ("stereo", 0, -3.01),
        ("binaural", 1, -3.01),
        ("AmbiX", 0, -3.01),
        ("AmbiX", 1, -np.inf),
    ],
)
def test_full_scale_sine(layout, channel, lufs):
    assert integrated(only(channel, tone(), layout), RATE, LAYOUTS[layout]) == pytest.approx(lufs, abs=0.01)


def test_the_lfe_does_not_count():
    assert integrated(only(3, tone()), RATE, LAYOUTS["5.1"]) == -np.inf


def test_the_filter_is_the_printed_one_at_48_khz():
    assert k_filter(48000) == pytest.approx(
        np.array(
            [
                [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585],
                [1, -2, 1, 1, -1.99004745483398, 0.99007225036621],
            ]
        ),
        abs=1e-13,
    )


@pytest.mark.parametrize("rate", [22050, 32000, 44100, 88200, 96000, 192000])
def test_the_filter_is_the_same_in_hz_at_every_rate(rate):
    frequencies = np.array([20, 38, 60, 100, 300, 997, 1700, 3000, 5000])
    here, there = (20 * np.log10(np.abs(signal.sosfreqz(k_filter(r), frequencies, fs=r)[1])) for r in (rate, 48000))
    assert here == pytest.approx(there, abs=0.1)
    assert integrated(only(0, tone(rate=rate)), rate, LAYOUTS["5.1"]) == pytest.approx(-3.01, abs=0.03)


def test_at_16_khz_the_golden_holds_within_the_tolerance_of_the_standard():
    assert integrated(only(0, tone(rate=16000)), 16000, LAYOUTS["5.1"]) == pytest.approx(-3.01, abs=0.05)


def test_gates():
    loud, soft = tone(seconds=5, amplitude=0.1), tone(seconds=5, amplitude=0.001)
    alone = integrated(only(0, loud), RATE, LAYOUTS["5.1"])
    assert alone == pytest.approx(-23.01, abs=0.01)
    together = integrated(only(0, np.concatenate([soft, loud, 0 * loud])), RATE, LAYOUTS["5.1"])
    assert together == pytest.approx(alone, abs=0.3)  # without gates: -4.8 dB
    near = tone(seconds=5, amplitude=0.05)
    mean = 10 * np.log10((0.1**2 + 0.05**2) / 2) - 3.01
    assert integrated(only(0, np.concatenate([near, loud])), RATE, LAYOUTS["5.1"]) == pytest.approx(mean, abs=0.1)


def test_shorter_than_a_block_is_one_block():
    assert integrated(only(0, tone(seconds=0.35)), RATE, LAYOUTS["5.1"]) == pytest.approx(-3.01, abs=0.2)
    assert integrated(np.zeros((6, 0), np.float32), RATE, LAYOUTS["5.1"]) == -np.inf


@pytest.mark.parametrize("seconds", [0.01, 0.8, 3.0])
def test_true_peak_finds_what_lies_between_the_samples(seconds):
    samples = tone(12000, seconds, phase=np.pi / 4) * np.hanning(round(seconds * RATE)).astype("f4")
    assert 20 * np.log10(np.abs(samples).max()) < -2.9
    assert true_peak(only(4, samples)) == pytest.approx(0, abs=0.1)


def test_true_peak_against_slow_oversampling():
    spectrum = np.fft.rfft(np.random.default_rng(3).standard_normal((2, 70000)) * np.hanning(70000))
    spectrum[:, 30000:] = 0  # nothing above 20.6 of 24 kHz, where no short filter follows
    samples, slow = np.fft.irfft(spectrum), 4 * np.fft.irfft(spectrum, 4 * 70000)
    assert 20 * np.log10(np.abs(slow).max() / np.abs(samples).max()) > 0.3
    assert true_peak(samples.astype("f4")) == pytest.approx(20 * np.log10(np.abs(slow).max()), abs=0.05)


def test_true_peak_is_never_below_the_samples_and_sees_the_last_one():
    click = np.zeros((1, 70001), np.float32)
    click[0, -1] = -0.5
    assert true_peak(click) == pytest.approx(-6.02, abs=0.01)
    assert true_peak(np.zeros((6, 100), np.float32)) == -np.inf


@pytest.mark.parametrize("target", [-70.0, -23.0, -16.0])
@pytest.mark.parametrize("scale", [1e-3, 0.3, 40.0])
def test_one_gain_to_the_target_whatever_the_scale(target, scale):
    samples = only(0, tone(amplitude=scale)) + only(4, tone(400, amplitude=scale / 2))
    out = levelled(surround(samples), target)
    assert integrated(out.samples, RATE, out.layout) == pytest.approx(target, abs=0.01) or target == -70
    assert out.loudness == pytest.approx(target, abs=2e-3)
    assert true_peak(out.samples) == pytest.approx(out.true_peak, abs=0.01)
    expected = samples * 10 ** (out.gain_db / 20)
    assert np.abs(out.samples - expected).max() < 1e-5 * np.abs(expected).max()


def test_the_ceiling_wins_and_both_are_reported():
    click = np.zeros((6, RATE), np.float32)
    click[0, ::9600] = 0.2
    out = levelled(surround(click), -14.0)
    assert out.true_peak == pytest.approx(-1.0, abs=1e-4)
    assert true_peak(out.samples) == pytest.approx(-1.0, abs=0.01)
    assert out.loudness < -14.5
    assert integrated(out.samples, RATE, out.layout) == pytest.approx(out.loudness, abs=0.01)


def test_silence_stays_silence():
    out = levelled(surround(np.zeros((6, RATE), np.float32)))
    assert not out.samples.any()
    assert (out.loudness, out.true_peak, out.gain_db) == (-np.inf, -np.inf, 0.0)


def test_sound_in_the_lfe_alone_is_left_as_it_is():
    samples = only(3, tone(50, amplitude=0.25))
    out = levelled(surround(samples))
    assert out.loudness == -np.inf and out.gain_db == pytest.approx(0, abs=1e-6)
    assert np.abs(out.samples - samples).max() < 1e-6


@pytest.mark.parametrize("target", [-71.0, 0.0, np.nan])
def test_target_out_of_range(target):
    with pytest.raises(InputError, match="loudness is .* LUFS; allowed is -70 to -5 LUFS"):
        levelled(surround(np.zeros((6, 10), np.float32)), target)


def test_measuring_says_what_levelling_said():
    sound = levelled(surround(only(0, tone(amplitude=0.05))))
    again = measured(sound)
    assert again.samples is sound.samples
    assert (again.loudness, again.true_peak) == pytest.approx((sound.loudness, sound.true_peak), abs=0.01)


@pytest.mark.parametrize("piece", [1, 977, 4800, 70000])
def test_in_pieces_it_is_the_same_as_in_one(piece):
    samples = np.random.default_rng(8).standard_normal((6, 30000 if piece == 1 else 100000)).astype("f4") * 0.1
    samples[4, -1] = 0.9
    whole, parts = (Meter(RATE, LAYOUTS["5.1"]) for _ in range(2))
    whole.add(samples)
    for start in range(0, samples.shape[1], piece):
        parts.add(samples[:, start : start + piece])
    assert parts.loudness() == pytest.approx(whole.loudness(), abs=1e-9)
    assert parts.true_peak == pytest.approx(whole.true_peak, abs=1e-6)


def test_a_piece_that_ends_in_mid_sound_has_no_peak_there():
    meter, steady = Meter(RATE, LAYOUTS["stereo"]), np.full((2, 3 * RATE), 0.5, np.float32)
    steady[:, :RATE] *= np.sin(np.linspace(0, np.pi / 2, RATE)) ** 2
    steady[:, -RATE:] *= np.cos(np.linspace(0, np.pi / 2, RATE)) ** 2
    for start in range(0, 3 * RATE, 27769):
        meter.add(steady[:, start : start + 27769])
    assert meter.true_peak == pytest.approx(-6.02, abs=0.02)


def test_the_loudness_that_is_reported_is_what_a_meter_finds():
    faint = np.random.default_rng(2).standard_normal((6, 20 * RATE)).astype("f4") * 1e-4
    faint[:, : RATE // 2] *= 1000
    out = levelled(surround(faint))
    assert out.loudness == pytest.approx(integrated(out.samples, RATE, out.layout), abs=0.01)
    assert out.loudness == pytest.approx(-23, abs=0.05)


def test_dust_is_not_raised_to_hiss():
    out = levelled(surround(only(0, tone(amplitude=1e-8))))
    assert out.gain_db == 60 and out.loudness < -100
