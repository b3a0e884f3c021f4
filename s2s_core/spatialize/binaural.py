"""Headphones: what a sound from any direction of the horizon becomes at the two ears.

The table is the MIT Media Lab's KEMAR dummy head (Gardner and Martin 1994), equalised to be flat in a diffuse field.
`hrir/NOTICE.txt` says what its authors ask for and how it was made.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from pathlib import Path

import numpy as np
from scipy import signal

from ..errors import check_range
from ..runtime import HeadlessRuntime, Runtime
from ..types import Layout, Surround
from .convolve import Convolution, Pieces
from .layouts import LAYOUTS
from .loudness import TARGET, levelled
from .pan import panner

TABLE, TABLE_RATE = Path(__file__).parent / "hrir" / "kemar.npy", 48000
"""Row i is the left ear's response to a sound at azimuth 5 i degrees."""

SQUARE = (45.0, 135.0, -135.0, -45.0)
"""Virtual loudspeakers that play AmbiX. No more of them: first order drives all at once, and what is alike at the ears
adds up in amplitude, which with eight raises everything below 700 Hz by 4 dB, with four by 1 dB."""


@lru_cache(maxsize=4)
def hrirs(sample_rate: int) -> np.ndarray:
    """Responses [72, 2, taps] float32 of the ears (left, right) to a click at azimuth 5 i degrees, read-only.

    White noise (at 48 kHz) of total energy 1, spread evenly over the 72 directions, has energy 1 at both ears together:
    headphones and loudspeakers are about equally loud. The earliest sound, at the nearer ear of one from the side,
    arrives 0.8 ms after time 0; all lasts 5.3 ms (256 taps at 48 kHz). The mean power over the whole measured sphere is
    flat within 0.7 dB from 50 Hz to 13 kHz. Other rates: `scipy.signal.resample_poly`, the spectrum kept.

    Raises InputError for a sample rate that is not 8000..384000 Hz.
    """
    check_range("sample rate", sample_rate, 8000, 384000, "Hz")
    left = np.load(TABLE).astype(np.float64)  # [72, taps]
    left /= np.sqrt(2 * np.mean(np.sum(left**2, axis=1)))
    common = gcd(sample_rate, TABLE_RATE)
    left = signal.resample_poly(left, sample_rate // common, TABLE_RATE // common, axis=1) * TABLE_RATE / sample_rate
    right = left[-np.arange(len(left))]  # the head is its own mirror image
    ears = np.stack([left, right], axis=1).astype(np.float32)
    ears.flags.writeable = False
    return ears


def fold_to_binaural(sound: Surround, loudness: float = TARGET, runtime: Runtime | None = None) -> Surround:
    """The headphone monitor of loudspeakers or AmbiX: each main channel is heard from where its loudspeaker stands (see
    `pan.panner` for those above the horizon), the LFE is dropped. It is as long as `sound` and 0.8 ms late.

    AmbiX goes to four virtual loudspeakers at 45 and 135 degrees to either side by the basic decoder of the horizon,
    which gives the ears the right delay below 700 Hz: loudspeaker k plays (W + 2 X cos az_k + 2 Y sin az_k) / sqrt 12,
    all together 1 of energy for a sound on the horizon, 1/3 for one straight above. Z is not heard.

    Levelled again to `loudness` LUFS (-70..-5), which is all that happens to sound that is binaural already. `gain_db`
    counts from the surround that was given. Raises InputError for a loudness out of range.
    """
    runtime = runtime or HeadlessRuntime()
    if sound.layout.kind == "binaural":
        return levelled(sound, loudness, runtime)
    matrix = _directions(sound.layout)
    heard = np.flatnonzero(matrix.any(axis=1))
    responses = np.tensordot(matrix[heard], hrirs(sound.sample_rate), axes=1).astype(np.float32)  # [heard, 2, taps]
    convolution, out, ears = Convolution(responses), Pieces(2), [np.zeros((2, 0), np.float32)]
    length = sound.samples.shape[1]
    starts = range(0, length, convolution.block)
    with runtime.progress("ears", len(starts)) as bar:
        for start in starts:
            stop = min(start + convolution.block, length)
            convolution.add(out, start, sound.samples[heard, start:stop])
            ears.append(out.take(stop))
            bar.step()
    return levelled(Surround(np.concatenate(ears, axis=1), sound.sample_rate, LAYOUTS["binaural"]), loudness, runtime)


def _directions(layout: Layout) -> np.ndarray:
    """What each channel gives to each direction of the table: [C, 72]."""
    place = panner(LAYOUTS["binaural"])
    if layout.kind == "ambisonic":
        angles = np.radians(SQUARE)
        decoder = np.stack([np.ones(4), 2 * np.sin(angles), np.zeros(4), 2 * np.cos(angles)]) / np.sqrt(12)
        return decoder @ place(SQUARE)
    return np.stack([place(speaker.azimuth, speaker.elevation) * (not speaker.lfe) for speaker in layout.speakers])
