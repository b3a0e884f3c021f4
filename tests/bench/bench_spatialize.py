"""Spatialize: the one convolution against its naive twin, and the whole stage."""

import time
import tracemalloc

import numpy as np
from scipy.signal import fftconvolve
from see2sound_nodes.s2s_core import spatialize
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.spatialize import mix
from see2sound_nodes.s2s_core.types import AudioTrack, SoundSource, Trajectory

RATE, SECONDS, TAPS, REPETITIONS = 48000, 10, 19200, 9
PLACES = [(-50, 0, 2.0), (-20, 5, 3.0), (0, -5, 6.0), (30, 10, 4.0), (60, 0, 1.5)]


def bench_convolution():
    """5 sources into 6 channels, 10 s at 48 kHz, responses of 19.2k taps: ratio of CPU times, in turns."""
    noise = np.random.default_rng(0)
    signals = [noise.standard_normal(SECONDS * RATE).astype(np.float32) for _ in PLACES]
    responses = [noise.standard_normal((6, TAPS)).astype(np.float32) * 0.01 for _ in PLACES]
    pairs = [(cpu_seconds(overlap_add, signals, responses), cpu_seconds(naive, signals, responses)) for _ in range(7)]
    ours, theirs = zip(*pairs[1:], strict=True)  # the first one warms up
    difference = overlap_add(signals, responses) - naive(signals, responses)
    error = 10 * np.log10(np.mean(difference**2) / np.mean(naive(signals, responses) ** 2))
    yield figure("convolution, naive twin / one overlap-add", "x", [b / a for a, b in pairs[1:]], ">= 7")
    yield figure("convolution, one overlap-add", "CPU s", ours)
    yield figure("convolution, naive twin (float64, pair by pair)", "CPU s", theirs)
    yield figure("convolution, difference of the two", "dB", [error], "<= -120")


def bench_stage():
    """5 sources, 5.1, living room (T60 0.4 s), 10 s at 48 kHz: mix, loudness and true peak, without the file."""
    sources, tracks = scene()
    given = {"room": spatialize.ROOMS["living room"], "runtime": HeadlessRuntime()}
    spent = [cpu_seconds(spatialize.run, sources, tracks, **given) for _ in range(REPETITIONS + 1)][1:]
    yield figure("whole stage, per second of sound", "CPU s", [seconds / SECONDS for seconds in spent], "<= 0.02")
    tracemalloc.start()
    spatialize.run(sources, tracks, **given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    yield figure("whole stage, peak memory above its input", "MB", [peak / 1e6], "<= 60")


def scene():
    """Five sources in front, and noise for each."""
    noise = np.random.default_rng(1)
    sources = [SoundSource(f"source {n}", Trajectory.still(*place), width=20) for n, place in enumerate(PLACES)]
    return sources, [AudioTrack(0.1 * noise.standard_normal(SECONDS * RATE).astype(np.float32), RATE) for _ in PLACES]


def overlap_add(signals, responses):
    """Ours."""
    out = np.zeros((6, len(signals[0]) + TAPS - 1), np.float32)
    mix.add_convolved(out, signals, responses, HeadlessRuntime(), "bench")
    return out


def naive(signals, responses):
    """What one writes first: one FFT convolution for each pair, in float64."""
    out = np.zeros((6, len(signals[0]) + TAPS - 1))
    for samples, response in zip(signals, responses, strict=True):
        for channel in range(6):
            out[channel] += fftconvolve(samples.astype(float), response[channel].astype(float))
    return out


def cpu_seconds(function, *arguments, **settings):
    """CPU time of one call, all threads."""
    start = time.process_time()
    function(*arguments, **settings)
    return time.process_time() - start


def figure(name, unit, values, bar=None):
    """As `run.py` takes it."""
    return {"name": f"spatialize: {name}", "unit": unit, "values": [float(value) for value in values], "bar": bar}
