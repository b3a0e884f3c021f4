"""The photographs that come with this package; `workflows/media/LICENCES.md` says whose they are."""

from __future__ import annotations

from pathlib import Path

from ..errors import check_choice
from ..types import Picture
from .images import load_picture

FOLDER = Path(__file__).parents[2] / "workflows" / "media"
SAMPLES = ("rocket", "coffee", "chelsea", "astronaut")


def load_sample(name: str) -> Picture:
    """The photograph called `name` in SAMPLES."""
    check_choice("sample picture", name, SAMPLES)
    return load_picture(FOLDER / f"{name}.jpg")
