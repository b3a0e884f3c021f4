"""How loud it is, and one gain that makes it as loud as wanted. ITU-R BS.1770-4, EBU R 128."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import signal

from ..errors import check_range
from ..runtime import HeadlessRuntime, Runtime
from ..types import Layout, Surround

TARGET = -23.0
"""LUFS, EBU R 128."""

CEILING = -1.0
"""dBTP that no result exceeds."""

SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""The two sections (b, a) of the K filter as the standard prints them, for 48 kHz."""

HOP, HOPS_PER_BLOCK = 0.1, 4
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0

OVERSAMPLING, PHASE_TAPS, PEAK_BLOCK, PIECE = 4, 24, 32, 1 << 16


def levelled(sound: Surround, target: float = TARGET, runtime: Runtime | None = None) -> Surround:
    """`sound` under one gain for all channels, so that it has `target` LUFS (-70..-5) or, where its true peak forbids
    that, so that the peak is CEILING; `loudness`, `true_peak` and `gain_db` say what came out. Silence stays silence.

    Raises InputError for a target out of range.
    """
    check_range("loudness", target, -70.0, -5.0, "LUFS")
    loudest = _largest(sound.samples)
    if not loudest:
        return replace(sound, loudness=-np.inf, true_peak=-np.inf, gain_db=0.0)
    # Measured at full scale: the absolute gate shall not take a faint sound that is about to be raised for silence.
    scaled = sound.samples / np.float32(loudest)
    loudness = integrated(scaled, sound.sample_rate, sound.layout, runtime)
    peak = true_peak(scaled, runtime)
    as_it_was = 20 * float(np.log10(loudest))
    wanted = target - loudness if np.isfinite(loudness) else as_it_was  # -inf: only the LFE sounds
    gain_db = min(wanted, CEILING - peak)
    scaled *= np.float32(10 ** (gain_db / 20))
    return replace(
        sound,
        samples=scaled,
        loudness=loudness + gain_db,
        true_peak=peak + gain_db,
        gain_db=gain_db - as_it_was,
    )


def measured(sound: Surround, runtime: Runtime | None = None) -> Surround:
    """`sound` as it is, with its `loudness` and `true_peak` filled in."""
    loudness = integrated(sound.samples, sound.sample_rate, sound.layout, runtime)
    return replace(sound, loudness=loudness, true_peak=true_peak(sound.samples, runtime))


def integrated(samples: np.ndarray, sample_rate: int, layout: Layout, runtime: Runtime | None = None) -> float:
    """Gated loudness of [C, T] in LUFS; -inf for silence. The LFE does not count; loudspeakers 60 to 120 degrees off
    the front count 1.41 fold. Sound shorter than one block of 400 ms is one block."""
    length, hop, per_block = samples.shape[1], round(HOP * sample_rate), HOPS_PER_BLOCK
    if not length:
        return -np.inf
    if length < hop * per_block:
        hop, per_block = length, 1
    power = np.zeros(length // hop)
    main = [(channel, speaker) for channel, speaker in enumerate(layout.speakers) if not speaker.lfe]
    with (runtime or HeadlessRuntime()).progress("loudness", len(main)) as bar:
        for channel, speaker in main:
            weight = 1.41 if 60 <= abs(speaker.azimuth) <= 120 else 1.0
            power += weight * _hop_powers(samples[channel], k_filter(sample_rate), hop, len(power))
            bar.step()
    blocks = np.convolve(power, np.full(per_block, 1 / per_block), "valid")
    blocks = blocks[blocks > _power(ABSOLUTE_GATE)]
    if not len(blocks):
        return -np.inf
    return _lufs(blocks[blocks > blocks.mean() * 10 ** (RELATIVE_GATE / 10)].mean())


def k_filter(sample_rate: int) -> np.ndarray:
    """Both sections [2, 6] of the K filter at any rate: the same analogue filter, transformed anew.

    The standard's numbers are bilinear images of two analogue sections. Each is taken back with
    1/z = (1 - s) / (1 + s), s is stretched so that its natural frequency stays where it is in Hz, and brought forth
    again. At 48 kHz the numbers come out as printed.
    """
    return np.concatenate([_at_rate(np.array(section), sample_rate) for section in (SHELF, HIGH_PASS)])


def true_peak(samples: np.ndarray, runtime: Runtime | None = None) -> float:
    """Largest magnitude of [C, T] between the samples too, 4 times oversampled, in dBTP; -inf for silence."""
    matrix = _interpolator()
    before, after = PHASE_TAPS // 2 - 1, PHASE_TAPS // 2
    most = np.abs(matrix).sum(axis=0).max()  # what lies between can exceed the samples by no more
    largest = _largest(samples)
    pieces = [(channel, start) for channel in range(len(samples)) for start in range(0, samples.shape[1], PIECE)]
    with (runtime or HeadlessRuntime()).progress("true peak", len(pieces)) as bar:
        for channel, start in pieces:
            around = samples[channel, max(start - before, 0) : start + PIECE + after]
            if _largest(around) * most > largest:
                padded = np.zeros(before + PIECE + after, np.float32)
                first = max(before - start, 0)
                padded[first : first + len(around)] = around
                windows = np.lib.stride_tricks.sliding_window_view(padded, len(matrix))[::PEAK_BLOCK]
                # Many small products: in one large one BLAS starts threads, which cost more than they bring.
                between = windows.reshape(-1, PEAK_BLOCK, len(matrix)) @ matrix
                largest = max(largest, _largest(between))
            bar.step()
    return 20 * float(np.log10(largest)) if largest else -np.inf


def _largest(values: np.ndarray) -> float:
    """Largest magnitude, without a copy; 0 of nothing."""
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def _hop_powers(samples: np.ndarray, sections: np.ndarray, hop: int, hops: int) -> np.ndarray:
    """Mean square [hops] of the filtered channel in each hop; filtered piece by piece to keep memory small."""
    powers, state, piece = np.zeros(hops), np.zeros((len(sections), 2)), 256
    for first in range(0, hops, piece):
        last = min(first + piece, hops)
        filtered, state = signal.sosfilt(sections, samples[first * hop : last * hop], zi=state)
        powers[first:last] = [np.dot(part, part) for part in np.array_split(filtered, last - first)]
    return powers / hop


def _at_rate(section: np.ndarray, sample_rate: int) -> np.ndarray:
    """A 48 kHz section (b, a) [2, 3] at another rate, as [1, 6]."""
    analogue = section @ np.array([[1, 2, 1], [1, 0, -1], [1, -2, 1]])  # coefficients of 1, s, s^2
    natural = np.sqrt(analogue[1, 0] / analogue[1, 2])  # tan(pi f / 48 kHz)
    stretch = natural / np.tan(np.arctan(natural) * 48000 / sample_rate)
    digital = analogue * stretch ** np.arange(3) @ np.array([[1, 2, 1], [1, 0, -1], [1, -2, 1]])
    return (digital / digital[1, 0]).reshape(1, 6)


def _interpolator() -> np.ndarray:
    """Matrix [32 + 23, 3 * 32]: a row of samples times it gives the three values after each of the 32 in its middle; a
    sinc of 24 taps under a Kaiser window."""
    matrix = np.zeros((PEAK_BLOCK + PHASE_TAPS - 1, OVERSAMPLING - 1, PEAK_BLOCK), np.float32)
    taps = np.arange(PHASE_TAPS) - (PHASE_TAPS // 2 - 1)
    for phase in range(1, OVERSAMPLING):
        offsets = taps - phase / OVERSAMPLING
        window = np.i0(6 * np.sqrt(1 - (2 * offsets / PHASE_TAPS) ** 2)) / np.i0(6)
        for start in range(PEAK_BLOCK):
            matrix[start : start + PHASE_TAPS, phase - 1, start] = np.sinc(offsets) * window
    return matrix.reshape(len(matrix), -1)


def _lufs(power: float) -> float:
    return -0.691 + 10 * float(np.log10(power))


def _power(lufs: float) -> float:
    return 10 ** ((lufs + 0.691) / 10)
