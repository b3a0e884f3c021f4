"""The folder of pictures, and the report as tables and as a page."""

import csv
import json
from html.parser import HTMLParser
from io import StringIO

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError, MediaError, OutputError
from see2sound_nodes.s2s_core.evaluate import folder, page, plots, protocol, report, scores
from see2sound_nodes.s2s_core.types import AudioTrack


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(scores, "RESAMPLES", 100)


def touch(place, *names):
    for name in names:
        (place / name).write_bytes(b"")
    return place


def test_pictures_are_listed_by_number_and_others_ignored(tmp_path):
    touch(tmp_path, "10.png", "9.JPG", "a.webp", "notes.txt", "sound.wav", "._9.jpg")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in folder.listed(tmp_path)] == ["9.JPG", "10.png", "a.webp"]


@pytest.mark.parametrize("names", [("a.jpg", "a.png"), ("A.png", "a.jpg")])
def test_two_pictures_of_one_stem_are_refused_by_name(tmp_path, names):
    with pytest.raises(InputError, match="same name") as refused:
        folder.listed(touch(tmp_path, *names, "b.png"))
    assert all(name in str(refused.value) for name in names)


@pytest.mark.parametrize(("names", "words"), [((), "no pictures"), (("a.txt",), "no pictures")])
def test_a_folder_without_pictures_is_refused(tmp_path, names, words):
    with pytest.raises(InputError, match=words):
        folder.listed(touch(tmp_path, *names))


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        folder.listed(tmp_path / "nowhere")


def test_a_picture_that_may_not_be_read_is_named(tmp_path):
    with pytest.raises(MediaError, match="gone.png"):
        folder.digest(tmp_path / "gone.png")


INPUTS = {"picture": "abc", "settings": {"seconds": 3.0, "seed": 0}}
EMPTY = {"size": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
FILES = {"S.flac": EMPTY}


def finished(place, inputs=INPUTS, changes=None):
    touch(place, "S.flac")
    (place / folder.RESULT).write_text(json.dumps({"inputs": INPUTS, "files": FILES, **(changes or {})}))
    said = []
    return folder.finished(place, inputs, said.append), said


def test_a_whole_result_of_the_same_inputs_counts(tmp_path):
    found, said = finished(tmp_path)
    assert found["inputs"] == INPUTS and not said


@pytest.mark.parametrize(
    ("inputs", "changes", "words"),
    [
        ({**INPUTS, "settings": {"seconds": 2.0, "seed": 0}}, {}, "settings seconds was 3.0, is 2.0"),
        ({**INPUTS, "picture": "def"}, {}, "picture was 'abc', is 'def'"),
        ({"picture": "abc", "settings": {"seconds": 3.0}}, {}, "settings seed was 0, is None"),
        (INPUTS, {"files": {**FILES, "C.flac": EMPTY}}, "C.flac is missing"),
        (INPUTS, {"files": {"S.flac": {**EMPTY, "sha256": "0"}}}, "S.flac is not as it was written"),
        (INPUTS, {"files": {"S.flac": {**EMPTY, "size": 1}}}, "S.flac is not as it was written"),
        (INPUTS, {"files": ["S.flac"]}, "cannot be read"),
        (INPUTS, {"inputs": 3}, "cannot be read"),
        (INPUTS, {"files": None}, "cannot be read"),
    ],
)
def test_another_result_is_made_again_and_the_reason_said(tmp_path, inputs, changes, words):
    found, said = finished(tmp_path, inputs, changes)
    assert found is None and len(said) == 1 and words in said[0]


def test_a_result_cut_short_is_made_again(tmp_path):
    (tmp_path / folder.RESULT).write_text('{"inputs": {')
    said = []
    assert folder.finished(tmp_path, INPUTS, said.append) is None and "cannot be read" in said[0]


def test_a_file_where_the_report_should_be_is_refused(tmp_path):
    touch(tmp_path, "report")
    for target in (tmp_path / "report", tmp_path / "report" / "inner"):
        with pytest.raises(OutputError, match="report is a file, not a folder"):
            folder.check_target(target)
    folder.check_target(tmp_path / "new" / "inner")


def test_where_nothing_was_made_nothing_is_said(tmp_path):
    assert folder.finished(tmp_path, INPUTS, pytest.fail) is None


NAME = '<b>&"1.png'


def whole(pictures=2, value=0.25, name=NAME):
    names = [f"{first}-{second}" for first, second in protocol.COMPARISONS]
    scores = [
        {"comparison": name, "definition": definition, "seconds": 2.56, **dict.fromkeys(protocol.COLUMNS, value)}
        | {"reason": ""}
        for name in names
        for definition in ("corrected", "paper")
    ]
    one = {
        "name": name,
        "folder": "pictures/a b#1",
        "seeds": {"S": 1, "C": 2, "matching": 3},
        "sounds": {n: {"file": f"{n}.flac", "layout": "mono", "sample_rate": 8, "seconds": 1.0} for n in protocol.SETS},
        "figures": {"plan": "plan.png"},
        "scores": scores,
        "spatial": {**dict.fromkeys(report.SPATIAL, 1.0), "dead": ["FR", "BL"], "true_peak": None},
    }
    settings = {"generator": "procedural (no weights)", "matcher": "AViTAR", "mode": "default", "room": "hall"}
    return {
        "settings": {**settings, "seconds": 3.0, "seed": 7},
        "chain": {"count": 5},
        "definitions": ["corrected", "paper"],
        "versions": {"numpy": "1"},
        "machine": {"device": "cpu", "python": "3", "torch": "2"},
        "matcher": {"configuration": {"channels": 8}, "files": {"best.pth": {"size": 5, "sha256": "feed"}}},
        "weights": {"segmenter": {"sam-vit-b": {"path": "/models/sam.pth", "size": 6, "mtime": 7}}},
        "left_out": "",
        "stand_ins": ["procedural (no weights)"],
        "sets": protocol.SETS,
        "readings": list(protocol.READINGS),
        "counts": {"pictures": pictures + 1, "evaluated": pictures, "skipped": 1},
        "skipped": [{"name": "bad.png", "reason": "it is <damaged>"}],
        "summary": protocol.summary([scores] * pictures, seed=7),
        "pictures": [one] * pictures,
    }


def rows_of(text):
    return list(csv.DictReader(StringIO(text)))


def test_the_tables_say_what_they_depend_on():
    tables = {name: rows_of(text) for name, text in report.tables(whole()).items()}
    row = tables["summary.csv"][0]
    assert (row["comparison"], row["definition"], row["metric"], row["count"]) == ("S-S'", "corrected", "mfcc_dtw", "2")
    assert (row["mean"], row["low"], row["values"]) == ("0.25", "", "0.25 0.25")
    assert "seed=7" in row["settings"] and "matcher=AViTAR" in row["settings"] and row["versions"] == "numpy=1"
    assert len(tables["scores.csv"]) == 2 * 6 * 2 and tables["scores.csv"][0]["picture"] == NAME
    assert tables["spatial.csv"][0]["dead"] == "FR BL" and tables["spatial.csv"][0]["true_peak"] == ""


def test_the_table_for_a_terminal_is_of_one_definition():
    lines = report.text(whole()).splitlines()
    assert len(lines) == 11 and lines[0].split() == ["corrected", *protocol.METRICS]
    assert lines[1].split() == ["S-S'", *["0.250"] * 7]
    assert "stand-ins" in lines[8] and "procedural (no weights)" in lines[8]
    assert "both readings" in lines[9] and lines[10] == "skipped: 1 of 3 pictures"


@pytest.mark.parametrize("name", ["=1+1.png", "+1.png", "-1.png", "@1.png", "\t1.png"])
def test_a_name_in_a_table_is_no_formula(name):
    tables = report.tables(whole(name=name))
    assert rows_of(tables["scores.csv"])[0]["picture"] == rows_of(tables["spatial.csv"])[0]["picture"] == "'" + name


def test_each_row_says_how_many_seconds_were_compared():
    assert rows_of(report.tables(whole())["scores.csv"])[0]["seconds"] == "2.56"
    text = "".join(page.pieces(whole(), str))
    assert text.count("seconds compared") == 2 and text.count(">2.56<") == 2 * 6


def test_pairs_are_compared_over_what_both_have(monkeypatch):
    monkeypatch.setattr(protocol, "DEFINITIONS", {"corrected": lambda a, b: scores.Scores()})
    lengths = {"S": 3.0, "C": 4.0, "S'": 2.56, "C'": 2.0}
    sounds = {name: AudioTrack(np.zeros((2, round(100 * t)), np.float32), 100) for name, t in lengths.items()}
    found = {row["comparison"]: row["seconds"] for row in protocol.compare(sounds, ["corrected"])}
    assert found["S-C"] == 3.0 and found["S-S'"] == 2.56 and found["S'-C'"] == 2.0


def test_the_page_names_machine_and_weights_and_gives_each_definition_its_scale():
    words = "".join(Page("".join(page.pieces(whole(), str))).words)
    facts = ("device", "files best.pth sha256", "feed", "configuration channels", "segmenter sam-vit-b mtime")
    assert all(fact in words for fact in facts)
    said = " ".join(words.split())
    assert "Every score is" not in said and "both sounds have: every score is 1 for the same and 0 at worst." in said
    assert "paper" in said and "about 1e-4 in MFCC-DTW and 0.8 in SWASS; unrelated ones 0.5 in rhythm" in said
    assert "best.pth" in rows_of(report.tables(whole())["summary.csv"])[0]["matcher"]


def test_a_figure_that_cannot_be_read_is_said_on_the_page():
    text = "".join(page.pieces(whole(), lambda name: ""))
    assert "<img" not in text and "plan: cannot be read" in text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0"), (0.0, "0.000"), (0.5, "0.500"), (1.37e-4, "1.4e-04"), (-23.0, "-23.000")]
)
def test_numbers_for_people(value, text):
    assert report.number(value) == text


class Page(HTMLParser):
    VOID = {"meta", "img", "br", "line", "rect", "path", "circle"}

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.counts, self.words = [], [], {}, []
        self.feed(text)
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("pictures", [2, 12])
def test_the_page_needs_nothing_but_the_sounds_beside_it(pictures):
    text = "".join(page.pieces(whole(pictures), lambda name: f"data:,{len(name)}"))
    read = Page(text)
    assert "http" not in text and "<script" not in text and "url(" not in text
    assert {link.partition("/")[0] for link in read.links if not link.startswith("data:")} == {"pictures"}
    assert "pictures/a%20b%231/S%27.flac" in read.links
    assert (read.counts["audio"], read.counts["img"], read.counts["svg"]) == (4 * pictures, pictures, 7)


def test_the_page_states_both_readings_stand_ins_and_what_was_skipped():
    words = "".join(Page("".join(page.pieces(whole(), str))).words)
    assert all(reading in words for reading in protocol.READINGS)
    assert "Stand-ins without weights, not the published models: procedural (no weights)" in words
    assert NAME in words and "it is <damaged>" in words and "FR BL" in words


@pytest.mark.parametrize(("pictures", "dots"), [(9, 9 * 12), (10, 0)])
def test_a_plot_has_dots_or_intervals(pictures, dots):
    rows = [row for row in whole(pictures)["summary"] if row["metric"] == "swass"]
    drawn = plots.bars(rows, "SWASS")
    assert drawn.count("<circle") == dots and drawn.count("<rect") == 12
    assert drawn.count("<path") == (0 if dots else 12)


def test_what_was_not_scored_has_no_bar():
    rows = [row for row in whole(2, value=None)["summary"] if row["metric"] == "swass"]
    assert "<rect" not in plots.bars(rows, "SWASS")


def test_json_holds_only_finite_numbers():
    with pytest.raises(ValueError):
        report.as_json({"value": float("nan")})
