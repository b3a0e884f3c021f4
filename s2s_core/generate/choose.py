"""Which texture a region gets: by the words of its prompt, else by a guess from its picture."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .looks import guess
from .request import Request
from .textures import TEXTURES


@dataclass(frozen=True)
class Choice:
    """A name out of `TEXTURES`, and the reason in words."""

    texture: str
    why: str

    def __str__(self):
        return f"{self.texture} ({self.why})"


def choose(request: Request) -> Choice:
    """By the prompt when it holds a known word (English; the longest counts, of equals the first), else a guess from
    the region's colours, edges, place and size. Raises InputError when a guess is needed and the mask is empty."""
    found = [
        (len(word.rstrip("*")), -match.start(), match.group(), name)
        for name, texture in TEXTURES.items()
        for word in texture.words.split()
        if (match := _pattern(word).search(request.prompt.lower()))
    ]
    if found:
        *_, word, name = max(found)
        return Choice(name, f'for the word "{word}"')
    name, why = guess(request.picture, request.region, request.name)
    return Choice(name, f"guessed: {why}" if not request.prompt else f"no known word in the prompt; guessed: {why}")


def _pattern(word: str) -> re.Pattern:
    """What `Texture.words` says of stars and hyphens."""
    stem = word.rstrip("*").replace("-", r"[\s-]+")
    return re.compile(rf"\b{stem}{r'[a-z]*' if word.endswith('*') else 's?'}\b")
