"""Rooms computed by the optional library pyroomacoustics: all images, or rays.

It gives where images stand and what their walls left of them, or when the energy of rays arrives; panning, delays and
filters are ours, so that every layout works. Its own responses, delayed by 40 samples and high-passed, are not used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import fft

from ..errors import InputError
from ..models.libraries import need
from ..runtime import Runtime
from ..types import Room, SoundSource
from . import octaves, rir
from .materials import LIBRARY
from .pan import Panner
from .responses import LEAD, Responses
from .room import SPEED_OF_SOUND, absorption, decay, listener, place, t60_of

MOST_IMAGES = 4_000_000
"""About 200 bytes each, one source at a time."""

RAYS = 20_000
SCATTERING = 0.2
"""Share of the energy that walls and furniture throw back in all directions. With it a room of usual proportions has
the T60 and the energy of the formulas, within 15 % and 1 dB."""

_BINS = 0.004  # s; as the library's own default
_BANDS_RATE = 16_000  # the sample rate at which the library's octave bands are those of Room.OCTAVES
_OVERSAMPLING = 4
_LOWEST = 10.0  # Hz: clicks that are all positive pile up to a pressure that no room holds
_CHUNK = 1 << 16

_ALONE = threading.Lock()
"""The library's random numbers are one sequence for all threads."""


def image_sources(
    sources: Sequence[SoundSource], room: Room, panner: Panner, sample_rate: int, wet: float, runtime: Runtime
) -> Responses:
    """All images that arrive before the room is silent, each at its own direction; up to `rir.ORDER` exactly as in
    `rir.early`, later ones to a degree, with octave bands of no phase.

    Walls absorb as T60 asks by Eyring's formula. Between smooth walls sound is not diffuse, so it rings longer than
    that: 1.1 to 1.7 times as long in the presets, 2 in the street, more where a carpet leaves bare walls facing each
    other. In the open air it is `rir.hybrid`. Raises what `check_images` raises.
    """
    check_images(room)
    return _each(_images, sources, room, panner, sample_rate, wet, runtime)


def ray_tracing(
    sources: Sequence[SoundSource], room: Room, panner: Panner, sample_rate: int, wet: float, runtime: Runtime
) -> Responses:
    """Images up to `rir.ORDER` between walls that scatter SCATTERING, then what RAYS rays bring: their energy at the
    ears over time, in each octave band, shapes noises that are independent in the panner's diffuse channels.

    The rays' directions are a fixed pattern and their scattering has a fixed seed, which stays set in the library. In
    the open air it is `rir.hybrid`. Raises DependencyError without the library.
    """
    return _each(_rays, sources, room, panner, sample_rate, wet, runtime)


def check_images(room: Room) -> None:
    """Raise InputError when the room needs more than MOST_IMAGES, DependencyError without the library."""
    if room.t60:
        _library()
        _order(room)


def check_rays(room: Room) -> None:
    """Raise DependencyError without the library."""
    if room.t60:
        _library()


def _library() -> Any:
    return need("pyroomacoustics", LIBRARY, "this room engine")


def _each(
    compute: Callable[..., np.ndarray],
    sources: Sequence[SoundSource],
    room: Room,
    panner: Panner,
    sample_rate: int,
    wet: float,
    runtime: Runtime,
) -> Responses:
    if room.t60 == 0:
        return rir.hybrid(sources, room, panner, sample_rate, wet, runtime)
    library, own = _library(), []
    with runtime.progress("room", len(sources)) as bar:
        for source in sources:
            with _ALONE:
                own.append(compute(library, source, room, panner, sample_rate, wet).astype(np.float32))
            bar.step()
    return Responses(own, [0.0] * len(own))


def _images(library: Any, source: SoundSource, room: Room, panner: Panner, sample_rate: int, wet: float) -> np.ndarray:
    model = _shoebox(library, source, room, _order(room), scattering=0.0)
    model.image_source_model()
    images = model.sources[0]
    first = images.orders <= rir.ORDER
    early = rir.early(source, room, panner, sample_rate, wet)
    later = _crowd(source, room, panner, sample_rate, images.images.T[~first], images.damping[:, ~first])
    return _sum(early, wet * later)


def _rays(library: Any, source: SoundSource, room: Room, panner: Panner, sample_rate: int, wet: float) -> np.ndarray:
    # The library leaves out rays of fewer reflections than the images' order: those of that order would come twice.
    model = _shoebox(library, source, room, rir.ORDER + 1, SCATTERING)
    way = rir.direct_way(source, room)
    library.random.seed(numpy=library.random.get_rng(), libroom=rir.SEED)
    model.set_ray_tracing(
        n_rays=RAYS,
        receiver_radius=_radius(room),
        energy_thres=1e-12,  # absolute for what is scattered, so that the default would lose much of it
        time_thres=way / SPEED_OF_SOUND + decay(room),
        hist_bin_size=_BINS,
    )
    model.ray_tracing()
    energy = model.rt_histograms[0][0][0].astype(float) * way**2  # [B, bins], relative to the direct sound
    middles = (np.arange(energy.shape[1]) + 0.5) * _BINS - way / SPEED_OF_SOUND
    time = np.arange(round(decay(room) * sample_rate)) / sample_rate
    samples = _BINS * sample_rate
    envelopes = [np.sqrt(np.interp(time, middles, band / samples, left=0.0, right=0.0)) for band in energy]
    tail = np.zeros((len(panner.diffuse), LEAD + len(time)))
    for channel in np.flatnonzero(panner.diffuse):
        noise = octaves.shaped(rir.noise_of(channel, len(time)), envelopes, sample_rate)
        tail[channel, LEAD:] = wet * panner.diffuse[channel] * noise
    return _sum(rir.early(source, room, panner, sample_rate, wet, mirror=1 - SCATTERING), tail)


def _shoebox(library: Any, source: SoundSource, room: Room, order: int, scattering: float) -> Any:
    """The library's room with our walls (its order of walls is ours), source and ears."""
    names = ("west", "east", "south", "north", "floor", "ceiling")
    walls = {
        name: library.Material({"coeffs": list(shares), "center_freqs": list(Room.OCTAVES)[: len(shares)]}, scattering)
        for name, shares in zip(names, absorption(room), strict=True)
    }
    model = library.ShoeBox(room.size, fs=_BANDS_RATE, materials=walls, max_order=order)
    model.add_source(place(room, source.azimuth, source.elevation, source.distance))
    model.add_microphone(listener(room))
    return model


def _order(room: Room) -> int:
    """Reflections that reach as far as sound travels in the longest T60, but for the remotest corners: the rule of the
    library's own `inverse_sabine`."""
    length, width, height = room.size
    cell = min(a * b / np.hypot(a, b) for a, b in ((length, width), (length, height), (width, height)))
    order = max(rir.ORDER + 1, int(np.ceil(SPEED_OF_SOUND * t60_of(room).max() / cell - 1)))
    count = (2 * order + 1) * (2 * order**2 + 2 * order + 3) // 3
    if count > MOST_IMAGES:
        raise InputError(
            f"the {room.name} has {count:.2g} images of a source (T60 up to {t60_of(room).max():.3g} s); the room "
            f"engine 'image sources' can hold {MOST_IMAGES:.2g}: choose 'hybrid' or 'ray tracing', or a shorter T60"
        )
    return order


def _radius(room: Room) -> float:
    """m of the sphere around the ears that counts rays: enough of them in large rooms, and within the walls."""
    ears = listener(room)
    return float(min(np.cbrt(np.prod(room.size)) / 9, ears.min(), (np.array(room.size) - ears).min()))


def _crowd(
    source: SoundSource, room: Room, panner: Panner, sample_rate: int, positions: np.ndarray, damping: np.ndarray
) -> np.ndarray:
    """Any number of images at `positions` [I, 3] with wall factors `damping` [B, I], as one response [V, LEAD + T].

    Directions are rounded to a degree. Clicks fall between two points of a grid four times as fine as the samples, one
    grid for each band; what the grid adds lies 34 dB below at half the sample rate and 50 dB below at a fifth of it.
    """
    length = round(decay(room) * sample_rate) + 2 * LEAD
    silence = round(2 / _LOWEST * sample_rate)  # the filters have no phase: what rings backwards must not come last
    size = fft.next_fast_len(_OVERSAMPLING * (length + silence), real=True)
    size += -size % (2 * _OVERSAMPLING)
    table = np.stack([panner(np.arange(360.0), float(elevation)) for elevation in range(-90, 91)])  # [181, 360, V]
    bands, channels = len(damping), table.shape[2]
    grid = np.zeros((bands, channels * size), np.float32)
    for start in range(0, len(positions), _CHUNK):
        part = slice(start, start + _CHUNK)
        ways = positions[part] - listener(room)
        distances = np.linalg.norm(ways, axis=1)
        delays, levels = rir.spread(source, room, distances)
        azimuths = np.rint(np.degrees(np.arctan2(ways[:, 1], ways[:, 0]))).astype(int) % 360
        elevations = np.rint(np.degrees(np.arcsin(ways[:, 2] / np.maximum(distances, 1e-9)))).astype(int) + 90
        gains = table[elevations, azimuths] * (levels * (delays < decay(room)))[:, None]
        image, channel = np.nonzero(gains)
        points = (delays[image] * sample_rate + LEAD) * _OVERSAMPLING
        whole = points.astype(int)
        rest = points - whole
        places = channel * size + whole
        for band in range(bands):
            values = gains[image, channel] * damping[band, part][image]
            np.add.at(grid[band], places, (values * (1 - rest)).astype(np.float32))
            np.add.at(grid[band], places + 1, (values * rest).astype(np.float32))
    return _coarse(grid.reshape(bands, channels, size), sample_rate)[:, :length]


def _coarse(grid: np.ndarray, sample_rate: int) -> np.ndarray:
    """From fine grids of each band [B, V, 4 T] to their sum [V, T] at the sample rate, free of what is below
    _LOWEST."""
    size = grid.shape[-1] // _OVERSAMPLING
    frequencies = fft.rfftfreq(size, 1 / sample_rate)
    weights = octaves.weights(frequencies) if len(grid) > 1 else np.ones((1, len(frequencies)))
    weights = weights / np.sinc(frequencies / (_OVERSAMPLING * sample_rate)) ** 2  # what linear interpolation took
    weights = weights * frequencies**4 / (frequencies**4 + _LOWEST**4)
    coarse = np.zeros(grid.shape[1:2] + (size,))
    for channel in np.flatnonzero(grid.any(axis=(0, 2))):
        spectra = fft.rfft(grid[:, channel])[:, : len(frequencies)]
        coarse[channel] = fft.irfft(np.sum(weights * spectra, axis=0), size)
    return coarse


def _sum(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Sum [V, T] of responses of different lengths."""
    total = np.zeros((len(first), max(first.shape[1], second.shape[1])))
    total[:, : first.shape[1]] += first
    total[:, : second.shape[1]] += second
    return total
