"""CoDi from picture and words to sound, against what the published system made of the same weights and noise."""

import pickle
import threading

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core import generate, models
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, MissingModelError
from see2sound_nodes.s2s_core.generate.codi import generator, words
from see2sound_nodes.s2s_core.generate.codi.networks import Networks
from see2sound_nodes.s2s_core.generate.codi.words import Words
from see2sound_nodes.s2s_core.generate.request import Sampling
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture, Region

from .tiny import PUBLISHED, SMALL, TINY, checkpoint, error, golden

PUBLISHED_WAY = "DDIM (as published)"
HALVES = ("float32", "bfloat16")
IDS = {text: ids.numpy() for text, ids in zip(SMALL["texts"], golden("clip_text")["ids"], strict=True)}
SAID = {"e2e_image": "", "e2e_image_text": SMALL["texts"][1], "e2e_text": SMALL["texts"][1]}


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A machine on which the two published files lie, of toy size."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "see2sound" / "codi").mkdir(parents=True)
    for name in PUBLISHED:
        checkpoint(folder / "see2sound" / "codi" / name)
    return HeadlessRuntime("cpu", models=(folder,))


@pytest.fixture(scope="module")
def codi():
    return generator.Codi(Networks("codi", TINY))


@pytest.fixture(autouse=True)
def known_texts(monkeypatch):
    """The fixtures' own token ids: CLIP's vocabulary is not here."""
    monkeypatch.setattr(
        words, "tokenize", lambda texts, runtime: Words(np.stack([IDS[text] for text in texts]), (0,) * len(texts))
    )


def scene(count=1, prompts=""):
    """A picture and regions in it."""
    picture = Picture(np.random.default_rng(0).random((90, 131, 3)).astype(np.float32))
    masks = np.zeros((count, 90, 131), bool)
    for number, mask in enumerate(masks):
        mask[5 + 10 * number : 60, 10 * number : 80] = True
    lines = prompts.splitlines() or [""] * count
    return picture, [
        Region(mask, f"region {n}", line) for n, (mask, line) in enumerate(zip(masks, lines, strict=True), 1)
    ]


def run(codi, host, count=1, prompts="", seconds=0.5, seed=0, **sampling):
    picture, regions = scene(count, prompts)
    manner = Sampling(**{"sampler": PUBLISHED_WAY, "steps": 2, **sampling})
    return generate.run(
        Model("generate", "CoDi", codi), regions, picture, seconds=seconds, seed=seed, sampling=manner, runtime=host
    )


@pytest.mark.parametrize("case", ["e2e_text", "e2e_image", "e2e_image_text"])
def test_golden_end_to_end(codi, host, case, monkeypatch):
    wanted, told = golden(case), SMALL["cases"][case]
    monkeypatch.setattr(generator, "start_noise", lambda rng, frames: wanted["x_T"][0].numpy())
    seen = golden("clip_image")["u8_224"].numpy()[None]
    monkeypatch.setattr(generator.pictures, "still", lambda pixels: seen)
    latents = []
    decode = codi._waves
    monkeypatch.setattr(codi, "_waves", lambda z, runtime: latents.append(z) or decode(z, runtime), raising=False)
    picture = float("image" in told["types"])
    (track,) = run(
        codi,
        host,
        prompts=SAID[case],
        seconds=163872 / 16000,
        steps=told["steps"],
        guidance=told["scale"],
        picture=picture,
    )
    assert track.sample_rate == 16000 and track.samples.shape == (163872,)
    assert error(latents[0], wanted["z"]) < 1e-4
    if "wav" in wanted:
        assert error(track.samples[None, None], wanted["wav"]) < 1e-4
    else:
        assert np.sqrt(np.mean(track.samples**2)) == pytest.approx(told["wav_rms"], rel=1e-3)


def test_regions_together_are_what_each_is_alone(codi, host, monkeypatch):
    together = run(codi, host, 3, seed=5)
    for size in (2, 3):  # any split of the batch
        monkeypatch.setitem(generator.TOGETHER, "cpu", size)
        for one, other in zip(together, run(codi, host, 3, seed=5), strict=True):
            np.testing.assert_allclose(one.samples, other.samples, atol=1e-5)
    (first,) = run(codi, host, 1, seed=5)
    np.testing.assert_allclose(first.samples, together[0].samples, atol=1e-5)
    assert np.abs(together[1].samples - first.samples).max() > 0.01


def test_what_is_said_of_one_region_changes_no_other(codi, host):
    before = run(codi, host, 2)
    after = run(codi, host, 2, f"{SMALL['texts'][1]}\n ")
    np.testing.assert_allclose(before[1].samples, after[1].samples, atol=1e-5)
    assert np.abs(before[0].samples - after[0].samples).max() > 1e-3


def test_memory_that_is_short_is_answered_by_smaller_batches(codi, host, monkeypatch):
    expected = run(codi, host, 3)
    unet = codi.networks.unet(host)
    monkeypatch.setitem(generator.TOGETHER, "cpu", 3)
    whole = type(unet).forward

    def short(self, x, t, context):
        if len(x) > 2:
            raise torch.cuda.OutOfMemoryError("no room")
        return whole(self, x, t, context)

    monkeypatch.setattr(type(unet), "forward", short)
    for one, other in zip(expected, run(codi, host, 3), strict=True):
        np.testing.assert_allclose(one.samples, other.samples, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.5, 3.0, 12.0])
def test_any_length_is_exact_and_any_rate(codi, host, seconds):
    (track,) = run(codi, host, seconds=seconds, steps=1)
    assert len(track.samples) == round(seconds * 16000) and np.isfinite(track.samples).all()


def test_another_rate(codi, host):
    picture, regions = scene()
    manner = Sampling(PUBLISHED_WAY, 1)
    (track,) = generate.run(
        Model("generate", "CoDi", codi), regions, picture, seconds=0.7, sample_rate=44100, sampling=manner, runtime=host
    )
    assert track.sample_rate == 44100 and len(track.samples) == 30870


def test_cancel_within_a_step_and_the_same_sound_afterwards(codi, host):
    expected = run(codi, host, steps=4)
    stopped = HeadlessRuntime("cpu", models=host.models, cancel=threading.Event())
    stopped.listen = lambda label, done, total: (
        stopped.cancel.set() if label.startswith("CoDi, DDIM") and done else None
    )
    with pytest.raises(Cancelled, match=r"CoDi, DDIM \(as published\) \(1 of 4\)"):
        run(codi, stopped, steps=4)
    assert np.array_equal(run(codi, host, steps=4)[0].samples, expected[0].samples)


@pytest.mark.parametrize("label", ["looking at pictures", "CoDi, DDIM (as published)", "CoDi, from latent to sound"])
def test_cancel_is_heard_within_a_step(codi, host, label):
    heard, stopped = [], HeadlessRuntime("cpu", models=host.models, cancel=threading.Event())

    def listen(what, done, total):
        if what == label:
            heard.append(done)
            stopped.cancel.set()

    stopped.listen = listen
    with pytest.raises(Cancelled):
        run(codi, stopped, 2)
    assert heard == [0], "the next block already hears it"
    for network in (codi.networks.unet(host), codi.networks.vae(host), codi.networks.vocoder(host)):
        assert not any(block._forward_hooks for block in network.blocks)


def test_settings_are_refused_before_any_file_is_looked_for(tmp_path):
    nowhere = HeadlessRuntime("cpu", models=(tmp_path,))
    codi = generator.Codi(Networks("codi", TINY))
    for sampling, said in (
        ({"sampler": "Euler"}, "sampler is 'Euler'; allowed is one of"),
        ({"steps": 1001}, "steps is 1001; allowed is 0 to 1000"),
        ({"guidance": 0.5}, "guidance is 0.5; allowed is 1 to 30"),
        ({"picture": 0.0}, "nothing to be made from"),
    ):
        with pytest.raises(InputError, match=said):
            run(codi, nowhere, **sampling)
    with pytest.raises(MissingModelError, match="codi-encoders is not on this machine"):
        run(codi, nowhere)


def test_a_handle_travels_without_its_networks(codi, host):
    expected = run(codi, host)
    sent = pickle.loads(pickle.dumps(codi))
    assert not sent.networks._made and len(pickle.dumps(codi)) < 3000
    np.testing.assert_allclose(run(sent, host)[0].samples, expected[0].samples, atol=1e-5)


def test_a_description_says_what_the_sound_is_made_from(codi):
    picture, regions = scene(2, "waves\n ")
    model = Model("generate", "CoDi", codi)
    assert generate.describe(model, regions, picture, sampling=Sampling(PUBLISHED_WAY)) == (
        'CoDi, from its picture and the words "waves" (DDIM (as published), 500 steps)',
        "CoDi, from its picture (DDIM (as published), 500 steps)",
    )


def test_the_converted_folder_stands_for_the_files(host, tmp_path, codi):
    from see2sound_nodes.s2s_core.generate.codi import convert, files

    row = generate.BACKENDS["CoDi (full-precision files)"]
    there = HeadlessRuntime("cpu", models=(tmp_path,))
    with pytest.raises(MissingModelError):
        models.load("generate", generate.BACKENDS, row.name, there)
    for name in ("vocab.json", "merges.txt"):  # needed in any case
        (tmp_path / "clip_tokenizer").mkdir(exist_ok=True)
        (tmp_path / "clip_tokenizer" / name).write_text("{}")
    (tmp_path / "see2sound").mkdir()
    sources = [host.models[0] / "see2sound" / "codi" / name for name in PUBLISHED]
    list(convert.write(files.gather(sources), tmp_path / "see2sound" / "codi", TINY))
    assert models.load("generate", generate.BACKENDS, row.name, there).name == row.name
    converted = run(generator.Codi(Networks("codi", TINY)), there)
    np.testing.assert_allclose(converted[0].samples, run(codi, host)[0].samples, atol=1e-5)


def test_frames_are_looked_at_in_place_of_the_picture(codi, host):
    picture, regions = scene()
    frames = np.random.default_rng(1).random((11, 90, 131, 3)).astype(np.float32)
    model, manner = Model("generate", "CoDi", codi), Sampling(PUBLISHED_WAY, 2)
    given = {"seconds": 0.5, "sampling": manner, "runtime": host}
    (still,) = generate.run(model, regions, picture, **given)
    (moving,) = generate.run(model, regions, picture, frames=frames, **given)
    (one,) = generate.run(model, regions, picture, frames=picture.pixels[None], **given)
    assert np.abs(moving.samples - still.samples).max() > 1e-3
    assert np.isfinite(moving.samples).all() and one.samples.shape == still.samples.shape
    with pytest.raises(InputError, match="the frames are 100 x 50 pixels, picture is 131 x 90"):
        generate.run(model, regions, picture, frames=np.zeros((2, 50, 100, 3), np.float32), **given)


def test_frames_are_taken_evenly(monkeypatch):
    picture, (region,) = scene()
    frames = np.zeros((15, 90, 131, 3), np.float32) + np.linspace(0, 1, 15, dtype=np.float32)[:, None, None, None]
    taken = []
    monkeypatch.setattr(generator.pictures, "frames", lambda shots: taken.extend(shots[:, 0, 0, 0].tolist()))
    generator._seen(generator.Request(picture, region, "", np.random.default_rng(0), frames=frames))
    assert taken == np.rint(np.linspace(0, 255, 15))[::2].tolist()


def test_only_the_unet_stands_half_precision_and_it_is_read_anew_for_another(host):
    kinds = {half: type("Host", (HeadlessRuntime,), {"half": half})("cpu", models=host.models) for half in HALVES}
    networks = Networks("codi", TINY)
    found = {half: networks.unet(kinds[half]) for half in HALVES}
    for half, network in found.items():
        assert {value.dtype for value in network.parameters()} == {getattr(torch, half)}
    assert found["bfloat16"] is networks.unet(kinds["bfloat16"]) is not found["float32"]
    for network in (networks.vae(kinds["bfloat16"]), networks.vocoder(kinds["bfloat16"])):
        assert {value.dtype for value in network.parameters()} == {torch.float32}


def test_a_chosen_precision_overrides_the_machines(host):
    (dtype,) = {value.dtype for value in Networks("codi", TINY, "bfloat16").unet(host).parameters()}
    assert dtype == torch.bfloat16
    with pytest.raises(InputError, match="precision is 'float8'; allowed is one of: auto, float32"):
        Networks("codi", TINY, "float8")


def test_a_wild_sound_is_clamped_as_a_whole_and_no_other(codi, host):
    seen = []
    vae = codi.networks.vae(host)
    hook = vae.register_forward_pre_hook(lambda module, args: seen.append(args[0].clone()))
    latents = torch.full((2, 8, 320, 16), 50.0)
    latents[0, :, -1] = 150.0
    codi._waves(latents, host)
    hook.remove()
    largest = [float(z.abs().max()) for z in seen]  # windows of the first sound, then of the second
    assert largest == [10.0] * (len(seen) // 2) + [50.0] * (len(seen) // 2)


def test_any_rate_is_exact(codi, host):
    picture, regions = scene()
    given = {"sampling": Sampling(PUBLISHED_WAY, 1), "runtime": host}
    model = Model("generate", "CoDi", codi)
    for rate, seconds in ((192000, 0.70003), (96000, 0.51), (8000, 0.5)):
        (track,) = generate.run(model, regions, picture, seconds=seconds, sample_rate=rate, **given)
        assert len(track.samples) == round(seconds * rate)
