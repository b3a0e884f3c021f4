"""The whole chain scored on scenes whose truth is known."""

import csv
import json

import numpy as np
import pytest
from see2sound_nodes.s2s_core import depth as depth_room
from see2sound_nodes.s2s_core import segment, truth
from see2sound_nodes.s2s_core.backend import Backend
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, OutputError
from see2sound_nodes.s2s_core.pipeline import Settings
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import DepthMap, Region

COUNT = 3


def host(tmp_path, **more):
    return HeadlessRuntime("cpu", models=(tmp_path / "no models",), **more)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth")
    text = truth.run(COUNT, folder, Settings(), host(folder))
    return text, folder, json.loads((folder / "truth.json").read_text())


def test_true_masks_and_depth_leave_nearly_nothing_wrong(scored):
    exact = scored[2]["summary"]["exact"]
    assert exact["found"] == exact["things"] >= 3 * COUNT and exact["others"] == 0
    assert exact["azimuth_error"] < 0.5 and exact["elevation_error"] < 0.5 and exact["distance_factor"] < 1.02
    assert exact["left"] == exact["right"] == exact["front_back"] == 1 and exact["heard_error"] < 10
    assert exact["t60"] == pytest.approx(0.9, rel=0.06) and exact["direct_error"] < 3
    assert exact["dead"] == {} and exact["loudness"] == pytest.approx(-23, abs=0.05) and exact["true_peak"] <= -1


def test_the_published_stage_shows_its_facts(scored):
    published = scored[2]["summary"]["as published"]
    assert published["dead"] == {"FR": COUNT}, "its microphone stands outside the room"
    assert published["left"] == 1 and published["right"] < 0.4, "nearly everything is heard from the left"
    assert published["heard_error"] > 25
    heard = [row["heard_azimuth"] for row in scored[2]["things"] if row["chain"] == "as published"]
    assert np.mean(np.sin(np.radians(heard)) > 0) > 0.8


def test_the_chain_without_weights_is_scored_and_missing_models_are_told(scored):
    text, _, facts = scored
    free = facts["summary"]["no weights"]
    assert 0 < free["found"] < free["things"] and free["azimuth_error"] < 2 and free["distance_factor"] > 1.2
    assert "models" not in facts["summary"] and "models: not on this machine: none of SAM ViT-B" in text


def test_everything_is_written(scored):
    text, folder, facts = scored
    pictures = [f"scene_{number:03}.png" for number in range(1, COUNT + 1)]
    assert sorted(p.name for p in folder.iterdir()) == [*pictures, "truth.json", "truth.txt", "truth_things.csv"]
    assert (folder / "truth.txt").read_text() == text + "\n"
    with open(folder / "truth_things.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(facts["things"]) and {row["projection"] for row in rows} == {*truth.scenes.VIEWS}
    assert float(rows[0]["azimuth"]) == facts["things"][0]["azimuth"]


def test_a_scene_is_the_same_whatever_comes_after_it(scored, tmp_path):
    truth.run(1, tmp_path, Settings(), host(tmp_path))
    again = json.loads((tmp_path / "truth.json").read_text())
    for kind in ("things", "sounds"):
        assert again[kind] == [row for row in scored[2][kind] if row["scene"] == 1]
    assert (tmp_path / "scene_001.png").read_bytes() == (scored[1] / "scene_001.png").read_bytes()


def vivid(picture, runtime, points=0):
    """Regions of strong colour that do not touch: the things of a scene, nearly exactly."""
    from scipy import ndimage

    labels, count = ndimage.label(np.ptp(picture.pixels, axis=2) > 0.35)
    masks = [labels == number for number in range(1, count + 1)]
    return [Region(mask, score=0.9) for mask in masks if mask.sum() > 300]


def even(picture, runtime):
    return DepthMap(np.full(picture.size, 10.0, np.float32), "radial")


def here(name, call):
    return {name: Backend(name, "", lambda runtime: call, weights=("a file",), converted=lambda runtime: True)}


def test_models_that_are_here_are_scored(tmp_path, monkeypatch):
    monkeypatch.setattr(segment, "BACKENDS", {**segment.BACKENDS, **here("vivid", vivid)})
    monkeypatch.setattr(depth_room, "BACKENDS", {**depth_room.BACKENDS, **here("even", even)})
    text = truth.run(1, tmp_path, Settings(reverberation=-8.0), host(tmp_path))
    summary = json.loads((tmp_path / "truth.json").read_text())["summary"]
    numbers = summary["models"]
    assert numbers["found"] > 0 and numbers["overlap"] > 0.7 and numbers["azimuth_error"] < 1
    assert "models: vivid and even" in text
    assert summary["exact"]["direct_error"] < 3, "the theory knows of the 8 dB"


def test_a_chain_that_finds_nothing_is_scored_so(tmp_path, monkeypatch):
    monkeypatch.setattr(segment, "BACKENDS", {**here("blind", lambda *_: []), **segment.BACKENDS})
    monkeypatch.setattr(depth_room, "BACKENDS", {**here("even", even), **depth_room.BACKENDS})
    truth.run(1, tmp_path, Settings(reverberation=-60.0), host(tmp_path))
    summary = json.loads((tmp_path / "truth.json").read_text())["summary"]
    numbers, exact = summary["models"], summary["exact"]
    assert numbers["found"] == 0 < numbers["things"] and numbers["heard_error"] is numbers["loudness"] is None
    assert exact["direct_error"] is None and exact["heard_error"] < 1, "nothing but direct sound"


def test_the_published_stage_is_given_nearness_not_distance(tmp_path, monkeypatch):
    given, play = [], truth.spatialize.published.run
    monkeypatch.setattr(truth.spatialize.published, "run", lambda r, d, *a, **k: given.append(d) or play(r, d, *a, **k))
    truth.run(1, tmp_path, Settings(room="outdoors"), host(tmp_path))
    assert {depth.unit for depth in given} == {"inverse"}
    assert given[0].values[-1].min() > given[0].values[0].max(), "the ground is nearer than the sky"


def test_a_named_model_that_is_missing_is_told_by_name_and_the_open_air_has_no_theory(tmp_path):
    text = truth.run(1, tmp_path, Settings(segmenter="SAM 2.1 Tiny", room="outdoors"), host(tmp_path))
    assert "models: not on this machine: sam2.1-tiny" in text and "no weights: superpixels" in text
    exact = json.loads((tmp_path / "truth.json").read_text())["summary"]["exact"]
    assert exact["direct_error"] is None and exact["t60"] < 0.01 and exact["heard_error"] < 3


@pytest.mark.parametrize(
    ("count", "setting", "words"),
    [
        (0, {}, "number of scenes is 0"),
        (1, {"layout": "binaural"}, "'binaural'; allowed is one of: stereo, 5.1"),
        (1, {"room": "cave"}, "'cave'; allowed"),
        (1, {"scene": "moon"}, "'moon'; allowed"),
        (1, {"count": 0}, "count is 0"),
        (1, {"segmenter": "bogus"}, "segmenter is 'bogus'; allowed"),
        (1, {"depth_model": "bogus"}, "depth_model is 'bogus'; allowed"),
        (1, {"generator": "bogus"}, "generator is 'bogus'; allowed"),
        (1, {"seconds": -4.0}, "seconds is -4"),
        (1, {"steps": -1}, "steps"),
    ],
)
def test_what_cannot_be_scored_is_refused_before_anything_is_written(tmp_path, count, setting, words):
    with pytest.raises(InputError, match=words):
        truth.run(count, tmp_path / "out", Settings(**setting), host(tmp_path))
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        truth.run(1000, tmp_path / "file", Settings(), host(tmp_path))


def test_stopping_leaves_nothing(tmp_path):
    runtime = host(tmp_path)
    runtime.listen = lambda label, done, total: label == "scoring scenes" and done == 1 and runtime.cancel.set()
    with pytest.raises(Cancelled):
        truth.run(2, tmp_path / "out", Settings(), runtime)
    assert not (tmp_path / "out").exists()
