"""The published way of making surround sound, as plainly as it goes: the other side of the benchmarks. Our own code.

What corresponds to what in the published stage:

    published stage                                     here
    one room for each microphone                        `image_responses` once for each microphone, for all sources
    its library convolves pair by pair, in float64      `fftconvolve` for each pair
    each channel cut, "times 15" sample by sample       the same loop over samples
    six WAV files of 64-bit samples                     the same, by scipy
    one FFmpeg command joins them, volume 10, 16 bits   one too, or PyAV where there is no ffmpeg (see JOINED_BY)

Nothing is slowed down on purpose. The published library computes a room's responses in compiled code, a sinc of 81
taps for each of some 200 000 images, exact to -51 dB; in numpy that would take several times as long as it takes there.
So the clicks of all images are first gathered in one oversampled row, each shared by its two neighbours, and then
filtered together: the same responses to -52 dB in four fifths of the library's CPU time.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
from scipy import signal
from scipy.io import wavfile

SPEED_OF_SOUND = 343.0
TAPS, OVERSAMPLING = 81, 16
FFMPEG = shutil.which("ffmpeg")
JOINED_BY = "ffmpeg" if FFMPEG else "PyAV"
MAP = "map=0.0-FL|1.0-FR|2.0-FC|3.0-LFE|4.0-BL|5.0-BR"


def render(path: Path, signals, responses, sample_rate: int, length: int) -> None:
    """The published job from its impulse responses on: `signals[s]` [T] and `responses[c][s]` [L] into the 16-bit 5.1
    WAV `path`, each channel cut to its middle `length` samples. Six more files remain beside it."""
    parts = []
    for channel, row in enumerate(responses):
        longest = max(len(taps) for taps in row)
        mixed = np.zeros(max(len(samples) for samples in signals) + longest - 1)
        mixed = np.append(mixed, 0.0) if len(mixed) % 2 else mixed
        for samples, taps in zip(signals, row, strict=True):
            wave = signal.fftconvolve(samples.astype(np.float64), taps.astype(np.float64))
            mixed[: len(wave)] += wave
        cut = (len(mixed) - length) // 2
        mixed = mixed[cut : cut + length]
        for index in range(len(mixed)):
            mixed[index] = mixed[index] * 15
        parts.append(path.with_name(f"channel {channel}.wav"))
        wavfile.write(parts[-1], sample_rate, mixed)
    join(parts, path, sample_rate)


def join(parts: list[Path], path: Path, sample_rate: int) -> None:
    """Six mono files as one of 16 bits, ten times as loud."""
    if FFMPEG:
        inputs = [word for part in parts for word in ("-i", str(part))]
        graph = f"[0][1][2][3][4][5]join=inputs=6:channel_layout=5.1:{MAP},volume=10"
        command = [FFMPEG, "-y", "-v", "error", *inputs, "-filter_complex", graph, "-c:a", "pcm_s16le", str(path)]
        subprocess.run(command, check=True)
    else:
        samples = np.stack([wavfile.read(part)[1] for part in parts]) * 10
        write_16_bits(path, np.clip(np.rint(samples * 32768), -32768, 32767) / 32768, sample_rate)


def write_16_bits(path: Path, samples: np.ndarray, sample_rate: int) -> None:
    """Samples [6, T] in [-1, 1) that are steps of 1/32768 already, as a 5.1 WAV."""
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=sample_rate, layout="5.1")
        packed = np.ascontiguousarray((samples.T * 32768).astype(np.int16)).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="5.1")
        frame.sample_rate = sample_rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def port(path: Path, places, signals, size, t60: float, sample_rate: int) -> None:
    """The published method in a room of `size` m that rings for `t60` s, at any rate: its microphones at a hundredth of
    their distance around the middle of the room, the whole image model for each, then `render`. `places` [N, 3] m."""
    offsets = np.array([[0, 0, 100], [0, 0, -100], [10, 0, 0], [0, -100, 0], [-100, 0, 0], [0, 100, 0]]) / 100
    responses = [image_responses(places, np.array(size) / 2 + offset, size, t60, sample_rate) for offset in offsets]
    render(path, signals, responses, sample_rate, len(signals[0]))


def image_responses(places, microphone, size, t60: float, sample_rate: int) -> list[np.ndarray]:
    """A room with one microphone: responses to all sources, by images up to the order that T60 needs by Sabine."""
    sides = [(size[0], size[1]), (size[1], size[2]), (size[2], size[0])]
    volume, surface = np.prod(size), 2 * sum(a * b for a, b in sides)
    absorption = 24 * np.log(10) * volume / (SPEED_OF_SOUND * surface * t60)
    order = int(np.ceil(SPEED_OF_SOUND * t60 / min(a * b / np.hypot(a, b) for a, b in sides) - 1))
    cells = np.arange(-order, order + 1)
    hits = np.abs(cells)[:, None, None] + np.abs(cells)[:, None] + np.abs(cells)
    kept = hits <= order
    reflected = np.sqrt(1 - absorption) ** hits[kept]
    time = np.arange(-(TAPS // 2) * OVERSAMPLING, TAPS // 2 * OVERSAMPLING + 1) / OVERSAMPLING
    low_pass = np.sinc(time) * np.hanning(len(time))

    responses = []
    for place in places:
        x, y, z = (
            np.where(cells % 2 == 0, cells * side + at, (cells + 1) * side - at) - ear
            for side, at, ear in zip(size, place, microphone, strict=True)
        )
        ways = np.sqrt((x**2)[:, None, None] + (y**2)[:, None] + z**2)[kept]
        whole, share = np.divmod(ways / SPEED_OF_SOUND * sample_rate * OVERSAMPLING, 1)
        whole, levels, length = whole.astype(int), reflected / ways, int(whole.max()) + 2
        clicks = np.bincount(whole, levels * (1 - share), length) + np.bincount(whole + 1, levels * share, length)
        responses.append(signal.upfirdn(low_pass, clicks, 1, OVERSAMPLING))
    return responses
