"""Load: which model does the work of a room. A loader hands on a light handle."""

from .. import s2s_core as core
from . import sockets
from .host import runtime

IF_MISSING = (
    ["error", "download"],
    {
        "default": "error",
        "tooltip": "What to do when a file of the model is not on this machine. error: say which one, its licence and "
        "how to get it. download: fetch it now, whole and checked; it is never fetched twice.",
    },
)


class Loader:
    """What the loaders share: a combo of the room's backends, and its handle as the only output."""

    ROOM = ""
    CATEGORY = f"{sockets.CATEGORY}/load"
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        rows = list(getattr(core, cls.ROOM).BACKENDS)
        tooltip = "Which model does the work. The help page says what each is good for, its size and its licence."
        return {
            "required": {"model": (rows, {"tooltip": tooltip})},
            "optional": {"if_missing": IF_MISSING},
        }

    @classmethod
    def execute(cls, model, if_missing="error", **options):
        backends = getattr(core, cls.ROOM).BACKENDS
        return (core.models.load(cls.ROOM, backends, model, runtime(), if_missing, **options),)


class LoadSegmenter(Loader):
    ROOM = "segment"
    DESCRIPTION = "Chooses the model that finds the regions of a picture that could sound."
    SEARCH_ALIASES = ["SAM", "segment anything", "superpixels"]
    RETURN_TYPES = (sockets.SEGMENTER,)
    RETURN_NAMES = ("segmenter",)
    OUTPUT_TOOLTIPS = ("The segmenter, for 'Find Sounding Regions'.",)


class LoadDepthModel(Loader):
    ROOM = "depth"
    DESCRIPTION = "Chooses the model that estimates how far away each pixel is."
    SEARCH_ALIASES = ["Depth Anything", "distance"]
    RETURN_TYPES = (sockets.DEPTH_MODEL,)
    RETURN_NAMES = ("depth_model",)
    OUTPUT_TOOLTIPS = ("The depth model, for 'Estimate Depth'.",)


class LoadGenerator(Loader):
    ROOM = "generate"
    DESCRIPTION = "Chooses the model that makes a sound for each region."
    SEARCH_ALIASES = ["CoDi", "image to audio", "foley", "sound effects"]
    RETURN_TYPES = (sockets.GENERATOR,)
    RETURN_NAMES = ("generator",)
    OUTPUT_TOOLTIPS = ("The generator, for 'Generate Source Audio'.",)

    @classmethod
    def INPUT_TYPES(cls):
        inputs = super().INPUT_TYPES()
        inputs["optional"]["precision"] = (
            list(core.generate.PRECISIONS),
            {
                "tooltip": "Only for CoDi: what its UNet computes in. auto: half precision where the card does it "
                "well. float32: twice the memory, for where half precision gives noise or nothing.",
                "advanced": True,
            },
        )
        return inputs


class LoadMatcher(Loader):
    ROOM = "evaluate"
    DESCRIPTION = "Chooses the model that makes a sound suit a place."
    SEARCH_ALIASES = ["AViTAR", "acoustic matching", "reverb"]
    RETURN_TYPES = (sockets.MATCHER,)
    RETURN_NAMES = ("matcher",)
    OUTPUT_TOOLTIPS = ("The matcher, for 'Match Acoustics'.",)


NODES = {
    "S2S_LoadSegmenter": (LoadSegmenter, "Load Segmenter"),
    "S2S_LoadDepthModel": (LoadDepthModel, "Load Depth Model"),
    "S2S_LoadGenerator": (LoadGenerator, "Load Generator"),
    "S2S_LoadMatcher": (LoadMatcher, "Load Acoustic Matcher"),
}
