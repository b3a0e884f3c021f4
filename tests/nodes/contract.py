"""The public contract of every node as plain data. Run this file to write it down after an addition:

python tests/nodes/contract.py
"""

import json
from pathlib import Path

SNAPSHOT = Path(__file__).parents[1] / "data" / "contract.json"
KEPT = ("default", "min", "max", "step", "multiline", "control_after_generate")


def contract():
    """{node id: {"inputs": [[section, name, type, options]...], "outputs": [[name, type]...], "output_node": bool}}"""
    from see2sound_nodes import NODE_CLASS_MAPPINGS

    return {node_id: _node(node) for node_id, node in sorted(NODE_CLASS_MAPPINGS.items())}


def _node(node):
    inputs = []
    for section in ("required", "optional", "hidden"):
        for name, spec in node.INPUT_TYPES().get(section, {}).items():
            kind, options = (spec, {}) if isinstance(spec, str) else (spec[0], spec[1] if len(spec) > 1 else {})
            if options.get("video_upload"):  # whatever lies in the input folder
                kind = "file in the input folder"
            inputs.append([section, name, kind, {key: options[key] for key in KEPT if key in options}])
    outputs = [list(pair) for pair in zip(node.RETURN_NAMES, node.RETURN_TYPES, strict=True)]
    return {"inputs": inputs, "outputs": outputs, "output_node": getattr(node, "OUTPUT_NODE", False)}


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(contract(), indent=1) + "\n")
