"""Sounds of any length from networks made for 256 frames: overlapped windows, and the arithmetic of lengths.

A latent frame stands for 4 mel frames of 160 samples: 640 samples, 40 ms at 16 kHz. The vocoder adds 32 at the end, so
that F frames give 640 F + 32 samples; the native 256 give 163872, 10.242 s.

Longer latents are one sound, not several in a row: at every step the network looks through all windows, and where they
overlap their predictions are averaged (MultiDiffusion, Bar-Tal et al. 2023, arXiv:2302.08113, with smooth weights). No
window repeats another, as each frame has noise of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...models.batches import Batches
from .sampler import Predict

if TYPE_CHECKING:
    import torch

SAMPLE_RATE = 16000
WINDOW = 256  # latent frames that the networks were trained on
OVERLAP = 0.5  # of a window and the next one
HALVED = 8  # the UNet halves time three times: its latents have a multiple of these frames
MEL = 4  # mel frames of a latent frame
HOP = 160  # samples of a mel frame
TAIL = 32  # samples the vocoder adds
MARGIN = 32  # mel frames of which the vocoder hears 22 by its kernels; the rest is to spare

Apply = Callable[["torch.Tensor", Sequence[int]], "torch.Tensor"]
"""What is asked of a window: x [m, c, T, b], of sounds `rows` -> [m, ...] with time along axis 2."""


def samples(seconds: float) -> int:
    """The exact length of a clip at 16 kHz."""
    return round(seconds * SAMPLE_RATE)


def frames(seconds: float) -> int:
    """Frames of the smallest latent that is long enough, a multiple of 8. What it gives beyond `samples` is cut off."""
    unit = HALVED * MEL * HOP
    return HALVED * max(1, -(-(samples(seconds) - TAIL) // unit))


def starts(length: int, overlap: float = OVERLAP) -> list[int]:
    """Where windows begin so that they cover `length` frames, as evenly as multiples of 8 frames allow (the UNet halves
    every window alike), two neighbours sharing at least `overlap` of a window."""
    if length <= WINDOW:
        return [0]
    hop = max(1, int(WINDOW * (1 - overlap)) // HALVED)
    last = -(-(length - WINDOW) // HALVED)
    count = -(-last // hop)
    return [min(index * last // count * HALVED, length - WINDOW) for index in range(count + 1)]


def weights(length: int, overlap: float = OVERLAP) -> np.ndarray:
    """How much each window counts at each of its frames: float32 [windows, window]. At every frame of the sound they
    sum to 1; at its edges, where predictions know one side only, a window counts least."""
    begins, size = starts(length, overlap), min(length, WINDOW)
    bell = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
    total = np.zeros(length)
    for begin in begins:
        total[begin : begin + size] += bell
    return np.stack([bell / total[begin : begin + size] for begin in begins]).astype(np.float32)


def windowed(predict: Predict, batches: Batches, overlap: float = OVERLAP) -> Predict:
    """`predict` for latents [n, 8, T, 16] of any length: windows of at most 256 frames, so many at a time as `batches`
    allows. Up to 256 frames a sound is one window, whose prediction is taken as it is."""

    def anywhere(x: torch.Tensor, t: int, rows: Sequence[int]) -> torch.Tensor:
        return blended(lambda part, of: predict(part, t, of), x, rows, batches, overlap=overlap)

    return anywhere


def blended(
    apply: Apply, x: torch.Tensor, rows: Sequence[int], batches: Batches, *, stretch: int = 1, overlap: float = OVERLAP
) -> torch.Tensor:
    """`apply` on windows of x [n, c, T, b], averaged -> [n, ..., T * stretch, ...] float32, time along axis 2.

    `stretch` is how many frames `apply` gives for one (4 for the VAE's decoder, whose attention and norms look at the
    whole window: what it gives for two windows differs, and passes from one to the other without a step). Sounds and
    windows are taken in turn; how many at a time does not change the result, as far as `apply` treats its rows alike.
    """
    import torch

    begins, size = starts(x.shape[2], overlap), min(x.shape[2], WINDOW)
    places = [(sound, index) for sound in range(len(x)) for index in range(len(begins))]
    shares = torch.from_numpy(weights(x.shape[2], overlap)).to(x.device).repeat_interleave(stretch, dim=1)

    def some(chosen: Sequence[tuple[int, int]]) -> torch.Tensor:
        parts = [x[sound, :, begins[index] : begins[index] + size] for sound, index in chosen]
        return apply(torch.stack(parts), [rows[sound] for sound, _ in chosen])

    whole = None
    for (sound, index), part in zip(places, batches(some, places), strict=True):
        if whole is None:
            whole = part.new_zeros((len(x), part.shape[0], x.shape[2] * stretch, *part.shape[2:]), dtype=torch.float32)
        begin = begins[index] * stretch
        share = 1 if len(begins) == 1 else shares[index].reshape(-1, *(1 for _ in part.shape[2:]))
        whole[sound, :, begin : begin + size * stretch] += share * part.float()
    return whole


def vocoded(vocoder: Callable[[torch.Tensor], torch.Tensor], mel: torch.Tensor, batches: Batches) -> torch.Tensor:
    """`vocoder` ([m, 1, T, 64] -> [m, 160 T + 32]) on mel [n, 1, T, 64] of any length, in pieces of 1024 frames ->
    [n, 160 T + 32] float32, on the CPU.

    It is made of convolutions only: pieces with margins, the margins cut off, are what the whole would have been, but
    for rounding.
    """
    import torch

    length, size = mel.shape[2], min(mel.shape[2], WINDOW * MEL)
    inner = size - 2 * MARGIN
    count = max(1, -(-(length - 2 * MARGIN) // inner)) if length > size else 1
    begins = [min(index * inner, length - size) for index in range(count)]
    places = [(sound, begin) for sound in range(len(mel)) for begin in begins]

    def some(chosen: Sequence[tuple[int, int]]) -> torch.Tensor:
        return vocoder(torch.stack([mel[sound, :, begin : begin + size] for sound, begin in chosen]))

    whole = torch.empty((len(mel), length * HOP + TAIL))
    for (sound, begin), wave in zip(places, batches(some, places), strict=True):
        skip = MARGIN * HOP if begin else 0  # a later piece overwrites the unsure end of this one
        whole[sound, begin * HOP + skip : (begin + size) * HOP + TAIL] = wave.float()[skip:]
    return whole
