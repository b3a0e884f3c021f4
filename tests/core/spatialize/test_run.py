"""The room's door: whole renderings, and what is refused."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from see2sound_nodes.s2s_core import spatialize
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.spatialize import LAYOUTS, ROOMS
from see2sound_nodes.s2s_core.types import AudioTrack, Room, SoundSource, Trajectory

RATE = 16000
NOISE = np.random.default_rng(5)
OUTDOORS = ROOMS["outdoors"]
MIRROR = [1, 0, 2, 3, 5, 4]


def source(azimuth=40.0, distance=2.0, elevation=0.0, label="thing", **more):
    return SoundSource(label, Trajectory.still(azimuth, elevation, distance), **more)


def track(seconds=1.0, rate=RATE):
    return AudioTrack((NOISE.standard_normal(round(seconds * rate)) * 0.1).astype(np.float32), rate)


def powers(sound):
    return np.mean(np.square(sound.samples, dtype=float), axis=1)


def unlevelled(sound):
    return sound.samples.astype(float) / 10 ** (sound.gain_db / 20)


SCENE = [source(-50), source(20, 4, 10, width=30), source(150, 8), source(0, 6, background=True)]
TRACKS = [track(), track(0.7), track(0.2), track()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_loudness_peak_and_shape(layout):
    sound = spatialize.run(SCENE, TRACKS, layout=layout)
    assert sound.layout is LAYOUTS[layout] and sound.sample_rate == RATE
    assert sound.samples.dtype == np.float32 and sound.samples.shape[0] == len(sound.layout.speakers)
    assert np.isfinite(sound.samples).all() and np.abs(sound.samples).max() < 1
    assert sound.loudness == pytest.approx(-23, abs=0.01) and sound.true_peak <= -1
    assert (powers(sound) > 0).all(), "a channel is silent"


def test_length_is_the_clip_and_the_tail():
    assert spatialize.run(SCENE, TRACKS, tail=False).samples.shape[1] == RATE
    with_tail = spatialize.run(SCENE, TRACKS, room=ROOMS["living room"], tail=True).samples
    decay = with_tail.shape[1] / RATE - 1
    assert decay == pytest.approx((20 * 90 / 126 + 12) / 1000 + 0.4, abs=1 / RATE)
    assert np.abs(with_tail[0, -200:]).max() < 10 ** (-45 / 20) * np.abs(with_tail[0]).max()


def test_without_the_tail_it_is_the_same_sound_cut():
    long, short = (spatialize.run(SCENE, TRACKS, tail=tail) for tail in (True, False))
    undone = [unlevelled(sound)[:, :RATE] for sound in (long, short)]
    assert np.abs(undone[0] - undone[1]).max() < 1e-5 * np.abs(undone[0]).max()


def test_it_starts_with_the_clip_whatever_the_distance():
    click = np.zeros(RATE, np.float32)
    click[0] = 0.5
    for distance in (0.5, 5.0, 300.0):
        samples = spatialize.run([source(30, distance)], [AudioTrack(click, RATE)], room=OUTDOORS).samples
        assert int(np.argmax(np.abs(samples[0]))) == 0


def test_byte_for_byte_the_same_again():
    first, second = (spatialize.run(SCENE, TRACKS) for _ in range(2))
    assert first.samples.tobytes() == second.samples.tobytes()


def test_mirrored_scene_gives_mirrored_channels():
    sources, tracks = SCENE[:3], TRACKS[:3]
    mirrored = [replace(s, trajectory=Trajectory.still(-s.azimuth, s.elevation, s.distance)) for s in sources]
    left, right = (spatialize.run(s, tracks, room=OUTDOORS).samples for s in (sources, mirrored))
    assert np.abs(left - right[MIRROR]).max() < 1e-6


@pytest.mark.parametrize(("room", "azimuth"), [(r, a) for r in ("outdoors", "street") for a in (90.0, -90.0)])
def test_the_near_side_is_louder(room, azimuth):
    power = powers(spatialize.run([source(azimuth)], [track()], room=ROOMS[room]))
    ratio = 10 * np.log10((power[0] + power[4]) / (power[1] + power[5]))
    assert ratio * np.sign(azimuth) > 6


def test_no_channel_is_silent_for_a_source_at_the_right():
    power = powers(spatialize.run([source(-60)], [track()]))
    assert power[1] == power.max() and (power[[0, 1, 2, 4, 5]] > power.max() / 100).all()


def test_sum_of_sources_is_the_sum_of_renderings():
    together = spatialize.run(SCENE[:2], TRACKS[:2])
    alone = [spatialize.run([s], [t]) for s, t in zip(SCENE[:2], TRACKS[:2], strict=True)]
    summed = np.zeros(together.samples.shape)
    for sound in alone:
        summed[:, : sound.samples.shape[1]] += unlevelled(sound)
    assert np.abs(unlevelled(together) - summed).max() < 1e-5 * np.abs(summed).max()


def test_gain_and_muting():
    plain, softer, without = (
        unlevelled(spatialize.run([source(-60, **edit), source(60)], TRACKS[:2]))
        for edit in ({}, {"gain_db": -20.0}, {"muted": True})
    )
    assert np.abs((softer - without) - 0.1 * (plain - without)).max() < 1e-5 * np.abs(plain).max()
    alone = unlevelled(spatialize.run([source(60)], TRACKS[1:2]))
    assert np.abs(without[:, : alone.shape[1]] - alone).max() < 1e-5 * np.abs(alone).max()


def test_a_background_is_everywhere_alike():
    bed = powers(spatialize.run([source(90, background=True)], [track(3)]))
    assert 10 * np.log10(bed[[0, 1, 2, 4, 5]] / bed[0]) == pytest.approx(0, abs=0.5)


def test_background_channels_are_decorrelated():
    sound = spatialize.run([source(0, background=True)], [track(4)]).samples[[0, 1, 2, 4, 5]]
    assert np.abs(np.corrcoef(sound) - np.eye(5)).max() < 0.25


def test_all_muted_is_silence_of_the_right_length():
    sound = spatialize.run([replace(s, muted=True) for s in SCENE], TRACKS)
    assert not sound.samples.any() and sound.loudness == -np.inf and sound.gain_db == 0
    assert sound.samples.shape == spatialize.run(SCENE, TRACKS).samples.shape


def test_silent_tracks_are_silence():
    sound = spatialize.run([source()], [AudioTrack(np.zeros(100, np.float32), RATE)])
    assert not sound.samples.any() and sound.loudness == -np.inf


def test_the_lfe_holds_only_what_is_low():
    sound = spatialize.run(SCENE, [track(3, 48000) for _ in SCENE])
    spectrum = np.abs(np.fft.rfft(sound.samples[3] * np.hanning(sound.samples.shape[1]))) ** 2
    frequencies = np.fft.rfftfreq(sound.samples.shape[1], 1 / 48000)
    own = spectrum[(frequencies > 20) & (frequencies < 120)].sum()
    assert 10 * np.log10(spectrum[frequencies > 480].sum() / own) < -40


def test_a_source_beyond_the_walls_is_softer_but_not_another_room():
    near, far = (spatialize.direct_level(source(0, d), track()) for d in (2.0, 40.0))
    assert near - far == pytest.approx(20 * 0.7 * np.log10(20), abs=0.2)
    room = Room()
    assert np.isfinite(spatialize.run([source(0, 4000)], [track()], room=room).samples).all()


def test_direct_level_and_report():
    clip = AudioTrack(np.full(100, 0.5, np.float32), RATE)
    assert spatialize.direct_level(source(0, 2), clip) == pytest.approx(-6.02, abs=0.01)
    assert spatialize.direct_level(source(0, 2, muted=True), clip) == -np.inf
    text = spatialize.report(spatialize.run(SCENE, TRACKS, tail=False))
    assert text.startswith("5.1, 1.00 s at 16000 Hz: -23.0 LUFS, true peak -")
    assert text.splitlines()[1].startswith("FL -") and " LFE -" in text and text.endswith("dBFS")
    silent = spatialize.report(spatialize.run([source(muted=True)], TRACKS[:1], layout="stereo"))
    assert silent.endswith("silence\nFL -inf  FR -inf dBFS")


def test_cancel():
    runtime = HeadlessRuntime(cancel=threading.Event())
    runtime.cancel.set()
    with pytest.raises(Cancelled):
        spatialize.run(SCENE, TRACKS, runtime=runtime)


def test_inputs_are_left_alone():
    before = [t.samples.copy() for t in TRACKS]
    spatialize.run(SCENE, TRACKS)
    assert all(np.array_equal(t.samples, b) for t, b in zip(TRACKS, before, strict=True))


BROKEN = AudioTrack(np.array([0, np.nan, np.inf], np.float32), RATE)
MOVING = SoundSource("bird", Trajectory(*(np.array([1.0, 2.0]) for _ in range(4))))


@pytest.mark.parametrize(
    ("sources", "tracks", "settings", "words"),
    [
        ([], [], {}, "no sources"),
        ([source()], [], {}, "1 sources and 0 tracks"),
        ([source(), source(label="dog")], [track(), track(rate=44100)], {}, "'dog' has 44100 Hz .* 16000 Hz"),
        ([source()], [BROKEN], {}, "'thing' holds 2 of 3 samples that are not finite"),
        ([source()], [AudioTrack(np.zeros(0, np.float32), RATE)], {}, "all tracks are empty"),
        ([source()], [AudioTrack(np.zeros((2, 9), np.float32), RATE)], {}, "shape .2, 9.; allowed is mono"),
        ([source()], [track(rate=4000)], {}, "sample rate is 4000 Hz"),
        ([source(distance=-1)], [track()], {}, "distance of source 'thing' is -1 m"),
        ([source(elevation=91)], [track()], {}, "elevation of source 'thing' is 91 degrees"),
        ([source(azimuth=np.nan)], [track()], {}, "azimuth of source 'thing' is nan"),
        ([source(width=400)], [track()], {}, "width of source 'thing'"),
        ([source(gain_db=np.inf)], [track()], {}, "gain of source 'thing'"),
        ([MOVING], [track()], {}, "'bird' moves"),
        ([source()], [track()], {"layout": "quad"}, "layout is 'quad'; allowed is one of: stereo, 5.1"),
        ([source()], [track()], {"law": "x"}, "panning law is 'x'"),
        ([source()], [track()], {"loudness": -4.0}, "loudness is -4 LUFS; allowed is -70 to -5"),
        ([source()], [track()], {"room": Room(t60=0.01)}, "T60 of the living room is 0.01 s"),
    ],
)
def test_refusals(sources, tracks, settings, words):
    with pytest.raises(InputError, match=words) as caught:
        spatialize.run(sources, tracks, **settings)
    assert "\n" not in str(caught.value)
