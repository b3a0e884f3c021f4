"""One file of an archive, without the rest."""

import os
import tempfile
import zipfile
from types import SimpleNamespace

import pytest
from see2sound_nodes.s2s_core.errors import InputError, WeightsError
from see2sound_nodes.s2s_core.models import archive

NAME = "pretrained/a/best.ckpt"


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A temporary folder of our own, to look into."""
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    return tmp_path / "temp"


@pytest.fixture
def packed(tmp_path):
    def pack(*names, kind=zipfile.ZIP_DEFLATED):
        path = tmp_path / "all.zip"
        with zipfile.ZipFile(path, "w", kind) as file:
            for name in names:
                file.writestr(name, name.encode() * 1000)
        return path

    return pack


def refused(path, *words, kind=WeightsError):
    with pytest.raises(kind) as error, archive.member(path, NAME):
        pass
    message = str(error.value)
    assert "\n" not in message and all(word in message for word in (str(path), *words)), message


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("around", ["", "more/", "./"])
def test_a_member_lies_there_for_a_while(packed, temporary, around, kind):
    path = packed("pretrained/b/best.ckpt", f"{around}{NAME}", "pretrained/rest.bin", kind=kind)
    with archive.member(path, NAME) as file:
        assert file.name == "best.ckpt" and file.read_bytes() == f"{around}{NAME}".encode() * 1000
        assert [name for _, _, names in os.walk(temporary) for name in names] == ["best.ckpt"]
    assert not any(temporary.iterdir())


def test_outer_folders_may_be_missing(packed):
    with archive.member(packed("b/best.ckpt", "a/best.ckpt"), NAME) as file:
        assert file.read_bytes().startswith(b"a/best.ckpt")


def test_a_file_that_is_no_archive_is_yielded_as_it_is(tmp_path):
    with archive.member(tmp_path / "best.ckpt", NAME) as file:
        assert file == tmp_path / "best.ckpt"


def test_what_is_wrong_with_an_archive(packed, temporary):
    refused(packed("pretrained/b/best.ckpt", "../best.ckpt"), f"has no {NAME} in it, but pretrained/b/best.ckpt")
    path = packed(NAME)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes(8) + whole[48:])
    refused(path, "damaged, incomplete or no zip archive")
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "damaged, incomplete or no zip archive")
    path.write_bytes(b"<html>sign in")
    refused(path, "is a web page")
    path.unlink()
    refused(path, "is not a file", kind=InputError)
    assert not any(temporary.iterdir())


def test_a_member_has_a_largest_size_and_must_fit_on_the_disk(packed, temporary, monkeypatch):
    path = packed(NAME)
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda folder: SimpleNamespace(free=100))
    refused(path, f"{NAME} in {path} needs {1000 * len(NAME)} bytes", "where 100 are free: free some space")
    monkeypatch.setattr(archive, "LARGEST", 1000)
    refused(path, f"{NAME} in {path} would be {1000 * len(NAME)} bytes; allowed is at most 1000")
    assert not any(temporary.iterdir())
