"""What a texture sounds like, as numbers."""

import numpy as np
from scipy import signal, stats

OCTAVES = 62.5 * 2.0 ** np.arange(8)  # Hz
FLUTTER = ((0.3, 1), (1, 2.5), (2.5, 6), (6, 15), (15, 40))  # Hz


def features(samples, rate):
    """[14] about one unit each per just clear difference: octave levels in 6 dB, modulation of the envelope by speed in
    3 dB, how spiky the envelope is."""
    hz, power = signal.welch(samples, rate, nperseg=4096)
    octaves = [power[(hz >= low / 2**0.5) & (hz < low * 2**0.5)].sum() for low in OCTAVES]
    levels = 10 * np.log10(np.array(octaves) / power.sum() + 1e-5) / 6
    loud = envelope(samples, rate)
    swing = np.abs(np.fft.rfft(loud / loud.mean() - 1)) ** 2 / len(loud) ** 2
    speed = np.fft.rfftfreq(len(loud), 1 / 100)
    flutter = [swing[(speed >= low) & (speed < high)].sum() for low, high in FLUTTER]
    return np.concatenate([levels, 10 * np.log10(np.array(flutter) + 1e-5) / 3, [np.log2(stats.kurtosis(loud) + 4)]])


def envelope(samples, rate, per_second=100):
    """RMS in windows, `per_second` of them."""
    size = rate // per_second
    return np.sqrt(np.mean(samples[: len(samples) // size * size].reshape(-1, size) ** 2.0, axis=1))


def centroid(samples, rate):
    """Mean frequency in Hz, by power."""
    hz, power = signal.welch(samples, rate, nperseg=4096)
    return np.sum(hz * power) / power.sum()


def beat(samples, rate, low, high):
    """Hz between `low` and `high` at which the envelope swings most, and the share of its swing in that line."""
    loud = envelope(samples, rate, 200)
    swing = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)))) ** 2
    speed = np.fft.rfftfreq(len(loud), 1 / 200)
    inside = (speed >= low) & (speed <= high)
    top = speed[inside][swing[inside].argmax()]
    return top, swing[np.abs(speed - top) < 0.12 * top].sum() / swing[inside].sum()
