"""A tone of its own in every channel, so that a channel that comes out elsewhere is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from see2sound_nodes.s2s_core.media import sound
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.types import AudioTrack, Surround

RATE = 48000
TONES = (300, 400, 500, 60, 700, 800, 900, 1000, 1100, 1200, 1300, 1400)


def surround(layout: str = "5.1", samples: np.ndarray | None = None, seconds: float = 0.5) -> Surround:
    """Sound in a layout of the house's table; without `samples` [C, T], TONES[c] Hz in channel c."""
    channels = len(LAYOUTS[layout].speakers)
    if samples is None:
        time = np.arange(round(seconds * RATE)) / RATE
        samples = np.stack([0.5 * np.sin(2 * np.pi * tone * time) for tone in TONES[:channels]])
    return Surround(samples.astype(np.float32), RATE, LAYOUTS[layout])


def written(folder: Path, what: Surround | AudioTrack, format: str, metadata: Mapping[str, str] | None = None) -> Path:
    path = folder / f"sound{sound.FORMATS[format].suffix}"
    sound.write(path, what, format, metadata)
    return path


def dominant(samples: np.ndarray, rate: int = RATE) -> np.ndarray:
    """Strongest frequency in Hz of each channel of [C, T]."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.shape[1])))
    return np.argmax(spectrum, axis=1) * rate / samples.shape[1]
