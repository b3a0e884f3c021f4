"""Masks of everything in a picture, by asking a promptable network at every point of a grid.

What is asked, kept and dropped is what the automatic mask generators of Segment Anything do with their defaults. Three
things differ, none of which moves more than a few pixels on an outline: the points are float32, masks are drawn one
prompt at a time, and at no more than 1024 pixels along the longer side (the network sees no more), so that a picture of
any size needs the memory of a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..media.masks import bounding_box, enlarged
from ..models.batches import Batches
from ..models.held import Held
from ..runtime import Runtime
from ..types import Picture, Region
from .selection import Candidates

if TYPE_CHECKING:
    import torch

LONG_SIDE = 1024  # pixels
LOOKING = "looking at the picture"
POINTS = {"cpu": 16}  # along each side; on a CPU the prompts are nine tenths of the work
POINTS_ELSEWHERE = 32
BATCH = {"cpu": 16}  # prompts at once: cancel is heard between batches
BATCH_ELSEWHERE = 64
MEMORY = 3 << 30  # bytes of activations with that many


@dataclass(frozen=True)
class Limits:
    """Which masks are kept, as the network's publishers set it by default.

    `predicted_iou`: the network's own judgement must be above. `stability`: at least this share of a mask remains when
    the `threshold` on its logits is moved from `offset` below to `offset` above. `overlap`: of two masks whose boxes
    share more (intersection over union) only the better one stays.
    """

    predicted_iou: float
    stability: float = 0.95
    offset: float = 1.0
    threshold: float = 0.0
    overlap: float = 0.7


@dataclass
class Segmenter:
    """A backend's callable: `view(network)` is the Predictor of the network that is held."""

    held: Held
    view: Callable[[Any], Predictor]

    def __call__(self, picture: Picture, runtime: Runtime, points: int = 0) -> Sequence[Region]:
        with runtime.resident(self.held.network(runtime), MEMORY) as network:
            return propose(self.view(network), picture, runtime, points)


class Predictor(Protocol):
    """A promptable network in the hands of `propose`."""

    limits: Limits

    def encode(self, pixels: np.ndarray, runtime: Runtime) -> Any:
        """Look at a picture of any size, uint8 [H, W, 3], once; what comes back goes to the other two."""

    def predict(self, seen: Any, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Points [B, 2], float32 (x, y) in shares of the picture -> for each M masks as logits [B, M, m, m], at the
        network's own size, and their predicted IoU [B, M]."""

    def draw(self, seen: Any, logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """Logits [M, m, m] -> [M, h, w] at `size` (height, width) of the picture."""


@dataclass(frozen=True)
class Masks:
    """What was kept, best predicted IoU first: `bits` are rows of packed pixels of masks of `size` (height, width)."""

    size: tuple[int, int]
    bits: list[np.ndarray]
    boxes: list[tuple[int, int, int, int]]
    predicted_iou: list[float]
    stability: list[float]

    def __getitem__(self, index: int) -> np.ndarray:
        height, width = self.size
        return np.unpackbits(self.bits[index], count=height * width).reshape(height, width).astype(bool)

    def __len__(self) -> int:
        return len(self.bits)


def propose(predictor: Predictor, picture: Picture, runtime: Runtime, points: int = 0) -> Sequence[Region]:
    """Every mask that the network is sure of, at picture size; a region's score is predicted IoU times stability.

    `points` along each side are asked; 0 is 16 on a CPU, else 32 (the publishers' default).
    """
    levels = np.rint(picture.pixels * 255).astype(np.uint8)
    size = picture.size if max(picture.size) <= LONG_SIDE else scaled(picture.size, LONG_SIDE)
    found = masks(predictor, levels, size, runtime, points)
    small = [
        Region(found[i], score=float(np.clip(found.predicted_iou[i] * found.stability[i], 0, 1)))
        for i in range(len(found))
    ]
    if size == picture.size:
        return small
    return Candidates(small, lambda i: Region(enlarged(found[i], picture.size), score=small[i].score))


def masks(predictor: Predictor, pixels: np.ndarray, size: tuple[int, int], runtime: Runtime, points: int = 0) -> Masks:
    """The masks of a picture, uint8 [H, W, 3], drawn at `size` (height, width)."""
    import torch
    from torchvision.ops import nms

    kind = runtime.device.split(":")[0]
    side = points or POINTS.get(kind, POINTS_ELSEWHERE)
    ask = Batches(BATCH.get(kind, BATCH_ELSEWHERE))
    batches = grid(side).split(ask.size)
    found = Masks(size, [], [], [], [])
    with torch.inference_mode():
        seen = predictor.encode(pixels, runtime)
        with runtime.progress(f"asking at {side} x {side} points", len(batches)) as bar:
            for batch in batches:
                for logits, scores in ask(lambda some: list(zip(*predictor.predict(seen, some), strict=True)), batch):
                    _keep(found, predictor, seen, logits, scores)
                bar.step()
        if not len(found):
            return found
        boxes = torch.tensor(found.boxes, dtype=torch.float32)
        order = nms(boxes, torch.tensor(found.predicted_iou), predictor.limits.overlap).tolist()
    columns = (found.bits, found.boxes, found.predicted_iou, found.stability)
    return Masks(size, *([column[i] for i in order] for column in columns))


def grid(side: int) -> torch.Tensor:
    """The middles of side x side equal tiles, row by row: float32 [side * side, 2], (x, y) in shares of the picture."""
    import torch

    middle = (np.arange(side) + 0.5) / side
    return torch.from_numpy(np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2).astype(np.float32))


def scaled(size: tuple[int, int], side: int) -> tuple[int, int]:
    """(height, width) of a picture whose longer side becomes `side` pixels."""
    share = side / max(size)
    height, width = (max(1, int(length * share + 0.5)) for length in size)
    return height, width


def _keep(found: Masks, predictor: Predictor, seen: Any, logits: torch.Tensor, scores: torch.Tensor) -> None:
    """Add those of one prompt's masks that pass the limits."""
    limits = predictor.limits
    sure = scores > limits.predicted_iou
    if not sure.any():
        return
    drawn = predictor.draw(seen, logits[sure], found.size)
    inner, outer = ((drawn > limits.threshold + shift).sum((1, 2)) for shift in (limits.offset, -limits.offset))
    whole = drawn > limits.threshold
    for mask, score, stability in zip(whole, scores[sure].tolist(), (inner / outer).tolist(), strict=True):
        if stability >= limits.stability:  # 0 / 0 is not
            pixels = mask.cpu().numpy()
            found.bits.append(np.packbits(pixels))
            x0, y0, x1, y1 = bounding_box(pixels)
            found.boxes.append((x0, y0, x1 - 1, y1 - 1))  # as the publishers count: the last pixel is inside
            found.predicted_iou.append(score)
            found.stability.append(stability)
