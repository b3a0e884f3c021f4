"""ComfyUI as a Runtime, with ComfyUI itself faked: devices, memory, progress, cancel, folders."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from see2sound_nodes.nodes import host
from see2sound_nodes.s2s_core import runtime as core_runtime


class Interrupted(Exception):
    pass


@pytest.fixture
def comfy(monkeypatch, tmp_path):
    """Stand-ins for the few functions of ComfyUI that host.py calls; `calls` lists what was asked of them."""
    state = SimpleNamespace(calls=[], cancelled=False, bars=[])

    def check():
        if state.cancelled:
            raise Interrupted

    class ProgressBar:
        def __init__(self, total):
            self.total, self.done = total, 0
            state.bars.append(self)

        def update(self, count):
            self.done += count

    management = ModuleType("comfy.model_management")
    management.get_torch_device = lambda: "cuda:0"
    management.unet_offload_device = lambda: "cpu"
    management.free_memory = lambda amount, device: state.calls.append(("free", amount, device))
    management.soft_empty_cache = lambda: state.calls.append(("empty",))
    management.throw_exception_if_processing_interrupted = check
    utils = ModuleType("comfy.utils")
    utils.ProgressBar = ProgressBar
    package = ModuleType("comfy")
    package.model_management, package.utils = management, utils
    paths = ModuleType("folder_paths")
    paths.get_directory_by_type = lambda kind: str(tmp_path / kind)
    paths.get_save_image_path = lambda prefix, folder: (f"{folder}/sub", "take", 7, "sub", prefix)
    paths.folder_names_and_paths = {"sams": ([], set())}
    paths.get_folder_paths = lambda kind: [str(tmp_path / "models" / kind)]
    for module in (package, management, utils, paths):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return state


def test_which_runtime_a_node_finds(comfy, monkeypatch):
    assert isinstance(host.runtime(), host.ComfyRuntime)
    chosen = core_runtime.HeadlessRuntime("cpu")
    with core_runtime.use(chosen):
        assert host.runtime() is chosen
    monkeypatch.delitem(sys.modules, "folder_paths")
    assert isinstance(host.runtime(), core_runtime.HeadlessRuntime)


def test_a_model_is_resident_for_the_block_only(comfy):
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(10, 10, bias=False)
    module.to = lambda device: comfy.calls.append(("to", device)) or module
    with pytest.raises(RuntimeError), host.ComfyRuntime().resident(module, memory=1000) as inside:
        assert inside is module
        raise RuntimeError
    assert comfy.calls == [("free", 1400, "cuda:0"), ("to", "cuda:0"), ("to", "cpu"), ("empty",)]


def test_every_step_counts_and_cancel_is_heard_at_the_next(comfy):
    with pytest.raises(Interrupted), host.ComfyRuntime().progress("work", 3) as bar:
        bar.step()
        comfy.cancelled = True
        bar.step()
    assert (comfy.bars[0].total, comfy.bars[0].done) == (3, 1)


def test_graphs_are_not_embedded_where_comfyui_forbids_it(monkeypatch):
    assert host.embeds_graphs()
    for forbidden in (False, True):
        arguments = SimpleNamespace(args=SimpleNamespace(disable_metadata=forbidden))
        monkeypatch.setitem(sys.modules, "comfy.cli_args", arguments)
        assert host.embeds_graphs() is not forbidden


def test_folders_and_names(comfy, tmp_path):
    runtime = host.ComfyRuntime()
    assert runtime.device == "cuda:0"
    assert runtime.folder("output") == tmp_path / "output"
    assert runtime.new_name("output", "sub/take") == tmp_path / "output" / "sub" / "take_00007_"
    assert runtime.model_folders("sams") == (Path(tmp_path / "models" / "sams"),)
    assert runtime.model_folders("unknown") == ()
