"""The six rooms in a row, as one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import depth, generate, locate, models, segment, spatialize
from .backend import Model
from .errors import InputError, check_choice
from .runtime import Runtime
from .types import AudioTrack, Picture, Scene, SoundSource, Surround

ACOUSTICS = {"room": "living room", "street": "street", "landscape": "outdoors"}
"""Scene -> the room that sounds like it, taken when the user chooses none."""

AS_THE_SCENE = "as the scene"
AS_PUBLISHED = "as published"
"""Not a room: the published spatial stage, for comparisons."""

NOT_AS_PUBLISHED = ("layout", "loudness", "engine", "reverberation", "sample_rate")
"""Settings that the published stage has no place for."""


def _setting(default, meaning: str, table: Iterable[str] = ()):
    """A field with its help; `table` holds the words that it takes."""
    return field(default=default, metadata={"help": ": ".join(filter(None, (meaning, ", ".join(table))))})


@dataclass(frozen=True)
class Settings:
    """What a user can choose. Each stage checks its own values; the defaults suit an ordinary photograph."""

    segmenter: str = _setting("superpixels (no weights)", "model that finds the regions", segment.BACKENDS)
    depth_model: str = _setting("layout cues (no weights)", "model that estimates depth", depth.BACKENDS)
    generator: str = _setting("procedural (no weights)", "model that makes the sounds", generate.BACKENDS)
    count: int = _setting(5, "at most so many objects, 1 to 32")
    background: bool = _setting(True, "add what no object covers as an ambience")
    prompts: str = _setting("", "what the regions sound like: one line for each (\\n between them), or one for all")
    projection: str = _setting("perspective", "perspective, fisheye or equirectangular")
    field_of_view: float = _setting(
        0.0, "degrees across the longer side (fisheye: the circle); 0 is from the file, else the usual"
    )
    scene: str = _setting("street", "how near and far relative depth reaches: room, street or landscape")
    seconds: float = _setting(10.0, "of a photograph: length of the sounds in s, 0.5 to 600")
    seed: int = _setting(0, "another seed gives another take")
    room: str = _setting(
        AS_THE_SCENE, "the virtual room around the listener", (AS_THE_SCENE, *spatialize.ROOMS, AS_PUBLISHED)
    )
    layout: str = _setting("5.1", "what to mix for", spatialize.LAYOUTS)
    loudness: float = _setting(-23.0, "target in LUFS, -70 to -5")
    points: int = _setting(0, "where Segment Anything is asked, points along each side; 0 is 16 on a CPU, else 32")
    sampler: str = _setting("", "how CoDi goes from noise to sound; empty is its default", generate.SAMPLERS)
    steps: int = _setting(0, "how often CoDi's network is asked; 0 is what suits the sampler")
    guidance: float = _setting(7.5, "how closely CoDi keeps to picture and words, 1 to 30")
    negative: str = _setting("", "words that CoDi leads away from")
    mode: str = _setting("distinct", "distinct: separate things; largest: the biggest masks, as the paper did")
    if_missing: str = _setting("error", "what to do about a model's missing file: error or download")
    monitor: str = _setting("stereo", "what the mix is folded to for two channels", spatialize.FOLDS)
    reverberation: float = _setting(0.0, "dB by which all that the room adds is louder, -60 (none of it) to 12")
    engine: str = _setting("hybrid", "how the room is computed", spatialize.ENGINES)
    sample_rate: int = _setting(0, "of the result in Hz; 0 is that of the sounds")
    key_frames: float = _setting(2.0, "of a clip: frames a second that are looked at, besides every cut, 0.01 to 120")
    original: float = _setting(-60.0, "of a clip: dB at which its own sound is kept under the mix; -60 leaves it out")


@dataclass(frozen=True)
class Models:
    """The loaded models of the three rooms that have any."""

    segmenter: Model
    depth_model: Model
    generator: Model


def load(settings: Settings, runtime: Runtime) -> Models:
    """The models that the settings name. Raises what `models.load` raises."""
    s = settings
    return Models(
        models.load("segment", segment.BACKENDS, s.segmenter, runtime, s.if_missing),
        models.load("depth", depth.BACKENDS, s.depth_model, runtime, s.if_missing),
        models.load("generate", generate.BACKENDS, s.generator, runtime, s.if_missing),
    )


def run(picture: Picture, settings: Settings, runtime: Runtime, loaded: Models | None = None) -> Scene:
    """Picture -> regions -> depth -> places -> sounds -> surround, and a monitor of two channels.

    `loaded` are the models, for whoever renders many pictures; by default they are loaded for this one. Raises
    InputError when no region stands out in the picture, or when a stage refuses a setting.
    """
    s = settings
    # What needs neither picture nor model is refused before the first second of work, and before any download.
    check_choice("scene", s.scene, ACOUSTICS)
    check_choice("room", s.room, (AS_THE_SCENE, *spatialize.ROOMS, AS_PUBLISHED))
    check_choice("monitor", s.monitor, spatialize.FOLDS)
    mix = mix_of(s)
    if s.room == AS_PUBLISHED:
        _check_as_published(s)
    camera = locate.Camera(s.projection, s.field_of_view)
    segment.check(s.count, s.mode, s.points)
    manner = generate.Sampling(s.sampler, s.steps, s.guidance, s.negative)
    generate.check(s.seconds, s.seed, sampling=manner)
    spatialize.check(mix["room"], s.layout, s.loudness, s.sample_rate or None, mix["mixing"])
    loaded = loaded or load(s, runtime)

    regions = segment.run(
        loaded.segmenter,
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
    distances = depth.run(loaded.depth_model, picture, runtime=runtime)
    sources = locate.run(regions, distances, camera=camera, scene=s.scene, picture=picture, runtime=runtime)
    tracks = generate.run(
        loaded.generator,
        regions,
        picture,
        prompts=s.prompts,
        seconds=s.seconds,
        seed=s.seed,
        sampling=manner,
        runtime=runtime,
    )
    sounds = generate.describe(loaded.generator, regions, picture, s.prompts, manner)
    if s.room == AS_PUBLISHED:
        surround = spatialize.published.run(regions, distances, tracks, runtime=runtime)
    else:
        surround = spatialize.run(sources, tracks, **mix, runtime=runtime)
    folded = surround.layout.kind == "binaural"  # it is for two channels already
    monitor = surround if folded else spatialize.FOLDS[s.monitor](surround, s.loudness, runtime)
    room = None if s.room == AS_PUBLISHED else mix["room"]
    return Scene(sources, picture, regions, distances, tracks, sounds, room, surround, monitor)


def _check_as_published(settings: Settings) -> None:
    usual = Settings()
    for name in NOT_AS_PUBLISHED:
        if getattr(settings, name) != getattr(usual, name):
            raise InputError(
                f"{name} is {getattr(settings, name)!r}; with room {AS_PUBLISHED!r} only {getattr(usual, name)!r} is "
                "allowed: the published stage knows nothing else"
            )


def mix_of(settings: Settings) -> dict[str, Any]:
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

    `level` is the RMS of a source's direct sound in the finished mix, in dBFS. Of the published stage, which has other
    places and levels, only the sounds are told, and how much of each channel it clips.
    """
    published = scene.room is None
    rows = [
        ("", "source", "sound") if published else ("", "source", "azimuth", "elevation", "distance", "level", "sound")
    ]
    for number, (source, track, sound) in enumerate(zip(scene.sources, scene.tracks, scene.sounds, strict=True), 1):
        rows.append((str(number), source.label, *(() if published else _place(source, track, scene.surround)), sound))
    levels = spatialize.published.report if published else spatialize.report
    return f"{table(rows)}\n\n{levels(scene.surround)}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words in columns, for a terminal or a text node."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _place(source: SoundSource, track: AudioTrack, surround: Surround) -> tuple[str, str, str, str]:
    level = spatialize.direct_level(source, track) + surround.gain_db
    angles = (f"{source.azimuth:+.0f} deg", f"{source.elevation:+.0f} deg")
    return (*(("all around", "") if source.background else angles), f"{source.distance:.1f} m", f"{level:.1f} dB")
