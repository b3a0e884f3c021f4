"""Sounds by recipe: a preview without weights. It picks one of the `TEXTURES` and draws it to the length asked for."""

from __future__ import annotations

import numpy as np

from ..runtime import Runtime
from ..types import AudioTrack
from .choose import choose
from .loop import Loop
from .request import Request
from .textures import TEXTURES

SAMPLE_RATE = 48000  # Hz, unless the caller asks for another
LEVEL, PEAK = -26.0, -3.0  # dBFS
WINDOW, GATE = 0.1, -20.0  # s, dB


class Procedural:
    """The backend. Every clip loops without a seam and has the same level; see `level`."""

    def __call__(
        self, requests: list[Request], seconds: float, sample_rate: int | None, runtime: Runtime
    ) -> list[AudioTrack]:
        """One track for each request; needs memory for about six more while at work. Raises InputError as `choose`."""
        rate = sample_rate or SAMPLE_RATE
        tracks = []
        with runtime.progress("procedural sounds", len(requests)) as bar:
            for request in requests:
                texture = TEXTURES[choose(request).texture]
                loop = Loop(seconds, rate, request.rng, tick=lambda: bar.step(0))
                tracks.append(AudioTrack(level(texture.draw(loop), rate), rate))
                bar.step()
        return tracks

    def describe(self, request: Request) -> str:
        """The texture's name and why it was chosen."""
        return str(choose(request))


def level(samples: np.ndarray, rate: int) -> np.ndarray:
    """The sound [T] without its mean, times the one gain that brings its active level to -26 dBFS; less where the peak
    would pass -3 dBFS."""
    samples = samples - np.float32(np.mean(samples, dtype=np.float64))
    peak = 20 * np.log10(np.abs(samples).max())
    gain = min(LEVEL - active_level(samples, rate), PEAK - peak)
    return samples * np.float32(10 ** (gain / 20))


def active_level(samples: np.ndarray, rate: int) -> float:
    """RMS in dBFS over those windows of 0.1 s that are within 20 dB of the loudest: the pauses of sparse sounds do not
    count. `samples` [T] must not be silent."""
    starts = np.arange(0, len(samples), round(WINDOW * rate))
    sizes = np.diff(np.append(starts, len(samples)))
    power = np.add.reduceat(np.square(samples), starts, dtype=np.float64) / sizes
    active = power >= power.max() * 10 ** (GATE / 10)
    return float(10 * np.log10(np.average(power[active], weights=sizes[active])))
