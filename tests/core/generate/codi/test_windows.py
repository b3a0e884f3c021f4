"""Sounds of any length: lengths, windows that sum to one, and networks looked through them."""

import math

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.generate import SECONDS
from see2sound_nodes.s2s_core.generate.codi import files, sampler, schedule, vae, vocoder, windows
from see2sound_nodes.s2s_core.generate.codi.windows import Batches
from see2sound_nodes.s2s_core.runtime import generator

from . import tiny

LENGTHS = [8, 16, 128, 248, 256, 264, 272, 384, 392, 512, 1000, 15000]
ABAR = schedule.alphas().astype(np.float64)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers on NumPy 2


@pytest.fixture(scope="module")
def tensors(tmp_path_factory):
    return files.gather([tiny.checkpoint(tmp_path_factory.mktemp("codi") / "CoDi_encoders.pth")])


def noise(frames, count=1, seed=3):
    return torch.from_numpy(np.stack([sampler.start_noise(generator(seed, i), frames) for i in range(count)]))


def local(x, t, rows):
    """Looks at one frame only; as rows are told apart, so must their sounds be."""
    return torch.tanh(x) * (1 + t / 1000) + torch.tensor(rows)[:, None, None, None]


def process(tau, length):
    """The exact noise of latents along which frames `k` apart are correlated by exp(-k / tau)."""
    apart = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
    values, vectors = np.linalg.eigh(np.exp(-apart / tau))
    vectors = torch.from_numpy(vectors).float()

    def predict(x, t, rows):
        share = torch.from_numpy(math.sqrt(1 - ABAR[t]) / (ABAR[t] * values + 1 - ABAR[t])).float()
        return torch.einsum("st,nctb->ncsb", vectors * share @ vectors.T, x)

    return predict


def test_lengths_are_enough_and_no_more_than_8_frames_too_many():
    for seconds in (*SECONDS, 0.001, 0.322, 0.323, 1, 5, 10, 10.24, 10.242, 10.2421, 10.243, 30, 59.9, 123.456):
        frames = windows.frames(seconds)
        assert frames % 8 == 0 and frames * 640 + 32 >= windows.samples(seconds)
        assert frames == 8 or (frames - 8) * 640 + 32 < windows.samples(seconds)
    assert windows.frames(10.24) == windows.frames(10.242) == 256 and windows.samples(10.242) == 163872
    assert windows.frames(10.243) == 264 and windows.samples(600) == 9_600_000


@pytest.mark.parametrize("overlap", [0, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("length", LENGTHS)
def test_windows_cover_every_frame_and_their_weights_sum_to_one(length, overlap):
    begins, weights = windows.starts(length, overlap), windows.weights(length, overlap)
    size = min(length, 256)
    assert begins[0] == 0 and begins[-1] + size == length and all(begin % 8 == 0 for begin in begins)
    assert weights.shape == (len(begins), size) and weights.dtype == np.float32 and (weights > 0).all()
    assert all(8 <= apart <= 256 * (1 - overlap) for apart in np.diff(begins))
    total = np.zeros(length)
    for begin, weight in zip(begins, weights, strict=True):
        total[begin : begin + size] += weight
    assert np.abs(total - 1).max() < 1e-6
    if overlap == 0.5 and length > 512:  # no step where a window ends
        assert weights[1][[0, -1]].max() < 1e-3


@pytest.mark.parametrize("length", LENGTHS)
def test_a_network_that_looks_at_single_frames_gives_the_same_through_windows(length):
    x = noise(length, 2)
    found = windows.windowed(local, Batches(3))(x, 500, [4, 7])
    assert found.dtype == torch.float32 and tiny.error(found, local(x, 500, [4, 7])) < 1e-6
    if length <= 256:
        assert torch.equal(found, local(x, 500, [4, 7]))


def test_one_window_is_the_plain_path_to_the_last_bit():
    x, predict = noise(256, 2), process(20, 256)
    plain = sampler.sample(predict, x, sampler="UniPC", steps=5)
    assert torch.equal(sampler.sample(windows.windowed(predict, Batches(2)), x, sampler="UniPC", steps=5), plain)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_number_of_windows_at_a_time_does_not_matter(size):
    x, sizes = noise(600, 3), []

    def predict(part, t, rows):
        sizes.append(len(part))
        assert part.shape[1:] == (8, 256, 16) and len(rows) == len(part)
        return local(part, t, rows) * (1 + torch.arange(256)[:, None] / 256)  # windows disagree where they overlap

    found = windows.windowed(predict, Batches(size))(x, 9, [0, 1, 2])
    assert max(sizes) <= size and sum(sizes) == 3 * len(windows.starts(600))
    assert torch.equal(found, windows.windowed(predict, Batches(7))(x, 9, [0, 1, 2]))
    assert torch.equal(found[1:2], windows.windowed(predict, Batches(size))(x[1:2], 9, [1]))


def test_where_memory_is_short_fewer_are_done_at_a_time_and_so_it_stays():
    x, sizes, batches = noise(1000, 2), [], Batches(16)

    def predict(part, t, rows):
        sizes.append(len(part))
        if len(part) > 3:
            raise torch.cuda.OutOfMemoryError("made up")
        return local(part, t, rows)

    predicted = windows.windowed(predict, batches)
    assert tiny.error(predicted(x, 9, [0, 1]), local(x, 9, [0, 1])) < 1e-6
    assert sizes[0] == 14 and batches.size == 3 and sizes[1] == 7
    del sizes[:]
    predicted(x, 8, [0, 1])
    assert max(sizes) == 3


def test_a_single_window_that_does_not_fit_is_an_error():
    def predict(part, t, rows):
        raise torch.cuda.OutOfMemoryError("made up")

    with pytest.raises(torch.cuda.OutOfMemoryError):
        windows.windowed(predict, Batches(4))(noise(300), 9, [0])


def test_a_long_sound_is_what_one_look_at_the_whole_would_give():
    x = noise(512, 2)
    whole = sampler.sample(process(20, 512), x, sampler="UniPC", steps=12)
    z = sampler.sample(windows.windowed(process(20, 256), Batches(16)), x, sampler="UniPC", steps=12)
    assert float((z - whole).norm() / whole.norm()) < 5e-3
    change, wanted = (one.diff(dim=2).pow(2).mean((0, 1, 3)) for one in (z, whole))
    assert 0.98 < float((change / wanted).min()) and float((change / wanted).max()) < 1.02  # nowhere a seam


def test_a_long_sound_does_not_repeat_itself():
    """At the distance of windows it is no more like itself than at others, and each hop has its own content."""
    z = sampler.sample(
        windows.windowed(process(5, 256), Batches(16)), noise(256 + 128 * 6, 4), sampler="UniPC", steps=12
    )
    z = z.permute(2, 0, 1, 3).flatten(1).double()
    hops = sorted({int(apart) for apart in np.diff(windows.starts(len(z)))})
    assert hops == [128]

    def alike(lag):
        return float((z[lag:] * z[:-lag]).mean() / z.pow(2).mean())

    others = [alike(lag) for lag in range(60, 300, 7)]
    assert max(map(abs, others)) < 0.02  # what chance leaves
    assert all(abs(alike(lag)) < 0.02 for lag in (128, 256, 384, 512))


def test_the_vae_passes_from_one_window_to_the_next_without_a_step(tensors, monkeypatch):
    monkeypatch.setattr(windows, "WINDOW", 64)
    decoder, z = vae.load_vae(tensors, tiny.TINY), tiny.golden("e2e_image")["z"][:, :, :96]
    with torch.inference_mode():
        found = windows.blended(lambda part, rows: decoder(part), z, [0], Batches(2), stretch=4)
        first, last = decoder(z[:, :, :64]), decoder(z[:, :, 32:])
        alone = windows.blended(lambda part, rows: decoder(part), z[:, :, :64], [0], Batches(2), stretch=4)
    assert found.shape == (1, 1, 384, 64) and torch.equal(alone, first)
    share = torch.from_numpy(windows.weights(96)).repeat_interleave(4, dim=1)[:, :, None]
    wanted = share[0, 128:] * first[:, :, 128:] + share[1, :128] * last[:, :, :128]
    assert tiny.error(found, torch.cat([first[:, :, :128], wanted, last[:, :, 128:]], dim=2)) < 2e-5


@pytest.mark.parametrize("length", [8, 256, 264, 520, 700])
def test_the_vocoder_in_pieces_is_the_vocoder_at_once(tensors, length, monkeypatch):
    monkeypatch.setattr(windows, "WINDOW", 64)
    network = vocoder.load_vocoder(tensors, tiny.TINY)
    mel = torch.from_numpy(np.random.default_rng(1).normal(-5, 2, (2, 1, length, 64)).astype(np.float32))
    with torch.inference_mode():
        found, wanted = windows.vocoded(network, mel, Batches(2)), network(mel)
    assert found.shape == (2, 160 * length + 32)
    assert tiny.error(found, wanted) < 2e-6
    if length <= 256:
        assert torch.equal(found, wanted)


def test_the_margin_is_beyond_what_the_vocoder_hears(tensors):
    network = vocoder.load_vocoder(tensors, tiny.TINY)
    mel = torch.from_numpy(np.random.default_rng(1).normal(-5, 2, (1, 1, 160, 64)).astype(np.float32))
    other = mel.clone()
    other[:, :, :80] = 0
    with torch.inference_mode():
        differs = (network(mel) - network(other)).abs()[0]
    reach = int(torch.nonzero(differs)[-1]) / 160 - 80
    assert 15 < reach < windows.MARGIN - 5
