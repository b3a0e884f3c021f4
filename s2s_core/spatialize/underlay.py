"""Sound that is there already, such as a video's own: mixed in as it is, without a room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..media.resample import resampled
from ..types import Layout, Surround
from .fold import stereo_matrix
from .pan import panner


@dataclass(frozen=True, eq=False)
class Underlay:
    """`samples` [N, T] float32 whose channel n goes into the channels of the mix with the gains `matrix[:, n]`."""

    samples: np.ndarray
    matrix: np.ndarray

    def block(self, start: int, stop: int) -> np.ndarray:
        """What it adds to samples `start` to `stop` of the mix, [C, t]; shorter where it has ended."""
        return self.matrix @ self.samples[:, start:stop]


def under(sound: Surround, layout: Layout, sample_rate: int) -> Underlay:
    """`sound` for a mix in `layout` at `sample_rate` Hz, resampled if it must be. A channel that the mix has too goes
    there; any other is heard from the direction of its loudspeaker. An LFE that the mix has not is left out."""
    samples = resampled(sound.samples, sound.sample_rate, sample_rate)
    return Underlay(samples, _matrix(sound.layout, layout).astype(np.float32))


def _matrix(own: Layout, layout: Layout) -> np.ndarray:
    if layout.kind == "binaural":  # through two ears, as any player would
        return stereo_matrix(own)
    pan, labels = panner(layout), layout.labels
    matrix = np.zeros((len(labels), len(own.speakers)))
    for channel, speaker in enumerate(own.speakers):
        if layout.kind == "speakers" and speaker.label in labels:
            matrix[labels.index(speaker.label), channel] = 1.0
        elif not speaker.lfe:
            matrix[:, channel] = pan(speaker.azimuth, speaker.elevation)
    return matrix
