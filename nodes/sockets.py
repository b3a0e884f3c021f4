"""Socket names, and the way between ComfyUI's IMAGE, MASK, AUDIO and the values of `s2s_core.types`."""

from __future__ import annotations

from typing import Any

from .. import s2s_core as core

CATEGORY = "See2Sound"

SEGMENTER = "S2S_SEGMENTER"
DEPTH_MODEL = "S2S_DEPTH_MODEL"
GENERATOR = "S2S_GENERATOR"
MATCHER = "S2S_MATCHER"
REGIONS = "S2S_REGIONS"
DEPTH = "S2S_DEPTH"
SOURCES = "S2S_SOURCES"
ROOM = "S2S_ROOM"
CLIP = "S2S_CLIP"
TRACKS = "S2S_TRACKS"


def number(default, low, high, step, tooltip, **options):
    """A FLOAT input."""
    return ("FLOAT", {"default": default, "min": low, "max": high, "step": step, "tooltip": tooltip, **options})


def borrow(node: type, *names: str) -> dict[str, Any]:
    """Inputs that another node declares, so that each is described once."""
    inputs = {name: given for group in node.INPUT_TYPES().values() for name, given in group.items()}
    return {name: inputs[name] for name in names}


def layout_input():
    """The combo that says what the channels of an AUDIO are."""
    tooltip = "What the channels are. auto: as 'Spatialize' made them, else by their number; six are 5.1."
    return (["auto", *core.spatialize.LAYOUTS], {"tooltip": tooltip})


def picture_from(image: Any, name: str = "image") -> core.types.Picture:
    """IMAGE [1, H, W, 3 or 4] -> Picture. More than one image is an error, not a silent choice."""
    found = list(image.shape)
    if len(found) != 4 or found[0] != 1:
        raise core.errors.InputError(
            f"{name} has shape {found}; allowed is one image [1, height, width, 3]: pick one with ImageFromBatch"
        )
    return core.media.images.picture_from_array(image[0].cpu().float().numpy(), name)


def frames_from(image: Any, name: str = "frames") -> Any:
    """IMAGE [F, H, W, 3 or 4] -> [F, H, W, 3] float32 0..1, each frame by the rules of a picture."""
    import numpy as np

    found = list(image.shape)
    if len(found) != 4 or not found[0]:
        raise core.errors.InputError(f"{name} has shape {found}; allowed is [frames, height, width, 3]")
    made = core.media.images.picture_from_array
    return np.stack([made(frame.cpu().float().numpy(), f"{name} {n}").pixels for n, frame in enumerate(image, 1)])


def image_from(*pictures: Any) -> Any:
    """Pictures as PIL images or arrays [H, W, 3] of one size -> IMAGE [B, H, W, 3] float32 0..1."""
    import numpy as np
    import torch

    arrays = [np.asarray(picture) for picture in pictures]
    scale = [array / np.float32(255) if array.dtype == np.uint8 else array for array in arrays]
    return torch.from_numpy(np.stack(scale).astype(np.float32))


def masks_from(masks: Any) -> Any:
    """bool [N, H, W], or N of [H, W] -> MASK [N, H, W]."""
    import numpy as np
    import torch

    if not len(masks):
        raise core.errors.InputError("there are no regions to turn into a MASK: select at least one")
    return torch.from_numpy(np.stack(masks).astype(np.float32))


def audio_from(tracks: tuple[core.types.AudioTrack, ...]) -> dict[str, Any]:
    """N mono tracks of one rate and length -> AUDIO, waveform [N, 1, T]."""
    import numpy as np
    import torch

    if not tracks:
        raise core.errors.InputError("there are no clips: no region was selected, so nothing can sound")
    samples = np.stack([track.samples for track in tracks])
    return {"waveform": torch.from_numpy(samples)[:, None], "sample_rate": tracks[0].sample_rate}


def surround_audio_from(*sounds: core.types.Surround) -> dict[str, Any]:
    """Surround of one layout, rate and length -> AUDIO, waveform [N, C, T] in the layout's order (5.1: FL FR FC LFE BL
    BR). The layout's name goes along: other packs do not mind it, and ours need not guess from the number of channels.
    """
    import numpy as np
    import torch

    first = sounds[0]
    waveform = torch.from_numpy(np.stack([sound.samples for sound in sounds]))
    return {"waveform": waveform, "sample_rate": first.sample_rate, "layout": first.layout.name}


def clips_from(audio: Any, name: str = "audio") -> list[tuple[Any, int]]:
    """AUDIO -> one (samples [C, T] float32, sample rate) for each item of the batch. None (no sound) is an error."""
    import torch

    if audio is None:
        raise core.errors.InputError(f"{name} is empty: what is connected there brought no sound")
    waveform = audio["waveform"]
    if waveform.ndim != 3:
        raise core.errors.InputError(
            f"{name} has a waveform of shape {list(waveform.shape)}; allowed is [batch, channels, samples]"
        )
    if not waveform.is_floating_point():  # some loaders of ComfyUI hand on integer samples
        limits = torch.iinfo(waveform.dtype)
        middle = (limits.max + limits.min + 1) / 2  # 0, or 128 of unsigned bytes
        waveform = (waveform.to(torch.float64) - middle) / (limits.max + 1 - middle)
    return [(clip, int(audio["sample_rate"])) for clip in waveform.detach().to("cpu", torch.float32).numpy()]


def tracks_from(audio: Any, name: str = "audio") -> tuple[core.types.AudioTrack, ...]:
    """AUDIO [N, 1, T] -> N mono tracks. Clips with more channels are an error: folding them is a choice."""
    clips = clips_from(audio, name)
    for samples, _ in clips:
        if len(samples) != 1:
            raise core.errors.InputError(
                f"{name} has clips of {len(samples)} channels; allowed is one: "
                "make them mono with 'Source Audio from AUDIO'"
            )
    return tuple(core.types.AudioTrack(samples[0], rate) for samples, rate in clips)


def sounds_from(audio: Any, name: str = "audio") -> list[core.types.AudioTrack | core.types.Surround]:
    """AUDIO [N, C, T] -> N tracks if C is 1, else N surrounds."""
    if any(len(samples) == 1 for samples, _ in clips_from(audio, name)):
        return list(tracks_from(audio, name))
    return list(surrounds_from(audio, name=name))


def one_sound_from(audio: Any, name: str) -> core.types.AudioTrack | core.types.Surround:
    """AUDIO [1, C, T] -> what `sounds_from` gives for it. More than one clip is an error."""
    return _only(sounds_from(audio, name), name)


def surround_from(audio: Any, layout: str = "auto", name: str = "audio") -> core.types.Surround:
    """AUDIO [1, C, T] -> what `surrounds_from` gives for it. More than one clip is an error."""
    return _only(surrounds_from(audio, layout, name), name)


def surrounds_from(audio: Any, layout: str = "auto", name: str = "audio") -> list[core.types.Surround]:
    """AUDIO [N, C, T] -> N surrounds. "auto" takes the layout that came along, else the first loudspeaker layout of the
    table with that many channels. No samples at all, or some that are not finite, are an error."""
    import numpy as np

    clips = clips_from(audio, name)
    if not sum(samples.size for samples, _ in clips):
        raise core.errors.InputError(f"{name} is empty (0 samples): look at what is connected there")
    bad, size = sum(np.count_nonzero(~np.isfinite(samples)) for samples, _ in clips), audio["waveform"].numel()
    if bad:
        raise core.errors.InputError(
            f"{name} holds {bad} of {size} samples that are not finite (NaN or infinite); allowed are finite numbers: "
            "make or load it again"
        )
    chosen = _layout(layout, audio.get("layout"), len(clips[0][0]), name)
    return [core.types.Surround(samples, rate, chosen) for samples, rate in clips]


def _only(sounds: list[Any], name: str) -> Any:
    if len(sounds) != 1:
        raise core.errors.InputError(
            f"{name} holds {len(sounds)} clips; allowed is one: connect a single clip, or save all of them with 'Save "
            "Surround'"
        )
    return sounds[0]


def _layout(wanted: str, came: Any, channels: int, name: str) -> core.types.Layout:
    """The layout that is wanted, or for "auto" the one that came along or else is usual for so many channels."""
    layouts = core.spatialize.LAYOUTS
    fitting = {key: row for key, row in layouts.items() if len(row.speakers) == channels}
    known = fitting.get(came) if isinstance(came, str) else None  # any pack may write there what it likes
    usual = known or next((row for row in fitting.values() if row.kind == "speakers"), None)
    found = usual if wanted == "auto" else fitting.get(wanted)
    if found:
        return found
    has = f"{name} has {channels} channel{'s' if channels != 1 else ''}"
    if fitting:
        other = "" if wanted == "auto" else f"; {wanted} has {len(layouts[wanted].speakers)}"
        choices = [*(["auto"] if usual else []), *fitting]
        raise core.errors.InputError(f"{has}{other}: choose {' or '.join(choices)} as its layout")
    counts = ", ".join(f"{len(row.speakers)} ({key})" for key, row in layouts.items())
    mono = "; mono is not surround: it needs at least two channels" if channels == 1 else ""
    raise core.errors.InputError(f"{has}; allowed is {counts}{mono}")
