"""Listen to the result: match a sound to a place (`avitar/`), say how alike two sounds are (`similarity.py`), and
whether they come from where they should (`spatial.py`)."""

from __future__ import annotations

from . import spatial
from .avitar.match import BACKENDS, MODES, Settings, identity, match
from .similarity import DEFINITIONS, METRICS, Scores, aggregate

__all__ = [
    "BACKENDS",
    "DEFINITIONS",
    "METRICS",
    "MODES",
    "Scores",
    "Settings",
    "aggregate",
    "identity",
    "match",
    "spatial",
]
