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
    OUTPUT_TOOLTIPS = ("The depth map. Relative models give an order; 'Locate Sources' turns it into metres.",)
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
    OUTPUT_TOOLTIPS = ("The depth map, relative: an order of near and far.",)
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
            }
        }

    @classmethod
    def execute(cls, image, near_is_white):
        if len(image) != 1:
            raise core.errors.InputError(f"image holds {len(image)} pictures; allowed is one: pick it first")
        return (core.depth.from_image(image[0, ..., :3].cpu().float().numpy().mean(-1), near_is_white=near_is_white),)


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


NODES = {
    "S2S_EstimateDepth": (EstimateDepth, "Estimate Depth"),
    "S2S_ImportDepth": (ImportDepth, "Depth from IMAGE"),
    "S2S_PreviewDepth": (PreviewDepth, "Preview Depth"),
}
