"""The pack as ComfyUI sees it: one file a room, each with its table of nodes."""

from . import (
    clips,
    depth,
    evaluate,
    figures,
    films,
    generate,
    load,
    locate,
    media,
    pipeline,
    room,
    segment,
    spatialize,
    tracks,
)

STAGES = (load, segment, depth, locate, generate, room, spatialize, evaluate, media, figures)
MODULES = (pipeline, *STAGES, clips, tracks, films)

NODE_CLASS_MAPPINGS: dict[str, type] = {}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {}

for module in MODULES:
    for node_id, (node_class, title) in module.NODES.items():
        if node_id in NODE_CLASS_MAPPINGS:
            raise ImportError(f"two nodes are called {node_id}: {NODE_CLASS_MAPPINGS[node_id]} and {node_class}")
        NODE_CLASS_MAPPINGS[node_id] = node_class
        NODE_DISPLAY_NAME_MAPPINGS[node_id] = title
