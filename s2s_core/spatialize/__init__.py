"""From sources and their sounds to surround: each is panned, reflected by the room, mixed, and brought to level.

The published method plays omnidirectional points in a room of pixels as channels (`published.py` does it, for those
who compare); here sound comes from where it is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..errors import check_choice, check_range
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, Room, SoundSource, Surround, heard
from . import mix, published
from . import room as _room
from .binaural import fold_to_binaural
from .define import make_room
from .engines import ENGINES
from .fold import fold_to_stereo
from .inputs import LATEST, check_rate, check_sources, check_tracks
from .layouts import LAYOUTS
from .levels import level, with_levels
from .loudness import CEILING, MOST_GAIN, TARGET, Meter, levelled, measured
from .materials import MATERIALS
from .mixing import Mixing
from .pan import LAWS
from .room import ROOMS
from .stream import Monitor, Stream
from .underlay import under

__all__ = [
    "ENGINES",
    "FOLDS",
    "LAWS",
    "LAYOUTS",
    "MATERIALS",
    "Monitor",
    "Mixing",
    "ROOMS",
    "Stream",
    "check",
    "direct_level",
    "levelled",
    "make_room",
    "measured",
    "published",
    "report",
    "run",
    "stems",
    "stream",
    "with_levels",
]

FOLDS = {"stereo": fold_to_stereo, "binaural": fold_to_binaural}
"""Name -> (sound, loudness, runtime) -> the same sound for two loudspeakers or for headphones."""


def check(
    room: Room,
    layout: str,
    loudness: float = TARGET,
    sample_rate: int | None = None,
    mixing: Mixing | None = None,
) -> None:
    """Raise InputError for values that `run` would refuse, DependencyError for a library that it would miss; needs no
    sources."""
    if sample_rate is not None:
        check_rate("sample rate", sample_rate)
    check_choice("layout", layout, LAYOUTS)
    check_range("loudness", loudness, -70.0, -5.0, "LUFS")
    _room.check(room)
    if mixing:
        ENGINES[mixing.engine].check(room)


def run(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    room: Room = ROOMS["street"],
    layout: str = "5.1",
    mixing: Mixing | None = None,
    tail: bool = True,
    sample_rate: int | None = None,
    bed: Surround | None = None,
    seconds: float | None = None,
    loudness: float = TARGET,
    runtime: Runtime | None = None,
) -> Surround:
    """Surround sound of `tracks[i]` at `sources[i]`.

    Direct sound (no propagation delay), reflections, and reverberation; see `rir.py`. A source beyond the walls is as
    soft as its distance says and sounds in the room from where its ray meets the wall. One that moves is followed;
    see `moving.py`. A background source has no direction: it plays equally from all main channels, decorrelated,
    outside the room. All sources also feed the LFE, where the layout has one. Where one is `solo`, only such are heard.

    `layout` is a key of LAYOUTS. Tracks may differ in length and begin; when the last one ends the result ends, unless
    `tail` lets the room's decay follow; or it is exactly `seconds` long. They must have one sample rate, which is the
    result's too, unless `sample_rate` in Hz (8000..384000) asks for another: then all are resampled to it. `bed` is
    sound that is mixed in as it is (`underlay.py`). One gain brings it all to `loudness` LUFS (-70..-5) unless the true
    peak would exceed -1 dBTP, and never by more than 60 dB; `Surround` reports both. The same input gives the same
    bytes.

    Raises InputError when there are no sources, when numbers of sources and tracks or the tracks' sample rates differ,
    when samples are not finite, or when a value is out of range.
    """
    runtime = runtime or HeadlessRuntime()
    how = {"room": room, "layout": layout, "mixing": mixing, "tail": tail, "sample_rate": sample_rate, "bed": bed}
    job = _asked(sources, tracks, loudness, **how, seconds=seconds)
    samples, meter = _mixed(job, runtime)
    gain_db = meter.gain(loudness)
    samples *= np.float32(10 ** (gain_db / 20))
    return Surround(samples, job.sample_rate, job.layout, **meter.after(gain_db))


def stream(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    loudness: float = TARGET,
    runtime: Runtime | None = None,
    **how,
) -> Stream:
    """What `run` gives, block by block, for sound of any length in little memory: it is mixed once into a file in the
    temp folder, which the Stream reads and removes. `how` is what `run` takes besides."""
    job = _asked(sources, tracks, loudness, **how)
    meter = Meter(job.sample_rate, job.layout)
    made = Stream(job.sample_rate, job.layout, runtime and runtime.folder("temp"))
    for block in mix.render(job, runtime or HeadlessRuntime()):
        meter.add(block)
        made.keep(block)
    made.settle(meter, loudness)
    return made


def stems(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    loudness: float = TARGET,
    runtime: Runtime | None = None,
    **how,
) -> Iterator[Surround]:
    """The mix of `run` taken apart: what each source adds to it, one after the other and all of one length; their sum
    is the mix. A stem alone may exceed full scale, where another one takes that back. A source that is not heard is
    silence. `how` is what `run` takes besides; a bed counts for the gain only."""
    job = _asked(sources, tracks, loudness, **how)
    return _stems(job, loudness, runtime or HeadlessRuntime())


def direct_level(source: SoundSource, track: AudioTrack, mixing: Mixing | None = None) -> float:
    """RMS in dBFS of a source's direct sound over all loudspeakers, before the one gain that `Surround.gain_db` gives;
    -inf when muted or silent."""
    power = float(np.mean(np.square(track.samples, dtype=np.float64))) if len(track.samples) else 0.0
    power *= 0.0 if source.muted else float(level(source, mixing or Mixing())) ** 2
    return 10 * float(np.log10(power)) if power else -np.inf


def report(sound: Surround) -> str:
    """Two lines for a person: loudness, true peak, length; then the RMS of each channel in dBFS."""
    if not np.isfinite(sound.true_peak):
        levels = "silence"
    elif not np.isfinite(sound.loudness):
        levels = f"true peak {sound.true_peak:.1f} dBTP; only the LFE sounds, which loudness does not count"
    else:
        levels = f"{sound.loudness:.1f} LUFS, true peak {sound.true_peak:.1f} dBTP"
        if abs(sound.true_peak - CEILING) < 0.05:
            levels += " (the peak forbids more)"
        elif sound.gain_db == MOST_GAIN:
            levels += f" (raised by {MOST_GAIN:g} dB, which is the most)"
    powers = np.mean(np.square(sound.samples, dtype=np.float64), axis=1)
    channels = [
        f"{label} {10 * np.log10(power):.1f}" if power else f"{label} -inf"
        for label, power in zip(sound.layout.labels, powers, strict=True)
    ]
    return f"{sound.layout.name}, {sound.seconds:.2f} s at {sound.sample_rate} Hz: {levels}\n{'  '.join(channels)} dBFS"


def _asked(
    sources,
    tracks,
    loudness,
    *,
    room=ROOMS["street"],
    layout="5.1",
    mixing=None,
    tail=True,
    sample_rate=None,
    bed=None,
    seconds=None,
) -> mix.Job:
    """The job that the arguments of `run` describe, after everything was found possible."""
    mixing = mixing or Mixing()
    check(room, layout, loudness, sample_rate, mixing)
    check_sources(sources, mixing)
    tracks = check_tracks(sources, tracks, sample_rate)
    underlay = bed and under(bed, LAYOUTS[layout], tracks[0].sample_rate)
    if seconds is not None:
        check_range("seconds", seconds, 0, LATEST, "s")
    return mix.Job(sources, tracks, room, LAYOUTS[layout], mixing, tail, underlay, seconds)


def _stems(job: mix.Job, loudness: float, runtime: Runtime) -> Iterator[Surround]:
    gain_db = _mixed(job, runtime)[1].gain(loudness)
    loud = heard(job.sources)
    for number in range(len(job.sources)):
        alone = [replace(source, muted=i != number or not loud[i]) for i, source in enumerate(job.sources)]
        own = replace(job, sources=alone, underlay=None, seconds=job.length / job.sample_rate)
        samples, meter = _mixed(own, runtime)
        samples *= np.float32(10 ** (gain_db / 20))
        yield Surround(samples, job.sample_rate, job.layout, **meter.after(gain_db))


def _mixed(job: mix.Job, runtime: Runtime) -> tuple[np.ndarray, Meter]:
    """The whole mix [C, T] before its gain, and a meter that heard it."""
    meter, at = Meter(job.sample_rate, job.layout), 0
    samples = np.empty((len(job.layout.speakers), job.length), np.float32)
    for block in mix.render(job, runtime):
        meter.add(block)
        samples[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    return samples, meter
