"""The whole chain scored where the truth is known: generated scenes, seen and heard in four ways side by side.

What a thing sounds like is not scored here: all of them play noise, each its own.
"""

from __future__ import annotations

import csv
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from . import depth, generate, locate, models, segment, spatialize
from .backend import Backend, Model
from .errors import DependencyError, MissingModelError, check_choice, check_range
from .evaluate import folder, scenes, scoreboard, spatial
from .evaluate.scoreboard import SoundScore, ThingScore
from .files import whole_set
from .media.images import save_png
from .pipeline import ACOUSTICS, AS_PUBLISHED, AS_THE_SCENE, Settings, mix_of
from .runtime import Runtime, generator
from .types import AudioTrack, DepthMap, Region, Room, Scene, SoundSource, Surround

SECONDS, SAMPLE_RATE, LEVEL = 3.0, 48000, 0.05
"""Of the noises; LEVEL is their RMS."""

NOISE = 2**31
"""Stream of the seed that they come from, beyond those of the scenes."""

See = Callable[[Scene], tuple[tuple[Region, ...], DepthMap]]
"""(scene) -> the regions and the depth that are found in its picture."""


@dataclass(frozen=True)
class Chain:
    """One way from a picture to surround. `note` tells what it is made of. `see` None: it cannot run here."""

    name: str
    note: str
    see: See | None
    published: bool = False


def run(count: int, output: Path, settings: Settings, runtime: Runtime) -> str:
    """Score `count` (1..1000) scenes of `settings.seed`, perspective, equirectangular and fisheye in turn, and give the
    table of the scores.

    The chains: exact masks and depth, which leave only locating and spatializing to score; the backends without
    weights; those with weights, namely the ones that `settings` names, else the first of each room that is on this
    machine; and exact masks and depth through the published spatial stage.

    Writes into `output`: truth.txt (the table), truth_things.csv (a line for each thing and chain), truth.json
    (everything) and the pictures. The same settings give the same bytes. As room, "as published" is that of the scene:
    it is one of the chains. Raises InputError for settings that a stage would refuse, those of the sounds included,
    which are not made here, and for a layout that is not one of loudspeakers; OutputError for a file as `output`.
    """
    check_range("number of scenes", count, 1, 1000)
    mix = _mix(settings)
    _check(settings)
    folder.check_target(output)
    made = [(kind, scenes.make(kind, settings.seed, i)) for i, kind in enumerate(islice(cycle(scenes.VIEWS), count))]
    chains = _chains(settings, runtime)
    playable = [chain for chain in chains if chain.see]
    things, sounds = [], []
    with runtime.progress("scoring scenes", count * len(playable)) as bar:
        for number, (projection, scene) in enumerate(made, 1):
            for chain in playable:
                which = {"chain": chain.name, "scene": number, "projection": projection}
                scored, sound = _scored(chain, scene, projection, settings, mix, runtime)
                things += [ThingScore(**which, **row) for row in scored]
                sounds.append(SoundScore(**which, **sound))
                bar.step()
    summaries = {
        chain.name: scoreboard.summary(*([row for row in rows if row.chain == chain.name] for rows in (things, sounds)))
        for chain in playable
    }
    notes = {chain.name: chain.note for chain in chains}
    room = mix["room"]
    title = f"{count} scenes of seed {settings.seed}, {mix['layout']}, {room.name}"
    text = scoreboard.table(title, notes, summaries, room.t60)
    facts = {
        "settings": asdict(settings),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
        "chains": notes,
        "summary": summaries,
        "things": [asdict(thing) for thing in things],
        "sounds": [asdict(sound) for sound in sounds],
    }
    with whole_set(output) as staging:
        for number, (_, scene) in enumerate(made, 1):
            save_png(staging / f"scene_{number:03}.png", scene.picture.pixels)
        (staging / "truth.txt").write_text(text + "\n", encoding="utf-8")
        (staging / "truth.json").write_text(json.dumps(facts, indent=1, allow_nan=False), encoding="utf-8")
        with open(staging / "truth_things.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(ThingScore)])
            writer.writeheader()
            writer.writerows(facts["things"])
    return text


def _check(settings: Settings) -> None:
    """What names a model, and what the rooms before and after the mix would refuse."""
    check_choice("segmenter", settings.segmenter, segment.BACKENDS)
    check_choice("depth_model", settings.depth_model, depth.BACKENDS)
    check_choice("generator", settings.generator, generate.BACKENDS)
    segment.check(settings.count, settings.mode, settings.points)
    manner = generate.Sampling(settings.sampler, settings.steps, settings.guidance, settings.negative)
    generate.check(settings.seconds, settings.seed, sampling=manner)


def _mix(settings: Settings) -> dict[str, Any]:
    """The settings as `spatialize.run` takes them, found possible."""
    check_choice("scene", settings.scene, ACOUSTICS)
    check_choice("room", settings.room, (AS_THE_SCENE, *spatialize.ROOMS, AS_PUBLISHED))
    surrounding = [name for name, layout in spatialize.LAYOUTS.items() if layout.kind == "speakers"]
    check_choice("layout of a scored mix", settings.layout, surrounding)
    mix = mix_of(settings)
    spatialize.check(mix["room"], mix["layout"], mix["loudness"], mix["sample_rate"], mix["mixing"])
    return mix


def _chains(settings: Settings, runtime: Runtime) -> tuple[Chain, ...]:
    def exact(scene: Scene) -> tuple[tuple[Region, ...], DepthMap]:
        return scene.regions, scene.depth

    return (
        Chain("exact", "true masks and depth", exact),
        _models("no weights", settings, runtime, weights=False),
        _models("models", settings, runtime, weights=True),
        Chain(AS_PUBLISHED, "true masks and depth, through the published spatial stage", exact, published=True),
    )


def _models(name: str, settings: Settings, runtime: Runtime, weights: bool) -> Chain:
    try:
        segmenter = _loaded("segment", segment.BACKENDS, settings.segmenter, settings, runtime, weights)
        depth_model = _loaded("depth", depth.BACKENDS, settings.depth_model, settings, runtime, weights)
    except (MissingModelError, DependencyError) as error:
        return Chain(name, f"not on this machine: {error}", None)

    def see(scene: Scene) -> tuple[tuple[Region, ...], DepthMap]:
        picture, s = scene.picture, settings
        chosen = {"count": s.count, "mode": s.mode, "background": s.background, "points": s.points}
        regions = segment.run(segmenter, picture, **chosen, runtime=runtime)
        return regions, depth.run(depth_model, picture, runtime=runtime)

    return Chain(name, f"{segmenter.name} and {depth_model.name}", see)


def _loaded(
    room: str, rows: Mapping[str, Backend], chosen: str, settings: Settings, runtime: Runtime, weights: bool
) -> Model:
    """The `chosen` model of a room if it is one with weights (or without), else the first such one that is here."""
    fitting = [name for name, row in rows.items() if bool(row.weights) == weights]
    if chosen in fitting:
        return models.load(room, rows, chosen, runtime, settings.if_missing)
    for name in fitting:
        with suppress(MissingModelError):
            return models.load(room, rows, name, runtime)
    raise MissingModelError(f"none of {', '.join(fitting)}; 's2s models' lists their files and how to get them")


def _scored(
    chain: Chain, scene: Scene, projection: str, settings: Settings, mix: Mapping[str, Any], runtime: Runtime
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What a ThingScore holds of each thing of the scene, and a SoundScore of its sound, in one chain."""
    regions, seen = chain.see(scene)
    pairs = scoreboard.matched(scene.regions, regions)
    facts = {"others": sum(not region.background for region in regions) - len(pairs)}
    rows = [
        {"thing": t.label, "azimuth": t.azimuth, "elevation": t.elevation, "distance": t.distance}
        for t in scene.sources
    ]
    if not regions:
        return rows, facts
    tracks = [_noise(settings.seed, index) for index in range(len(regions))]
    if chain.published:
        sources, (sound, stems) = (), _played_as_published(regions, seen, tracks, runtime)
    else:
        camera, picture = locate.Camera(projection), scene.picture
        sources = locate.run(regions, seen, camera=camera, scene=settings.scene, picture=picture, runtime=runtime)
        sound = spatialize.run(sources, tracks, **mix, runtime=runtime)
        stems = list(spatialize.stems(sources, tracks, **mix, runtime=runtime))
    for thing, (region, overlap) in pairs.items():
        rows[thing] |= {"overlap": overlap, **_heard(stems[region], scene.sources[thing])}
        if sources:
            rows[thing] |= _placed(sources[region], stems[region], mix, runtime)
    whole = spatial.score(sound, [], [])
    levels = {"loudness": whole.loudness, "true_peak": whole.true_peak}
    facts |= {"dead": whole.dead} | {name: value if np.isfinite(value) else None for name, value in levels.items()}
    return rows, facts


def _noise(seed: int, index: int) -> AudioTrack:
    samples = LEVEL * generator(seed, NOISE, index).standard_normal(round(SECONDS * SAMPLE_RATE))
    return AudioTrack(samples.astype(np.float32), SAMPLE_RATE)


def _played_as_published(
    regions: Sequence[Region], seen: DepthMap, tracks: Sequence[AudioTrack], runtime: Runtime
) -> tuple[Surround, list[Surround]]:
    inverse = DepthMap(1 / seen.values, "inverse")
    whole = spatialize.published.run(regions, inverse, tracks, runtime=runtime)
    alone = zip(regions, tracks, strict=True)
    return whole, [spatialize.published.run([one], inverse, [track], runtime=runtime) for one, track in alone]


def _heard(stem: Surround, truth: SoundSource) -> dict[str, Any]:
    scores = spatial.score(stem, [stem], [truth])
    return {
        "heard_azimuth": spatial.direction(stem),
        "heard_error": scores.direction_error,
        "left_right": scores.left_right,
        "front_back": scores.front_back,
    }


def _placed(source: SoundSource, stem: Surround, mix: Mapping[str, Any], runtime: Runtime) -> dict[str, Any]:
    """How true a stem is to the located source, and a click there to the room."""
    click = AudioTrack(np.ones(1, np.float32), SAMPLE_RATE)
    response = spatialize.run([source], [click], **mix, runtime=runtime)
    ratio = spatial.direct_to_reverberant(response)
    return {
        "located_azimuth": source.azimuth,
        "located_elevation": source.elevation,
        "located_distance": source.distance,
        "render_error": spatial.direction_error(stem, source),
        "t60": spatial.decay_time(response),
        "direct_to_reverberant": ratio if np.isfinite(ratio) else None,
        "theory": _theory(source, mix["room"], mix["mixing"]),
    }


def _theory(source: SoundSource, room: Room, mixing: spatialize.Mixing) -> float | None:
    """dB of direct against reverberant sound by Barron's revised theory (1988), 312 T60/V r^2 exp(-0.04 r/T60) for a
    source at r m inside the walls; None in the open air and without reverberation."""
    if not room.t60 or not mixing.wet:
        return None
    place = spatialize.room.place(room, source.azimuth, source.elevation, source.distance)
    way = float(np.linalg.norm(place - spatialize.room.listener(room)))
    reverberant = 312 * room.t60 / np.prod(room.size) * way**2 * np.exp(-0.04 * way / room.t60)
    return float(-10 * np.log10(reverberant)) - mixing.reverberation
