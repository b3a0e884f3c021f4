"""VIDA's dereverberation, by ear alone: what AViTAR was given for a dry sound. Imported on first use only.

Chen et al., "Learning Audio-Visual Dereverberation" (arXiv 2106.07732): a U-Net over the spectrogram makes a
spectrogram and a phase, fast Griffin-Lim (Perraudin et al. 2013) makes sound of them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ...models.weights import build
from .files import DEREVERB, opened
from .layers import BatchNorm, leaky

BINS, HOP, WINDOW = 512, 160, 400  # of the spectrogram, in samples at 16 kHz
ROUNDS = 30  # of Griffin-Lim
MOMENTUM = 0.99 / 1.99
CHANNELS = (64, 128, 256, 512, 512)


class UNet(nn.Module):
    """[N, 2, 257, F] (log(1 + magnitude), phase) -> the same of a dry sound, [N, 2, 256, F - 1], for F = 32 k + 1."""

    def __init__(self):
        super().__init__()
        down = zip((2, *CHANNELS), CHANNELS, strict=False)
        for number, (before, after) in enumerate(down, 1):
            convolution = nn.Conv2d(before, after, 4, 2, 1)
            setattr(self, f"audionet_convlayer{number}", nn.Sequential(convolution, BatchNorm(after), leaky()))
        up = zip((512, 1024, 512, 256), (512, 256, 128, 64), strict=True)
        for number, (before, after) in enumerate(up, 1):
            convolution = nn.ConvTranspose2d(before, after, 4, 2, 1)
            setattr(self, f"audionet_upconvlayer{number}", nn.Sequential(convolution, BatchNorm(after), nn.ReLU()))
        self.audionet_upconvlayer5 = nn.Sequential(nn.ConvTranspose2d(128, 2, 4, 2, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = []
        for number in range(1, 6):
            x = getattr(self, f"audionet_convlayer{number}")(x)
            seen.append(x)
        x = self.audionet_upconvlayer1(seen.pop())
        for number in range(2, 6):
            x = getattr(self, f"audionet_upconvlayer{number}")(torch.cat([x, seen.pop()], dim=1))
        return x


class Dereverb(nn.Module):
    """Sound [N, L] at 16 kHz -> the same without its room [N, L]. L is 5120 k; training knew 40960."""

    def __init__(self):
        super().__init__()
        self.audio_net = UNet()

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        dry = self.audio_net(seen(sound))
        top = nn.functional.pad(dry, (0, 1, 0, 1))
        return griffin_lim(top[:, 0].expm1(), top[:, 1])


def load(path: Path) -> Dereverb:
    """The network in the file, or the archive, at `path`, ready to compute. Raises WeightsError when it is not exactly
    that."""
    with opened(DEREVERB, path) as held:
        return build(Dereverb, held.state, held.called, "VIDA's dereverberation")


def seen(sound: torch.Tensor) -> torch.Tensor:
    """What the U-Net takes, [N, 2, 257, F], of sound [N, L], F = L // 160 + 1."""
    spectrum = stft(sound, "constant")
    real, imaginary = spectrum.real, spectrum.imag.clone()
    imaginary[:, [0, -1]] = 0.0  # the outer bins are real: -0 would turn their phase from pi to -pi
    return torch.stack([spectrum.abs().log1p(), torch.atan2(imaginary, real)], dim=1)


def griffin_lim(magnitude: torch.Tensor, phase: torch.Tensor, rounds: int = ROUNDS) -> torch.Tensor:
    """Sound [N, 160 (F - 1)] of a spectrogram [N, 257, F], from a first guess of its phase in radians."""
    turn, previous = torch.polar(torch.ones_like(phase), phase), 0.0
    for _ in range(rounds):
        rebuilt = stft(istft(magnitude * turn), "reflect")
        turn = rebuilt - MOMENTUM * previous
        turn = turn / (turn.abs() + 1e-16)
        previous = rebuilt
    return istft(magnitude * turn)


def stft(sound: torch.Tensor, beyond: str) -> torch.Tensor:
    """[N, L] -> complex [N, 257, F]; `beyond` is how the ends are padded."""
    return torch.stft(sound, BINS, HOP, WINDOW, _window(sound), pad_mode=beyond, return_complex=True)


def istft(spectrum: torch.Tensor) -> torch.Tensor:
    """The way back: [N, 257, F] -> [N, 160 (F - 1)]."""
    return torch.istft(spectrum, BINS, HOP, WINDOW, _window(spectrum.real))


def _window(like: torch.Tensor) -> torch.Tensor:
    return torch.hamming_window(WINDOW, dtype=like.dtype, device=like.device)
