"""Textures of machines, rooms and objects. Each draws on a `Loop` and returns float32 [samples] at any level."""

from __future__ import annotations

import numpy as np

from .loop import Loop


def traffic(loop: Loop) -> np.ndarray:
    """The rumble of a town, and every few seconds a vehicle that passes: its tyres, and a motor whose pitch falls by
    15 % as it goes by (Doppler, at about 100 km/h)."""
    rumble = loop.noise((30, -4), (70, 0), (250, -12), (1000, -24), (4000, -44)) * loop.drift(0.7, 1.0, 1.5)
    tyres, motors = np.zeros(loop.samples, np.float32), np.zeros(loop.samples, np.float32)
    for middle in loop.times(0.4, jitter=0.6):
        near, loud = loop.pick(0.25, 0.5), loop.pick(0.5, 1.0)
        hz = loop.pick(65, 120) * np.array([1.08, 1.08, 1.06, 1.0, 0.94, 0.92, 0.92])
        loop.scatter(middle - 5 * near, [loop.swell(near, near)], loud, onto=tyres)
        loop.scatter(middle - 3 * near, [loop.voiced(6 * near, hz, (200, 420, 1100))], 0.6 * loud, onto=motors)
    return 0.3 * rumble + motors + loop.noise((80, -12), (300, -4), (900, 0), (2500, -10), (9000, -34)) * tyres


def engine(loop: Loop) -> np.ndarray:
    """A four-stroke motor idling: 26 firings a second, no two of the four cylinders alike, so that it throbs."""
    firings = loop.times(26, jitter=0.1)
    out = 0.02 * loop.noise((300, -10), (1200, 0), (4500, -20)) * loop.drift(0.7, 1.0, 0.3)
    for cylinder in range(4):
        hz, mine = loop.pick(62, 90), firings[cylinder::4]
        bang = loop.blend(
            loop.ring((hz, 0.09, 1.0), (hz * 2.1, 0.07, 0.6), (hz * 4.3, 0.05, 0.3)),
            0.6 * loop.puff(0.04, (150, -6), (600, 0), (3500, -24)),
        )
        loop.scatter(mine, [bang], loop.pick(0.6, 1.0) * loop.rng.uniform(0.85, 1.0, len(mine)), onto=out)
    return out


def rocket(loop: Loop) -> np.ndarray:
    """A launch: a wall of low noise, and the crackle of shocks that rise at once and fall off slowly."""
    roar = loop.noise((12, -4), (60, 0), (400, -7), (2000, -20), (12000, -44)) * loop.drift(0.7, 1.0, 0.7)
    t = [np.linspace(0, 1, int(loop.pick(0.0008, 0.005) * loop.rate) + 2, dtype=np.float32) for _ in range(16)]
    shocks = [(1 - 3 * x) * (1 - x) for x in t]
    times = loop.times(240)
    crackle = loop.scatter(times, shocks, loop.rng.lognormal(-1.1, 0.7, len(times)))
    return roar + 3.5 * crackle * loop.drift(0.3, 1.0, 0.35)


def hum(loop: Loop) -> np.ndarray:
    """A machine on 50 Hz mains: the harmonics of 50 Hz, 100 strongest, a whine, and the air of its fan."""
    out = 0.12 * loop.noise((60, -3), (200, 0), (900, -14), (5000, -36))
    for order, gain in ((1, 0.5), (2, 1.0), (3, 0.25), (4, 0.5), (6, 0.3), (8, 0.16), (12, 0.1), (16, 0.04)):
        out += gain * loop.tone(50.0 * order)
    return out + 0.02 * loop.tone(1475.0) * loop.drift(0.6, 1.0, 0.8)


def room(loop: Loop) -> np.ndarray:
    """The quiet of a room: soft noise falling by about 6 dB per octave, and ventilation that breathes a little."""
    air = loop.air() * loop.drift(0.85, 1.0, 2.0)
    return air + 0.25 * loop.noise((90, -20), (125, 0), (170, -20)) * loop.drift(0.5, 1.0, 1.2)


def bell(loop: Loop) -> np.ndarray:
    """A church bell struck every 2.5 s. Partials of a minor-third bell: hum, prime, tierce, quint, nominal and above at
    0.5, 1, 1.2, 1.5, 2... of the prime, the higher the shorter (Fletcher and Rossing, The Physics of Musical
    Instruments, 1998)."""
    prime = loop.pick(280, 420)
    ratios = (0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.33, 6.67)
    gains = (0.6, 0.7, 0.8, 0.35, 1.0, 0.35, 0.4, 0.5, 0.35, 0.2, 0.1)
    decays = (9.0, 6.0, 5.0, 3.5, 3.2, 2.2, 2.0, 1.7, 1.2, 0.8, 0.5)
    partials = [(prime * ratio, decay, gain) for ratio, decay, gain in zip(ratios, decays, gains, strict=True)]
    # A cast bell is never quite round: each partial is a pair that beats slowly.
    partials += [(hz + 0.6, decay, 0.4 * gain) for hz, decay, gain in partials]
    strike = loop.blend(loop.ring(*partials), 2 * loop.puff(0.02, (1000, -10), (4000, 0), (9000, -12)))
    return loop.scatter(loop.times(0.4, jitter=0.04), [strike]) + 0.002 * loop.air()


def cup(loop: Loop) -> np.ndarray:
    """Crockery: a spoon on porcelain, single or twice or three times in a row, in a quiet room."""
    out = 0.005 * loop.air()
    for start in loop.times(0.8, jitter=0.7):
        hz, times = loop.pick(1900, 3000), loop.rng.integers(1, 4)
        clinks = [
            loop.blend(
                loop.ring((hz, 0.45, 1.0), (hz * 1.59, 0.3, 0.7), (hz * 2.32, 0.22, 0.5), (hz * 3.17, 0.12, 0.35)),
                0.6 * loop.puff(0.006, (2500, -10), (6000, 0), (15000, -6)),
            )
        ]
        gains = loop.pick(0.3, 1.0) * loop.rng.uniform(0.5, 1.0, times)
        loop.scatter(start + np.arange(times) * loop.pick(0.11, 0.2), clinks, gains, onto=out)
    return out


def clock(loop: Loop) -> np.ndarray:
    """A clock: tick and tock by turns, two a second, each a click of the movement and a knock of the case."""
    beats = loop.times(1.0, jitter=0.0)
    out = 0.003 * loop.air()
    for delay, pitch in ((0.0, 1.0), (0.5, 0.82)):
        case = loop.ring((640 * pitch, 0.05, 0.5), (1900 * pitch, 0.035, 0.7), (3300 * pitch, 0.025, 0.6))
        tick = loop.blend(case, 0.8 * loop.puff(0.006, (2000, -8), (5000, 0), (12000, -8)))
        loop.scatter(beats + delay, [tick], onto=out)
        loop.scatter(beats + delay + 0.035, [0.35 * tick], onto=out)
    return out
