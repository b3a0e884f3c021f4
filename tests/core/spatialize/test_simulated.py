"""The engines by pyroomacoustics: the same direct sound, stated decays, the library's own response, and refusals."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import signal
from see2sound_nodes.s2s_core.errors import Cancelled, DependencyError, InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.spatialize import ROOMS, rir
from see2sound_nodes.s2s_core.spatialize import room as rooms
from see2sound_nodes.s2s_core.spatialize.layouts import LAYOUTS
from see2sound_nodes.s2s_core.spatialize.pan import panner
from see2sound_nodes.s2s_core.spatialize.responses import LEAD
from see2sound_nodes.s2s_core.spatialize.simulated import image_sources, ray_tracing
from see2sound_nodes.s2s_core.types import Room, SoundSource, Trajectory

RATE = 16000
PANNERS = {name: panner(layout) for name, layout in LAYOUTS.items()}
STUDIO = ROOMS["studio"]
ENGINES = [image_sources, ray_tracing]


def source(azimuth=40.0, distance=2.0, elevation=3.0):
    return SoundSource("thing", Trajectory.still(azimuth, elevation, distance))


def responses(engine, room=STUDIO, place=None, layout="5.1", rate=RATE, wet=1.0):
    return engine([place or source()], room, PANNERS[layout], rate, wet, HeadlessRuntime())


def heard(engine, room, layout="5.1", rate=RATE):
    """Response [V, T] from the direct sound on, all in all."""
    made = responses(engine, room, layout=layout, rate=rate)
    own = made.own[0][:, LEAD:].astype(float)
    if made.late is None:
        return own
    total = np.zeros((len(own), max(own.shape[1], made.late.shape[1])))
    total[:, : own.shape[1]] += own
    total[:, : made.late.shape[1]] += made.sends[0] * made.late
    return total


def fitted_t60(response, rate=RATE):
    left = np.cumsum(np.sum(response**2, axis=0)[::-1])[::-1]
    level = 10 * np.log10(left / left[0] + 1e-30)
    part = np.flatnonzero((level < -10) & (level > -40))
    return -60 / np.polyfit(part / rate, level[part], 1)[0]


# T60 found to T60 asked for; dB of direct to reverberant sound beside theory
@pytest.mark.parametrize("name", ["living room", "classroom"])
@pytest.mark.parametrize(
    ("engine", "shortest", "longest"), [(rir.hybrid, 0.97, 1.03), (ray_tracing, 0.92, 1.10), (image_sources, 1.1, 1.7)]
)
def test_decay_and_direct_to_reverberant_ratio(engine, shortest, longest, name):
    room = ROOMS[name]
    response = heard(engine, room, "AmbiX")[:1]
    assert shortest <= fitted_t60(response) / room.t60 <= longest
    direct = np.sum(response[:, 0] ** 2)
    ratio = 10 * np.log10(direct / (np.sum(response**2) - direct))
    theory = -10 * np.log10(312 * room.t60 / np.prod(room.size) * 2**2 * np.exp(-0.04 * 2 / room.t60))
    assert ratio == pytest.approx(theory, abs=1.5)


@pytest.mark.parametrize("layout", PANNERS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_direct_sound_is_the_same_in_all_engines(engine, layout):
    ours, theirs = (responses(each, layout=layout).own[0] for each in (rir.hybrid, engine))
    assert theirs.dtype == np.float32 and len(theirs) == len(PANNERS[layout].diffuse) and np.isfinite(theirs).all()
    first = slice(0, LEAD + 8)  # half a millisecond, before any reflection
    assert theirs[:, first] == pytest.approx(
        ours[:, first], abs=0.03
    )  # rays are counted in bins of 4 ms, which begin early
    dry = responses(engine, layout=layout, wet=0.0).own[0]
    assert np.count_nonzero(np.abs(dry).max(axis=0) > 1e-6) == 1


@pytest.mark.parametrize("rate", [16000, 48000])
def test_all_images_against_the_library_s_own_response(rate):
    import pyroomacoustics

    room = ROOMS["living room"]
    listening, spot = rooms.listener(room), rooms.place(room, 40, 3, 2)
    share = float(rooms.absorption(room)[0, 0])
    model = pyroomacoustics.ShoeBox(room.size, fs=rate, materials=pyroomacoustics.Material(share), max_order=53)
    model.add_source(spot)
    model.add_microphone(listening)
    model.compute_rir()
    length = 1 << 17
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    early = np.exp(2j * np.pi * frequencies * (2.0 / 343 + 40 / rate))
    ours = heard(image_sources, room, "AmbiX", rate)[0]
    theirs = np.fft.irfft(np.fft.rfft(model.rir[0][0] * 2.0, length) * early, length)[: len(ours)]
    spectra = np.fft.rfft([ours - theirs, theirs], length)[:, (frequencies > 80) & (frequencies < 0.4 * rate)]
    difference, whole = np.sum(np.abs(spectra) ** 2, axis=1)
    assert 10 * np.log10(difference / whole) < -33


def test_walls_keep_their_places():
    """A wall that swallows all, one after the other: the two models lose the same reflections."""
    for wall in range(6):
        shares = np.full((6, 7), 0.3)
        shares[wall] = 0.999
        room = rooms.with_absorption(Room((6, 5, 3)), shares)
        ours, theirs = (heard(engine, room)[:, :400] for engine in (rir.hybrid, image_sources))
        assert np.sum((ours - theirs) ** 2) < 0.05 * np.sum(theirs**2), wall


@pytest.mark.parametrize(("engine", "shortest", "longest"), [(ray_tracing, 0.85, 1.15), (image_sources, 1.0, 1.7)])
def test_octaves_fall_at_their_own_pace(engine, shortest, longest):
    room = rooms.with_absorption(ROOMS["living room"], np.tile([0.2] * 3 + [0.4] * 4, (6, 1)))
    response = heard(engine, room, "5.1", 32000)
    t60 = rooms.t60_of(room)
    assert t60[1] > 2 * t60[4]
    for band in (1, 4):
        edges = np.array([2 ** (-1 / 6), 2 ** (1 / 6)]) * Room.OCTAVES[band]
        filtered = signal.sosfilt(signal.butter(4, edges, "bandpass", fs=32000, output="sos"), response)
        assert shortest <= fitted_t60(filtered, 32000) / t60[band] <= longest


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_again_byte_for_byte_whatever_was_drawn_before(engine):
    first = responses(engine).own[0].tobytes()
    import pyroomacoustics

    pyroomacoustics.random.seed(numpy=7, libroom=8)
    expected = np.random.default_rng(7).uniform()
    assert responses(engine).own[0].tobytes() == first
    assert pyroomacoustics.random.get_rng().uniform() == expected, "the library's own generator was used up"


@pytest.mark.parametrize("engine", ENGINES)
def test_on_top_of_the_listener_and_beyond_the_walls(engine):
    corner = Room((2.0, 1.5, 1.2), 0.1, listener=(0.2, 0.2, 0.2))
    for room in (STUDIO, corner):
        for distance in (0.0, 1e-9, 1e5):
            assert np.isfinite(responses(engine, room, source(10, distance)).own[0]).all()


@pytest.mark.parametrize("rate", [8000, 192000])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_rate(engine, rate):
    energy = [np.sum(heard(engine, STUDIO, "AmbiX", each)[0] ** 2) for each in (rate, 48000)]
    assert 10 * np.log10(energy[0] / energy[1]) == pytest.approx(0, abs=1.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_open_air_is_that_of_the_hybrid(engine):
    ours, theirs = (responses(each, ROOMS["outdoors"]) for each in (rir.hybrid, engine))
    assert theirs.own[0].tobytes() == ours.own[0].tobytes() and theirs.late is None


def test_too_many_images_are_refused():
    with pytest.raises(InputError, match="the tunnel has 1.1e.07 images .* hold 4e.06: choose 'hybrid'"):
        responses(image_sources, ROOMS["tunnel"])


@pytest.mark.parametrize("engine", ENGINES)
def test_without_the_library_the_command_is_named(engine, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(DependencyError, match="needs pyroomacoustics .* pip install 'pyroomacoustics"):
        responses(engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_cancel_and_progress(engine):
    steps = []
    runtime = HeadlessRuntime(listen=lambda *step: steps.append(step))
    engine([source(), source(-20)], STUDIO, PANNERS["5.1"], RATE, 1.0, runtime)
    assert [step[1:] for step in steps] == [(0, 2), (1, 2), (2, 2)]
    runtime = HeadlessRuntime(cancel=threading.Event())
    runtime.cancel.set()
    with pytest.raises(Cancelled):
        engine([source()], STUDIO, PANNERS["5.1"], RATE, 1.0, runtime)


def test_threads_do_not_disturb_each_others_rays():
    def rays(_):
        return responses(ray_tracing).own[0].tobytes()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(rays, range(3)))) == 1
