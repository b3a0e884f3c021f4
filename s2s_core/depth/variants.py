"""Depth Anything as tables: three sizes, and what each set of published weights is.

V1, V2 and V2 Metric are one network. They read other blocks of the encoder and end otherwise, yet their files have the
same keys and shapes: nothing in a file tells them apart, so the row that the user chose decides and none is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

PATCH = 14  # pixels along a side of what is one token


@dataclass(frozen=True)
class Size:
    """One encoder and its decoder: `width` of a token, `channels` of the four maps taken from it, `fusion` of the maps
    they are joined in. `spread_taps` are the blocks (from 0) that V2 reads; `grid` is the learned positions' side in
    tokens; `millions` of parameters."""

    name: str
    width: int
    heads: int
    blocks: int
    channels: tuple[int, int, int, int]
    fusion: int
    spread_taps: tuple[int, int, int, int]
    millions: int
    grid: int = 37

    @property
    def last_taps(self) -> tuple[int, ...]:
        """The blocks (from 0) that V1 reads."""
        return tuple(range(self.blocks - 4, self.blocks))


@dataclass(frozen=True)
class Variant:
    """One set of weights: `weights` is its name in the catalogue, `taps` the blocks (from 0) that it reads.

    `max_depth` in m makes it metric, None relative. `swapped` feeds it blue as red and red as blue.
    """

    name: str
    weights: str
    size: Size
    taps: tuple[int, ...]
    summary: str
    max_depth: int | None = None
    swapped: bool = False


SIZES = (
    Size("Small", 384, 6, 12, (48, 96, 192, 384), 64, (2, 5, 8, 11), 25),
    Size("Base", 768, 12, 12, (96, 192, 384, 768), 128, (2, 5, 8, 11), 97),
    Size("Large", 1024, 16, 24, (256, 512, 1024, 1024), 256, (4, 11, 17, 23), 335),
)

# Name, which taps, metres at most, what it gives.
KINDS = (
    ("V1", "last_taps", None, "near and far as an order; the family that SEE-2-SOUND uses"),
    ("V2", "spread_taps", None, "near and far as an order; finer edges than V1"),
    ("V2 Metric Indoor", "spread_taps", 20, "metres, for rooms, up to 20 m"),
    ("V2 Metric Outdoor", "spread_taps", 80, "metres, for streets, up to 80 m"),
)


def _variants():
    for kind, taps, max_depth, gives in KINDS:
        for size in SIZES:
            name = f"Depth Anything {kind} {size.name}"
            summary = f"{gives}; {size.millions} million parameters"
            yield Variant(name, name.lower().replace(" ", "-"), size, getattr(size, taps), summary, max_depth)


_OFFICIAL = {variant.name: variant for variant in _variants()}

# SEE-2-SOUND turns red and blue round once too often before this stage; here only who asks for it gets that.
_AS_PUBLISHED = replace(
    _OFFICIAL["Depth Anything V1 Large"],
    name="Depth Anything V1 Large with red and blue swapped (as SEE-2-SOUND does)",
    summary="only to compare with SEE-2-SOUND, which swaps the colours by mistake; else take V1 Large",
    swapped=True,
)

VARIANTS = (*_OFFICIAL.values(), _AS_PUBLISHED)
