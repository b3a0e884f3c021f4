"""Dereverberation and matching as one module. Imported on first use only, since it brings torch."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from . import dereverb, network
from .network import Network


class Pair(nn.Module):
    """Sound [N, L] at 16 kHz and the picture's tokens -> sound [N, L]; L is 40960, as in training.

    One module, not two: a host that brings one of two to a device may take the other away.
    """

    def __init__(self, dry: dereverb.Dereverb, matching: Network):
        super().__init__()
        self.dry, self.matching = dry, matching

    @property
    def blocks(self) -> list[nn.Module]:
        """What computes one after the other: between them a pass can be stopped."""
        return [*self.dry.audio_net.children(), *self.matching.blocks]

    def look(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised pixels [1, 3, 180, 320] -> the picture's tokens [1, 15, D]."""
        return self.matching.look(pixels)

    def forward(
        self,
        sound: torch.Tensor,
        seen: torch.Tensor,
        noise: torch.Tensor | None = None,
        sign: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """`noise` [N, L], whose unit is the RMS of the dry sound, is mixed in; `sign` [N, 1] turns the sound over."""
        sound = self.dry(sound)
        if noise is not None:
            sound = sound + noise * sound.square().mean(dim=1, keepdim=True).sqrt()
        return self.matching(sound if sign is None else sound * sign, seen)


def load(matching: Path, dry: Path) -> Pair:
    """The pair, ready to compute, from the files or the archive at these paths. Raises WeightsError."""
    return Pair(dereverb.load(dry), network.load(matching))
