"""Films in: whatever FFmpeg decodes, upright, in square pixels, with the time of every frame from the file.

Of several video streams the first is taken; a cover picture is not one. Colours are converted to 8 bits; brightness
beyond the screen's (HDR) is not mapped, so that such films look flat. Interlaced frames stay as they are.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from ..errors import MediaError
from ..types import Picture
from .cuts import SAME_TIME, SAMPLE, Shot
from .images import picture_from_array
from .packets import decoded, opened, packets
from .soundtrack import read_soundtrack

HD_HEIGHT = 720
"""Lines from which a film that does not name its colours is taken as BT.709, and below as BT.601, as players do."""
UNNAMED_COLOURS = 2

EARLIER = (0.0, 2.0, 10.0, 60.0)
"""s by which a seek is repeated earlier when it landed behind its aim; after that the film is read from its start."""
NO_SEEKING = ("avi", "mpeg")
"""FFmpeg's names of formats that do not tell every frame's time: after a seek times would be guesses."""

USUAL_RATE = 25
"""Frames per s of what says nothing of it."""

SHORTER = 0.1
"""s by which a film may be shorter than it says without being cut short."""


class _Damage(Exception):
    """A packet cannot be decoded."""


class Film:
    """The frames of a video file, read one at a time. `size` (height, width) upright in square pixels; `seconds`,
    `rate` (mean frames per s), `has_sound`; `lost` says what could not be read, so far.

    Opening reads the file through once without decoding, for its true length. Time 0 is the first picture. Raises
    MediaError when there are no pictures.
    """

    copyable = True

    def __init__(self, path: Path):
        self.path = path
        self._damaged: set[float] = set()
        self._careful = False
        with opened(path) as container:
            stream = _pictures(path, container)
            self.has_sound = bool(container.streams.audio)
            self._aspect = float(stream.sample_aspect_ratio or 1)
            self._measure(container, stream)
        first = next(self._frames(None), None)
        if first is None:
            raise MediaError(f"{path} holds no frame that can be decoded: copy it again or convert it to MP4")
        self._stored = (first[1].height, max(1, round(first[1].width * self._aspect)))
        # Asked of one frame only: PyAV never frees a frame that was asked.
        self._matrix = bytes(first[1].side_data.get("DISPLAYMATRIX") or b"")
        self.size = upright(np.empty(self._stored), self._matrix).shape

    @property
    def lost(self) -> str:
        """What could not be read, in words, or "": known in full only once every frame has been read."""
        words = [f"the last {self._missing:.2f} of {self._stated:.2f} s could not be read"] if self._missing else []
        if self._damaged:
            low, high = min(self._damaged), max(self._damaged)
            words.append(f"frames are damaged or missing between {low:.2f} and {high:.2f} s ({len(self._damaged)})")
        return "; ".join(words)

    def shots(self, start: float = 0.0) -> Iterator[Shot]:
        """Every frame from the one shown at `start` s on."""
        shrink, convert = VideoReformatter(), VideoReformatter()
        shown = None
        for time, frame in self._from(start):
            shot = Shot(time, partial(self._picture, convert, frame), partial(self._sample, shrink, frame))
            if time > start + SAME_TIME:
                if shown:
                    yield shown
                    shown = None
                yield shot
            else:
                shown = shot
        if shown:
            yield shown

    def sound(self) -> tuple[np.ndarray, int, str | None] | None:
        """`soundtrack.read_soundtrack` from the first picture on."""
        return read_soundtrack(self.path, self._start if self._timed else 0.0)

    def _measure(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        """Start, length and rate from the times of all packets, and how much of the stated length is missing."""
        tick, key, length, end, stamped = float(stream.time_base), None, 0, 0.0, True
        self._step = 1 / float(stream.guessed_rate or stream.average_rate or USUAL_RATE)
        times = array("d")
        for packet in packets(container, stream, *container.streams.audio):
            time = _time(packet)
            if packet.is_corrupt:  # the last one of a file that was cut short
                continue
            end = max(end, time + float((packet.duration or 0) * packet.time_base))
            if packet.stream_index == stream.index and not packet.is_discard:
                key = time if key is None and packet.is_keyframe else key
                length = packet.duration or length
                stamped &= packet.pts is not None
                times.append(time)
        # A short Matroska file names no start; where packets have no times either, those there are come from a usual
        # rate. AVI does not know of frames out of order.
        dated = stream.start_time is not None or stamped
        self._timed = dated and not (container.format.name == "avi" and stream.codec_context.has_b_frames)
        self._seekable = self._timed and container.format.name not in NO_SEEKING
        shown = np.sort(times) if self._timed else np.arange(len(times)) * self._step
        if self._timed and key is not None:  # what comes before the first key frame cannot be decoded
            shown = shown[shown >= key]
        if not len(shown):
            raise MediaError(f"{self.path} holds no frame that can be read: copy or download it again")
        self._start, last = float(shown[0]), (length * tick if self._timed else 0) or self._step
        self._last = float(shown[-1]) - self._start
        self.seconds = self._last + last
        self.rate = len(shown) / self.seconds
        if stream.duration:
            self._stated, read = stream.duration * tick, float(shown[-1]) + last - (stream.start_time or 0) * tick
        else:  # that of all streams, counted from 0
            self._stated, read = (container.duration or 0) / av.time_base, end
        missing = self._stated - read if dated else 0.0
        self._missing = missing if missing > max(SHORTER, 1.5 * self._step) else 0.0

    def _from(self, start: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """(time, frame) from some frame on that is shown at `start` or before."""
        for earlier in EARLIER if start > 0 and self._seekable else ():
            frames = self._frames(max(0.0, start - earlier))
            first = next(frames, None)
            if first and first[0] <= start + SAME_TIME:
                yield from itertools.chain([first], frames)
                return
        yield from self._frames(None)

    def _frames(self, seek: float | None) -> Iterator[tuple[float, av.VideoFrame]]:
        """(time, frame) from the key frame before `seek` s on, or all. Quickly, until the first damage; then once more
        from there with one thread, which loses nothing but what is damaged."""
        last = -1.0
        if not self._careful:
            try:
                for last, frame in self._decoded(seek):
                    yield last, frame
                return
            except _Damage:
                self._careful = True
        yield from ((time, frame) for time, frame in self._decoded(seek) if time > last)

    def _decoded(self, seek: float | None) -> Iterator[tuple[float, av.VideoFrame]]:
        with opened(self.path) as container:
            stream = _pictures(self.path, container)
            stream.thread_type = "SLICE" if self._careful else "AUTO"
            if seek is not None:
                try:
                    container.seek(int((seek + self._start) / stream.time_base), stream=stream)
                except av.FFmpegError:  # without an index: `_from` reads from the start
                    return
            time = -self._step
            for frame in decoded(container, stream, lambda packet: self._note(_time(packet) - self._start)):
                dated = self._timed and frame.pts is not None
                time = float(frame.pts * stream.time_base) - self._start if dated else time + self._step
                if time < -SAME_TIME:
                    continue
                if time >= self.seconds:
                    return
                if frame.is_corrupt:
                    self._note(time)
                yield max(0.0, time), frame
            if seek is None and time < self._last - self._step / 2:  # the decoder need not say so
                self._note(self._last)

    def _note(self, time: float) -> None:
        if not self._careful:
            raise _Damage
        if 0 <= time < self.seconds:
            self._damaged.add(time)

    def _picture(self, reformatter: VideoReformatter, frame: av.VideoFrame) -> Picture:
        height, width = self._stored
        unnamed = frame.colorspace == UNNAMED_COLOURS and frame.height >= HD_HEIGHT
        opaque = not any(component.is_alpha for component in frame.format.components)
        converted = reformatter.reformat(
            frame, width, height, "rgb24" if opaque else "rgba", src_colorspace="ITU709" if unnamed else None
        )
        pixels = upright(converted.to_ndarray(), self._matrix)
        if opaque:  # in one step: a copy less of the largest thing there is
            return Picture(np.divide(pixels, 255, dtype=np.float32), self.path.stem)
        return picture_from_array(pixels, self.path.stem)

    def _sample(self, reformatter: VideoReformatter, frame: av.VideoFrame) -> np.ndarray:
        return reformatter.reformat(frame, *SAMPLE[::-1], "rgb24", interpolation="FAST_BILINEAR").to_ndarray()


def _time(packet: av.Packet) -> float:
    """s by the file's own clock; 0 when the file has none."""
    stamp = packet.dts if packet.pts is None else packet.pts
    return float((stamp or 0) * packet.time_base)


def upright(pixels: np.ndarray, matrix: bytes) -> np.ndarray:
    """Rows and columns of pixels [H, W, ...] turned and mirrored as a display matrix says (b"": as they are)."""
    if not matrix:
        return pixels
    # x' = a x + c y, y' = b x + d y (ISO 14496-12, 6.2.2); anything but right angles goes to the nearest.
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    if abs(b) > abs(a):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _pictures(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    streams = container.streams.video
    for stream in streams:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    found = "only a cover picture" if streams else "only sound" if container.streams.audio else "neither"
    raise MediaError(f"{path} has no moving pictures in it ({found}): choose a film, or a picture")
