"""From sources and their sounds to surround: each is panned, reflected by the room, mixed, and brought to level.

The published method plays omnidirectional points in a room of pixels as channels (`published.py` does it, for those
who compare); here sound comes from where it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import check_choice, check_range
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, Room, SoundSource, Surround
from . import mix, published
from . import room as _room
from .binaural import fold_to_binaural
from .define import make_room
from .engines import ENGINES
from .fold import fold_to_stereo
from .inputs import RATES, check_sources, check_tracks
from .layouts import LAYOUTS
from .levels import level, with_levels
from .loudness import CEILING, TARGET, Meter, levelled, measured
from .materials import MATERIALS
from .mixing import Mixing
from .pan import LAWS
from .room import ROOMS
from .stream import Stream

__all__ = [
    "ENGINES",
    "FOLDS",
    "LAWS",
    "LAYOUTS",
    "MATERIALS",
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


def check(room: Room, layout: str, loudness: float = TARGET, sample_rate: int | None = None) -> None:
    """Raise InputError for values that `run` would refuse; needs no sources."""
    if sample_rate is not None:
        check_range("sample rate", sample_rate, *RATES, "Hz")
    check_choice("layout", layout, LAYOUTS)
    check_range("loudness", loudness, -70.0, -5.0, "LUFS")
    _room.check(room)


def run(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    room: Room = ROOMS["street"],
    layout: str = "5.1",
    mixing: Mixing | None = None,
    tail: bool = True,
    loudness: float = TARGET,
    sample_rate: int | None = None,
    runtime: Runtime | None = None,
) -> Surround:
    """Surround sound of `tracks[i]` at `sources[i]`.

    Direct sound (no propagation delay), reflections, and reverberation; see `rir.py`. A source beyond the walls is as
    soft as its distance says and sounds in the room from where its ray meets the wall. One that moves is followed;
    see `moving.py`. A background source has no direction: it plays equally from all main channels, decorrelated,
    outside the room. All sources also feed the LFE, where the layout has one. Where one is `solo`, only such are heard.

    `layout` is a key of LAYOUTS. Tracks may differ in length, the longest counts: with `tail` False the result is
    exactly as long, with `tail` the room's decay follows. They must have one sample rate, which is the result's too,
    unless `sample_rate` in Hz (8000..384000) asks for another: then all are resampled to it. One gain brings it to
    `loudness` LUFS (-70..-5) unless the true peak would exceed -1 dBTP; `Surround` reports both. The same input gives
    the same bytes.

    Raises InputError when there are no sources, when numbers of sources and tracks or the tracks' sample rates differ,
    when samples are not finite, or when a value is out of range.
    """
    runtime, mixing = runtime or HeadlessRuntime(), mixing or Mixing()
    tracks = _checked(sources, tracks, room, layout, mixing, loudness, sample_rate)
    samples, meter = _mixed(sources, tracks, room, layout, mixing, tail, runtime)
    gain_db = meter.gain(loudness)
    samples *= np.float32(10 ** (gain_db / 20))
    return Surround(samples, tracks[0].sample_rate, LAYOUTS[layout], **meter.after(gain_db))


def stream(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    room: Room = ROOMS["street"],
    layout: str = "5.1",
    mixing: Mixing | None = None,
    tail: bool = True,
    loudness: float = TARGET,
    sample_rate: int | None = None,
    runtime: Runtime | None = None,
) -> Stream:
    """What `run` gives, block by block, for sound of any length in little memory: it is mixed once into a file in the
    temp folder, which the Stream reads and removes."""
    runtime, mixing = runtime or HeadlessRuntime(), mixing or Mixing()
    tracks = _checked(sources, tracks, room, layout, mixing, loudness, sample_rate)
    meter = Meter(tracks[0].sample_rate, LAYOUTS[layout])
    made = Stream(tracks[0].sample_rate, LAYOUTS[layout], runtime.folder("temp"))
    for block in mix.render(sources, tracks, room, LAYOUTS[layout], mixing, tail, runtime):
        meter.add(block)
        made.keep(block)
    made.settle(meter, loudness)
    return made


def stems(
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    room: Room = ROOMS["street"],
    layout: str = "5.1",
    mixing: Mixing | None = None,
    tail: bool = True,
    loudness: float = TARGET,
    sample_rate: int | None = None,
    runtime: Runtime | None = None,
) -> tuple[Surround, ...]:
    """The mix of `run` taken apart: what each source adds to it, in order and all of one length; their sum is the mix.
    A source that is not heard is silence. Arguments as for `run`."""
    runtime, mixing = runtime or HeadlessRuntime(), mixing or Mixing()
    tracks = _checked(sources, tracks, room, layout, mixing, loudness, sample_rate)
    arguments = (room, layout, mixing, tail, runtime)
    total, meter = _mixed(sources, tracks, *arguments)
    gain = np.float32(10 ** (meter.gain(loudness) / 20))
    made = []
    for number in range(len(sources)):
        alone = [replace(source, muted=source.muted or i != number) for i, source in enumerate(sources)]
        samples, own = _mixed(alone, tracks, *arguments)
        samples *= gain
        made.append(Surround(samples, tracks[0].sample_rate, LAYOUTS[layout], **own.after(meter.gain(loudness))))
    return tuple(made)


def direct_level(source: SoundSource, track: AudioTrack, mixing: Mixing | None = None) -> float:
    """RMS in dBFS of a source's direct sound over all loudspeakers, before the one gain that `Surround.gain_db` gives;
    -inf when muted or silent."""
    power = float(np.mean(np.square(track.samples, dtype=np.float64))) if len(track.samples) else 0.0
    power *= 0.0 if source.muted else float(level(source, mixing or Mixing())) ** 2
    return 10 * float(np.log10(power)) if power else -np.inf


def report(sound: Surround) -> str:
    """Two lines for a person: loudness, true peak, length; then the RMS of each channel in dBFS."""
    if np.isfinite(sound.true_peak):
        levels = f"{sound.loudness:.1f} LUFS, true peak {sound.true_peak:.1f} dBTP"
        if sound.true_peak > CEILING - 0.05:
            levels += " (the peak forbids more)"
    else:
        levels = "silence"
    powers = np.mean(np.square(sound.samples, dtype=np.float64), axis=1)
    channels = [
        f"{label} {10 * np.log10(power):.1f}" if power else f"{label} -inf"
        for label, power in zip(sound.layout.labels, powers, strict=True)
    ]
    return f"{sound.layout.name}, {sound.seconds:.2f} s at {sound.sample_rate} Hz: {levels}\n{'  '.join(channels)} dBFS"


def _checked(sources, tracks, room, layout, mixing, loudness, sample_rate) -> Sequence[AudioTrack]:
    """The tracks at one sample rate, after everything was found possible."""
    check(room, layout, loudness, sample_rate)
    check_sources(sources, mixing)
    return check_tracks(sources, tracks, sample_rate)


def _mixed(sources, tracks, room, layout, mixing, tail, runtime) -> tuple[np.ndarray, Meter]:
    """The whole mix [C, T] before its gain, and a meter that heard it."""
    rate, row = tracks[0].sample_rate, LAYOUTS[layout]
    meter, at = Meter(rate, row), 0
    samples = np.empty((len(row.speakers), mix.total_length(sources, tracks, room, mixing, tail)), np.float32)
    for block in mix.render(sources, tracks, room, row, mixing, tail, runtime):
        meter.add(block)
        samples[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    return samples, meter
