"""Sounds for what was seen: each thing from where it is seen best, for as long as it is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import generate
from ..backend import Model
from ..errors import InputError, OutputError, check_range
from ..files import REMEDIES
from ..media.clips import Clip
from ..media.masks import enlarged
from ..runtime import Runtime
from ..segment.tracking import best
from ..tracks import Track
from ..types import AudioTrack, Picture, Region
from .watch import Watched

USUAL_RATE = 48000
"""Hz that a film is asked about when nobody chose a rate."""

AT_ONCE = 240.0
"""s of sound that are asked of a generator in one go, all clips together."""

TOGETHER = 8
"""Things whose sounds are asked for in one go: a whole frame of each is in memory then."""

LONGEST, OVERLAP = 120.0, 2.0
"""s of one clip, and how long it fades into the next one where a thing sounds for longer."""

FADE, CUT_FADE = 0.4, 0.02
"""s of fading in and out, where a thing comes or goes, and at a cut or at an end of the film."""

BATCH = 4.0
"""GB of a batch that holds every track as long as the clip."""

IN_MEMORY = 60.0
"""s: longer sounds wait on the disk."""


def portraits(clip: Clip, tracks: Sequence[Track]) -> list[tuple[Picture, Region]]:
    """Each thing where it is seen best: a frame, and the region in it."""
    found = []
    for track in tracks:
        sighting = best(track)
        picture = clip.frame(min(sighting.time, clip.seconds))
        mask = enlarged(sighting.look.mask, picture.size)
        region = Region(mask, track.label, track.prompt, sighting.score, track.background)
        found.append((picture, region))
    return found


def sounds(
    generator: Model,
    clip: Clip,
    watched: Watched,
    *,
    prompts: str = "",
    seed: int = 0,
    sampling: generate.Sampling = generate.AS_USUAL,
    runtime: Runtime,
) -> tuple[tuple[AudioTrack, ...], tuple[str, ...]]:
    """(one AudioTrack for each track, from its `start` on and as long as it is there; what was chosen for each).

    `prompts` as in `generate.run`. A thing that comes or goes fades; what sounds for long is made in clips that fade
    into each other. The sound of a thing depends on nothing that is said of another one. Raises InputError when it is
    another clip that was watched, and as `generate.run`; OutputError when long sounds cannot wait on the disk.
    """
    _check_same(clip, watched)
    tracks = _prompted(watched, prompts)
    made: list[AudioTrack | None] = [None] * len(tracks)
    words = [""] * len(tracks)
    with runtime.progress("sounds", len(tracks)) as bar:
        for seconds, group in _groups(tracks):
            pictures, regions = zip(*portraits(clip, [tracks[i] for i in group]), strict=True)
            told = generate.describe(generator, regions, pictures, "", sampling)
            heard = _long(generator, regions, pictures, seconds, group, seed, sampling, runtime)
            for i, words[i], sound in zip(group, told, heard, strict=True):
                made[i] = replace(sound, start=tracks[i].start)
                _fade(made[i], tracks[i], {*watched.cuts, 0.0, clip.seconds})
            bar.step(len(group))
    return tuple(made), tuple(words)


def _check_same(clip: Clip, watched: Watched) -> None:
    if clip.size != watched.size or abs(clip.seconds - watched.seconds) > 0.1:
        there, here = (f"{c.size[1]} x {c.size[0]} pixels, {c.seconds:.2f} s" for c in (watched, clip))
        raise InputError(f"the tracks are of a clip of {there}; {clip.name} has {here}: use the clip they were seen in")


def check_padded(watched: Watched) -> None:
    """Raise InputError when the tracks, each as long as the clip, are more than a batch should hold (BATCH)."""
    size = len(watched.tracks) * watched.seconds * USUAL_RATE * 4 / 1e9
    what = f"the batch of {len(watched.tracks)} tracks, each {watched.seconds:.0f} s long,"
    check_range(what, size, 0, BATCH, "GB", "use See2Sound Video, or s2s render, which stream")


def _prompted(watched: Watched, prompts: str) -> list[Track]:
    """The tracks with the words that hold for each as their own. Raises InputError, with a list of them, when there are
    more lines than tracks."""
    tracks, lines = watched.tracks, len(prompts.rstrip().splitlines())
    if lines > max(1, len(tracks)):
        rows = enumerate(tracks, 1)
        told = ", ".join(f"{n} {track.label} ({track.start:.1f} to {track.stop:.1f} s)" for n, track in rows)
        raise InputError(
            f"prompts has {lines} lines for {len(tracks)} tracks; allowed is one line for each track, or a single line "
            f"for all: remove lines. The tracks are {told}"
        )
    regions = [Region(np.ones((1, 1), bool), track.label, track.prompt) for track in tracks]
    words = [region.prompt for region in generate.prompted(regions, prompts)]
    return [replace(track, prompt=line) for track, line in zip(tracks, words, strict=True)]


def _groups(tracks: Sequence[Track]) -> list[tuple[float, list[int]]]:
    """(seconds, numbers of tracks that are there for so long), as many as may be asked for at once: models like
    batches."""
    by_length: dict[float, list[int]] = {}
    for i, track in enumerate(tracks):
        by_length.setdefault(round(track.seconds, 6), []).append(i)
    groups = []
    for seconds, members in by_length.items():
        size = max(1, min(TOGETHER, int(AT_ONCE / min(max(seconds, 1.0), LONGEST))))
        groups += [(seconds, members[start : start + size]) for start in range(0, len(members), size)]
    return groups


def _long(
    generator: Model,
    regions: Sequence[Region],
    pictures: Sequence[Picture],
    seconds: float,
    numbers: list[int],
    seed: int,
    sampling: generate.Sampling,
    runtime: Runtime,
) -> list[AudioTrack]:
    """One sound of `seconds` for each region, from as many clips as that takes."""
    out: list[np.ndarray] = []
    at, piece = 0.0, 0
    while True:
        left = seconds - at
        last = left <= LONGEST
        length = max(left if last else LONGEST, generate.SECONDS[0])
        streams = [number + 1_000_000 * piece for number in numbers]  # another take of the same thing
        clips = generate.run(
            generator,
            regions,
            pictures,
            seconds=length,
            seed=seed,
            streams=streams,
            sampling=sampling,
            runtime=runtime,
        )
        rate = clips[0].sample_rate
        out = out or [_room(round(seconds * rate), seconds, runtime) for _ in clips]
        start, over = round(at * rate), round(OVERLAP * rate) if piece else 0
        for whole, clip in zip(out, clips, strict=True):
            _join(whole, clip.samples, start, over)
        if last:
            return [AudioTrack(whole, rate) for whole in out]
        at, piece = at + LONGEST - OVERLAP, piece + 1


def _room(length: int, seconds: float, runtime: Runtime) -> np.ndarray:
    """Silence [length] float32, on the disk if it is long; the file has no name and goes with the array.
    Raises OutputError when the file system refuses."""
    if seconds <= IN_MEMORY:
        return np.zeros(length, np.float32)
    folder = Path(runtime.folder("temp"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):  # a full disk refuses now, and does not kill us in the middle
                os.posix_fallocate(file.fileno(), 0, 4 * length)
            return np.memmap(file, np.float32, "w+", shape=(length,))
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {REMEDIES.get(error.errno, error.strerror)}") from error


def _join(whole: np.ndarray, clip: np.ndarray, start: int, over: int) -> None:
    """Put `clip` into `whole` at `start`, its first `over` samples fading in over what is there: equal power, since the
    two takes have nothing in common."""
    clip = clip[: len(whole) - start]
    over = min(over, len(clip))
    turn = np.linspace(0, np.pi / 2, over, endpoint=False, dtype=np.float32)
    whole[start : start + over] = whole[start : start + over] * np.cos(turn) + clip[:over] * np.sin(turn)
    whole[start + over : start + len(clip)] = clip[over:]


def _fade(sound: AudioTrack, track: Track, edges: set[float]) -> None:
    """Fade in and out, in place; at the `edges` of scenes it is short."""
    for sample, time in ((0, track.start), (-1, track.stop)):
        seconds = CUT_FADE if any(abs(time - edge) < 1e-6 for edge in edges) else FADE
        length = min(round(seconds * sound.sample_rate), len(sound.samples) // 2)
        rise = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32))
        if sample == 0:
            sound.samples[:length] *= rise
        elif length:
            sound.samples[-length:] *= rise[::-1]
