"""CoDi's audio UNet: diffusers' UNet2DConditionModel, with one rule of the published code and one shortcut.

Imported on first use only, since it brings torch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ...errors import InputError, check_choice
from ...models import libraries
from . import files
from .config import FULL, Config

SKIPS = {
    "published": "the middle block's own output once more, as the published code does",
    "textbook": "the last activation of the encoder, as UNets are drawn",
}
"""What the decoder's first layer gets beside the middle block's output."""


class UNet(nn.Module):
    """Tells the noise in a latent. `skip` is one of SKIPS and may be changed at any time.

    In the published code the list of skips holds the very tensor that the middle block writes into, so the newest skip
    is that block's output. (No paper says so; it was found by running that code.) It moves a prediction by 4 %, and no
    weights can stand for it: the halves that are joined pass affine maps of their own before a SiLU.
    """

    # Not itself a diffusers model: ComfyUI sets `device` on what it manages, which those do not allow.

    def __init__(self, inner: Any, shortcut: bool = True):
        super().__init__()
        self.inner, self._skip = inner, "published"
        inner.up_blocks[0].register_forward_pre_hook(self._first_skip, with_kwargs=True)
        crossing = [module for module in inner.modules() if getattr(module, "attn2", None) is not None]
        for block in crossing if shortcut else ():
            block.norm2, block.attn2 = nn.Identity(), OneToken(block.attn2)

    def forward(self, x: torch.Tensor, t: torch.Tensor | int, context: torch.Tensor) -> torch.Tensor:
        """Latent [n, 8, time, mel] of any number type, timesteps 0..999 (one, or [n]), context [n, 1, projection] ->
        noise of the latent's shape, float32."""
        kind = self.inner.dtype
        return self.inner(x.to(kind), t, encoder_hidden_states=context.to(kind), return_dict=False)[0].float()

    @property
    def blocks(self) -> list[nn.Module]:
        """What computes one after the other: between them a pass can be stopped."""
        return [*self.inner.down_blocks, self.inner.mid_block, *self.inner.up_blocks]

    @property
    def skip(self) -> str:
        return self._skip

    @skip.setter
    def skip(self, name: str) -> None:
        check_choice("skip", name, SKIPS)
        self._skip = name

    def _first_skip(self, block: nn.Module, args: tuple, kwargs: dict[str, Any]):
        if self.skip == "textbook":
            return None
        *older, _ = kwargs["res_hidden_states_tuple"]
        return args, {**kwargs, "res_hidden_states_tuple": (*older, kwargs["hidden_states"])}


class OneToken(nn.Module):
    """Cross-attention to a single token, in place of diffusers' and with its weights: softmax over one key is 1, so
    what it adds is the same everywhere, and depends neither on where one looks from nor on the step.

    One vector for each sample costs less to compute than to keep in step with its context, so none is kept.
    """

    def __init__(self, attention: nn.Module):
        super().__init__()
        self.to_v, self.to_out = attention.to_v, attention.to_out

    def forward(self, hidden: torch.Tensor, encoder_hidden_states: torch.Tensor, **_) -> torch.Tensor:
        """Context [n, 1, projection] -> [n, 1, width], to be added at every position. `hidden` has no say in it."""
        tokens = encoder_hidden_states.shape[1]
        if tokens != 1:
            raise InputError(f"the context has {tokens} tokens; allowed is 1: load the UNet with shortcut=False")
        added = self.to_v(encoder_hidden_states)
        for layer in self.to_out:
            added = layer(added)
        return added


def load_unet(tensors: files.Tensors, config: Config = FULL, half: str = "float32", *, shortcut: bool = True) -> UNet:
    """The UNet, ready to compute, all of it in the number type `half`, with the published skip.

    `shortcut` replaces cross-attention by what it comes to with the one token that CoDi always has: 10.2 M parameters
    and their work less. Raises WeightsError when the part is not complete, DependencyError without diffusers.
    """
    diffusers = libraries.need(*files.LIBRARY)
    inner = files.build(tensors, files.UNET, lambda: diffusers.UNet2DConditionModel(**config.unet), half)
    return UNet(inner, shortcut).eval()
