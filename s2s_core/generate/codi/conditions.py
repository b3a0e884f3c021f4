"""What the generator is told: for each sound one token, mixed from what is seen and what is said; and for each the
token of nothing at all, from which guidance leads away.

As in the reference: a sound has at most one picture (still or video) and one text, and a mixture is the weighted mean
of their embeddings, not brought back to length 1. Nothing to see is uniform gray, nothing to say the empty text.

Not in the reference is a negative text. It stands in for the empty text of those sounds that have a text. A sound
without one has no empty text to give way, so there it is the whole of what guidance leads away from, in place of the
gray picture: as is the custom with generators of pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ...runtime import Runtime
from .pictures import gray, normalised
from .words import EMPTY

if TYPE_CHECKING:
    import torch
    from torch import nn

    from .clip import Text

VISION, FILM, TEXT = "vision", "film", "text"  # the networks by what they are for: a `Vision`, a `Film`, a `Text`
TOGETHER = 16  # pictures, or texts, that go through a network at once


@dataclass(frozen=True, eq=False)
class Condition:
    """What one sound is made from: `seen` [f, 224, 224, 3] uint8 as `pictures.still` or `pictures.frames` gives it, one
    frame for a still; `words` [77] as `words.tokenize` gives them; or both. Of the weights only the ratio counts."""

    seen: np.ndarray | None = None
    words: np.ndarray | None = None
    seen_weight: float = 1.0
    words_weight: float = 1.0

    def __post_init__(self):
        weights = list(self._weights().values())
        if not weights:
            raise InputError("a sound has neither a picture nor words; at least one of them is needed")
        if not all(isfinite(weight) and weight >= 0 for weight in weights) or not any(weights):
            found = " and ".join(f"{weight:g}" for weight in weights)
            raise InputError(
                f"the weights of what a sound is made from are {found}; allowed are numbers from 0 up, not all 0"
            )

    @property
    def shares(self) -> dict[str, float]:
        """How much of the mixture is "seen", how much "words": those that there are, together 1."""
        weights = self._weights()
        return {name: weight / sum(weights.values()) for name, weight in weights.items()}

    def _weights(self) -> dict[str, float]:
        rows = ("seen", self.seen, self.seen_weight), ("words", self.words, self.words_weight)
        return {name: weight for name, part, weight in rows if part is not None}


def needed(samples: Sequence[Condition], negative: np.ndarray | None = None, guided: bool = True) -> tuple[str, ...]:
    """Which networks `context` will ask for with these arguments: VISION for stills, FILM where a video is among them,
    TEXT for words."""
    frames = [len(sample.seen) for sample in samples if sample.seen is not None]
    said = any(sample.words is not None for sample in samples) or (guided and negative is not None)
    asked = {VISION: max(frames, default=0) == 1, FILM: max(frames, default=0) > 1, TEXT: said}
    return tuple(name for name, there in asked.items() if there)


def context(
    samples: Sequence[Condition],
    networks: Mapping[str, nn.Module],
    *,
    negative: np.ndarray | None = None,
    guided: bool = True,
    runtime: Runtime,
) -> torch.Tensor:
    """[2n, 1, projection] float32 on the CPU for n sounds: for each what guidance leads away from, then for each what
    it is made from; without guidance only the latter, [n, 1, projection].

    `networks` has at least those that `needed` names; `negative` [77] are the tokens of a negative text. Sounds may
    differ in what they have, and none depends on another. The embedding of nothing is computed once for each network.
    """
    if not samples:
        raise InputError("there is no sound to make; at least one condition is needed")
    import torch

    found, against = {}, None
    if any(sample.seen is not None for sample in samples):
        found["seen"] = _seen(samples, networks, guided, runtime)
    if TEXT in needed(samples, negative, guided):
        found["words"], against = _said(samples, networks[TEXT], negative, guided, runtime)
    pairs = []  # each [2, 1, projection], nothing and the condition; without guidance [1, 1, projection]
    for number, sample in enumerate(samples):
        pair = sum(share * found[name][number] for name, share in sample.shares.items())
        if guided and negative is not None and sample.words is None:
            pair = torch.stack([against, pair[1]])
        pairs.append(pair)
    return torch.stack(pairs, dim=1).flatten(0, 1)


def _seen(
    samples: Sequence[Condition], networks: Mapping[str, nn.Module], guided: bool, runtime: Runtime
) -> dict[int, torch.Tensor]:
    """By the number of each sample that has one, the embeddings of gray and of its picture, [2, 1, projection]; without
    guidance only the latter, [1, 1, projection]."""
    clips = {number: sample.seen for number, sample in enumerate(samples) if sample.seen is not None}
    whole = networks[FILM if any(len(clip) > 1 for clip in clips.values()) else VISION]
    nothing = getattr(whole, "vision", whole).empty  # frames -> embedding
    missing = {len(clip) for clip in clips.values()} - set(nothing) if guided else ()
    grays = {f"gray {count}": gray(count) for count in missing}
    found = _looked_at(clips | grays, whole, runtime)
    nothing |= {len(clip): found[key] for key, clip in grays.items()}
    return {number: _pair(nothing[len(clip)] if guided else None, found[number]) for number, clip in clips.items()}


def _looked_at(clips: Mapping[Any, np.ndarray], whole: nn.Module, runtime: Runtime) -> dict[Any, torch.Tensor]:
    """The embedding [1, projection] of each clip [f, 224, 224, 3] uint8: stills together, videos one by one."""
    import torch

    from .clip import embed_images, working_bytes
    from .temporal import embed_video

    vision, temporal = getattr(whole, "vision", whole), getattr(whole, "temporal", None)
    stills = [key for key, clip in clips.items() if len(clip) == 1]
    passes = [*_portions(stills), *([key] for key, clip in clips.items() if len(clip) > 1)]
    most = max(sum(len(clips[key]) for key in keys) for keys in passes)
    found = {}
    with runtime.resident(whole, memory=working_bytes(vision, most)):
        with runtime.progress("looking at pictures", len(passes) * len(vision.layers)) as bar:
            for keys in passes:
                seen = np.concatenate([clips[key] for key in keys])
                pixels = torch.from_numpy(normalised(seen)).to(runtime.device)
                if len(seen) > len(keys):
                    tokens = embed_video(vision, temporal, pixels, bar.step)
                else:
                    tokens = embed_images(vision, pixels, bar.step)
                found |= zip(keys, tokens.cpu(), strict=True)
    return found


def _said(
    samples: Sequence[Condition], network: Text, negative: np.ndarray | None, guided: bool, runtime: Runtime
) -> tuple[dict[int, torch.Tensor], torch.Tensor | None]:
    """As `_seen`, for words; and, under guidance, the embedding [1, projection] of the negative or the empty text."""
    texts = {number: sample.words for number, sample in enumerate(samples) if sample.words is not None}
    if guided and negative is not None:
        texts["negative"] = negative
    elif guided and network.empty is None:
        texts["nothing"] = EMPTY
    found = _read(texts, network, runtime)
    network.empty = found.pop("nothing", network.empty)
    against = found.pop("negative", network.empty) if guided else None
    return {number: _pair(against, embedding) for number, embedding in found.items()}, against


def _read(texts: Mapping[Any, np.ndarray], network: Text, runtime: Runtime) -> dict[Any, torch.Tensor]:
    """The embedding [1, projection] of each text [77]."""
    import torch

    from .clip import embed_texts, working_bytes

    passes, found = _portions(list(texts)), {}
    with runtime.resident(network, memory=working_bytes(network, min(TOGETHER, len(texts)))):
        with runtime.progress("reading words", len(passes) * len(network.layers)) as bar:
            for keys in passes:
                ids = torch.from_numpy(np.stack([texts[key] for key in keys])).to(runtime.device)
                found |= zip(keys, embed_texts(network, ids, bar.step).cpu(), strict=True)
    return found


def _portions(keys: list) -> list[list]:
    return [keys[start : start + TOGETHER] for start in range(0, len(keys), TOGETHER)]


def _pair(nothing: torch.Tensor | None, given: torch.Tensor) -> torch.Tensor:
    import torch

    return given[None] if nothing is None else torch.stack([nothing, given])
