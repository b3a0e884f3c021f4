"""Samples on their way into a file: what a file can hold, and how it holds it."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from ..errors import InputError

PIECE = 1 << 15
"""Samples written between two chances to cancel."""


def check_samples(name: str, samples: np.ndarray, limited_by: str, remedy: str = "") -> None:
    """Raise InputError when samples of any shape are not finite or exceed full scale, if that is where the format
    `limited_by` ends ("": it does not end). `name` is what the user calls them, `remedy` what else to do than to lower
    them."""
    peak = float(max(samples.max(initial=0.0), -samples.min(initial=0.0)))
    if not np.isfinite(peak):
        bad = samples.size - int(np.count_nonzero(np.isfinite(samples)))
        raise InputError(f"{name}: {bad} of {samples.size} are not finite (NaN or infinite): mend the sound")
    if limited_by and peak > 1:
        raise InputError(
            f"{name}: the sound peaks at {peak:.4g} (full scale is 1), which {limited_by} cannot hold: "
            f"lower it by {20 * np.log10(peak):.1f} dB or more{remedy}"
        )


def check_rate(name: str, rate: int) -> None:
    """Raise InputError unless `rate` is a whole number of samples in a second; `name` is what the user calls it."""
    if not isinstance(rate, Integral) or rate < 1:
        raise InputError(f"{name} is {rate} Hz; allowed are whole numbers, such as 48000: set it to one")


def quantised(samples: np.ndarray, bits: int) -> np.ndarray:
    """-1..1 rounded to `bits`, in the upper bits of int32, where the encoders look for them."""
    scale = np.float32(2 ** (bits - 1))
    steps = samples * scale  # exact in float32 too: a power of two, and 24 bits are what its mantissa holds
    np.minimum(np.rint(steps, out=steps), scale - 1, out=steps)
    return steps.astype(np.int32) << (32 - bits)
