"""Pictures and sound files: in and out. Knows files and pixels, nothing of the rooms. Parts load on first use."""

from importlib import import_module

PARTS = ("adm", "clips", "images", "masks", "metadata", "mux", "partition", "samples", "sound")


def __getattr__(name):
    if name in PARTS:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
