"""The one convolution against the obvious one."""

import numpy as np
import pytest
from see2sound_nodes.s2s_core.spatialize.convolve import Bus, Convolution, Pieces

NOISE = np.random.default_rng(2)


def noise(*shape):
    return NOISE.standard_normal(shape).astype(np.float32)


def decibels(difference, reference):
    return 10 * np.log10(np.sum(np.square(difference, dtype=float)) / np.sum(np.square(reference, dtype=float)) + 1e-30)


def convolved(signals, own, buses, length, size=None, lead=0):
    convolution, out, pieces = Convolution(own, buses, size), Pieces(4), []
    for start in range(0, length + lead, convolution.block):
        blocks = np.zeros((len(signals), convolution.block), np.float32)
        for row, samples in zip(blocks, signals, strict=True):
            part = samples[start : start + convolution.block]
            row[: len(part)] = part
        convolution.add(out, start - lead, blocks)
        stop = min(start + convolution.block - lead, length)
        if stop > out.taken:
            pieces.append(out.take(stop))
    return np.concatenate(pieces, axis=1)


def one_by_one(signals, own, buses, length, lead=0):
    """Every pair convolved in float64, then summed."""
    out = np.zeros((4, length + lead + 40000))
    for number, (samples, response) in enumerate(zip(signals, own, strict=True)):
        for kernel in [response, *(bus.sends[number] * bus.response for bus in buses)]:
            for channel, row in enumerate([] if kernel is None else kernel.astype(float)):
                full = np.convolve(samples.astype(float), row)
                out[channel, : len(full)] += full
    return out[:, lead : lead + length]


SIGNALS = [noise(20000), noise(17), noise(9000)]
OWN = [noise(4, 700), None, noise(4, 33)]
BUSES = [Bus(np.array([0.3, 1.0, 0.0]), noise(4, 2500)), Bus(np.array([0.0, 0.5, 2.0]), noise(4, 10))]


@pytest.mark.parametrize("size", [None, 256, 1024, 4096, 65536])
@pytest.mark.parametrize(("length", "lead"), [(22600, 0), (20000, 16), (500, 16), (25000, 0)])
def test_one_pass_equals_every_pair_by_itself(size, length, lead):
    expected = one_by_one(SIGNALS, OWN, BUSES, length, lead)
    assert decibels(convolved(SIGNALS, OWN, BUSES, length, size, lead) - expected, expected) < -120


def test_a_response_longer_than_many_blocks():
    signals, own, buses = [noise(3000)], [noise(4, 50)], [Bus(np.ones(1), noise(4, 9000))]
    expected = one_by_one(signals, own, buses, 13000)
    assert decibels(convolved(signals, own, buses, 13000, 512) - expected, expected) < -120


def test_sound_after_a_long_silence():
    signals = [np.concatenate([noise(1000), np.zeros(30000, np.float32), noise(1000)])]
    own, buses = [noise(4, 300)], [Bus(np.ones(1), noise(4, 3000))]
    expected = one_by_one(signals, own, buses, 36000)
    assert decibels(convolved(signals, own, buses, 36000, 1024) - expected, expected) < -120


def test_a_channel_that_gets_nothing_is_silent():
    own, buses = [response if response is None else response.copy() for response in OWN], BUSES[:1]
    own[0][2] = own[2][2] = 0
    buses[0].response[2] = 0
    assert not convolved(SIGNALS, own, buses, 20000)[2].any()


def test_the_default_size_takes_most_of_a_block_and_has_a_limit():
    short, middle, long = (Convolution([noise(1, taps)]) for taps in (4000, 20000, 300000))
    assert (short.size, middle.size, long.size) == (1 << 15, 1 << 16, 1 << 16)
    assert short.block == (1 << 15) - 3999 and long.block == 1 << 15


def test_pieces_may_come_in_any_order_and_before_the_beginning():
    out = Pieces(2)
    out.add(3, np.ones((2, 4), np.float32))
    out.add(-2, np.full((2, 4), 2.0, np.float32))
    out.add(1, np.full((1, 2), 5.0, np.float32), [1])
    assert out.take(4).tolist() == [[2, 2, 0, 1], [2, 7, 5, 1]]
    assert out.take(9).tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]
