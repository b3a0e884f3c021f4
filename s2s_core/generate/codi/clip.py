"""CLIP's two halves, each apart from the other: what is made from pictures alone never loads the one for words.

OpenAI's ViT-L/14 under its own names. The towers are transformers' (4.56 to 5.x), run part by part: what its
`get_image_features` returns changed with version 5, and videos need a step in the middle of every layer. Imported on
first use only, since it brings torch and transformers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import transformers
from torch import nn

from ...models.steps import stepping
from . import files
from .config import FULL, Config

WIDTHS = 32  # numbers held for a token at the widest, in widths of the network

Step = Callable[[], None]
Between = Callable[[int, torch.Tensor], torch.Tensor]


class Vision(nn.Module):
    """Sees: pixels [n, 3, 224, 224] as `pictures.normalised` gives them -> [n, projection], not yet of length 1."""

    # Neither half is itself a transformers model: ComfyUI sets `device` on what it manages, which those do not allow.

    def __init__(self, config: Config):
        super().__init__()
        whole = transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(**config.vision))
        self.vision_model, self.visual_projection = whole.vision_model, whole.visual_projection
        del self.vision_model.embeddings.position_ids  # 0, 1, 2...: in no file, and not needed to count
        self.empty: dict[int, torch.Tensor] = {}  # frames -> embedding of nothing to see; `conditions` keeps it here

    @property
    def layers(self) -> nn.ModuleList:
        """What `step` counts."""
        return self.vision_model.encoder.layers

    def forward(self, pixels: torch.Tensor, step: Step | None = None) -> torch.Tensor:
        """`step` is called after each layer; what it raises stops the work."""
        return self.projected(self.tokens(pixels, step=step)[:, 0])

    def tokens(self, pixels: torch.Tensor, between: Between | None = None, step: Step | None = None) -> torch.Tensor:
        """[n, tokens, width] after the last layer; the first token stands for the whole. `between(layer, hidden)` may
        replace what each layer has after its attention."""
        tower, places = self.vision_model, self.vision_model.embeddings
        patches = places.patch_embedding(pixels.to(places.class_embedding.dtype)).flatten(2).transpose(1, 2)
        first = places.class_embedding.expand(len(pixels), 1, -1)
        hidden = tower.pre_layrnorm(torch.cat([first, patches], dim=1) + places.position_embedding.weight)
        for number, layer in enumerate(self.layers):
            hidden = hidden + layer.self_attn(layer.layer_norm1(hidden))[0]
            if between:
                hidden = between(number, hidden)
            hidden = hidden + layer.mlp(layer.layer_norm2(hidden))
            if step:
                step()
        return hidden

    def projected(self, first: torch.Tensor) -> torch.Tensor:
        """[n, projection] of first tokens [n, width]."""
        return self.visual_projection(self.vision_model.post_layernorm(first))


class Text(nn.Module):
    """Reads: token ids [n, 77] int64 -> [n, projection], not yet of length 1."""

    def __init__(self, config: Config):
        super().__init__()
        whole = transformers.CLIPTextModelWithProjection(transformers.CLIPTextConfig(**config.text))
        self.text_model, self.text_projection = whole.text_model, whole.text_projection
        del self.text_model.embeddings.position_ids
        self.empty: torch.Tensor | None = None  # embedding of no words; `conditions` keeps it here

    @property
    def layers(self) -> nn.ModuleList:
        """What `step` counts."""
        return self.text_model.encoder.layers

    def forward(self, ids: torch.Tensor, step: Step | None = None) -> torch.Tensor:
        """`step` is called after each layer. Every token sees those before it, padding or not, so that what follows the
        first end of text, which has the highest id, cannot matter."""
        places = torch.arange(ids.shape[1], device=ids.device)[None]
        with stepping(self.layers if step else (), step):
            hidden = self.text_model(input_ids=ids, position_ids=places).last_hidden_state  # [n, 77, width]
        ends = ids.argmax(dim=-1)  # of several, the first
        return self.text_projection(hidden[torch.arange(len(ids), device=ids.device), ends])


def load_vision(tensors: files.Tensors, config: Config = FULL, half: str = "float32") -> Vision:
    """The half that sees, ready to compute, in the number type `half`. Raises WeightsError when it is not complete."""
    return files.build(tensors, files.CLIP_VISION, lambda: Vision(config), half)


def load_text(tensors: files.Tensors, config: Config = FULL, half: str = "float32") -> Text:
    """The half that reads; otherwise as `load_vision`."""
    return files.build(tensors, files.CLIP_TEXT, lambda: Text(config), half)


def embed_images(network: Vision, pixels: torch.Tensor, step: Step | None = None) -> torch.Tensor:
    """[n, 1, projection] float32 of length 1, from pixels [n, 3, 224, 224] on the network's device."""
    with torch.inference_mode():
        return unit(network(pixels, step))


def embed_texts(network: Text, ids: torch.Tensor, step: Step | None = None) -> torch.Tensor:
    """[n, 1, projection] float32 of length 1, from ids [n, 77] int64 on the network's device."""
    with torch.inference_mode():
        return unit(network(ids, step))


def working_bytes(network: Vision | Text, count: int) -> int:
    """Memory that the activations need for `count` pictures or texts at once, a video's steps along time included."""
    half = network.vision_model if isinstance(network, Vision) else network.text_model
    tokens, width = half.embeddings.position_embedding.weight.shape
    return count * tokens * width * WIDTHS * 4


def unit(projected: torch.Tensor) -> torch.Tensor:
    """Embeddings [n, projection] at length 1, each as the one token it is for the generator: [n, 1, projection]."""
    projected = projected.float()
    return (projected / projected.norm(dim=-1, keepdim=True))[:, None]
