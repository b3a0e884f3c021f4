"""A folder of pictures evaluated: whole, stopped and gone on with, with bad pictures in it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core import cli, pipeline, study
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, OutputError
from see2sound_nodes.s2s_core.evaluate import protocol, scores
from see2sound_nodes.s2s_core.media import images, sound
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import AudioTrack

COLOURS = {"1": "red", "2": "lime", "10": "blue"}
SETTINGS = study.Settings(seconds=0.6, room="studio")


def picture(path, colour, x=20):
    """A disc on grey."""
    rows, columns = np.ogrid[:48, :64]
    pixels = np.full((48, 64, 3), 140, np.uint8)
    pixels[(rows - 24) ** 2 + (columns - x) ** 2 < 81] = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in COLOURS.items():
        picture(folder / f"{name}.png", colour)
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The paper's definition takes seconds to load; a test of its own has it."""
    monkeypatch.setattr(protocol, "available", lambda: (("corrected",), "left out of this test"))


def run(pictures, target, settings=SETTINGS, host=None):
    said = []
    made = study.run(pictures, target, settings, host or HeadlessRuntime("cpu"), said.append)
    return made, said


def timeless(value):
    """Without what differs from run to run."""
    if isinstance(value, dict):
        return {name: timeless(inner) for name, inner in value.items() if name != "times"}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    target = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "available", lambda: (("corrected",), "left out of this test"))
        return run(pictures, target)[0], target


def test_a_report_has_its_files_and_the_sounds_of_each_picture(whole):
    report, target = whole
    names = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    own = {"index.html", "report.json", "summary.csv", "scores.csv", "spatial.csv"}
    each = {"S.flac", "C.flac", "S_matched.flac", "C_matched.flac", "regions.png", "plan.png", "result.json"}
    assert names == own | {f"pictures/{stem}/{name}" for stem in COLOURS for name in each}
    assert json.loads((target / "report.json").read_text()) == report
    assert [one["name"] for one in report["pictures"]] == ["1.png", "2.png", "10.png"]


def test_pairs_are_of_one_picture_and_scored_as_the_files_sound(whole):
    """Whoever takes the files that lie beside the page comes to its numbers."""
    report, target = whole
    for one in report["pictures"]:
        assert one["folder"] == f"pictures/{Path(one['name']).stem}"
        sounds = {}
        for name, made in one["sounds"].items():
            samples, rate, _ = sound.read(target / one["folder"] / made["file"])
            sounds[name] = AudioTrack(samples, rate)
        assert one["scores"] == protocol.compare(sounds, ["corrected"])


def test_the_report_says_how_it_was_made(whole):
    report, _ = whole
    assert report["settings"]["seed"] == 0 and report["settings"]["mode"] == "default"
    assert report["chain"]["guidance"] == 7.5 and report["chain"]["mode"] == "distinct"
    assert {"numpy", "scipy", "librosa", "see2sound-nodes"} <= set(report["versions"])
    assert report["machine"]["device"] == "cpu" and report["machine"]["python"].startswith("3.")
    assert report["matcher"] == {}, "the stand-in has no weights"
    assert report["machine"]["torch"] == "not used" and set(report["weights"]) == set(study.quartet.SHARED[:3])
    assert len(report["stand_ins"]) == 4 and report["left_out"] == "left out of this test"
    assert report["counts"] == {"pictures": 3, "evaluated": 3, "skipped": 0}


def test_a_picture_alone_gives_the_numbers_that_it_has_among_others(whole, pictures, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(pictures / "10.png", alone / "other name.png")
    (one,) = run(alone, tmp_path / "report")[0]["pictures"]
    among = whole[0]["pictures"][2]
    assert (one["scores"], one["seeds"]) == (among["scores"], among["seeds"])
    assert len(set(one["seeds"].values())) == 3


def test_the_first_set_is_what_render_gives_for_its_seed(whole, pictures):
    report, target = whole
    one = report["pictures"][0]
    scene = pipeline.run(
        images.load_picture(pictures / one["name"]), SETTINGS.chain(one["seeds"]["S"]), HeadlessRuntime("cpu")
    )
    samples, _, _ = sound.read(target / one["folder"] / "S.flac")
    assert np.abs(samples - scene.surround.samples).max() < 2**-22


def stopped_after(count):
    """A host whose user stops when `count` pictures are finished."""
    host, finished = HeadlessRuntime("cpu"), []
    before = study.quartet.made

    def made(*arguments):
        if len(finished) == count:
            host.cancel.set()
        result = before(*arguments)
        finished.append(result)
        return result

    return host, made


def test_a_stopped_run_goes_on_to_the_numbers_of_one_that_was_not(whole, pictures, tmp_path, monkeypatch):
    host, made = stopped_after(2)
    with monkeypatch.context() as patch:
        patch.setattr(study.quartet, "made", made)
        with pytest.raises(Cancelled):
            run(pictures, tmp_path, host=host)
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["1", "2"], "nothing half-written"
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")}
    report, said = run(pictures, tmp_path)
    assert timeless(report) == timeless(whole[0])
    assert "2 of 3 pictures were finished before" in said and len(kept) == 8
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items()), "what was finished was not redone"
    tables = ["summary.csv", "scores.csv", "spatial.csv"]
    assert all((tmp_path / name).read_bytes() == (whole[1] / name).read_bytes() for name in tables)


def test_stopped_while_a_picture_is_made_again_it_does_not_count_as_finished(whole, pictures, tmp_path, monkeypatch):
    shutil.copytree(whole[1], tmp_path, dirs_exist_ok=True)
    before = study.files.whole_file

    def stop(path):
        if Path(path).name == study.folder.RESULT:
            raise Cancelled("stopped")
        return before(path)

    with monkeypatch.context() as patch:
        patch.setattr(study.files, "whole_file", stop)
        with pytest.raises(Cancelled):
            run(pictures, tmp_path, study.Settings(seconds=0.7, room="studio"))
    _, said = run(pictures, tmp_path)
    assert "2 of 3 pictures were finished before" in said


def test_other_settings_make_everything_again_and_say_why(whole, pictures, tmp_path):
    shutil.copytree(whole[1], tmp_path, dirs_exist_ok=True)
    report, said = run(pictures, tmp_path, study.Settings(seconds=0.7, room="studio"))
    again = [line for line in said if "made again" in line]
    assert len(again) == 3 and all("settings seconds was 0.6, is 0.7" in line for line in again)
    assert report["pictures"][0]["sounds"]["C"]["seconds"] == pytest.approx(0.7)


def test_other_weights_make_everything_again(whole, pictures, tmp_path, monkeypatch):
    shutil.copytree(whole[1], tmp_path, dirs_exist_ok=True)
    changed = {"configuration": {}, "files": {"best.pth": {"size": 5, "sha256": "feed"}}}
    monkeypatch.setattr(study.evaluate, "identity", lambda name, runtime: changed)
    report, said = run(pictures, tmp_path)
    again = [line for line in said if "made again" in line]
    assert len(again) == 3 and all("matcher files best.pth sha256 was None, is 'feed'" in line for line in again)
    assert report["matcher"] == changed


def test_the_weights_of_the_chain_are_told_and_a_change_of_one_shows(tmp_path):
    settings, host = study.Settings(segmenter="SAM 2.1 Tiny"), HeadlessRuntime("cpu", models=(tmp_path,))
    assert study.quartet.weight_files(settings, host)["segmenter"] == {}
    path = tmp_path / "sam2" / "sam2.1_hiera_tiny.pt"
    path.parent.mkdir()
    seen = []
    for content in (b"one", b"other"):
        path.write_bytes(content)
        seen.append(study.quartet.weight_files(settings, host)["segmenter"]["sam2.1-tiny"])
    assert seen[0]["path"] == str(path) and [one["size"] for one in seen] == [3, 5] and seen[1]["mtime"]


@pytest.mark.parametrize("name", ["S.flac", "regions.png"])
def test_a_damaged_file_is_made_again(whole, pictures, tmp_path, name):
    shutil.copytree(whole[1], tmp_path, dirs_exist_ok=True)
    damaged = tmp_path / "pictures" / "2" / name
    before = damaged.read_bytes()
    damaged.write_bytes(before[:-9] + bytes(9))
    report, said = run(pictures, tmp_path)
    assert f"2 is made again: {name} is not as it was written" in said
    assert damaged.read_bytes() == before and timeless(report) == timeless(whole[0])


def test_a_figure_that_cannot_be_read_does_not_stop_the_run(whole, tmp_path):
    said = []
    (tmp_path / "pictures").mkdir()
    study._write(whole[0], tmp_path, said.append)
    assert len(said) == 6 and all("is not on the page" in line for line in said)
    assert "regions: cannot be read" in (tmp_path / "index.html").read_text()


def test_a_name_does_not_steer_the_terminal(tmp_path):
    (tmp_path / "a\x1b[2J\nb.png").write_bytes(b"torn")
    said = []
    with pytest.raises(InputError):
        study.run(tmp_path, tmp_path / "report", SETTINGS, HeadlessRuntime("cpu"), said.append)
    assert any(r"a\x1b[2J\nb.png is skipped" in line for line in said) and "\x1b" not in "".join(said)


def test_a_changed_picture_is_made_again(whole, pictures, tmp_path):
    mine, before = tmp_path / "mine", whole[0]
    shutil.copytree(pictures, mine)
    shutil.copytree(whole[1], tmp_path / "report")
    picture(mine / "2.png", "lime", x=44)
    after, said = run(mine, tmp_path / "report")
    assert [line.split()[0] for line in said if "made again" in line] == ["2"]
    changed = [a["inputs"] != b["inputs"] for a, b in zip(before["pictures"], after["pictures"], strict=True)]
    assert changed == [False, True, False]


def test_bad_pictures_are_skipped_and_listed(whole, pictures, tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(pictures, mine)
    shutil.copytree(whole[1], tmp_path / "report")
    (mine / "torn.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    Image.new("RGB", (8, 8)).save(mine / "small.png")
    Image.new("RGB", (64, 64), "grey").save(mine / "wall.png")
    report, said = run(mine, tmp_path / "report")
    assert [row["name"] for row in report["skipped"]] == ["small.png", "torn.jpg", "wall.png"]
    assert report["counts"] == {"pictures": 6, "evaluated": 3, "skipped": 3}
    reasons = " ".join(row["reason"] for row in report["skipped"])
    assert "8 x 8" in reasons and "torn.jpg" in reasons and "no region stands out" in reasons
    assert sum("is skipped" in line for line in said) == 3
    assert "no region stands out in wall" in (tmp_path / "report" / "index.html").read_text()
    assert not (tmp_path / "report" / "pictures" / "wall").exists()


def test_no_good_picture_at_all_is_an_error(tmp_path):
    (tmp_path / "torn.jpg").write_bytes(b"torn")
    with pytest.raises(InputError, match="none of the 1 pictures .*torn.jpg is not a picture"):
        run(tmp_path, tmp_path / "report")
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"seconds": 0.0}, "seconds is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"steps": -1}, "steps"),
        ({"room": "cupboard"}, "room is 'cupboard'"),
        ({"mode": "loud"}, "mode is 'loud'"),
        ({"matcher": "nobody"}, "'nobody'"),
        ({"generator": "nobody"}, "'nobody'"),
        ({"segmenter": "nobody"}, "'nobody'"),
        ({"depth_model": "nobody"}, "'nobody'"),
    ],
)
def test_wrong_settings_are_an_error_and_not_a_reason_to_skip(pictures, tmp_path, setting, words):
    said = []
    with pytest.raises(InputError, match=words):
        study.run(pictures, tmp_path, study.Settings(**setting), HeadlessRuntime("cpu"), said.append)
    assert not any("skipped" in line for line in said) and not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_stops_the_run_before_all_else(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        run(tmp_path / "no pictures", tmp_path / "file", study.Settings(seconds=-1.0))


def test_the_published_stage_shows_its_faults_in_the_spatial_table(pictures, tmp_path):
    published = run(pictures, tmp_path, study.Settings(seconds=0.6, room="as published"))[0]["pictures"]
    for one in published:
        assert "FR" in one["spatial"]["dead"] and one["spatial"]["t60"] is one["spatial"]["t60_asked"] is None
        assert set(one["figures"]) == {"regions", "channels"}, "it has no room to draw"


def test_our_stage_is_true_to_the_picture(whole):
    for one in whole[0]["pictures"]:
        found = one["spatial"]
        assert found["direction_error"] < 15 and found["left_right"] == 1 and found["dead"] == []
        assert found["t60"] == pytest.approx(0.2, abs=0.05) and found["t60_asked"] == 0.2
        assert found["scored"] >= 1 and found["loudness"] == pytest.approx(-23, abs=0.5)


def test_matching_as_published_gives_mono(pictures, tmp_path):
    settings = study.Settings(seconds=0.6, room="studio", mode="as published")
    one = run(pictures, tmp_path, settings)[0]["pictures"][0]
    assert [one["sounds"][name]["layout"] for name in ("S", "C", "S'", "C'")] == ["5.1", "mono", "mono", "mono"]


def test_both_definitions_stand_in_the_report(pictures, tmp_path, monkeypatch):
    pytest.importorskip("librosa")
    monkeypatch.setattr(protocol, "available", lambda: (("corrected", "paper"), ""))
    mine = tmp_path / "mine"
    mine.mkdir()
    shutil.copy(pictures / "1.png", mine)
    report, _ = run(mine, tmp_path / "report", study.Settings(seconds=1.0, room="studio"))
    assert len(report["summary"]) == 6 * 2 * 8
    assert {row["definition"] for row in report["pictures"][0]["scores"]} == {"corrected", "paper"}


def test_the_command(pictures, tmp_path, capsys):
    arguments = ["evaluate", pictures, "-o", tmp_path, "--seconds", 0.6, "--room", "studio", "--device", "cpu"]
    assert cli.main([str(argument) for argument in arguments]) == 0
    printed = capsys.readouterr().out
    assert "1 of 3: 1.png took" in printed and "left" in printed and "corrected" in printed and "C-C'" in printed
    assert str(tmp_path / "index.html") in printed


@pytest.mark.parametrize("arguments", [[], ["somewhere", "--scenes", "3"]])
def test_the_command_takes_a_folder_or_scenes(tmp_path, capsys, arguments):
    assert cli.main(["evaluate", *arguments, "-o", str(tmp_path)]) == 1
    assert "give one of them" in capsys.readouterr().err


def test_scenes_take_no_nonsense(tmp_path, capsys):
    for option, value in (("matcher", "bogus"), ("segmenter", "bogus"), ("seconds", "-4"), ("mode", "loud")):
        assert cli.main(["evaluate", "--scenes", "1", "-o", str(tmp_path / "out"), f"--{option}", value]) == 1
        said = capsys.readouterr().err
        assert f"{option} is" in said and value in said
    assert not (tmp_path / "out").exists()


def test_being_stopped_the_command_says_what_stays(pictures, tmp_path, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(study.quartet, "made", stop)
    assert cli.main(["evaluate", str(pictures), "-o", str(tmp_path)]) == 130
    assert "what is finished stays, and the same command goes on from there" in capsys.readouterr().err


def test_ten_pictures_have_intervals(whole, monkeypatch):
    monkeypatch.setattr(scores, "RESAMPLES", 100)
    rows = [one["scores"] for one in whole[0]["pictures"]]
    assert all(row["low"] is None and len(row["values"]) == 3 for row in whole[0]["summary"] if row["count"])
    assert all(row["low"] <= row["mean"] <= row["high"] for row in protocol.summary(rows * 4, seed=0) if row["count"])
