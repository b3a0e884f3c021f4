"""A film's pictures as they are: the first video stream of a file, copied packet by packet into another."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.stream import Disposition

from ..errors import InputError, MediaError
from ..runtime import Runtime
from .packets import opened
from .sink import Pulse, paced

ANIMATIONS = ("gif", "apng", "webp", "image2", "_pipe")
"""How FFmpeg's names of readers end that read single or animated images: not streams that films are made of."""

UNSEEN = 0.1
"""s that a file may lack of its stated length without being cut short: codecs round, and start late."""

USUAL_RATE = 25
"""Pictures a second of a film that does not say."""

TECHNICAL = {"major_brand", "minor_version", "compatible_brands", "encoder"}
"""Tags that tell of the file that was, not of the film."""


@dataclass(frozen=True, eq=False)
class Footage:
    """The pictures of a film, as a first reading of all its packets finds them (nothing is decoded).

    They are shown for `seconds`, `rate` a second in the mean. In units of `time_base` s: `start` is the time stamp of
    the first one, which becomes 0; what is stamped earlier than `key` cannot be decoded; `first` is when decoding
    begins. Of the stream's packets the first `packets` are whole and of use. `trimmed`: it begins with some that are
    decoded, but by an edit list not shown. `lost`: "", or in words what could not be read.
    """

    path: Path
    codec: str
    time_base: Fraction
    key: int
    first: int
    start: int
    seconds: float
    rate: float
    packets: int
    trimmed: bool
    lost: str
    tags: Mapping[str, str]

    @property
    def muxing(self) -> dict[str, str]:
        """FFmpeg's options with which an MP4 or MOV file keeps the time base."""
        kept = self.time_base.numerator == 1
        return {"video_track_timescale": str(self.time_base.denominator)} if kept else {}

    def holds(self, container: str) -> bool:
        """Whether such a file can hold the stream: FFmpeg is asked to begin one."""
        if self.trimmed and container not in ("mp4", "mov"):
            return False
        with _reading(self.path) as source:
            try:
                with av.open(io.BytesIO(), "w", format=container) as trial:
                    trial.add_stream_from_template(_pictures(self.path, source), opaque=True)
                    trial.start_encoding()
            except (av.FFmpegError, ValueError):
                return False
        return True

    @contextmanager
    def added_to(
        self, container: av.container.OutputContainer, pulse: Pulse
    ) -> Iterator[Iterator[tuple[float, av.Packet]]]:
        """A copy of the stream in `container`: (time in s, packet) in the order of decoding, to be muxed. `pulse` is
        left to those who draw."""
        with _reading(self.path) as source:
            stream = _pictures(self.path, source)
            copy = container.add_stream_from_template(stream, opaque=True)
            copy.metadata.update(stream.metadata)
            copy.disposition = Disposition.default
            yield self._packets(stream, copy)

    def _packets(self, stream: av.VideoStream, copy: av.VideoStream) -> Iterator[tuple[float, av.Packet]]:
        lasts = _lasts(stream)
        dts = self.first - self.start - lasts
        whole = (packet for packet in stream.container.demux(stream) if packet.size)
        for packet in islice(whole, self.packets):
            if packet.pts < self.key:
                continue
            # Matroska keeps no times of decoding; FFmpeg finds those of the first packets too late.
            known = None if packet.dts is None else packet.dts - self.start
            dts = dts + lasts if known is None else max(known, dts + 1)
            packet.pts, packet.dts, packet.duration = packet.pts - self.start, dts, packet.duration or lasts
            packet.stream = copy
            yield float(dts * self.time_base), packet


def survey(path: Path, runtime: Runtime) -> Footage:
    """Read all packets of a film once.

    Raises MediaError when the file is missing, damaged from the start on, or has no film in it, and InputError when its
    packets do not say when they are shown.
    """
    with opened(path) as source, paced(runtime, f"reading {path.name}", path.stat().st_size) as pulse:
        stream = _pictures(path, source)
        found, read, fault = _Found(stream), 0, ""
        try:
            for packet in source.demux():
                read += packet.size
                pulse(read)
                if packet.size:
                    found.add(packet)
        except av.FFmpegError as error:
            fault = f" ({error.strerror})"
        if found.unstamped:
            raise InputError(f"{path.name} does not say when its pictures are shown: convert it to .mp4 or .mkv first")
        if found.start is None:
            raise MediaError(f"{path} holds no pictures that can be read{fault}: copy or download it again")
        reached = found.reached - (source.start_time or 0) / av.time_base
        stated = (source.duration or 0) / av.time_base
        lost = f"{path.name} is cut short{fault}: {reached:.2f} of {stated:.2f} s could be read"
        return Footage(
            path=path,
            codec=stream.codec_context.codec.canonical_name,
            time_base=stream.time_base,
            key=found.key,
            first=found.start if found.first is None else found.first,
            start=found.start,
            seconds=float((found.end - found.start) * stream.time_base),
            rate=float(stream.average_rate or USUAL_RATE),
            packets=found.packets,
            trimmed=found.trimmed,
            lost=lost if fault or stated - reached > UNSEEN else "",
            tags={name: value for name, value in source.metadata.items() if name.lower() not in TECHNICAL},
        )


class _Found:
    """What the packets of a film say, one after another. In units of their stream: `key`, the first time stamp that can
    be decoded; `start` and `end` of what is shown; `first`, when decoding begins. In s: what any stream `reached`."""

    def __init__(self, stream: av.VideoStream):
        self.stream, self.lasts, self.reached = stream, _lasts(stream), 0.0
        self.key = self.start = self.first = None
        self.end = self.undated = self.packets = self.seen = 0
        self.trimmed = self.unstamped = False

    def add(self, packet: av.Packet) -> None:
        ours = packet.stream is self.stream
        self.seen += ours
        self.unstamped |= ours and packet.pts is None
        if packet.pts is None or packet.is_corrupt:
            return
        end = packet.pts + (packet.duration or (self.lasts if ours else 0))
        self.reached = max(self.reached, float(end * packet.time_base))
        if ours and self.key is None and packet.is_keyframe:
            self.key = packet.pts
        if not ours or self.key is None or packet.pts < self.key:
            return
        if self.first is None:
            self.undated += packet.dts is None
            self.first = None if packet.dts is None else packet.dts - self.undated * self.lasts
        self.trimmed |= packet.is_discard and self.start is None
        if not packet.is_discard:
            self.packets = self.seen
            self.start = packet.pts if self.start is None else min(self.start, packet.pts)
            self.end = max(self.end, end)


@contextmanager
def _reading(path: Path) -> Iterator[av.container.InputContainer]:
    """`opened`, which is not told of what goes wrong with other files."""
    with ExitStack() as stack:
        source = opened(path)
        container = source.__enter__()
        stack.callback(source.__exit__, None, None, None)
        yield container


def _pictures(path: Path, source: av.container.InputContainer) -> av.VideoStream:
    """The first video stream that is more than a cover."""
    films = [stream for stream in source.streams.video if not stream.disposition & Disposition.attached_pic]
    if not films:
        raise MediaError(f"{path} has no pictures in it: choose a film")
    if source.format.name.endswith(ANIMATIONS):
        raise InputError(f"{path.name} is a still or animated image, whose stream no film can hold: give its frames")
    return films[0]


def _lasts(stream: av.VideoStream) -> int:
    """Time that a picture is shown for when its packet does not say, in units of the stream."""
    return max(1, round(1 / ((stream.average_rate or USUAL_RATE) * stream.time_base)))
