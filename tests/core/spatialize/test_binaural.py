"""The table of head-related responses, and the headphone monitor made with it."""

import hashlib

import numpy as np
import pytest
from scipy import fft, signal
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize.binaural import TABLE, fold_to_binaural, hrirs
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.spatialize.pan import panner
from see2sound_nodes.s2s_core.types import Surround

RATE = 48000
SIZE = 8192


def surround(layout, samples, sample_rate=RATE):
    return Surround(np.asarray(samples, np.float32), sample_rate, LAYOUTS[layout])


def click(layout, gains, length=4800):
    samples = np.zeros((len(gains), length))
    samples[:, 100] = gains
    return surround(layout, samples)


def heard_of(layout, azimuth, elevation=0.0):
    """What the ears get of a click that a layout's own panner places at `azimuth`."""
    return fold_to_binaural(click(layout, panner(LAYOUTS[layout])(azimuth, elevation))).samples


def itd(ears, cutoff=1500):
    """Time in us by which the left ear is ahead: peak of the correlation below `cutoff` Hz, read at 16 times the
    rate."""
    low = signal.sosfiltfilt(signal.butter(2, cutoff, output="sos", fs=RATE), np.pad(ears, ((0, 0), (200, 200))))
    left, right = fft.rfft(low, SIZE)
    lag = fft.irfft(left.conj() * right, 16 * SIZE).argmax()
    return (lag - 16 * SIZE * (lag > 8 * SIZE)) / 16 / RATE * 1e6


def ild(ears):
    """Level in dB of the left ear over the right from 200 Hz to 8 kHz. Higher up, two loudspeakers comb."""
    frequencies = fft.rfftfreq(SIZE, 1 / RATE)
    power = np.abs(fft.rfft(ears, SIZE))[:, (frequencies > 200) & (frequencies < 8000)] ** 2
    return 10 * np.log10(power[0].sum() / power[1].sum())


def thirds(responses, low, high):
    """Mean power over all leading axes in thirds of an octave, in dB."""
    frequencies = fft.rfftfreq(SIZE, 1 / RATE)
    power = (np.abs(fft.rfft(responses, SIZE)) ** 2).reshape(-1, SIZE // 2 + 1).mean(axis=0)
    middles = low * 2 ** (np.arange(1 + round(3 * np.log2(high / low))) / 3)
    bands = (np.abs(np.log2(np.maximum(frequencies, 1) / middle)) < 1 / 6 for middle in middles)
    return np.array([10 * np.log10(power[band].mean()) for band in bands])


def test_the_table_is_the_one_that_the_script_made():
    found = hashlib.sha256(TABLE.read_bytes()).hexdigest()
    assert found in TABLE.with_name("NOTICE.txt").read_text()
    table = np.load(TABLE)
    assert (table.shape, table.dtype, np.abs(table).max()) == ((72, 256), np.int16, 32767)


def test_left_and_right_are_mirror_images():
    ears = hrirs(RATE)
    assert np.array_equal(ears[-np.arange(72), ::-1], ears)
    assert np.array_equal(ears[[0, 36], 0], ears[[0, 36], 1])


def test_a_sound_from_the_left_comes_earlier_and_louder_to_the_left_ear():
    times = [itd(pair) for pair in hrirs(RATE)[:19]]
    assert times[0] == 0 and (np.diff(times) > 0).all()
    assert 650 < times[18] < 800
    assert all(ild(pair) > 0.5 for pair in hrirs(RATE)[1:36])


@pytest.mark.parametrize(("azimuth", "time", "level"), [(0, 0, 0), (15, 141, 4.5), (30, 277, 8.3)])
def test_the_head_is_kemar(azimuth, time, level):
    pair = hrirs(RATE)[azimuth // 5]
    assert itd(pair) == pytest.approx(time, abs=30)
    assert ild(pair) == pytest.approx(level, abs=0.2)


@pytest.mark.parametrize(("low", "high", "within"), [(50, 4000, 1.5), (5000, 10000, 2.5)])
def test_a_diffuse_field_is_heard_without_colour(low, high, within):
    # Flat within 0.7 dB over the sphere, but the table holds the horizon only, which an ear hears differently: that is
    # how a listener knows it for the horizon, and it stays.
    level = thirds(hrirs(RATE), 200, 4000).mean()
    assert np.abs(thirds(hrirs(RATE), low, high) - level).max() < within


def test_a_diffuse_field_keeps_its_energy():
    ears = hrirs(RATE)
    assert np.sum(ears**2, axis=(1, 2)).mean() == pytest.approx(1, abs=1e-5)
    assert np.sum(ears**2, axis=2).mean(axis=0) == pytest.approx([0.5, 0.5], abs=1e-5)


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100, 96000, 192000])
def test_other_rates_hear_the_same(sample_rate):
    ears = hrirs(sample_rate)
    assert ears.dtype == np.float32 and not ears.flags.writeable
    frequencies = np.geomspace(50, 0.4 * min(sample_rate, RATE), 100)
    spectra = [
        ears @ np.exp(-2j * np.pi * np.arange(ears.shape[2])[:, None] * frequencies / rate)
        for ears, rate in ((ears, sample_rate), (hrirs(RATE), RATE))
    ]
    assert np.abs(spectra[0] - spectra[1]).max() < 0.015 * np.abs(spectra[1]).max()


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000, 96000])
def test_the_nearer_ear_hears_at_once(sample_rate):
    ears = hrirs(sample_rate)
    size = np.abs(ears)
    first = (size > size.max(axis=2, keepdims=True) / 3).argmax(axis=2).min() / sample_rate
    assert 0.0007 < first < 0.001
    assert (ears[..., :2] ** 2).sum(axis=2).max() < 1e-4 * (ears**2).sum(axis=2).max()


@pytest.mark.parametrize("azimuth", [0, 15, 30, -15, -30])
def test_a_source_panned_on_loudspeakers_is_heard_where_it_is(azimuth):
    heard, own = heard_of("5.1", azimuth), hrirs(RATE)[azimuth // 5]
    assert itd(heard) == pytest.approx(itd(own), abs=40)
    assert ild(heard) == pytest.approx(ild(own), abs=1.5)


def test_every_loudspeaker_goes_through_the_responses_of_its_place():
    samples = np.random.default_rng(2).standard_normal((6, 70000)).astype(np.float32) * 0.05
    folded = fold_to_binaural(surround("5.1", samples))
    assert folded.layout is LAYOUTS["binaural"] and folded.samples.shape == (2, 70000)
    places = {0: 6, 1: -6, 2: 0, 4: 22, 5: -22}  # rows of the table
    expected = sum(
        signal.fftconvolve(samples[[channel]].astype(float), hrirs(RATE)[row], axes=1)[:, :70000]
        for channel, row in places.items()
    ) * 10 ** (folded.gain_db / 20)
    assert np.abs(folded.samples - expected).max() < 1e-5 * np.abs(expected).max()
    assert folded.loudness == pytest.approx(-23, abs=0.01)


@pytest.mark.parametrize("layout", ["stereo", "5.1(side)", "7.1", "7.1.4", "AmbiX"])
def test_mirrored_sound_is_heard_mirrored(layout):
    for azimuth in (20, 75, 160):
        left, right = heard_of(layout, azimuth), heard_of(layout, -azimuth)
        assert np.abs(left - right[::-1]).max() < 1e-6
        assert ild(left) > 1


def test_what_is_above_the_horizon_keeps_its_side():
    gains = [0.0] * 12
    gains[LAYOUTS["7.1.4"].labels.index("TFL")] = 1.0
    heard = fold_to_binaural(click("7.1.4", gains)).samples
    assert itd(hrirs(RATE)[4]) < itd(heard) <= itd(hrirs(RATE)[9]) + 1


def test_ambix_goes_to_a_square_of_loudspeakers():
    ears, square = hrirs(RATE), np.radians([45, 135, -135, -45])
    turn = panner(LAYOUTS["AmbiX"])(np.arange(0, 360, 5))  # [72, W Y Z X]
    feeds = turn @ np.stack([np.ones(4), 2 * np.sin(square), np.zeros(4), 2 * np.cos(square)]) / 12**0.5
    assert np.sum(feeds**2, axis=1) == pytest.approx(np.ones(72))
    heard = np.tensordot(feeds, ears[[9, 27, -27, -9]], axes=1)
    assert np.abs(thirds(heard, 100, 10000) - thirds(ears, 100, 10000)).max() < 2.5
    for row in (0, 9, 40):
        folded = fold_to_binaural(click("AmbiX", turn[row]))
        wave = folded.samples[:, 100 : 100 + ears.shape[2]] / 10 ** (folded.gain_db / 20)
        assert np.abs(wave - heard[row]).max() < 1e-5


@pytest.mark.parametrize("azimuth", [10, 20, 30, 40])
def test_ambix_keeps_the_delay_between_the_ears(azimuth):
    assert itd(heard_of("AmbiX", azimuth), 700) == pytest.approx(itd(hrirs(RATE)[azimuth // 5], 700), abs=40)


def test_the_lfe_is_not_heard():
    assert not fold_to_binaural(click("5.1", [0, 0, 0, 1, 0, 0])).samples.any()


@pytest.mark.parametrize("length", [0, 1, 100])
def test_silence_and_next_to_nothing(length):
    folded = fold_to_binaural(surround("5.1", np.zeros((6, length)), 44100))
    assert folded.samples.shape == (2, length) and not folded.samples.any()
    assert folded.loudness == -np.inf


def test_what_is_binaural_already_is_only_levelled():
    given = surround("binaural", np.random.default_rng(3).standard_normal((2, 24000)) * 0.05)
    folded = fold_to_binaural(given, -30.0)
    assert folded.layout is LAYOUTS["binaural"] and folded.loudness == pytest.approx(-30, abs=0.01)
    assert folded.samples == pytest.approx(given.samples * 10 ** (folded.gain_db / 20))


def test_what_it_refuses():
    with pytest.raises(InputError, match="sample rate is 4000 Hz; allowed is 8000 to 384000"):
        hrirs(4000)
    with pytest.raises(InputError, match="loudness"):
        fold_to_binaural(click("stereo", [1, 1]), loudness=1.0)
