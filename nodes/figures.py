"""Figures: pictures of the result."""

from .. import s2s_core as core
from . import sockets
from .host import runtime


class DrawScene:
    DESCRIPTION = "Draws what was found and where it sounds: regions, viewing sphere, plan of the room, channels."
    CATEGORY = f"{sockets.CATEGORY}/figures"
    SEARCH_ALIASES = ["scene map", "plot", "plan", "meter", "preview"]
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("The figure. 'all' puts every figure for which something is connected on one sheet.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "sources": (sockets.SOURCES, {"tooltip": "Where things are, from 'Locate Sources'."}),
                "figure": (
                    ["all", *core.figures.FIGURES],
                    {"tooltip": "Which figure. regions needs image and regions, channels needs surround."},
                ),
            },
            "optional": {
                "image": ("IMAGE", {"tooltip": "The picture under the regions."}),
                "regions": (sockets.REGIONS, {"tooltip": "The regions to draw over the picture."}),
                "room": (sockets.ROOM, {"tooltip": "The room in the plan. Not connected: a street."}),
                "surround": ("AUDIO", {"tooltip": "The mix whose channels and loudspeakers are drawn."}),
                "layout": sockets.layout_input(),
            },
        }

    @classmethod
    def execute(cls, sources, figure, image=None, regions=None, room=None, surround=None, layout="auto"):
        if surround is not None:
            surround = core.spatialize.measured(sockets.surround_from(surround, layout, "surround"), runtime())
        scene = core.types.Scene(
            sources=sources,
            picture=None if image is None else sockets.picture_from(image),
            regions=regions,
            room=room or core.spatialize.ROOMS["street"],
            surround=surround,
        )
        return (sockets.image_from(core.figures.draw(scene, figure)),)


NODES = {"S2S_DrawScene": (DrawScene, "Scene Map")}
