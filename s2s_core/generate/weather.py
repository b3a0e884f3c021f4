"""Textures of air, water, fire and leaves. Each draws on a `Loop` and returns float32 [samples] at any level."""

from __future__ import annotations

import numpy as np

from .loop import Loop


def wind(loop: Loop) -> np.ndarray:
    """Low noise in gusts of some seconds; above it narrow howling bands that come and go one by one."""
    gust = loop.drift(0.1, 1.0, 1.7) ** 1.5
    out = loop.noise((25, 0), (120, -2), (400, -14), (3000, -40)) * (0.2 + gust)
    for hz in (230, 310, 420, 560, 750, 1000):
        howl = np.maximum(0.0, loop.drift(-1.0, 1.0, 0.9)) * gust
        out += 0.6 * loop.noise((hz * 0.82, -40), (hz, 0), (hz * 1.22, -40)) * howl
    return out


def rain(loop: Loop) -> np.ndarray:
    """A steady hiss, a dense patter of short clicks, and now and then a fat drop: a bubble that rings upwards."""
    hiss = loop.noise((300, -25), (1500, -6), (5000, 0), (16000, -12))
    clicks = [loop.puff(loop.pick(0.003, 0.012), (1200, -12), (4000, 0), (14000, -6)) for _ in range(32)]
    patter = loop.times(700)
    drops = [loop.whistle(0.03, (hz, hz * 1.3), decay=0.025) for hz in np.geomspace(700, 2600, 16)]
    fat = loop.times(14)
    return (
        0.25 * hiss
        + loop.scatter(patter, clicks, 2 * loop.rng.uniform(0.2, 1.0, len(patter)) ** 2)
        + loop.scatter(fat, drops, loop.rng.uniform(0.3, 1.0, len(fat)))
    )


def thunder(loop: Loop) -> np.ndarray:
    """Claps about 9 s apart, each a crack and a long train of ever duller, weaker rumbles, over distant rain."""
    crack, roll = np.zeros(loop.samples, np.float32), np.zeros(loop.samples, np.float32)
    for clap in loop.times(1 / 9, jitter=0.6):
        strokes, after = loop.rng.exponential(0.15, 6), loop.rng.exponential(1.5, 40)
        loop.scatter(clap + strokes, [loop.swell(0.004, 0.09)], loop.rng.lognormal(-0.6, 0.5, 6), onto=crack)
        weaker = loop.rng.lognormal(-1.0, 0.6, 40) * np.exp(-after / 3)
        loop.scatter(clap + after, [loop.swell(0.04, 0.3)], weaker, onto=roll)
    return (
        0.5 * crack * loop.noise((40, -6), (300, 0), (2500, -8), (9000, -24))
        + roll * loop.noise((22, 0), (70, 0), (300, -16), (1200, -36))
        + 0.008 * loop.noise((300, -12), (3000, 0), (12000, -12))
    )


def stream(loop: Loop) -> np.ndarray:
    """Bubbles: a bubble of radius r m rings at 3 / r Hz (Minnaert) and decays at 0.13 / r + 0.0072 r^-1.5 nepers per s,
    its pitch rising as it nears the surface (van den Doel, Physically based models for liquid sounds, 2005)."""
    bubbles = []
    for radius in np.geomspace(0.0012, 0.0075, 48):
        hz, nepers = 3 / radius, 0.13 / radius + 0.0072 * radius**-1.5
        seconds = min(0.25, 6.9 / nepers)
        rise = loop.pick(1.02, 1.4)
        bubbles.append(loop.whistle(seconds, (hz, hz * rise), decay=seconds) * np.float32((radius / 0.0075) ** 0.4))
    plops = loop.times(170)
    babble = loop.scatter(plops, bubbles, loop.rng.uniform(0, 1, len(plops)) ** 2) * loop.drift(0.3, 1.0, 0.35)
    wash = loop.noise((250, -20), (600, 0), (1800, -6), (8000, -26)) * loop.drift(0.6, 1.0, 0.8)
    return babble + 0.1 * wash


def surf(loop: Loop) -> np.ndarray:
    """Waves about 9 s apart: a low swell gathers, breaks into a bright rush and drains away as a hiss."""
    waves = loop.times(1 / 9, jitter=0.25)
    swell, rush, hiss = (
        loop.scatter(waves - 5 * rise, [loop.swell(rise, fall)], loop.rng.uniform(0.6, 1.0, len(waves)))
        for rise, fall in ((1.0, 0.8), (0.35, 1.0), (0.8, 2.2))
    )
    return (
        loop.noise((30, -3), (90, 0), (300, -14), (900, -40)) * (0.06 + swell)
        + loop.noise((150, -6), (500, 0), (2500, -9), (9000, -24)) * (0.03 + rush)
        + 0.35 * loop.noise((1200, -14), (4500, 0), (14000, -10)) * (0.08 + hiss)
    )


def fire(loop: Loop) -> np.ndarray:
    """Flames that flutter low, a faint hiss, and crackle: clicks in bursts, few of them loud."""
    flames = loop.noise((35, 0), (110, 0), (350, -16), (1500, -34), (6000, -46)) * loop.drift(0.2, 1.0, 0.14)
    hiss = loop.noise((2500, -12), (7000, 0), (15000, -6)) * loop.drift(0.4, 1.0, 0.5)
    clicks = [
        loop.puff(loop.pick(0.004, 0.03), (500, -14), (loop.pick(1200, 5000), 0), (12000, -16)) for _ in range(32)
    ]
    bursts = loop.times(3.5)
    spits = np.concatenate([bursts + loop.rng.exponential(0.05, len(bursts)) for _ in range(5)] + [loop.times(9)])
    return 0.12 * flames + 0.01 * hiss + loop.scatter(spits, clicks, loop.rng.uniform(0, 1, len(spits)) ** 4)


def leaves(loop: Loop) -> np.ndarray:
    """Rustle: bright scraps of noise that thicken and thin with each breath of air."""
    breath = loop.drift(0.05, 1.0, 1.8)
    scraps = [
        loop.puff(loop.pick(0.015, 0.07), (1500, -18), (loop.pick(3500, 8000), 0), (16000, -10)) for _ in range(32)
    ]
    times = loop.times(140)
    rustle = loop.scatter(times, scraps, loop.rng.uniform(0, 1, len(times)) ** 2)
    return (0.06 + breath) * (rustle + 0.08 * loop.noise((800, -18), (4500, 0), (15000, -14)))
