"""Pictures that are no film yet, such as an animated image or a batch of frames, drawn into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from typing import ClassVar, Protocol

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import ColorRange, Colorspace

from ..errors import InputError
from ..types import Picture
from .sink import Pulse

TICKS = 120_000
"""Units of time in a second: those of 24, 25, 30, 50, 60, 23.976, 29.97 pictures, and a GIF's hundredths, are whole."""

BT709 = 1
"""How primaries, transfer and matrix of high definition television are numbered; screens show sRGB by them."""

ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"crf": "18", "bf": "0"},  # pictures in their order: each lasts exactly as long as it is shown
    "libvpx-vp9": {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
}
"""FFmpeg's encoders with options for pictures that look like the original, best first: the first one that is there and
that the file can hold is taken. H.264 plays everywhere, VP9 in every browser."""


class Moving(Protocol):
    """Pictures over time, `rate` of them a second in the mean: each is shown until the next, the last one until
    `seconds`. `lost` is what could not be read, in words, and may be known only afterwards."""

    name: str
    seconds: float
    rate: float
    lost: str

    @property
    def size(self) -> tuple[int, int]: ...

    def frames(self) -> Iterable[tuple[float, Picture]]: ...


@dataclass(frozen=True, eq=False)
class Drawing:
    """The film that becomes of `clip`."""

    clip: Moving
    tags: ClassVar[Mapping[str, str]] = {}
    muxing: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self):
        if self.clip.seconds <= 0:
            raise InputError(f"{self.clip.name} is a still, and lasts no time: a film needs two pictures or more")

    @property
    def seconds(self) -> float:
        return self.clip.seconds

    @property
    def rate(self) -> float:
        return self.clip.rate

    @property
    def lost(self) -> str:
        return self.clip.lost

    @contextmanager
    def added_to(
        self, container: av.container.OutputContainer, pulse: Pulse
    ) -> Iterator[Iterator[tuple[float, av.Packet]]]:
        """A new stream in `container`: (time in s, packet) in the order of decoding, to be muxed. `pulse` is called
        for every picture."""
        encoder = next((name for name in ENCODERS if name in _present(container)), None)
        if encoder is None:
            raise InputError(
                f"this FFmpeg cannot draw a {container.format.name} film: save as .mkv, or install PyAV anew"
            )
        stream = container.add_stream(encoder, rate=Fraction(self.rate).limit_denominator(1001))
        height, width = (side + side % 2 for side in self.clip.size)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        coding = stream.codec_context
        coding.options, coding.time_base, stream.time_base = ENCODERS[encoder], *[Fraction(1, TICKS)] * 2
        coding.color_primaries = coding.color_trc = coding.colorspace = BT709
        coding.color_range = ColorRange.MPEG
        stream.disposition = Disposition.default
        yield self._packets(stream, pulse)

    def _packets(self, stream: av.VideoStream, pulse: Pulse) -> Iterator[tuple[float, av.Packet]]:
        lasting: dict[int, int] = {}
        for frame in chain(self._frames(lasting), [None]):
            pulse(0)
            for packet in stream.encode(frame):
                packet.duration = lasting.pop(round(packet.pts * packet.time_base * TICKS))
                yield float(packet.dts * packet.time_base), packet

    def _frames(self, lasting: dict[int, int]) -> Iterator[av.VideoFrame]:
        """The pictures for the encoder; the ticks that each is shown for go into `lasting`."""
        end = -1
        for (time, picture), (after, _) in pairwise(chain(self.clip.frames(), [(self.seconds, None)])):
            at, until = round(time * TICKS), round(after * TICKS)
            if until <= at:  # shown for no time, or out of its order
                continue
            frame = _drawn(picture.pixels)
            frame.pts, frame.time_base = at, Fraction(1, TICKS)
            lasting[at], end = until - at, until
            yield frame
        if end < 0:
            raise InputError(f"{self.clip.name} has no pictures in it: choose another one")


def _present(container: av.container.OutputContainer) -> set[str]:
    """Names of the encoders that this FFmpeg has for such a file."""
    return container.supported_codecs & av.codecs_available


def _drawn(pixels: np.ndarray) -> av.VideoFrame:
    """Pixels [H, W, 3] 0..1 as an encoder takes them; a side of odd length repeats its last line."""
    height, width = pixels.shape[:2]
    values = np.rint(np.clip(pixels, 0, 1) * np.float32(255)).astype(np.uint8)
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(even, format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
