"""AViTAR with VIDA in full size, with made-up weights (speed does not depend on their values): a mono clip of 10 s."""

import importlib.util
import time
from pathlib import Path

import numpy as np
import torch
from see2sound_nodes.s2s_core.evaluate.avitar import chunks, matcher
from see2sound_nodes.s2s_core.evaluate.avitar.match import Settings
from see2sound_nodes.s2s_core.evaluate.avitar.pair import Pair
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture

TINY = Path(__file__).parents[1] / "core" / "evaluate" / "avitar" / "tiny.py"
GPU = torch.cuda.is_available()
CLOCK, UNIT = (time.perf_counter, "s") if GPU else (time.process_time, "CPU s")
TOGETHER = 16 if GPU else 4
SECONDS = 10


def bench_avitar():
    """The whole of it chunk by chunk and several chunks at a time, in turns; how far the two results differ."""
    host = HeadlessRuntime("cuda" if GPU else "cpu")
    picture = Picture(np.random.default_rng(0).random((600, 800, 3), np.float32))
    grown = module(TINY)
    samples = grown.wave(SECONDS * chunks.RATE)[None]
    backend, before = matcher.Avitar(), matcher.TOGETHER
    backend._pair = Pair(grown.built_dry(), grown.built("avitar"))
    spent, found = {1: [], TOGETHER: []}, {}
    try:
        for _ in range(4):  # the first one warms up
            for together in spent:
                matcher.TOGETHER = {host.device: together}
                start = CLOCK()
                found[together], _ = backend(picture, samples, chunks.RATE, Settings(), host)
                spent[together].append(CLOCK() - start)
    finally:
        matcher.TOGETHER = before
    alone, batched = (np.array(times[1:]) for times in spent.values())
    what = f"avitar: full size, {SECONDS} s of sound"
    yield figure(f"{what}, chunk by chunk / {TOGETHER} at a time", "x", alone / batched)
    yield figure(f"{what}, chunk by chunk", UNIT, alone)
    yield figure(f"{what}, {TOGETHER} at a time", UNIT, batched)
    yield figure(f"{what}, largest difference of the two", "", [np.abs(found[1] - found[TOGETHER]).max()])


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def figure(name, unit, values):
    """As `run.py` takes it."""
    return {"name": name, "unit": unit, "values": [float(value) for value in values], "bar": None}
