"""How large the parts of CoDi's audio path are, in the words of the stock modules that stand for them.

The sizes are those of Microsoft i-Code-V3's configuration files; `FULL` is the only one that was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Config:
    """Constructor arguments, as they are written: `unet` and `vae` for diffusers' UNet2DConditionModel and
    AutoencoderKL, `vocoder`, `vision` and `text` for transformers' SpeechT5HifiGanConfig, CLIPVisionConfig and
    CLIPTextConfig. `projection` is the length of a condition's embedding. The temporal block that videos need is as
    wide as `vision`, with as many heads, over `temporal_hidden` numbers inside its position bias."""

    unet: Mapping[str, Any]
    vae: Mapping[str, Any]
    vocoder: Mapping[str, Any]
    vision: Mapping[str, Any]
    text: Mapping[str, Any]
    projection: int
    temporal_hidden: int


def config(
    *,
    unet_width: int,
    heads: int,
    projection: int,
    vae_width: int,
    vocoder_width: int,
    vision: Mapping[str, int],
    text: Mapping[str, int],
    temporal_hidden: int,
) -> Config:
    """A CoDi of these sizes. `heads` is the number of attention heads in the UNet, the same in every block."""
    return Config(
        unet={
            "in_channels": 8,
            "out_channels": 8,
            "block_out_channels": tuple(unet_width * factor for factor in (1, 2, 4, 4)),
            "layers_per_block": 2,
            "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
            "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
            "cross_attention_dim": projection,
            "attention_head_dim": heads,  # diffusers' old naming: it is the number of heads
        },
        vae={
            "in_channels": 1,
            "out_channels": 1,
            "block_out_channels": tuple(vae_width * factor for factor in (1, 2, 4)),
            "layers_per_block": 2,
            "latent_channels": 8,
            "down_block_types": ("DownEncoderBlock2D",) * 3,
            "up_block_types": ("UpDecoderBlock2D",) * 3,
            "norm_num_groups": 32,
            "scaling_factor": 0.9228,
        },
        vocoder={
            "model_in_dim": 64,
            "sampling_rate": 16000,
            "upsample_initial_channel": vocoder_width,
            "upsample_rates": [5, 4, 2, 2, 2],
            "upsample_kernel_sizes": [16, 16, 8, 4, 4],
            "resblock_kernel_sizes": [3, 7, 11],
            "resblock_dilation_sizes": [[1, 3, 5]] * 3,
            "leaky_relu_slope": 0.1,
            "normalize_before": False,
        },
        vision={"image_size": 224, **CLIP, **vision, "projection_dim": projection},
        text={"vocab_size": 49408, "max_position_embeddings": 77, **CLIP, **text, "projection_dim": projection},
        projection=projection,
        temporal_hidden=temporal_hidden,
    )


CLIP = {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}

FULL = config(
    unet_width=192,
    heads=8,
    projection=768,
    vae_width=128,
    vocoder_width=1024,
    vision={
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "patch_size": 14,
    },
    text={"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
    temporal_hidden=512,
)
"""CoDi as it was published; its CLIP is ViT-L/14."""
