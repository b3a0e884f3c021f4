"""Clips: animated images and videos in, and frames of them out for other nodes."""

from pathlib import Path

from .. import s2s_core as core
from . import sockets
from .host import runtime, video_path
from .media import LoadSample

CATEGORY = f"{sockets.CATEGORY}/clips"
KINDS = (".gif", ".webp", ".png", ".apng", ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".ts")
KINDS += (".jpg", ".jpeg")


def media_files():
    """Names of the pictures, animated images and videos in the input folder."""
    folder = Path(runtime().folder("input"))
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in found if path.suffix.lower() in KINDS)


class LoadMedia:
    DESCRIPTION = "Loads a picture, an animated image (GIF, WebP, APNG) or a video of any length, with its timing."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["load video", "GIF", "animated", "clip", "mp4"]
    RETURN_TYPES = (sockets.CLIP, "IMAGE", "FLOAT", "FLOAT", "STRING")
    RETURN_NAMES = ("clip", "first_frame", "seconds", "frame_rate", "report")
    OUTPUT_TOOLTIPS = (
        "The clip, read only as it is needed.",
        "Its first frame, or the picture.",
        "How long it is; 0 for a picture.",
        "Frames a second in the mean; 0 for a picture.",
        "Size, length, sound, and what could not be read.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        tooltip = "A file in ComfyUI's input folder; upload one with the button."
        return {"required": {"file": (media_files(), {"video_upload": True, "tooltip": tooltip})}}

    @classmethod
    def VALIDATE_INPUTS(cls, file):
        return True if file is None or find(file).is_file() else f"file {file!r} is not in the input folder: upload it"

    @classmethod
    def IS_CHANGED(cls, file):
        path = find(file) if file else None
        return f"{path.stat().st_mtime_ns} {path.stat().st_size}" if path and path.is_file() else float("nan")

    @classmethod
    def execute(cls, file):
        clip = core.media.clips.open_clip(find(file))
        first = sockets.image_from(clip.frame(0).pixels)
        height, width = clip.size
        sound = "with sound" if clip.has_sound else "silent"
        lost = f"; {clip.lost}" if clip.lost else ""
        report = f"{clip.name}: {width} x {height}, {clip.seconds:.2f} s, {clip.rate:.4g} frames/s, {sound}{lost}"
        return clip, first, clip.seconds, clip.rate, report


def find(name):
    """A file by its name in the input folder, or by its path."""
    return Path(runtime().folder("input")) / str(name).removesuffix(" [input]")


class ImportClip:
    DESCRIPTION = "Makes a clip of a VIDEO or of an IMAGE batch from other nodes."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["video to clip", "frames to clip", "image batch"]
    RETURN_TYPES = (sockets.CLIP,)
    RETURN_NAMES = ("clip",)
    OUTPUT_TOOLTIPS = ("The clip, for 'Track Regions'.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"frame_rate": sockets.number(24.0, 0.1, 240.0, 0.1, "Frames a second of an image batch.")},
            "optional": {
                "video": ("VIDEO", {"tooltip": "A video; its own timing counts."}),
                "images": ("IMAGE", {"tooltip": "Frames as a batch, if there is no video."}),
            },
        }

    @classmethod
    def execute(cls, frame_rate, video=None, images=None):
        if (video is None) == (images is None):
            raise core.errors.InputError("a clip is made of video or of images: connect one of the two")
        if video is not None:
            return (core.media.clips.open_clip(video_path(video)),)
        return (core.media.clips.clip_from_array(images.detach().cpu().float().numpy(), frame_rate, "images"),)


class ExportClip:
    DESCRIPTION = "Frames of a clip as an IMAGE batch, and its own sound, for other nodes."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["clip to frames", "extract frames", "video to images"]
    RETURN_TYPES = ("IMAGE", "AUDIO", "FLOAT")
    RETURN_NAMES = ("images", "audio", "frame_rate")
    OUTPUT_TOOLTIPS = (
        "The frames as a batch.",
        "The clip's own sound from there to its end; silence if it has none.",
        "Frames a second of the batch, in the mean.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "clip": (sockets.CLIP, {"tooltip": "The clip, from 'Load Media'."}),
                "start": sockets.number(0.0, 0.0, 36000.0, 0.1, "Seconds from the clip's start to the first frame."),
                "every": ("INT", {"default": 1, "min": 1, "max": 1000, "tooltip": "1: every frame; 2: every other."}),
                "frames": (
                    "INT",
                    {"default": 48, "min": 1, "max": 4096, "tooltip": "At most so many; a batch is held in memory."},
                ),
            }
        }

    @classmethod
    def execute(cls, clip, start, every, frames):
        from itertools import islice

        chosen = list(islice(clip.frames(start), 0, frames * every, every))
        if not chosen:
            raise core.errors.InputError(f"start is {start:g} s; {clip.name} ends at {clip.seconds:g} s: start earlier")
        return sockets.image_from(*(picture.pixels for _, picture in chosen)), sound_of(clip, start), clip.rate / every


def sound_of(clip, start):
    """A clip's own sound from `start` s on as AUDIO, or a moment of silence."""
    import torch

    samples, rate, _ = clip.sound() or (core.media.clips.SILENCE, 48000, None)
    samples = samples[:, min(round(start * rate), samples.shape[1] - 1) :]
    return {"waveform": torch.from_numpy(samples)[None], "sample_rate": rate}


class LoadSampleClip:
    DESCRIPTION = "A short silent clip to try things with: the camera pans over a photograph of this pack, closing in."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["example", "sample video", "demo"]
    RETURN_TYPES = (sockets.CLIP,)
    RETURN_NAMES = ("clip",)
    OUTPUT_TOOLTIPS = ("The clip, as it would come from 'Load Media'.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": sockets.borrow(LoadSample, "picture")}

    @classmethod
    def execute(cls, picture):
        return (core.media.samples.sample_clip(picture),)


NODES = {
    "S2S_LoadMedia": (LoadMedia, "Load Media"),
    "S2S_ImportClip": (ImportClip, "Clip from VIDEO or Images"),
    "S2S_ExportClip": (ExportClip, "Clip to Images"),
    "S2S_LoadSampleClip": (LoadSampleClip, "Load Sample Clip"),
}
