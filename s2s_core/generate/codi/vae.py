"""CoDi's audio VAE, the half that is needed: latent -> log-mel spectrogram. Imported on first use only."""

from __future__ import annotations

import torch
from torch import nn

from ...models import libraries
from . import files
from .config import FULL, Config

WILD, LIMIT = 100.0, 10.0
"""A latent that reaches beyond WILD is clamped to +-LIMIT."""


class Decoder(nn.Module):
    """The decoder of diffusers' AutoencoderKL with the convolution before it; the encoder is let go."""

    def __init__(self, config: Config = FULL):
        super().__init__()
        whole = libraries.need(*files.LIBRARY).AutoencoderKL(**config.vae)
        self.post_quant_conv, self.decoder = whole.post_quant_conv, whole.decoder
        self.scale = config.vae["scaling_factor"]

    @property
    def blocks(self) -> list[nn.Module]:
        """What computes one after the other: between them a pass can be stopped."""
        return [self.decoder.mid_block, *(resnet for block in self.decoder.up_blocks for resnet in block.resnets)]

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Latent [n, 8, time, mel] as the sampler leaves it -> log-mel [n, 1, 4 time, 4 mel] float32, not clamped."""
        z = guarded(z.float()) / self.scale
        return self.decoder(self.post_quant_conv(z.to(self.post_quant_conv.weight.dtype))).float()


def guarded(z: torch.Tensor) -> torch.Tensor:
    """Latents, of which the wild ones are clamped. Each sample is judged by itself, so that no sound depends on its
    neighbours in a batch; the published code judges the batch, of which SEE-2-SOUND only ever has one."""
    wild = z.abs().amax(dim=tuple(range(1, z.ndim)), keepdim=True) > WILD
    return z.clamp(-LIMIT, LIMIT).where(wild, z)


def load_vae(tensors: files.Tensors, config: Config = FULL, half: str = "float32") -> Decoder:
    """The decoder, ready to compute, in the number type `half`. Raises WeightsError when the part is not complete,
    DependencyError without diffusers."""
    return files.build(tensors, files.VAE, lambda: Decoder(config), half)


def decode(network: Decoder, z: torch.Tensor) -> torch.Tensor:
    """As the network's forward, without gradients."""
    with torch.inference_mode():
        return network(z)
