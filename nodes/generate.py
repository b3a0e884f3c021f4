"""Generate: a sound for each region."""

from .. import s2s_core as core
from . import sockets
from .host import runtime


class GenerateAudio:
    DESCRIPTION = "Makes one mono sound for each region, from its picture and the words you give."
    CATEGORY = f"{sockets.CATEGORY}/generate"
    SEARCH_ALIASES = ["image to audio", "CoDi", "sound effects", "foley", "procedural"]
    RETURN_TYPES = ("AUDIO", "STRING")
    RETURN_NAMES = ("audio", "report")
    OUTPUT_TOOLTIPS = (
        "One mono clip for each region, as a batch, in the order of the regions.",
        "What was chosen for each region, and why.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "generator": (sockets.GENERATOR, {"tooltip": "The model, from 'Load Generator'."}),
                "regions": (sockets.REGIONS, {"tooltip": "The regions that sound."}),
                "image": ("IMAGE", {"tooltip": "The picture in which the regions were found."}),
                "prompts": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "What the regions sound like: one line for each, or one line for all. "
                        "Empty: guessed from the picture.",
                    },
                ),
                "seconds": (
                    "FLOAT",
                    {
                        "default": 10.0,
                        "min": 0.5,
                        "max": 600.0,
                        "step": 0.5,
                        "tooltip": "Length of every clip in seconds. The paper used 10.24.",
                    },
                ),
                "seed": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": 0xFFFFFFFFFFFFFFFF,
                        "control_after_generate": True,
                        "tooltip": "Another seed gives another take. Each region draws from its own part of it, "
                        "so editing one never changes the others.",
                    },
                ),
            },
            "optional": {
                "sampler": (
                    ["default", *core.generate.SAMPLERS],
                    {
                        "tooltip": "Only for CoDi: how it goes from noise to sound. The help page compares them. "
                        "The paper used DDIM (as published).",
                        "advanced": True,
                    },
                ),
                "steps": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": 1000,
                        "tooltip": "Only for CoDi: how often the network is asked. 0: what suits the sampler. "
                        "The paper used 500.",
                        "advanced": True,
                    },
                ),
                "guidance": (
                    "FLOAT",
                    {
                        "default": 7.5,
                        "min": 1.0,
                        "max": 30.0,
                        "step": 0.5,
                        "tooltip": "Only for CoDi: how closely the sound keeps to picture and words. 1: hardly, and "
                        "twice as quick. The paper used 7.5.",
                        "advanced": True,
                    },
                ),
                "negative": (
                    "STRING",
                    {"default": "", "tooltip": "Only for CoDi: words to lead away from.", "advanced": True},
                ),
                "picture_weight": (
                    "FLOAT",
                    {
                        "default": 1.0,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.05,
                        "tooltip": "Only for CoDi: how much the picture counts against the words. 0: words alone.",
                        "advanced": True,
                    },
                ),
                "words_weight": (
                    "FLOAT",
                    {
                        "default": 1.0,
                        "min": 0.0,
                        "max": 1.0,
                        "step": 0.05,
                        "tooltip": "Only for CoDi: how much the words count against the picture. 0: the picture alone.",
                        "advanced": True,
                    },
                ),
                "frames": (
                    "IMAGE",
                    {
                        "tooltip": "Only for CoDi: frames of a moving picture, of the same size as image. Each "
                        "region is then made from its box in 8 of them."
                    },
                ),
            },
        }

    @classmethod
    def execute(cls, generator, regions, image, prompts, seconds, seed, frames=None, **manner):
        picture, manner = sockets.picture_from(image), sampling(**manner)
        tracks = core.generate.run(
            generator,
            regions,
            picture,
            prompts=prompts,
            seconds=seconds,
            seed=seed,
            sampling=manner,
            frames=None if frames is None else sockets.frames_from(frames),
            runtime=runtime(),
        )
        told = core.generate.describe(generator, regions, picture, prompts, manner)
        return sockets.audio_from(tracks), "\n".join(told)


def sampling(sampler="default", picture_weight=1.0, words_weight=1.0, **manner):
    """What CoDi is asked for, of the optional inputs of a node; one that is missing has its usual value."""
    sampler = "" if sampler == "default" else sampler
    return core.generate.Sampling(sampler, picture=picture_weight, words=words_weight, **manner)


class ImportAudio:
    DESCRIPTION = "Takes clips made elsewhere as the sounds of the regions: first clip, first region."
    CATEGORY = f"{sockets.CATEGORY}/generate"
    SEARCH_ALIASES = ["audio batch", "own sounds", "mono", "Stable Audio", "MMAudio"]
    RETURN_TYPES = ("AUDIO",)
    RETURN_NAMES = ("audio",)
    OUTPUT_TOOLTIPS = ("All clips as one batch of mono sounds of one rate and length.",)
    FUNCTION = "execute"
    SLOTS = tuple(f"audio_{number}" for number in range(1, 9))

    @classmethod
    def INPUT_TYPES(cls):
        first, *more = cls.SLOTS
        return {
            "required": {
                first: ("AUDIO", {"tooltip": "One clip, or a batch of clips: one for each region."}),
                "sample_rate": (
                    "INT",
                    {
                        "default": 48000,
                        "min": 8000,
                        "max": 192000,
                        "tooltip": "Hertz. Clips of another rate are resampled to it; 48000 suits video.",
                    },
                ),
            },
            "optional": {slot: ("AUDIO", {"tooltip": "More clips; they follow those above."}) for slot in more},
        }

    @classmethod
    def execute(cls, sample_rate, **audios):
        clips = [clip for slot in cls.SLOTS if slot in audios for clip in sockets.clips_from(audios[slot], slot)]
        return (sockets.audio_from(core.generate.from_clips(clips, sample_rate)),)


NODES = {
    "S2S_GenerateAudio": (GenerateAudio, "Generate Source Audio"),
    "S2S_ImportAudio": (ImportAudio, "Source Audio from AUDIO"),
}
