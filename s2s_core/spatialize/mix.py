"""All sources into all loudspeakers: levels, one convolution for everything, the LFE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft, signal

from ..runtime import Runtime
from ..types import AudioTrack, Layout, Room, SoundSource
from . import rir
from .pan import Panner
from .room import decay

REFERENCE = 2.0
"""m: a source at this distance keeps its track's level."""

ROLLOFF = 0.7
"""Exponent of the fall with distance: 1 is physics (-6 dB for twice the distance), 0 ignores distance."""

LFE_CROSSOVER = 120.0
LFE_DB = -10.0 - 6.0
"""Playback adds 10 dB to an LFE; 6 dB less because the main loudspeakers keep their bass."""


def level(source: SoundSource) -> float:
    """Amplitude of a source's direct sound relative to its track: (r0 / r)^rho, r at least 0.5 m, and its `gain_db`.
    0 when muted."""
    if source.muted:
        return 0.0
    return (REFERENCE / max(source.distance, rir.NEAREST)) ** ROLLOFF * 10 ** (source.gain_db / 20)


def render(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    room: Room,
    layout: Layout,
    law: str,
    tail: bool,
    runtime: Runtime,
) -> np.ndarray:
    """The mix [C, T] float32 before any levelling. Arguments as in `spatialize.run`, already checked."""
    sample_rate = tracks[0].sample_rate
    clip = max(len(track.samples) for track in tracks)
    out = np.zeros((len(layout.speakers), clip + (round(decay(room) * sample_rate) if tail else 0)), np.float32)
    played = [(source, track.samples) for source, track in zip(sources, tracks, strict=True) if not source.muted]
    points = [(source, samples) for source, samples in played if not source.background]
    ambiences = [(source, samples) for source, samples in played if source.background]
    panner = Panner(layout, law)

    if points:
        with runtime.progress("early reflections", len(points)) as bar:
            responses = []
            for source, _ in points:
                responses.append(level(source) * rir.early(source, room, panner, sample_rate))
                bar.step()
        add_convolved(out, [samples for _, samples in points], responses, runtime, "direct sound", lead=rir.LEAD)
        if room.t60:
            bus = _sum([(level(source) * rir.late_send(source, room), samples) for source, samples in points], clip)
            add_convolved(out, [bus], [rir.late(room, layout, sample_rate)], runtime, "reverberation")
    if ambiences:
        bus = _sum([(level(source), samples) for source, samples in ambiences], clip)
        add_convolved(out, [bus], [rir.bed(layout, sample_rate)], runtime, "ambience")
    for channel, speaker in enumerate(layout.speakers):
        if speaker.lfe:
            out[channel, :clip] = _sum([(level(source), samples) for source, samples in played], clip)
            out[channel] = lfe(out[channel], sample_rate)
    return out


def lfe(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """What the LFE plays of `samples` [T]: Linkwitz-Riley low-pass of 4th order (two 2nd-order Butterworth) at 120 Hz,
    coded at LFE_DB."""
    section = signal.butter(2, LFE_CROSSOVER, output="sos", fs=sample_rate)
    return (signal.sosfilt(np.vstack([section, section]), samples) * 10 ** (LFE_DB / 20)).astype(np.float32)


def add_convolved(
    out: np.ndarray,
    signals: Sequence[np.ndarray],
    responses: Sequence[np.ndarray],
    runtime: Runtime,
    label: str,
    *,
    lead: int = 0,
    size: int | None = None,
) -> None:
    """Add the sum over s of `signals[s]` [T_s] convolved with `responses[s]` [C, L_s] to `out` [C, T], all float32.

    One overlap-add: each block of each signal is transformed once, the sum over sources is made in the frequency
    domain, and each channel that gets any is transformed back once a block. The first `lead` samples of the result
    are left out, as is what lies beyond the end of `out`. `size` is the length of the FFT, at least the
    longest response.
    """
    taps = max(response.shape[1] for response in responses)
    longest = max(len(samples) for samples in signals)
    size = size or min(_fft_size(taps), fft.next_fast_len(longest + taps - 1, real=True))
    block = size - taps + 1
    heard = [channel for channel in range(len(out)) if any(response[channel].any() for response in responses)]
    spectra = [fft.rfft(response[heard], size) for response in responses]  # [C, F] complex64 each
    total = np.empty_like(spectra[0])
    starts = range(0, min(longest, out.shape[1] + lead), block)
    with runtime.progress(label, len(starts)) as bar:
        for start in starts:
            total[:] = 0
            for samples, spectrum in zip(signals, spectra, strict=True):
                if start < len(samples):
                    played = fft.rfft(samples[start : start + block], size)
                    for channel in range(len(heard)):  # channel by channel the temporary stays in the cache
                        total[channel] += spectrum[channel] * played
            wave = fft.irfft(total, size)
            first, last = start - lead, min(start - lead + size, out.shape[1])
            skipped = max(-first, 0)
            for row, channel in enumerate(heard):
                out[channel, first + skipped : last] += wave[row, skipped : last - first]
            bar.step()


def _fft_size(taps: int) -> int:
    """Fastest power of two as measured: 32k up to 13k taps, then at least 2.5 times as long as the response."""
    return 1 << max(15, int(np.ceil(np.log2(2.5 * taps))))


def _sum(weighted: Sequence[tuple[float, np.ndarray]], length: int) -> np.ndarray:
    """Weighted sum [length] float32 of signals of different lengths."""
    total = np.zeros(length, np.float32)
    for weight, samples in weighted:
        total[: len(samples)] += np.float32(weight) * samples
    return total
