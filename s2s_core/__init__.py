"""The engine: a picture walks through six rooms and leaves as surround sound. Knows nothing of ComfyUI.

    media -> segment -> depth -> locate -> generate -> spatialize -> media

Rooms load on first use (`s2s_core.segment` imports it), so that importing the pack costs almost nothing.
"""

from importlib import import_module

ROOMS = ("segment", "depth", "locate", "generate", "spatialize", "evaluate")
LAZY = (*ROOMS, "media", "models", "pipeline", "film", "figures", "graph", "types", "errors", "runtime", "files")


def __getattr__(name):
    if name in LAZY:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
