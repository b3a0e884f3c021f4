"""From noise to a latent: the published sampler against its goldens, all samplers against an exact solution."""

import hashlib

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.generate.codi import files, sampler, schedule
from see2sound_nodes.s2s_core.generate.codi.unet import load_unet
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime, generator

from . import tiny

PUBLISHED = "DDIM (as published)"
FAST = [name for name in sampler.SAMPLERS if name != PUBLISHED]
ABAR = schedule.alphas().astype(np.float64)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers on NumPy 2


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tiny.checkpoint(tmp_path_factory.mktemp("codi") / "CoDi_audio_diffuser_m.pth")
    return load_unet(files.gather([path]), tiny.TINY)


def branches(network, case):
    """The toy UNet with the conditions of a golden case."""

    def predict(x, t, rows, both):
        cond = case["cond"][list(rows)]
        context = torch.cat([case["uncond"].expand_as(cond), cond]) if both else cond
        return network(torch.cat([x, x]) if both else x, t, context).unflatten(0, (2 if both else 1, len(x)))

    return predict


def bell(x, t, rows):
    """The exact noise for latents that are normal with mean 0.7 and deviation 0.3, each by itself."""
    return (x - ABAR[t] ** 0.5 * 0.7) * ((1 - ABAR[t]) ** 0.5 / (ABAR[t] * 0.09 + 1 - ABAR[t]))


def bell_solved(x):
    """Where the differential equation leads from x at t = 999 to t = 0: what is a deviation away stays so."""
    mean, spread = ABAR**0.5 * 0.7, (ABAR * 0.09 + 1 - ABAR) ** 0.5
    return mean[0] + (x.double() - mean[-1]) / spread[-1] * spread[0]


def noise(count, frames=8):
    return torch.from_numpy(np.stack([sampler.start_noise(generator(5, i), frames) for i in range(count)]))


def test_the_schedule_is_the_published_one_to_the_last_bit():
    facts = tiny.SMALL["schedule"]
    assert hashlib.sha256(schedule.alphas().tobytes()).hexdigest() == facts["alphas_cumprod_sha256_f32"]
    for index, value in facts["alphas_cumprod_samples"].items():
        assert schedule.alphas()[int(index)] == np.float32(value)
    with pytest.raises(ValueError):
        schedule.alphas()[0] = 1


def test_the_published_timesteps_and_those_on_which_the_published_code_stops():
    facts = tiny.SMALL["schedule"]
    for steps, (count, first, second, last) in facts["steps_count_first_second_last"].items():
        times = schedule.published(int(steps))[::-1]
        assert len(times) == count == sampler.calls(PUBLISHED, int(steps))
        assert (times[0], times[-1]) == (first, last) and second in (None, *times[1:2])
    for steps in range(1, 1001):
        times = schedule.published(steps)
        apart = 1000 // steps
        if steps in facts["crashing_steps"]:
            assert times[0] == 999 and len(times) == -(-1000 // apart) - (apart == 1)
        else:
            assert times[0] < 1000 and len(times) == -(-1000 // apart) and set(-np.diff(times)) <= {apart}
        assert times[-1] == 1 and (np.diff(times) < 0).all()
    for name in ("ddim10", "ddim7"):
        assert schedule.published(tiny.SMALL["cases"][name]["steps"]).tolist() == tiny.SMALL["cases"][name]["timesteps"]


def test_the_fast_timesteps_are_as_many_as_asked_for_and_all_different():
    for steps in range(1, 1001):
        times = schedule.karras(steps)
        assert len(times) == min(steps, 999) and times[0] == 999 and times[-1] >= 1 and (np.diff(times) < 0).all()


@pytest.mark.parametrize("name", sampler.SAMPLERS)
@pytest.mark.parametrize("steps", [0, 1001, -5])
def test_steps_out_of_range_are_named(name, steps):
    with pytest.raises(InputError, match=f"steps is {steps}; allowed is 1 to 1000"):
        sampler.sample(bell, noise(1), sampler=name, steps=steps)


def test_an_unknown_sampler_is_named_with_those_there_are():
    with pytest.raises(InputError, match="'Euler'; allowed is one of: UniPC, DPM-Solver"):
        sampler.sample(bell, noise(1), sampler="Euler")


@pytest.mark.parametrize("name", ["ddim10", "ddim7"])
def test_the_published_sampler_gives_the_golden_latents(network, name):
    case, settings, seen = tiny.golden(name), tiny.SMALL["cases"][name], []
    predict = sampler.guided(branches(network, case), settings["scale"])
    z = sampler.sample(
        predict, case["x_T"], sampler=PUBLISHED, steps=settings["steps"], step=lambda done, x: seen.append(x)
    )
    assert tiny.error(z, case["z"]) < 1e-4
    for found, wanted in zip(seen, case.get("steps", seen), strict=True):
        assert tiny.error(found, wanted) < 1e-4


@pytest.mark.parametrize("steps", [1, 2, 8, 20, 250])
def test_the_published_sampler_is_diffusers_ddim_where_steps_divide_1000(steps):
    theirs = DDIMScheduler(
        1000, 0.00085, 0.012, "scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1
    )
    theirs.set_timesteps(steps)
    start = x = noise(2)
    for t in theirs.timesteps:
        x = theirs.step(bell(x, int(t), ()), t, x).prev_sample
    assert tiny.error(sampler.sample(bell, start, sampler=PUBLISHED, steps=steps), x) < 1e-5


@pytest.mark.parametrize(
    ("name", "steps", "allowed"),
    [
        (PUBLISHED, 1000, 3e-3),
        *((name, steps, allowed) for name in FAST for steps, allowed in ((10, 3e-2), (40, 2e-3))),
    ],
)
def test_every_sampler_comes_near_the_exact_solution(name, steps, allowed):
    x = noise(2)
    solved = bell_solved(x)
    z = sampler.sample(bell, x, sampler=name, steps=steps)
    assert float((z - solved).norm() / solved.norm()) < allowed


@pytest.mark.parametrize("name", FAST)
def test_the_default_is_nearer_than_the_published_sampler_with_100_steps(name):
    x = noise(2)
    ours, theirs = (
        (sampler.sample(bell, x, sampler=which, steps=steps) - bell_solved(x)).norm()
        for which, steps in ((name, None), (PUBLISHED, 100))
    )
    assert ours < theirs


@pytest.mark.parametrize("name", sampler.SAMPLERS)
@pytest.mark.parametrize("steps", [1, 2, 3, 20])
def test_sounds_in_a_batch_do_not_know_of_each_other_and_nothing_is_drawn(name, steps):
    x = noise(5)
    before = torch.get_rng_state()
    together = sampler.sample(bell, x, sampler=name, steps=steps)
    assert torch.equal(before, torch.get_rng_state()) and together.dtype == torch.float32
    assert torch.equal(together, sampler.sample(bell, x, sampler=name, steps=steps))
    for number in range(5):
        assert torch.equal(together[number : number + 1], sampler.sample(bell, x[[number]], sampler=name, steps=steps))


@pytest.mark.parametrize("name", sampler.SAMPLERS)
def test_a_batch_of_the_toy_network_is_what_its_sounds_are_alone(network, name):
    case = tiny.golden("ddim10")
    x = case["x_T"][:, :, :8]

    def run(which):
        alone = {"uncond": case["uncond"], "cond": case["cond"][which]}
        return sampler.sample(sampler.guided(branches(network, alone), 7.5), x[which], sampler=name, steps=4)

    assert tiny.error(torch.cat([run([0]), run([1])]), run([0, 1])) < 1e-5


def test_guidance_one_asks_for_the_condition_only():
    asked = []

    def both_branches(x, t, rows, both):
        asked.append(both)
        return torch.stack([x * 0 + 1, x * 0 + 3] if both else [x * 0 + 3])

    x = noise(1)
    values = [sampler.guided(both_branches, guidance)(x, 1, [0]).unique().tolist() for guidance in (1, 0, 7.5, 1.0)]
    assert values == [[3], [1], [16], [3]] and asked == [False, True, True, False]


@pytest.mark.parametrize("name", sampler.SAMPLERS)
def test_cancel_stops_at_that_step_and_starting_again_gives_the_same(name):
    calls, x, runtime = [], noise(2), HeadlessRuntime("cpu")

    def predict(x, t, rows):
        calls.append(t)
        return bell(x, t, rows)

    def run():
        with runtime.progress("sampling", sampler.calls(name, 10)) as bar:
            return sampler.sample(predict, x, sampler=name, steps=10, step=lambda done, x: bar.step())

    wanted = run()
    del calls[:]
    runtime.listen = lambda label, done, total: runtime.cancel.set() if done == 4 else None
    with pytest.raises(Cancelled, match="sampling .4 of 10"):
        run()
    assert len(calls) == 5
    runtime.cancel.clear()
    runtime.listen = None
    assert torch.equal(run(), wanted)


@pytest.mark.parametrize("name", sampler.SAMPLERS)
def test_half_precision_predictions_leave_the_latent_float32(name):
    x = noise(1)
    half = sampler.sample(lambda x, t, rows: bell(x, t, rows).half(), x, sampler=name, steps=20)
    assert half.dtype == torch.float32
    assert tiny.error(half, sampler.sample(bell, x, sampler=name, steps=20)) < 5e-3


def test_values_that_are_not_finite_are_named_at_once():
    def predict(x, t, rows):
        x = x.clone()
        x[1] = np.inf
        return x

    with pytest.raises(InputError, match=r"after timestep 999 the latents of sounds \[2\] of 3"):
        sampler.sample(predict, noise(3), sampler="UniPC")


def test_start_noise_is_the_same_everywhere_and_longer_sounds_begin_with_it():
    short, native, long = (sampler.start_noise(generator(7, 2), frames) for frames in (64, 256, 600))
    assert native.shape == (8, 256, 16) and native.dtype == np.float32 and native.flags.c_contiguous
    assert np.array_equal(native, long[:, :256]) and np.array_equal(short, native[:, :64])
    assert abs(long.mean()) < 0.02 and abs(long.std() - 1) < 0.02
    assert not np.array_equal(native, sampler.start_noise(generator(7, 1), 256))
    assert np.allclose(short[0, 0, :3], [0.2779081, 1.1568241, 0.9730530], atol=1e-6)
