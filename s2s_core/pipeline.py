"""The six rooms in a row, as one call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import depth, generate, locate, models, segment, spatialize
from .errors import InputError, check_choice
from .runtime import Runtime
from .types import Picture, Scene

ACOUSTICS = {"room": "living room", "street": "street", "landscape": "outdoors"}
"""Scene -> the room that sounds like it, taken when the user chooses none."""

AS_THE_SCENE = "as the scene"
AS_PUBLISHED = "as published"
"""Not a room: the published spatial stage, for comparisons."""


def _setting(default, meaning: str):
    return field(default=default, metadata={"help": meaning})


@dataclass(frozen=True)
class Settings:
    """What a user can choose. Each stage checks its own values; the defaults suit an ordinary photograph."""

    segmenter: str = _setting("superpixels (no weights)", "model that finds the regions")
    depth_model: str = _setting("layout cues (no weights)", "model that estimates depth")
    generator: str = _setting("procedural (no weights)", "model that makes the sounds")
    count: int = _setting(5, "at most so many objects, 1 to 32")
    background: bool = _setting(True, "add what no object covers as an ambience")
    prompts: str = _setting("", "what the regions sound like: one line for each (\\n between them), or one for all")
    projection: str = _setting("perspective", "perspective, fisheye or equirectangular")
    field_of_view: float = _setting(
        0.0, "degrees across the longer side (fisheye: the circle); 0 is from the file, else the usual"
    )
    scene: str = _setting("street", "how near and far relative depth reaches: room, street or landscape")
    seconds: float = _setting(10.0, "length of the clips in s, 0.5 to 600")
    seed: int = _setting(0, "another seed gives another take")
    room: str = _setting(AS_THE_SCENE, "the virtual room around the listener, as the scene, or as published")
    layout: str = _setting("5.1", "the loudspeakers to mix for")
    loudness: float = _setting(-23.0, "target in LUFS, -70 to -5")
    points: int = _setting(0, "where Segment Anything is asked, points along each side; 0 is 16 on a CPU, else 32")
    sampler: str = _setting("", "how CoDi goes from noise to sound; empty is its default")
    steps: int = _setting(0, "how often CoDi's network is asked; 0 is what suits the sampler")
    guidance: float = _setting(7.5, "how closely CoDi keeps to picture and words, 1 to 30")
    negative: str = _setting("", "words that CoDi leads away from")
    mode: str = _setting("distinct", "distinct: separate things; largest: the biggest masks, as the paper did")
    if_missing: str = _setting("error", "what to do about a model's missing file: error or download")
    monitor: str = _setting("stereo", "what the mix is folded to for two channels: stereo, or binaural for headphones")
    reverberation: float = _setting(0.0, "dB by which all that the room adds is louder, -60 (none of it) to 12")
    engine: str = _setting("hybrid", "how the room is computed")
    sample_rate: int = _setting(0, "of the result in Hz; 0 is that of the sounds")


def run(picture: Picture, settings: Settings, runtime: Runtime) -> Scene:
    """Picture -> regions -> depth -> places -> sounds -> surround, and a monitor of two channels.

    Raises InputError when no region stands out in the picture, or when a stage refuses a setting.
    """
    s = settings
    # What needs neither picture nor model is refused before the first second of work, and before any download.
    check_choice("scene", s.scene, ACOUSTICS)
    check_choice("room", s.room, (AS_THE_SCENE, *spatialize.ROOMS, AS_PUBLISHED))
    check_choice("monitor", s.monitor, spatialize.FOLDS)
    mix = _mix(s)
    camera = locate.Camera(s.projection, s.field_of_view)
    segment.check(s.count, s.mode, s.points)
    manner = generate.Sampling(s.sampler, s.steps, s.guidance, s.negative)
    generate.check(s.seconds, s.seed, sampling=manner)
    spatialize.check(mix["room"], s.layout, s.loudness, s.sample_rate or None)
    segmenter = models.load("segment", segment.BACKENDS, s.segmenter, runtime, s.if_missing)
    depth_model = models.load("depth", depth.BACKENDS, s.depth_model, runtime, s.if_missing)
    generator = models.load("generate", generate.BACKENDS, s.generator, runtime, s.if_missing)

    regions = segment.run(
        segmenter,
        picture,
        count=s.count,
        mode=s.mode,
        background=s.background,
        points=s.points,
        runtime=runtime,
    )
    if not regions:
        raise InputError(
            f"no region stands out in {picture.name}, so nothing can sound: "
            "use a picture with distinct things in it, or give masks of your own"
        )
    distances = depth.run(depth_model, picture, runtime=runtime)
    sources = locate.run(regions, distances, camera=camera, scene=s.scene, picture=picture, runtime=runtime)
    tracks = generate.run(
        generator,
        regions,
        picture,
        prompts=s.prompts,
        seconds=s.seconds,
        seed=s.seed,
        sampling=manner,
        runtime=runtime,
    )
    sounds = generate.describe(generator, regions, picture, s.prompts, manner)
    if s.room == AS_PUBLISHED:
        surround = spatialize.published.run(regions, distances, tracks, runtime=runtime)
    else:
        surround = spatialize.run(sources, tracks, **mix, runtime=runtime)
    folded = surround.layout.kind == "binaural"  # it is for two channels already
    monitor = surround if folded else spatialize.FOLDS[s.monitor](surround, s.loudness, runtime)
    return Scene(sources, picture, regions, distances, tracks, sounds, mix["room"], surround, monitor)


def _mix(settings: Settings) -> dict[str, Any]:
    """The settings as `spatialize.run` takes them."""
    usual = settings.room in (AS_THE_SCENE, AS_PUBLISHED)
    return {
        "room": spatialize.make_room(ACOUSTICS[settings.scene] if usual else settings.room),
        "layout": settings.layout,
        "mixing": spatialize.Mixing(engine=settings.engine, reverberation=settings.reverberation),
        "loudness": settings.loudness,
        "sample_rate": settings.sample_rate or None,
    }


def report(scene: Scene) -> str:
    """A table of the sources and a line on the levels, for a terminal or a text node.

    `level` is the RMS of a source's direct sound in the finished mix, in dBFS.
    """
    rows = [("", "source", "azimuth", "elevation", "distance", "level", "sound")]
    for number, (source, track, sound) in enumerate(zip(scene.sources, scene.tracks, scene.sounds, strict=True), 1):
        level = spatialize.direct_level(source, track) + scene.surround.gain_db
        place = [f"{source.azimuth:+.0f} deg", f"{source.elevation:+.0f} deg"]
        rows.append(
            (
                str(number),
                source.label,
                *(["all around", ""] if source.background else place),
                f"{source.distance:.1f} m",
                f"{level:.1f} dB",
                sound,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join((*lines, "", spatialize.report(scene.surround)))
