"""Sounds for the similarity metrics, described by small trees: [maker, {its arguments}], each of which may be a tree.

Noise is made from the raw bits of one generator, so that every machine has the same 16-bit samples; the goldens hold
their checksums.
"""

import json
import zlib
from pathlib import Path

import numpy as np
from see2sound_nodes.s2s_core.types import AudioTrack

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "metrics" / "golden.json").read_text())


def track(tree, rate):
    """The sound of a tree as a WAV file would hold it, [T] or [C, T]."""
    return AudioTrack((pcm(tree, rate).T / 32768).astype(np.float32), rate)


def checksum(tree, rate):
    return zlib.crc32(pcm(tree, rate).tobytes())


def pcm(tree, rate):
    return np.clip(np.round(build(tree, rate) * 32767), -32768, 32767).astype("<i2")


def build(tree, rate):
    """float64 [T] or [T, C]; what is not a tree is given back as it is."""
    if not isinstance(tree, list):
        return tree
    if len(tree) == 2 and isinstance(tree[0], str):
        return MAKERS[tree[0]](rate, **{name: build(value, rate) for name, value in tree[1].items()})
    return [build(part, rate) for part in tree]


def clock(rate, seconds, start=0.0):
    return np.arange(round(rate * seconds)) / rate - start


def uniform(seed, count):
    return 2 * ((np.random.PCG64(seed).random_raw(count) >> np.uint64(11)) * 2.0**-53) - 1


def silence(rate, seconds):
    return 0 * clock(rate, seconds)


def noise(rate, seconds, seed, gain):
    return gain * uniform(seed, len(clock(rate, seconds)))


def chirp(rate, seconds, f0, slope, am, gain=0.6, delay=0.0):
    t = clock(rate, seconds, delay)
    wave = gain * np.sin(2 * np.pi * (f0 * t + 0.5 * slope * t * t)) * (0.55 - 0.45 * np.cos(2 * np.pi * am * t))
    return np.where(t < 0, 0, wave)


def am_noise(rate, seconds, seed, am, gain=0.5, depth=0.9, smooth=1):
    t = clock(rate, seconds)
    sums = np.cumsum(np.concatenate([np.zeros(smooth), uniform(seed, len(t))]))
    level = 1 - 0.5 * depth * (1 + np.cos(2 * np.pi * am * t))
    return np.clip(gain * ((sums[smooth:] - sums[:-smooth]) / np.sqrt(smooth)) * level, -1, 1)


def clicks(rate, seconds, period, f, decay, gain=0.8, offset=0.1):
    t = clock(rate, seconds, offset)
    since, turn = np.mod(t, period), np.mod(np.floor(t / period), 3)
    return np.where(t < 0, 0, gain * np.exp(-decay * since) * np.sin(2 * np.pi * f * (1 + 0.12 * turn) * since))


def reverb(rate, x, rt60, seed, wet=0.5):
    time = clock(rate, rt60)
    tail = uniform(seed, len(time)) * np.exp(-np.log(1000) * time / rt60)
    tail[0] = 0
    mixed = x + wet * np.convolve(x, tail / np.linalg.norm(tail))[: len(x)]
    return 0.8 * mixed / np.abs(mixed).max()


def spread(rate, x, gains, delays_ms):
    shifts = [round(rate * delay / 1000) for delay in delays_ms]
    return np.stack([gain * np.pad(x, (n, 0))[: len(x)] for gain, n in zip(gains, shifts, strict=True)], axis=1)


def mix(rate, parts):
    return sum(weight * part for weight, part in parts)


def head(rate, x, samples):
    return x[:samples]


def saturate(rate, x, drive, gain):
    return gain * np.tanh(drive * x)


MAKERS = {
    maker.__name__: maker for maker in (silence, noise, chirp, am_noise, clicks, reverb, spread, mix, head, saturate)
}
