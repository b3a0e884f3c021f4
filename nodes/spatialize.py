"""Spatialize: the sources sound in a room and become surround sound."""

from .. import s2s_core as core
from . import sockets
from .host import runtime

CATEGORY = f"{sockets.CATEGORY}/spatialize"
AS_THE_CLIPS = "as the clips"
SAMPLE_RATES = {AS_THE_CLIPS: None, **{f"{rate} Hz": rate for rate in (48000, 44100, 96000)}}


LOUDNESS = sockets.number(
    *(-23.0, -70.0, -5.0, 0.5),
    "Target in LUFS: -23 for broadcast, -16 for the web. Peaks stay under -1 dBTP even if that makes it softer.",
)


class SpatializeSources:
    DESCRIPTION = "Places each sound at its source in the room and mixes them to surround sound."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["5.1", "surround", "mix", "pan", "spatial audio", "binaural", "ambisonics", "7.1.4"]
    RETURN_TYPES = ("AUDIO", "AUDIO", "STRING")
    RETURN_NAMES = ("surround", "monitor", "report")
    OUTPUT_TOOLTIPS = (
        "The surround mix. 5.1 is in the order FL FR FC LFE BL BR. Save it with 'Save Surround': "
        "ComfyUI's own audio nodes scramble more than two channels.",
        "The same mix folded to stereo, for any player; of layout binaural, the mix itself.",
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
                    {
                        "default": "5.1",
                        "tooltip": "The loudspeakers to mix for; binaural is for headphones, AmbiX for ambisonic "
                        "players. The paper used 5.1.",
                    },
                ),
                "loudness": LOUDNESS,
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
                "room": (
                    sockets.ROOM,
                    {"tooltip": "From 'Room'. Not connected: a street. A new Room node starts as a living room."},
                ),
                "reverberation": sockets.number(
                    *(0.0, -60.0, 12.0, 0.5),
                    "Decibels by which all that the room adds is louder; negative is drier, -60 is none of it.",
                ),
                "sample_rate": (
                    list(SAMPLE_RATES),
                    {"tooltip": "Of the result. Another rate than the clips' is resampled, in high quality."},
                ),
                "engine": (
                    list(core.spatialize.ENGINES),
                    {
                        "tooltip": "How the room is computed. hybrid is fast and true to the room's T60. image sources "
                        "simulates every reflection and rings longer; ray tracing traces rays. Both are far slower.",
                        "advanced": True,
                    },
                ),
                "rolloff": sockets.number(
                    *(0.7, 0.0, 2.0, 0.05),
                    "How fast things grow softer with distance: 1 is physics, 0 ignores distance.",
                    advanced=True,
                ),
                "lfe": sockets.number(
                    *(-6.0, -60.0, 10.0, 0.5),
                    "Decibels of the low-frequency channel, which only doubles bass; -60 is silent.",
                    advanced=True,
                ),
                "travel": (
                    "BOOLEAN",
                    {
                        "default": False,
                        "tooltip": "On: what is far away is heard later, as in nature (34 m are 0.1 s), no longer in "
                        "step with the picture. With tail off, what comes after the end is not heard.",
                        "advanced": True,
                    },
                ),
            },
        }

    @classmethod
    def execute(cls, sources, audio, loudness, **settings):
        surround = core.spatialize.run(sources, sockets.tracks_from(audio), loudness=loudness, **mixed_as(settings))
        report = core.spatialize.report(surround)
        if surround.layout.kind == "binaural":  # two channels already, made for headphones
            return sockets.surround_audio_from(surround), sockets.surround_audio_from(surround), report
        monitor = core.spatialize.FOLDS["stereo"](surround, loudness, runtime())
        return sockets.surround_audio_from(surround), sockets.surround_audio_from(monitor), report


class RenderStems:
    DESCRIPTION = "What each source adds to the mix of 'Spatialize', by itself: give it the same inputs."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["stems", "tracks", "separate", "multitrack"]
    RETURN_TYPES = ("AUDIO",)
    RETURN_NAMES = ("stems",)
    OUTPUT_TOOLTIPS = ("One clip for each source, as a batch; their sum is the whole mix. 'Save Surround' saves each.",)
    FUNCTION = "execute"
    INPUT_TYPES = SpatializeSources.INPUT_TYPES

    @classmethod
    def execute(cls, sources, audio, loudness, **settings):
        stems = core.spatialize.stems(sources, sockets.tracks_from(audio), loudness=loudness, **mixed_as(settings))
        return (sockets.surround_audio_from(*stems),)


class FoldSurround:
    DESCRIPTION = "Folds surround sound down for two loudspeakers or for headphones."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["downmix", "stereo", "binaural", "headphones", "HRTF", "monitor"]
    RETURN_TYPES = ("AUDIO",)
    RETURN_NAMES = ("audio",)
    OUTPUT_TOOLTIPS = ("Two channels, for any player.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "surround": ("AUDIO", {"tooltip": "The mix, from 'Spatialize'."}),
                "to": (
                    list(core.spatialize.FOLDS),
                    {
                        "default": "binaural",
                        "tooltip": "binaural: the loudspeakers around a measured head, for headphones; what is "
                        "binaural already is only levelled. stereo: the broadcasters' sum (ITU-R BS.775).",
                    },
                ),
                "loudness": LOUDNESS,
                "layout": sockets.layout_input(),
            }
        }

    @classmethod
    def execute(cls, surround, to, loudness, layout):
        sound = sockets.surround_from(surround, layout, name="surround")
        return (sockets.surround_audio_from(core.spatialize.FOLDS[to](sound, loudness, runtime())),)


class SetLoudness:
    DESCRIPTION = "Brings sound to a loudness, by one gain for all channels. Nothing is clipped or compressed."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["normalize", "LUFS", "level", "EBU R128", "true peak"]
    RETURN_TYPES = ("AUDIO", "FLOAT", "FLOAT", "STRING")
    RETURN_NAMES = ("audio", "loudness", "true_peak", "report")
    OUTPUT_TOOLTIPS = (
        "The same sound at the loudness.",
        "What it came to, in LUFS.",
        "Its true peak in dBTP.",
        "Loudness, true peak and the level of every channel.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "audio": (
                    "AUDIO",
                    {"tooltip": "Sound of any layout. Mono is not surround: it needs at least two channels."},
                ),
                "loudness": LOUDNESS,
                "layout": sockets.layout_input(),
            }
        }

    @classmethod
    def execute(cls, audio, loudness, layout):
        sound = core.spatialize.levelled(sockets.surround_from(audio, layout), loudness, runtime())
        return sockets.surround_audio_from(sound), sound.loudness, sound.true_peak, core.spatialize.report(sound)


class SpatializeAsPublished:
    DESCRIPTION = "The spatial stage of SEE-2-SOUND exactly as published, faults included: for comparisons."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["SEE-2-SOUND", "paper", "baseline", "research"]
    RETURN_TYPES = ("AUDIO", "STRING")
    RETURN_NAMES = ("surround", "report")
    OUTPUT_TOOLTIPS = ("5.1 at 16 kHz, at the published level.", "Its level, and how much of each channel clips.")
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "regions": (sockets.REGIONS, {"tooltip": "The regions that sound."}),
                "depth": (sockets.DEPTH, {"tooltip": "Relative depth of the same picture."}),
                "audio": ("AUDIO", {"tooltip": "One mono clip for each region, as a batch, in the same order."}),
            }
        }

    @classmethod
    def execute(cls, regions, depth, audio):
        published = core.spatialize.published
        sound = published.run(regions, depth, sockets.tracks_from(audio), runtime=runtime())
        return sockets.surround_audio_from(sound), published.report(sound)


def mixed_as(settings):
    """The settings of 'Spatialize' as `core.spatialize.run` takes them; optional inputs may be missing."""
    own = ("law", "engine", "reverberation", "rolloff", "lfe", "travel")
    return {
        "layout": settings["layout"],
        "tail": settings["tail"],
        "room": settings.get("room") or core.spatialize.ROOMS["street"],
        "mixing": core.spatialize.Mixing(**{name: settings[name] for name in own if name in settings}),
        "sample_rate": SAMPLE_RATES[settings.get("sample_rate", AS_THE_CLIPS)],
        "runtime": runtime(),
    }


NODES = {
    "S2S_SpatializeSources": (SpatializeSources, "Spatialize"),
    "S2S_FoldSurround": (FoldSurround, "Surround to Stereo or Binaural"),
    "S2S_SetLoudness": (SetLoudness, "Loudness"),
    "S2S_RenderStems": (RenderStems, "Stems"),
    "S2S_SpatializeAsPublished": (SpatializeAsPublished, "Spatialize as Published"),
}
