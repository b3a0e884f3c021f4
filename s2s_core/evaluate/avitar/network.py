"""The AViTAR network: a dry sound and a picture -> the sound as it would be in that place.

Chen et al., "Visual Acoustic Matching", CVPR 2022 (arXiv 2202.06875). Imported on first use only: it brings torch.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ...models.weights import build
from . import keys, waves
from .config import Config, read_off, tell
from .conformer import Block, Linear
from .files import MATCHING, opened
from .trunk import tokens, trunk


class Encoder(nn.Module):
    """Sound tokens [N, T, what the waveform encoder gives] and the picture's [1, S, D] -> [N, T, D]."""

    def __init__(self, config: Config):
        super().__init__()
        self.input_projection = nn.Sequential(Linear(config.channels << len(config.ratios), config.width))
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))

    def forward(self, x: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        x = self.input_projection(x)
        for layer in self.layers:
            x = layer(x, seen)
        return x


class Network(nn.Module):
    """Sound [N, L] at 16 kHz, -1..1, and the picture's tokens [1, 15, D] -> sound [N, 128 floor(L / 128)] in -1..1.

    L is at least 512; training knew 40960 only.
    """

    def __init__(self, config: Config):
        super().__init__()
        sound = config.channels, config.ratios
        self.cnn = trunk(config.trunk)
        self.conformer = nn.ModuleDict(
            {
                "audio_encoder": waves.encoder(*sound, config.encoder_blocks),
                "encoder": Encoder(config),
                "decoder": waves.decoder(config.width, *sound, config.decoder_blocks),
            }
        )

    @property
    def blocks(self) -> list[nn.Module]:
        """What computes one after the other: between them a pass can be stopped."""
        return [*self.conformer["encoder"].layers, *self.conformer["decoder"].model]

    def look(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised pixels [1, 3, 180, 320] -> the picture's tokens [1, 15, D]."""
        return tokens(self.cnn(pixels))

    def forward(self, sound: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        part = self.conformer
        heard = part["audio_encoder"](sound[:, None]).transpose(1, 2)
        return part["decoder"](part["encoder"](heard, seen).transpose(1, 2))[:, 0]


def load(path: Path) -> Network:
    """The network in the file, or the archive, at `path`, ready to compute, in float32.

    Its sizes are read off the file, and what is unusual about them is logged. Raises WeightsError when it is another
    network, or not exactly complete.
    """
    with opened(MATCHING, path) as held:
        config = read_off(held.state, held.called)
        tell(config, held.settings, held.called)
        return build(lambda: Network(config), keys.without_tables(held.state), held.called, "AViTAR")
