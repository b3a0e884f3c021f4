"""How large the parts of an AViTAR network are, read off the tensors of its file."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import WeightsError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

HEAD = 64  # numbers of a cross-attention head, in every size
WIDENED = 8  # channels of a picture's tokens for one of the trunk's first map


@dataclass(frozen=True)
class Config:
    """Numbers of channels, heads and layers. The published network is the default.

    `trunk` channels of the picture's first map; `channels` of the sound's, which doubles at each of `ratios`, by which
    time shrinks. `encoder_blocks` and `decoder_blocks` are the residual blocks after each ratio. `kernel` of the
    depthwise convolution. `places` tells whether the picture's tokens know where they are.
    """

    trunk: int = 64
    layers: int = 4
    heads: int = 8
    cross_heads: int = 8
    kernel: int = 31
    channels: int = 32
    ratios: tuple[int, ...] = (8, 4, 2, 2)
    encoder_blocks: int = 0
    decoder_blocks: int = 0
    places: bool = True

    @property
    def width(self) -> int:
        """Numbers of a token."""
        return self.trunk * WIDENED


LAYER = r"conformer\.encoder\.layers\.(\d{1,4})\."
VISUAL = "visual_pe.pe"
"""Table of the places in the picture, which each layer has, or none."""

SETTINGS = {
    "num_encoder_layers": "layers",
    "conv_kernel_size": "kernel",
    "ngf": "channels",
    "ratios": "ratios",
    "encoder_residual_layers": "encoder_blocks",
    "decoder_residual_layers": "decoder_blocks",
    "use_visual_pe": "places",
}
"""What training calls a field of `Config`."""

ANCHORS = {
    "image": "cnn.0.weight",
    "heads": "conformer.encoder.layers.0.sequential.1.module.attention.u_bias",
    "cross": "conformer.encoder.layers.0.sequential.2.module.attention.to_q.weight",
    "depthwise": "conformer.encoder.layers.0.sequential.3.module.sequential.4.conv.weight",
    "sound": "conformer.audio_encoder.model.1.bias",
}
"""Tensors that tell a size, by what they tell."""
AXES = {"image": 4, "heads": 2, "cross": 2, "depthwise": 3, "sound": 1}
LONGEST = 4096  # of each of these axes
MOST = {"layers": 64, "encoder_blocks": 64, "decoder_blocks": 64, "number of ratios": 8}
"""Far beyond what is published; a small file can claim any number."""


def read_off(state: Mapping[str, torch.Tensor], path: Path | str) -> Config:
    """The sizes of the network in the file at `path`; `state` is what it holds, weight norm folded.

    Raises WeightsError when it is another network, or one that looks at depth as well as colours. Whether everything is
    there is not asked here.
    """
    absent = [key for key in ANCHORS.values() if key not in state]
    strided, upward = (_convolutions(state, f"conformer.{part}.model.") for part in ("audio_encoder", "decoder"))
    if absent or len(strided) < 2 or not upward:
        names = ", ".join(sorted(state)[:2])
        raise WeightsError(
            f"{path} holds something other than AViTAR ({len(state)} tensors, such as {names}); the file "
            "avspeech/avitar/best_val.ckpt is needed: choose another file"
        )
    shapes = {what: tuple(state[key].shape) for what, key in ANCHORS.items()}
    kernels = {f"the sound's convolution {place}": tuple(strided[place].shape) for place in sorted(strided)[1:]}
    for what, shape in (shapes | kernels).items():
        axes = AXES.get(what, 3)
        if len(shape) != axes or not all(1 <= length <= LONGEST for length in shape):
            raise WeightsError(
                f"{path} is not AViTAR: {ANCHORS.get(what, what)} is {list(shape)}; needed are {axes} axes "
                f"of 1 to {LONGEST}: choose another file"
            )
    if shapes["image"][1] != 3:
        raise WeightsError(
            f"{path} holds an AViTAR that looks at {shapes['image'][1]} planes, depth among them; one for red, green "
            "and blue is needed: choose avspeech/avitar/best_val.ckpt"
        )
    places = sorted(strided)[1:]  # the first keeps the rate
    placed = set(_numbers((key for key in state if key.endswith(VISUAL)), LAYER))
    apart = places[1] - places[0] if len(places) > 1 else 2
    config = Config(
        trunk=shapes["image"][0],
        layers=1 + max(_numbers(state, LAYER), default=0),
        heads=shapes["heads"][0],
        cross_heads=shapes["cross"][0] // HEAD,
        kernel=shapes["depthwise"][-1],
        channels=shapes["sound"][0],
        ratios=tuple(max(1, strided[place].shape[-1] // 2) for place in places),
        encoder_blocks=apart - 2,
        decoder_blocks=max(0, (max(upward) - 4) // len(places) - 2),
        places=bool(placed),
    )
    counts = {**asdict(config), "number of ratios": len(config.ratios)}
    for what, most in MOST.items():
        if counts[what] > most:
            raise WeightsError(f"{path} is not AViTAR: its {what} would be {counts[what]}; allowed is at most {most}")
    if placed and len(placed) < config.layers:
        raise WeightsError(
            f"{path} has tables of the picture's places in some layers ({', '.join(map(str, sorted(placed)))}) but not "
            f"in all {config.layers}; needed are all or none: delete it and fetch it again"
        )
    return config


def tell(config: Config, settings: Mapping[str, Any], path: Path | str) -> None:
    """Log what is unusual about the network in the file at `path`: `settings` of its training that its tensors
    contradict, and that it does not know where in the picture something is."""
    pairs = {
        name: (_bare(settings[name]), getattr(config, field)) for name, field in SETTINGS.items() if name in settings
    }
    others = [f"{name} {said} but found {found}" for name, (said, found) in pairs.items() if said != _bare(found)]
    if others:
        log.warning("%s: its settings disagree with its tensors, which count: %s", path, "; ".join(others))
    if not config.places:
        log.warning("%s: it has no tables of places, so the picture's tokens do not know where they are", path)


def _bare(value: Any) -> str:
    """As a line can show it; lists are the same however they are written."""
    return re.sub(r"[\s()\[\]]", "", str(value))[:40]


def _convolutions(state: Mapping[str, torch.Tensor], stem: str) -> dict[int, torch.Tensor]:
    """Index -> weight of the convolutions that stand by themselves, in no residual block."""
    found = {key: re.fullmatch(re.escape(stem) + r"(\d{1,4})\.weight", key) for key in state}
    return {int(match[1]): state[key] for key, match in found.items() if match}


def _numbers(names: Iterable[str], pattern: str) -> list[int]:
    return [int(match[1]) for match in map(re.compile(pattern).match, names) if match]
