"""ComfyUI as a Runtime, with ComfyUI itself faked: devices, memory, progress, cancel, folders."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from see2sound_nodes.nodes import host
from see2sound_nodes.s2s_core import runtime as core_runtime
from see2sound_nodes.s2s_core.models import store


class Interrupted(Exception):
    pass


class Device:
    """What torch.device shows of itself."""

    def __init__(self, type, index=None):
        self.type, self.index = type, index

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"


class Module:
    """As much of a torch module as residency looks at: 100 numbers of four bytes."""

    def __init__(self, calls):
        self.calls = calls
        self.value = SimpleNamespace(device=Device("cpu"), numel=lambda: 100, element_size=lambda: 4)

    def parameters(self):
        return [self.value]

    def buffers(self):
        return []

    def to(self, device):
        self.calls.append(("to", str(device)))
        return self


@pytest.fixture
def comfy(monkeypatch, tmp_path):
    """Stand-ins for the few functions of ComfyUI that host.py calls; `calls` lists what was asked of them."""
    state = SimpleNamespace(calls=[], cancelled=False, bars=[], allowed=(), card=Device("cuda", 0), lands_on=None)
    state.lands_on = state.card

    def check():
        if state.cancelled:
            raise Interrupted

    class ProgressBar:
        def __init__(self, total):
            self.total, self.done = total, 0
            state.bars.append(self)

        def update_absolute(self, value, total):
            self.done, self.total = value, total

    def load_models_gpu(patchers, memory_required=0, force_full_load=False):
        state.calls.append(("load", memory_required, force_full_load))
        for patcher in patchers:
            for value in patcher.model.parameters():
                value.device = state.lands_on

    class ModelPatcher:
        def __init__(self, model, load_device, offload_device):
            self.model, self.devices = model, (str(load_device), str(offload_device))
            state.calls.append(("patcher", *self.devices))

        def detach(self):
            state.calls.append(("detach",))

    management = ModuleType("comfy.model_management")
    management.__file__ = str(tmp_path / "comfy" / "model_management.py")
    management.get_torch_device = lambda: state.card
    management.unet_offload_device = lambda: "cpu"
    management.should_use_fp16 = lambda device: "float16" in state.allowed
    management.should_use_bf16 = lambda device: "bfloat16" in state.allowed
    management.load_models_gpu = load_models_gpu
    management.free_memory = lambda amount, device: state.calls.append(("free", amount, device))
    management.soft_empty_cache = lambda: state.calls.append(("empty",))
    management.throw_exception_if_processing_interrupted = check
    patchers = ModuleType("comfy.model_patcher")
    patchers.ModelPatcher = ModelPatcher
    utils = ModuleType("comfy.utils")
    utils.ProgressBar = ProgressBar
    package = ModuleType("comfy")
    package.model_management, package.utils = management, utils
    paths = ModuleType("folder_paths")
    paths.get_directory_by_type = lambda kind: str(tmp_path / kind)
    paths.get_save_image_path = lambda prefix, folder: (f"{folder}/sub", "take", 7, "sub", prefix)
    paths.models_dir = str(tmp_path / "models")
    paths.folder_names_and_paths = {"sams": ([], set())}
    paths.get_folder_paths = lambda kind: [str(tmp_path / "yaml" / kind)]
    for module in (package, management, patchers, utils, paths):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return state


def test_which_runtime_a_node_finds(comfy, monkeypatch):
    assert isinstance(host.runtime(), host.ComfyRuntime)
    chosen = core_runtime.HeadlessRuntime("cpu")
    with core_runtime.use(chosen):
        assert host.runtime() is chosen
    monkeypatch.delitem(sys.modules, "folder_paths")
    assert isinstance(host.runtime(), core_runtime.HeadlessRuntime)


def test_a_model_is_loaded_whole_by_comfyui_and_left_in_its_hands(comfy):
    module = Module(comfy.calls)
    for _ in range(2):  # the handle is made once, the load is asked for before every use
        with host.ComfyRuntime().resident(module, memory=1000) as inside:
            assert inside is module
    assert comfy.calls == [("patcher", "cuda:0", "cpu"), ("load", 1000, True), ("load", 1000, True)]


def test_what_comfyui_keeps_off_the_device_is_moved_by_hand_for_the_block(comfy):
    module, comfy.lands_on = Module(comfy.calls), Device("cpu")
    with pytest.raises(RuntimeError), host.ComfyRuntime().resident(module, memory=1000):
        raise RuntimeError
    assert comfy.calls[2:] == [("detach",), ("free", 1400, comfy.card), ("to", "cuda:0"), ("to", "cpu"), ("empty",)]


@pytest.mark.parametrize(
    ("allowed", "half"), [((), "float32"), (("bfloat16",), "bfloat16"), (("float16", "bfloat16"), "float16")]
)
def test_half_precision_is_what_comfyui_allows(comfy, allowed, half):
    comfy.allowed = allowed
    assert host.ComfyRuntime().half == half


def test_every_step_counts_and_cancel_is_heard_at_the_next(comfy):
    with pytest.raises(Interrupted), host.ComfyRuntime().progress("work", 3) as bar:
        bar.step()
        comfy.cancelled = True
        bar.step()
    assert (comfy.bars[0].total, comfy.bars[0].done) == (300, 100)


def test_one_bar_goes_forward_once_whatever_counts_inside(comfy):
    runtime, seen = host.ComfyRuntime(), []
    with runtime.progress("frames", 2) as bar:
        for _ in range(2):
            for _ in range(3):  # segment, depth, locate
                with runtime.progress("inside", 4) as inner:
                    for _ in range(4):
                        inner.step()
                        seen.append(comfy.bars[0].done)
            bar.step()
    assert len(comfy.bars) == 1 and seen == sorted(seen) and comfy.bars[0].done == comfy.bars[0].total == 200
    assert seen[0] == 25


def test_graphs_are_not_embedded_where_comfyui_forbids_it(monkeypatch):
    assert host.embeds_graphs()
    for forbidden in (False, True):
        arguments = SimpleNamespace(args=SimpleNamespace(disable_metadata=forbidden))
        monkeypatch.setitem(sys.modules, "comfy.cli_args", arguments)
        assert host.embeds_graphs() is not forbidden


def test_folders_and_names(comfy, tmp_path, monkeypatch):
    runtime = host.ComfyRuntime()
    assert runtime.device == "cuda:0"
    assert runtime.folder("output") == tmp_path / "output"
    assert runtime.new_name("output", "sub/take") == tmp_path / "output" / "sub" / "take_00007_"
    assert runtime.model_folders("sams") == (tmp_path / "yaml" / "sams", tmp_path / "models" / "sams")
    assert runtime.model_folders("unheard") == (tmp_path / "models" / "unheard",)
    monkeypatch.setenv("SEE2SOUND_MODELS", str(tmp_path / "mine"))
    assert runtime.model_folders("unheard")[1:] == (tmp_path / "mine" / "unheard",)


def test_the_tokenizer_that_comfyui_brings_is_found_after_the_users_own(comfy, tmp_path):
    runtime, brought = host.ComfyRuntime(), tmp_path / "comfy" / "sd1_tokenizer"
    assert runtime.model_folders("clip_tokenizer") == (tmp_path / "models" / "clip_tokenizer", brought)
    brought.mkdir(parents=True)
    for name, file in (("clip-vocabulary", "vocab.json"), ("clip-merges", "merges.txt")):
        (brought / file).write_text("...")
        assert store.find(name, runtime) == brought / file
    (tmp_path / "models" / "clip_tokenizer").mkdir(parents=True)
    (tmp_path / "models" / "clip_tokenizer" / "vocab.json").write_text("...")
    assert store.find("clip-vocabulary", runtime) == tmp_path / "models" / "clip_tokenizer" / "vocab.json"
