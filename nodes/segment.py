"""Segment: which regions of a picture could sound."""

from .. import s2s_core as core
from . import sockets
from .host import runtime


class SegmentImage:
    DESCRIPTION = "Finds the regions of a picture that could sound, the most telling first."
    CATEGORY = f"{sockets.CATEGORY}/segment"
    SEARCH_ALIASES = ["segment", "SAM", "masks", "regions"]
    RETURN_TYPES = (sockets.REGIONS,)
    RETURN_NAMES = ("regions",)
    OUTPUT_TOOLTIPS = ("The regions, in order of rank; the background, if asked for, comes last.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "segmenter": (sockets.SEGMENTER, {"tooltip": "The model, from 'Load Segmenter'."}),
                "image": ("IMAGE", {"tooltip": "One picture, at least 16 x 16 pixels."}),
                "count": (
                    "INT",
                    {
                        "default": 5,
                        "min": 1,
                        "max": 32,
                        "tooltip": "At most so many objects; fewer when the picture has fewer. "
                        "Useful: 3 to 8. The paper used 5.",
                    },
                ),
                "mode": (
                    list(core.segment.MODES),
                    {
                        "tooltip": "distinct: separate things, no duplicates; sky and floor rank lower. "
                        "largest: the biggest masks, overlaps and all, as the paper did."
                    },
                ),
                "background": (
                    "BOOLEAN",
                    {
                        "default": True,
                        "tooltip": "Adds all that no object covers as one last region: "
                        "an ambience around the listener. The paper had none.",
                    },
                ),
            }
        }

    @classmethod
    def execute(cls, segmenter, image, count, mode, background):
        picture = sockets.picture_from(image)
        return (core.segment.run(segmenter, picture, count=count, mode=mode, background=background, runtime=runtime()),)


class ImportRegions:
    DESCRIPTION = "Takes masks from any other node as regions: one region for each mask of the batch."
    CATEGORY = f"{sockets.CATEGORY}/segment"
    SEARCH_ALIASES = ["mask to regions", "custom masks"]
    RETURN_TYPES = (sockets.REGIONS,)
    RETURN_NAMES = ("regions",)
    OUTPUT_TOOLTIPS = ("One region for each mask that is not empty, in the same order.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "mask": ("MASK", {"tooltip": "Masks as large as the picture; a pixel counts from 0.5 up."}),
            },
            "optional": {
                "prompts": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "What each region sounds like, one line for each mask. Empty: guessed.",
                    },
                ),
            },
        }

    @classmethod
    def execute(cls, mask, prompts=""):
        return (core.segment.from_masks(mask.cpu().float().numpy(), prompts),)


class ExportRegions:
    DESCRIPTION = "Gives the regions as a MASK batch, for any other node."
    CATEGORY = f"{sockets.CATEGORY}/segment"
    SEARCH_ALIASES = ["regions to mask"]
    RETURN_TYPES = ("MASK",)
    RETURN_NAMES = ("mask",)
    OUTPUT_TOOLTIPS = ("One mask for each region, as large as the picture, 0 or 1.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"regions": (sockets.REGIONS, {"tooltip": "The regions to turn into masks."})}}

    @classmethod
    def execute(cls, regions):
        return (sockets.masks_from(regions),)


NODES = {
    "S2S_SegmentImage": (SegmentImage, "Find Sounding Regions"),
    "S2S_ImportRegions": (ImportRegions, "Regions from MASK"),
    "S2S_ExportRegions": (ExportRegions, "Regions to MASK"),
}
