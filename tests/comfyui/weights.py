"""Weight files of full size for the server: made-up numbers under the official names, sure of every mask."""

from __future__ import annotations

import importlib.util
import json
import math
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


def write_codi(models: Path) -> None:
    """What sound needs of CoDi, in full size and half precision, 1.4 GB, under the official names."""
    import gzip

    import torch

    with gzip.open(TESTS / "data" / "codi" / "keys_full.json.gz", "rt") as file:
        manifest = json.load(file)
    folder = models / "see2sound" / "codi-fp16"
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    for name, parts in {
        "CoDi_encoders.pth": ("vae_decoder", "vocoder", "clip_vision"),
        "CoDi_audio_diffuser_m.pth": ("unet_audio",),
    }.items():
        state = {}
        for key, (shape, _) in ((key, told) for part in parts for key, told in manifest[part].items()):
            value = torch.randn(shape) * math.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1 * torch.randn(shape)
            state[key] = (value + (1 if len(shape) == 1 and key.endswith(".weight") else 0)).half()
        torch.save(state, folder / name)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
