"""CoDi's files: any of the published four, whole or half precision, or the folder that `s2s models convert codi` makes.

Published files are flat and were always read one over the other, so where two hold a tensor the later one counts. They
hold five times what sound needs: everything stays mapped from the file until a part asks for it, and each part takes
exactly its own. What a part wants is held against the published names, whichever layout its tensors came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError, WeightsError
from ...models import weights
from . import keys

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Part:
    """One network of CoDi.

    `name` as messages call it; `source` the catalogue's file that should hold it; `file` where it lies in the converted
    folder. Its tensors are those whose published keys `pattern` matches from the start. The stock module that stands
    for it calls them by what follows `stem`, as `modules` renames it, and `pointwise` weights lose two axes there.
    """

    name: str
    source: str
    file: str
    stem: str
    pattern: str
    modules: Mapping[str, str] = field(default_factory=dict)
    pointwise: tuple[str, ...] = ()

    def owns(self, key: str) -> bool:
        return re.match(self.pattern, key) is not None

    def stock(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Tensors under published keys -> under those of the stock module; views, not copies."""
        bare = {key.removeprefix(self.stem): value for key, value in state.items()}
        return {
            keys.renamed(key, self.modules): value[..., 0, 0] if key in self.pointwise and value.ndim == 4 else value
            for key, value in bare.items()
        }

    def published(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The way back."""
        back = keys.inverse(self.modules)
        bare = {keys.renamed(key, back): value for key, value in state.items()}
        return {
            self.stem + key: value[..., None, None] if key in self.pointwise and value.ndim == 2 else value
            for key, value in bare.items()
        }


UNET = Part(
    name="audio UNet",
    source="codi-audio",
    file="unet/diffusion_pytorch_model.safetensors",
    stem="model.diffusion_model.unet_audio.",
    # Connecters tie it to the other diffusers, when several media are made at once.
    pattern=r"model\.diffusion_model\.unet_audio\.(?!connecters_out\.|(input|output)_block_connecters_in\.)",
    modules=keys.UNET,
)
VAE = Part(
    name="VAE decoder",
    source="codi-encoders",
    file="vae/diffusion_pytorch_model.safetensors",
    stem="audioldm.",
    pattern=r"audioldm\.(decoder|post_quant_conv)\.",
    modules=keys.VAE,
    pointwise=keys.POINTWISE,
)
VOCODER = Part(
    name="vocoder",
    source="codi-encoders",
    file="vocoder/model.safetensors",
    stem="audioldm.vocoder.",
    pattern=r"audioldm\.vocoder\.",
    modules=keys.VOCODER,
)
CLIP = Part(
    name="CLIP",
    source="codi-encoders",
    file="clip/model.safetensors",
    stem="clip.model.",
    pattern=r"clip\.model\.(?!.*\.(temporal_self_attn\.|position_ids$))",  # transformers has no position_ids any more
)
CLIP_VISION = replace(
    CLIP,
    name="CLIP image encoder",
    pattern=r"clip\.model\.(visual_projection\.|vision_model\.(?!.*\.(temporal_self_attn\.|position_ids$)))",
)
CLIP_TEXT = replace(
    CLIP, name="CLIP text encoder", pattern=r"clip\.model\.(text_projection\.|text_model\.(?!.*\.position_ids$))"
)
CLIP_TEMPORAL = replace(
    CLIP,
    name="CLIP temporal blocks",
    file="clip_temporal/model.safetensors",
    pattern=r"clip\.model\.vision_model\..*\.temporal_self_attn\.",
)
PARTS = (UNET, VAE, VOCODER, CLIP, CLIP_TEMPORAL)
"""One for each file of the converted folder. Only videos need the last; no one knows which published file has it."""

# What a file of CoDi may hold, needed for sound or not: how its keys start -> in words.
HELD = {
    **{part.pattern: f"the {part.name}" for part in (UNET, VAE, VOCODER, CLIP_VISION, CLIP_TEXT, CLIP_TEMPORAL)},
    r"audioldm\.encoder\.": "the VAE encoder",
    r"model\.diffusion_model\.unet_image\.": "the image or video diffuser",
    r"model\.diffusion_model\.unet_text\.": "the text diffuser",
    r"autokl\.": "the image VAE",
    r"optimus\.": "Optimus",
    r"clap\.": "CLAP",
}

# What people mistake for it -> how its keys give it away.
FAMILIES = {
    "a Stable Diffusion checkpoint": r"^(model\.diffusion_model\.input_blocks|first_stage_model|cond_stage_model)\.",
    "a UNet in diffusers' layout": r"^(down_blocks|mid_block)\.",
    "a VAE in diffusers' layout": r"^decoder\.(mid_block|up_blocks)\.",
    "SAM 2 (Segment Anything 2)": r"^memory_encoder\.|^image_encoder\.trunk\.",
    "SAM (Segment Anything)": r"^mask_decoder\.|\.mask_decoder\.",
    "Depth Anything": r"^depth_head\.|^backbone\.encoder\.layer\.",
    "CLIP alone": r"^(vision_model|text_model)\.|^visual\.|^transformer\.resblocks\.",
    "a vocoder alone": r"^(conv_pre|upsampler|ups)\.",
    "a LoRA": r"lora_(A|B|up|down)\.|^lora_",
}
LIBRARY = ("diffusers", "diffusers", "CoDi")  # what `libraries.need` is asked for
NEEDED = "the files of codi-encoders and codi-audio are needed"


@dataclass(frozen=True, eq=False)
class Tensors:
    """What files hold of CoDi's audio path: `state` by published key, `origin` the file of each key, `held` what each
    file is, in words. All of it stays mapped from the files until a network is filled."""

    state: Mapping[str, torch.Tensor] = field(repr=False)
    origin: Mapping[str, Path] = field(repr=False)
    held: Mapping[Path, str]

    def of(self, part: Part) -> dict[str, torch.Tensor]:
        """The tensors of `part` that are here, by published key; it may be none, or not all."""
        return {key: value for key, value in self.state.items() if part.owns(key)}


def gather(paths: Iterable[Path]) -> Tensors:
    """What the files at `paths` hold of CoDi's audio path, merged by key: the last file wins.

    Any of the published files, in any order and number, whole or half precision, and folders as `s2s models convert`
    makes them. What sound does not need is passed over. Raises InputError where there is no file, WeightsError for a
    file that is damaged or has nothing of CoDi.
    """
    state, origin, held = {}, {}, {}
    for path in _files(paths):
        found = _read(path)
        held[path] = ", ".join(words for start, words in HELD.items() if any(re.match(start, key) for key in found))
        if not held[path]:
            raise WeightsError(f"{path} holds {_family(found)}; {NEEDED}: choose another file")
        ours = {key: value for key, value in found.items() if _wanted(key)}
        state |= ours
        origin |= dict.fromkeys(ours, path)
    if not held:
        raise InputError(f"no file of CoDi is given; {NEEDED}")
    return Tensors(state, origin, held)


def build(tensors: Tensors, part: Part, make: Callable[[], torch.nn.Module], half: str = "float32") -> torch.nn.Module:
    """The network that `make` constructs, filled with exactly the tensors of `part`, in the number type `half`.

    Raises WeightsError when the part is in none of the files, or when tensors of it are missing, too many or misshapen:
    these by their published names.
    """
    state, where = _present(tensors, part)
    return weights.build(make, part.stock(state), where, f"CoDi's {part.name}", half, part.published)


def check(tensors: Tensors, part: Part, network: torch.nn.Module) -> None:
    """Raise WeightsError as `build` does, unless `tensors` holds what `part` of `network`, or all of it, needs."""
    state, where = _present(tensors, part)
    wanted = {key: value for key, value in part.published(network.state_dict()).items() if part.owns(key)}
    weights.fit(wanted, state, where, f"CoDi's {part.name}")


def _present(tensors: Tensors, part: Part) -> tuple[dict[str, torch.Tensor], str]:
    """The tensors of a part, and the files that they are from."""
    state = tensors.of(part)
    if not state:
        holds = "; ".join(f"{path} holds {what}" for path, what in tensors.held.items())
        raise WeightsError(
            f"CoDi's {part.name} is in none of the files: {holds}; add the file of {part.source}, or fetch it again"
        )
    return state, " with ".join(dict.fromkeys(str(tensors.origin[key]) for key in state))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are; of a folder, those that conversion writes."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        there = [path / part.file for part in PARTS if (path / part.file).is_file()]
        if not there:
            raise InputError(
                f"{path} is a folder without {', '.join(part.file for part in PARTS[:-1])}, which 's2s models convert "
                "codi' makes: name the published files themselves"
            )
        yield from there


def _read(path: Path) -> dict[str, torch.Tensor]:
    """All that a file holds, by published key. A converted file is told by its place: many models have its keys."""
    part = next((part for part in PARTS if path.parts[-2:] == tuple(part.file.split("/"))), None)
    return part.published(weights.read(path)) if part else weights.read(path, _wanted)


def _wanted(key: str) -> bool:
    return any(part.owns(key) for part in PARTS)


def _family(names: Iterable[str]) -> str:
    names = sorted(names)
    told = "\n".join(names)
    family = next((family for family, tell in FAMILIES.items() if re.search(tell, told, re.MULTILINE)), None)
    return family or f"something unknown ({len(names)} tensors, such as {', '.join(names[:2])})"
