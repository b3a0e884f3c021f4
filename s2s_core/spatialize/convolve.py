"""Many signals through many responses into a few channels: one convolution, block by block, of any length.

Each block of each signal is transformed once, everything is summed in the frequency domain, and each channel is
transformed back once a block. Responses longer than a block are cut into parts that wait for their turn (uniformly
partitioned overlap-add), so neither memory nor delay grows with the length of the sound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import fft

SMALLEST, LARGEST = 1 << 15, 1 << 16
"""Length of the FFT in samples; responses of more than 3/8 of LARGEST are cut into parts."""


@dataclass(frozen=True, eq=False)
class Bus:
    """A response [C, L] that many signals go through, signal s with the amplitude `sends[s]`."""

    sends: np.ndarray
    response: np.ndarray


class Pieces:
    """Sound [C, ...] under construction: pieces are added wherever they fall, what is finished is taken off the front.

    `at` and `stop` count samples from the sound's start; what lies before what was taken already is left out.
    """

    def __init__(self, channels: int):
        self.taken, self.waiting = 0, np.zeros((channels, 0), np.float32)

    def reserve(self, stop: int) -> None:
        """Make room up to sample `stop`."""
        missing = stop - self.taken - self.waiting.shape[1]
        if missing > 0:
            self.waiting = np.pad(self.waiting, ((0, 0), (0, missing)))

    def add(self, at: int, wave: np.ndarray, channels: Sequence[int] | None = None) -> None:
        """Add `wave` [C, T], or [len(channels), T] for some channels, from sample `at` on."""
        skipped = max(self.taken - at, 0)
        self.reserve(at + wave.shape[1])
        first, last = at + skipped - self.taken, at + wave.shape[1] - self.taken
        for row, channel in enumerate(range(len(wave)) if channels is None else channels):
            self.waiting[channel, first:last] += wave[row, skipped:]

    def take(self, stop: int) -> np.ndarray:
        """Everything up to sample `stop`, [C, stop - taken]."""
        self.reserve(stop)
        count = stop - self.taken
        finished, self.waiting, self.taken = self.waiting[:, :count], self.waiting[:, count:].copy(), stop
        return finished


class Convolution:
    """`signals[s]` through `own[s]` [C, L_s] (None: it has none) and through every bus.

    `block` is how many samples of each signal one call takes. `size` is the length of the FFT.
    """

    def __init__(self, own: Sequence[np.ndarray | None], buses: Sequence[Bus] = (), size: int | None = None):
        responses = [response for response in (*own, *(bus.response for bus in buses)) if response is not None]
        taps = max(response.shape[1] for response in responses)
        self.size = size or (SMALLEST if 8 * taps <= 3 * SMALLEST else LARGEST)
        whole = 8 * taps <= 3 * self.size
        self.block = self.size - taps + 1 if whole else self.size // 2
        part = taps if whole else self.block
        self.channels = [c for c in range(len(responses[0])) if any(response[c].any() for response in responses)]
        self.part, self.own = part, own
        self.ringing: dict[int, tuple[list, deque]] = {}  # signal -> its response's spectra, what of it still rings
        self.buses = [(bus.sends.astype(np.float32), self._parts(bus.response)) for bus in buses]
        self.past = [deque(maxlen=len(parts)) for _, parts in self.buses]
        self.calls_to_ring, self.left = -(-taps // part), 0

    def add(self, out: Pieces, at: int, blocks: np.ndarray, numbers: Sequence[int] | None = None) -> None:
        """Add what `blocks` [N, block] gives, the next block of the signals `numbers` (all of them), to `out` from
        sample `at` on. Signals that are left out are silent in this block."""
        numbers = range(len(blocks)) if numbers is None else numbers
        heard = [(row, number) for row, number in enumerate(numbers) if blocks[row].any()]
        self.left = self.calls_to_ring if heard else self.left - 1
        if self.left <= 0:  # silent for so long that nothing rings any more, so all that is past is silence
            return
        sounding = blocks if len(heard) == len(blocks) else blocks[[row for row, _ in heard]]
        spectra = dict(zip((number for _, number in heard), fft.rfft(sounding, self.size), strict=True))
        total = np.zeros((len(self.channels), self.size // 2 + 1), np.complex64)
        self._pass_own(total, spectra)
        for (sends, parts), past in zip(self.buses, self.past, strict=True):
            bus = np.zeros(self.size // 2 + 1, np.complex64)
            for number, spectrum in spectra.items():  # a matrix product would start threads
                if sends[number]:
                    bus += sends[number] * spectrum
            self._pass(total, bus, parts, past)
        out.add(at, fft.irfft(total, self.size), self.channels)

    def _pass_own(self, total: np.ndarray, spectra: dict[int, np.ndarray]) -> None:
        """Every signal through its own response, whose spectra are there only while it sounds: a film has many."""
        for number in spectra:
            if self.own[number] is not None and number not in self.ringing:
                parts = self._parts(self.own[number])
                self.ringing[number] = parts, deque(maxlen=len(parts))
        for number, (parts, past) in list(self.ringing.items()):
            self._pass(total, spectra.get(number), parts, past)
            if all(spectrum is None for spectrum in past):
                del self.ringing[number]

    def _pass(self, total: np.ndarray, spectrum: np.ndarray | None, parts: list, past: deque) -> None:
        past.appendleft(spectrum)
        for earlier, part in zip(past, parts, strict=False):  # at the start there is less past than parts
            for row, response in part if earlier is not None else ():  # channel by channel: it stays in the cache
                total[row] += response * earlier

    def _parts(self, response: np.ndarray) -> list[list[tuple[int, np.ndarray]]]:
        """[part][(row, spectrum)] of those channels in which a part is not silent."""
        parts = []
        for start in range(0, response.shape[1], self.part):
            piece = response[self.channels, start : start + self.part]
            rows = [row for row in range(len(piece)) if piece[row].any()]
            parts.append(list(zip(rows, fft.rfft(piece[rows], self.size), strict=True)))
        return parts
