"""The nodes of ComfyUI itself that graphs of this pack need: same ids, inputs and outputs, written anew.

They differ on purpose in two things: file names may also be paths (a command line has no upload button), and sound of
more than two channels is written as what it is, where ComfyUI's own nodes scramble it.
"""

from __future__ import annotations

import hashlib
import mimetypes
from typing import Any

from ..errors import InputError
from . import stock_files as files

HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
CHANNELS = ("red", "green", "blue", "alpha")
FLAC = "FLAC 24-bit"
TEMP = "ComfyUI_temp"


class _Reader:
    """What loaders share: a combo of the input folder's files, a name that may be a path, a fingerprint of the file."""

    FUNCTION = "execute"
    INPUT = ""
    TYPES: tuple[str, ...] = ()

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        folder = files.host().folder("input")
        names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
        fitting = [name for name in names if (mimetypes.guess_type(name)[0] or "").startswith(cls.TYPES)]
        return {"required": {cls.INPUT: (fitting, {f"{cls.INPUT}_upload": True})}}

    @classmethod
    def VALIDATE_INPUTS(cls, **inputs: Any) -> bool:
        name = inputs.get(cls.INPUT)
        return name is None or bool(files.found(name, cls.INPUT))

    @classmethod
    def IS_CHANGED(cls, **inputs: Any) -> Any:
        name = inputs.get(cls.INPUT)
        if name is None:  # it comes through a link: which file it is, nobody knows yet
            return float("nan")
        return hashlib.sha256(files.found(name, cls.INPUT).read_bytes()).hexdigest()


class LoadImage(_Reader):
    """A picture file -> IMAGE [B, H, W, 3] 0..1, upright, and MASK [B, H, W], 1 where it is transparent (64 x 64 zeros
    if it has no transparency). An animation gives a batch of its frames; frames of another size are left out."""

    DESCRIPTION = "Loads a picture."
    CATEGORY, INPUT, TYPES, RETURN_TYPES = "image", "image", ("image",), ("IMAGE", "MASK")

    @classmethod
    def execute(cls, image: str) -> tuple[Any, Any]:
        import torch

        frames = files.read_frames(files.found(image, "image"))
        pixels, masks = (torch.stack([torch.from_numpy(frame[part]) for frame in frames]) for part in (0, 1))
        return pixels, masks


class LoadAudio(_Reader):
    """A sound file, or a video's sound -> AUDIO, waveform [1, C, T] float32."""

    DESCRIPTION = "Loads the sound of a sound or video file."
    CATEGORY, INPUT, TYPES, RETURN_TYPES = "audio", "audio", ("audio", "video"), ("AUDIO",)

    @classmethod
    def execute(cls, audio: str) -> tuple[dict[str, Any]]:
        import torch

        from ..media import sound

        samples, rate, _ = sound.read(files.found(audio, "audio"))
        return ({"waveform": torch.from_numpy(samples)[None], "sample_rate": rate},)


class SaveImage:
    """IMAGE [B, H, W, 3 or 4] -> PNG files with the graph inside. Values beyond 0..1 are limited, with a warning."""

    DESCRIPTION = "Saves pictures in the output folder."
    CATEGORY, FUNCTION, OUTPUT_NODE, RETURN_TYPES = "image", "execute", True, ()
    KIND, PREFIX = "output", "ComfyUI"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        prefix = {"filename_prefix": ("STRING", {"default": cls.PREFIX})} if cls.KIND == "output" else {}
        return {"required": {"images": ("IMAGE",), **prefix}, "hidden": HIDDEN}

    @classmethod
    def execute(
        cls, images: Any, filename_prefix: str = TEMP, prompt: Any = None, extra_pnginfo: Any = None
    ) -> dict[str, Any]:
        from PIL import Image, PngImagePlugin

        from ..files import whole_file
        from ..media.metadata import graph_tags

        inside = PngImagePlugin.PngInfo()
        for key, text in graph_tags(prompt, extra_pnginfo).items():
            inside.add_text(key, text)
        saved = []
        for number, pixels in enumerate(images.cpu().float().numpy()):
            picture = Image.fromarray(files.to_bytes(pixels))
            words = {"batch_num": number, "width": picture.width, "height": picture.height}
            path = files.new_path(cls.KIND, filename_prefix, ".png", words)
            with whole_file(path) as file:
                picture.save(file, "PNG", pnginfo=inside)
            saved.append(files.entry(path, cls.KIND))
        return {"ui": {"images": saved}}


class PreviewImage(SaveImage):
    """SaveImage into the temp folder."""

    DESCRIPTION = "Saves pictures in the temp folder."
    KIND = "temp"


class SaveAudio:
    """AUDIO [B, C, T] -> FLAC files with the graph inside. Six channels are written as 5.1 (FL FR FC LFE BL BR), eight
    as 7.1; ComfyUI's own node would interleave them into two."""

    DESCRIPTION = "Saves sound as FLAC in the output folder."
    CATEGORY, FUNCTION, OUTPUT_NODE, RETURN_TYPES = "audio", "execute", True, ()
    KIND, PREFIX = "output", "audio/ComfyUI"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        prefix = {"filename_prefix": ("STRING", {"default": cls.PREFIX})} if cls.KIND == "output" else {}
        return {"required": {"audio": ("AUDIO",), **prefix}, "hidden": HIDDEN}

    @classmethod
    def execute(
        cls, audio: Any, filename_prefix: str = TEMP, prompt: Any = None, extra_pnginfo: Any = None
    ) -> dict[str, Any]:
        from ..media import sound
        from ..media.metadata import graph_tags

        if audio is None:
            raise InputError("audio is empty: what is linked to it brought no sound")
        rate, tags, saved = int(audio["sample_rate"]), graph_tags(prompt, extra_pnginfo), []
        for number, samples in enumerate(audio["waveform"].cpu().float().numpy()):
            layout = files.layout_of(samples)
            path = files.new_path(cls.KIND, filename_prefix, ".flac", {"batch_num": number})
            sound.write_samples(path, samples, rate, layout, FLAC, tags, runtime=files.host())
            saved.append(files.entry(path, cls.KIND))
        return {"ui": {"audio": saved}}


class PreviewAudio(SaveAudio):
    """SaveAudio into the temp folder."""

    DESCRIPTION = "Saves sound as FLAC in the temp folder."
    KIND = "temp"


class MaskToImage:
    """MASK [B, H, W] -> grey IMAGE [B, H, W, 3]."""

    DESCRIPTION = "Turns a mask into a grey picture."
    CATEGORY, FUNCTION, RETURN_TYPES = "mask", "execute", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"mask": ("MASK",)}}

    @classmethod
    def execute(cls, mask: Any) -> tuple[Any]:
        return (mask.reshape(-1, *mask.shape[-2:], 1).repeat(1, 1, 1, 3),)


class ImageToMask:
    """One channel of an IMAGE [B, H, W, C] -> MASK [B, H, W]."""

    DESCRIPTION = "Takes one channel of a picture as a mask."
    CATEGORY, FUNCTION, RETURN_TYPES = "mask", "execute", ("MASK",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"image": ("IMAGE",), "channel": (list(CHANNELS),)}}

    @classmethod
    def execute(cls, image: Any, channel: str) -> tuple[Any]:
        if CHANNELS.index(channel) >= image.shape[-1]:
            raise InputError(f"channel is {channel}; the image has only: {', '.join(CHANNELS[: image.shape[-1]])}")
        return (image[..., CHANNELS.index(channel)],)


_NODES = (LoadImage, LoadAudio, SaveImage, PreviewImage, SaveAudio, PreviewAudio, MaskToImage, ImageToMask)
STOCK: dict[str, type] = {node.__name__: node for node in _NODES}
