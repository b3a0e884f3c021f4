"""What the tensors of CoDi's audio path are called, in the published files and in the stock modules for them.

A table holds modules, not tensors: published name -> stock name. A key follows its longest module that is in the table,
and keeps its name where none is. Tables turn round, so both directions are the same four lines.
"""

from __future__ import annotations

from collections.abc import Mapping

RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
LEVELS = range(4)  # of the UNet, fine to coarse; the coarsest has no attention
COARSEST = LEVELS[-1]


def renamed(key: str, modules: Mapping[str, str]) -> str:
    """`key` with its longest module that `modules` knows replaced."""
    head, tail = key, ""
    while head and head not in modules:
        head, dot, last = head.rpartition(".")
        tail = dot + last + tail
    return modules.get(head, "") + tail


def inverse(modules: Mapping[str, str]) -> dict[str, str]:
    """The table of the way back."""
    return {stock: published for published, stock in modules.items()}


def _resnet(published: str, stock: str) -> dict[str, str]:
    return {f"{published}.{one}": f"{stock}.{other}" for one, other in RESNET.items()}


def _unet() -> dict[str, str]:
    names = {
        "time_embed.0": "time_embedding.linear_1",
        "time_embed.2": "time_embedding.linear_2",
        "input_blocks.0.0": "conv_in",
        **_resnet("middle_block.0", "mid_block.resnets.0"),
        "middle_block.1": "mid_block.attentions.0",
        **_resnet("middle_block.2", "mid_block.resnets.1"),
        "out.0": "conv_norm_out",
        "out.2": "conv_out",
    }
    for level in LEVELS:
        down, up = f"down_blocks.{level}", f"up_blocks.{level}"  # upwards, level 0 is the coarsest
        for j in range(2):
            block = f"input_blocks.{3 * level + 1 + j}"
            names |= _resnet(f"{block}.0", f"{down}.resnets.{j}")
            if level != COARSEST:
                names[f"{block}.1"] = f"{down}.attentions.{j}"
        for j in range(3):
            block = f"output_blocks.{3 * level + j}"
            names |= _resnet(f"{block}.0", f"{up}.resnets.{j}")
            if level != 0:
                names[f"{block}.1"] = f"{up}.attentions.{j}"
        if level != COARSEST:
            names[f"input_blocks.{3 * level + 3}.0.op"] = f"{down}.downsamplers.0.conv"
            after = 2 if level else 1  # where attention stands between
            names[f"output_blocks.{3 * level + 2}.{after}.conv"] = f"{up}.upsamplers.0.conv"
    return names


def _vae() -> dict[str, str]:
    names = {
        "decoder.mid.block_1": "decoder.mid_block.resnets.0",
        "decoder.mid.block_2": "decoder.mid_block.resnets.1",
        "decoder.mid.attn_1.norm": "decoder.mid_block.attentions.0.group_norm",
        **{f"decoder.mid.attn_1.{letter}": f"decoder.mid_block.attentions.0.to_{letter}" for letter in "qkv"},
        "decoder.mid.attn_1.proj_out": "decoder.mid_block.attentions.0.to_out.0",
        "decoder.norm_out": "decoder.conv_norm_out",
    }
    for level in range(3):  # published: fine to coarse; stock: as they are run
        there = f"decoder.up_blocks.{2 - level}"
        names[f"decoder.up.{level}.upsample.conv"] = f"{there}.upsamplers.0.conv"
        for j in range(3):
            names[f"decoder.up.{level}.block.{j}"] = f"{there}.resnets.{j}"
            names[f"decoder.up.{level}.block.{j}.nin_shortcut"] = f"{there}.resnets.{j}.conv_shortcut"
    return names


UNET = _unet()
VAE = _vae()
VOCODER = {"ups": "upsampler"}
POINTWISE = tuple(f"decoder.mid.attn_1.{name}.weight" for name in ("q", "k", "v", "proj_out"))
"""1 x 1 convolutions in the published VAE, plain matrices in diffusers'."""
