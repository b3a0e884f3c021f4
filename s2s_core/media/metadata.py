"""What a file tells of how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def graph_tags(prompt: Any, extra_pnginfo: Mapping[str, Any] | None) -> dict[str, str]:
    """The graph as ComfyUI writes it into files: JSON under "prompt" and "workflow", so that they can be opened.

    Both arguments are what a node's hidden inputs of these names bring; None or empty leaves its tag out.
    """
    graphs = {"prompt": prompt, **(extra_pnginfo or {})}
    return {name: json.dumps(graph) for name, graph in graphs.items() if graph}
