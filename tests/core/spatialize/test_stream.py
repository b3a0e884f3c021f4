"""The mix as a stream: the same sound, in little memory, and nothing left behind."""

import gc
import tracemalloc

import numpy as np
import pytest
from see2sound_nodes.s2s_core import spatialize
from see2sound_nodes.s2s_core.errors import OutputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import AudioTrack, SoundSource, Trajectory

RATE = 8000
SOURCES = [
    SoundSource("still", Trajectory.still(-40, 0, 3)),
    SoundSource("bird", Trajectory(*(np.array(v, float) for v in ([0, 5], [60, -60], [0, 20], [2, 9])))),
    SoundSource("air", Trajectory.still(0, 0, 5), background=True),
]


def tracks(seconds):
    made = np.random.default_rng(6)
    return [AudioTrack((made.standard_normal(round(seconds * RATE)) * 0.1).astype("f4"), RATE) for _ in SOURCES]


@pytest.fixture
def runtime(tmp_path):
    return HeadlessRuntime(folders={"temp": tmp_path / "temp"})


@pytest.mark.parametrize("tail", [True, False])
def test_the_same_as_in_one_piece(runtime, tail):
    given = tracks(7)
    streamed = spatialize.stream(SOURCES, given, tail=tail, runtime=runtime)
    whole = spatialize.run(SOURCES, given, tail=tail)
    for _ in range(2):  # it can be read again
        assert np.array_equal(np.concatenate(list(streamed), axis=1), whole.samples)
    assert (streamed.length, streamed.seconds) == (whole.samples.shape[1], whole.seconds)
    assert (streamed.loudness, streamed.true_peak) == (whole.loudness, whole.true_peak)


def test_memory_does_not_grow_with_the_length(runtime):
    peaks = []
    for seconds in (20, 160):
        given = tracks(seconds)
        tracemalloc.start()
        for _ in spatialize.stream(SOURCES, given, runtime=runtime):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < 6 * 160 * RATE * 4 / 2, "more than half of the result was held"


def test_what_begins_late_waits_on_no_memory(runtime):
    late = [AudioTrack(track.samples, RATE, start=300.0) for track in tracks(1)]
    tracemalloc.start()
    for _ in spatialize.stream(SOURCES, late, runtime=runtime):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * 6 * 300 * RATE * 4


def test_nothing_is_left_behind(runtime, tmp_path):
    streamed = spatialize.stream(SOURCES, tracks(1), runtime=runtime)
    del streamed
    gc.collect()
    assert not list((tmp_path / "temp").iterdir())


def test_a_full_disk_is_one_line(runtime, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    class Full:
        write = full

        def close(self):
            pass

    monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: Full())
    with pytest.raises(OutputError, match="the mix does not fit into .*temp.*No space left"):
        spatialize.stream(SOURCES, tracks(1), runtime=runtime)
