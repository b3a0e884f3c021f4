import hashlib
from dataclasses import replace

import pytest
from see2sound_nodes.s2s_core.errors import InputError, MissingModelError
from see2sound_nodes.s2s_core.models.catalog import CATALOG, WeightFile
from see2sound_nodes.s2s_core.models.store import find, locate, verify
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

DATA = b"weights" * 1000
ROW = WeightFile(
    folder="sams",
    names=("official.pth", "renamed.pth"),
    size=len(DATA),
    licence="Apache-2.0",
    licence_note="free for any use",
    source="the publisher's page",
    sha256=hashlib.sha256(DATA).hexdigest(),
)
TABLE = {"tiny": ROW}


def host(*folders):
    return HeadlessRuntime("cpu", models=folders)


def test_any_known_name_in_any_folder_is_found_best_first(tmp_path):
    for folder, name in (("b", "official.pth"), ("b", "renamed.pth"), ("c", "official.pth")):
        (tmp_path / folder / "sams").mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "sams" / name).write_bytes(DATA)
    runtime = host(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    assert find("tiny", runtime, TABLE) == tmp_path / "b" / "sams" / "official.pth"
    (tmp_path / "b" / "sams" / "official.pth").unlink()
    assert find("tiny", runtime, TABLE).name == "renamed.pth"


def test_a_missing_file_names_folders_names_size_licence_and_source(tmp_path):
    assert locate("tiny", host(tmp_path), TABLE) is None
    with pytest.raises(MissingModelError) as error:
        find("tiny", host(tmp_path), TABLE)
    for word in (str(tmp_path / "sams"), "official.pth or renamed.pth", "0 MB", "Apache-2.0", "the publisher's page"):
        assert word in str(error.value)
    with pytest.raises(MissingModelError, match="no model folder is set"):
        find("tiny", host(), TABLE)


def test_verify(tmp_path):
    path = tmp_path / "official.pth"
    path.write_bytes(DATA)
    verify("tiny", path, host(), TABLE)
    verify("tiny", path, host(), {"tiny": replace(ROW, sha256=None)})
    path.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(InputError, match="SHA-256"):
        verify("tiny", path, host(), TABLE)
    path.write_bytes(DATA[:-1])
    with pytest.raises(InputError, match="has 6999 bytes; tiny has 7000"):
        verify("tiny", path, host(), TABLE)


def test_an_unknown_name():
    with pytest.raises(InputError, match="'huge' is not in the catalogue"):
        find("huge", host(), CATALOG)
