"""`s2s models`: what it lists, finds, fetches, verifies and converts."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from see2sound_nodes.s2s_core import cli
from see2sound_nodes.s2s_core.backend import Backend
from see2sound_nodes.s2s_core.models import direct, report, store
from see2sound_nodes.s2s_core.models.catalog import WeightFile
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .publisher import DATA

SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def catalog(publisher, tmp_path, monkeypatch):
    """Two files of which the publisher has one, to lie in tmp_path."""
    tiny = WeightFile(
        "sams", ("tiny.pth",), len(DATA), "MIT", "free for any use", f"{publisher.address}/tiny.pth", sha256=SHA
    )
    big = WeightFile(
        "sams", ("big.pth", "old.pth"), 10**9, "CC-BY-NC-4.0", "NON-COMMERCIAL", hub=("owner/big", "b.pth")
    )
    table = {"tiny": tiny, "big": big}
    monkeypatch.setattr(report, "CATALOG", table)
    monkeypatch.setattr(direct, "PAUSE", 0.01)
    monkeypatch.setenv("SEE2SOUND_MODELS", str(tmp_path))
    return table


@pytest.fixture
def s2s(capsys, catalog):
    """(exit code, lines printed, error line) of `s2s models ...`."""

    def run(*arguments):
        code = cli.main(["models", *arguments])
        printed, error = capsys.readouterr()
        assert error.count("\n") <= 1
        return code, printed.splitlines(), error

    return run


def test_list(s2s, tmp_path):
    (tmp_path / "sams").mkdir()
    (tmp_path / "sams" / "old.pth").write_bytes(b"x")
    code, printed, _ = s2s("list")
    assert code == 0 and printed == s2s()[1], "listing is what it does without a word"
    assert any(line.startswith("segment   superpixels (no weights)") for line in printed)
    assert {line.split()[0] for line in printed} == {"segment", "depth", "generate", "evaluate", "file"}
    assert printed[-2:] == [
        "file      tiny  missing, 1 MB, licence MIT: free for any use",
        "file      big   present, 1000 MB, licence CC-BY-NC-4.0: NON-COMMERCIAL",
    ]


def test_where(s2s, tmp_path, catalog, nobody):
    (tmp_path / "sams").mkdir()
    (tmp_path / "sams" / "old.pth").write_bytes(b"x")
    code, printed, _ = s2s("where", "big")
    assert code == 0 and printed == [
        f"big: {tmp_path}/sams/old.pth",
        "    looked for big.safetensors or big.pth or old.safetensors or old.pth",
        f"    in {tmp_path}/sams",
        f"    in {nobody}/cache/see2sound/models/sams",
        "    in the hub's cache: owner/big/b.pth",
    ]
    assert f"tiny: missing, 1 MB from {catalog['tiny'].url}" in s2s("where")[1]


@pytest.mark.parametrize("action", ["where", "fetch", "verify", "convert"])
def test_a_wrong_name_is_refused_before_any_work(s2s, tmp_path, publisher, action):
    code, printed, error = s2s(action, "tiny", "huge")
    assert (code, printed) == (1, []) and "'huge' is not in the catalogue; it has: tiny, big" in error
    assert not publisher.requests and not list(tmp_path.iterdir())


def test_fetch_tells_the_licence_first(s2s, tmp_path):
    path = tmp_path / "sams" / "tiny.pth"
    for _ in range(2):
        assert s2s("fetch", "tiny") == (0, ["tiny: licence MIT: free for any use", str(path)], "")
    assert path.read_bytes() == DATA and len(list(path.parent.iterdir())) == 1


def test_fetch_that_fails_is_one_line(s2s, publisher):
    publisher.status = 404
    code, printed, error = s2s("fetch", "tiny")
    assert code == 1 and len(printed) == 1 and error.startswith(f"s2s: error: {publisher.address}/tiny.pth answers 404")


def test_verify(s2s, tmp_path, catalog):
    pytest.importorskip("torch")
    assert s2s("verify") == (0, ["tiny: missing", "big: missing"], "")
    path, other = tmp_path / "sams" / "tiny.pth", tmp_path / "sams" / "old.pth"
    s2s("fetch", "tiny")
    weights_in(other)
    right = [f"tiny: is the published file: {path}", f"big: present, nothing published to compare with: {other}"]
    assert s2s("verify") == (0, right, "")
    assert s2s("verify", "big") == (0, right[1:], "")
    path.write_bytes(DATA[:-1] + b"x")
    code, printed, error = s2s("verify")
    assert code == 1 and printed[0].startswith(f"tiny: WRONG: {path} has sha256") and printed[1:] == right[1:]
    assert error.startswith("s2s: error: not the published file: tiny; delete")


def weights_in(path):
    torch = pytest.importorskip("torch")
    path.parent.mkdir(exist_ok=True)
    torch.save({"a": torch.ones(300)}, path)


def test_verify_of_a_name_that_is_not_here(s2s, tmp_path):
    code, printed, error = s2s("verify", "tiny")
    assert (code, printed) == (1, ["tiny: missing"]) and "not on this machine: tiny; get it with 's2s models" in error
    (tmp_path / "sams").mkdir()
    (tmp_path / "sams" / "old.pth").write_bytes(b"x")
    code, printed, error = s2s("verify", "tiny", "big")
    assert code == 1 and len(printed) == 2 and "not the published file: big" in error


OTHER_FORMS = {
    "empty": lambda data: b"",
    "a web page": lambda data: b"<!doctype html><title>Sign in</title>",
    "a Git LFS pointer": lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    "cut": lambda data: data[:-10],
    "noise": lambda data: b"weights",
}


@pytest.mark.parametrize("damage", OTHER_FORMS)
@pytest.mark.parametrize("file", ["old.pth", "old.safetensors"])
def test_verify_opens_what_nobody_published(s2s, tmp_path, file, damage):
    from see2sound_nodes.s2s_core.models import weights

    path = tmp_path / "sams" / file
    weights_in(tmp_path / "sams" / "old.pth")
    if file != "old.pth":
        weights.convert(tmp_path / "sams" / "old.pth", path)
    good = f"big: present, nothing published to compare with: {path}"
    assert s2s("verify", "big") == (0, [good], "")
    path.write_bytes(OTHER_FORMS[damage](path.read_bytes()))
    code, printed, error = s2s("verify", "big")
    assert code == 1 and len(printed) == 1 and printed[0].startswith(f"big: WRONG: {path}"), printed
    assert "not the published file: big; delete" in error


def test_verify_opens_an_archive(s2s, tmp_path, catalog):
    catalog["zip"] = replace(catalog["tiny"], names=("a.zip",), size=None, sha256=None)
    path = tmp_path / "sams" / "a.zip"
    path.parent.mkdir()
    zipfile.ZipFile(path, "w").close()
    assert s2s("verify", "zip")[0] == 0
    path.write_bytes(path.read_bytes()[:-1])
    assert "zip: WRONG" in s2s("verify", "zip")[1][0]


def test_verify_goes_on_after_a_file_that_cannot_be_read(s2s, tmp_path, monkeypatch):
    weights_in(tmp_path / "sams" / "old.pth")
    (tmp_path / "sams" / "tiny.pth").write_bytes(DATA)
    real = Path.open

    def opened(path, *arguments, **named):
        if path.name == "tiny.pth":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", opened)
    code, printed, _ = s2s("verify")
    assert code == 1 and printed[0].endswith("tiny.pth cannot be read: Permission denied")
    assert printed[1].startswith("big: present")


def test_where_says_which_folder_it_could_not_read(s2s, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_is_closed", lambda folder, row: folder.is_relative_to(tmp_path))
    assert f"    in {tmp_path}/sams (not readable)" in s2s("where", "tiny")[1]


def test_convert(s2s, tmp_path, catalog):
    torch = pytest.importorskip("torch")
    code, _, error = s2s("convert", "tiny")
    assert code == 1 and "tiny is not on this machine" in error
    folder = tmp_path / "sams"
    folder.mkdir()
    torch.save({"model": {"a": torch.ones(3)}}, folder / "tiny.pth")
    assert s2s("convert", "tiny") == (0, [str(folder / "tiny.safetensors")], "")
    assert s2s("where", "tiny")[1][0] == f"tiny: {folder / 'tiny.safetensors'}"
    code, printed, error = s2s("convert", "tiny")
    assert (code, printed) == (1, []) and "tiny.safetensors is safetensors already" in error
    assert sorted(os.listdir(folder)) == ["tiny.pth", "tiny.safetensors"]


@pytest.mark.parametrize("arguments", [["fetch"], ["convert"], ["explode"], ["list", "tiny"]])
def test_wrong_usage(catalog, arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(["models", *arguments])
    assert stop.value.code == 2


INTERRUPTED = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's "pytest &" hands down a SIGINT that is ignored
from see2sound_nodes.s2s_core import cli
from see2sound_nodes.s2s_core.models import report
from see2sound_nodes.s2s_core.models.catalog import WeightFile
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.backend import Backend
url, size = sys.argv[1:]
report.CATALOG = {"tiny": WeightFile("sams", ("tiny.pth",), int(size), "MIT", "free", url=url)}
sys.exit(cli.main(["models", "fetch", "tiny"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_ends_with_130_and_keeps_what_has_arrived(catalog, publisher, tmp_path):
    publisher.pause_at, publisher.pause = 500000, 20
    command = [sys.executable, "-c", INTERRUPTED, catalog["tiny"].url, str(len(DATA))]
    job = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    part, deadline = tmp_path / "sams" / ".tiny.pth.part", time.monotonic() + 20
    while not (part.exists() and part.stat().st_size > 400000) and time.monotonic() < deadline:
        time.sleep(0.02)
    job.send_signal(signal.SIGINT)
    _, told = job.communicate(timeout=20)
    assert job.returncode == 130 and os.listdir(part.parent) == [part.name]
    kept = f"{part.stat().st_size} of {len(DATA)} bytes are kept in {part}: the same command goes on from there"
    assert told.splitlines() == [
        f"s2s: stopped while fetching tiny: {kept}",
        "s2s: stopped; the same command goes on with what has arrived, where the server lets it",
    ]


def test_the_lines_work_on_any_table(catalog, tmp_path):
    from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

    actions = report.Actions(HeadlessRuntime("cpu", models=()), catalog={"tiny": replace(catalog["tiny"], size=None)})
    assert list(actions.list()) == ["file      tiny  missing, ? MB, licence MIT: free for any use"]
    assert "    in no folder: SEE2SOUND_MODELS names one" in list(actions.where())
    assert list(report.Actions(actions.runtime, catalog={}).list()) == []


def test_a_model_is_ready_when_its_files_are_here_in_any_form(catalog, tmp_path):
    (tmp_path / "sams").mkdir()
    (tmp_path / "sams" / "tiny.pth").write_bytes(DATA)
    rows = {
        "free": Backend("free", "needs nothing", None),
        "small": Backend("small", "needs a file that is here", None, ("tiny",)),
        "large": Backend("large", "needs one that is not", None, ("tiny", "big")),
        "other form": Backend("other form", "has it otherwise", None, ("big",), lambda runtime: True, ("tiny",)),
    }
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    lines = list(report.Actions(host, {"segment": rows}, catalog).list())[: len(rows)]
    assert ["missing" in line for line in lines] == [False, False, True, False]
