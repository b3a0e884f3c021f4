"""The mix, channel by channel."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from ..types import Surround
from . import style
from .style import HEADER, MARGIN, WIDTH, Canvas

LEAST_NAME_WIDTH, LEVEL_WIDTH = 64.0, 172.0
ALL_STRIPS = 620.0  # figure pixels that the strips share
TALLEST, LOWEST, GAP = 104.0, 44.0, 8.0
WAVE, CORE = (98, 133, 170), (176, 205, 232)
WAVE_LFE, CORE_LFE = (120, 110, 150), (196, 188, 222)
STEPS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)  # s between marks


def channel_strips(surround: Surround) -> Image.Image:
    """One waveform per channel in file order, all on one scale, with its levels; RGB, WIDTH pixels wide.

    Pale: lowest to highest sample; bright: RMS. Levels in dBFS over the whole duration: RMS (a full-scale sine is
    -3.0) and the largest sample. Loudness and true peak are those that the Surround carries.
    """
    channels, length = surround.samples.shape
    strip = min(max(ALL_STRIPS / max(channels, 1), LOWEST), TALLEST)
    lower = HEADER + 10 + channels * strip
    canvas = Canvas(lower + 34 + MARGIN)
    peak = float(np.abs(surround.samples).max(initial=0.0))
    ceiling = _ceiling(peak)
    canvas.header(
        f"Channels: {surround.layout.name}",
        f"{surround.seconds:.1f} s at {surround.sample_rate} Hz; full height is {_db(ceiling)} dBFS; "
        "pale: every sample, bright: RMS",
        _levels(surround),
    )
    canvas.text((WIDTH - MARGIN - LEVEL_WIDTH / 2 - 8, HEADER), "RMS", 14, style.MUTED, "rs")
    canvas.text((WIDTH - MARGIN, HEADER), "peak dBFS", 14, style.MUTED, "rs")
    names = max((canvas.length(label, 20) + 16 for label in surround.layout.labels), default=0.0)
    left, right = MARGIN + max(names, LEAST_NAME_WIDTH), WIDTH - MARGIN - LEVEL_WIDTH
    for index, speaker in enumerate(surround.layout.speakers):
        top = HEADER + 10 + index * strip
        middle, half = top + strip / 2, (strip - GAP) / 2
        samples = surround.samples[index]
        canvas.box((left, middle - half, right, middle + half), style.PANEL, round_by=4)
        canvas.text((MARGIN, middle), speaker.label, 20, style.INK, "lm")
        loudest = float(np.abs(samples).max(initial=0.0))
        if loudest > 0:
            colours = (WAVE_LFE, CORE_LFE) if speaker.lfe else (WAVE, CORE)
            _wave(canvas, samples, (left, middle - half + 3, right, middle + half - 3), ceiling, colours)
            rms = math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))))
            canvas.text((WIDTH - MARGIN - LEVEL_WIDTH / 2 - 8, middle), _db(rms), 17, style.INK, "rm")
            canvas.text((WIDTH - MARGIN, middle), _db(loudest), 17, style.INK, "rm")
        else:
            canvas.line([(left + 8, middle), (right - 8, middle)], style.FAINT)
            canvas.text((WIDTH - MARGIN, middle), "silent", 17, style.MUTED, "rm")
    _time_axis(canvas, surround.seconds if length else 0.0, left, right, lower)
    return canvas.finish()


def _db(value: float) -> str:
    """dB re 1 with one decimal; an exact zero is silence."""
    return f"{20 * math.log10(value):.1f}" if value > 0 else "silent"


def _levels(surround: Surround) -> str:
    if math.isnan(surround.loudness) or math.isnan(surround.true_peak):
        return "loudness not measured"
    if math.isinf(surround.loudness):
        return "silence"
    return f"{surround.loudness:.1f} LUFS, true peak {surround.true_peak:.1f} dBTP"


def _ceiling(peak: float) -> float:
    """The level at a strip's edge: the next full 6 dB above the loudest sample."""
    return 2.0 ** min(math.ceil(math.log2(peak)), 0) if 0 < peak <= 1 else max(peak, 1.0)


def _wave(
    canvas: Canvas,
    samples: np.ndarray,
    frame: tuple[float, float, float, float],
    ceiling: float,
    colours: tuple[style.Colour, style.Colour],
) -> None:
    """Envelope and RMS of each column, as two filled shapes."""
    left, upper, right, lower = frame
    count = min(round(2 * (right - left)), len(samples))
    starts = np.arange(count) * len(samples) // count
    sizes = np.diff(np.append(starts, len(samples)))
    highest, lowest = np.maximum.reduceat(samples, starts), np.minimum.reduceat(samples, starts)
    rms = np.sqrt(np.add.reduceat(np.square(samples, dtype=np.float64), starts) / sizes)
    x = left + (np.arange(count) + 0.5) * (right - left) / count
    middle, scale = (upper + lower) / 2, (lower - upper) / 2 / ceiling
    for above, below, colour in ((highest, lowest, colours[0]), (rms, -rms, colours[1])):
        # Never thinner than a hair, so that something quiet is told from silence.
        top = np.minimum(middle - above * scale, middle - 0.5)
        bottom = np.maximum(middle - below * scale, middle + 0.5)
        outline = [*zip(x, top, strict=True), *zip(x[::-1], bottom[::-1], strict=True)]
        if len(outline) > 2:
            canvas.polygon(outline, colour)


def _time_axis(canvas: Canvas, seconds: float, left: float, right: float, y: float) -> None:
    canvas.line([(left, y), (right, y)], style.FAINT)
    if not seconds:
        canvas.text(((left + right) / 2, y + 10), "no samples", 14, style.MUTED, "ma")
        return
    step = next((step for step in STEPS if seconds / step <= 12), seconds)
    for mark in range(int(seconds / step + 1e-9) + 1):
        x = left + (right - left) * mark * step / seconds
        canvas.line([(x, y), (x, y + 6)], style.FAINT)
        canvas.text((x, y + 10), f"{mark * step:g}" + (" s" if mark == 0 else ""), 14, style.MUTED, "ma")
