"""Tracks: what sounds in a clip, followed over time, placed on its way, and given a sound."""

from .. import s2s_core as core
from . import sockets
from .generate import GenerateAudio, sampling
from .host import runtime
from .locate import LocateSources
from .segment import SegmentImage

CATEGORY = f"{sockets.CATEGORY}/clips"
KEY_FRAMES = sockets.number(
    *(2.0, 0.1, 30.0, 0.5),
    "Frames a second that are looked at, besides every cut. More follow fast things better and take longer.",
)


class TrackRegions:
    DESCRIPTION = "Finds the regions of a clip that could sound, and follows each over time."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["tracking", "video segmentation", "follow"]
    RETURN_TYPES = (sockets.TRACKS, "STRING")
    RETURN_NAMES = ("tracks", "report")
    OUTPUT_TOOLTIPS = ("What was seen, over time.", "Each thing, and from when to when it is there.")
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "clip": (sockets.CLIP, {"tooltip": "The clip, from 'Load Media'."}),
                "segmenter": (sockets.SEGMENTER, {"tooltip": "The model, from 'Load Segmenter'."}),
                "depth_model": (sockets.DEPTH_MODEL, {"tooltip": "The model, from 'Load Depth Model'."}),
                **sockets.borrow(SegmentImage, "count", "background"),
                "key_frames": KEY_FRAMES,
                **sockets.borrow(LocateSources, "projection", "field_of_view"),
            }
        }

    @classmethod
    def execute(cls, clip, segmenter, depth_model, count, background, key_frames, projection, field_of_view):
        manner = core.film.Manner(count, "distinct", background, 0, key_frames, projection, field_of_view)
        watched = core.film.watch(clip, segmenter, depth_model, manner, runtime())
        return watched, core.film.listed(watched)


class ImportTracks:
    DESCRIPTION = "Things whose masks over all frames come from another tracker: one mask batch for each thing."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["masks to tracks", "SAM 2 video", "external tracker"]
    RETURN_TYPES = (sockets.TRACKS, "STRING")
    RETURN_NAMES = ("tracks", "report")
    OUTPUT_TOOLTIPS = TrackRegions.OUTPUT_TOOLTIPS
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        tooltip = "Masks of one more thing, one for each frame."
        return {
            "required": {
                "clip": (sockets.CLIP, {"tooltip": "The clip that the masks belong to."}),
                "depth_model": (sockets.DEPTH_MODEL, {"tooltip": "The model, from 'Load Depth Model'."}),
                "mask": ("MASK", {"tooltip": "Masks of the first thing, one for each frame of the clip."}),
                **sockets.borrow(GenerateAudio, "prompts"),
                "key_frames": KEY_FRAMES,
                **sockets.borrow(LocateSources, "projection", "field_of_view"),
            },
            "optional": {f"mask_{number}": ("MASK", {"tooltip": tooltip}) for number in (2, 3, 4)},
        }

    @classmethod
    def execute(cls, clip, depth_model, mask, prompts, key_frames, projection, field_of_view, **more):
        given = (mask, *(more.get(f"mask_{number}") for number in (2, 3, 4)))
        objects = [masks.detach().cpu().float().numpy() for masks in given if masks is not None]
        watched = core.film.watch_masks(
            clip,
            objects,
            depth_model,
            prompts=prompts,
            per_second=key_frames,
            projection=projection,
            field_of_view=field_of_view,
            runtime=runtime(),
        )
        return watched, core.film.listed(watched)


class LocateTracks:
    DESCRIPTION = "Gives each track its way around the listener: azimuth, elevation and distance over time."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["moving sources", "trajectory", "position"]
    RETURN_TYPES = (sockets.SOURCES,)
    RETURN_NAMES = ("sources",)
    OUTPUT_TOOLTIPS = ("One source for each track, in the same order, for 'Spatialize'.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "tracks": (sockets.TRACKS, {"tooltip": "The tracks, from 'Track Regions'."}),
                **sockets.borrow(LocateSources, "scene", "near", "far", "stage_width"),
            }
        }

    @classmethod
    def execute(cls, tracks, scene, near, far, stage_width):
        custom = {"near": near, "far": far} if scene == "custom" else {}
        return (core.film.place(tracks, scene=scene, stage_width=stage_width, **custom),)


class GenerateTrackAudio:
    DESCRIPTION = "Makes a sound for each track of a clip, for as long as the thing is there."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["video to audio", "foley", "CoDi"]
    RETURN_TYPES = ("AUDIO", "STRING")
    RETURN_NAMES = ("audio", "report")
    OUTPUT_TOOLTIPS = (
        "One mono sound for each track, as long as the clip, as a batch.",
        "What was chosen for each track, and why.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "generator": (sockets.GENERATOR, {"tooltip": "The model, from 'Load Generator'."}),
                "tracks": (sockets.TRACKS, {"tooltip": "The tracks, from 'Track Regions'."}),
                "clip": (sockets.CLIP, {"tooltip": "The clip in which they were seen."}),
                **sockets.borrow(GenerateAudio, "prompts", "seed"),
            },
            "optional": sockets.borrow(
                *(GenerateAudio, "sampler", "steps", "guidance", "negative", "picture_weight", "words_weight")
            ),
        }

    @classmethod
    def execute(cls, generator, tracks, clip, prompts, seed, **manner):
        core.film.check_padded(tracks)
        asked = {"prompts": prompts, "seed": seed, "sampling": sampling(**manner)}
        made, words = core.film.sounds(generator, clip, tracks, **asked, runtime=runtime())
        return sockets.audio_from(core.film.padded(made, clip.seconds)), "\n".join(words)


NODES = {
    "S2S_TrackRegions": (TrackRegions, "Track Regions"),
    "S2S_ImportTracks": (ImportTracks, "Tracks from Masks"),
    "S2S_LocateTracks": (LocateTracks, "Locate Tracks"),
    "S2S_GenerateTrackAudio": (GenerateTrackAudio, "Generate Track Audio"),
}
