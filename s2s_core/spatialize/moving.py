"""A source that moves: its sound from wherever it is.

The direct sound follows every 5 ms with gains that run evenly in between. Reflections follow every hop: the track is
cut into overlapping pieces, which sum to the track again, and each piece sounds from where the source is at its middle.
The pieces fade as a cubic B-spline does. Under the usual Hann window the reflections of a tone flutter 24 dB more, for
while their phases turn, two of them at a time cannot sum to one that turns.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft, signal

from ..types import AudioTrack, Room, SoundSource, Trajectory
from . import rir
from .convolve import Pieces
from .levels import level
from .mixing import Mixing
from .pan import Panner
from .responses import LEAD

STEP = 0.005
"""s between two gains of the direct sound."""

SEND_STEP = 0.1
"""s between two amounts of reverberation."""

HOP = 4096 / 48000
"""s between two sets of reflections."""


class Moving:
    """One moving source in the mix, which hears its track from sample `delay` on."""

    def __init__(self, source: SoundSource, track: AudioTrack, delay: int, room: Room, panner: Panner):
        self.source, self.samples, self.delay = source, track.samples, delay
        self.room, self.panner, self.rate, self.start = room, panner, track.sample_rate, track.start
        self.hop = round(HOP * self.rate)
        self.next_hop, self.window = -1, window(self.hop)
        self.newest = None
        # With headphones a direction is a filter, not a gain: there the direct sound changes with the reflections.
        self.by_gains = panner.layout.kind != "binaural"

    def add(self, out: Pieces, start: int, stop: int, mixing: Mixing) -> None:
        """Add its direct sound and reflections to `out`: all that begins before sample `stop` of the mix; what begins
        before `start` has been added already."""
        first, last = (min(max(at - self.delay, 0), len(self.samples)) for at in (start, stop))
        if self.by_gains and last > first:
            gains = self.run(first, last, STEP, lambda path: self._direct(path, mixing))
            out.add(first + self.delay, gains.T * self.samples[first:last])
        while (self.next_hop - 2) * self.hop < min(stop - self.delay, len(self.samples)):
            self._add_hop(out, self.next_hop, mixing)
            self.next_hop += 1

    def run(self, first: int, last: int, step: float, value: Callable[[Trajectory], np.ndarray]) -> np.ndarray:
        """What `value` [N, ...] gives for the places every `step` s, evenly in between, for samples `first` to `last`
        of the track: [last - first, ...] float32."""
        step = round(step * self.rate)
        begin, end = first // step, -(-last // step)
        times = self.start + np.arange(begin, end + 1) * step / self.rate
        knots = value(self.source.trajectory.at(times)).astype(np.float32)
        ramp = (np.arange(step, dtype=np.float32) / step).reshape(-1, *[1] * (knots.ndim - 1))
        between = knots[:-1, None] + (knots[1:] - knots[:-1])[:, None] * ramp
        return between.reshape(-1, *knots.shape[1:])[first - begin * step : last - begin * step]

    def sends(self, first: int, last: int) -> np.ndarray:
        """How much of it goes into the reverberation, relative to its direct sound: [last - first] float32."""
        return self.run(first, last, SEND_STEP, self._send)

    def _send(self, path: Trajectory) -> np.ndarray:
        around = zip(path.azimuth, path.elevation, path.distance, strict=True)
        return np.array([rir.late_send(self.source.moved(*place), self.room) for place in around])

    def _direct(self, path: Trajectory, mixing: Mixing) -> np.ndarray:
        gains = self.panner(path.azimuth, path.elevation, self.source.width)
        return level(self.source, mixing, path.distance)[:, None] * gains

    def _add_hop(self, out: Pieces, hop: int, mixing: Mixing) -> None:
        begin = (hop - 2) * self.hop
        first = max(begin, 0)
        piece = self.samples[first : max(begin + len(self.window), 0)]
        piece = piece * self.window[first - begin : first - begin + len(piece)]
        response = self._response(self.start + hop * self.hop / self.rate, mixing)
        heard = [channel for channel in range(len(response)) if response[channel].any()]
        length = len(piece) + response.shape[1] - 1
        size = fft.next_fast_len(length, real=True)
        wave = fft.irfft(fft.rfft(response[heard], size) * fft.rfft(piece, size), size)
        out.add(first + self.delay - LEAD, wave[:, :length], heard)

    def _response(self, time: float, mixing: Mixing) -> np.ndarray:
        path = self.source.trajectory.at([time])
        spot = (path.azimuth[0], path.elevation[0], path.distance[0])
        if self.newest and self.newest[0] == spot:  # it rests: before its path begins, or after it has ended
            return self.newest[1]
        here = self.source.moved(*spot)
        response = rir.early(here, self.room, self.panner, self.rate, mixing.wet)
        if self.by_gains:  # the direct sound is one sample in it
            response[:, LEAD] -= self.panner(here.azimuth, here.elevation, here.width).astype(np.float32)
        response = self.panner.finish(response, self.rate) * np.float32(level(here, mixing))
        self.newest = spot, response
        return response


def window(hop: int) -> np.ndarray:
    """The cubic B-spline over 4 hops, [4 hop] float32; shifted by one hop each, such windows sum to 1."""
    spline = signal.windows.parzen(4 * hop, sym=False)
    return (spline * hop / spline.sum()).astype(np.float32)
