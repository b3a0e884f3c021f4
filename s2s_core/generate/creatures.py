"""Textures of people and animals. Each draws on a `Loop` and returns float32 [samples] at any level."""

from __future__ import annotations

import numpy as np

from .loop import Loop

# Formants in Hz: the mean of 33 men (Peterson and Barney, Control methods used in a study of the vowels, 1952).
VOWELS = (
    (270, 2290, 3010),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (300, 870, 2240),
    (490, 1350, 1690),
)


def birds(loop: Loop) -> np.ndarray:
    """Phrases of a few quick gliding whistles between 2 and 6 kHz, each bird with its own note, over faint leaves."""
    out = 0.004 * loop.noise((500, -12), (3500, 0), (12000, -12))
    for start in loop.times(0.9):
        low, span, length = loop.pick(2100, 3600), loop.pick(1.1, 1.6), loop.pick(0.06, 0.2)
        shape = loop.rng.permutation([1.0, span, span**0.5])[: loop.rng.integers(2, 4)]
        notes = start + np.arange(loop.rng.integers(2, 8)) * length * loop.pick(1.1, 1.8)
        loop.scatter(notes, [loop.whistle(length, low * shape)], loop.pick(0.2, 1.0), onto=out)
    return out


def crickets(loop: Loop) -> np.ndarray:
    """Insects at fixed pitches of 3 to 5 kHz, each two or three times a second a trill of 3 or 4 pulses."""
    out = 0.01 * loop.air()
    for hz in (3150, 4050, 4480, 4900):
        chirps = loop.times(loop.pick(1.8, 3.0), jitter=0.12)
        pulse, gain = loop.whistle(0.019, (hz * 1.01, hz)), loop.pick(0.3, 1.0)
        for beat in range(loop.rng.integers(3, 5)):
            loop.scatter(chirps + 0.030 * beat, [pulse], gain * (0.7 + 0.1 * beat), onto=out)
    return out


def cat(loop: Loop) -> np.ndarray:
    """Purring: soft thuds 25 times a second, in and out with the breath, the way out a little deeper and softer."""
    out = np.zeros(loop.samples, np.float32)
    breaths = loop.times(0.42, jitter=0.15)
    for delay, per_second, gain in ((0.0, 27.0, 1.0), (1.15, 23.0, 0.6)):
        body = loop.puff(0.035, (40, -8), (130, 0), (420, -8), (1400, -26), (4000, -48))
        thuds = [loop.blend(loop.ring((55, 0.05, 0.5)), body)]
        beats = np.arange(int(1.05 * per_second)) / per_second
        loud = np.sin(np.pi * (beats + 0.04) / 1.13) ** 0.5
        for breath in breaths + delay:
            loop.scatter(breath + beats, thuds, gain * loud, onto=out)
    return out + 0.01 * loop.air()


def dog(loop: Loop) -> np.ndarray:
    """Barks, two or three together: a voice that leaps up and falls within a fifth of a second, and breath."""
    out = 0.006 * loop.air()
    pitch = loop.pick(330, 480)
    barks = [
        loop.blend(
            loop.voiced(0.19, (pitch * 0.8, pitch * 1.35, pitch * 0.65), (700, 1250, 2600), (480, 1000, 2400)),
            0.6 * loop.puff(0.19, (400, -8), (1200, 0), (5000, -24)),
        )
        for _ in range(3)
    ]
    for start in loop.times(0.45, jitter=0.5):
        barking = start + np.arange(loop.rng.integers(2, 4)) * loop.pick(0.3, 0.42)
        loop.scatter(barking, barks, loop.pick(0.6, 1.0), onto=out)
    return out


def voice(loop: Loop) -> np.ndarray:
    """One voice that speaks no language: about four syllables a second in phrases with pauses, s and t in between."""
    return _talk(loop, loop.pick(95, 210)) + 0.004 * loop.air()


def crowd(loop: Loop) -> np.ndarray:
    """Twelve such voices, near and far, over the murmur of many more."""
    out = 0.05 * loop.noise((120, -14), (300, -2), (550, 0), (1300, -9), (4000, -26)) * loop.drift(0.7, 1.0, 0.25)
    for hz in np.geomspace(88, 260, 12):
        out += loop.pick(0.15, 1.0) * _talk(loop, hz * loop.pick(0.95, 1.05))
    return out


def _talk(loop: Loop, hz: float) -> np.ndarray:
    """Syllables of a voice at the mean pitch `hz`."""
    starts = loop.times(4.2, jitter=0.3)
    size = hz / 125  # a higher voice has a shorter throat: formants up to a sixth higher
    vowels = np.array(VOWELS) * min(1.17, max(1.0, size**0.25))
    bank = []
    for _ in range(16):
        here, there = loop.rng.integers(len(vowels), size=2)
        turn = hz * loop.pick(0.88, 1.16)
        bank.append(
            loop.voiced(loop.pick(0.13, 0.22), (turn, turn * loop.pick(0.82, 1.08)), vowels[here], vowels[there])
        )
    hissed = [loop.puff(0.12, (2500, -20), (loop.pick(4000, 6500), 0), (11000, -12)) for _ in range(4)]
    speaking = np.sin(2 * np.pi * (starts / 2.6 + loop.rng.uniform())) > -0.6
    out = loop.scatter(starts, bank, speaking * loop.rng.uniform(0.35, 1.0, len(starts)))
    hiss = speaking & (loop.rng.uniform(size=len(starts)) < 0.3)
    return out + loop.scatter(starts[hiss] - 0.09, hissed, 0.12)


def breath(loop: Loop) -> np.ndarray:
    """Breathing close by, as in a helmet: in for a second, brighter; out, darker and longer; about 15 a minute."""
    starts = loop.times(0.25, jitter=0.1)
    into = loop.scatter(starts, [np.hanning(int(1.1 * loop.rate))])
    out = loop.scatter(starts + 1.5, [np.hanning(int(1.6 * loop.rate)) ** 0.8], 0.8)
    return loop.noise((350, -16), (1100, -3), (2600, 0), (7000, -18)) * (0.004 + into) + loop.noise(
        (180, -14), (480, 0), (1300, -5), (4500, -26)
    ) * (0.004 + out)


def footsteps(loop: Loop) -> np.ndarray:
    """Walking, 1.8 steps a second: the heel a thud of the floor and a knock, the sole a scuff 0.1 s later."""
    steps = loop.times(1.8, jitter=0.06)
    heels = [
        loop.blend(
            loop.ring((hz, 0.11, 1.0), (hz * 2.3, 0.07, 0.5)), 1.2 * loop.puff(0.06, (150, -6), (450, 0), (2500, -18))
        )
        for hz in (85, 92, 97, 104)
    ]
    soles = [loop.puff(0.09, (900, -14), (2800, 0), (8000, -14)) for _ in range(6)]
    loud = loop.rng.uniform(0.7, 1.0, len(steps))
    return loop.scatter(steps, heels, loud) + loop.scatter(steps + 0.11, soles, 0.25 * loud) + 0.003 * loop.air()
