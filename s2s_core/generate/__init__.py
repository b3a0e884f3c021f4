"""Generate: a mono sound for each region, from its picture and the user's words.

A backend is called with all regions at once, so that a network can make them in one batch:

    backend(requests, seconds, sample_rate, runtime) -> list of AudioTrack, one for each `Request`, in order
    backend.describe(request) -> str, one line: what it makes of that request, and why

Clips have exactly round(seconds * rate) samples, where rate is `sample_rate`, or the backend's own when that is None.
A row's `load` takes `precision`, a name in PRECISIONS: how a network computes; one without a network takes no notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral

import numpy as np

from ..backend import Backend, Model
from ..errors import InputError, check_range
from ..runtime import Runtime, generator
from ..types import AudioTrack, Picture, Region
from .clips import from_clips
from .codi import generator as codi
from .codi.networks import AUTO, PRECISIONS
from .codi.sampler import SAMPLERS
from .request import AS_USUAL, Request, Sampling

__all__ = [
    "AS_USUAL",
    "BACKENDS",
    "PRECISIONS",
    "Request",
    "SAMPLERS",
    "SECONDS",
    "Sampling",
    "check",
    "describe",
    "from_clips",
    "prompted",
    "run",
]

SECONDS = (0.5, 600.0)
SAMPLE_RATES = (8000, 192000)  # Hz
SEEDS = (0, 2**64 - 1)


def _procedural(runtime: Runtime, precision: str = AUTO):
    from .procedural import Procedural

    return Procedural()


BACKENDS = {
    row.name: row
    for row in (
        Backend(
            "procedural (no weights)",
            "Textures such as rain, surf or a crowd by recipe: chosen by words, else guessed from colours and edges.",
            _procedural,
        ),
        *codi.BACKENDS,
    )
}


def check(seconds: float, seed: int, sample_rate: int | None = None, sampling: Sampling = AS_USUAL) -> None:
    """Raise InputError for values that `run` would refuse; needs no picture."""
    codi.check(sampling)
    check_range("seconds", seconds, *SECONDS, "s")
    _check_whole("seed", seed, *SEEDS)
    if sample_rate is not None:
        _check_whole("sample rate", sample_rate, *SAMPLE_RATES, " Hz")


def run(
    model: Model,
    regions: Sequence[Region],
    picture: Picture | Sequence[Picture],
    *,
    prompts: str = "",
    seconds: float = 10.24,
    seed: int = 0,
    sample_rate: int | None = None,
    sampling: Sampling = AS_USUAL,
    frames: np.ndarray | None = None,
    streams: Sequence[int] | None = None,
    runtime: Runtime,
) -> tuple[AudioTrack, ...]:
    """One mono clip for each region, in order, each exactly round(seconds * rate) samples long; none for no regions.

    `prompts` has a line for each region, or a single line for all. Where a line is empty or missing, the region's own
    prompt holds. `sampling` is how a network goes about it, and `frames` [F, H, W, 3] float32 of the picture's size
    show what moves; a backend that cannot use them makes of them nothing. `seconds` 0.5..600, `seed` 0..2**64 - 1,
    `sample_rate` 8000..192000 Hz (None: the backend's own).
    `picture` is that of all regions, or one for each. Region i draws from stream i of the seed, or from `streams[i]`:
    its sound depends on nothing that is said of another region.
    Raises InputError when one of these is out of range, when there are more lines than regions, or when a mask and the
    picture differ in size.
    """
    check(seconds, seed, sample_rate, sampling)
    requests = _requests(regions, picture, prompts, seed, sampling, frames, streams)
    return tuple(model.of("generate")(requests, seconds, sample_rate, runtime)) if requests else ()


def prompted(regions: Sequence[Region], prompts: str) -> list[Region]:
    """The regions with the words that hold for each (see `run`) as their own prompts."""
    words = _words(prompts, regions)
    return [replace(region, prompt=line) for region, line in zip(regions, words, strict=True)]


def describe(
    model: Model,
    regions: Sequence[Region],
    picture: Picture | Sequence[Picture],
    prompts: str = "",
    sampling: Sampling = AS_USUAL,
) -> tuple[str, ...]:
    """One line for each region: what `run` makes of it, and why. Raises InputError as `run` does."""
    return tuple(
        model.of("generate").describe(request) for request in _requests(regions, picture, prompts, 0, sampling)
    )


def _requests(
    regions: Sequence[Region],
    picture: Picture | Sequence[Picture],
    prompts: str,
    seed: int,
    sampling: Sampling,
    frames: np.ndarray | None = None,
    streams: Sequence[int] | None = None,
) -> list[Request]:
    pictures = [picture] * len(regions) if isinstance(picture, Picture) else list(picture)
    streams = range(len(regions)) if streams is None else streams
    for picture in pictures[:1]:
        if frames is not None and frames.shape[1:3] != picture.size:
            sizes = [f"{width} x {height}" for height, width in (frames.shape[1:3], picture.size)]
            raise InputError(
                f"the frames are {sizes[0]} pixels, {picture.name} is {sizes[1]}; allowed is the same size"
            )
    names = [f"region {number} ({region.label})" for number, region in enumerate(regions, 1)]
    for region, picture, name in zip(regions, pictures, names, strict=True):
        if region.mask.shape != picture.size:
            sizes = [f"{width} x {height}" for height, width in (region.mask.shape, picture.size)]
            raise InputError(
                f"the mask of {name} is {sizes[0]} pixels, {picture.name} is {sizes[1]}; allowed is the same size: "
                "use the picture in which the regions were found"
            )
    words = _words(prompts, regions)
    return [
        Request(picture, region, prompt, generator(seed, stream), name, sampling, frames)
        for picture, region, prompt, name, stream in zip(pictures, regions, words, names, streams, strict=True)
    ]


def _words(prompts: str, regions: Sequence[Region]) -> list[str]:
    """The words that hold for each region."""
    lines = [line.strip() for line in prompts.splitlines()]
    if len(lines) == 1:
        lines *= len(regions)
    while len(lines) > len(regions) and not lines[-1]:
        lines.pop()
    if regions and len(lines) > len(regions):
        raise InputError(
            f"prompts has {len(lines)} lines for {len(regions)} regions; allowed is one line for each region, or a "
            "single line for all: remove lines or find more regions"
        )
    lines = lines[: len(regions)] + [""] * (len(regions) - len(lines))
    return [line or region.prompt.strip() for line, region in zip(lines, regions, strict=True)]


def _check_whole(name: str, value: int, low: int, high: int, unit: str = "") -> None:
    if not isinstance(value, Integral) or not low <= value <= high:
        raise InputError(f"{name} is {value}{unit}; allowed is a whole number from {low} to {high}{unit}")
