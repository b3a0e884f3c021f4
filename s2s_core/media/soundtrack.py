"""The sound of a film, in step with its pictures."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from ..errors import MediaError
from .decode import UNNAMED
from .packets import decoded, opened

GAP = 0.05
"""s of missing sound from which silence stands in for it, so that what follows keeps its time."""


def read_soundtrack(path: Path, start: float) -> tuple[np.ndarray, int, str | None] | None:
    """(samples [C, T] float32, sample rate in Hz, layout) of the first sound in a film, from `start` on: the time in s,
    by the file's own clock, of its first picture. Sound before that is cut off; silence stands for sound that begins
    later or that cannot be read. None when there is none. The layout is as in `decode.read`.

    Raises MediaError when the sample rate or the channels change on the way.
    """
    pieces: list[np.ndarray] = []
    kind, packed, at = None, None, 0
    with opened(path) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        for frame in decoded(container, stream):
            if kind not in (None, (frame.sample_rate, frame.layout.name, len(frame.layout.channels))):
                raise MediaError(f"{path} changes its sample rate or its channels on the way: convert its sound")
            kind = rate, _, channels = frame.sample_rate, frame.layout.name, len(frame.layout.channels)
            packed = packed or av.AudioResampler("flt")
            due = at if frame.pts is None else round((float(frame.pts * stream.time_base) - start) * rate)
            for part in packed.resample(frame):
                samples = part.to_ndarray().reshape(-1, channels).T
                if not pieces:
                    samples, due = samples[:, max(0, -due) :], max(0, due)
                if due - at > (GAP * rate if pieces else 0):
                    pieces.append(np.zeros((channels, due - at), np.float32))
                    at = due
                if samples.shape[1]:
                    pieces.append(samples)
                    at += samples.shape[1]
                due = at
    if not pieces:
        return None
    rate, layout, channels = kind
    return np.concatenate(pieces, axis=1), rate, UNNAMED.get(channels) if layout == f"{channels} channels" else layout
