"""From a file to files: a photograph or a clip becomes sound, figures, or a film with sound."""

from __future__ import annotations

import os
from pathlib import Path

from . import figures, files, film, pipeline, spatialize
from .errors import InputError, check_choice
from .media import formats, images, mux, sound
from .media.clips import Clip, open_clip
from .runtime import Runtime
from .types import Scene

SOUNDS: dict[str, str] = {}
"""Suffix -> name of the format; of several the first."""
for _name, _row in sound.FORMATS.items():
    SOUNDS.setdefault(_row.suffix, _name)

LOSSLESS = (".flac", ".wav")


def render(source: str, output: str, settings: pipeline.Settings, runtime: Runtime) -> tuple[str, list[Path]]:
    """Render the picture or clip `source` into the folder or file `output`: (a table of what became of it, the files).

    A file's suffix says what it holds: sound alone, or, for a clip, its pictures with their new sound. What `output`
    cannot hold is refused before any work. Raises what loading, the stages and writing raise.
    """
    if not output:
        raise InputError(f"the output is empty; allowed is a folder, or a file ending in {_suffixes()}")
    target = Path(output)
    folder = target.is_dir() or output.endswith(os.sep) or not target.suffix or target.suffix[1:].isdigit()
    clip = open_clip(source)
    moving, written = clip.seconds > 0, target
    if not folder:
        _check(target, clip, settings, runtime)
    elif moving:
        written = film.target(target / clip.name, clip, settings, runtime)
    if written.exists() and written.samefile(source):
        raise InputError(f"{written} is the clip itself, which would be lost: name another output")
    if folder:
        with files.whole_set(target) as staging:  # first of all: a place that refuses us does so before the work
            make, at = (_film_set, staging / written.name) if moving else (_photo_set, staging)
            told = make(clip, at, settings, runtime)
            return told, [target / path.name for path in sorted(staging.iterdir())]
    if not moving:
        scene = pipeline.run(clip.frame(0), settings, runtime)
        sound.write(target, scene.surround, SOUNDS[target.suffix.lower()], runtime=runtime)
        return pipeline.report(scene), [target]
    made = film.run(clip, settings, runtime)
    return _saved(made, target, runtime), [target]


def _check(target: Path, clip: Clip, settings: pipeline.Settings, runtime: Runtime) -> None:
    """Raise InputError when a file like `target` cannot hold what was asked for."""
    suffix = target.suffix.lower()
    if suffix in mux.FILMS and clip.seconds:
        film.check(target, clip, settings, runtime)
    elif suffix in mux.FILMS:
        raise InputError(f"{clip.name} is a still, and {target.name} would be a film: name a folder or a sound file")
    elif suffix not in SOUNDS:
        raise InputError(f"the output {target} ends in {target.suffix}; allowed is a folder, or {_suffixes()}")
    else:
        check_choice("layout", settings.layout, spatialize.LAYOUTS)
        layout = spatialize.LAYOUTS[settings.layout].ffmpeg_name
        formats.check_format(target, SOUNDS[suffix], layout, settings.sample_rate or film.USUAL_RATE)


def _photo_set(clip: Clip, folder: Path, settings: pipeline.Settings, runtime: Runtime) -> str:
    """Sound, monitor and figures of a photograph."""
    scene, stem = pipeline.run(clip.frame(0), settings, runtime), clip.name
    mixes = {"": scene.surround}
    if scene.monitor is not scene.surround:
        mixes[f"_{scene.monitor.layout.name}"] = scene.monitor
    for name, mix in mixes.items():
        for suffix in LOSSLESS if not name else LOSSLESS[1:]:
            if mix.layout.ffmpeg_name in sound.FORMATS[SOUNDS[suffix]].layouts:
                sound.write(folder / f"{stem}{name}{suffix}", mix, SOUNDS[suffix], runtime=runtime)
    _draw(scene, folder, stem)
    return pipeline.report(scene)


def _film_set(clip: Clip, path: Path, settings: pipeline.Settings, runtime: Runtime) -> str:
    """The clip with its new sound at `path`, and figures beside it."""
    made = film.run(clip, settings, runtime)
    told = _saved(made, path, runtime)
    _draw(Scene(made.sources, room=made.room), path.parent, clip.name)
    return told


def _saved(made: film.Film, target: Path, runtime: Runtime) -> str:
    """Write a film, or its sound alone; the report, with what could not be kept."""
    suffix, mix = target.suffix.lower(), made.mix
    lost = ""
    if suffix in mux.FILMS:
        lost = film.save(made, target, runtime=runtime)
    else:
        sound.write_samples(
            *(target, mix, mix.sample_rate, mix.layout.ffmpeg_name, SOUNDS[suffix]), length=mix.length, runtime=runtime
        )
    return film.report(made) + (f"\nnot kept: {lost}" if lost else "")


def _draw(scene: Scene, folder: Path, stem: str) -> None:
    for figure in figures.available(scene):
        images.save_png(folder / f"{stem}_{figure}.png", figures.draw(scene, figure))


def _suffixes() -> str:
    return ", ".join([*SOUNDS, *mux.FILMS])
