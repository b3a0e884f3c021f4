"""The room's door: whole renderings, and what is refused."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from see2sound_nodes.s2s_core import spatialize
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.spatialize import LAYOUTS, ROOMS, Mixing
from see2sound_nodes.s2s_core.types import AudioTrack, Room, SoundSource, Surround, Trajectory

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


CLICK = AudioTrack(np.eye(1, 4000, dtype=np.float32)[0] * 0.5, RATE)
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


@pytest.mark.parametrize("moving", [False, True])
def test_a_track_may_begin_later(moving):
    still = source(30)
    path = Trajectory(*(np.array(column, float) for column in ([0, 1], [30, -30], [0, 0], [2, 3])))
    thing = replace(still, trajectory=path) if moving else still
    silent, sound = np.zeros(RATE // 2, np.float32), track(0.5).samples
    late = AudioTrack(sound, RATE, start=0.5)
    whole = AudioTrack(np.concatenate([silent, sound]), RATE)
    dry = Mixing(reverberation=-60)  # a moving one's reflections change at moments that its track's begin decides
    a, b = (unlevelled(spatialize.run([thing], [t], mixing=dry)) for t in (late, whole))
    assert a.shape == b.shape and np.abs(a - b).max() < 1e-5 * np.abs(b).max()


@pytest.mark.parametrize("layout", ["5.1", "7.1.4", "stereo", "AmbiX", "binaural"])
def test_a_bed_is_mixed_in_as_it_is(layout):
    bed = Surround(np.stack([track(0.5).samples, track(0.5).samples]), RATE, LAYOUTS["stereo"])
    scene = {"sources": [source(40)], "tracks": [track()], "layout": layout}
    with_bed, without = (unlevelled(spatialize.run(**scene, bed=given)) for given in (bed, None))
    added = with_bed - without
    expected = bed.samples.sum(axis=0, keepdims=True) if layout == "AmbiX" else bed.samples  # of AmbiX, the W
    assert np.abs(added[: len(expected), : RATE // 2] - expected).max() < 1e-5
    assert np.abs(added[:, RATE // 2 :]).max() < 1e-5
    assert unlevelled(spatialize.run(**scene, bed=bed, sample_rate=8000)).any()


def test_levels_as_gains():
    far, near = spatialize.with_levels([source(0, 20, gain_db=3.0), source(0, 2)])
    assert far.gain_db == pytest.approx(3 - 14.0, abs=1e-6) and near.gain_db == pytest.approx(0)


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
TRACED = "ray tracing (pyroomacoustics)"
ONE, TWO, HALF = np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([1.0, np.nan])
MOVING, BACKWARDS, LOST, UNEVEN = (
    SoundSource("bird", Trajectory(*path))
    for path in ((ONE,) * 4, (TWO, ONE, ONE, ONE), (ONE, HALF, ONE, ONE), (ONE, ONE, ONE, ONE[:1]))
)


@pytest.mark.parametrize(
    ("sources", "tracks", "settings", "words"),
    [
        ([], [], {}, "no sources"),
        ([source()], [], {}, "1 sources and 0 tracks"),
        ([source(), source(label="dog")], [track(), track(rate=44100)], {}, "'dog' has 44100 Hz .* 16000 Hz"),
        ([source()], [BROKEN], {}, "'thing' holds 2 of 3 samples that are not finite"),
        ([source()], [AudioTrack(np.zeros(0, np.float32), RATE)], {}, "all tracks are empty"),
        ([source()], [AudioTrack(np.zeros((2, 9), np.float32), RATE)], {}, "shape .2, 9.; allowed is mono"),
        ([source()], [track(rate=4000)], {}, "sample rate of the track of source 'thing' is 4000 Hz"),
        ([source(distance=-1)], [track()], {}, "distance of source 'thing' is -1 m"),
        ([source(elevation=91)], [track()], {}, "elevation of source 'thing' is 91 degrees"),
        ([source(azimuth=np.nan)], [track()], {}, "azimuth of source 'thing' is nan"),
        ([source(width=400)], [track()], {}, "width of source 'thing'"),
        ([source(gain_db=np.inf)], [track()], {}, "gain of source 'thing'"),
        ([MOVING], [track()], {"mixing": Mixing(engine=TRACED)}, "'bird' moves, which .*'ray tracing.*choose 'hybrid'"),
        ([BACKWARDS], [track()], {}, "path of source 'bird' has times .2.0, 1.0.; allowed are one or more, each later"),
        ([LOST], [track()], {}, "azimuth of source 'bird' is nan degrees"),
        ([UNEVEN], [track()], {}, "has 2 times and 1 values of its distance"),
        ([source()], [track()], {"layout": "quad"}, "layout is 'quad'; allowed is one of: stereo, 5.1"),
        ([source()], [track()], {"sample_rate": 100}, "sample rate is 100 Hz; allowed is 8000 to 384000 Hz"),
        ([source()], [track()], {"loudness": -4.0}, "loudness is -4 LUFS; allowed is -70 to -5"),
        ([source()], [track()], {"room": Room(t60=0.01)}, "T60 of the living room is 0.01 s"),
    ],
)
def test_refusals(sources, tracks, settings, words):
    with pytest.raises(InputError, match=words) as caught:
        spatialize.run(sources, tracks, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"law": "x"}, "panning law is 'x'"),
        ({"engine": "x"}, "room engine is 'x'; allowed is one of: hybrid, image sources"),
        ({"reverberation": 13.0}, "reverberation is 13 dB; allowed is -60 to 12 dB: -60 is none"),
        ({"rolloff": np.nan}, "rolloff is nan; allowed is 0 to 2"),
        ({"lfe": -61.0}, "LFE level is -61 dB"),
    ],
)
def test_mixing_out_of_range(change, words):
    with pytest.raises(InputError, match=words):
        Mixing(**change)


def test_no_reverberation_is_the_direct_sound_alone():
    dry = unlevelled(spatialize.run([source(30)], [track()], room=ROOMS["hall"], mixing=Mixing(reverberation=-60)))
    wet = unlevelled(spatialize.run([source(30)], [track()], room=ROOMS["hall"]))
    assert not dry[[1, 2, 4, 5]].any() and dry[0].any() and wet[1].any()


def test_reverberation_is_a_level():
    levels = {}
    for reverberation in (-60, -6, 0):
        mixing = Mixing(reverberation=reverberation)
        levels[reverberation] = unlevelled(spatialize.run([source(30)], TRACKS[:1], mixing=mixing))
    room = [levels[level] - levels[-60] for level in (-6, 0)]
    assert np.abs(room[0] - 10 ** (-6 / 20) * room[1])[[0, 1, 2, 4, 5]].max() < 1e-5


def test_rolloff_and_lfe_levels():
    def at(distance, **mixing):
        return unlevelled(spatialize.run([source(30, distance)], [CLICK], room=OUTDOORS, mixing=Mixing(**mixing)))

    assert at(8, rolloff=1.0)[0, 0] / at(2, rolloff=1.0)[0, 0] == pytest.approx(1 / 4, rel=1e-3)
    assert at(8, rolloff=0.0)[0, 0] == pytest.approx(at(2, rolloff=0.0)[0, 0], rel=1e-3)
    lows = [np.abs(at(2, lfe=level)[3]).max() for level in (-60, -6, 0)]
    assert lows[0] == 0 and lows[1] / lows[2] == pytest.approx(10 ** (-6 / 20), rel=1e-3)


def test_travel_is_the_speed_of_sound():
    far = spatialize.run([source(30, 34.3)], [CLICK], room=OUTDOORS, mixing=Mixing(travel=True))
    assert int(np.argmax(np.abs(far.samples[0]))) == RATE // 10
    cut = spatialize.run([source(30, 34.3)], [CLICK], room=OUTDOORS, mixing=Mixing(travel=True), tail=False)
    assert cut.samples.shape[1] == len(CLICK.samples)


def test_solo():
    sources = [source(-50), source(50, solo=True), source(0)]
    tracks = [track(), track(), track()]
    alone = unlevelled(spatialize.run(sources[1:2], tracks[1:2]))
    assert np.abs(unlevelled(spatialize.run(sources, tracks)) - alone).max() < 1e-6


def test_another_sample_rate_only_when_asked():
    tracks = [track(rate=16000), track(0.5, rate=44100)]
    sound = spatialize.run([source(), source(-20)], tracks, sample_rate=48000, tail=False)
    assert (sound.sample_rate, sound.samples.shape[1]) == (48000, 48000)
    with pytest.raises(InputError, match="ask for one, such as 48000 Hz"):
        spatialize.run([source(), source(-20)], tracks)


def test_stems_sum_to_the_mix():
    sources = [source(-50), source(20, 4, 10, width=30), source(0, 6, background=True), source(9, muted=True)]
    tracks = [track(), track(0.7), track(), track()]
    mix, parts = spatialize.run(sources, tracks), list(spatialize.stems(sources, tracks))
    assert [part.samples.shape for part in parts] == [mix.samples.shape] * 4
    assert np.abs(sum(part.samples for part in parts) - mix.samples).max() < 1e-5
    assert not parts[3].samples.any() and parts[3].loudness == -np.inf
    assert all(part.gain_db == mix.gain_db for part in parts)


def test_stems_of_what_is_far_away_are_as_long_as_the_mix():
    scene = {"sources": [source(-50, 300), source(20)], "tracks": [track(), track()], "mixing": Mixing(travel=True)}
    mix, parts = spatialize.run(**scene), spatialize.stems(**scene)
    assert {part.samples.shape for part in parts} == {mix.samples.shape}


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
@pytest.mark.parametrize("layout", ["5.1", "7.1.4", "binaural", "AmbiX"])
def test_any_rate(rate, layout):
    sound = spatialize.run([source(30)], [track(0.2, rate)], layout=layout, room=ROOMS["living room"])
    assert sound.sample_rate == rate and np.isfinite(sound.samples).all()
    assert sound.loudness == pytest.approx(-23, abs=0.01) or sound.true_peak == pytest.approx(-1, abs=0.01)


def test_a_zero_length_clip_among_others_is_silence():
    both = spatialize.run([source(-50), source(20)], [track(), AudioTrack(np.zeros(0, np.float32), RATE)])
    assert np.isfinite(both.samples).all() and both.samples.any()


def test_on_the_listener():
    sound = spatialize.run([source(0, 0.0)], [track()])
    assert np.isfinite(sound.samples).all() and sound.samples.any()


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-360, 360),
    st.floats(-90, 90),
    st.floats(0, 1e6),
    st.floats(0, 360),
    st.sampled_from(sorted(ROOMS)),
    st.sampled_from(sorted(LAYOUTS)),
    st.booleans(),
)
def test_whatever_is_allowed_comes_out_finite_and_under_the_ceiling(az, el, distance, width, room, layout, background):
    anything = SoundSource("any", Trajectory.still(az, el, distance), width=width, background=background)
    sound = spatialize.run([anything], [AudioTrack(TRACKS[0].samples[:1600], 8000)], room=ROOMS[room], layout=layout)
    assert np.isfinite(sound.samples).all() and sound.true_peak <= -0.99
