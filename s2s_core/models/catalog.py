"""The one table of weight files. Lists and missing-file messages read it; code never names a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightFile:
    """One file of weights as it is found in the wild.

    `folder` is the model kind (a ComfyUI model folder), `names` the file names people have, the official one first.
    `size` in bytes; `sha256` where the publisher states one. `licence` is the identifier, `licence_note` what it means
    in one line. `source` is the page that offers the file.
    """

    folder: str
    names: tuple[str, ...]
    size: int
    licence: str
    licence_note: str
    source: str
    sha256: str | None = None


CATALOG: dict[str, WeightFile] = {}
"""Name that people type -> file. Every backend so far works without weights, so the table has no rows yet."""
