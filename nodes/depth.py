"""Depth: how far away things are."""

from .. import s2s_core as core
from . import sockets
from .host import runtime


class EstimateDepth:
    DESCRIPTION = "Estimates how near or far each pixel of a picture is."
    CATEGORY = f"{sockets.CATEGORY}/depth"
    SEARCH_ALIASES = ["depth map", "Depth Anything", "distance"]
    RETURN_TYPES = (sockets.DEPTH,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = (
        "The depth map. Metric models give metres, all others an order, which 'Locate Sources' turns into metres.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "depth_model": (sockets.DEPTH_MODEL, {"tooltip": "The model, from 'Load Depth Model'."}),
                "image": ("IMAGE", {"tooltip": "One picture, at least 16 x 16 pixels."}),
            }
        }

    @classmethod
    def execute(cls, depth_model, image):
        return (core.depth.run(depth_model, sockets.picture_from(image), runtime=runtime()),)


class ImportDepth:
    DESCRIPTION = "Takes a grey depth picture from any other node as depth."
    CATEGORY = f"{sockets.CATEGORY}/depth"
    SEARCH_ALIASES = ["image to depth", "MiDaS", "Depth Anything", "Marigold"]
    RETURN_TYPES = (sockets.DEPTH,)
    RETURN_NAMES = ("depth",)
    OUTPUT_TOOLTIPS = ("The depth map: an order of near and far, or metres, as 'meaning' says.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": (
                    "IMAGE",
                    {"tooltip": "One grey picture of depth; in colour, the mean of the channels counts."},
                ),
                "near_is_white": (
                    "BOOLEAN",
                    {
                        "default": True,
                        "tooltip": "On: bright is near, as Depth Anything and MiDaS draw it. Off: bright is far.",
                    },
                ),
            },
            "optional": {
                "meaning": (
                    list(core.depth.MEANINGS),
                    {
                        "default": "relative",
                        "tooltip": "What the greys are. relative: an order. inverse: even steps of 1 / metres "
                        "between near and far (disparity). distance: even steps of metres between them (a z pass).",
                    },
                ),
                "near": _metres(2.0, "Metres at the near end of black to white; not used for relative."),
                "far": _metres(40.0, "Metres at the far end of black to white; not used for relative."),
            },
        }

    @classmethod
    def execute(cls, image, near_is_white, meaning="relative", near=2.0, far=40.0):
        if len(image) != 1:
            raise core.errors.InputError(f"image holds {len(image)} pictures; allowed is one: pick it first")
        grey = image[0, ..., :3].cpu().float().numpy().mean(-1)
        depth = core.depth.from_image(grey, near_is_white=near_is_white, meaning=meaning, near=near, far=far)
        return (depth,)


class PreviewDepth:
    DESCRIPTION = "Draws a depth map as a grey picture: bright is near."
    CATEGORY = f"{sockets.CATEGORY}/depth"
    SEARCH_ALIASES = ["depth to image"]
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("The depth map in grey, bright is near, stretched to black and white.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"depth": (sockets.DEPTH, {"tooltip": "The depth map to look at."})}}

    @classmethod
    def execute(cls, depth):
        return (sockets.image_from(core.figures.depth_preview(depth)),)


def _metres(default, tooltip):
    return ("FLOAT", {"default": default, "min": 0.1, "max": 10000.0, "step": 0.1, "tooltip": tooltip})


NODES = {
    "S2S_EstimateDepth": (EstimateDepth, "Estimate Depth"),
    "S2S_ImportDepth": (ImportDepth, "Depth from IMAGE"),
    "S2S_PreviewDepth": (PreviewDepth, "Preview Depth"),
}
