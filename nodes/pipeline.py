"""The six rooms in one node."""

from .. import s2s_core as core
from . import sockets
from .generate import GenerateAudio
from .host import runtime
from .load import IF_MISSING
from .locate import LocateSources
from .segment import SegmentImage
from .spatialize import AS_THE_CLIPS, SAMPLE_RATES, SpatializeSources


def model_combo(room: str, effect: str) -> tuple:
    """A combo of the room's backends."""
    return (list(getattr(core, room).BACKENDS), {"tooltip": f"The model that {effect}."})


class RenderImage:
    DESCRIPTION = (
        "A picture goes in, surround sound comes out: all stages in one node, with previews that need no models."
    )
    CATEGORY = sockets.CATEGORY
    SEARCH_ALIASES = ["See2Sound", "image to audio", "5.1", "surround", "SEE-2-SOUND"]
    RETURN_TYPES = ("AUDIO", "AUDIO", "IMAGE", "STRING")
    RETURN_NAMES = ("surround", "monitor", "scene_map", "report")
    OUTPUT_TOOLTIPS = (
        "The surround mix, 5.1 in the order FL FR FC LFE BL BR. Save it with 'Save Surround': "
        "ComfyUI's own audio nodes scramble more than two channels.",
        "The same mix folded to two channels, for any player; of layout binaural, the mix itself.",
        "Regions, viewing sphere, plan of the room and channels on one sheet.",
        "A table of the sources and the levels.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        scenes = core.locate.SCENES
        reach = ", ".join(f"{name} {near:g} to {far:g} m" for name, (near, far) in scenes.items())
        rooms = ", ".join(f"{scene} -> {room}" for scene, room in core.pipeline.ACOUSTICS.items())
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "One picture, at least 16 x 16 pixels."}),
                **sockets.borrow(GenerateAudio, "prompts", "seconds", "seed"),
                **sockets.borrow(SegmentImage, "count", "background"),
                "scene": (
                    list(core.locate.SCENES),
                    {
                        "default": "street",
                        "tooltip": f"How near and far things are: {reach}. Metric depth knows by itself.",
                    },
                ),
                "room": (
                    [core.pipeline.AS_THE_SCENE, *core.spatialize.ROOMS],
                    {"tooltip": f"The virtual room around the listener. As the scene: {rooms}."},
                ),
                **sockets.borrow(SpatializeSources, "layout", "loudness"),
                **sockets.borrow(LocateSources, "projection", "field_of_view"),
                "segmenter": model_combo("segment", "finds the regions"),
                "depth_model": model_combo("depth", "estimates how far things are"),
                "generator": model_combo("generate", "makes the sounds"),
            },
            "optional": {
                "if_missing": IF_MISSING,
                "monitor": (
                    list(core.spatialize.FOLDS),
                    {"tooltip": "What the monitor output is for: loudspeakers (stereo) or headphones (binaural)."},
                ),
                **sockets.borrow(SpatializeSources, "reverberation", "sample_rate", "engine"),
            },
        }

    @classmethod
    def execute(cls, image, sample_rate=AS_THE_CLIPS, **settings):
        chosen = core.pipeline.Settings(sample_rate=SAMPLE_RATES[sample_rate] or 0, **settings)
        scene = core.pipeline.run(sockets.picture_from(image), chosen, runtime())
        return (
            sockets.surround_audio_from(scene.surround),
            sockets.surround_audio_from(scene.monitor),
            sockets.image_from(core.figures.draw(scene, "all")),
            core.pipeline.report(scene),
        )


NODES = {"S2S_RenderImage": (RenderImage, "See2Sound")}
