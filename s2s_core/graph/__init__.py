"""Running a saved ComfyUI workflow without ComfyUI.

    graph = load("workflow.json", names)        the editor's format (version 0.4) or the API format
    graph = assign(graph, "5.seed=42", classes) change a widget
    check(graph, classes)                       every problem as one line
    run(graph, classes, runtime)                check, then run what the output nodes need

`classes` maps a node's class name to its class (V1 contract: INPUT_TYPES, RETURN_TYPES, FUNCTION): the pack's own, and
`STOCK`, the nodes of ComfyUI itself that graphs of this pack need. `names` maps it to the node's name in the menu.
Importing this loads no torch; `run` does.
"""

from .assign import assign
from .check import check
from .execute import Cache, run
from .saved import Graph, load
from .stock import STOCK

__all__ = ["STOCK", "Cache", "Graph", "assign", "check", "load", "run"]
