"""Spatialize: against our own naive twin of the published way, the whole stage, and how its cost grows.

CPU time counts all threads and every process that was started. Memory is measured in a run of its own.
"""

import importlib.util
import resource
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve
from see2sound_nodes.s2s_core import spatialize
from see2sound_nodes.s2s_core.media import sound
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.spatialize import convolve, published
from see2sound_nodes.s2s_core.types import AudioTrack, SoundSource, Trajectory

RATE, SECONDS, TAPS, REPETITIONS = 48000, 10, 19200, 9
PLACES = [(-50, 0, 2.0), (-20, 5, 3.0), (0, -5, 6.0), (30, 10, 4.0), (60, 0, 1.5)]
ROOM = spatialize.ROOMS["living room"]
PICTURE = (1024, 768)
SEEN = np.array([[220.0, 400.0, 120.0], [520.0, 300.0, 300.0], [900.0, 600.0, 60.0]])
"""Three regions, the published number: x and y in pixels, depth in the same unit."""
IN_THE_ROOM = np.array([[1.2, 1.4, 4.0], [2.0, 1.2, 5.0], [2.5, 1.6, 5.7], [3.5, 1.0, 5.0], [4.0, 1.4, 3.8]])
"""Five sources as the twin's port takes them: m from the left, from the ceiling, from the rear."""

spec = importlib.util.spec_from_file_location("published_twin", Path(__file__).with_name("published_twin.py"))
twin = importlib.util.module_from_spec(spec)
spec.loader.exec_module(twin)


def bench_published_job():
    """The published job from its impulse responses on: 3 sources, 6 channels, 10.24 s at 16 kHz, to the same file. The
    bar holds where there is an ffmpeg to join with, as in the published stage."""
    signals = [noise(published.CLIP, seed) for seed in range(len(SEEN))]
    responses = published.responses(SEEN, PICTURE)
    # The twin convolves with silence where ours knows that a microphone hears nothing.
    plain = [row or [np.zeros(published.TAPS, np.float32)] * len(SEEN) for row in responses]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.wav", Path(folder) / "twin.wav"

        def twins():
            twin.render(theirs, signals, plain, published.SAMPLE_RATE, published.CLIP)

        def own():
            twin.write_16_bits(ours, published.mixed(signals, responses), published.SAMPLE_RATE)

        yield from compared(
            f"published job, joined by {twin.JOINED_BY}", own, twins, ">= 5" if twin.FFMPEG else None, 7
        )
        off = np.abs(sound.read(ours)[0] - sound.read(theirs)[0]).max() * published.FULL_SCALE
    yield figure("published job, difference of the two files", "steps", [off], "<= 1")


def bench_published_way():
    """The same scene in a real room, 5 sources, 5.1, 10 s at 48 kHz, T60 0.4 s, with the file: our whole stage, and
    the published way brought to that room and rate."""
    sources, tracks = scene()
    signals = [track.samples for track in tracks]
    size = tuple(ROOM.size[axis] for axis in (1, 2, 0))  # right, down, into the picture
    with tempfile.TemporaryDirectory() as folder:

        def twins():
            twin.port(Path(folder) / "twin.wav", IN_THE_ROOM, signals, size, ROOM.t60, RATE)

        def own():
            made = spatialize.run(sources, tracks, room=ROOM, runtime=HeadlessRuntime())
            sound.write(Path(folder) / "ours.wav", made, "WAV 24-bit")

        yield from compared("T60 0.4 s at 48 kHz, and the file", own, twins, ">= 20", 3)


def bench_convolution():
    """5 sources into 6 channels, 10 s at 48 kHz, responses of 19.2k taps: ratio of CPU times, in turns."""
    signals = [noise(SECONDS * RATE, seed) for seed in range(len(PLACES))]
    responses = [noise((6, TAPS), seed) * np.float32(0.1) for seed in range(len(PLACES))]
    yield from compared(
        "convolution",
        lambda: overlap_add(signals, responses),
        lambda: pair_by_pair(signals, responses),
        ">= 7",
        6,
    )
    expected = pair_by_pair(signals, responses)
    error = np.mean((overlap_add(signals, responses) - expected) ** 2) / np.mean(expected**2)
    yield figure("convolution, difference of the two", "dB", [10 * np.log10(error)], "<= -120")


def bench_stage():
    """5 sources, 5.1, living room (T60 0.4 s), 10 s at 48 kHz: mix, loudness and true peak, without the file."""
    sources, tracks = scene()
    spent = [cpu_seconds(play, sources, tracks) for _ in range(REPETITIONS + 1)][1:]
    yield figure("whole stage, per second of sound", "CPU s", [seconds / SECONDS for seconds in spent], "<= 0.02")
    peak = megabytes(play, sources, tracks)
    yield figure("whole stage, peak memory above its input", "MB", [peak], "<= 60")


def bench_growth():
    """What more sources and longer sound cost, block by block: each second of each source the same, and no more memory
    for longer sound."""
    for count, seconds in [(1, 10), (5, 10), (20, 10), (100, 10), (5, 60), (5, 600)]:
        sources, tracks = scene(count, seconds)
        spent = [cpu_seconds(stream, sources, tracks) for _ in range(1 if count * seconds > 500 else 3)]
        name = f"{count} sources, {seconds} s"
        yield figure(f"{name}: a second of a source", "CPU ms", [1000 * cpu / count / seconds for cpu in spent])
        yield figure(f"{name}: peak above its input", "MB", [megabytes(stream, sources, tracks)])


def play(sources, tracks):
    """The whole stage without a file, the result in one piece."""
    spatialize.run(sources, tracks, room=ROOM, runtime=HeadlessRuntime())


def stream(sources, tracks):
    """The whole stage, the result block by block."""
    with tempfile.TemporaryDirectory() as folder:
        made = spatialize.stream(sources, tracks, room=ROOM, runtime=HeadlessRuntime(folders={"temp": Path(folder)}))
        assert sum(block.shape[1] for block in made) == made.length


def scene(count=5, seconds=SECONDS):
    """Sources in front that go through PLACES again and again, and one noise for all of them."""
    track = AudioTrack(noise(seconds * RATE), RATE)
    places = [PLACES[n % len(PLACES)] for n in range(count)]
    sources = [SoundSource(f"source {n}", Trajectory.still(*place), width=20) for n, place in enumerate(places)]
    return sources, [track] * count


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, np.float32) * np.float32(0.1)


def overlap_add(signals, responses):
    """Ours."""
    convolution = convolve.Convolution(responses)
    length = len(signals[0]) + TAPS - 1
    out = convolve.Pieces(6)
    for start in range(0, len(signals[0]), convolution.block):
        blocks = np.zeros((len(signals), convolution.block), np.float32)
        for block, samples in zip(blocks, signals, strict=True):
            piece = samples[start : start + convolution.block]
            block[: len(piece)] = piece
        convolution.add(out, start, blocks)
    return out.take(length)


def pair_by_pair(signals, responses):
    """What one writes first: one FFT convolution for each pair, in float64."""
    out = np.zeros((6, len(signals[0]) + TAPS - 1))
    for samples, response in zip(signals, responses, strict=True):
        for channel in range(6):
            out[channel] += fftconvolve(samples.astype(float), response[channel].astype(float))
    return out


def compared(name, ours, theirs, bar, repetitions):
    """Figures of two ways to do one job, in turns after one turn to warm up."""
    pairs = [(cpu_seconds(ours), cpu_seconds(theirs)) for _ in range(repetitions + 1)][1:]
    yield figure(f"{name}: twin / ours", "x", [b / a for a, b in pairs], bar)
    yield figure(f"{name}: ours", "CPU s", [a for a, _ in pairs])
    yield figure(f"{name}: twin", "CPU s", [b for _, b in pairs])


def cpu_seconds(function, *arguments):
    """CPU time of one call: all threads, and the processes that it waited for."""
    before = cpu_so_far()
    function(*arguments)
    return cpu_so_far() - before


def cpu_so_far():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def megabytes(function, *arguments):
    """Most memory that numpy and Python held during one call, above what they held before."""
    tracemalloc.start()
    function(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def figure(name, unit, values, bar=None):
    """As `run.py` takes it."""
    return {"name": f"spatialize: {name}", "unit": unit, "values": [float(value) for value in values], "bar": bar}
