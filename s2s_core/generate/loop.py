"""The circle of time on which procedural textures are drawn, and the few shapes they are drawn with.

Everything is placed in seconds and hertz and wraps around the end, so that a clip repeats without a seam. Random
numbers are drawn per event and per hertz, never per sample: the sample rate only samples the sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.fft import irfft, next_fast_len

BIN = 4.0  # Hz between the lines of a noise spectrum, so a frame of noise lasts 0.25 s
HOP = 0.5 / BIN  # s from one frame of noise to the next
BOTTOM, TOP = 16.0, 20000.0  # Hz; no noise is drawn beyond
BLOCK = 1 << 18  # samples worked on at a time: bounds memory, and the wait for a cancel
GRAINS = 500  # the same for events
DECAY = np.log(1000.0)  # nepers in 60 dB

Points = tuple[float, float]


class Loop:
    """`samples` of sound at `rate` Hz lying on a circle `seconds` long.

    `rng` is the only source of randomness. `tick()` is called at least once per `BLOCK` of samples: it may raise to
    stop the work. Layers are float32 [samples]; noise has an RMS of 1, kernels a peak near 1.
    """

    def __init__(self, seconds: float, rate: int, rng: np.random.Generator, tick: Callable[[], None]):
        self.seconds, self.rate, self.rng, self.tick = seconds, rate, rng, tick
        self.samples = round(seconds * rate)
        self._half = next_fast_len(int(np.ceil(HOP * rate)))

    # Layers: as long as the clip.

    def noise(self, *points: Points) -> np.ndarray:
        """Gaussian noise with the spectrum drawn by (Hz, dB) points: straight lines over log frequency, and 30 dB less
        per octave below the first and above the last. RMS is 1 over the whole curve, wherever the rate cuts it off.

        Independent frames of 0.25 s, half overlapping with sine and cosine fades: their powers add up to 1.
        """
        hops = max(2, int(np.ceil(self.seconds / HOP)))
        edges = np.rint(np.arange(hops + 1) * (self.samples / hops)).astype(int)
        lines = _lines(points)
        out = np.empty(self.samples, np.float32)
        first = before = self._frame(*lines)
        for hop, (start, stop) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
            after = self._frame(*lines) if hop < hops - 1 else first
            size, half = stop - start, self._half
            turn = (np.arange(size, dtype=np.float32) + 0.5) * (np.pi / 2 / size)
            out[start:stop] = before[half : half + size] * np.cos(turn) + after[half - size : half] * np.sin(turn)
            before = after
            self.tick()
        return out

    def air(self) -> np.ndarray:
        """The noise of a quiet place: what sparse sounds stand in, so that nothing is ever dead silent."""
        return self.noise((40, 0), (250, -12), (1000, -24), (4000, -38), (10000, -50))

    def drift(self, low: float, high: float, every: float) -> np.ndarray:
        """A slow random curve between `low` and `high` that turns about every `every` s."""
        heights = self.rng.uniform(low, high, max(1, round(self.seconds / every)))
        heights = np.append(heights, heights[0]).astype(np.float32)
        out = np.empty(self.samples, np.float32)
        for part, place in self._blocks(len(heights) - 1):
            knot = place.astype(int)
            x = (place - knot).astype(np.float32)
            out[part] = heights[knot] + (heights[knot + 1] - heights[knot]) * (x * x * (3 - 2 * x))
        return out

    def tone(self, hz: float) -> np.ndarray:
        """A sine of the whole number of cycles per clip next to `hz`, amplitude 1, random phase; silence from 0.45 of
        the sample rate on."""
        phase = self.rng.uniform(0, 2 * np.pi)
        out = np.zeros(self.samples, np.float32)
        if hz < 0.45 * self.rate:
            for part, turns in self._blocks(max(1, round(hz * self.seconds))):
                out[part] = np.sin(2 * np.pi * (turns % 1.0) + phase)
        return out

    def times(self, per_second: float, jitter: float = 10.0) -> np.ndarray:
        """When events happen, in s: `per_second` of them on average, at least one. `jitter` is the scatter in mean
        intervals: 0 is a clock, 0.1 a walk, 10 nearly a Poisson process."""
        count = max(1, round(per_second * self.seconds))
        places = np.arange(count) + self.rng.uniform() + self.rng.uniform(0, jitter, count)
        return places * (self.seconds / count) % self.seconds

    def scatter(
        self, times: np.ndarray | float, kernels: Sequence[np.ndarray], gains=1.0, onto: np.ndarray | None = None
    ) -> np.ndarray:
        """Put a randomly chosen kernel at each time, times its gain; what passes the end goes on at the beginning.
        Adds to the layer `onto` in place, or makes one."""
        out = np.zeros(self.samples, np.float32) if onto is None else onto
        starts = np.rint(np.atleast_1d(times) * self.rate).astype(int) % self.samples
        chosen = self.rng.integers(len(kernels), size=len(starts))
        gains = np.broadcast_to(gains, starts.shape)
        for index, (start, which, gain) in enumerate(zip(starts, chosen, gains, strict=True)):
            rest = kernels[which] * np.float32(gain)
            while len(rest):
                now = rest[: self.samples - start]
                out[start : start + len(now)] += now
                rest, start = rest[len(now) :], 0
            if index % GRAINS == 0:
                self.tick()
        return out

    # Kernels: the sound of one event, float32, any length.

    def ring(self, *partials: tuple[float, float, float]) -> np.ndarray:
        """A struck body: a sum of (Hz, s to decay by 60 dB, amplitude) sines."""
        heard = [partial for partial in partials if partial[0] < 0.45 * self.rate]
        t = self._time(max((decay for _, decay, _ in heard), default=0.0))
        out = np.zeros(len(t), np.float32)
        for hz, decay, gain in heard:
            out += gain * np.exp(-DECAY / decay * t) * np.sin(2 * np.pi * hz * t)
        return out

    def puff(self, decay: float, *points: Points) -> np.ndarray:
        """A burst of `noise` with peak 1 that dies away by 60 dB in `decay` s; it is cut off after 0.25."""
        t = self._time(min(decay, 2 * HOP))
        noise = self._frame(*_lines(points))[: len(t)]
        noise = noise * np.exp(-DECAY / decay * t[: len(noise)])
        return (noise / max(np.abs(noise).max(), 1e-9)).astype(np.float32)

    def whistle(self, seconds: float, hz: Sequence[float], decay: float = 0.0) -> np.ndarray:
        """A sine gliding evenly through the frequencies `hz`, swelling and fading; with `decay`, dying away by 60 dB
        in so many s instead."""
        t = self._time(seconds)
        pitch = np.interp(t / seconds, np.linspace(0, 1, len(hz)), hz)
        shape = np.exp(-DECAY / decay * t) if decay else np.sin(np.pi * t / seconds)
        shape = np.where(pitch < 0.45 * self.rate, shape, 0.0)
        return (shape * np.sin(2 * np.pi * np.cumsum(pitch) / self.rate)).astype(np.float32)

    def voiced(self, seconds: float, hz: Sequence[float], *vowels: Sequence[float]) -> np.ndarray:
        """A syllable: a throat buzzing at the gliding pitch `hz` through mouths that turn from vowel to vowel, each the
        formant frequencies in Hz. Source-filter model: harmonics fall by 6 dB per octave (glottis and lips together),
        formants are two-pole resonances 80 Hz wide (Fant, Acoustic Theory of Speech Production, 1960)."""
        t = self._time(seconds)
        pitch = np.interp(t / seconds, np.linspace(0, 1, len(hz)), hz)
        turns = np.cumsum(pitch) / self.rate % 1.0
        mouth = t / seconds * (len(vowels) - 1)
        out = np.zeros(len(t))
        for index, formants in enumerate(vowels):
            wave = self._wave(float(np.max(hz)), formants)
            out += np.maximum(0.0, 1 - np.abs(mouth - index)) * np.interp(turns, np.linspace(0, 1, len(wave)), wave)
        return (out * np.sin(np.pi * t / seconds)).astype(np.float32)

    def swell(self, rise: float, fall: float) -> np.ndarray:
        """A shape to multiply noise by: e-fold growth every `rise` s, a round top near 1, then decay by e every `fall`
        s; the middle is 5 `rise` after its start."""
        t = self._time(5 * (rise + fall)) - 5 * rise
        return (2 / (np.exp(-t / rise) + np.exp(t / fall))).astype(np.float32)

    def blend(self, *kernels: np.ndarray) -> np.ndarray:
        """Kernels of any lengths that start together."""
        out = np.zeros(max(map(len, kernels)), np.float32)
        for kernel in kernels:
            out[: len(kernel)] += kernel
        return out

    def pick(self, low: float, high: float) -> float:
        """A random number between the two, evenly over its logarithm, as ears judge pitch, level and time."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def _wave(self, hz: float, formants: Sequence[float]) -> np.ndarray:
        """One cycle [1025] of the buzz at `hz` behind resonances, peak 1."""
        harmonics = np.arange(1, int(min(5000.0, 0.45 * self.rate) / hz) + 1) * hz
        lines = hz / harmonics
        for centre in formants:
            lines = lines * centre**2 / np.hypot(centre**2 - harmonics**2, 80.0 * harmonics)
        cycle = irfft(np.concatenate([[0.0], -1j * lines]), 1024)
        return np.append(cycle, cycle[0]) / np.abs(cycle).max()

    def _frame(self, first: int, gains: np.ndarray) -> np.ndarray:
        """Periodic noise [2 * half] of variance 1: random lines `first`... with the given gains, `BIN` apart."""
        lines = self.rng.standard_normal((len(gains), 2), np.float32).view(np.complex64)[:, 0] * gains
        spectrum = np.zeros(self._half + 1, np.complex64)
        lines = lines[: max(0, self._half - first)]
        spectrum[first : first + len(lines)] = lines * self._half
        return irfft(spectrum, 2 * self._half)

    def _time(self, seconds: float) -> np.ndarray:
        return np.arange(int(np.ceil(seconds * self.rate))) / self.rate

    def _blocks(self, turns: int):
        """The clip in parts: a slice, and how far along `turns` rounds each of its samples is."""
        for start in range(0, self.samples, BLOCK):
            part = slice(start, min(start + BLOCK, self.samples))
            yield part, np.arange(part.start, part.stop) * (turns / self.samples)
            self.tick()


def _lines(points: Sequence[Points]) -> tuple[int, np.ndarray]:
    """(number of the first line, gains) of a curve of (Hz, dB) points; the squared gains add up to 1."""
    low, high = points[0], points[-1]
    hz, db = np.array([(low[0] / 4, low[1] - 60), *points, (high[0] * 4, high[1] - 60)], float).T
    first, last = int(np.ceil(max(hz[0], BOTTOM) / BIN)), int(min(hz[-1], TOP) / BIN)
    at = np.arange(first, last + 1) * BIN
    gains = 10 ** (np.interp(np.log(at), np.log(hz), db) / 20)
    return first, (gains / np.sqrt(np.sum(gains**2))).astype(np.float32)
