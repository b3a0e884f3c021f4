"""Weight files of full size for the server: made-up numbers under the official names, sure of every mask."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

TESTS = Path(__file__).parents[1]


def write(models: Path) -> None:
    """SAM ViT-B and Depth Anything V2 Small, 475 MB, into a folder laid out as ComfyUI's `models`."""
    import torch
    from segment_anything import sam_model_registry

    for folder in ("sams", "depthanything"):
        (models / folder).mkdir(exist_ok=True)
    toy = _module(TESTS / "core" / "segment" / "tiny_sam.py")
    torch.manual_seed(0)
    network = toy.confident(toy.randomised(sam_model_registry["vit_b"]()))
    torch.save(network.state_dict(), models / "sams" / "sam_vit_b_01ec64.pth")

    grown = _module(TESTS / "data" / "fill_weights.py")
    manifest = json.loads((TESTS / "data" / "depth" / "manifest_vits.json").read_text())
    state = {key: torch.from_numpy(grown.fill(key, shape)) for key, shape in manifest.items()}
    state["depth_head.scratch.output_conv2.2.bias"] += 2  # else the last ReLU would leave nothing
    torch.save(state, models / "depthanything" / "depth_anything_v2_vits.pth")


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
