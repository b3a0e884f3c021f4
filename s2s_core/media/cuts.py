"""Scene cuts: where one frame has nothing to do with the ones before it.

Judged on samples of the frames, a few thousand pixels each. Two numbers compare two of them: how far pixels differ
where they stand, and how far the colours differ wherever they stand (the mean distance between both sets in order of
brightness, the earth mover's distance of one channel). A pan moves the first but hardly the second, a fade moves both
but little from one frame to the next; a cut moves both at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..types import Picture

SAMPLE = (72, 128)
"""(height, width) of what a frame is judged by; its own shape does not matter."""
BLOCK = 4
"""Samples along a side that are averaged, against noise."""
REACH = 4
"""Frames before and after a cut that are compared."""
FLASH = 0.2
"""s: what is gone again within this time, such as lightning or a camera's flash, is no scene."""
LEAST_CHANGE = 0.08
"""Between cuts and all else: photographs cut hard differ by 0.13 or more, a fade to black in six frames by 0.07."""
SAME_TIME = 1e-6
"""s of rounding error."""
MOTION = 2.5
"""How many times larger than the changes around it a cut is."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One frame on its way, not yet converted: shown from `time` on, in s. `picture()` makes the full picture,
    `sample()` SAMPLE of its pixels, [72, 128, 3] uint8."""

    time: float
    picture: Callable[[], Picture]
    sample: Callable[[], np.ndarray]


@dataclass(frozen=True, eq=False)
class _Seen:
    time: float
    look: np.ndarray
    change: float


def sampled(pixels: np.ndarray) -> np.ndarray:
    """SAMPLE points of pixels [H, W, C], evenly spread."""
    rows, columns = (
        ((np.arange(count) + 0.5) * side / count).astype(int) for count, side in zip(SAMPLE, pixels.shape, strict=False)
    )
    return pixels[rows[:, None], columns]


def marked(shots: Iterable[Shot]) -> Iterator[tuple[Shot, bool]]:
    """(shot, whether a scene begins with it) for every shot, REACH shots late. The first one always begins a scene."""
    seen: deque[_Seen] = deque(maxlen=REACH)
    coming: deque[tuple[Shot, _Seen]] = deque()
    last_look, last_cut = None, -np.inf

    def judged() -> tuple[Shot, bool]:
        nonlocal last_cut
        shot, now = coming[0]
        cut = not seen or (now.time - last_cut >= FLASH and _is_cut(seen, [later for _, later in coming]))
        last_cut = now.time if cut else last_cut
        seen.append(now)
        coming.popleft()
        return shot, cut

    for shot in shots:
        look = _look(shot.sample())
        coming.append((shot, _Seen(shot.time, look, 0.0 if last_look is None else change(last_look, look))))
        last_look = look
        if len(coming) > REACH:
            yield judged()
    while coming:
        yield judged()


def change(one: np.ndarray, other: np.ndarray) -> float:
    """How unlike two looks [h, w, 3] are, 0 to 1: the geometric mean of both differences."""
    in_place = np.abs(one - other).mean()
    in_colour = np.abs(*np.diff([np.sort(look.reshape(-1, 3), axis=0) for look in (one, other)], axis=0)).mean()
    return float(np.sqrt(in_place * in_colour))


def _look(sample: np.ndarray) -> np.ndarray:
    height, width, channels = sample.shape
    blocks = sample.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, channels)
    return blocks.mean(axis=(1, 3), dtype=np.float32) / 255


def _is_cut(seen: Sequence[_Seen], coming: list[_Seen]) -> bool:
    """Whether a scene begins with coming[0]: nothing shortly after looks like anything shortly before, and the step is
    larger than what moves before and after it."""
    last, now = seen[-1], coming[0]
    before = [at for at in seen if now.time - at.time <= FLASH]
    after = [at for at in coming[1:] if at.time - now.time <= FLASH]
    moving = max(np.median([at.change for at in side]) if side else 0.0 for side in (before, after))
    if now.change < max(LEAST_CHANGE, MOTION * moving):
        return False
    return all(change(old.look, new.look) >= LEAST_CHANGE for old, new in product(before or [last], [now, *after]))
