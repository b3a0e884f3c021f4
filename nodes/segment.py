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
            },
            "optional": {
                "points": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": 64,
                        "tooltip": "Segment Anything is asked at so many points along each side. Twice as many cost "
                        "four times the time and find smaller things. 0: 16 on a CPU, 32 (as the paper) on a GPU.",
                        "advanced": True,
                    },
                ),
            },
        }

    @classmethod
    def execute(cls, segmenter, image, count, mode, background, points=0):
        return (
            core.segment.run(
                segmenter,
                sockets.picture_from(image),
                count=count,
                mode=mode,
                background=background,
                points=points,
                runtime=runtime(),
            ),
        )


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
                "batch": (
                    list(core.segment.BATCHES),
                    {
                        "tooltip": "What the batch of masks is. several objects: each mask is a region. one object "
                        "over frames, as a video tracker gives: one region, as the first frame that shows it has it.",
                    },
                ),
            },
        }

    @classmethod
    def execute(cls, mask, prompts="", batch="several objects"):
        return (core.segment.from_masks(mask.cpu().float().numpy(), prompts, batch),)


class DescribeRegions:
    DESCRIPTION = "Names the regions and says what they sound like, before anything is made of them."
    CATEGORY = f"{sockets.CATEGORY}/segment"
    SEARCH_ALIASES = ["label", "rename", "prompt", "caption", "tags"]
    RETURN_TYPES = (sockets.REGIONS, "STRING")
    RETURN_NAMES = ("regions", "list")
    OUTPUT_TOOLTIPS = (
        "The same regions with the new words.",
        "One line for each region: number, label, share of the picture, prompt.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        def lines(tooltip):
            return ("STRING", {"default": "", "multiline": True, "tooltip": tooltip})

        return {
            "required": {
                "regions": (sockets.REGIONS, {"tooltip": "The regions to describe."}),
                "labels": lines("What to call them in figures and tables, one line for each region. Empty: as before."),
                "prompts": lines(
                    "What they sound like, one line for each region. Empty: as before; a single - takes the prompt "
                    "away, so that the generator guesses again."
                ),
            }
        }

    @classmethod
    def execute(cls, regions, labels, prompts):
        described = core.segment.describe(regions, labels, prompts)
        return described, core.segment.listed(described)


class NameRegions:
    DESCRIPTION = "Looks at each region and gives it a word such as dog or car, where it is sure enough."
    CATEGORY = f"{sockets.CATEGORY}/segment"
    SEARCH_ALIASES = ["tags", "caption", "classify", "recognise", "label", "EfficientNet"]
    RETURN_TYPES = (sockets.REGIONS, "STRING")
    RETURN_NAMES = ("regions", "list")
    OUTPUT_TOOLTIPS = (
        "The same regions, some of them with a word as label and prompt.",
        "One line for each region: number, label, share of the picture, prompt.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        least, most = core.segment.tags.ALLOWED
        return {
            "required": {
                "regions": (
                    sockets.REGIONS,
                    {
                        "tooltip": "The regions to name. Labels and prompts that you gave stay; the background gets "
                        "no word."
                    },
                ),
                "image": ("IMAGE", {"tooltip": "The picture in which the regions were found, at the same size."}),
                "sure": (
                    "FLOAT",
                    {
                        "default": core.segment.tags.SURE,
                        "min": least,
                        "max": most,
                        "step": 0.05,
                        "tooltip": "How sure a word must be. 0.6: fewer words, hardly ever a wrong one. "
                        "Lower: more words, more of them wrong.",
                    },
                ),
            }
        }

    @classmethod
    def execute(cls, regions, image, sure):
        named = core.segment.name_regions(regions, sockets.picture_from(image), runtime(), sure=sure)
        return named, core.segment.listed(named)


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
        return (sockets.masks_from([region.mask for region in regions]),)


NODES = {
    "S2S_SegmentImage": (SegmentImage, "Find Sounding Regions"),
    "S2S_ImportRegions": (ImportRegions, "Regions from MASK"),
    "S2S_DescribeRegions": (DescribeRegions, "Describe Regions"),
    "S2S_NameRegions": (NameRegions, "Name Regions"),
    "S2S_ExportRegions": (ExportRegions, "Regions to MASK"),
}
