"""Small films made on the spot, and what a reader that is not ours finds in them: PyAV's demuxer and decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
from see2sound_nodes.s2s_core.media.mux import Soundtrack
from see2sound_nodes.s2s_core.types import Picture

from .tones import RATE, surround

HEIGHT, WIDTH, FPS = 48, 64, 24
MOTION = {"libx264": {"g": "12"}}  # with pictures that are shown later than they are decoded
BARS = 8


def film(
    path: Path,
    codec: str = "libx264",
    seconds: float = 2.0,
    times: Sequence[int] = (),
    pixels: str = "yuv420p",
    colours: int = 2,
    start: int = 0,
    container: str | None = None,
) -> Path:
    """A film without sound: a white bar walks from left to right. `times` in ms (else FPS a second from `start` on);
    `colours` as FFmpeg numbers primaries, transfer and matrix (2: not said)."""
    with av.open(str(path), "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=FPS, options=MOTION.get(codec, {}))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        coding = stream.codec_context
        coding.color_primaries = coding.color_trc = coding.colorspace = colours
        coding.time_base = Fraction(1, 1000) if times else Fraction(1, FPS)
        for index, time in enumerate(times or range(start, start + round(seconds * FPS))):
            frame = av.VideoFrame.from_ndarray(bar(index), format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = time, coding.time_base
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode(None))
    return path


def bar(index: int) -> np.ndarray:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    at = index % BARS * WIDTH // BARS
    picture[:, at : at + WIDTH // BARS] = 255
    return picture


@dataclass
class Frames:
    """Moving pictures of one colour each: red, green, blue, white, and again."""

    times: Sequence[float]
    seconds: float
    size: tuple[int, int] = (HEIGHT, WIDTH)
    name: str = "animation"
    lost: str = ""

    COLOURS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1))

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def frames(self) -> Iterator[tuple[float, Picture]]:
        for index, time in enumerate(self.times):
            yield time, Picture(np.full((*self.size, 3), self.COLOURS[index % 4], np.float32))


def tones(seconds: float, layout: str = "5.1") -> Soundtrack:
    return Soundtrack.of(surround(layout, seconds=seconds))


def hashes(path: Path) -> list[str]:
    return [sha256(bytes(packet)).hexdigest() for packet, _ in packets(path)]


def stamps(path: Path) -> np.ndarray:
    """Times in s of the pictures from the first one shown on, in the order of decoding."""
    times = np.array([time for _, time in packets(path)])
    return times - times[times >= 0].min()


def packets(path: Path) -> Iterator[tuple[av.Packet, float]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        yield from ((packet, float(packet.pts * packet.time_base)) for packet in container.demux(stream) if packet.size)


def shown(path: Path) -> list[tuple[float, np.ndarray]]:
    """(time in s, [H, W, 3] uint8) of every picture, decoded."""
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def heard(path: Path, track: int = 0) -> tuple[np.ndarray, float]:
    """Samples [C, T] of a track, decoded, and the time in s at which they begin. What a codec needs to begin with is
    skipped by the decoder, as players do."""
    with av.open(str(path)) as container:
        packed = av.AudioResampler("flt")
        parts = [part for frame in container.decode(audio=track) for part in packed.resample(frame)]
        channels = len(parts[0].layout.channels)
        return np.concatenate([part.to_ndarray().reshape(-1, channels).T for part in parts], axis=1), parts[0].time


def click(seconds: float, at: float) -> Soundtrack:
    """Silence in 5.1 with one short click at `at` s in every channel."""
    samples = np.zeros((6, round(seconds * RATE)), np.float32)
    start = round(at * RATE)
    samples[:, start : start + 480] = 0.8 * np.hanning(480)
    return Soundtrack([samples], RATE, "5.1", samples.shape[1])
