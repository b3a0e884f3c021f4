"""A CoDi of toy size, on weights grown from the names of the published entries; and what the reference made of it."""

import gzip
import importlib.util
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.errors import WeightsError
from see2sound_nodes.s2s_core.generate.codi.config import config
from see2sound_nodes.s2s_core.generate.codi.files import UNET, Tensors

DATA = Path(__file__).parents[3] / "data"
CODI = DATA / "codi"
SMALL = json.loads((CODI / "golden_small.json").read_text())
SIZES = SMALL["config"]

spec = importlib.util.spec_from_file_location("fill_weights", DATA / "fill_weights.py")
grown = importlib.util.module_from_spec(spec)
spec.loader.exec_module(grown)


def _clip(part):
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "patch_size")
    return {name: SIZES["clip"][part][name] for name in names if name in SIZES["clip"][part]}


TINY = config(
    unet_width=SIZES["unet"]["model_channels"],
    heads=SIZES["unet"]["num_heads"],
    projection=SIZES["clip"]["projection_dim"],
    vae_width=SIZES["vae"]["ch"],
    vocoder_width=SIZES["vocoder"]["upsample_initial_channel"],
    vision=_clip("vision"),
    text=_clip("text"),
    temporal_hidden=SIZES["clip"]["vision"]["hidden_size"] // 2,
)
PUBLISHED = {
    "CoDi_encoders.pth": (
        "vae_encoder",
        "vae_decoder",
        "vocoder",
        "clip_text",
        "clip_vision",
        "clip_temporal",
        "other",
    ),
    "CoDi_audio_diffuser_m.pth": ("unet_audio",),
}
"""Which parts of the manifest the two files hold."""


def golden(name):
    """Arrays of the reduced reference as tensors: `golden("unet")` -> {"x": ..., "t": ..., "context": ..., "eps": ...}.
    Names that share another's array resolve."""
    return _group(_arrays("golden_small.npz"), name, SMALL["aliases"])


def golden_full(name):
    """As `golden`, of the full-size reference."""
    return _group(_arrays("golden_full.npz"), name, {})


@cache
def full_manifest():
    """{part: {key: [shape, number type]}} of the published sizes."""
    with gzip.open(CODI / "keys_full.json.gz", "rt") as file:
        return json.load(file)


def state(*parts, manifest=SMALL["manifest"], salt=SMALL["salt"]):
    """Synthetic weights under the reference's full keys, for parts of the manifest: unet_audio, vae_decoder,
    vae_encoder, vocoder, clip_vision, clip_text, clip_temporal, other; `buffers` are zeros of their own types."""
    found = {}
    for part in parts:
        for key, (shape, kind) in manifest[part].items():
            kind = getattr(torch, kind)
            plain = part == "buffers"
            found[key] = torch.zeros(shape, dtype=kind) if plain else torch.from_numpy(grown.fill(key, shape, salt))
    return found


def checkpoint(path, *parts, half=False, **more):
    """Write a checkpoint as the publisher does: a flat pickle of `parts` and of `more` tensors by key. Without parts:
    those that the published file of this name holds. Returns `path`."""
    tensors = {**state(*(parts or PUBLISHED[Path(path).name])), **more}
    if half:
        tensors = {key: value.half() if value.is_floating_point() else value for key, value in tensors.items()}
    torch.save(tensors, path)
    return path


def tensors(*parts, half=False, **more):
    """What `files.gather` would make of a checkpoint of `parts` (default: all of both files) and `more`."""
    everything = state(*(parts or [part for file in PUBLISHED.values() for part in file]))
    found = {key: value.half() if half else value for key, value in everything.items()} | more
    return Tensors(found, dict.fromkeys(found, Path("CoDi.pth")), {Path("CoDi.pth"): "CoDi"})


def publish(folder):
    """The two files in `folder`, with what real ones have beside."""
    more = {"optimus.decoder.x": torch.ones(3), "autokl.encoder.x": torch.ones(3), "clap.model.x": torch.ones(3)}
    connecters = ("connecters_out.0.0.weight", "input_block_connecters_in.1.x", "output_block_connecters_in.1.x")
    loose = {UNET.stem + key: torch.ones(2) for key in connecters}
    encoders, audio = (folder / name for name in PUBLISHED)
    checkpoint(encoders, *PUBLISHED[encoders.name], "buffers", **more)
    checkpoint(audio, **loose)
    return encoders, audio


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one
    )


def refused(call, *words, kind=WeightsError):
    with pytest.raises(kind) as error:
        call()
    message = str(error.value)
    assert "\n" not in message and all(str(word) in message for word in words), message
    return message


def error(found, wanted):
    """The largest difference, in units of the largest value wanted."""
    found, wanted = torch.as_tensor(found).double(), torch.as_tensor(wanted).double()
    assert found.shape == wanted.shape, f"{list(found.shape)} instead of {list(wanted.shape)}"
    return float((found - wanted).abs().max() / wanted.abs().max())


@cache
def _arrays(name):
    with np.load(CODI / name) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def _group(arrays, name, aliases):
    arrays = arrays | {alias: arrays[key] for alias, key in aliases.items()}
    found = {key.removeprefix(f"{name}."): value for key, value in arrays.items() if key.startswith(f"{name}.")}
    return {key: value.clone() for key, value in found.items()}
