"""AViTAR and VIDA on weights grown from the names of the published entries, and what the authors' own code made of
them."""

import gzip
import importlib.util
import json
import math
import zipfile
from argparse import Namespace
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.errors import WeightsError
from see2sound_nodes.s2s_core.evaluate.avitar import dereverb, files, keys, network
from see2sound_nodes.s2s_core.evaluate.avitar.config import read_off
from see2sound_nodes.s2s_core.models.weights import build

DATA = Path(__file__).parents[3] / "data"
GOLDEN = json.loads((DATA / "avitar" / "golden.json").read_text())
SETTINGS = Namespace(decoder_residual_layers=0, use_visual_pe=True, lr=0.0002)

spec = importlib.util.spec_from_file_location("fill_weights", DATA / "fill_weights.py")
grown = importlib.util.module_from_spec(spec)
spec.loader.exec_module(grown)


@cache
def arrays():
    with np.load(DATA / "avitar" / "golden.npz") as file:
        return {name: file[name] for name in file.files}


@cache
def manifest(name):
    """{published key: shape}: "avitar", "vida", "avitar_ignored", or a fixture such as "tiny"."""
    with gzip.open(DATA / "avitar" / "keys.json.gz", "rt") as file:
        held = json.load(file)
    entries = (held["fixtures"].get(name) or held[name])["keys"]
    return {key: tuple(shape) for key, (shape, _) in entries.items()}


def grow(key, shape):
    """The float32 stand-in for an entry; None for one that is made, not learned."""
    if key.endswith((".pe", "num_batches_tracked")):
        return None
    noise = grown.noise(key, shape)
    if key.endswith(".running_var"):
        value = 1 + 0.2 * noise
    elif key.endswith(".weight_g"):
        value = 1 + 0.1 * noise
    elif len(shape) >= 2:
        gain = {"cnn": GOLDEN["gain"]["avitar"]["cnn."], "audio_net": GOLDEN["gain"]["vida"]}
        value = gain.get(key.split(".")[0], GOLDEN["gain"]["avitar"]["conformer."]) * noise
        value = value / math.sqrt(math.prod(shape[1:]))
    else:
        value = grown.fill(key, shape)
    return value.astype(np.float32)


def state(name):
    """Everything that the published file of this network holds, by key; sinusoid tables of 2 rows."""
    found = {}
    for key, shape in manifest(name).items():
        value = grow(key, shape)
        if key.endswith(".pe"):
            found[key] = torch.zeros(1, 2, shape[-1])
        elif value is None:
            found[key] = torch.tensor(7)
        else:
            found[key] = torch.from_numpy(value)
    return found


def built(name, **changes):
    """AViTAR of a fixture's size, or "avitar" itself; `changes` are fields of its `Config` to be overruled."""
    held = keys.folded(_needed(name))
    config = replace(read_off(held, "made up"), **changes)
    return build(lambda: network.Network(config), keys.without_tables(held), "made up", "AViTAR")


def built_dry():
    """VIDA."""
    return build(dereverb.Dereverb, _needed("vida"), "made up", "VIDA")


def publish(folder, matching="tiny", **more):
    """The archive in `folder` / see2sound / avitar, of a toy AViTAR and of VIDA, with what real ones have beside."""
    place = folder / "see2sound" / "avitar"
    place.mkdir(parents=True, exist_ok=True)
    rest = {key: torch.ones(1) for key in list(manifest("avitar_ignored"))[:5]}
    contents = {
        files.MATCHING.member: {"state_dict": state(matching) | rest | more, "hparams": SETTINGS},
        files.DEREVERB.member: {"predictor": state("vida"), "epoch": 3},
    }
    path = place / "pretrained-models.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pretrained-models/am/avitar/best_val.ckpt", b"another one")
        for name, content in contents.items():
            with archive.open(name, "w") as file:
                torch.save(content, file)
    return path


def picture_pixels(height, width):
    """uint8 [height, width, 3], of whole-number arithmetic only."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    planes = []
    for c in range(3):
        wave = np.abs((2 * x + 3 * y + 37 * c) % 380 - 190) * 2 + np.abs((5 * x - 4 * y + 61 * c) % 260 - 130)
        planes.append((wave + np.where((x // 48 + y // 40 + c) % 3 == 0, 40, 0)) // 2)
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)


def wave(samples):
    """float32 [samples] at 16 kHz: a swelling chirp, pings, soft noise."""
    t = np.arange(samples) / 16000
    x = 0.45 * np.sin(2 * np.pi * (180 * t + 260 * t * t)) * (0.5 - 0.5 * np.cos(2 * np.pi * 3.1 * t))
    x += 0.2 * np.sin(2 * np.pi * 1250 * t) * np.exp(-6 * np.mod(t, 0.37))
    bits = np.random.PCG64(1000).random_raw(samples)
    x += 0.03 * (2.0 * ((bits >> np.uint64(11)) * 2.0**-53) - 1.0)
    return x.astype(np.float32)


def error(found, name):
    """The largest difference from a golden array; `found` is the whole tensor."""
    found = np.asarray(found)[tuple(slice(None, None, stride) for stride in GOLDEN["strides"][name])]
    assert found.shape == arrays()[name].shape, f"{found.shape} instead of {arrays()[name].shape}"
    return float(np.abs(found - arrays()[name]).max())


def refused(call, *words, kind=WeightsError):
    with pytest.raises(kind) as raised:
        call()
    message = str(raised.value)
    assert "\n" not in message and all(str(word) in message for word in words), message
    return message


def _needed(name):
    return {key: value for key, value in state(name).items() if keys.needed(key)}
