"""Room: where the sources sound."""

from .. import s2s_core as core
from . import sockets


class DefineRoom:
    DESCRIPTION = "The virtual room around the listener: its size, how long it rings, what its walls are made of."
    CATEGORY = f"{sockets.CATEGORY}/spatialize"
    SEARCH_ALIASES = ["reverb", "acoustics", "T60", "hall", "materials"]
    RETURN_TYPES = (sockets.ROOM,)
    RETURN_NAMES = ("room",)
    OUTPUT_TOOLTIPS = ("The room, for 'Spatialize'.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        def metres(default, low, meaning):
            return sockets.number(default, low, 200.0, 0.1, f"Only for custom: metres {meaning}.")

        def material(where):
            tooltip = f"What {where} made of, also in presets that have walls; the room then rings as long as it does "
            tooltip += "between such walls. Needs pyroomacoustics, from which the figures are read."
            return (list(core.spatialize.MATERIALS), {"tooltip": tooltip, "advanced": True})

        def place(way):
            return sockets.number(
                0.0, 0.0, 200.0, 0.1, f"Metres {way} to the listener. 0: the usual place.", advanced=True
            )

        return {
            "required": {
                "preset": (
                    [*core.spatialize.ROOMS, "custom"],
                    {"tooltip": "A ready-made room. custom uses the next four inputs; the presets ignore them."},
                ),
                "length": metres(6.0, 1.0, "from the rear wall to the front wall"),
                "width": metres(5.0, 1.0, "from the right wall to the left wall"),
                "height": metres(3.0, 1.5, "from floor to ceiling"),
                "t60": sockets.number(
                    *(0.4, 0.0, 20.0, 0.05),
                    "Only for custom: seconds until the sound has died away by 60 dB. "
                    "Living room 0.4, hall 1.8, cathedral 6; 0 is the open air, where only the ground reflects.",
                ),
            },
            "optional": {
                "walls": material("the four walls are"),
                "floor": material("the floor is"),
                "ceiling": material("the ceiling is"),
                "listener_x": place("from the rear wall"),
                "listener_y": place("from the right wall"),
                "listener_z": place("from the floor"),
            },
        }

    @classmethod
    def execute(cls, preset, length, width, height, t60, listener_x=0.0, listener_y=0.0, listener_z=0.0, **materials):
        ears = (listener_x, listener_y, listener_z)
        return (core.spatialize.make_room(preset, (length, width, height), t60, ears=ears, **materials),)


NODES = {"S2S_DefineRoom": (DefineRoom, "Room")}
