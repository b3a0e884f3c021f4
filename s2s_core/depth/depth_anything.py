"""Depth Anything: what a network trained on millions of photographs makes of near and far.

Yang et al., "Depth Anything: Unleashing the Power of Large-Scale Unlabeled Data", CVPR 2024, and "Depth Anything V2",
NeurIPS 2024: a DINOv2 encoder with a DPT decoder. The variants are in `variants.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..backend import Backend
from ..errors import InputError
from ..models.held import Held
from ..models.libraries import need
from ..runtime import Runtime
from ..types import DepthMap, Picture
from .variants import VARIANTS, Variant

if TYPE_CHECKING:
    from .network import Network

NEAREST = 1e-3  # m: metric depth below it is raised to it, since a distance is above 0
LIBRARY = "transformers>=4.50"  # before, it ends metric depth as if it were relative
TOGETHER = 4  # frames of a clip at once where a batch saves time; on a CPU it only costs memory

log = logging.getLogger(__name__)


class DepthAnything:
    """Depth by one variant."""

    def __init__(self, variant: Variant):
        self.variant = variant
        self.held = Held(variant.weights, partial(_load, variant))

    def __call__(self, picture: Picture, runtime: Runtime) -> DepthMap:
        """Depth at picture size: relative ("inverse"), or metres along the axis ("axial") of at least 1 mm.

        A picture of more than 4:1 is looked at coarser than others (`prepare.network_size`), with a warning. Raises
        MissingModelError, WeightsError and DependencyError.
        """
        (depth,) = self.frames((picture,), runtime)
        return depth

    def frames(self, pictures: Sequence[Picture], runtime: Runtime) -> Iterator[DepthMap]:
        """Depth of each picture of a clip, in order, several at once where that saves time.

        Each is looked at on its own, so that relative depth may flicker. Raises InputError when sizes differ.
        """
        if not pictures:
            return
        need("transformers.models.depth_anything", LIBRARY, self.variant.name)
        from .prepare import network_size

        size = _common_size(pictures)
        seen = network_size(size)
        _warn_if_coarse(pictures[0], seen)
        together = 1 if runtime.device == "cpu" else TOGETHER
        batches = [pictures[start : start + together] for start in range(0, len(pictures), together)]
        with runtime.progress("estimating depth", len(batches) * (self.variant.size.blocks + 1)) as bar:
            for batch in batches:
                yield from self._estimate(batch, seen, runtime, bar.step)
                bar.step()

    def _estimate(
        self, pictures: Sequence[Picture], seen: tuple[int, int], runtime: Runtime, step: Callable[[], None]
    ) -> list[DepthMap]:
        import torch

        from .network import working_bytes
        from .prepare import prepared, restored

        pixels = torch.stack([prepared(picture.pixels, seen, self.variant.swapped) for picture in pictures])
        memory = working_bytes(self.variant.size, len(pictures), seen[0] * seen[1])
        with runtime.resident(self.held.network(runtime), memory=memory) as network, torch.inference_mode():
            depth = network(pixels.to(runtime.device), step).cpu()  # [B, height, width]
        if self.variant.max_depth:
            depth = depth.clamp(min=NEAREST)
        unit = "axial" if self.variant.max_depth else "inverse"
        return [DepthMap(values.numpy(), unit) for values in restored(depth, pictures[0].size)]


def _load(variant: Variant, path: Path, half: str) -> Network:
    from .network import load

    return load(path, variant, half)


def _common_size(pictures: Sequence[Picture]) -> tuple[int, int]:
    first = pictures[0]
    for picture in pictures:
        if picture.size != first.size:
            sizes = [f"{one.name} is {one.size[1]} x {one.size[0]}" for one in (first, picture)]
            raise InputError(f"{', '.join(sizes)} pixels; all frames of a clip must be of one size: resize them first")
    return first.size


def _warn_if_coarse(picture: Picture, seen: tuple[int, int]) -> None:
    from .prepare import SHORT_SIDE

    if min(seen) < SHORT_SIDE:
        log.warning(
            "%s is %d x %d pixels, longer than 4:1: its depth is estimated at %d x %d, coarser than usual; for more "
            "detail estimate it in parts",
            *(picture.name, *picture.size[::-1], *seen[::-1]),
        )


def _backend(variant: Variant) -> Backend:
    return Backend(variant.name, variant.summary, lambda runtime: DepthAnything(variant), (variant.weights,))


BACKENDS = tuple(_backend(variant) for variant in VARIANTS)
