"""Words as the network reads them: at most 75 tokens between a start and an end, offline from CLIP's two small files.

They are no part of CoDi's checkpoints. ComfyUI brings them along; otherwise they are the catalogue's to fetch. No words
need no files: the empty text is a constant.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import WeightsError
from ...models.libraries import need
from ...models.store import find
from ...runtime import Runtime

LENGTH = 77
START, END = 49406, 49407
"""The last two of the vocabulary. What is shorter is filled up with ends: nothing after the first can matter."""
EMPTY = np.array([START] + [END] * (LENGTH - 1), np.int64)
VOCABULARY, MERGES = "clip-vocabulary", "clip-merges"


@dataclass(frozen=True, eq=False)
class Words:
    """Texts in tokens: `ids` [n, 77] int64; `cut`, for each how many tokens at its end did not fit and are left out."""

    ids: np.ndarray
    cut: tuple[int, ...]


def tokenize(texts: Sequence[str], runtime: Runtime) -> Words:
    """The tokens of each text; upper case is read as lower. Raises MissingModelError when one of CLIP's files is not on
    this machine, WeightsError when they are not CLIP's; neither when all texts are empty."""
    ids = np.tile(EMPTY, (len(texts), 1))
    cut = [0] * len(texts)
    spoken = [number for number, text in enumerate(texts) if text.strip()]
    if spoken:
        vocabulary, merges = (find(name, runtime) for name in (VOCABULARY, MERGES))
        read = tokenizer(vocabulary, merges)([texts[number] for number in spoken])["input_ids"]
        for number, tokens in zip(spoken, read, strict=True):
            inner = tokens[1:-1]
            fits = inner[: LENGTH - 2]
            ids[number, 1 : len(fits) + 1] = fits
            cut[number] = len(inner) - len(fits)
    return Words(ids, tuple(cut))


def tokenizer(vocabulary: Path, merges: Path) -> Any:
    """transformers' CLIP tokenizer of these two files. Raises WeightsError when they are not CLIP's."""
    transformers = need("transformers", "transformers>=4.56", "reading words")
    try:
        table = json.loads(vocabulary.read_text(encoding="utf-8"))
        marks = table.get("<|startoftext|>"), table.get("<|endoftext|>")
    except (OSError, ValueError, AttributeError) as error:
        raise _not_clip(vocabulary, " ".join(str(error).split())[:120]) from error
    if marks != (START, END):
        raise _not_clip(vocabulary, f"its start and end are {marks[0]} and {marks[1]} instead of {START} and {END}")
    pairs = _pairs(merges)
    unknown = next((pair for pair in pairs if "".join(pair) not in table), None)
    if unknown:
        raise _not_clip(merges, f"it joins {' and '.join(unknown)}, which the vocabulary {vocabulary} does not know")
    if "vocab" in signature(transformers.CLIPTokenizer.__init__).parameters:  # since 5
        return transformers.CLIPTokenizer(vocab=table, merges=pairs)
    return transformers.CLIPTokenizerFast(vocab_file=str(vocabulary), merges_file=str(merges))


def _pairs(merges: Path) -> list[tuple[str, str]]:
    """What the file says may be joined, first things first; its first line is a version."""
    try:
        lines = merges.read_text(encoding="utf-8").strip().split("\n")[1:]
    except (OSError, ValueError) as error:
        raise _not_clip(merges, " ".join(str(error).split())[:120]) from error
    pairs = [tuple(line.split()) for line in lines]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise _not_clip(merges, "each line after the first needs two pieces of words")
    return pairs


def _not_clip(path: Path, reason: str) -> WeightsError:
    name = MERGES if path.suffix == ".txt" else VOCABULARY
    return WeightsError(f"{path} is not CLIP's ({reason}): get it with 's2s models fetch {name}'")
