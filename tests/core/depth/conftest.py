"""A machine on which the toy Depth Anything lies."""

import pytest
import torch
from see2sound_nodes.s2s_core.depth import prepare
from see2sound_nodes.s2s_core.models.catalog import CATALOG, WeightFile

from .tiny import LAYOUTS, V1, Machine, tiny_state


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other cost a tiny network more than they bring, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def saved(tmp_path):
    """Writes a checkpoint in one of the layouts; gives its path."""

    def write(state, layout="original.pth"):
        LAYOUTS[layout](state, tmp_path / layout)
        return tmp_path / layout

    return write


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A runtime on which the file of `variant.weights` is the tiny checkpoint."""

    def stock(variant=V1, state=None, half="float32", kind=Machine):
        row = WeightFile("depthanything", ("any.pth",), None, "MIT", "free", hub=("a/b", "c"))
        monkeypatch.setitem(CATALOG, variant.weights, row)
        folder = tmp_path / "models" / "depthanything"
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(tiny_state(variant) if state is None else state, folder / "any.pth")
        runtime = kind("cpu", models=(tmp_path / "models",))
        runtime.half = half
        return runtime

    return stock


@pytest.fixture
def small(monkeypatch):
    """Pictures are looked at with a short side of 70 pixels: the tiny network is made for such."""
    whole = prepare.network_size
    monkeypatch.setattr(prepare, "network_size", lambda size: whole(size, 70, 280))
    monkeypatch.setattr(prepare, "SHORT_SIDE", 70)
