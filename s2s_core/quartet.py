"""What is made of one picture to be compared: the four sounds of `evaluate.protocol`, and how true to it S is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from . import depth, evaluate, figures, generate, models, pipeline, segment, spatialize
from .backend import Model
from .errors import check_choice
from .evaluate import protocol, spatial
from .media import images, sound
from .models.store import locate
from .runtime import Runtime, generator
from .types import AudioTrack, Picture, Region, Scene, Surround

NAMES = {"S": "S", "C": "C", "S'": "S_matched", "C'": "C_matched"}
"""Set -> what its files are called."""

SHARED = ("segmenter", "depth_model", "generator", "room", "seconds", "steps")
"""Settings that are the chain's own."""


def _as_for_render(name: str):
    (row,) = (row for row in fields(pipeline.Settings) if row.name == name)
    return field(default=row.default, metadata=row.metadata)


@dataclass(frozen=True)
class Settings:
    """What a user can choose; all else is as in `pipeline.Settings`. S and C are made with the same number of steps and
    the same guidance. Raises InputError for a matcher or mode that there is not."""

    segmenter: str = _as_for_render("segmenter")
    depth_model: str = _as_for_render("depth_model")
    generator: str = _as_for_render("generator")
    matcher: str = field(
        default=next(iter(evaluate.BACKENDS)), metadata={"help": "model that makes a sound suit the place"}
    )
    mode: str = field(default=next(iter(evaluate.MODES)), metadata={"help": "how it is asked: default or as published"})
    room: str = _as_for_render("room")
    seconds: float = _as_for_render("seconds")
    steps: int = _as_for_render("steps")
    seed: int = field(default=0, metadata={"help": "each picture draws its own seeds from this and its content"})

    def __post_init__(self):
        # Here, because what makes scenes instead has no use for these two and would take any.
        check_choice("matcher", self.matcher, evaluate.BACKENDS)
        check_choice("mode", self.mode, evaluate.MODES)

    def chain(self, seed: int) -> pipeline.Settings:
        """The settings that make S."""
        return pipeline.Settings(**{name: getattr(self, name) for name in SHARED}, seed=seed)


def loaded(settings: Settings, runtime: Runtime) -> tuple[pipeline.Models, Model]:
    """The chain's models and the matcher, after the settings were found possible. Raises InputError for others, and
    what loading raises."""
    check_choice("room", settings.room, (pipeline.AS_THE_SCENE, *spatialize.ROOMS, pipeline.AS_PUBLISHED))
    generate.check(settings.seconds, settings.seed, sampling=generate.Sampling(steps=settings.steps))
    chain = pipeline.load(settings.chain(settings.seed), runtime)  # what is missing is no picture's fault
    return chain, models.load("evaluate", evaluate.BACKENDS, settings.matcher, runtime)


def weight_files(settings: Settings, runtime: Runtime) -> dict[str, dict[str, Any]]:
    """The catalogue's files on this machine that the chain's models are made of: setting -> name -> path, size in bytes
    and time of the last change in ns. (They hold gigabytes: their hashes would take longer than a picture.)"""
    rooms = {"segmenter": segment.BACKENDS, "depth_model": depth.BACKENDS, "generator": generate.BACKENDS}
    found = {}
    for setting, rows in rooms.items():
        row = rows[getattr(settings, setting)]
        paths = {name: locate(name, runtime) for name in (*row.weights, *row.extras)}
        found[setting] = {name: _file(path) for name, path in paths.items() if path}
    return found


def _file(path: Path) -> dict[str, Any]:
    about = path.stat()
    return {"path": str(path), "size": about.st_size, "mtime": about.st_mtime_ns}


def made(
    picture: Picture,
    settings: Settings,
    definitions: Sequence[str],
    stream: int,
    chain: pipeline.Models,
    matcher: Model,
    place: Path,
    runtime: Runtime,
) -> dict[str, Any]:
    """Make the four sounds, compare them, write them and the figures of S to `place`, and say what was found.

    `stream` is the picture's own of the settings' seed. S and C draw from different seeds, so that they are not alike
    by chance.
    """
    draw = generator(settings.seed, stream)
    seeds = {name: int(draw.integers(2**32)) for name in ("S", "C", "matching")}
    scene, sounds = _four(picture, settings, seeds, chain, matcher, runtime)
    shown = {figure: f"{figure}.png" for figure in ("regions", "plan" if scene.room else "channels")}
    for figure, name in shown.items():
        images.save_png(place / name, figures.draw(scene, figure))
    written = {name: _save(place, NAMES[name], one, runtime) for name, one in sounds.items()}
    # Scored as they were written, so that whoever takes the files comes to the same numbers.
    heard = {name: replace(one, samples=sound.read(place / written[name]["file"])[0]) for name, one in sounds.items()}
    return {
        "seeds": seeds,
        "sounds": written,
        "figures": shown,
        "scores": protocol.compare(heard, definitions),
        "spatial": _spatial(scene, settings.room == pipeline.AS_PUBLISHED, runtime),
    }


def _four(
    picture: Picture,
    settings: Settings,
    seeds: Mapping[str, int],
    models: pipeline.Models,
    matcher: Model,
    runtime: Runtime,
) -> tuple[Scene, dict[str, AudioTrack | Surround]]:
    """The scene of S, and the four sounds."""
    chain = settings.chain(seeds["S"])
    scene = pipeline.run(picture, chain, runtime, models)
    # The published stage has no room; sounds are then matched to that of the scene.
    room = scene.room or spatialize.ROOMS[pipeline.ACOUSTICS[chain.scene]]
    whole = Region(np.ones(picture.size, bool), "whole picture")
    manner = generate.Sampling(chain.sampler, chain.steps, chain.guidance, chain.negative)
    asked = {"seconds": chain.seconds, "seed": seeds["C"], "sampling": manner}
    (alone,) = generate.run(models.generator, [whole], picture, **asked, runtime=runtime)
    matching = evaluate.Settings(settings.mode, seed=seeds["matching"], room=room)
    match = partial(evaluate.match, matcher, picture, settings=matching, runtime=runtime)
    return scene, {"S": scene.surround, "C": alone, "S'": match(scene.surround), "C'": match(alone)}


def _spatial(scene: Scene, published: bool, runtime: Runtime) -> dict[str, Any]:
    """The spatial scores of S, and what a click at the place of each source says of the room, on the mean (there is
    none in the published stage, whose steps of 16 bits would be taken for a decay)."""
    click = AudioTrack(np.ones(1, np.float32), scene.surround.sample_rate)
    placed = [index for index, source in enumerate(scene.sources) if not source.background]
    heard = [] if published else [_alone(scene, index, click, published, runtime) for index in placed]
    stems = [_alone(scene, index, scene.tracks[index], published, runtime) for index in placed]
    found = asdict(spatial.score(scene.surround, stems, [scene.sources[index] for index in placed]))
    found["dead"] = None if found["dead"] is None else list(found["dead"])
    found["t60"] = _mean(map(spatial.decay_time, heard))
    found["t60_asked"] = None if published else scene.room.t60
    found["direct_to_reverberant"] = _mean(map(spatial.direct_to_reverberant, heard))
    return {name: None if value in (math.inf, -math.inf) else value for name, value in found.items()}


def _alone(scene: Scene, index: int, track: AudioTrack, published: bool, runtime: Runtime) -> Surround:
    """`track` where source `index` of the scene is, and nothing else."""
    if published:
        return spatialize.published.run([scene.regions[index]], scene.depth, [track], runtime=runtime)
    layout = scene.surround.layout.name
    return spatialize.run([scene.sources[index]], [track], room=scene.room, layout=layout, runtime=runtime)


def _mean(values: Iterable[float | None]) -> float | None:
    scored = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.mean(scored)) if scored else None


def _save(place: Path, stem: str, made: AudioTrack | Surround, runtime: Runtime) -> dict[str, Any]:
    """Write one sound without loss, beyond full scale too, and say what it is."""
    format = "FLAC 24-bit" if np.abs(made.samples).max(initial=0.0) <= 1 else "WAV 32-bit float"
    name = stem + sound.FORMATS[format].suffix
    sound.write(place / name, made, format, runtime=runtime)
    layout = made.layout.name if isinstance(made, Surround) else "mono"
    return {"file": name, "layout": layout, "sample_rate": made.sample_rate, "seconds": made.seconds}
