"""The container of scenes, read by an independent reader of chunks, by libsndfile and by FFmpeg."""

import struct

import numpy as np
import pytest
import soundfile
from see2sound_nodes.s2s_core.errors import Cancelled
from see2sound_nodes.s2s_core.media import bw64, sound
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .chunks import chunks

SAMPLES = np.random.default_rng(1).uniform(-1, 1, (3, 1001)).astype(np.float32)
EXTRA = {"axml": b"<odd/>!", "chna": b"even"}


def written(folder, samples=SAMPLES, runtime=None):
    path = folder / "a.wav"
    with (runtime or HeadlessRuntime()).progress("writing", samples.shape[1]) as bar:
        parts = np.split(samples, [0, 400, 401], axis=1)
        bw64.write_bw64(path, parts, samples.shape, 44100, EXTRA, bar)
    return path


def test_a_small_one_is_an_ordinary_wav_file(tmp_path):
    found = chunks(written(tmp_path))
    assert list(found) == ["RIFF", "fmt ", "axml", "chna", "data"]
    assert struct.unpack("<HHIIHH", found["fmt "]) == (1, 3, 44100, 44100 * 9, 9, 24)
    assert {name: found[name] for name in EXTRA} == EXTRA and len(found["data"]) == 3 * 3 * 1001


@pytest.mark.parametrize("largest", [0xFFFFFFFF, 9000])
def test_the_sound_is_read_to_the_nearest_step(tmp_path, monkeypatch, largest):
    monkeypatch.setattr(bw64, "ROOM", largest)
    path = written(tmp_path)
    found, rate, _ = sound.read(path)
    assert rate == 44100 and np.abs(found - SAMPLES).max() <= 2**-24
    if largest > 9000:
        theirs, rate = soundfile.read(path, dtype="float64")
        assert rate == 44100 and np.abs(theirs.T - SAMPLES).max() <= 2**-24


def test_a_large_one_says_its_size_in_64_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(bw64, "ROOM", 9000)
    found = chunks(written(tmp_path))
    assert list(found) == ["BW64", "ds64", "fmt ", "axml", "chna", "data"]
    riff, data, _, table = struct.unpack("<QQQI", found["ds64"])
    assert (riff, data, table) == ((tmp_path / "a.wav").stat().st_size - 8, 9009, 0)


def test_cancel_leaves_nothing(tmp_path):
    runtime = HeadlessRuntime()
    runtime.listen = lambda label, done, total: done and runtime.cancel.set()
    with pytest.raises(Cancelled):
        written(tmp_path, runtime=runtime)
    assert not list(tmp_path.iterdir())
