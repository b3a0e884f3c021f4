"""Sounds of any length, rate and layout through AViTAR. Where only the way through matters, the network is an echo."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from see2sound_nodes.s2s_core import models
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, MissingModelError, WeightsError
from see2sound_nodes.s2s_core.evaluate.avitar import chunks, matcher, noise
from see2sound_nodes.s2s_core.evaluate.avitar.match import BACKENDS, MODES, Settings, match
from see2sound_nodes.s2s_core.evaluate.avitar.pair import Pair
from see2sound_nodes.s2s_core.evaluate.avitar.settings import AS_USUAL
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime, generator
from see2sound_nodes.s2s_core.types import AudioTrack, Layout, Picture, Speaker, Surround

from .tiny import picture_pixels, publish, wave

PICTURE = Picture(picture_pixels(90, 160).astype(np.float32) / 255)
LAYOUT = Layout("2.1", (Speaker("FL"), Speaker("FR"), Speaker("LFE", lfe=True)), 0xB, "2.1")
PUBLISHED = Settings("as published")


class Echo(torch.nn.Module):
    """Gives back what it hears, half as loud; notes how many came together and what was mixed in."""

    def __init__(self, fits=99):
        super().__init__()
        self.fits, self.together, self.more, self.loudest = fits, [], [], 0.0
        self.inner = torch.nn.Identity()
        self.blocks = [self.inner]

    def look(self, pixels):
        assert pixels.shape == (1, 3, 180, 320)
        return pixels.mean(dim=(2, 3))[:, None]

    def forward(self, sound, seen, *more):
        if len(sound) > self.fits:
            raise torch.cuda.OutOfMemoryError("too many")
        assert sound.shape[1] == chunks.CHUNK and sound.dtype == torch.float32
        self.together.append(len(sound))
        self.more.append(more)
        self.loudest = max(self.loudest, float(sound.abs().max()))
        return self.inner(sound) / 2


def echo(fits=99):
    backend = matcher.Avitar()
    backend._pair = Echo(fits)
    return Model("evaluate", "AViTAR", backend)


def run(sound, settings=AS_USUAL, model=None, host=None):
    return match(model or echo(), PICTURE, sound, settings, runtime=host or HeadlessRuntime("cpu"))


def noisy(*shape, seed=0):
    return (0.3 * np.random.default_rng(seed).standard_normal(shape)).clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def toy(tiny, dry):
    backend = matcher.Avitar()
    backend._pair = Pair(dry, tiny)
    return Model("evaluate", "AViTAR", backend)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3 * chunks.CHUNK), st.integers(1, 3))
def test_what_passes_unchanged_stays_as_it_is(length, channels):
    samples = noisy(channels, length, seed=length)
    held = chunks.Chunks(samples)
    for place in held.places:
        held.put(place, held.taken([place])[0])
    assert held.result.shape == samples.shape and held.result.dtype == np.float32
    assert np.abs(held.result - samples).max() < 1e-6


def test_a_long_clip_comes_back_whole_and_at_its_level():
    model, sound = echo(), AudioTrack(noisy(100001) * np.float32(0.1), 16000)
    found = run(sound, model=model)
    assert found.sample_rate == 16000 and np.abs(found.samples - sound.samples / 2).max() < 1e-6
    assert model.call._pair.loudest == pytest.approx(1.0), "the network knows clips that reach 1"
    assert sum(model.call._pair.together) == 6


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_any_rate_comes_back_as_it_was(rate):
    time = np.arange(rate + 7) / rate
    low, high = (np.sin(2 * np.pi * pitch * time).astype(np.float32) for pitch in (1000, 11000))
    found = run(AudioTrack(low + high * (rate > 40000), rate))
    assert found.sample_rate == rate and found.samples.shape == time.shape and found.samples.dtype == np.float32
    middle = slice(rate // 10, -rate // 10)
    assert np.abs(found.samples - low / 2)[middle].max() < 2e-3, "what is above 8 kHz is gone, the rest is there"


def test_surround_keeps_its_layout_and_its_low_frequency_channel():
    sound = Surround(noisy(3, 30000), 16000, LAYOUT, loudness=-20.0, true_peak=-1.0, gain_db=2.0)
    found = run(sound)
    assert np.array_equal(found.samples[2], sound.samples[2])
    np.testing.assert_allclose(found.samples[:2], sound.samples[:2] / 2, atol=1e-6)
    assert found.layout is LAYOUT and found.gain_db == 2.0 and np.isnan([found.loudness, found.true_peak]).all()


def test_silence_stays_silence_and_is_passed_over():
    model = echo()
    samples = np.zeros((3, 5 * chunks.CHUNK), np.float32)
    samples[1, :100] = 0.5
    found = run(Surround(samples, 16000, LAYOUT), model=model)
    assert sum(model.call._pair.together) == 2 and not found.samples[0].any()
    silent = AudioTrack(np.zeros(50000, np.float32), 16000)
    assert not run(silent, model=Model("evaluate", "AViTAR", matcher.Avitar())).samples.any(), "without any network"


def test_as_published():
    samples = noisy(3, 60000)
    model = echo()
    found = run(Surround(samples, 16000, LAYOUT), PUBLISHED, model)
    assert isinstance(found, AudioTrack) and found.sample_rate == 16000 and found.samples.shape == (40960,)
    np.testing.assert_allclose(found.samples, samples.mean(axis=0)[:40960] / 2, atol=1e-6)
    (((mixed_in, sign),),) = [model.call._pair.more]
    assert mixed_in.shape == (1, 40960) and float(sign) in (-1.0, 1.0)
    assert run(AudioTrack(samples[0, :3000], 48000), PUBLISHED).samples.shape == (1000,)


def test_noise_and_sign_follow_the_seed():
    signs, levels = [], []
    for seed in range(40):
        mixed_in, sign = matcher._disturbance([(0, 0)], replace(PUBLISHED, seed=seed))
        signs.append(float(sign[0, 0]))
        levels.append(-20 * np.log10(np.sqrt((mixed_in[0, :16000] ** 2).mean())))
    assert set(signs) == {-1.0, 1.0} and 2 <= min(levels) < 4 and 8 < max(levels) <= 10
    again, _ = matcher._disturbance([(0, 0)], replace(PUBLISHED, seed=39))
    assert np.array_equal(again, mixed_in)


def test_all_channels_get_the_same_noise_and_chunks_get_their_own():
    mixed_in, signs = matcher._disturbance([(0, 0), (1, 0), (0, 1)], Settings(snr=5))
    assert np.array_equal(mixed_in[0], mixed_in[1]) and not np.array_equal(mixed_in[0], mixed_in[2])
    assert (signs == 1).all(), "turned over here and there, what overlaps would cancel out"
    assert matcher._disturbance([(0, 0)], AS_USUAL) == ()


@pytest.mark.parametrize("slope", [-2.0, 0.0, 1.0, 2.0])
def test_the_noise_repeats_and_falls_as_it_should(slope):
    found = noise.coloured(generator(0), 40000, slope)
    assert np.array_equal(found[:16000], found[16000:32000]) and np.mean(found[:16000] ** 2) == pytest.approx(1)
    power = np.abs(np.fft.rfft(found[:16000])) ** 2
    low, high = power[440:560].mean(), power[6940:7060].mean()
    ramp = np.interp([500, 7000], [0, 8000], [1, np.sqrt(8000)])
    assert 10 * np.log10(low / high) == pytest.approx(20 * slope * np.log10(ramp[1] / ramp[0]), abs=1.5)


def test_the_noise_is_measured_against_the_dry_sound():
    class Through(torch.nn.Module):
        def forward(self, sound, *more):
            return sound

    sound = torch.from_numpy(wave(40960))[None]
    mixed_in = torch.from_numpy(noise.drawn(generator(1), 40960, snr=6.0))[None]
    heard = Pair(Through(), Through())(sound, None, mixed_in, torch.tensor([[-1.0]]))
    rest = (-heard - sound)[:, :16000].square().mean().sqrt()
    assert 20 * torch.log10(sound.square().mean().sqrt() / rest) == pytest.approx(6.0, abs=1e-3)


def test_what_does_not_fit_goes_in_smaller_batches(monkeypatch):
    monkeypatch.setattr(matcher, "TOGETHER", {"cpu": 4})
    model, sound = echo(fits=2), AudioTrack(noisy(100001), 16000)
    found = run(sound, model=model)
    assert model.call._pair.together == [2, 2, 2] and np.abs(found.samples - sound.samples / 2).max() < 1e-6
    with pytest.raises(torch.cuda.OutOfMemoryError):
        run(sound, model=echo(fits=0))


def test_progress_counts_chunks_and_a_cancel_is_heard_inside_of_one():
    heard = []
    host = HeadlessRuntime("cpu", listen=lambda *told: heard.append(told))
    model, sound = echo(), AudioTrack(noisy(100001), 16000)
    run(sound, model=model, host=host)
    assert heard[-1] == ("AViTAR", 6, 6) and {total for _, _, total in heard} == {6}
    model.call._pair.inner.register_forward_hook(lambda *_: host.cancel.set())
    with pytest.raises(Cancelled, match=r"during AViTAR \(0 of 6\)"):
        run(sound, model=model, host=host)


def test_what_is_not_finite_is_an_error():
    model = echo()
    model.call._pair.inner.register_forward_hook(lambda module, given, made: made * torch.nan)
    with pytest.raises(WeightsError, match="not finite"):
        run(AudioTrack(noisy(1000), 16000), model=model)


def test_the_toy_network_hears_picture_and_sound(toy):
    sound = AudioTrack(wave(40960), 16000)
    found = run(sound, model=toy)
    assert found.samples.shape == (40960,) and np.isfinite(found.samples).all() and np.abs(found.samples).max() <= 1
    assert np.array_equal(found.samples, run(sound, model=toy).samples)
    other = replace(PICTURE, pixels=1 - PICTURE.pixels)
    seen = match(toy, other, sound, runtime=HeadlessRuntime("cpu")).samples
    assert np.abs(seen - found.samples).max() > 1e-3
    published = [run(sound, replace(PUBLISHED, seed=seed), toy).samples for seed in (1, 1, 2)]
    assert np.array_equal(*published[:2]) and not np.array_equal(*published[1:])


def test_the_networks_are_read_when_needed_and_a_pickle_travels_without_them(tmp_path):
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    with pytest.raises(MissingModelError, match="avitar is not on this machine"):
        models.load("evaluate", BACKENDS, "AViTAR", host)
    publish(tmp_path)
    model = models.load("evaluate", BACKENDS, "AViTAR", host)
    assert model.call._pair is None
    run(AudioTrack(wave(1000), 16000), PUBLISHED, model, host)
    assert not any(value.is_inference() for value in model.call._pair.parameters()), "else nobody could move them"
    assert model.call._pair is not None and pickle.loads(pickle.dumps(model)).call._pair is None


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (AudioTrack(np.zeros(0, np.float32), 16000), "is empty"),
        (AudioTrack(np.array([0, np.nan], np.float32), 16000), "not finite"),
        (AudioTrack(np.zeros(9, np.float32), 4000), "sample rate is 4000 Hz; allowed is 8000 to 192000 Hz"),
    ],
)
def test_sounds_that_cannot_be_matched(sound, words):
    with pytest.raises(InputError, match=words):
        run(sound)


@pytest.mark.parametrize("kind", ["binaural", "ambisonic"])
@pytest.mark.parametrize("mode", MODES)
def test_channels_that_only_mean_something_together_are_not_matched(kind, mode):
    sound = Surround(noisy(3, 3000), 16000, replace(LAYOUT, kind=kind))
    with pytest.raises(InputError, match="match the tracks before 'Spatialize'"):
        run(sound, Settings(mode))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mode": "fast"}, "mode is 'fast'; allowed is one of: default, as published"),
        ({"snr": 1.0}, "signal-to-noise ratio is 1 dB; allowed is 2 to 10 dB"),
        ({"snr": float("nan")}, "signal-to-noise"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
    ],
)
def test_settings_that_cannot_be(wrong, words):
    with pytest.raises(InputError, match=words):
        Settings(**wrong)
    assert list(MODES) == ["default", "as published"]
