"""The kinds of sound files that are written: one table, a new kind is one new row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, check_choice
from .pcm import check_rate

FLAC_LAYOUTS = ("mono", "stereo", "5.1", "5.1(side)", "7.1")
WAV_LAYOUTS = (*FLAC_LAYOUTS, "7.1.4", "ambisonic 1")
LOSSY_LAYOUTS = ("mono", "stereo", "5.1", "7.1")
"""Of 5.1(side) AAC forgets which channels are what, and Opus has no place for it."""

NAMES = {"ambisonic 1": "AmbiX"}
"""What users call the layouts that FFmpeg calls otherwise."""

AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
OPUS_RATES = (8000, 12000, 16000, 24000, 48000)

INDEX_FIRST = {"movflags": "use_metadata_tags+faststart"}
"""Tags of any name, and the index in front of the sound, so that a page plays it before all of it has come."""

REPEATABLE = {"fflags": "bitexact"}
"""Ogg would number its streams at random, and no two files be the same."""

FAITHFUL = {"aac_is": "0", "aac_coder": "fast"}
"""No intensity stereo, which draws left and right together; and the coder that keeps the waveform: a tone of 0.5 in
each of six channels comes back from the default one with peaks of 0.9."""


@dataclass(frozen=True)
class Format:
    """One kind of file. `container`, `codec`, `sample_format` and `layouts` are FFmpeg's names.

    `bits` of an integer sample, 0 for floating point. `tags`: it keeps metadata of any name. `rates` in Hz that it can
    hold, () for any. `kbps` in kbit/s for each channel; 0 loses nothing. `muxing` and
    `encoding` are FFmpeg's options for the container and the codec.
    """

    suffix: str
    container: str
    codec: str
    sample_format: str
    layouts: tuple[str, ...]
    bits: int = 0
    tags: bool = False
    rates: tuple[int, ...] = ()
    kbps: int = 0
    muxing: Mapping[str, str] = field(default_factory=dict)
    encoding: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_scale(self) -> bool:
        """Whether sound beyond -1..1 is lost: integers end there, and so do the players of lossy files."""
        return bool(self.bits or self.kbps)


FORMATS = {
    "FLAC 24-bit": Format(".flac", "flac", "flac", "s32", FLAC_LAYOUTS, bits=24, tags=True),
    "WAV 24-bit": Format(".wav", "wav", "pcm_s24le", "s32", WAV_LAYOUTS, bits=24),
    "WAV 32-bit float": Format(".wav", "wav", "pcm_f32le", "flt", WAV_LAYOUTS),
    "AAC (M4A)": Format(
        *(".m4a", "ipod", "aac", "fltp", LOSSY_LAYOUTS, 0, True, AAC_RATES),
        kbps=64,
        muxing=INDEX_FIRST,
        encoding=FAITHFUL,
    ),
    "Opus": Format(
        *(".opus", "opus", "libopus", "flt", LOSSY_LAYOUTS, 0, True, OPUS_RATES),
        kbps=80,  # from here on it codes left and right apart
        muxing=REPEATABLE,
    ),
}


def layout_name(layout: str) -> str:
    """What users call a layout of FFmpeg's name."""
    return NAMES.get(layout, layout)


def check_format(path: Path, format: str, layout: str, sample_rate: int) -> Format:
    """The row of FORMATS called `format`. Raises InputError when the suffix of `path`, `layout` or `sample_rate` does
    not go with it."""
    check_choice("sound format", format, FORMATS)
    row = FORMATS[format]
    if path.suffix.lower() != row.suffix:
        raise InputError(f"{path} ends in {path.suffix or 'nothing'}; {format} files end in {row.suffix}: rename it")
    if layout not in row.layouts:
        named, allowed = layout_name(layout), ", ".join(layout_name(name) for name in row.layouts if name != "mono")
        others = " or ".join(name for name, other in FORMATS.items() if layout in other.layouts)
        remedy = f": use {others} for {named}, or another layout" if others else ": use another layout"
        raise InputError(f"{path.name}: {format} cannot hold {named}; allowed is {allowed}{remedy}")
    check_rate(f"the sample rate of {path.name}", sample_rate)
    if row.rates and sample_rate not in row.rates:
        lossless = ", ".join(name for name, other in FORMATS.items() if not other.rates)
        raise InputError(
            f"{path.name}: {format} cannot hold {sample_rate} Hz; allowed is {', '.join(map(str, row.rates))}: "
            f"render at 48000 Hz, or use one of {lossless}"
        )
    return row
