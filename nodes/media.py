"""Media: sample pictures in, files out."""

import os

from .. import s2s_core as core
from . import sockets
from .host import embeds_graphs, runtime
from .spatialize import SpatializeSources


class LoadSample:
    DESCRIPTION = "One of the photographs that come with this pack, to try things with. Yours come from 'Load Image'."
    CATEGORY = f"{sockets.CATEGORY}/media"
    SEARCH_ALIASES = ["example", "sample picture", "demo"]
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")
    OUTPUT_TOOLTIPS = (
        "The photograph, as it would come from 'Load Image'.",
        "Things in it, outlined by hand: a batch of masks, as a mask editor or another segmenter would give them.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "picture": (
                    list(core.media.samples.SAMPLES),
                    {"tooltip": "Which photograph. Their licences are in workflows/media/LICENCES.md."},
                )
            }
        }

    @classmethod
    def execute(cls, picture):
        pixels, masks = core.media.samples.load_sample(picture).pixels, core.media.samples.sample_masks(picture)
        return sockets.image_from(pixels), sockets.masks_from(masks)


class SaveSurround:
    DESCRIPTION = "Saves surround sound with its channels in the right order and named."
    CATEGORY = f"{sockets.CATEGORY}/media"
    SEARCH_ALIASES = ["save audio", "5.1", "WAV", "FLAC", "export"]
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("file",)
    OUTPUT_TOOLTIPS = ("The path of the file that was written; of a batch, one path on each line.",)
    FUNCTION = "execute"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "audio": (
                    "AUDIO",
                    {"tooltip": "The mix, or a batch such as that of 'Stems': each clip becomes a file of its own."},
                ),
                "filename_prefix": (
                    "STRING",
                    {
                        "default": "see2sound/surround",
                        "tooltip": "Name in the output folder; a number is added. Sub-folders are made.",
                    },
                ),
                "format": (
                    list(core.media.sound.FORMATS),
                    {
                        "tooltip": "FLAC is half the size of WAV, loses nothing, and carries the workflow inside. "
                        "AAC and Opus are small and play in browsers; Opus wants 48000 Hz."
                    },
                ),
                "layout": sockets.layout_input(),
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    @classmethod
    def execute(cls, audio, filename_prefix, format, layout, prompt=None, extra_pnginfo=None):
        tags = core.media.metadata.graph_tags(prompt, extra_pnginfo) if embeds_graphs() else {}
        paths = []
        for sound in sockets.surrounds_from(audio, layout):
            paths.append(new_path(filename_prefix, core.media.sound.FORMATS[format].suffix))
            core.media.sound.write(paths[-1], sound, format, tags, runtime=runtime())
        return shown(*paths)


class SaveScene:
    DESCRIPTION = "Saves every source as an object with its place, for audio workstations that mix themselves (ADM)."
    CATEGORY = f"{sockets.CATEGORY}/media"
    SEARCH_ALIASES = ["ADM", "BW64", "object audio", "DAW", "export", "Atmos"]
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("file",)
    OUTPUT_TOOLTIPS = ("The path of the file that was written.",)
    FUNCTION = "execute"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "sources": (sockets.SOURCES, {"tooltip": "Where things are, from 'Locate Sources'."}),
                "audio": ("AUDIO", {"tooltip": "One mono clip for each source, as a batch, in the same order."}),
                "filename_prefix": (
                    "STRING",
                    {
                        "default": "see2sound/scene",
                        "tooltip": "Name in the output folder; a number is added. Sub-folders are made.",
                    },
                ),
            },
            "optional": sockets.borrow(SpatializeSources, "rolloff"),
        }

    @classmethod
    def execute(cls, sources, audio, filename_prefix, **levels):
        path = new_path(filename_prefix, ".wav")
        placed = core.spatialize.with_levels(sources, core.spatialize.Mixing(**levels))
        core.media.adm.write_scene(path, placed, sockets.tracks_from(audio), runtime=runtime())
        return shown(path)


def new_path(prefix, suffix):
    """A path in the output folder that no file has yet."""
    stem = runtime().new_name("output", prefix)
    return stem.with_name(stem.name + suffix)


def shown(*paths):
    """What an output node returns for the files it wrote."""
    output = os.path.abspath(runtime().folder("output"))
    folders = [path.parent.relative_to(output).as_posix() for path in paths]
    files = [
        {"filename": path.name, "subfolder": folder, "type": "output"}
        for path, folder in zip(paths, folders, strict=True)
    ]
    return {"ui": {"files": files}, "result": ("\n".join(map(str, paths)),)}


NODES = {
    "S2S_LoadSample": (LoadSample, "Load Sample Picture"),
    "S2S_SaveSurround": (SaveSurround, "Save Surround"),
    "S2S_SaveScene": (SaveScene, "Save ADM Scene"),
}
