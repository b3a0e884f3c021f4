"""The two definitions of how alike two sounds are: "corrected" is ours, "paper" is the published one."""

from __future__ import annotations

from collections.abc import Callable

from .scores import METRICS, Aggregate, Scores, aggregate
from .similarity_corrected import corrected
from .similarity_paper import paper

__all__ = ["DEFINITIONS", "METRICS", "Aggregate", "Scores", "aggregate", "corrected", "paper"]

DEFINITIONS: dict[str, Callable[..., Scores]] = {"corrected": corrected, "paper": paper}
"""Name -> function of two sounds. "paper" needs librosa."""
