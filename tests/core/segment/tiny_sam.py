"""A Segment Anything of toy size, by the package's own classes, with weights that give masks worth keeping."""

from __future__ import annotations

import torch
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from torch import nn

SIDE, PATCH, CHANNELS = 128, 16, 32


def tiny_sam(seed: int = 0) -> Sam:
    """The published architecture: 128 px, 4 blocks of width 48 and 3 heads, windows of 3 with two global blocks."""
    torch.manual_seed(seed)
    grid = SIDE // PATCH
    network = Sam(
        image_encoder=ImageEncoderViT(
            img_size=SIDE,
            patch_size=PATCH,
            embed_dim=48,
            depth=4,
            num_heads=3,
            out_chans=CHANNELS,
            norm_layer=lambda width: nn.LayerNorm(width, eps=1e-6),
            use_rel_pos=True,
            window_size=3,
            global_attn_indexes=(1, 3),
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=CHANNELS,
            image_embedding_size=(grid, grid),
            input_image_size=(SIDE, SIDE),
            mask_in_chans=16,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(depth=2, embedding_dim=CHANNELS, mlp_dim=64, num_heads=8),
            transformer_dim=CHANNELS,
            iou_head_depth=3,
            iou_head_hidden_dim=32,
        ),
    )
    return randomised(network)


def randomised(network: Sam) -> Sam:
    """Weights drawn from torch's generator: activations of order one, and masks that hold when the threshold moves."""
    for parameter in network.parameters():  # the package starts many of them at zero
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
        else:
            parameter.data += 0.1 * torch.randn_like(parameter)
    for head in network.mask_decoder.output_hypernetworks_mlps:
        head.layers[-1].weight.data *= 30  # steep logits
    return network.eval().requires_grad_(False)


def confident(network: Sam) -> Sam:
    """The same network made sure of every mask, so that the publishers' limits let them through."""
    last = network.mask_decoder.iou_prediction_head.layers[-1]
    last.weight.data.zero_()
    last.bias.data.copy_(0.9 + 0.02 * torch.arange(len(last.bias)))
    for head in network.mask_decoder.output_hypernetworks_mlps:
        head.layers[-1].weight.data *= 1000
        head.layers[-1].bias.data *= 1000
    return network
