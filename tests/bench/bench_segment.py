"""Segment: Segment Anything ViT-B with made-up weights (speed and memory do not depend on their values) on the CPU."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment import attention, automatic, sam
from segment_anything import SamAutomaticMaskGenerator, sam_model_registry
from segment_anything.modeling.image_encoder import Attention

RUNTIME = HeadlessRuntime("cpu")
SIZES = {"512 px": (512, 512), "1080p": (1080, 1920), "4K": (2160, 3840)}
KEEP = automatic.Limits(predicted_iou=-1e9, stability=0.0, overlap=0.7)  # every mask is drawn: the dearest case


def bench_attention():
    """One global-attention block of ViT-B: 4096 tokens, 12 heads of 64."""
    torch.manual_seed(0)
    plain = Attention(768, 12, use_rel_pos=True, input_size=(64, 64))
    fused = attention.FusedAttention(768, 12, use_rel_pos=True, input_size=(64, 64))
    fused.load_state_dict(plain.state_dict())
    x = torch.randn(1, 64, 64, 768)
    with torch.inference_mode():
        pairs = [(cpu_seconds(fused, x), cpu_seconds(plain, x)) for _ in range(6)][1:]
    yield figure("global attention, plain / fused", "x", [b / a for a, b in pairs])


def bench_encoder():
    """The whole image encoder, in turns with the package's own attention."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = networks(Path(folder))
    x = torch.randn(1, 3, 1024, 1024)
    with torch.inference_mode():
        pairs = [(cpu_seconds(ours.image_encoder, x), cpu_seconds(theirs.image_encoder, x)) for _ in range(4)][1:]
    yield figure("ViT-B image encoder, package / ours", "x", [b / a for a, b in pairs])
    yield figure("ViT-B image encoder, ours", "CPU s", [a for a, _ in pairs])
    pixels = picture(SIZES["512 px"])
    predictor = sam.Predictor(ours, KEEP)
    seen = predictor.encode(pixels, RUNTIME)
    spent = [cpu_seconds(prompts, predictor, seen, 64) for _ in range(3)]
    yield figure("ViT-B, 64 prompts with their 192 masks drawn", "CPU s", spent)


def bench_memory():
    """Peak memory above the loaded network, each in a process of its own: one picture, 16 prompts, every mask drawn."""
    for name in SIZES:
        yield figure(f"ViT-B, ours, {name}: peak above the network", "MB", [in_a_process("ours", name)])
    for name in ("512 px", "1080p"):
        yield figure(f"ViT-B, package, {name}: peak above the network", "MB", [in_a_process("package", name)])


def networks(folder):
    """Ours, read from a file as a user's is, and the package's own."""
    torch.manual_seed(0)
    theirs = sam_model_registry["vit_b"]().eval().requires_grad_(False)
    torch.save(theirs.state_dict(), folder / "sam_vit_b_01ec64.pth")
    return sam.load("SAM ViT-B", folder / "sam_vit_b_01ec64.pth"), theirs


def prompts(predictor, seen, count):
    found = automatic.Masks(SIZES["512 px"], [], [], [], [])
    for batch in automatic.grid(8)[:count].split(16):
        for logits, scores in zip(*predictor.predict(seen, batch), strict=True):
            automatic._keep(found, predictor, seen, logits, scores)


def picture(size):
    return np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)


def cpu_seconds(function, *arguments):
    """CPU time of one call, all threads."""
    start = time.process_time()
    with torch.inference_mode():
        function(*arguments)
    return time.process_time() - start


def in_a_process(which, name):
    """MB that `__main__` below tells."""
    done = subprocess.run([sys.executable, __file__, which, name], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def memory(line):
    """A line of /proc/self/status, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{line}:")[1].split()[0]) * 1024 / 1e6


def figure(name, unit, values, bar=None):
    """As `run.py` takes it."""
    return {"name": f"segment: {name}", "unit": unit, "values": [float(value) for value in values], "bar": bar}


if __name__ == "__main__":
    which, size = sys.argv[1], SIZES[sys.argv[2]]
    with tempfile.TemporaryDirectory() as folder:
        network = networks(Path(folder))[which == "package"]
    pixels = picture(size)
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = memory("VmRSS")
    with torch.inference_mode():
        if which == "ours":
            small = size if max(size) <= automatic.LONG_SIDE else automatic.scaled(size, automatic.LONG_SIDE)
            automatic.masks(sam.Predictor(network, KEEP), pixels, small, RUNTIME, 4)
        else:
            keep = {"pred_iou_thresh": 0.0, "stability_score_thresh": 0.0}
            SamAutomaticMaskGenerator(network, points_per_side=4, **keep).generate(pixels)
    print(json.dumps(memory("VmHWM") - before))
