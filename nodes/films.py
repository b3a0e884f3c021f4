"""Films: a clip's pictures with surround sound."""

from .. import s2s_core as core
from . import sockets
from .clips import CATEGORY
from .host import embeds_graphs, runtime, video_from
from .media import new_path, shown
from .pipeline import RenderImage
from .tracks import KEY_FRAMES


class SaveVideo:
    DESCRIPTION = "Saves a clip with surround sound. The pictures of a video are copied as they are, not encoded again."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["save video", "mux", "mp4", "mkv", "5.1 video"]
    RETURN_TYPES = ("VIDEO", "STRING")
    RETURN_NAMES = ("video", "file")
    OUTPUT_TOOLTIPS = (
        "The film, for other nodes. 'Save Video' keeps the surround sound of an mp4 (format and codec auto).",
        "The path of the file that was written.",
    )
    FUNCTION = "execute"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "clip": (sockets.CLIP, {"tooltip": "The clip whose pictures are kept."}),
                "surround": ("AUDIO", {"tooltip": "The mix, from 'Spatialize'; cut or filled to the clip's length."}),
                "filename_prefix": (
                    "STRING",
                    {
                        "default": "see2sound/film",
                        "tooltip": "Name in the output folder; a number is added. Sub-folders are made.",
                    },
                ),
                "format": (
                    [suffix.removeprefix(".") for suffix in core.media.mux.FILMS],
                    {"tooltip": "mp4 (AAC) plays everywhere; mkv (FLAC) loses nothing; webm (Opus) is for the web."},
                ),
                "layout": sockets.layout_input(),
            },
            "optional": {
                "monitor": ("AUDIO", {"tooltip": "A stereo mix as a second track, for players without surround."}),
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    @classmethod
    def execute(cls, clip, surround, filename_prefix, format, layout, monitor=None, prompt=None, extra_pnginfo=None):
        track = core.media.mux.Soundtrack.of
        sound = sockets.surround_from(surround, layout, name="surround")
        second = None if monitor is None else track(sockets.surround_from(monitor, name="monitor"))
        tags = core.media.metadata.graph_tags(prompt, extra_pnginfo) if embeds_graphs() else {}
        path = new_path(filename_prefix, f".{format}")
        lost = core.film.write(clip, path, track(sound), monitor=second, metadata=tags, runtime=runtime())
        lost = "; ".join(filter(None, (lost, clip.lost)))
        told = shown(path)
        player = {"images": told["ui"]["files"], "animated": (True,)}
        words = {"text": (f"not kept: {lost}",)} if lost else {}
        return {"ui": told["ui"] | player | words, "result": (video_from(path), str(path))}


class RenderClip:
    DESCRIPTION = "A clip goes in, a film with surround sound comes out: all stages in one node, with previews."
    CATEGORY = sockets.CATEGORY
    SEARCH_ALIASES = ["See2Sound video", "video to surround", "SEE-2-SOUND", "animated"]
    RETURN_TYPES = ("VIDEO", "STRING")
    RETURN_NAMES = ("video", "report")
    OUTPUT_TOOLTIPS = (
        "The film, an mp4 where that holds it. 'Save Video' keeps its surround sound with format and codec auto.",
        "A table of the sources and the levels.",
    )
    FUNCTION = "execute"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        image = "image", "seconds", "segmenter", "depth_model", "generator"
        given = {name: value for name, value in RenderImage.INPUT_TYPES()["required"].items() if name not in image}
        models = {name: RenderImage.INPUT_TYPES()["required"][name] for name in image[2:]}
        return {
            "required": {
                "clip": (sockets.CLIP, {"tooltip": "An animated image or a video, from 'Load Media'."}),
                **given,
                "key_frames": KEY_FRAMES,
                "original": sockets.number(
                    *(-60.0, -60.0, 24.0, 0.5),
                    "Decibels at which the clip's own sound is kept under the mix; 0 as it is, -60 leaves it out.",
                ),
                **models,
            },
            "optional": {"if_missing": RenderImage.INPUT_TYPES()["optional"]["if_missing"]},
        }

    @classmethod
    def execute(cls, clip, **settings):
        chosen, stem = core.pipeline.Settings(**settings), runtime().new_name("temp", "see2sound_film")
        path = core.film.target(stem, clip, chosen, runtime())
        made = core.film.run(clip, chosen, runtime())
        lost = core.film.save(made, path, runtime=runtime())
        report = core.film.report(made) + (f"\nnot kept: {lost}" if lost else "")
        shown_there = {"filename": path.name, "subfolder": "", "type": "temp"}
        return {"ui": {"files": [shown_there]}, "result": (video_from(path), report)}


NODES = {
    "S2S_SaveVideo": (SaveVideo, "Save Surround Video"),
    "S2S_RenderClip": (RenderClip, "See2Sound Video"),
}
