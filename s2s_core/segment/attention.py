"""The image encoder's attention, computed by PyTorch's fused kernel. Imported only when a network is built."""

from __future__ import annotations

import torch
from segment_anything.modeling.image_encoder import Attention, ImageEncoderViT, get_rel_pos
from torch.nn import functional as F


class FusedAttention(Attention):
    """The same weights and the same result as the package's `Attention`, without ever holding the N x N matrix.

    What a query adds for the row and the column of a key is a dot product of its own: appended to the queries, and to
    the keys as ones at their row and their column, it becomes a part of the product that the kernel computes anyway.
    Zeros bring the values to the same width, without which the kernel falls back to the plain way.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[B, H, W, C] -> [B, H, W, C]."""
        batch, height, width, _ = x.shape
        q, k, v = self.qkv(x).view(batch, height * width, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        grid = q.unflatten(2, (height, width))  # [B, heads, H, W, c]
        rows = torch.einsum("bnhwc,hkc->bnhwk", grid, get_rel_pos(height, height, self.rel_pos_h))
        columns = torch.einsum("bnhwc,wkc->bnhwk", grid, get_rel_pos(width, width, self.rel_pos_w))
        q = torch.cat((q * self.scale, rows.flatten(2, 3), columns.flatten(2, 3)), dim=-1)
        k = torch.cat((k, _places(height, width, k).expand(*k.shape[:2], -1, -1)), dim=-1)
        mixed = F.scaled_dot_product_attention(q, k, F.pad(v, (0, height + width)), scale=1.0)[..., : v.shape[-1]]
        return self.proj(mixed.transpose(1, 2).reshape(batch, height, width, -1))


def fuse(encoder: ImageEncoderViT) -> ImageEncoderViT:
    """Give every block of an encoder that we built ourselves the fused attention, with the parameters it has."""
    for block in encoder.blocks:
        plain = block.attn
        size = [(len(plain.rel_pos_h) + 1) // 2, (len(plain.rel_pos_w) + 1) // 2]
        block.attn = FusedAttention(plain.proj.in_features, plain.num_heads, use_rel_pos=True, input_size=size)
        block.attn.load_state_dict(plain.state_dict(), assign=True)
    return encoder


def _places(height: int, width: int, like: torch.Tensor) -> torch.Tensor:
    """[H W, H + W]: a one at the row and a one at the column of each place."""
    rows = torch.eye(height, dtype=like.dtype, device=like.device).repeat_interleave(width, dim=0)
    columns = torch.eye(width, dtype=like.dtype, device=like.device).repeat(height, 1)
    return torch.cat((rows, columns), dim=-1)
