"""A moving picture in, moving sound out: the six rooms over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .. import generate, locate, media, pipeline, spatialize
from ..errors import InputError, check_choice, check_range
from ..locate import tracking
from ..media.clips import Clip
from ..runtime import Runtime
from ..types import AudioTrack, Layout, Room, SoundSource, Speaker, Surround
from .sounds import USUAL_RATE, check_padded, portraits, sounds
from .watch import Manner, Watched, watch, watch_masks
from .watch import check as check_watching

__all__ = [
    "Film",
    "Manner",
    "Watched",
    "USUAL_RATE",
    "check",
    "check_padded",
    "listed",
    "padded",
    "place",
    "portraits",
    "report",
    "run",
    "save",
    "sounds",
    "target",
    "track_of",
    "watch",
    "watch_masks",
    "write",
]

MONITORS = ("stereo",)
"""What the second track of a film may be."""

MONO = Layout("mono", (Speaker("FC"),), 0x4, "mono")
OFF = -60.0


@dataclass(frozen=True, eq=False)
class Film:
    """What became of a clip: its sources with their `tracks` and what was chosen for each (`words`), the `room`, and
    the mix, as long as the clip is. `monitor` is the mix in stereo; None when it has two channels already."""

    clip: Clip
    watched: Watched
    sources: tuple[SoundSource, ...]
    tracks: tuple[AudioTrack, ...]
    words: tuple[str, ...]
    room: Room
    mix: spatialize.Stream
    monitor: spatialize.Monitor | None


def run(clip: Clip, settings: pipeline.Settings, runtime: Runtime) -> Film:
    """Clip -> things over time -> places -> sounds -> the mix.

    Raises InputError when nothing stands out in the clip, when it is a still, or when a stage refuses a setting.
    """
    s = settings
    manner = Manner(s.count, s.mode, s.background, s.points, s.key_frames, s.projection, s.field_of_view)
    check_watching(clip, manner)
    if s.room == pipeline.AS_PUBLISHED:
        raise InputError(
            "room is 'as published'; the published stage takes one picture: choose another room for a clip"
        )
    check_choice("scene", s.scene, pipeline.ACOUSTICS)
    check_choice("monitor of a film", s.monitor, MONITORS)
    check_range("original", s.original, OFF, 24, "dB", "-60 leaves it out")
    mixed = pipeline.mix_of(s)
    spatialize.check(mixed["room"], s.layout, s.loudness, mixed["sample_rate"], mixed["mixing"])
    sampling = generate.Sampling(s.sampler, s.steps, s.guidance, s.negative)
    generate.check(generate.SECONDS[0], s.seed, sampling=sampling)
    loaded = pipeline.load(s, runtime)
    bed = original(clip, s.original)

    watched = watch(clip, loaded.segmenter, loaded.depth_model, manner, runtime)
    sources = place(watched, scene=s.scene)
    tracks, words = sounds(
        loaded.generator, clip, watched, prompts=s.prompts, seed=s.seed, sampling=sampling, runtime=runtime
    )
    mix = spatialize.stream(sources, tracks, **mixed, tail=False, seconds=clip.seconds, bed=bed, runtime=runtime)
    monitor = spatialize.Monitor(mix, s.loudness) if len(mix.layout.speakers) > 2 else None
    return Film(clip, watched, sources, tracks, words, mixed["room"], mix, monitor)


def place(
    watched: Watched,
    *,
    scene: str = "street",
    near: float | None = None,
    far: float | None = None,
    stage_width: float | None = None,
) -> tuple[SoundSource, ...]:
    """A source for each track of what was seen, with its path; arguments as for `locate.run`."""
    stretch = locate.stretch(watched.camera, watched.size, stage_width)
    given = {"span": watched.span, "scene": scene, "near": near, "far": far, "stretch": stretch}
    return tuple(tracking.source(track, **given) for track in watched.tracks)


def original(clip: Clip, level: float) -> Surround | None:
    """The clip's own sound at `level` dB, as a bed for the mix; None when it has none, or for -60 dB or less."""
    if level <= OFF or not clip.has_sound:
        return None
    samples, rate, name = clip.sound()
    known = {row.ffmpeg_name: row for row in spatialize.LAYOUTS.values() if row.kind == "speakers"} | {"mono": MONO}
    if name not in known:
        raise InputError(
            f"the sound of {clip.name} has {len(samples)} channels ({name or 'unnamed'}); allowed is one of "
            f"{', '.join(known)}: convert it, or leave it out (original -60)"
        )
    samples *= np.float32(10 ** (level / 20))  # in place: it may be long
    return Surround(samples, rate, known[name])


def check(path: Path, clip: Clip, settings: pipeline.Settings, runtime: Runtime) -> None:
    """Raise InputError when a film called `path` cannot hold the pictures of `clip` or the mix that `settings` ask
    for."""
    check_choice("layout", settings.layout, spatialize.LAYOUTS)
    layout, rate = spatialize.LAYOUTS[settings.layout].ffmpeg_name, settings.sample_rate or USUAL_RATE
    media.mux.check_film(path, None, [media.mux.Soundtrack([], rate, layout, 0)])
    if clip.copyable:
        _footage(path, clip, runtime)


def _footage(path: Path, clip: Clip, runtime: Runtime) -> media.mux.Footage:
    """The pictures of a video file to be copied to `path`. Raises InputError when they last another time than `clip`,
    for which the sound is made."""
    found = media.mux.footage(clip.path, path, runtime)
    if abs(found.seconds - clip.seconds) > 1.01 / min(found.rate, clip.rate):
        raise InputError(
            f"{clip.path.name} lasts {clip.seconds:.2f} s when it is played and {found.seconds:.2f} s when it is "
            "copied; the two must agree: convert it to MP4 first"
        )
    return found


def target(stem: Path, clip: Clip, settings: pipeline.Settings, runtime: Runtime) -> Path:
    """`stem` with the first suffix of FILMS whose files pass `check`. Raises InputError when none does."""
    check_choice("layout", settings.layout, spatialize.LAYOUTS)
    usual = [media.mux.FORMATS[media.mux.CODECS[film.codecs[0]]] for film in media.mux.FILMS.values()]
    if not any(spatialize.LAYOUTS[settings.layout].ffmpeg_name in coding.layouts for coding in usual):
        raise InputError(f"no film holds {settings.layout}: choose another layout, or save the sound alone as .wav")
    refusals = []
    for suffix in media.mux.FILMS:
        path = stem.with_name(stem.name + suffix)
        try:
            check(path, clip, settings, runtime)
        except InputError as refusal:
            refusals.append(refusal)
        else:
            return path
    raise refusals[0]


def save(film: Film, path: str | Path, *, runtime: Runtime) -> str:
    """Write the clip with its new sound and, where there is one, the stereo mix as a second track; what could not be
    kept, in words. Raises as `write`."""
    monitor = track_of(film.monitor) if film.monitor else None
    return write(film.clip, path, track_of(film.mix), monitor=monitor, runtime=runtime)


def write(
    clip: Clip,
    path: str | Path,
    sound: media.mux.Soundtrack,
    *,
    monitor: media.mux.Soundtrack | None = None,
    metadata: Mapping[str, str] | None = None,
    runtime: Runtime,
) -> str:
    """Write the pictures of `clip`, those of a video file as they are, with `sound`; what could not be kept, in words,
    but for `clip.lost`. Raises InputError when the pictures last another time when they are copied, and as
    `media.mux.write_video`."""
    pictures = clip
    media.mux.check_film(Path(path), None, [track for track in (sound, monitor) if track])
    if clip.copyable:
        found = _footage(Path(path), clip, runtime)
        pictures = replace(found, lost="" if clip.lost else found.lost)
    return media.mux.write_video(path, pictures, sound, monitor=monitor, metadata=metadata, runtime=runtime)


def track_of(sound: spatialize.Stream | spatialize.Monitor) -> media.mux.Soundtrack:
    """A mix as the film writer takes it."""
    return media.mux.Soundtrack(sound, sound.sample_rate, sound.layout.ffmpeg_name, sound.length)


def report(film: Film) -> str:
    """A table of the sources, a line on the levels, and one on what of the clip could not be read."""
    rows = [("", "source", "from", "to", "azimuth", "distance", "sound")]
    things = zip(film.sources, film.watched.tracks, film.words, strict=True)
    for number, (source, track, words) in enumerate(things, 1):
        path = source.trajectory
        azimuth = "all around" if source.background else _span(path.azimuth, "{:+.0f}") + " deg"
        times = f"{track.start:.1f} s", f"{track.stop:.1f} s"
        rows.append((str(number), source.label, *times, azimuth, _span(path.distance, "{:.1f}") + " m", words))
    mix = film.mix
    levels = f"{mix.loudness:.1f} LUFS, true peak {mix.true_peak:.1f} dBTP"
    lost = f"\nnot read: {film.clip.lost}" if film.clip.lost else ""
    return f"{pipeline.table(rows)}\n\n{mix.layout.name}, {mix.seconds:.2f} s at {mix.sample_rate} Hz: {levels}{lost}"


def _span(values, form: str) -> str:
    """The first value and, if it differs, the last."""
    first, last = form.format(values[0]), form.format(values[-1])
    return first if first == last else f"{first} to {last}"


def listed(watched: Watched) -> str:
    """One line for each track: what it is, and from when to when it is there."""
    rows = [("", "track", "from", "to", "seen")]
    for number, track in enumerate(watched.tracks, 1):
        times = f"{track.start:.1f} s", f"{track.stop:.1f} s"
        rows.append((str(number), track.label, *times, f"{len(track.sightings)} times"))
    return pipeline.table(rows)


def padded(tracks: tuple[AudioTrack, ...], seconds: float) -> tuple[AudioTrack, ...]:
    """The tracks with silence before and after, so that all begin at 0 and last `seconds`."""
    whole = []
    for track in tracks:
        samples = np.zeros(round(seconds * track.sample_rate), np.float32)
        first = round(track.start * track.sample_rate)
        part = track.samples[: len(samples) - first]
        samples[first : first + len(part)] = part
        whole.append(AudioTrack(samples, track.sample_rate))
    return tuple(whole)
