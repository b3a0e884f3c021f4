"""How loud it is, and one gain that makes it as loud as wanted. ITU-R BS.1770-4, EBU R 128."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import signal

from ..errors import check_range
from ..runtime import HeadlessRuntime, Runtime
from ..types import Layout, Surround
from .peak import PIECE, PeakMeter

TARGET = -23.0
"""LUFS, EBU R 128."""

CEILING = -1.0
"""dBTP that no result exceeds."""

SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""The two sections (b, a) of the K filter as the standard prints them, for 48 kHz."""

HOP, HOPS_PER_BLOCK = 0.1, 4
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0

MOST_GAIN = 60.0
"""dB that any sound is raised: what is softer still is the dust of computing, not a sound."""


class Meter:
    """Loudness and true peak of a sound that arrives in pieces: `add` them in order, then ask."""

    def __init__(self, sample_rate: int, layout: Layout):
        self.weights = weights(layout)
        self.main = np.flatnonzero(self.weights)
        self.hop = round(HOP * sample_rate)
        self.sections = k_filter(sample_rate)
        self.state = np.zeros((len(self.sections), len(self.main), 2))
        self.powers: list[float] = []  # of each whole hop, channels weighted and summed
        self.begun, self.length = np.zeros(0), 0  # squares of the hop that is not whole yet
        self.peaks = PeakMeter(len(layout.speakers))

    def add(self, samples: np.ndarray) -> None:
        """Take in [C, T] float32."""
        if not samples.shape[1]:
            return
        self.peaks.add(samples)
        self.length += samples.shape[1]
        filtered, self.state = signal.sosfilt(self.sections, samples[self.main], zi=self.state)
        power = np.einsum("ct,ct,c->t", filtered, filtered, self.weights[self.main])
        power = np.concatenate([self.begun, power])
        hops = len(power) // self.hop
        self.powers.extend(power[: hops * self.hop].reshape(hops, self.hop).mean(axis=1))
        self.begun = power[hops * self.hop :]

    def loudness(self, scale: float = 1.0) -> float:
        """Gated loudness in LUFS if all had been `scale` times as large; -inf for silence. Sound shorter than one block
        of 400 ms is one block."""
        if not self.length:
            return -np.inf
        if len(self.powers) < HOPS_PER_BLOCK:
            blocks = np.array([(sum(self.powers) * self.hop + self.begun.sum()) / self.length])
        else:
            blocks = np.convolve(self.powers, np.full(HOPS_PER_BLOCK, 1 / HOPS_PER_BLOCK), "valid")
        blocks = blocks * scale**2
        blocks = blocks[blocks > _power(ABSOLUTE_GATE)]
        if not len(blocks):
            return -np.inf
        return _lufs(blocks[blocks > blocks.mean() * 10 ** (RELATIVE_GATE / 10)].mean())

    @property
    def ungated_loudness(self) -> float:
        """Loudness in LUFS with the absolute gate moved along with the level: a faint sound that is about to be raised
        is not silence."""
        loudest = self.peaks.largest
        return self.loudness(1 / loudest) + decibels(loudest) if loudest else -np.inf

    @property
    def true_peak(self) -> float:
        """In dBTP; -inf for silence."""
        return decibels(self.peaks.largest)

    def gain(self, target: float) -> float:
        """dB that bring it to `target` LUFS, or as near as its true peak under CEILING and MOST_GAIN allow; 0 for
        silence and for what sounds in the LFE alone, which loudness does not count."""
        if not np.isfinite(self.ungated_loudness):
            return 0.0
        gain = target - self.ungated_loudness
        for _ in range(3):  # with the level the absolute gate opens and closes
            there = self.loudness(10 ** (gain / 20))
            gain += target - there if np.isfinite(there) else 0.0
        return float(min(gain, CEILING - self.true_peak, MOST_GAIN))

    def after(self, gain_db: float) -> dict[str, float]:
        """`loudness`, `true_peak` and `gain_db` of the sound under that gain, as a Surround carries them."""
        gated = self.loudness(10 ** (gain_db / 20))
        return {
            "loudness": gated if np.isfinite(gated) else self.ungated_loudness + gain_db,
            "true_peak": self.true_peak + gain_db,
            "gain_db": gain_db,
        }


def levelled(sound: Surround, target: float = TARGET, runtime: Runtime | None = None) -> Surround:
    """`sound` under one gain for all channels, so that it has `target` LUFS (-70..-5) or, where its true peak forbids
    that, so that the peak is CEILING; `loudness`, `true_peak` and `gain_db` say what came out. Silence stays silence.

    Raises InputError for a target out of range.
    """
    check_range("loudness", target, -70.0, -5.0, "LUFS")
    meter = metered(sound, runtime)
    gain_db = meter.gain(target)
    return replace(sound, samples=sound.samples * np.float32(10 ** (gain_db / 20)), **meter.after(gain_db))


def measured(sound: Surround, runtime: Runtime | None = None) -> Surround:
    """`sound` as it is, with its `loudness` and `true_peak` filled in."""
    meter = metered(sound, runtime)
    return replace(sound, loudness=meter.loudness(), true_peak=meter.true_peak)


def metered(sound: Surround, runtime: Runtime | None = None) -> Meter:
    """A meter that has heard all of `sound`."""
    meter, starts = Meter(sound.sample_rate, sound.layout), range(0, sound.samples.shape[1], PIECE)
    with (runtime or HeadlessRuntime()).progress("loudness", len(starts)) as bar:
        for start in starts:
            meter.add(sound.samples[:, start : start + PIECE])
            bar.step()
    return meter


def weights(layout: Layout) -> np.ndarray:
    """How much the power of each channel counts, [C]: loudspeakers 60 to 120 degrees off the front at ear height 1.41
    fold (BS.1770-4, table 4), the LFE not at all. The standard knows no ambisonics: there its omnidirectional part
    counts, as one loudspeaker would."""
    if layout.kind == "ambisonic":
        return np.array([1.0] + [0.0] * (len(layout.speakers) - 1))
    if layout.kind == "binaural":
        return np.ones(len(layout.speakers))
    beside = [60 <= abs(one.azimuth) <= 120 and abs(one.elevation) < 30 for one in layout.speakers]
    return np.where([one.lfe for one in layout.speakers], 0.0, np.where(beside, 1.41, 1.0))


def k_filter(sample_rate: int) -> np.ndarray:
    """Both sections [2, 6] of the K filter at any rate: the same analogue filter, transformed anew.

    The standard's numbers are bilinear images of two analogue sections. Each is taken back with
    1/z = (1 - s) / (1 + s), s is stretched so that its natural frequency stays where it is in Hz, and brought forth
    again. At 48 kHz the numbers come out as printed.
    """
    return np.concatenate([_at_rate(np.array(section), sample_rate) for section in (SHELF, HIGH_PASS)])


def decibels(amplitude: float) -> float:
    """20 log10; -inf of 0."""
    return 20 * float(np.log10(amplitude)) if amplitude else -np.inf


def _at_rate(section: np.ndarray, sample_rate: int) -> np.ndarray:
    """A 48 kHz section (b, a) [2, 3] at another rate, as [1, 6]."""
    analogue = section @ np.array([[1, 2, 1], [1, 0, -1], [1, -2, 1]])  # coefficients of 1, s, s^2
    natural = np.sqrt(analogue[1, 0] / analogue[1, 2])  # tan(pi f / 48 kHz)
    stretch = natural / np.tan(np.arctan(natural) * 48000 / sample_rate)
    digital = analogue * stretch ** np.arange(3) @ np.array([[1, 2, 1], [1, 0, -1], [1, -2, 1]])
    return (digital / digital[1, 0]).reshape(1, 6)


def _lufs(power: float) -> float:
    return -0.691 + 10 * float(np.log10(power))


def _power(lufs: float) -> float:
    return 10 ** ((lufs + 0.691) / 10)
