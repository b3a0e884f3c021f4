"""Spatialize: the sources sound in a room and become surround sound."""

from .. import s2s_core as core
from . import sockets
from .host import runtime


class DefineRoom:
    DESCRIPTION = "The virtual room around the listener: its size and how long it rings."
    CATEGORY = f"{sockets.CATEGORY}/spatialize"
    SEARCH_ALIASES = ["reverb", "acoustics", "T60", "hall"]
    RETURN_TYPES = (sockets.ROOM,)
    RETURN_NAMES = ("room",)
    OUTPUT_TOOLTIPS = ("The room, for 'Spatialize'.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        def metres(default, low, meaning):
            return ("FLOAT", {"default": default, "min": low, "max": 200.0, "step": 0.1, "tooltip": meaning})

        rooms = core.spatialize.ROOMS
        return {
            "required": {
                "preset": (
                    [*rooms, "custom"],
                    {"tooltip": "A ready-made room. custom uses the inputs below; the presets ignore them."},
                ),
                "length": metres(6.0, 1.0, "Only for custom: metres from the rear wall to the front wall."),
                "width": metres(5.0, 1.0, "Only for custom: metres from the right wall to the left wall."),
                "height": metres(3.0, 1.5, "Only for custom: metres from floor to ceiling."),
                "t60": (
                    "FLOAT",
                    {
                        "default": 0.4,
                        "min": 0.0,
                        "max": 20.0,
                        "step": 0.05,
                        "tooltip": "Only for custom: seconds until the sound has died away by 60 dB. "
                        "Living room 0.4, hall 1.8, cathedral 6; 0 is the open air, where only the ground reflects.",
                    },
                ),
            }
        }

    @classmethod
    def execute(cls, preset, length, width, height, t60):
        return (core.spatialize.make_room(preset, (length, width, height), t60),)


class SpatializeSources:
    DESCRIPTION = "Places each sound at its source in the room and mixes them to surround sound."
    CATEGORY = f"{sockets.CATEGORY}/spatialize"
    SEARCH_ALIASES = ["5.1", "surround", "mix", "pan", "spatial audio"]
    RETURN_TYPES = ("AUDIO", "AUDIO", "STRING")
    RETURN_NAMES = ("surround", "monitor", "report")
    OUTPUT_TOOLTIPS = (
        "The surround mix. 5.1 is in the order FL FR FC LFE BL BR. Save it with 'Save Surround': "
        "ComfyUI's own audio nodes scramble more than two channels.",
        "The same mix folded to stereo, for any player.",
        "Loudness, true peak and the level of every channel.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "sources": (sockets.SOURCES, {"tooltip": "Where things are, from 'Locate Sources'."}),
                "audio": ("AUDIO", {"tooltip": "One mono clip for each source, as a batch, in the same order."}),
                "layout": (
                    list(core.spatialize.LAYOUTS),
                    {"default": "5.1", "tooltip": "The loudspeakers to mix for. The paper used 5.1."},
                ),
                "loudness": (
                    "FLOAT",
                    {
                        "default": -23.0,
                        "min": -70.0,
                        "max": -5.0,
                        "step": 0.5,
                        "tooltip": "Target in LUFS: -23 for broadcast, -16 for the web. "
                        "Peaks stay under -1 dBTP even if that makes it softer.",
                    },
                ),
                "tail": (
                    "BOOLEAN",
                    {
                        "default": True,
                        "tooltip": "On: the room rings out after the clips. Off: exactly as long as the longest clip.",
                    },
                ),
                "law": (
                    list(core.spatialize.LAWS),
                    {
                        "tooltip": "How a direction is shared between two loudspeakers. VBIP keeps the energy "
                        "pointing exactly there; VBAP is sharper and usual in broadcast.",
                        "advanced": True,
                    },
                ),
            },
            "optional": {
                "room": (sockets.ROOM, {"tooltip": "The room, from 'Room'. Not connected: a street."}),
            },
        }

    @classmethod
    def execute(cls, sources, audio, layout, loudness, tail, law, room=None):
        surround = core.spatialize.run(
            sources,
            sockets.tracks_from(audio),
            room=room or core.spatialize.ROOMS["street"],
            layout=layout,
            law=law,
            tail=tail,
            loudness=loudness,
            runtime=runtime(),
        )
        monitor = core.spatialize.fold_to_stereo(surround, loudness, runtime())
        report = core.spatialize.report(surround)
        return sockets.surround_audio_from(surround), sockets.surround_audio_from(monitor), report


NODES = {
    "S2S_DefineRoom": (DefineRoom, "Room"),
    "S2S_SpatializeSources": (SpatializeSources, "Spatialize"),
}
