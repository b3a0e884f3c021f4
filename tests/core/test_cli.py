"""The command line: exit codes, one clear line, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core import cli, media

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "workflows" / "media" / "rocket.jpg"
GRAPH = ROOT / "workflows" / "api" / "stages.json"


def s2s(capsys, *arguments):
    """(exit code, standard output, standard error) of one command."""
    code = cli.main([str(argument) for argument in arguments])
    return (code, *capsys.readouterr())


def files_in(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def test_render_writes_sound_figures_and_a_table(tmp_path, capsys):
    code, printed, _ = s2s(capsys, "render", PHOTO, "-o", tmp_path, "--seconds", 1)
    assert code == 0
    figures = ["channels", "plan", "regions", "sphere"]
    names = [f"rocket_{name}.png" for name in figures] + ["rocket.flac", "rocket.wav", "rocket_stereo.wav"]
    assert files_in(tmp_path) == sorted(names)
    assert "azimuth" in printed and "LUFS" in printed and all(str(tmp_path / name) in printed for name in names)


def test_render_to_one_file(tmp_path, capsys):
    assert s2s(capsys, "render", PHOTO, "-o", tmp_path / "a.flac", "--seconds", 1)[0] == 0
    assert files_in(tmp_path) == ["a.flac"]


def png(path, size, mode="RGB", noise=True):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8) if noise else None
    image = Image.fromarray(pixels) if noise else Image.new("RGB", size, "grey")
    image.convert(mode).save(path)
    return path


def bad_inputs(folder):
    text = folder / "text.png"
    text.write_text("not a picture")
    yield "text", text, [], "text.png"
    yield "one pixel", png(folder / "dot.png", (1, 1)), [], "1 x 1 pixels"
    yield "strip", png(folder / "strip.png", (20000, 10)), [], "20000 x 10 pixels"
    yield "grey", png(folder / "grey.png", (64, 64), noise=False), [], "no region stands out"
    yield "missing", folder / "nowhere.jpg", [], "nowhere.jpg"
    yield "folder", folder, [], str(folder)
    yield "no duration", PHOTO, ["--seconds", "0"], "seconds is 0"
    yield "long duration", PHOTO, ["--seconds", "10000"], "seconds is 10000"
    yield "not finite", PHOTO, ["--loudness", "nan"], "loudness is nan"


@pytest.mark.parametrize("index", range(9))
def test_bad_input_is_one_clear_line(tmp_path, capsys, index):
    _, given, options, words = list(bad_inputs(tmp_path))[index]
    code, printed, error = s2s(capsys, "render", given, "-o", tmp_path / "out", *options)
    assert code == 1 and printed == ""
    assert error.startswith("s2s: error: ") and error.count("\n") == 1 and words in error
    assert not (tmp_path / "out").exists() or not files_in(tmp_path / "out")


def test_an_output_of_unknown_kind(tmp_path, capsys):
    code, _, error = s2s(capsys, "render", PHOTO, "-o", tmp_path / "a.mp3")
    assert code == 1 and ".mp3; allowed is a folder, or .flac, .wav" in error.replace(".wav, .flac", ".flac, .wav")


@contextmanager
def anybody():
    """Inside, root is somebody who may not write everywhere; others stay who they are."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(65534)
    except OSError as error:
        pytest.skip(f"cannot become another user: {error}")
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder(capsys):
    with tempfile.TemporaryDirectory() as name:  # tmp_path lies where only its owner may look
        photo, closed = Path(name, "photo.jpg"), Path(name, "closed")
        photo.write_bytes(PHOTO.read_bytes())
        arguments = ["render", photo, "--seconds", 1, "-o"]
        assert s2s(capsys, *arguments, Path(name, "open"))[0] == 0  # and every module that anybody needs is loaded
        closed.mkdir(mode=0o555)
        Path(name).chmod(0o555)
        with anybody():
            for target in (closed / "out", closed / "a.wav"):
                code, printed, error = s2s(capsys, *arguments, target)
                assert (code, printed) == (1, "") and error.count("\n") == 1
                assert f"cannot write {target}: writing there is not permitted: choose another output folder" in error
        assert not list(closed.iterdir())
        Path(name).chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_while_writing(tmp_path, capsys, monkeypatch):
    """Every write to a sound file meets the system's own 'no space left on device'."""
    import builtins

    real = builtins.open

    def open_full(path, mode="r", *rest, **more):
        if str(path).endswith(".part"):
            real(path, mode).close()
            return real("/dev/full", "wb", buffering=0)
        return real(path, mode, *rest, **more)

    monkeypatch.setattr(builtins, "open", open_full)
    code, _, error = s2s(capsys, "render", PHOTO, "-o", tmp_path / "out", "--seconds", 1)
    assert code == 1 and "the disk is full" in error and error.count("\n") == 1
    assert not files_in(tmp_path)


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(Exception, match="nowhere"):
        cli.main(["render", str(tmp_path / "nowhere.jpg"), "-o", str(tmp_path), "--debug"])


def test_run_a_saved_graph_and_change_it(tmp_path, capsys):
    arguments = ["run", GRAPH, "--input", PHOTO.parent, "--output", tmp_path, "--set", "8.seconds=1"]
    assert s2s(capsys, *arguments)[0] == 0
    assert any(name.startswith("stages_00001_") for name in files_in(tmp_path))


def test_a_linked_output_folder_and_a_second_run(tmp_path, capsys):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    graph = GRAPH.with_name("see2sound.json")
    for number in (1, 2):
        arguments = ["run", graph, "--input", PHOTO.parent, "--output", tmp_path / "link", "--set", "2.seconds=1"]
        code, printed, error = s2s(capsys, *arguments)
        assert (code, error) == (0, "")
        shown = [Path(line.partition(": ")[2]) for line in printed.splitlines() if str(tmp_path) in line]
        assert tmp_path / "link" / "see2sound" / f"surround_{number:05}_.flac" in shown
        assert len(shown) == 3 and all(path.is_file() for path in shown)
    assert len(files_in(tmp_path / "there")) == 6, "nothing was overwritten"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("8.seconds=0", ["S2S_GenerateAudio", "seconds", "0.5"]),
        ("8.seconds=10000", ["S2S_GenerateAudio", "seconds", "600"]),
        ("5.mode=best", ["S2S_SegmentImage", "mode", "distinct"]),
        ("99.seconds=1", ["99"]),
        ("8.minutes=1", ["minutes"]),
        ("nonsense", ["nonsense", "NODE.INPUT=VALUE"]),
    ],
)
def test_run_refuses_before_anything_runs(tmp_path, capsys, change, words):
    code, _, error = s2s(capsys, "run", GRAPH, "--input", PHOTO.parent, "--output", tmp_path / "out", "--set", change)
    assert code == 1 and error.count("\n") == 1 and all(word in error for word in words)
    assert not (tmp_path / "out").exists()


def test_unknown_workflow_version(tmp_path, capsys):
    path = tmp_path / "new.json"
    path.write_text(json.dumps({"version": 99, "nodes": [], "links": []}))
    code, _, error = s2s(capsys, "run", path, "--output", tmp_path)
    assert code == 1 and "99" in error and "0.4" in error


def test_lists(capsys):
    assert "S2S_RenderImage" in s2s(capsys, "nodes")[1]
    assert "superpixels (no weights)" in s2s(capsys, "models")[1]


def test_wrong_usage_ends_with_2():
    with pytest.raises(SystemExit) as stop:
        cli.main(["render"])
    assert stop.value.code == 2


INTERRUPTED = """
import signal, sys
from pathlib import Path
from see2sound_nodes.s2s_core import cli, media
from see2sound_nodes.s2s_core.media import sound

def press_ctrl_c(*_):
    print(*(path.suffix for path in Path.cwd().rglob(".*.part")))
    signal.raise_signal(signal.SIGINT)

sound.quantised = press_ctrl_c
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("target", ["out", "out/a.flac"])
def test_ctrl_c_while_writing_ends_with_130_and_leaves_nothing(tmp_path, target):
    command = [sys.executable, "-c", INTERRUPTED, "render", str(PHOTO), "-o", target, "--seconds", "1"]
    job = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert job.stdout == ".part\n", "a file was open"
    assert job.returncode == 130 and job.stderr == "s2s: stopped; nothing half-written was left behind\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_being_asked_to_end_cleans_up_like_ctrl_c(tmp_path, capsys, monkeypatch, name):
    number = getattr(signal, name)
    before = signal.getsignal(number)

    def end(*arguments):
        os.kill(os.getpid(), number)

    monkeypatch.setattr(media.sound, "quantised", end)
    code, _, error = s2s(capsys, "render", PHOTO, "-o", tmp_path / "out", "--seconds", 1)
    assert code == 128 + number and "stopped" in error
    assert not (tmp_path / "out").exists() and signal.getsignal(number) == before


def test_what_is_no_file_is_not_read(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.png")
    code, _, error = s2s(capsys, "render", tmp_path / "pipe.png", "-o", tmp_path / "out")
    assert code == 1 and "not an ordinary file" in error


def test_an_empty_output_is_refused(capsys):
    code, _, error = s2s(capsys, "render", PHOTO, "-o", "")
    assert code == 1 and "the output is empty" in error


def test_a_device_that_is_not_here_is_refused_before_any_work(tmp_path, capsys, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, _, error = s2s(capsys, "render", PHOTO, "-o", tmp_path / "out", "--device", "cuda")
    assert code == 1 and "device is 'cuda'; allowed is one of: " in error and not (tmp_path / "out").exists()


def test_a_library_that_is_missing_is_one_line_that_says_what_brings_it():
    code = "import sys; sys.modules['numpy'] = None\n"
    code += "from see2sound_nodes.s2s_core.cli import main; sys.exit(main(['models']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("s2s: error: numpy is not installed: pip install 'see2sound-nodes[standalone]'")
