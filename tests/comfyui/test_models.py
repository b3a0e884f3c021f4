"""Trained models inside the genuine engine: loading, letting go, loading again, and Cancel in the middle."""

from __future__ import annotations

import time

import pytest

from . import weights
from .client import Client, Graph
from .server import Server

pytestmark = pytest.mark.comfyui

MB = 1 << 20
VIT_B = 357 * MB  # 93.7 million numbers of four bytes
CANCEL_SECONDS = 15.0  # one batch of prompts takes 2 to 5 s on two busy cores; a whole run takes minutes


def graph(points: int, model: str = "SAM ViT-B") -> Graph:
    """A picture's regions, as a picture."""
    return {
        "1": {"class_type": "S2S_LoadSample", "inputs": {"picture": "coffee"}},
        "2": {"class_type": "S2S_LoadSegmenter", "inputs": {"model": model}},
        "3": {
            "class_type": "S2S_SegmentImage",
            "inputs": {
                "segmenter": ["2", 0],
                "image": ["1", 0],
                "count": 3,
                "mode": "distinct",
                "background": True,
                "points": points,
            },
        },
        "4": {"class_type": "S2S_ExportRegions", "inputs": {"regions": ["3", 0]}},
        "5": {"class_type": "MaskToImage", "inputs": {"mask": ["4", 0]}},
        "6": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
    }


def test_memory_goes_down_when_models_are_let_go_and_up_when_they_are_used_again(server: Server):
    client = server.client
    client.forget_results()
    before = server.memory
    assert client.run(graph(2)).succeeded
    loaded = server.memory
    assert loaded - before > VIT_B * 0.8, f"{(loaded - before) / MB:.0f} MB more"
    assert client.run(graph(3)).succeeded  # another question, the same network: it is not read again
    assert server.memory - loaded < VIT_B / 2

    client.post("/free", {"unload_models": True})
    outcome = client.run(graph(2))
    assert outcome.succeeded, "a model that was unloaded is used again"

    client.forget_results()
    limit = time.monotonic() + 30
    while server.memory > loaded - VIT_B * 0.8 and time.monotonic() < limit:  # it is freed a moment after the prompt
        time.sleep(0.2)
    freed = server.memory
    assert freed < loaded - VIT_B * 0.8, f"{(loaded - freed) / MB:.0f} MB less"
    assert client.run(graph(2)).succeeded
    assert server.memory - freed > VIT_B * 0.8
    told = {"before": before, "loaded": loaded, "freed": freed, "again": server.memory}
    print("MB:", {when: size // MB for when, size in told.items()})


def test_cancel_is_heard_within_a_batch_of_prompts(client: Client):
    client.forget_results()
    began = time.monotonic()
    assert client.run(graph(1)).succeeded
    encoding = time.monotonic() - began  # and hardly more: a single prompt follows
    client.forget_results()
    prompt = client.submit(graph(64))
    while prompt not in client.running():
        time.sleep(0.05)
    time.sleep(1.5 * encoding + 5)  # past the image encoder, into 256 batches of prompts
    assert prompt in client.running()
    asked = time.monotonic()
    client.post("/interrupt", {})
    outcome = client.wait(prompt, seconds=120)
    waited = time.monotonic() - asked
    assert "execution_interrupted" in outcome.events and waited < CANCEL_SECONDS, waited
    print(f"cancel was heard after {waited:.1f} s")


def test_codi_makes_a_sound_for_each_mask_and_can_be_stopped(server: Server):
    weights.write_codi(server.base / "models")
    prompt = {
        "1": {"class_type": "S2S_LoadSample", "inputs": {"picture": "coffee"}},
        "2": {"class_type": "S2S_ImportRegions", "inputs": {"mask": ["1", 1]}},
        "3": {"class_type": "S2S_LoadGenerator", "inputs": {"model": "CoDi"}},
        "4": {
            "class_type": "S2S_GenerateAudio",
            "inputs": {
                "generator": ["3", 0],
                "regions": ["2", 0],
                "image": ["1", 0],
                "prompts": "",
                "seconds": 1.0,
                "seed": 0,
                "steps": 2,
            },
        },
        "5": {"class_type": "PreviewAudio", "inputs": {"audio": ["4", 0]}},
        "6": {"class_type": "PreviewAny", "inputs": {"source": ["4", 1]}},
    }
    outcome = server.client.run(prompt)
    assert outcome.succeeded, outcome.events
    prompt["4"]["inputs"] |= {"seconds": 30.0, "steps": 50}  # minutes
    started = server.client.submit(prompt)
    while started not in server.client.running():
        time.sleep(0.05)
    time.sleep(8)
    asked = time.monotonic()
    server.client.post("/interrupt", {})
    outcome = server.client.wait(started, seconds=120)
    waited = time.monotonic() - asked
    assert "execution_interrupted" in outcome.events and waited < CANCEL_SECONDS, waited
    print(f"cancel within a step of CoDi was heard after {waited:.1f} s")


def test_a_missing_model_says_how_to_get_it(client: Client):
    outcome = client.run(graph(2, "SAM ViT-H"))
    message = outcome.events["execution_error"]["exception_message"]
    for words in ("sam-vit-h is not on this machine", "sam_vit_h_4b8939.pth", "2565 MB", "s2s models fetch sam-vit-h"):
        assert words in message
