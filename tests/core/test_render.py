"""A photograph or a clip goes in, files come out, or a line that says why not."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core import cli, film, pipeline
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.pipeline import Settings
from see2sound_nodes.s2s_core.render import render
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .film.made import discs
from .media import clips_made
from .media.films import hashes

SETTINGS = Settings(count=1, scene="landscape", background=False, seconds=0.5)
FRAMES = 8
SECONDS = FRAMES / clips_made.RATE


@pytest.fixture
def made(tmp_path):
    """render(name of a source, output inside `tmp_path`, settings) -> (words, names of the files)."""
    sources = tmp_path / "sources"
    sources.mkdir()
    clips_made.film(sources / "clip.mp4", discs(FRAMES), "libx264", sound=SECONDS)
    runtime = HeadlessRuntime("cpu", {"temp": tmp_path / "temp"})

    def made(source, output, **given):
        told, paths = render(str(sources / source), f"{tmp_path}/{output}", replace(SETTINGS, **given), runtime)
        assert all(path.is_file() for path in paths)
        return told, [path.relative_to(tmp_path).as_posix() for path in paths]

    made.sources, made.runtime, made.folder = sources, runtime, tmp_path
    return made


def left(folder):
    """All files and folders but the sources and what is kept on purpose."""
    found = (path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))
    return [name for name in found if not name.startswith(("sources", "temp"))]


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv"])
def test_a_film_keeps_its_pictures(made, suffix):
    told, (name,) = made("clip.mp4", f"deep/down/out{suffix}")
    assert name == f"deep/down/out{suffix}" and "5.1, 0.80 s" in told and "not kept" not in told
    assert hashes(made.folder / name) == hashes(made.sources / "clip.mp4")
    with av.open(str(made.folder / name)) as container:
        assert [stream.layout.name for stream in container.streams.audio] == ["5.1", "stereo"]


def test_a_webm_of_a_webm(made):
    clips_made.film(made.sources / "clip.webm", discs(FRAMES), "libvpx-vp9")
    _, (name,) = made("clip.webm", "out.webm")
    assert hashes(made.folder / name) == hashes(made.sources / "clip.webm")


@pytest.mark.parametrize("suffix", [".flac", ".opus", ".wav", ".m4a", ".FLAC"])
@pytest.mark.parametrize("source", ["clip.mp4", "still.png"])
def test_sound_alone(made, source, suffix):
    Image.fromarray(discs(1)[0]).save(made.sources / "still.png")
    _, (name,) = made(source, f"out{suffix}")
    with av.open(str(made.folder / name)) as container:
        (stream,) = container.streams
        assert stream.layout.name == "5.1"
        length = sum(frame.samples for frame in container.decode(stream)) / stream.rate
    if source == "clip.mp4":
        assert length == pytest.approx(SECONDS, abs=0.025 if suffix in (".opus", ".m4a") else 1e-4)


@pytest.mark.parametrize("output", ["out", "out/", "f_5.1", "v1.2"])
def test_a_folder_of_a_clip(made, output):
    _, names = made("clip.mp4", output)
    folder = output.strip("/")
    assert names == [f"{folder}/clip.mp4", f"{folder}/clip_plan.png", f"{folder}/clip_sphere.png"]
    assert sorted(left(made.folder)) == [folder, *names]


def test_a_folder_of_a_photograph(made):
    Image.fromarray(discs(1)[0]).save(made.sources / "still.png")
    _, names = made("still.png", "out")
    assert {"out/still.flac", "out/still.wav", "out/still_stereo.wav", "out/still_regions.png"} < set(names)


@pytest.mark.parametrize(
    ("codec", "source", "given", "suffix"),
    [
        ("libx264", "h264.mp4", {"layout": "5.1(side)"}, ".mkv"),
        ("libvpx", "vp8.webm", {}, ".mkv"),
        ("libx264", "h264.mkv", {"layout": "binaural"}, ".mp4"),
    ],
)
def test_a_folder_gets_the_first_kind_of_film_that_holds_all(made, codec, source, given, suffix):
    clips_made.film(made.sources / source, discs(FRAMES), codec)
    _, names = made(source, "out", **given)
    assert names[0] == f"out/{source.split('.')[0]}{suffix}"
    assert hashes(made.folder / names[0]) == hashes(made.sources / source)


def test_an_animation_becomes_a_film(made):
    clips_made.animation(made.sources / "waving.gif", discs(5), [100] * 5)
    told, names = made("waving.gif", "out")
    assert names[0] == "out/waving.mp4" and "0.50 s" in told


@pytest.mark.parametrize(
    ("source", "output", "given", "words"),
    [
        ("clip.mp4", "out.webm", {}, "h264 stream of clip.mp4 does not fit into a .webm file: save as .mp4 or"),
        ("clip.mp4", "out.mp4", {"layout": "7.1.4"}, "out.mp4: AAC cannot hold 7.1.4; allowed is"),
        ("clip.mp4", "out", {"layout": "7.1.4"}, "no film holds 7.1.4: choose another layout"),
        ("clip.mp4", "out.mp4", {"layout": "9.9"}, "layout is '9.9'; allowed is one of"),
        ("clip.mp4", "out.flac", {"layout": "9.9"}, "layout is '9.9'; allowed is one of"),
        ("clip.mp4", "out", {"layout": "9.9"}, "layout is '9.9'; allowed is one of"),
        ("clip.mp4", "out.flac", {"layout": "AmbiX"}, "FLAC 24-bit cannot hold AmbiX"),
        ("clip.mp4", "out.opus", {"sample_rate": 44100}, "Opus cannot hold 44100 Hz"),
        ("still.png", "out.mp4", {}, "still is a still, and out.mp4 would be a film: name a folder or a sound file"),
        ("clip.mp4", "out.xyz", {}, "out.xyz ends in .xyz; allowed is a folder, or .flac, .wav, .m4a, .opus, .mp4"),
        ("clip.mp4", "sources/clip.mp4", {}, "clip.mp4 is the clip itself, which would be lost: name another output"),
        ("clip.mp4", "sources", {}, "clip.mp4 is the clip itself, which would be lost: name another output"),
    ],
)
def test_what_the_output_cannot_hold_is_refused_before_any_work(made, monkeypatch, source, output, given, words):
    Image.fromarray(discs(1)[0]).save(made.sources / "still.png")
    for room in (film, pipeline):
        monkeypatch.setattr(room, "run", lambda *given: pytest.fail("work was begun"))
    before = {path: path.read_bytes() for path in made.sources.iterdir()}
    with pytest.raises(InputError) as refused:
        made(source, output, **given)
    assert words in str(refused.value) and "\n" not in str(refused.value)
    assert left(made.folder) == [] and {path: path.read_bytes() for path in made.sources.iterdir()} == before


def test_an_empty_output_is_refused(made):
    with pytest.raises(InputError, match="the output is empty; allowed is a folder, or a file ending in .flac"):
        render(str(made.sources / "clip.mp4"), "", SETTINGS, made.runtime)


STOPS = [
    (output, stage)
    for output in ("new/out.mp4", "new/out.flac", "new/folder")
    for stage in ("reading", "watching", "sounds", "mixing", "writing")
    if stage != "reading" or output != "new/out.flac"  # only a film's pictures are read through
]


@pytest.mark.parametrize(("output", "stage"), STOPS)
def test_a_stop_leaves_nothing_half_written_and_no_harm_to_what_was_there(made, output, stage):
    (made.folder / "new").mkdir()
    if "." in output:
        (made.folder / output).write_bytes(b"what was there")
    before = sorted(left(made.folder))
    made.runtime.listen = lambda label, done, total: label.startswith(stage) and made.runtime.cancel.set()
    with pytest.raises(Cancelled, match="stopped by the user"):
        made("clip.mp4", output)
    assert sorted(left(made.folder)) == before
    assert "." not in output or (made.folder / output).read_bytes() == b"what was there"
    made.runtime.cancel.clear()
    made.runtime.listen = None
    assert made("clip.mp4", output)[1][0].startswith(output)


def test_a_film_that_is_cut_short_is_rendered_as_far_as_it_goes_and_told(made):
    clips_made.film(made.sources / "long.mkv", discs(30), "mpeg4", key_every=2)
    data = (made.sources / "long.mkv").read_bytes()
    (made.sources / "cut.mkv").write_bytes(data[: len(data) * 2 // 3])
    told, (name,) = made("cut.mkv", "out.mkv")
    assert told.count("could") == 1 and "not read: the last " in told
    assert made("cut.mkv", "out.flac")[0].count("could not be read") == 1
    with av.open(str(made.folder / name)) as container:
        seconds = sum(1 for _ in container.decode(video=0)) / clips_made.RATE
        assert 1 < seconds < 2.5 and container.duration / av.time_base == pytest.approx(seconds, abs=0.25)


def test_the_same_sound_goes_into_a_film_and_into_a_sound_file(made):
    made("clip.mp4", "one.mkv")
    made("clip.mp4", "two.flac")
    samples = []
    for name in ("one.mkv", "two.flac"):
        with av.open(str(made.folder / name)) as container:
            samples.append(np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)]))
    assert np.array_equal(*samples)


@pytest.mark.parametrize("output", ["out.mp4", "out.flac", "folder"])
def test_the_command_line_writes_what_it_is_told_to(made, capsys, output):
    path = made.folder / output
    given = ["--count", "1", "--device", "cpu"]
    assert cli.main(["render", str(made.sources / "clip.mp4"), "-o", str(path), *given]) == 0, capsys.readouterr().err
    written = path if path.suffix else path / "clip.mp4"
    assert written.is_file() and str(written) in capsys.readouterr().out
