"""All sources into all channels: levels, responses, and the mix as a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import signal

from ..runtime import Runtime
from ..types import AudioTrack, Layout, Room, SoundSource, heard
from . import rir
from .convolve import Bus, Convolution, Pieces
from .engines import ENGINES
from .levels import level
from .mixing import Mixing, amplitude
from .moving import STEP, Moving
from .pan import Panner, panner
from .responses import LEAD
from .room import SPEED_OF_SOUND, decay
from .underlay import Underlay

LFE_CROSSOVER = 120.0
LFE_CODED = -10.0
"""dB: playback adds 10 dB to an LFE."""

LFE_RINGING = 0.05
"""s after which the low-pass has fallen by more than 120 dB."""

BLOCK = 1 << 15
"""Samples at a time where nothing is convolved."""


@dataclass(frozen=True, eq=False)
class Job:
    """All that a mix is made of, checked: `tracks` have one sample rate, `underlay` has it too."""

    sources: Sequence[SoundSource]
    tracks: Sequence[AudioTrack]
    room: Room
    layout: Layout
    mixing: Mixing
    tail: bool
    underlay: Underlay | None = None
    seconds: float | None = None

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.tracks[0].sample_rate

    @property
    def length(self) -> int:
        """Samples of the mix: those of `seconds`, else until the last track ends and, with `tail`, what the room and
        the way to the ears add."""
        if self.seconds is not None:
            return round(self.seconds * self.sample_rate)
        end = max(round(track.start * track.sample_rate) + len(track.samples) for track in self.tracks)
        ways = [_travel(one, self.mixing) for one, loud in zip(self.sources, heard(self.sources), strict=True) if loud]
        travel = max(ways, default=0.0)
        return end + (round((travel + decay(self.room)) * self.sample_rate) if self.tail else 0)


def render(job: Job, runtime: Runtime) -> Iterator[np.ndarray]:
    """The mix before any levelling, as blocks [C, t] float32, `job.length` samples in all."""
    played = [
        (source, track)
        for source, track, loud in zip(job.sources, job.tracks, heard(job.sources), strict=True)
        if loud and len(track.samples)
    ]
    parts = _Parts(panner(job.layout, job.mixing.law), job.room, job.mixing, job.sample_rate)
    parts.add_all(played, runtime)
    convolution = parts.convolution()
    block = convolution.block if convolution else BLOCK
    out, starts = Pieces(len(job.layout.speakers)), range(0, job.length + LEAD, block)
    with runtime.progress("mixing", len(starts)) as bar:
        for start in starts:
            if convolution:
                sounding = [number for number, part in enumerate(parts.inputs) if part.sounds(start, start + block)]
                blocks = np.empty((len(sounding), block), np.float32)
                for row, number in zip(blocks, sounding, strict=True):
                    parts.inputs[number].read(row, start)
                convolution.add(out, start - LEAD, blocks, sounding)
            for source in parts.moving:
                source.add(out, start, start + block, job.mixing)
            if job.underlay:
                out.add(start, job.underlay.block(start, start + block))
            bar.step()
            stop = min(start + block - LEAD, job.length)
            if stop > out.taken:
                yield out.take(stop)


@dataclass(frozen=True, eq=False)
class _Input:
    """Samples [T] as they go into the convolution: `delay` later, a moving source's at its level of the moment."""

    samples: np.ndarray
    delay: int
    moving: Moving | None = None
    mixing: Mixing | None = None
    reverberant: bool = False

    def sounds(self, start: int, stop: int) -> bool:
        """Whether any of it falls between these samples of the mix."""
        return self.delay < stop and self.delay + len(self.samples) > start

    def read(self, out: np.ndarray, start: int) -> None:
        """Fill `out` [T] with what it plays from sample `start` of the mix on."""
        start -= self.delay
        first, last = (min(max(at, 0), len(self.samples)) for at in (start, start + len(out)))
        out[:] = 0
        if last > first:
            into = out[first - start : last - start]
            into[:] = self.samples[first:last]
            if self.moving:
                source, mixing = self.moving.source, self.mixing
                into *= self.moving.run(first, last, STEP, lambda path: level(source, mixing, path.distance))
                if self.reverberant:
                    into *= self.moving.sends(first, last)


@dataclass(eq=False)
class _Parts:
    """What is mixed: inputs of the convolution, each with its own response and what it sends to each bus."""

    panner: Panner
    room: Room
    mixing: Mixing
    rate: int
    inputs: list[_Input] = field(default_factory=list)
    own: list[np.ndarray | None] = field(default_factory=list)
    sends: list[dict[str, float]] = field(default_factory=list)
    moving: list[Moving] = field(default_factory=list)
    late: np.ndarray | None = None

    def add_all(self, played: Sequence[tuple[SoundSource, AudioTrack]], runtime: Runtime) -> None:
        """Take in every source that is heard."""
        points = [(source, track) for source, track in played if not source.background]
        still = [(source, track) for source, track in points if not source.trajectory.moves]
        responses = ENGINES[self.mixing.engine].compute(
            [source for source, _ in still], self.room, self.panner, self.rate, self.mixing.wet, runtime
        )
        self.late = responses.late
        if self.late is None and self.room.t60 and self.mixing.wet and len(still) < len(points):
            self.late = rir.late(self.room, self.panner, self.rate)
        for (source, track), own, send in zip(still, responses.own, responses.sends, strict=True):
            loud = float(level(source, self.mixing))
            own = self.panner.finish(own, self.rate) * np.float32(loud)
            self._add(source, track, own, late=loud * send, lfe=loud)
        for source, track in played:
            if source.background:
                loud = float(level(source, self.mixing))
                self._add(source, track, None, bed=loud, lfe=loud)
            elif source.trajectory.moves:
                self._add_moving(source, track)

    def convolution(self) -> Convolution | None:
        """All inputs through all responses; None where there is nothing to convolve."""
        buses = self._buses()
        return Convolution(self.own, buses) if buses or any(own is not None for own in self.own) else None

    def _buses(self) -> list[Bus]:
        """The responses that inputs share."""
        made = {
            "late": lambda: self.panner.finish(self.late, self.rate),
            "bed": lambda: self.panner.finish(rir.bed(self.panner, self.rate), self.rate),
            "lfe": lambda: lfe(self.panner.layout, self.mixing, self.rate),
        }
        buses = []
        for name, response in made.items():
            sends = np.array([send.get(name, 0.0) for send in self.sends])
            shared = np.pad(response(), ((0, 0), (LEAD, 0))) if sends.any() else sends
            if shared.any():
                buses.append(Bus(sends, shared))
        return buses

    def _add(self, source: SoundSource, track: AudioTrack, own: np.ndarray | None, **sends: float) -> None:
        self.inputs.append(_Input(track.samples, self._delay(source, track)))
        self.own.append(own)
        self.sends.append(sends)

    def _add_moving(self, source: SoundSource, track: AudioTrack) -> None:
        delay = self._delay(source, track)
        moving = Moving(source, track, delay, self.room, self.panner)
        self.moving.append(moving)
        shares = {"lfe": 1.0} if self.late is None else {"lfe": 1.0, "late": self.mixing.wet}
        for bus, share in shares.items():
            self.inputs.append(_Input(track.samples, delay, moving, self.mixing, reverberant=bus == "late"))
            self.own.append(None)
            self.sends.append({bus: share})

    def _delay(self, source: SoundSource, track: AudioTrack) -> int:
        """Samples after which a track is first heard."""
        return round((track.start + _travel(source, self.mixing)) * self.rate)


def lfe(layout: Layout, mixing: Mixing, sample_rate: int) -> np.ndarray:
    """What the LFE plays of a click, [C, T] float32, silent elsewhere and where there is none: Linkwitz-Riley low-pass
    of 4th order (two 2nd-order Butterworth) at 120 Hz, coded 10 dB down, at `mixing.lfe`."""
    click = np.zeros(round(LFE_RINGING * sample_rate))
    click[0] = 10 ** (LFE_CODED / 20) * amplitude(mixing.lfe)
    section = signal.butter(2, LFE_CROSSOVER, output="sos", fs=sample_rate)
    response = signal.sosfilt(np.vstack([section, section]), click)
    return np.stack([response * speaker.lfe for speaker in layout.speakers]).astype(np.float32)


def _travel(source: SoundSource, mixing: Mixing) -> float:
    """s that a sound is on its way. For a moving source always those of its first place: its pitch does not bend. An
    ambience is here already."""
    return source.distance / SPEED_OF_SOUND if mixing.travel and not source.background else 0.0
