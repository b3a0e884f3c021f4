"""Scenes out as objects: each source's own sound with where it is, for programs that mix themselves.

The file is BW64 (ITU-R BS.2088) with the Audio Definition Model (ITU-R BS.2076-1) inside, which digital audio
workstations import and renderers play on any loudspeakers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from ..errors import InputError, check_range
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, SoundSource, Trajectory, heard
from .bw64 import BITS, write_bw64
from .pcm import PIECE, check_rate, check_samples

NAMESPACE = "urn:ebu:metadata-schema:ebuCore_2015"
FORMAT = "ADM BW64 (24-bit)"
FIRST_ID = 0x1001
"""Smaller numbers belong to the standard's own definitions (ITU-R BS.2094)."""

TICKS = 100_000
"""Times are written in steps of 1/TICKS s."""

TURN = 10.0
"""Degrees that one block may span: within it renderers fade from loudspeaker to loudspeaker, past all between them."""

GAINS = (-1000, 60)
"""dB that a source may have."""

LATEST = 100_000
"""s after which no track may begin."""


def write_scene(
    path: str | Path,
    sources: Sequence[SoundSource],
    tracks: Sequence[AudioTrack],
    *,
    runtime: Runtime | None = None,
) -> None:
    """Write `tracks[i]` as a mono object at the place of `sources[i]`, in a .wav file, whole or not at all.

    The tracks are stored as they are, in 24 bits, with silence before and after them. Gains are the sources' `gain_db`:
    what distance does to the level is left to whoever mixes. Sources that are not `heard` are left out. A background
    becomes diffuse and 360 degrees wide.

    ADM's distance is relative, 1 being where the loudspeakers are, and its renderers spread what comes nearer. Here 1
    is the farthest that the same source is in the file, and `absoluteDistance` says how many metres that are: a still
    source is at 1. A moving source follows its `Trajectory` from the start of the file to its end, in blocks of at most
    TURN degrees; the first block is one step of time, at the place where it begins. A background stands still.

    Raises InputError when sources and tracks do not go together, when none sounds, when sample rates differ or are no
    whole numbers, when a place, a width or a gain cannot be, or when a track is not mono, empty, not finite or exceeds
    full scale. Raises OutputError when the file system refuses.
    """
    path = Path(path)
    if path.suffix.lower() != ".wav":
        raise InputError(f"{path} ends in {path.suffix or 'nothing'}; {FORMAT} files end in .wav: rename it")
    if len(sources) != len(tracks):
        raise InputError(f"{path.name}: {len(sources)} sources and {len(tracks)} tracks; each source needs one track")
    played = [index for index, is_heard in enumerate(heard(sources)) if is_heard]
    if not played:
        raise InputError(f"{path.name}: none of {len(sources)} sources sounds; at least one must not be muted")
    things, sounds = [sources[index] for index in played], [tracks[index] for index in played]
    for source, track in zip(things, sounds, strict=True):
        _check(source, track)
    rates = sorted({track.sample_rate for track in sounds})
    if len(rates) > 1:
        raise InputError(f"{path.name}: tracks at {' and '.join(map(str, rates))} Hz; all must have one sample rate")
    for source, track in zip(things, sounds, strict=True):
        check_samples(f"{path.name}, {source.label}", track.samples, FORMAT)
    length = max(_first(track) + len(track.samples) for track in sounds)
    model = _model(path.stem, things, rates[0], length)
    chunks = {"axml": model, "chna": _track_table(len(things))}
    with (runtime or HeadlessRuntime()).progress(f"writing {path.name}", length) as bar:
        blocks = _together(sounds, length)
        write_bw64(path, blocks, (len(things), length), rates[0], chunks, bar)


def _check(source: SoundSource, track: AudioTrack) -> None:
    """Raise InputError for a source that cannot be, or a track that it cannot sound with."""
    named = f"source {source.label!r}"
    source.trajectory.check(named)
    check_range(f"width of {named}", source.width, 0, 360, "degrees")
    check_range(f"gain of {named}", source.gain_db, *GAINS, "dB")
    if track.samples.ndim != 1 or not len(track.samples):
        raise InputError(
            f"the track of {named} has shape {list(track.samples.shape)}; allowed is mono [samples], at least one: mix "
            "it down, or load it again"
        )
    check_rate(f"the sample rate of {named}", track.sample_rate)
    check_range(f"start of the track of {named}", track.start, 0, LATEST, "s")


def _together(tracks: Sequence[AudioTrack], length: int) -> Iterator[np.ndarray]:
    """Tracks as blocks [C, t] of `length` samples in all, silent before a track begins and after it has ended."""
    for start in range(0, length, PIECE):
        block = np.zeros((len(tracks), min(PIECE, length - start)), np.float32)
        for channel, track in zip(block, tracks, strict=True):
            begin = start - _first(track)
            part = track.samples[max(begin, 0) : max(begin + len(channel), 0)]
            channel[max(-begin, 0) : max(-begin, 0) + len(part)] = part
        yield block


def _first(track: AudioTrack) -> int:
    """The sample of the file with which the track begins."""
    return round(track.start * track.sample_rate)


class _Ids:
    """Names by which the parts of object `number` (0, 1, ...) refer to each other; type 0003 is Objects."""

    def __init__(self, number: int):
        own = f"{FIRST_ID + number:04x}"
        self.object, self.pack, self.channel = f"AO_{own}", f"AP_0003{own}", f"AC_0003{own}"
        self.stream, self.track, self.uid = f"AS_0003{own}", f"AT_0003{own}_01", f"ATU_{number + 1:08x}"

    def block(self, index: int) -> str:
        return f"{self.channel.replace('AC', 'AB')}_{index + 1:08x}"


def _track_table(count: int) -> bytes:
    """The chunk chna: which channel of the file is which track of the model."""
    rows = [
        struct.pack("<H12s14s11sx", number + 1, *(name.encode() for name in (ids.uid, ids.track, ids.pack)))
        for number, ids in ((number, _Ids(number)) for number in range(count))
    ]
    return struct.pack("<HH", count, count) + b"".join(rows)


def _model(title: str, sources: Sequence[SoundSource], sample_rate: int, length: int) -> bytes:
    """The chunk axml: one programme with one content, of which each source is an object."""
    root = Element("ebuCoreMain", xmlns=NAMESPACE)
    model = _add(_add(_add(root, "coreMetadata"), "format"), "audioFormatExtended")
    programme = _add(model, "audioProgramme", audioProgrammeID="APR_1001", audioProgrammeName=_printable(title))
    _add(programme, "audioContentIDRef", "ACO_1001")
    content = _add(model, "audioContent", audioContentID="ACO_1001", audioContentName=_printable(title))
    for number, source in enumerate(sources):
        ids = _Ids(number)
        _add(content, "audioObjectIDRef", ids.object)
        _add_object(model, ids, source, sample_rate, length)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _add_object(model: Element, ids: _Ids, source: SoundSource, sample_rate: int, length: int) -> None:
    """One source: the object, its pack of one channel, the blocks of that channel, and the PCM track it is heard on."""
    name, kind = _printable(source.label), {"typeLabel": "0003", "typeDefinition": "Objects"}
    pcm = {"formatLabel": "0001", "formatDefinition": "PCM"}
    path, spans = _blocks(source, max(1, length * TICKS // sample_rate))
    farthest = float(path.distance.max()) or 1.0

    thing = _add(model, "audioObject", audioObjectID=ids.object, audioObjectName=name)
    _add(thing, "audioPackFormatIDRef", ids.pack)
    _add(thing, "audioTrackUIDRef", ids.uid)

    pack = _add(model, "audioPackFormat", audioPackFormatID=ids.pack, audioPackFormatName=name, **kind)
    _add(pack, "audioChannelFormatIDRef", ids.channel)
    _add(pack, "absoluteDistance", _number(farthest))

    channel = _add(model, "audioChannelFormat", audioChannelFormatID=ids.channel, audioChannelFormatName=name, **kind)
    for index, times in enumerate(spans):
        block = _add(channel, "audioBlockFormat", audioBlockFormatID=ids.block(index), **times)
        for coordinate, value in _place(path, index, farthest).items():
            _add(block, "position", _number(value), coordinate=coordinate)
        _add(block, "width", _number(360.0 if source.background else source.width))
        _add(block, "gain", _number(10 ** (source.gain_db / 20)))
        _add(block, "diffuse", _number(float(source.background)))
        _add(block, "jumpPosition", "0")

    stream = _add(model, "audioStreamFormat", audioStreamFormatID=ids.stream, audioStreamFormatName=name, **pcm)
    _add(stream, "audioChannelFormatIDRef", ids.channel)
    _add(stream, "audioTrackFormatIDRef", ids.track)
    track = _add(model, "audioTrackFormat", audioTrackFormatID=ids.track, audioTrackFormatName=name, **pcm)
    _add(track, "audioStreamFormatIDRef", ids.stream)
    uid = _add(model, "audioTrackUID", UID=ids.uid, sampleRate=str(sample_rate), bitDepth=str(BITS))
    _add(uid, "audioTrackFormatIDRef", ids.track)
    _add(uid, "audioPackFormatIDRef", ids.pack)


def _blocks(source: SoundSource, end: int) -> tuple[Trajectory, list[dict[str, str]]]:
    """Where a source is at the end of each block, and the attributes of time of each: from when for how long. `end` is
    that of the file, in ticks. The one block of something still has no times."""
    path = source.trajectory
    if source.background or not path.moves:
        return path.at(np.zeros(1)), [{}]
    knots = np.rint(path.times * TICKS)
    marks = np.array([0, *knots[(knots > 0) & (knots < end)], end])
    parts = np.ceil(_turns(path.at(marks / TICKS)) / TURN - 1e-6).clip(1).astype(int)
    finer = map(np.linspace, marks[:-1], marks[1:], parts + 1)
    stops = np.unique(np.rint(np.concatenate(list(finer))).clip(1)).astype(int).tolist()
    spans = pairwise([0, *stops])
    times = [{"rtime": _time(start), "duration": _time(stop - start)} for start, stop in spans]
    return path.at(np.array([0, *stops[1:]]) / TICKS), times


def _turns(path: Trajectory) -> np.ndarray:
    """Degrees along the great circle from each knot to the next."""
    elevation = np.radians(path.elevation)
    level = np.cos(elevation[:-1]) * np.cos(elevation[1:]) * np.cos(np.radians(np.diff(path.azimuth)))
    return np.degrees(np.arccos((np.sin(elevation[:-1]) * np.sin(elevation[1:]) + level).clip(-1, 1)))


def _place(path: Trajectory, knot: int, farthest: float) -> dict[str, float]:
    """Coordinates at a knot as ADM wants them, azimuth in -180..180 degrees, counter-clockwise as ours."""
    return {
        "azimuth": float((path.azimuth[knot] + 180.0) % 360.0 - 180.0),
        "elevation": float(path.elevation[knot]),
        "distance": float(path.distance[knot]) / farthest,
    }


def _time(ticks: int) -> str:
    minutes, ticks = divmod(ticks, 60 * TICKS)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ticks // TICKS:02}.{ticks % TICKS:05}"


def _number(value: float) -> str:
    return f"{value:.6f}"


def _printable(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(letter for letter in text if letter.isprintable())


def _add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    child = SubElement(parent, tag, attributes)
    child.text = text
    return child
