"""From noise to a latent: the published DDIM, and faster solvers of the same differential equation.

All of them start at pure noise and end at abar[0], where the published one ends, so that with ever more steps they give
the same sound. x stays float32 whatever the network computes in. Nothing is drawn on the way: the start noise decides
everything, and who stops and starts again gets the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ...errors import InputError, check_choice
from . import schedule

if TYPE_CHECKING:
    import torch

GUIDANCE = 7.5  # as published
CHANNELS, BINS = 8, 16  # of a latent, beside its frames


class Predict(Protocol):
    """What the network takes to be noise: `x` [m, ...] at timestep `t` -> the same shape, any float type. Row i of `x`
    belongs to sound `rows[i]`, whose condition holds; a sound may have several rows, and rows must not mix."""

    def __call__(self, x: torch.Tensor, t: int, rows: Sequence[int]) -> torch.Tensor: ...


class Branches(Protocol):
    """A network under guidance: as `Predict`, with an axis in front, [2, m, ...]: without and with the condition. With
    `both` False only the latter, [1, m, ...]."""

    def __call__(self, x: torch.Tensor, t: int, rows: Sequence[int], both: bool) -> torch.Tensor: ...


Advance = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""x and the noise predicted in it -> x at the next timestep. It may remember earlier steps: each run has its own."""


@dataclass(frozen=True)
class Sampler:
    """A way down. `steps` is its default; `timesteps(steps)` are those at which the network is asked, falling;
    `solver(timesteps)` makes the arithmetic of one run."""

    name: str
    summary: str
    steps: int
    timesteps: Callable[[int], np.ndarray]
    solver: Callable[[np.ndarray], Advance]


def guided(branches: Branches, guidance: float) -> Predict:
    """u + guidance * (c - u), u without and c with the condition. At 1 that is c, and u is not computed."""

    def predict(x: torch.Tensor, t: int, rows: Sequence[int]) -> torch.Tensor:
        if guidance == 1:
            return branches(x, t, rows, False)[0].float()
        without, given = branches(x, t, rows, True).float()
        return without + guidance * (given - without)

    return predict


def sample(
    predict: Predict,
    x: torch.Tensor,
    *,
    sampler: str | Sampler,
    steps: int | None = None,
    step: Callable[[int, torch.Tensor], None] = lambda done, x: None,
) -> torch.Tensor:
    """Latents [n, 8, T, 16] float32 from start noise `x` of that shape, on the device where `x` is.

    `steps` None: the sampler's default. `step(done, x)` hears of every step; what it raises stops the run, and the same
    call afterwards gives what it would have given. No sound depends on another in the batch. Raises InputError when
    the sampler is not in the table, steps are not 1 to 1000, or the network gives values that are not finite.
    """
    import torch

    row = chosen(sampler)
    times = row.timesteps(row.steps if steps is None else steps)
    advance = row.solver(times)
    x, rows = x.float(), range(len(x))
    with torch.inference_mode():
        for done, t in enumerate(times.tolist(), 1):
            x = advance(x, predict(x, t, rows).float())
            _check_finite(x, t)
            step(done, x)
    return x


def chosen(sampler: str | Sampler) -> Sampler:
    """The row of that name. Raises InputError when there is none."""
    if isinstance(sampler, Sampler):
        return sampler
    check_choice("sampler", sampler, SAMPLERS)
    return SAMPLERS[sampler]


def calls(sampler: str, steps: int | None = None) -> int:
    """How often `sample` asks the network. The published sampler's count is not always `steps`."""
    row = chosen(sampler)
    return len(row.timesteps(row.steps if steps is None else steps))


def start_noise(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Standard normal, float32 [8, frames, 16], the same on every machine. Frame after frame is drawn: a longer sound
    begins with the noise of a shorter one."""
    return np.ascontiguousarray(rng.standard_normal((frames, CHANNELS, BINS), np.float32).transpose(1, 0, 2))


def _check_finite(x: torch.Tensor, t: int) -> None:
    """Also waits for the device, so that the steps that were counted are done."""
    spoilt = [number for number, sound in enumerate(x, 1) if not sound.isfinite().all()]
    if spoilt:
        raise InputError(
            f"after timestep {t} the latents of sounds {spoilt} of {len(x)} hold values that are not finite (NaN or "
            "infinite); allowed are finite numbers: load the network in float32, or use less guidance"
        )


def ddim(timesteps: np.ndarray) -> Advance:
    """Song et al. 2021 (arXiv:2010.02502), eq. 12 with eta 0. The last step goes to abar[0], nothing is clipped."""
    abar = schedule.alphas().astype(np.float64)[np.append(timesteps, 0)]
    pairs = zip(abar[:-1].tolist(), abar[1:].tolist(), strict=True)

    def advance(x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        here, there = next(pairs)
        clean = (x - (1 - here) ** 0.5 * noise) / here**0.5
        return there**0.5 * clean + (1 - there) ** 0.5 * noise

    return advance


def multistep(scheduler: str, **settings) -> Callable[[np.ndarray], Advance]:
    """A solver of diffusers, on our timesteps and with sigma from our table: its own table is rounded in float32, its
    own timesteps end elsewhere."""

    def solver(timesteps: np.ndarray) -> Advance:
        import diffusers
        import torch

        made = getattr(diffusers, scheduler)(
            num_train_timesteps=schedule.TRAINED,
            beta_start=schedule.BETA[0],
            beta_end=schedule.BETA[1],
            beta_schedule="scaled_linear",
            prediction_type="epsilon",
            final_sigmas_type="sigma_min",
            solver_order=2,  # with 3, guidance and few steps make it go astray
            lower_order_final=True,
            **settings,
        )
        made.set_timesteps(len(timesteps))
        made.timesteps = torch.from_numpy(timesteps.copy())
        made.sigmas = torch.from_numpy(schedule.sigmas()[np.append(timesteps, 0)].astype(np.float32))
        made.set_begin_index(0)
        times = iter(made.timesteps)
        return lambda x, noise: made.step(noise, next(times), x, return_dict=False)[0]

    return solver


SAMPLERS = {
    row.name: row
    for row in (
        Sampler(
            "UniPC",
            "Second order, each step corrected by the next (Zhao et al. 2023).",
            20,
            schedule.karras,
            multistep("UniPCMultistepScheduler"),
        ),
        Sampler(
            "DPM-Solver++ 2M",
            "Second order with a memory of one step (Lu et al. 2022).",
            20,
            schedule.karras,
            multistep("DPMSolverMultistepScheduler", algorithm_type="dpmsolver++"),
        ),
        Sampler(
            "DDIM (as published)",
            "First order, what CoDi and SEE-2-SOUND use: 500 steps there.",
            500,
            schedule.published,
            ddim,
        ),
    )
}
"""The default comes first. With 20 steps both fast ones are nearer to the exact solution than the published one with
100, wherever that was measured (tests/bench/sampler_study.py); of the two, UniPC is the nearer one."""
