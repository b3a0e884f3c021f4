"""CoDi's files as a folder that diffusers and transformers open without this package: one network a folder, only what
sound needs, in the number type the files have, as safetensors.

    codi/unet           diffusers.UNet2DConditionModel      (without the skip that `unet.py` speaks of)
    codi/vae            diffusers.AutoencoderKL             (only its decoder: nothing here encodes)
    codi/vocoder        transformers.SpeechT5HifiGan
    codi/clip           transformers.CLIPModel
    codi/clip_temporal  for videos, where a file has it; no library knows this one
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from ...files import whole_set
from ...folders import VARIABLE
from ...models import libraries, store, weights
from ...models.catalog import CATALOG, WeightFile
from ...runtime import Runtime
from . import files
from .config import FULL, Config

if TYPE_CHECKING:
    from torch import nn

SETS = {"codi": ("codi-encoders", "codi-audio"), "codi-fp16": ("codi-encoders-fp16", "codi-audio-fp16")}
"""A folder's name -> the catalogue's files that it is made of."""


def find(name: str, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG) -> tuple[Path, ...]:
    """What to `files.gather` for the set `name`: its folder where conversion has made one, else the published files.

    Raises MissingModelError when one of these is not on this machine.
    """
    folders = (folder / name for folder in _folders(name, runtime, catalog))
    needed = [part.file for part in files.PARTS if part is not files.CLIP_TEMPORAL]
    here = next((folder for folder in folders if all(store.is_file(folder / file) for file in needed)), None)
    return (here,) if here else tuple(store.find(source, runtime, catalog) for source in SETS[name])


def convert(
    name: str, runtime: Runtime, catalog: Mapping[str, WeightFile] = CATALOG, config: Config = FULL
) -> Iterator[Path]:
    """Write the folder of the set `name` into the first place for such files, all of it or nothing; yields the files.

    Raises MissingModelError, WeightsError when something is incomplete, InputError when the folder is there already or
    when there is no place for it.
    """
    sources = [store.find(source, runtime, catalog) for source in SETS[name]]
    places = _folders(name, runtime, catalog)
    if not places:
        raise InputError(f"there is no folder for {name}: {VARIABLE} names one")
    tensors = files.gather(sources)
    with runtime.progress(f"convert {name}", len(files.PARTS)) as bar:
        yield from write(tensors, places[0] / name, config, bar.step)


def write(
    tensors: files.Tensors, folder: Path, config: Config = FULL, step: Callable[[], None] = lambda: None
) -> Iterator[Path]:
    """Write what `tensors` holds into `folder`; otherwise as `convert`. `step` is called after each network."""
    for part in files.PARTS:
        if (there := folder / part.file).parent.exists():
            raise InputError(f"{there.parent} exists already: remove it, or go on with it")
    networks = stock(config)
    for part, network in networks.items():
        files.check(tensors, part, network)
    described = {part.file: network for part, network in networks.items()}
    written = []
    with whole_set(folder) as place:
        for part in files.PARTS:
            state = part.stock(tensors.of(part))
            if state:
                weights.save(place / part.file, state)
                written.append(folder / part.file)
            if part.file in described:
                _describe(described[part.file], (place / part.file).parent)
            step()
    yield from written


def stock(config: Config) -> dict[files.Part, nn.Module]:
    """The libraries' own networks of these sizes, by the part that each holds or is; without memory."""
    import torch
    from transformers import CLIPConfig, CLIPModel

    from .vocoder import network

    diffusers = libraries.need(*files.LIBRARY)
    with torch.device("meta"):
        clip = CLIPModel(
            CLIPConfig(
                vision_config=dict(config.vision), text_config=dict(config.text), projection_dim=config.projection
            )
        )
        return {
            files.UNET: diffusers.UNet2DConditionModel(**config.unet),
            files.VAE: diffusers.AutoencoderKL(**config.vae),
            files.VOCODER: network(config),
            files.CLIP_VISION: clip,
            files.CLIP_TEXT: clip,
        }


def _describe(network: nn.Module, folder: Path) -> None:
    """Write config.json, in the words of the network's own library."""
    if hasattr(network, "save_config"):  # diffusers
        network.save_config(folder)
    else:
        network.config.save_pretrained(folder)


def _folders(name: str, runtime: Runtime, catalog: Mapping[str, WeightFile]) -> tuple[Path, ...]:
    return runtime.model_folders(store.entry(SETS[name][0], catalog).folder)


CONVERTERS = {name: partial(convert, name) for name in SETS}
"""For `s2s models convert`."""
