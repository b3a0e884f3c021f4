import pickle
from pathlib import Path

import pytest
from see2sound_nodes.s2s_core.errors import MissingModelError
from see2sound_nodes.s2s_core.models.held import Held
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

READ = []


class Half(HeadlessRuntime):
    """A runtime that stands half precision when told."""

    half = "float32"


def load(path: Path, half: str):
    READ.append((path.name, half))
    return object()


@pytest.fixture
def host(tmp_path):
    READ.clear()
    (tmp_path / "sams").mkdir()
    (tmp_path / "sams" / "sam_vit_b_01ec64.pth").write_bytes(b"weights")
    return Half("cpu", models=(tmp_path,))


def test_a_file_is_read_when_first_used_and_once(host):
    held = Held("sam-vit-b", load)
    assert READ == []
    assert held.network(host) is held.network(host)
    assert READ == [("sam_vit_b_01ec64.pth", "float32")]


def test_another_number_type_is_read_anew(host):
    held = Held("sam-vit-b", load)
    first = held.network(host)
    host.half = "float16"
    assert held.network(host) is not first
    assert [half for _, half in READ] == ["float32", "float16"]


def test_a_pickle_travels_without_the_network_and_finds_the_file_where_it_arrives(host, tmp_path):
    held = Held("sam-vit-b", load)
    held.network(host)
    sent = pickle.loads(pickle.dumps(held))
    assert sent._held is None and held._held is not None
    sent.network(host)
    assert len(READ) == 2
    with pytest.raises(MissingModelError, match="sam-vit-b is not on this machine"):
        pickle.loads(pickle.dumps(held)).network(Half("cpu", models=(tmp_path / "elsewhere",)))
