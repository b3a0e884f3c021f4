"""The published stage by what was measured on it: its rules, and the faults that they entail."""

import numpy as np
import pytest
from scipy.signal import fftconvolve
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.spatialize import published
from see2sound_nodes.s2s_core.types import AudioTrack, DepthMap, Region

CLIP, RATE = published.CLIP, 16000
FL, FR, FC, LFE, BL, BR = range(6)
SIZE = (1024, 768)
MICROPHONES = {
    FL: np.array([512.0, 384.0, 100.0]),
    FC: np.array([522.0, 384.0, 0.0]),
    LFE: np.array([512.0, 284.0, 0.0]),
    BL: np.array([412.0, 384.0, 0.0]),
    BR: np.array([512.0, 484.0, 0.0]),
}
"""Where they stand in a picture of SIZE; FR's is outside."""


def noise(rms=0.003, length=CLIP, seed=0):
    return (rms * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)


def powers(place, size=SIZE, rms=0.003):
    return np.mean(published.render(np.array([place], float), size, [noise(rms)]).astype(float) ** 2, axis=1)


def seen(x, y, value, size=(400, 300)):
    """(region, depth) of one pixel with that inverse depth, in a picture whose extremes are 0 and 1."""
    mask, values = np.zeros(size[::-1], bool), np.zeros(size[::-1], np.float32)
    values[0, 0] = 1.0
    mask[y, x], values[y, x] = True, value
    return Region(mask), DepthMap(values)


def test_the_direct_way_and_six_reflections_by_hand():
    source, microphone, room = np.array([700.0, 300.0, 200.0]), np.array([512.0, 384.0, 100.0]), (1024.0, 768.0, 512.0)
    across, down, deep = [-700, 1348], [-300, 1236], [-200, 824]
    mirrored = [(x, 300, 200) for x in across] + [(700, y, 200) for y in down] + [(700, 300, z) for z in deep]
    ways = np.linalg.norm(np.array([source, *mirrored]) - microphone, axis=1)
    found = published.response(source, microphone, room)
    assert len(found) == np.ceil(ways.max() / 343 * RATE) + 81
    assert np.count_nonzero(found) <= 7 * 81
    times = np.arange(len(found))
    for way in ways:
        arrival = way / 343 * RATE + 40
        around = np.abs(times - arrival) < 41
        phase = np.exp(-2j * np.pi * 1000 / RATE * (times[around] - arrival))  # at 1 kHz a click of 1/d at `arrival`
        assert np.sum(found[around] * phase) == pytest.approx(1 / way, rel=2e-3)


def test_twice_as_far_is_half_as_loud():
    microphone, room = np.full(3, 2000.0), (4000.0, 4000.0, 4000.0)
    near, far = (published.response(microphone + (way, 0, 0), microphone, room) for way in (343.0, 686.0))
    assert near[16040] == pytest.approx(1 / 343) and far[32040] == pytest.approx(1 / 686)


def test_channels_against_one_plain_convolution_for_each_pair():
    places, signals = np.array([[300.0, 200, 50], [900, 700, 400]]), [noise(seed=1), noise(0.002, seed=2)]
    room = (1024.0, 768.0, 512.0)
    found = published.render(places, SIZE, signals)
    for channel, microphone in MICROPHONES.items():
        responses = [published.response(place, microphone, room).astype(float) for place in places]
        longest = max(map(len, responses))
        whole = np.zeros(CLIP + longest - 1 + (CLIP + longest - 1) % 2)
        for samples, taps in zip(signals, responses, strict=True):
            whole[: CLIP + len(taps) - 1] += fftconvolve(samples.astype(float), taps)
        cut = (len(whole) - CLIP) // 2
        expected = np.clip(np.rint(whole[cut : len(whole) - cut] * 150 * 32768), -32768, 32767) / 32768
        assert np.abs(found[channel] - expected).max() <= 1 / 32768


@pytest.mark.parametrize(
    ("size", "silent"),
    [((1024, 768), {FR}), ((640, 200), {FR}), ((640, 199), {FR, LFE, BR}), ((199, 400), {FR, FL, BL})],
)
def test_a_microphone_outside_the_picture_is_a_silent_channel(size, silent):
    found = published.render(np.array([[0.7 * size[0], 0.4 * size[1], 5.0]]), size, [noise()])
    assert {channel for channel in range(6) if not found[channel].any()} == silent


@pytest.mark.parametrize("depth", [0.0, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("height", [0.1, 0.3, 0.5])
def test_what_is_seen_at_the_far_right_sounds_from_the_left(depth, height):
    power = powers((0.95 * SIZE[0], height * SIZE[1], depth * SIZE[0]))
    angles = np.radians([speaker.azimuth for speaker in published.LAYOUT.speakers])
    main = np.arange(6) != LFE
    azimuth = np.degrees(np.arctan2(power[main] @ np.sin(angles[main]), power[main] @ np.cos(angles[main])))
    assert 7 <= azimuth <= 20


@pytest.mark.parametrize("place", [(0.9, 0.4, 0.1), (0.2, 0.7, 0.4), (0.3, 0.4, 0.3), (0.5, 0.2, 0.45)])
def test_the_level_depends_on_the_number_of_pixels(place):
    small, large = (powers(np.array(place) * (w, h, w), (w, h)).sum() for w, h in [(512, 384), (1920, 1440)])
    assert 10 <= 10 * np.log10(small / large) <= 16


@pytest.mark.parametrize("size", [(512, 384), (1024, 768), (1920, 1080)])
def test_what_is_near_in_the_middle_clips(size):
    region, depth = seen(size[0] // 2, size[1] // 2, 1.0, size)
    found = published.run([region], depth, [AudioTrack(noise(0.05), RATE)])
    share = published.clipped(found)
    assert 0.355 <= share[FC] <= 0.465 and share[FR] == 0
    assert found.samples.min() == -1 and found.samples.max() == 32767 / 32768
    assert f"FC {share[FC]:.1%}" in published.report(found) and "FR silent" in published.report(found)


def test_samples_are_16_bit_steps_under_the_fixed_gain():
    region, depth = seen(100, 100, 0.5)
    quiet, loud = (published.run([region], depth, [AudioTrack(noise(rms), RATE)]) for rms in (0.001, 0.002))
    assert np.array_equal(quiet.samples * 32768, np.rint(quiet.samples * 32768))
    assert quiet.gain_db == pytest.approx(20 * np.log10(150))
    assert loud.loudness - quiet.loudness == pytest.approx(6.02, abs=0.02)


def test_a_region_stands_in_the_middle_of_its_box_at_the_depth_of_that_pixel():
    mask, values = np.zeros((300, 400), bool), np.full((300, 400), 6.0, np.float32)
    mask[100, 50], mask[205, 61] = True, True  # rows 100 to 205, columns 50 to 61
    values[0, 0], values[1, 1], values[152, 55] = 2.0, 10.0, 4.0
    assert published.places([Region(mask)], DepthMap(values)).tolist() == [[55.0, 152.0, 200 * (10 - 4) / (10 - 2)]]


@pytest.mark.parametrize("length", [1000, CLIP - 1, CLIP, CLIP + 5001, 400000])
def test_every_result_has_the_published_length(length):
    found = published.render(np.array([[300.0, 200, 50]]), SIZE, [noise(length=length)])
    assert found.shape == (6, CLIP) and found.dtype == np.float32


def test_a_channel_is_cut_in_its_middle_so_that_the_start_may_be_lost():
    click = np.zeros(CLIP, np.float32)
    click[80000] = 0.01
    place, room = np.array([300.0, 200, 50]), (1024.0, 768.0, 512.0)
    found = published.render(place[None], SIZE, [click])
    for channel, microphone in MICROPHONES.items():
        taps = published.response(place, microphone, room)
        arrival = 80000 + np.argmax(taps) - (CLIP + len(taps) - 1 + (len(taps) - 1) % 2 - CLIP) // 2
        assert np.argmax(found[channel]) == arrival


def test_other_rates_become_16_khz():
    region, depth = seen(100, 100, 0.5)
    tones = [np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32) * 0.01 for rate in (RATE, 48000)]
    at_16, at_48 = (published.run([region], depth, [AudioTrack(t, len(t))]).samples for t in tones)
    middle = slice(20000, 100000)  # the ends of a tone ring
    assert np.abs(at_16 - at_48)[:, middle].max() < 0.01 * np.abs(at_16).max()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"regions": []}, "no regions"),
        ({"tracks": []}, "1 regions and 0 tracks"),
        ({"tracks": [AudioTrack(np.zeros((2, 9), np.float32), RATE)]}, r"\[2, 9\]; it must be mono"),
        ({"tracks": [AudioTrack(np.array([0, np.nan], np.float32), RATE)]}, "1 of 2 samples that are not finite"),
        ({"regions": [Region(np.ones((3, 4), bool), "cat")]}, r"mask of 'cat' is \[3, 4\]"),
        ({"regions": [Region(np.zeros((300, 400), bool), "cat")]}, "mask of 'cat' is empty"),
        ({"depth": DepthMap(np.ones((300, 400), np.float32))}, "1 everywhere"),
        ({"depth": DepthMap(np.ones((300, 400), np.float32), "axial")}, "holds axial distances"),
        ({"regions": [seen(210, 150, 1.0)[0]], "depth": seen(210, 150, 1.0)[1]}, "exactly at a microphone"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(changed, said):
    region, depth = seen(100, 100, 0.5)
    given = {"regions": [region], "depth": depth, "tracks": [AudioTrack(noise(length=100), RATE)]} | changed
    with pytest.raises(InputError, match=said):
        published.run(**given)
