"""The room's contract, with its procedural backend."""

import threading

import numpy as np
import pytest
from see2sound_nodes.s2s_core import generate, models
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture, Region

NAME = "procedural (no weights)"
PICTURE = Picture(np.full((20, 30, 3), 0.5, np.float32), "grey")


def region(prompt="", shape=(20, 30), **more):
    return Region(np.ones(shape, bool), prompt=prompt, **more)


def model(runtime=None):
    return models.load("generate", generate.BACKENDS, NAME, runtime or HeadlessRuntime())


def run(regions, prompts="", runtime=None, **settings):
    settings = {"seconds": 1.0, "sample_rate": 16000} | settings
    runtime = runtime or HeadlessRuntime()
    return generate.run(model(runtime), regions, PICTURE, prompts=prompts, runtime=runtime, **settings)


def chosen(regions, prompts=""):
    return [line.split(" (")[0] for line in generate.describe(model(), regions, PICTURE, prompts)]


def same(a, b):
    return a.samples.tobytes() == b.samples.tobytes()


def test_every_backend_says_what_it_is():
    for name, row in generate.BACKENDS.items():
        assert name == row.name and row.summary
        assert ("(no weights)" in name) == (not row.weights)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_take():
    take, again, other = (run([region("rain")], seed=seed)[0] for seed in (7, 7, 8))
    assert same(take, again) and not same(take, other)
    assert same(run([region("rain")], seed=2**64 - 1)[0], run([region("rain")], seed=2**64 - 1)[0])


def test_one_region_never_changes_another():
    before = run([region("rain"), region("rain"), region()])
    after = run([region("rain"), region("surf"), region()])
    assert same(before[0], after[0]) and same(before[2], after[2]) and not same(before[1], after[1])
    assert not same(before[0], before[1]), "two regions with one prompt are two takes"
    assert same(before[0], run([region("rain")])[0]), "nor does the number of regions"


@pytest.mark.parametrize("seconds, rate", [(0.5, 8000), (1.2345, 44100), (10.24, 16000), (0.75, 192000), (3, 11025)])
def test_length_and_rate_are_exact(seconds, rate):
    (track,) = run([region("stream")], seconds=seconds, sample_rate=rate)
    assert track.sample_rate == rate
    assert track.samples.shape == (round(seconds * rate),) and track.samples.dtype == np.float32


def test_without_a_rate_the_backend_takes_its_own():
    (track,) = run([region("hum")], seconds=0.5, sample_rate=None)
    assert (track.sample_rate, len(track.samples)) == (48000, 24000)


def test_no_regions_give_no_sounds():
    assert run([]) == () and run([], "rain\nsurf") == ()
    assert generate.describe(model(), [], PICTURE, "rain") == ()


def test_which_words_hold():
    own = [region("cat"), region("dog"), region("bell")]
    assert chosen(own) == ["cat", "dog", "bell"]
    assert chosen(own, "rain") == ["rain", "rain", "rain"]
    assert chosen(own, "rain\n\nsurf") == ["rain", "dog", "surf"]
    assert chosen(own, "rain\n\n") == ["rain", "dog", "bell"]
    assert chosen(own, "\n  \nsurf\n\n\n") == ["cat", "dog", "surf"]


def test_too_many_lines_are_refused():
    with pytest.raises(InputError, match="prompts has 3 lines for 2 regions"):
        run([region(), region()], "rain\nsurf\nwind")
    with pytest.raises(InputError, match="3 lines for 2 regions"):
        generate.describe(model(), [region(), region()], PICTURE, "rain\nsurf\nwind")


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(InputError, match=r"mask of region 2 \(face\) is 31 x 20 pixels, grey is 30 x 20"):
        run([region(), region(shape=(20, 31), label="face")])


def test_an_empty_mask_needs_words():
    empty = Region(np.zeros((20, 30), bool), label="nothing")
    assert len(run([empty], "rain")) == 1
    with pytest.raises(InputError, match=r"region 1 \(nothing\) covers no pixel"):
        run([empty])


@pytest.mark.parametrize(
    "setting, value",
    [
        ("seconds", 0.4),
        ("seconds", 601),
        ("seconds", float("nan")),
        ("seed", -1),
        ("seed", 2**64),
        ("seed", 1.5),
        ("sample_rate", 7999),
        ("sample_rate", 192001),
        ("sample_rate", 44100.5),
    ],
)
def test_values_out_of_range_are_named(setting, value):
    with pytest.raises(InputError, match=f"^{setting.replace('_', ' ')} is .*allowed is"):
        run([region("rain")], **{setting: value})


def test_progress_counts_regions():
    heard = []
    run([region("rain")] * 3, runtime=HeadlessRuntime(listen=lambda *step: heard.append(step)))
    assert [done for _, done, total in heard if total == 3][-1] == 3


def test_cancel_stops_within_a_region():
    calls, stop = [], threading.Event()

    def listen(label, done, total):
        calls.append(done)
        if len(calls) == 5:
            stop.set()

    with pytest.raises(Cancelled):
        run([region("wind")], seconds=600, runtime=HeadlessRuntime(listen=listen, cancel=stop))
    assert calls == [0] * 5
