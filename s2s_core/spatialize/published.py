"""The spatial stage of SEE-2-SOUND as it was published, for comparisons: not for listening.

The picture is a room, its pixels taken for metres: width w, height h, depth w/2, with rigid walls that reflect once.
Six omnidirectional microphones around the middle of the wall at depth 0 are played as the channels of 5.1, under a
fixed gain, clipped to 16 bits. Written anew from measured facts: an earlier program by the same rules came within -52
dB of the original's files. What they entail is kept:

- FR is silent, always: its microphone stands outside the room. So do those of LFE and BR in a picture under 200 pixels
  high, and those of FL and BL in one under 200 pixels wide.
- Nearly everything is heard from the left, wherever it is seen; the LFE has the full band; the more pixels a picture
  has, the softer it sounds.
- Each channel is cut in its own middle, so that channels shift against each other and the start may be lost.

Two things are not known and were chosen here: tracks shorter than CLIP are followed by silence (the original's all had
CLIP samples), and a background is placed like any other region (the original had none).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft

from ..errors import InputError
from ..media.resample import resampled
from ..runtime import HeadlessRuntime, Runtime
from ..types import AudioTrack, DepthMap, Region, Surround
from .layouts import LAYOUTS
from .loudness import measured
from .room import SPEED_OF_SOUND, images

LAYOUT = LAYOUTS["5.1"]
SAMPLE_RATE = 16000

CLIP = 163872
"""Samples of every result: the length of what the published generator makes (10.242 s)."""

MICROPHONES = np.array([[0, 0, 100], [0, 0, -100], [10, 0, 0], [0, -100, 0], [-100, 0, 0], [0, 100, 0]], float)
"""Offsets from (w/2, h/2, 0) in file order; x right, y down, z into the picture, all in pixels called metres."""

GAIN = 15.0 * 10.0
"""What its code multiplies by, times what its FFmpeg command does."""

FULL_SCALE = 32768
TAPS = 81
"""Of a fractional delay; half of them are a delay of their own (40 samples), which stays in."""


def run(
    regions: Sequence[Region], depth: DepthMap, tracks: Sequence[AudioTrack], *, runtime: Runtime | None = None
) -> Surround:
    """5.1 of CLIP samples at 16 kHz, `tracks[i]` played at `regions[i]`, as the published stage gives it.

    `depth` is relative inverse depth of the picture that the masks belong to. The published stage knows no other rate
    than 16 kHz: tracks of other rates are resampled to it. Of tracks longer than CLIP only the middle is heard. The
    level is what it is: `loudness` and `true_peak` are measured, `gain_db` is the fixed 43.5 dB, and the samples are
    CLIPPED wherever the published file clips; `report` tells how many.

    Raises InputError when there are no regions, when numbers of regions and tracks or sizes of masks and depth differ,
    when a mask is empty, when the depth is flat or metric, when samples are not finite, or when a region lies exactly
    at a microphone.
    """
    _check_tracks(regions, tracks)
    where = places(regions, depth)
    height, width = depth.values.shape
    signals = [resampled(track.samples, track.sample_rate, SAMPLE_RATE) for track in tracks]
    runtime = runtime or HeadlessRuntime()
    samples = render(where, (width, height), signals, runtime)
    return measured(Surround(samples, SAMPLE_RATE, LAYOUT, gain_db=20 * float(np.log10(GAIN))), runtime)


def places(regions: Sequence[Region], depth: DepthMap) -> np.ndarray:
    """Where the published stage puts regions, [N, 3]: x and y in pixels, the middle of the mask's bounding box rounded
    down; z = w/2 (largest - value) / (largest - smallest) from the inverse depth at that one pixel, so 0 for the
    nearest pixel of the picture and w/2 for the farthest. Raises InputError as `run` does."""
    if depth.unit != "inverse":
        raise InputError(
            f"the depth map holds {depth.unit} distances; the published stage knows relative inverse depth only: "
            "estimate it with a relative model"
        )
    smallest, largest = float(depth.values.min()), float(depth.values.max())
    if smallest == largest:
        raise InputError(
            f"the depth map is {smallest:g} everywhere; the published stage needs a nearest and a farthest pixel: "
            "estimate the depth again"
        )
    found = []
    for region in regions:
        if region.mask.shape != depth.values.shape:
            raise InputError(
                f"the mask of {region.label!r} is {list(region.mask.shape)} and the depth map "
                f"{list(depth.values.shape)}; both must belong to one picture: make them again from the same picture"
            )
        rows, columns = np.nonzero(region.mask.any(axis=1))[0], np.nonzero(region.mask.any(axis=0))[0]
        if not len(rows):
            raise InputError(f"the mask of {region.label!r} is empty; it must cover at least one pixel: leave it out")
        x, y = int(columns[0] + columns[-1]) // 2, int(rows[0] + rows[-1]) // 2
        nearness = (float(depth.values[y, x]) - smallest) / (largest - smallest)
        found.append((x, y, 0.5 * region.mask.shape[1] * (1 - nearness)))
    return np.array(found, float).reshape(-1, 3)


def render(
    places: np.ndarray, size: tuple[int, int], signals: Sequence[np.ndarray], runtime: Runtime | None = None
) -> np.ndarray:
    """The six channels [6, CLIP] float32 of `signals[i]` [T_i] float32 (16 kHz) at `places[i]`, `places` [N, 3] in the
    published units (see `places`) inside a picture of `size` (width, height): steps of 1/32768, clipped to [-1, 1).
    Raises InputError when a place is exactly a microphone's."""
    return mixed(signals, responses(places, size), runtime)


def responses(places: np.ndarray, size: tuple[int, int]) -> list[list[np.ndarray]]:
    """`response` from every place to each of the six microphones, [channel][place]; an empty list where the microphone
    is outside the room (a wall itself is inside)."""
    width, height = size
    room = (float(width), float(height), 0.5 * width)
    microphones = MICROPHONES + (width / 2, height / 2, 0.0)
    return [
        [response(place, microphone, room) for place in places if np.all((microphone >= 0) & (microphone <= room))]
        for microphone in microphones
    ]


def response(source: np.ndarray, microphone: np.ndarray, room: tuple[float, float, float]) -> np.ndarray:
    """Impulse response [ceil(farthest / 343 * 16000) + 81] float32 of the direct way and six reflections: each of
    length d arrives after d / 343 * 16000 + 40 samples with the amplitude 1/d, a sinc of 81 taps under a Hann window.
    """
    ways = np.linalg.norm(images(room, source, 1)[0] - microphone, axis=1)
    if not ways.all():
        raise InputError(
            f"a region lies exactly at a microphone of the published stage, {microphone.tolist()} in pixels, where its "
            "1/distance is infinite: move the region's mask by a pixel"
        )
    delays = ways / SPEED_OF_SOUND * SAMPLE_RATE
    whole = np.floor(delays).astype(int)
    reach = np.arange(TAPS)
    clicks = np.hanning(TAPS) * np.sinc(reach - TAPS // 2 - (delays - whole)[:, None]) / ways[:, None]
    length = int(np.ceil(delays.max())) + TAPS
    return np.bincount((whole[:, None] + reach).ravel(), clicks.ravel(), length).astype(np.float32)


def mixed(
    signals: Sequence[np.ndarray], responses: Sequence[Sequence[np.ndarray]], runtime: Runtime | None = None
) -> np.ndarray:
    """All channels [6, CLIP] float32: `signals[s]` through `responses[c][s]` (no responses: silence), cut, raised by
    GAIN, rounded and clipped to 16 bits.

    A channel of len = CLIP + (its longest response) - 1 samples, made even, loses (len - CLIP) / 2 at both ends.
    """
    length = max([CLIP, *(len(samples) for samples in signals)])
    longest = [max((len(taps) for taps in row), default=1) for row in responses]
    size = fft.next_fast_len(length + max(longest) - 1, real=True)
    played = [fft.rfft(samples, size) for samples in signals]
    out = np.zeros((len(responses), CLIP), np.float32)
    with (runtime or HeadlessRuntime()).progress("published stage", len(responses)) as bar:
        for channel, row in enumerate(responses):
            if row:
                total = sum(fft.rfft(taps, size) * spectrum for taps, spectrum in zip(row, played, strict=True))
                start = (length + longest[channel] - CLIP) // 2  # of an odd len too: a zero makes it even
                out[channel] = fft.irfft(total, size)[start : start + CLIP]
            bar.step()
    steps = np.rint(out * np.float32(GAIN * FULL_SCALE))
    return np.clip(steps, -FULL_SCALE, FULL_SCALE - 1) / np.float32(FULL_SCALE)


def clipped(sound: Surround) -> np.ndarray:
    """Share of the samples of each channel [C] that are at full scale, where the published file clips: 0..1."""
    at_the_top = (sound.samples <= -1) | (sound.samples >= (FULL_SCALE - 1) / FULL_SCALE)
    return at_the_top.mean(axis=1)


def report(sound: Surround) -> str:
    """Two lines for a person: loudness, true peak and rate; then how much of each channel is clipped or silent."""
    channels = [
        f"{label} {share:.1%}" if channel.any() else f"{label} silent"
        for label, channel, share in zip(sound.layout.labels, sound.samples, clipped(sound), strict=True)
    ]
    return (
        f"As published: {sound.loudness:.1f} LUFS, true peak {sound.true_peak:.1f} dBTP, {sound.seconds:.2f} s at "
        f"{sound.sample_rate} Hz\nClipped samples: {'  '.join(channels)}"
    )


def _check_tracks(regions: Sequence[Region], tracks: Sequence[AudioTrack]) -> None:
    if not regions:
        raise InputError("there are no regions to spatialize; find regions in the picture first")
    if len(tracks) != len(regions):
        raise InputError(
            f"there are {len(regions)} regions and {len(tracks)} tracks; each region needs one track, in the same order"
        )
    for region, track in zip(regions, tracks, strict=True):
        if track.samples.ndim != 1:
            raise InputError(
                f"the track of {region.label!r} has samples {list(track.samples.shape)}; it must be mono [samples]: "
                "mix it down"
            )
        bad = int(np.count_nonzero(~np.isfinite(track.samples)))
        if bad:
            raise InputError(
                f"the track of {region.label!r} holds {bad} of {track.samples.size} samples that are not finite (NaN "
                "or infinite); allowed are finite numbers: generate or load it again"
            )
