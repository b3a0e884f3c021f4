"""The one convolution against the obvious one, and the LFE."""

import threading

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import Cancelled
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.spatialize import mix

NOISE = np.random.default_rng(2)


def noise(*shape):
    return NOISE.standard_normal(shape).astype(np.float32)


def decibels(difference, reference):
    return 10 * np.log10(np.sum(np.square(difference, dtype=float)) / np.sum(np.square(reference, dtype=float)) + 1e-30)


def convolved(signals, responses, length, lead=0, size=None):
    out = np.zeros((len(responses[0]), length), np.float32)
    mix.add_convolved(out, signals, responses, HeadlessRuntime(), "test", lead=lead, size=size)
    return out


def one_by_one(signals, responses, length, lead=0):
    """Every pair convolved in float64, then summed."""
    out = np.zeros((len(responses[0]), max(length + lead, 30000)))
    for samples, response in zip(signals, responses, strict=True):
        for channel, row in enumerate(response.astype(float)):
            full = np.convolve(samples.astype(float), row)
            out[channel, : len(full)] += full
    return out[:, lead : lead + length]


SIGNALS = [noise(20000), noise(17), noise(9000)]
RESPONSES = [noise(4, 700), noise(4, 901), noise(4, 33)]


@pytest.mark.parametrize("size", [None, 901, 1024, 4096, 65536])
@pytest.mark.parametrize(("length", "lead"), [(20900, 0), (20000, 16), (500, 16), (25000, 0)])
def test_one_pass_equals_every_pair_by_itself(size, length, lead):
    if size == 901:  # blocks of a single sample
        signals, responses = [s[:300] for s in SIGNALS], RESPONSES
    else:
        signals, responses = SIGNALS, RESPONSES
    expected = one_by_one(signals, responses, length, lead)
    assert decibels(convolved(signals, responses, length, lead, size) - expected, expected) < -120


def test_a_channel_that_gets_nothing_stays_as_it_was():
    responses = [response.copy() for response in RESPONSES]
    for response in responses:
        response[2] = 0
    assert not convolved(SIGNALS, responses, 20000)[2].any()


def test_it_adds():
    out = np.ones((4, 100), np.float32)
    mix.add_convolved(out, [noise(50)], [np.zeros((4, 3), np.float32)], HeadlessRuntime(), "test")
    assert (out == 1).all()


def test_cancel_stops_it():
    cancel = threading.Event()

    def listen(label, done, total):
        if done == 1:
            cancel.set()

    out = np.zeros((4, 20000), np.float32)
    with pytest.raises(Cancelled, match="mixing"):
        mix.add_convolved(out, SIGNALS, RESPONSES, HeadlessRuntime(listen=listen, cancel=cancel), "mixing", size=2048)
    assert not out[:, 10000:].any()


@pytest.mark.parametrize(("frequency", "level"), [(10, 0.0), (120, -6.02), (240, -24.6), (480, -48.2)])
def test_lfe_low_pass(frequency, level):
    click = np.zeros(48000, np.float32)
    click[0] = 1
    spectrum = np.abs(np.fft.rfft(mix.lfe(click, 48000)))
    assert 20 * np.log10(spectrum[frequency]) - mix.LFE_DB == pytest.approx(level, abs=0.1)
