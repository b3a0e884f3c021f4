"""The noise schedule CoDi was trained with, and the timesteps at which a sampler asks the network.

    x_t = sqrt(abar[t]) z + sqrt(1 - abar[t]) noise,    t = 0..999,    sigma[t] = sqrt((1 - abar[t]) / abar[t])

Computed in float64 on the CPU, whatever the network's number type: in half precision 1 - abar[1] is off by 14 %.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ...errors import check_range

TRAINED = 1000  # timesteps
BETA = (0.00085, 0.012)  # of the first and the last timestep; the square root is linear between
STEPS = (1, TRAINED)  # that may be asked for
LAST = TRAINED - 1


@cache
def alphas() -> np.ndarray:
    """abar [1000]: the share of the signal in the power of x_t, falling. float32, rounded from float64 as published."""
    betas = np.linspace(BETA[0] ** 0.5, BETA[1] ** 0.5, TRAINED) ** 2
    return _frozen(np.cumprod(1 - betas).astype(np.float32))


@cache
def sigmas() -> np.ndarray:
    """Noise over signal at every timestep, float64 [1000], rising from 0.029 to 14.6."""
    abar = alphas().astype(np.float64)
    return _frozen(np.sqrt((1 - abar) / abar))


def published(steps: int) -> np.ndarray:
    """The timesteps of the published sampler, int64, falling: 1, 1 + c, 1 + 2c... with c = 1000 // steps.

    There are ceil(1000 / c) of them, which is `steps` where it divides 1000. For some `steps` (3, 9, 27, 36, 37,
    101-111, 251-333, 501-1000) the largest would be 1000, beyond the table's end, where the published code stops with
    an index error: 999 is taken instead, once. Raises InputError unless 1 <= steps <= 1000.
    """
    check_range("steps", steps, *STEPS)
    return np.unique(np.minimum(np.arange(0, TRAINED, TRAINED // steps) + 1, LAST))[::-1]


def karras(steps: int, rho: float = 7.0) -> np.ndarray:
    """`steps` timesteps from 999 down, equally far apart in sigma ** (1 / rho), as are the last and the end at 0: the
    spacing of Karras et al. 2022 (arXiv:2206.00364, equation 5). 1000 gives 999 of them. Raises as `published` does."""
    return spaced(steps, sigmas() ** (1 / rho))


def spaced(steps: int, marks: np.ndarray) -> np.ndarray:
    """As `karras`, equally far apart by `marks` [1000], which rise with the timestep; as nearly as whole numbers allow,
    no two of them equal: the network was trained on whole timesteps only."""
    check_range("steps", steps, *STEPS)
    wanted = np.linspace(marks[-1], marks[0], min(steps, LAST) + 1)
    return _distinct(np.interp(wanted, marks, np.arange(TRAINED)))


def _distinct(times: np.ndarray) -> np.ndarray:
    """Falling real `times`, the last of which is the end, as whole timesteps without the end, no two of them equal."""
    count = np.arange(len(times))
    rising = np.maximum.accumulate(np.rint(times[::-1]).astype(np.int64) - count) + count
    return np.minimum(rising, LAST - count[::-1])[:0:-1]


def _frozen(table: np.ndarray) -> np.ndarray:
    table.flags.writeable = False
    return table
