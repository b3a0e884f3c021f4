"""How many steps each sampler needs: python tests/bench/sampler_study.py > table.md (7 minutes on one core)

Prints Markdown. Two subjects, as nobody here has the real weights:

- mixtures of Gaussians, whose noise is known exactly and whose differential equation is solved with a tolerance of
  1e-10: nothing but the sampler's own error is measured;
- the toy UNet on golden weights, a field that nobody trained; the truth is the published sampler at 1000 steps.

And how well overlapped windows stand for one look at the whole, on a Gaussian process that is known exactly too.
"""

from __future__ import annotations

import importlib.util
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import logsumexp
from see2sound_nodes.s2s_core.generate.codi import files, sampler, schedule, unet, windows

STEPS = (5, 10, 15, 20, 25, 30, 50, 100, 250)
GUIDANCES = (1.0, 7.5)
SETS = 4  # mixtures in each number of dimensions
STARTS = 16  # start points of each
PUBLISHED = "DDIM (as published)"
ASTRAY = 0.1
BAR = 100  # a sampler has enough steps where it is no further off than the published one with these
ABAR, SIGMA = schedule.alphas().astype(np.float64), schedule.sigmas()
SPACINGS = {"sigma^(1/7) (Karras)": SIGMA ** (1 / 7), "log sigma": np.log(SIGMA), "time": np.arange(1000.0)}


class Mixture:
    """Isotropic Gaussians in D dimensions: weights [K], means [K, D], deviations [K]."""

    def __init__(self, weights, means, deviations):
        self.log_weights, self.means, self.variances = np.log(weights / np.sum(weights)), means, deviations**2

    def noise(self, y, sigma):
        """The mean of n, given y = z + sigma n [N, D]: what a perfect network tells."""
        variances = self.variances + sigma**2
        away = y[:, None] - self.means
        log_share = self.log_weights - (away**2).sum(-1) / variances / 2 - y.shape[1] * np.log(variances) / 2
        share = np.exp(log_share - logsumexp(log_share, axis=1, keepdims=True))
        return sigma * np.einsum("nk,nkd->nd", share / variances, away)


class Guided:
    """Two mixtures: everything (6 parts), and what the condition leaves of it (3 of them)."""

    def __init__(self, seed, dimensions, guidance):
        rng = np.random.default_rng(seed)
        means = rng.normal(size=(6, dimensions))
        deviations, weights = rng.uniform(0.1, 0.5, 6), rng.uniform(0.5, 1.5, 6)
        self.all = Mixture(weights, means, deviations)
        self.some = Mixture(weights[:3], means[:3], deviations[:3])
        self.guidance, self.x = guidance, rng.normal(size=(STARTS, dimensions))

    def noise(self, y, sigma):
        given = self.some.noise(y, sigma)
        without = given if self.guidance == 1 else self.all.noise(y, sigma)
        return without + self.guidance * (given - without)

    def predict(self, x, t, rows):
        return torch.from_numpy(self.noise(x.double().numpy() / math.sqrt(ABAR[t]), SIGMA[t]))

    def solved(self):
        """Where dy/dsigma = noise leads from pure noise at t = 999 to t = 0, as latents [N, D]; one at a time."""

        def slope(log_sigma, y):
            return np.exp(log_sigma) * self.noise(y[None], np.exp(log_sigma))[0]

        span = (np.log(SIGMA[-1]), np.log(SIGMA[0]))
        starts = self.x / math.sqrt(ABAR[-1])
        ends = [solve_ivp(slope, span, y, "DOP853", rtol=1e-10, atol=1e-10).y[:, -1] for y in starts]
        return np.array(ends) * math.sqrt(ABAR[0])


class Mixtures:
    """Errors on all mixtures with one guidance: |z - solved| / |solved| of each start point, `error` its median."""

    def __init__(self, guidance):
        self.name = f"mixtures, guidance {guidance:g}"
        self.sets = [Guided(seed, size, guidance) for size in (16, 64) for seed in range(SETS)]
        self.solved = [one.solved() for one in self.sets]

    def error(self, row, steps):
        return float(np.median(self.errors(row, steps)))

    def errors(self, row, steps):
        found = []
        for one, solved in zip(self.sets, self.solved, strict=True):
            z = sampler.sample(one.predict, torch.from_numpy(one.x), sampler=row, steps=steps).double().numpy()
            found.append(np.linalg.norm(z - solved, axis=1) / np.linalg.norm(solved, axis=1))
        return np.array(found)

    def ending(self):
        """How much a latent changes where its last noise is taken out, rather than left as the published sampler does:
        the median."""
        found = []
        for one, z in zip(self.sets, self.solved, strict=True):
            clean = (z - math.sqrt(1 - ABAR[0]) * one.noise(z / math.sqrt(ABAR[0]), SIGMA[0])) / math.sqrt(ABAR[0])
            found.append(np.linalg.norm(clean - z, axis=1) / np.linalg.norm(z, axis=1))
        return float(np.median(found))


class Toy:
    """Errors of the toy UNet: |z - reference| / |reference| over two sounds of 0.64 s."""

    def __init__(self, guidance, network, tiny):
        self.name = f"toy UNet, guidance {guidance:g}"
        case = tiny.golden("ddim10")
        self.x, contexts = case["x_T"][:, :, :16], (case["uncond"].expand_as(case["cond"]), case["cond"])

        def branches(x, t, rows, both):
            used = contexts if both else contexts[1:]
            return torch.stack([network(x, t, one[list(rows)]) for one in used])

        self.predict = sampler.guided(branches, guidance)
        self.solved = self.sample(PUBLISHED, 1000)

    def sample(self, row, steps):
        return sampler.sample(self.predict, self.x, sampler=row, steps=steps)

    def error(self, row, steps):
        return float((self.sample(row, steps) - self.solved).norm() / self.solved.norm())


class Process:
    """A stationary Gaussian process along time: frames `apart` from each other are correlated by exp(-apart / tau), or
    by a bell of that width."""

    def __init__(self, tau, bell, length):
        apart = np.abs(np.subtract.outer(np.arange(length), np.arange(length))) / tau
        values, vectors = np.linalg.eigh(np.exp(-(apart**2) / 2 if bell else -apart))
        self.values, self.vectors = np.maximum(values, 0), torch.from_numpy(vectors).float()

    def predict(self, x, t, rows):
        share = math.sqrt(1 - ABAR[t]) / (ABAR[t] * self.values + 1 - ABAR[t])
        solve = self.vectors * torch.from_numpy(share).float() @ self.vectors.T
        return torch.einsum("st,nctb->ncsb", solve, x)


def steps_table(cases):
    """Errors of every sampler, and which number of steps is enough everywhere."""
    errors = {}
    for case in cases:
        for name in sampler.SAMPLERS:
            for steps in STEPS:
                errors[case.name, name, steps] = case.error(name, steps)
        for steps in (500, 1000) if isinstance(case, Mixtures) else (500,):
            errors[case.name, PUBLISHED, steps] = case.error(PUBLISHED, steps)
    columns = (*STEPS, 500, 1000)
    yield head("error after steps", *columns)
    for case in cases:
        for name in sampler.SAMPLERS:
            cells = [errors.get((case.name, name, steps)) for steps in columns]
            yield row(f"{case.name}: {name}", *(percent(cell) for cell in cells))
    yield ""
    for name in sampler.SAMPLERS:
        enough = [
            steps
            for steps in STEPS
            if all(errors[case.name, name, steps] <= errors[case.name, PUBLISHED, BAR] for case in cases)
        ]
        yield f"- {name}: {enough[0]} steps are everywhere as near as the published sampler with {BAR}."


def astray_table(cases):
    """Start points near the border between two parts of a mixture end in the wrong one when steps are few."""
    columns = (*STEPS, 500)
    yield head(f"start points more than {ASTRAY:.0%} off, after steps", *columns)
    for case in cases:
        for name in sampler.SAMPLERS:
            shares = [percent((case.errors(name, steps) > ASTRAY).mean()) for steps in columns]
            yield row(f"{case.name}: {name}", *shares)
    yield ""
    for case in cases:
        yield f"- {case.name}: an end free of noise, not as published, would move a latent by {percent(case.ending())}."


def spacing_table(cases):
    """The fast solvers with their timesteps spaced otherwise."""
    counts = (10, 20, 30)
    yield head("error after steps", *counts)
    for case in cases:
        for name in (name for name in sampler.SAMPLERS if name != PUBLISHED):
            for spacing, marks in SPACINGS.items():
                solver = sampler.SAMPLERS[name].solver
                other = sampler.Sampler(name, "", 20, lambda steps, m=marks: schedule.spaced(steps, m), solver)
                cells = [percent(case.error(other, steps)) for steps in counts]
                yield row(f"{case.name}: {name}, even in {spacing}", *cells)


def window_table(length=1024):
    """Windows against one look at all frames: the whole error, and how much larger the largest change from one frame to
    the next is than it should be (1: no seam is there)."""
    overlaps = (0, 0.25, 0.5, 0.75)
    yield head("windows of 256 overlap by", *(f"{overlap:.0%}" for overlap in overlaps))
    rng = np.random.default_rng(0)
    x = torch.from_numpy(np.stack([sampler.start_noise(rng, length) for _ in range(4)]))
    for tau, bell in ((5, False), (20, False), (60, False), (5, True), (20, True), (60, True)):
        whole = sampler.sample(Process(tau, bell, length).predict, x, sampler="UniPC")
        change = whole.diff(dim=2).pow(2).mean((0, 1, 3))
        cells = []
        for overlap in overlaps:
            predict = windows.windowed(Process(tau, bell, 256).predict, windows.Batches(16), overlap)
            z = sampler.sample(predict, x, sampler="UniPC")
            seam = float((z.diff(dim=2).pow(2).mean((0, 1, 3)) / change).max().sqrt())
            cells.append(f"{percent(float((z - whole).norm() / whole.norm()))}, {seam:.2f}")
        kind = "smooth" if bell else "rough"
        yield row(f"{kind}, correlated over {tau} frames ({tau * 40} ms): error, seam", *cells)


def head(*cells):
    return f"{row(*cells)}\n{row(*['---'] * len(cells))}"


def row(*cells):
    return f"| {' | '.join(map(str, cells))} |"


def percent(value):
    return "" if value is None else f"{100 * value:.2g} %"


def tiny_codi():
    """The tests' toy CoDi and its UNet."""
    path = Path(__file__).parents[1] / "core" / "generate" / "codi" / "tiny.py"
    spec = importlib.util.spec_from_file_location("tiny", path)
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    with tempfile.TemporaryDirectory() as folder:
        path = tiny.checkpoint(Path(folder) / "CoDi_audio_diffuser_m.pth")
        return tiny, unet.load_unet(files.gather([path]), tiny.TINY)


def main():
    torch.set_num_threads(1)
    tiny, network = tiny_codi()
    cases = [Mixtures(guidance) for guidance in GUIDANCES] + [Toy(guidance, network, tiny) for guidance in GUIDANCES]
    for lines in (steps_table(cases), astray_table(cases[:2]), spacing_table(cases), window_table()):
        print(*lines, "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
