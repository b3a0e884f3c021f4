"""Depth: Depth Anything Small in full size, with made-up weights, on the CPU."""

import importlib.util
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from see2sound_nodes.s2s_core import depth, models
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture

DATA = Path(__file__).parents[1] / "data"
NAME = "Depth Anything V2 Small"

spec = importlib.util.spec_from_file_location("fill_weights", DATA / "fill_weights.py")
grown = importlib.util.module_from_spec(spec)
spec.loader.exec_module(grown)


def bench_depth_anything():
    """A photograph of 12 megapixels, looked at with 518 x 686, and its depth at its own size."""
    manifest = json.loads((DATA / "depth" / "manifest_vits.json").read_text())
    picture = Picture(np.random.default_rng(0).random((3000, 4000, 3), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "depthanything"
        place.mkdir()
        state = {key: torch.from_numpy(grown.fill(key, shape)) for key, shape in manifest.items()}
        torch.save(state, place / "depth_anything_v2_vits.pth")
        host = HeadlessRuntime("cpu", models=(Path(folder),))
        model = models.load("depth", depth.BACKENDS, NAME, host)
        spent = [seconds(depth.run, model, picture, runtime=host) for _ in range(6)][1:]  # the first reads the file
    for unit, values in zip(("CPU s", "s"), zip(*spent, strict=True), strict=True):
        yield {"name": f"depth: {NAME}, 12 megapixels", "unit": unit, "values": list(values), "bar": None}


def seconds(function, *arguments, **settings):
    """(CPU time of all threads, time that passed) of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    function(*arguments, **settings)
    return time.process_time() - cpu, time.perf_counter() - wall
