"""CoDi's vocoder, transformers' SpeechT5HifiGan: log-mel spectrogram -> mono sound. Imported on first use only."""

from __future__ import annotations

import torch
from torch import nn

from . import files
from .config import FULL, Config


class Vocoder(nn.Module):
    """T frames become (5 T + 1) * 32 samples at `rate` Hz: 1024 frames, 163872 samples, 10.242 s at 16 kHz."""

    # Not itself a transformers model: ComfyUI sets `device` on what it manages, which those do not allow.

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner, self.rate = inner, inner.config.sampling_rate

    @property
    def blocks(self) -> list[nn.Module]:
        """What computes one after the other: between them a pass can be stopped."""
        return [*self.inner.upsampler, *self.inner.resblocks]

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """Log-mel [n, 1, T, 64] as the VAE gives it -> sound [n, samples] float32 in -1..1."""
        return self.inner(mel[:, 0].to(self.inner.dtype)).float()


def load_vocoder(tensors: files.Tensors, config: Config = FULL, half: str = "float32") -> Vocoder:
    """The vocoder, ready to compute, in the number type `half`. Raises WeightsError when the part is not complete."""
    return Vocoder(files.build(tensors, files.VOCODER, lambda: network(config), half)).eval()


def wave(vocoder: Vocoder, mel: torch.Tensor) -> torch.Tensor:
    """As the vocoder's forward, without gradients."""
    with torch.inference_mode():
        return vocoder(mel)


def network(config: Config) -> nn.Module:
    """transformers' network, not yet filled."""
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    inner = SpeechT5HifiGan(SpeechT5HifiGanConfig(**config.vocoder))
    del inner.mean, inner.scale  # of a normalisation that CoDi does not use: no file has them
    return inner
