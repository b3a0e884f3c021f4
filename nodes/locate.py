"""Locate: where each region is around the listener."""

from .. import s2s_core as core
from . import sockets
from .host import runtime


class LocateSources:
    DESCRIPTION = "Gives each region a place around the listener: azimuth, elevation and distance."
    CATEGORY = f"{sockets.CATEGORY}/locate"
    SEARCH_ALIASES = ["position", "azimuth", "camera", "field of view", "panorama 360"]
    RETURN_TYPES = (sockets.SOURCES,)
    RETURN_NAMES = ("sources",)
    OUTPUT_TOOLTIPS = ("One source for each region, in the same order.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        scenes = core.locate.SCENES
        ranges = ", ".join(f"{name} {near:g} to {far:g} m" for name, (near, far) in scenes.items())
        return {
            "required": {
                "regions": (sockets.REGIONS, {"tooltip": "The regions to place."}),
                "depth": (sockets.DEPTH, {"tooltip": "The depth map of the same picture."}),
                "projection": (
                    list(core.locate.PROJECTIONS),
                    {
                        "tooltip": "How the picture maps to directions. perspective: an ordinary lens. "
                        "fisheye: a round fisheye picture. equirectangular: a full 360 degree panorama."
                    },
                ),
                "field_of_view": (
                    "FLOAT",
                    {
                        "default": 0.0,
                        "min": 0.0,
                        "max": 360.0,
                        "step": 1.0,
                        "tooltip": "Degrees. perspective: across the longer side, 1 to 170; phones about 65 to 75. "
                        "fisheye: across the image circle. 0: the usual one (60, fisheye 180, equirectangular 360).",
                    },
                ),
                "scene": (
                    [*scenes, "custom"],
                    {
                        "default": "street",
                        "tooltip": f"How near and far things are: {ranges}; custom uses the next two inputs. "
                        "Metric depth knows by itself.",
                    },
                ),
                "near": (
                    "FLOAT",
                    {
                        "default": 2.0,
                        "min": 0.1,
                        "max": 1000.0,
                        "step": 0.1,
                        "tooltip": "Only for custom: metres to the nearest thing.",
                    },
                ),
                "far": (
                    "FLOAT",
                    {
                        "default": 40.0,
                        "min": 0.2,
                        "max": 10000.0,
                        "step": 1.0,
                        "tooltip": "Only for custom: metres to the farthest thing.",
                    },
                ),
                "stage_width": (
                    "FLOAT",
                    {
                        "default": 0.0,
                        "min": 0.0,
                        "max": 360.0,
                        "step": 1.0,
                        "tooltip": "Degrees over which the picture's width is spread around the listener. "
                        "0: as seen. 60: the edges are at the front loudspeakers.",
                    },
                ),
            }
        }

    @classmethod
    def execute(cls, regions, depth, projection, field_of_view, scene, near, far, stage_width):
        custom = {"near": near, "far": far} if scene == "custom" else {}
        camera = core.locate.Camera(projection, field_of_view)
        return (
            core.locate.run(
                regions,
                depth,
                camera=camera,
                scene=scene,
                stage_width=stage_width,
                runtime=runtime(),
                **custom,
            ),
        )


class EditSource:
    DESCRIPTION = "Moves, mutes, solos, levels, widens or diffuses one source. Chain several to edit several."
    CATEGORY = f"{sockets.CATEGORY}/locate"
    SEARCH_ALIASES = ["move", "mute", "solo", "gain", "volume", "spread", "diffuse", "ambience"]
    RETURN_TYPES = (sockets.SOURCES,)
    RETURN_NAMES = ("sources",)
    OUTPUT_TOOLTIPS = ("All sources, the one edited.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        def switch(tooltip):
            return ("BOOLEAN", {"default": False, "tooltip": tooltip})

        number = sockets.number
        return {
            "required": {
                "sources": (sockets.SOURCES, {"tooltip": "The sources; all but one pass unchanged."}),
                "number": (
                    "INT",
                    {"default": 1, "min": 1, "max": 64, "tooltip": "Which source, counted from 1 as on the Scene Map."},
                ),
                "turn": number(0.0, -180.0, 180.0, 1.0, "Degrees around the listener; positive is to the left."),
                "lift": number(0.0, -90.0, 90.0, 1.0, "Degrees up; negative is down."),
                "distance": number(1.0, 0.1, 10.0, 0.1, "Times the distance: 0.5 is half as far, 2 twice as far."),
                "gain": number(0.0, -60.0, 24.0, 0.5, "Decibels louder; negative is softer."),
                "spread": number(
                    0.0, 0.0, 360.0, 1.0, "Degrees wider than it looks; 360 spreads it over the whole circle."
                ),
                "mute": switch("On: this source is not heard."),
            },
            "optional": {
                "solo": switch("On: only this source is heard, and others on solo."),
                "diffuse": switch("On: this source is heard from everywhere, like the background."),
            },
        }

    @classmethod
    def execute(cls, sources, number, **edits):
        return (core.locate.edit(sources, number, **edits),)


NODES = {
    "S2S_LocateSources": (LocateSources, "Locate Sources"),
    "S2S_EditSource": (EditSource, "Edit Source"),
}
