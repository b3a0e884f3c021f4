"""Where weight files are found, and how one tells that they are right."""

import errno
import hashlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from see2sound_nodes.s2s_core.errors import InputError, MissingModelError, WeightsError
from see2sound_nodes.s2s_core.models.catalog import CATALOG, WeightFile
from see2sound_nodes.s2s_core.models.store import (
    accepted,
    converted,
    find,
    is_what_a_download_brings,
    links,
    locate,
    looked_into,
    verify,
)
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

DATA = b"weights" * 1000
ROW = WeightFile(
    folder="sams",
    names=("official.pth", "renamed.pth"),
    size=len(DATA),
    licence="Apache-2.0",
    licence_note="free for any use",
    url="https://example.org/official.pth",
    sha256=hashlib.sha256(DATA).hexdigest(),
)
HUB = replace(ROW, url=None, hub=("owner/repo", "there/official.pth"), sha256=None)
TABLE = {"tiny": ROW, "hub": HUB}


def host(*folders):
    return HeadlessRuntime("cpu", models=folders)


def put(folder, name, data=DATA):
    path = folder / "sams" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def cache(home, file="there/official.pth", data=DATA, name=None):
    """What the hub's client leaves in its cache."""
    folder = home / "hub" / "models--owner--repo"
    blob, pointer = (
        folder / "blobs" / (name or hashlib.sha256(data).hexdigest()),
        folder / "snapshots" / "c0ffee" / file,
    )
    for path in (blob, pointer, folder / "refs" / "main"):
        path.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(data)
    pointer.symlink_to(blob)
    (folder / "refs" / "main").write_text("c0ffee")
    return pointer


def test_any_known_name_in_any_folder_is_found_best_first(tmp_path):
    first, second = tmp_path / "b", tmp_path / "c"
    put(first, "renamed.pth")
    put(second, "official.pth")
    best = put(first, "official.pth")
    runtime = host(tmp_path / "a", first, second)
    assert find("tiny", runtime, TABLE) == best
    best.unlink()
    assert find("tiny", runtime, TABLE).name == "renamed.pth"


def test_a_converted_file_stands_in_for_its_pickle(tmp_path):
    assert accepted(ROW) == ("official.safetensors", "official.pth", "renamed.safetensors", "renamed.pth")
    row = replace(ROW, names=("a/b.pt", "a/b.safetensors", "c.zip"))
    assert accepted(row) == ("a/b.safetensors", "a/b.pt", "c.zip")
    original = put(tmp_path, "official.pth")
    assert converted("tiny", original, host(tmp_path), TABLE) == original.with_suffix(".safetensors")
    safe = put(tmp_path, "official.safetensors")
    assert locate("tiny", host(tmp_path), TABLE) == safe


def test_the_hub_cache_is_looked_into_last(tmp_path, nobody):
    pointer = cache(nobody)
    assert locate("hub", host(tmp_path), TABLE) == pointer and locate("tiny", host(tmp_path), TABLE) is None
    assert locate("tiny", host(tmp_path), {"tiny": replace(ROW, twins=(HUB.hub,))}) == pointer
    assert converted("hub", pointer, host(tmp_path), TABLE) == tmp_path / "sams" / "official.safetensors"
    with pytest.raises(InputError, match="no folder for hub.safetensors: SEE2SOUND_MODELS names one"):
        converted("hub", pointer, host(), TABLE)
    own = put(tmp_path, "renamed.pth")
    assert locate("hub", host(tmp_path), TABLE) == own


def test_a_missing_file_names_folders_names_size_licence_and_ways_to_get_it(tmp_path):
    assert locate("tiny", host(tmp_path), TABLE) is None
    with pytest.raises(MissingModelError) as error:
        find("tiny", host(tmp_path), TABLE)
    words = [str(tmp_path / "sams"), "official.pth", "renamed.safetensors", "0 MB", "Apache-2.0", "free for any use"]
    words += ["https://example.org/official.pth", "s2s models fetch tiny", "'download'"]
    assert all(word in str(error.value) for word in words) and "\n" not in str(error.value)
    with pytest.raises(MissingModelError, match="in no folder .SEE2SOUND_MODELS names one.*hub's cache"):
        find("hub", host(), TABLE)


def test_verify_compares_with_what_is_published(tmp_path):
    path = put(tmp_path, "official.pth")
    assert verify("tiny", path, host(), TABLE)
    assert verify("tiny", path, host(), {"tiny": replace(ROW, sha256=ROW.sha256.upper())})
    assert not verify("tiny", path, host(), {"tiny": replace(ROW, sha256=None)})
    path.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(WeightsError, match="has sha256 .*; tiny has .*damaged"):
        verify("tiny", path, host(), TABLE)
    path.write_bytes(DATA[:-1])
    with pytest.raises(WeightsError, match="has 6999 bytes; tiny has 7000"):
        verify("tiny", path, host(), TABLE)


def test_nobody_published_what_another_name_should_hold(tmp_path):
    for name in TABLE:
        assert not verify(name, put(tmp_path, "renamed.pth", b"anything"), host(), TABLE)


LAYOUT = replace(HUB, names=("official.pth", "repo/model.safetensors"), hub=("owner/repo", "model.safetensors"))


@pytest.mark.parametrize(
    ("row", "file"), [(HUB, "official.pth"), (LAYOUT, "repo/model.safetensors")], ids=["by its name", "by its folder"]
)
def test_what_the_hub_publishes_is_compared_wherever_it_lies(tmp_path, row, file):
    row = replace(row, sha256=ROW.sha256)
    path = put(tmp_path, file)
    assert verify("hub", path, host(), {"hub": row})
    for wrong, words in ((b"weights", "has 7 bytes; hub has 7000"), (DATA[::-1], "has sha256")):
        path.write_bytes(wrong)
        with pytest.raises(WeightsError, match=words):
            verify("hub", path, host(), {"hub": row})


def test_the_name_that_all_repositories_use_tells_nothing(tmp_path):
    for file in ("other/model.safetensors", "model.safetensors"):
        assert not verify("hub", put(tmp_path, file, b"anything"), host(), {"hub": LAYOUT})
    small = CATALOG["depth-anything-v2-small"]
    assert not is_what_a_download_brings(small, tmp_path / "Depth-Anything-V2-Small-hf" / "model.safetensors")
    assert is_what_a_download_brings(small, tmp_path / "depth_anything_v2_vits.pth")


@pytest.fixture
def closed(tmp_path, monkeypatch):
    """A folder into which this user may not look; root may look into any."""
    real = Path.is_file

    def is_file(path):
        if path.is_relative_to(tmp_path / "closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    return tmp_path / "closed"


def test_a_folder_that_cannot_be_read_is_passed_over_and_named(tmp_path, closed):
    runtime = host(closed, tmp_path / "open")
    with pytest.raises(MissingModelError) as error:
        find("tiny", runtime, TABLE)
    assert f"in {closed}/sams (not readable), {tmp_path}/open/sams; get it" in str(error.value)
    assert locate("tiny", runtime, TABLE) is None
    path = put(tmp_path / "open", "official.pth")
    assert find("tiny", runtime, TABLE) == path


@pytest.mark.skipif(not hasattr(os, "seteuid") or os.geteuid() != 0, reason="root tries it as somebody else")
def test_somebody_elses_folder():
    with tempfile.TemporaryDirectory() as name:  # tmp_path lies where only its owner may look
        os.chmod(name, 0o755)
        os.mkdir(f"{name}/sams", 0o000)
        runtime = host(Path(name))
        os.seteuid(65534)
        try:
            assert locate("tiny", runtime, TABLE) is None
            assert looked_into(ROW, runtime) == [f"{name}/sams (not readable)"]
        finally:
            os.seteuid(0)


def test_a_hub_cache_that_cannot_be_read(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", refuse)
    assert locate("hub", host(), TABLE) is None


def test_the_hub_names_a_large_file_by_its_hash(tmp_path, nobody):
    pointer = cache(nobody)
    assert verify("hub", pointer, host(), TABLE)
    (tmp_path / "link.pth").symlink_to(pointer)
    assert verify("hub", tmp_path / "link.pth", host(), TABLE), "people link to the cache"
    pointer.resolve().write_bytes(DATA[::-1])
    with pytest.raises(WeightsError, match="has sha256"):
        verify("hub", pointer, host(), TABLE)
    assert not verify("hub", cache(nobody, "other", b"small", "0" * 40), host(), TABLE), "a small file by another"


def test_a_blob_may_itself_be_a_link_named_by_another_hash(nobody):
    pointer = cache(nobody)
    blob, shared = pointer.resolve(), nobody / "hub" / "blobs" / "ab" / ("ab" * 32)
    shared.parent.mkdir(parents=True)
    blob.rename(shared)
    blob.symlink_to(shared)
    assert verify("hub", pointer, host(), TABLE) and list(links(pointer)) == [pointer, blob, shared]


def test_an_unknown_name():
    with pytest.raises(InputError, match="'huge' is not in the catalogue; it has: sam-vit-b, sam-vit-l"):
        find("huge", host(), CATALOG)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("SAM ViT-B", "sam-vit-b"),
        ("SAM-VIT-B", "sam-vit-b"),
        ("sam_vit_h", "sam-vit-h"),
        ("sam2.1-tinny", "sam2.1-tiny"),
    ],
)
def test_a_name_that_is_nearly_right(typed, meant):
    with pytest.raises(InputError) as error:
        find(typed, host(), CATALOG)
    message = str(error.value)
    assert f"did you mean {meant}" in message and "clip-merges" not in message and len(message) < 120


@pytest.mark.parametrize("name", CATALOG)
def test_a_row_says_where_from_and_under_which_licence(name):
    row = CATALOG[name]
    assert bool(row.url) != bool(row.hub) and row.source.startswith(("https://", "http://"))
    assert row.names and row.folder and row.licence and row.licence_note
    assert not row.sha256 or len(row.sha256) == 64
    assert not row.md5 or len(row.md5) == 32
