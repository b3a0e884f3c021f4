"""A watching that was stopped goes on where it was."""

from dataclasses import replace

import numpy as np
import pytest
from see2sound_nodes.s2s_core import film
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import Cancelled
from see2sound_nodes.s2s_core.media.clips import clip_from_array
from see2sound_nodes.s2s_core.tracks import to_arrays

from .made import discs, host, loaded

MANNER = film.Manner(count=2, per_second=4.0)
FRAMES = 5


def clip(shade=0):
    return clip_from_array(np.stack(discs(FRAMES)) + np.uint8(shade), 4, "clip")


class Counted:
    """Models that count how often they are asked."""

    def __init__(self, runtime):
        self.asked = {"segment": 0, "depth": 0}
        self.models = [self.counting(loaded(room, runtime)) for room in self.asked]

    def counting(self, model):
        def call(*given, **named):
            self.asked[model.room] += 1
            return model.call(*given, **named)

        return Model(model.room, model.name, call)

    def watch(self, runtime, clip=None, manner=MANNER):
        self.asked = dict.fromkeys(self.asked, 0)
        return film.watch(clip or globals()["clip"](), *self.models, manner, runtime)


@pytest.fixture
def watcher(tmp_path):
    runtime = host(tmp_path)
    return Counted(runtime), runtime


def plain(watched):
    """All that was seen, as arrays of which equal ones are equal."""
    rows = [(track.start, track.stop, track.label, track.prompt, track.cuts) for track in watched.tracks]
    return rows, [to_arrays(track.sightings) for track in watched.tracks], watched.span, watched.cuts


def assert_same(one, other):
    np.testing.assert_equal(plain(one), plain(other))


def notes(tmp_path):
    return sorted((tmp_path / "temp").rglob("*.npz"))


def test_what_was_seen_before_a_stop_is_not_looked_at_again(tmp_path, watcher):
    counted, runtime = watcher

    def stop(label, done, total):
        if label == "watching" and done == 3:
            runtime.cancel.set()

    runtime.listen = stop
    with pytest.raises(Cancelled, match="stopped by the user"):
        counted.watch(runtime)
    seen = len(notes(tmp_path))
    assert seen == 3 and counted.asked["segment"] == 4  # in the midst of the fourth
    runtime.cancel.clear()
    runtime.listen = None
    resumed = counted.watch(runtime)
    assert counted.asked == {"segment": FRAMES - seen, "depth": FRAMES - seen}
    again = counted.watch(runtime)
    assert counted.asked == {"segment": 0, "depth": 0}
    uninterrupted = counted.watch(host(tmp_path / "elsewhere"))
    assert counted.asked["segment"] == FRAMES
    assert_same(resumed, uninterrupted)
    assert_same(again, uninterrupted)


def test_a_frame_whose_note_was_being_written_leaves_none(tmp_path, watcher, monkeypatch):
    counted, runtime = watcher

    def full(file, **arrays):
        file.write(b"PK half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", full)
        with pytest.raises(KeyboardInterrupt):
            counted.watch(runtime)
    assert not [path for path in (tmp_path / "temp").rglob("*") if path.is_file()]


def cut_to(share):
    return lambda data: data[: int(len(data) * share)]


def flipped(share):
    def damage(data):
        damaged = bytearray(data)
        at = int(len(data) * share)
        damaged[at : at + 8] = bytes(byte ^ 0x55 for byte in damaged[at : at + 8])
        return bytes(damaged)

    return damage


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: b"\0" * len(data), cut_to(0.01), cut_to(0.5), cut_to(0.999)]
    + [flipped(share) for share in (0.02, 0.1, 0.4, 0.7, 0.9, 0.95)],
)
def test_a_damaged_note_is_looked_at_again(tmp_path, watcher, damage):
    counted, runtime = watcher
    whole = counted.watch(runtime)
    note = notes(tmp_path)[2]
    data = note.read_bytes()
    note.write_bytes(damage(data))
    assert_same(counted.watch(runtime), whole)
    assert counted.asked["segment"] <= 1 and (counted.asked["segment"] == 1 or note.read_bytes() == damage(data))
    counted.watch(runtime)
    assert counted.asked["segment"] == 0


def test_a_note_of_another_frame_is_not_believed(tmp_path, watcher):
    counted, runtime = watcher
    whole = counted.watch(runtime)
    first, second, *_ = notes(tmp_path)
    second.write_bytes(first.read_bytes())
    assert_same(counted.watch(runtime), whole)
    assert counted.asked["segment"] == 1


OTHER = {
    "count": 3,
    "mode": "largest",
    "background": False,
    "points": 8,
    "per_second": 2.0,
    "projection": "fisheye",
    "field_of_view": 90.0,
}


@pytest.mark.parametrize("setting", OTHER)
def test_another_setting_has_notes_of_its_own(tmp_path, watcher, setting):
    counted, runtime = watcher
    counted.watch(runtime)
    before = {note: note.read_bytes() for note in notes(tmp_path)}
    counted.watch(runtime, manner=replace(MANNER, **{setting: OTHER[setting]}))
    assert counted.asked["segment"] == len(notes(tmp_path)) - len(before) > 0
    assert all(note.read_bytes() == data for note, data in before.items())


def test_another_clip_and_another_model_have_notes_of_their_own(tmp_path, watcher):
    counted, runtime = watcher
    counted.watch(runtime)
    counted.watch(runtime, clip(shade=1))
    assert counted.asked["segment"] == FRAMES
    counted.models[1] = replace(counted.models[1], name="another")
    counted.watch(runtime)
    assert counted.asked["segment"] == FRAMES
    assert len(notes(tmp_path)) == 3 * FRAMES
    assert all(note.stat().st_size < 50_000 for note in notes(tmp_path))


def test_where_no_note_can_be_written_the_work_goes_on_and_one_line_says_so(tmp_path, watcher, caplog):
    counted, runtime = watcher
    whole = counted.watch(runtime)
    blocked = host(tmp_path / "blocked")
    (tmp_path / "blocked").write_bytes(b"a file where the folder would be")
    assert_same(counted.watch(blocked), whole)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert "a part of that path is a file" in caplog.text


def test_a_frame_like_the_one_before_is_not_looked_at_again(watcher):
    counted, runtime = watcher
    first, last = discs(2)
    watched = counted.watch(runtime, clip_from_array(np.stack([first] * 3 + [last]), 4, "still standing"))
    assert counted.asked == {"segment": 2, "depth": 2}
    assert [sighting.time for sighting in watched.tracks[0].sightings][:3] == [0.0, 0.25, 0.5]


def test_old_notes_that_another_run_removes_are_no_error(tmp_path, watcher, monkeypatch):
    counted, runtime = watcher
    gone = tmp_path / "temp" / film.watch.__globals__["NOTES"] / "gone"
    gone.mkdir(parents=True)
    listing = type(gone).iterdir

    def racing(folder):
        found = list(listing(folder))
        if gone in found:
            gone.rmdir()
        return iter(found)

    monkeypatch.setattr(type(gone), "iterdir", racing)
    assert counted.watch(runtime).tracks and not gone.exists()
