"""CoDi with made-up weights (speed does not depend on their values): on a GPU in full size, else the toy on the CPU.

One command for whoever has a GPU: python tests/bench/run.py -o out/codi.jsonl --only codi
"""

import importlib.util
import math
import time
from pathlib import Path

import numpy as np
import torch
from see2sound_nodes.s2s_core.generate.codi import conditions, files, generator, sampler, windows
from see2sound_nodes.s2s_core.generate.codi.config import FULL
from see2sound_nodes.s2s_core.generate.codi.networks import Networks
from see2sound_nodes.s2s_core.generate.request import Request, Sampling
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture, Region

CODI = Path(__file__).parents[1] / "core" / "generate" / "codi"
GPU = torch.cuda.is_available()
PUBLISHED = "DDIM (as published)"
STEPS = 20 if GPU else 2  # on a CPU it is the ratio that counts
REGIONS = (1, 3, 5) if GPU else (1, 3)
SECONDS = 10.24 if GPU else 2.0


def bench_codi():
    """Seconds a region (10.24 s of sound on a GPU, 2 s on a CPU): ours, and the published way (one by one, float32,
    attention written out) at equal steps; then what the fewer steps of the default add."""
    size = "full size" if GPU else "toy size"
    kinds = ("float32", "float16") if GPU else ("float32",)
    for half in kinds:
        host, codi, twin = machine(half), generator.Codi(networks()), generator.Codi(networks())
        for count in REGIONS:
            asked = requests(count)
            ours, theirs = [], []
            for _ in range(4 if GPU else 3):  # the first one warms up
                ours.append(seconds(codi, asked, SECONDS, None, host) / count)
                theirs.append(seconds(one_by_one, twin, count) / count)
            what = f"codi: {size}, {half}, {count} regions"
            ratios = [b / a for a, b in zip(ours[1:], theirs[1:], strict=True)]
            bar = ">= 10" if GPU and count == 5 and half == "float16" else None
            yield figure(f"{what}, {STEPS} steps, one by one / ours", "x", ratios, bar)
            yield figure(f"{what}, UniPC {STEPS} steps, a region", "s", ours[1:])
        if GPU:
            calls = sampler.calls(PUBLISHED) / sampler.calls(generator.DEFAULT)
            yield figure(f"{what}, 500 steps one by one / ours by default", "x", [ratio * calls for ratio in ratios])
        if GPU:
            yield figure(f"codi: full size, {half}: peak on the card", "MB", [peak(codi, host)], "<= 4000")


def machine(half):
    """A runtime of a class of its own, whose half precision is `half`."""
    kind = type("Machine", (HeadlessRuntime,), {"half": half})
    return kind("cuda" if GPU else "cpu")


def networks():
    """The handle, with tensors made up in place of files."""
    tiny = module("tiny")
    config = FULL if GPU else tiny.TINY
    manifest = tiny.full_manifest() if GPU else tiny.SMALL["manifest"]
    parts = ("unet_audio", "vae_decoder", "vocoder", "clip_vision")
    torch.manual_seed(0)
    state = {
        key: torch.randn(shape) / math.sqrt(max(1, math.prod(shape[1:])))
        for part in parts
        for key, (shape, kind) in manifest[part].items()
        if kind.startswith("float")
    }
    made, place = Networks("codi", config), Path("made up")
    made._tensors = files.Tensors(state, dict.fromkeys(state, place), {place: "CoDi"})
    return made


def requests(count):
    picture = Picture(np.random.default_rng(0).random((256, 256, 3), np.float32))
    region = Region(np.ones((256, 256), bool))
    manner = Sampling(steps=STEPS)
    return [Request(picture, region, "", np.random.default_rng(n), sampling=manner) for n in range(count)]


def one_by_one(codi, count):
    """The published way, written anew: each region by itself, its embedding and gray's each time, two at a time through
    the UNet in float32 with the whole attention matrix in memory."""
    full = machine("float32")
    unet = codi.networks.unet(full).to(full.device)
    unet.inner.set_attn_processor(plain())
    for request in requests(count):
        with torch.inference_mode():
            seen = [generator._condition(request, None)]
            nets = codi.networks.conditioners(conditions.needed(seen), full)
            for network in nets.values():
                network.empty.clear()
            context = conditions.context(seen, nets, runtime=full).to(full.device)
            x = torch.from_numpy(sampler.start_noise(request.rng, windows.frames(SECONDS)))[None].to(full.device)
            advance = sampler.ddim(times := sampler.SAMPLERS[PUBLISHED].timesteps(STEPS))
            for t in times.tolist():
                nothing, given = unet(x.repeat(2, 1, 1, 1), t, context).chunk(2)
                x = advance(x, nothing + 7.5 * (given - nothing))
            codi._waves(x.cpu(), full)
    from diffusers.models.attention_processor import AttnProcessor2_0

    unet.inner.set_attn_processor(AttnProcessor2_0())


def plain():
    from diffusers.models.attention_processor import AttnProcessor

    return AttnProcessor()


def peak(codi, host):
    host.release()
    torch.cuda.reset_peak_memory_stats()
    codi(requests(1), SECONDS, None, host)
    return torch.cuda.max_memory_allocated() / 1e6


def seconds(function, *arguments):
    """Wall time of one call; a card has then finished too."""
    start = time.perf_counter()
    function(*arguments)
    if GPU:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def module(name):
    spec = importlib.util.spec_from_file_location(name, CODI / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def figure(name, unit, values, bar=None):
    """As `run.py` takes it."""
    return {"name": name, "unit": unit, "values": [float(value) for value in values], "bar": bar}
