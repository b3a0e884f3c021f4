"""How `s2s_core/spatialize/hrir/kemar.npy` was made: python derive_kemar.py MIT_KEMAR_normal_pinna.sofa [kemar.npy]

The SOFA file is in Debian's package libmysofa1 (/usr/share/libmysofa). Needs h5py; no test runs this. The same file
gives the same table.

1. Diffuse-field equalisation: a minimum-phase inverse of the mean power over all 710 directions (5 degrees apart,
   elevation -40 to 90), smoothed, within 12 dB. It takes out the measuring loudspeaker and the ear canal as well.
2. Bass: below 350 Hz, where that loudspeaker fades and a head hardly matters, amplitude and phase go from what they
   are at 350 Hz to those of a flat response.
3. Resampled from 44.1 to 48 kHz, LEAD samples before the first arrival to TAPS samples, ends faded.
4. The 72 directions of the horizon, left ear only: the published set is its own mirror image (checked).
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import h5py
import numpy as np
from scipy import fft

SHA256 = "2768ac841213a7ae11d1ea7fd0f25a69b39216102dc5dd913ea6ba0f0dc57e28"
MEASURED, STORED = 44100, 48000
SIZE, STORED_SIZE = 4704, 5120  # the same time, 107 ms, at both rates
LIMIT = 12.0  # dB
SMOOTHING = 1 / 6  # octave to either side
LOW, HIGH = 200.0, 10000.0  # Hz: the level of reference is the mean in dB over this range
BASS = 350.0  # Hz
LEAD, TAPS, RISE, FALL = 40, 256, 8, 64


def main(source: Path, target: Path) -> None:
    data = source.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        sys.exit(f"{source} has sha256 {found}; wanted is {SHA256}: take it from Debian's libmysofa1")
    with h5py.File(source) as sofa:
        azimuth, elevation, _ = sofa["SourcePosition"][:].T
        spectra = fft.rfft(sofa["Data.IR"][:], SIZE)  # [710, 2 ears, F]
    inverse, level = equaliser((np.abs(spectra) ** 2).mean(axis=(0, 1)))
    responses = resampled(with_bass(spectra * inverse, level))  # [710, 2, T]

    horizon = np.flatnonzero(elevation == 0)
    horizon = horizon[np.argsort(azimuth[horizon])]
    assert np.array_equal(azimuth[horizon], np.arange(0, 360, 5))
    left, right = responses[horizon, 0], responses[horizon, 1]
    assert np.array_equal(right, left[-np.arange(72)])

    loud = np.abs(left) > np.abs(left).max(axis=1, keepdims=True) / 10
    start = int(loud.argmax(axis=1).min()) - LEAD
    window = np.ones(TAPS)
    window[:RISE] = np.sin(np.pi / 2 * np.arange(RISE) / RISE) ** 2
    window[-FALL:] = np.cos(np.pi / 2 * np.arange(FALL) / FALL) ** 2
    responses = np.roll(responses, -start, axis=-1)[..., :TAPS] * window
    check_flatness(responses / level)
    table = responses[horizon, 0]
    np.save(target, np.rint(table * (32767 / np.abs(table).max())).astype("<i2"))
    print(target, hashlib.sha256(target.read_bytes()).hexdigest())


def equaliser(power: np.ndarray) -> tuple[np.ndarray, float]:
    """Minimum-phase spectrum [F] that makes a mean power [F] flat within LIMIT, and the amplitude it makes it."""
    frequencies = fft.rfftfreq(SIZE, 1 / MEASURED)
    below, above = (np.searchsorted(frequencies, frequencies * 2**side) for side in (-SMOOTHING, SMOOTHING))
    above = np.minimum(above + 1, len(power))
    total = np.concatenate([[0], np.cumsum(power)])
    smooth = 10 * np.log10((total[above] - total[below]) / (above - below))
    level = np.interp(np.geomspace(LOW, HIGH, 200), frequencies, smooth).mean()
    cepstrum = fft.irfft(np.clip(level - smooth, -LIMIT, LIMIT) / 20 * np.log(10), SIZE)
    cepstrum[1 : SIZE // 2] *= 2
    cepstrum[SIZE // 2 + 1 :] = 0
    return np.exp(fft.rfft(cepstrum)), 10 ** (level / 20)


def with_bass(spectra: np.ndarray, level: float) -> np.ndarray:
    """`spectra` [..., F] with a bass: below BASS, from what they are there to `level` and phase 0 at 0 Hz."""
    frequencies = fft.rfftfreq(SIZE, 1 / MEASURED)
    edge = int(np.searchsorted(frequencies, BASS))
    ratio = frequencies[:edge] / frequencies[edge]
    return np.concatenate([level * (spectra[..., edge, None] / level) ** ratio, spectra[..., edge:]], axis=-1)


def resampled(spectra: np.ndarray) -> np.ndarray:
    """Responses [..., STORED_SIZE] at STORED Hz of spectra [..., F] at MEASURED Hz: band-limited, exact."""
    missing = STORED_SIZE // 2 - SIZE // 2
    return fft.irfft(np.pad(spectra, [(0, 0)] * (spectra.ndim - 1) + [(0, missing)]), STORED_SIZE)


def check_flatness(responses: np.ndarray) -> None:
    """Print how flat all directions [710, 2, TAPS] together are, in thirds of an octave; 50 Hz to 12.7 kHz is within
    1 dB."""
    size = 1 << 13
    frequencies = fft.rfftfreq(size, 1 / STORED)
    power = (np.abs(fft.rfft(responses, size)) ** 2).mean(axis=(0, 1))
    for middle in 1000 * 2 ** (np.arange(-13, 14) / 3):
        band = np.abs(np.log2(np.maximum(frequencies, 1) / middle)) < 1 / 6
        colour = 10 * np.log10(power[band].mean())
        print(f"{middle:8.0f} Hz {colour:6.2f} dB")
        assert abs(colour) < 1 or middle > 13000


if __name__ == "__main__":
    folder = Path(__file__).parents[2] / "s2s_core" / "spatialize" / "hrir"
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else folder / "kemar.npy")
