import pickle
import threading
import time

import numpy as np
import pytest
from see2sound_nodes.s2s_core import runtime as rt
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.files import whole_file


def test_streams_of_a_seed_are_independent_and_repeatable():
    draw = lambda *key: rt.generator(*key).random(4).tolist()  # noqa: E731
    assert draw(7, 1) == draw(7, 1)
    assert len({tuple(draw(*key)) for key in [(7,), (7, 0), (7, 1), (8, 0)]}) == 4


def test_progress_tells_every_step_and_cancel_stops_at_the_next():
    heard, cancel = [], threading.Event()
    host = rt.HeadlessRuntime("cpu", listen=lambda *step: heard.append(step), cancel=cancel)
    with pytest.raises(Cancelled, match=r"during work \(2 of 5\)"), host.progress("work", 5) as bar:
        bar.step()
        bar.step()
        cancel.set()
        bar.step()
    assert heard == [("work", 0, 5), ("work", 1, 5), ("work", 2, 5)]


def test_models_stay_on_the_device_until_released(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    module, moves = torch.nn.Linear(2, 2), []
    module.to = lambda device: moves.append(device) or module
    host = rt.HeadlessRuntime("cuda")
    host._residents.free = lambda device: 1 << 40
    with host.resident(module) as inside:
        assert inside is module and moves == ["cuda"]
    assert moves == ["cuda"]
    host.release()
    assert moves == ["cuda", "cpu"]


def test_half_precision_only_where_it_can_be_trusted(monkeypatch):
    torch = pytest.importorskip("torch")
    assert rt.HeadlessRuntime("cpu").half == "float32"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for card, capability, half in (
        ("NVIDIA GeForce RTX 3060", (8, 6), "float16"),
        ("NVIDIA GeForce GTX 1660 Ti", (7, 5), "float32"),
        ("NVIDIA GeForce GTX 1080", (6, 1), "float32"),
    ):
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda card=card: card)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda capability=capability: capability)
        assert rt.HeadlessRuntime("cuda").half == half


def test_device(monkeypatch):
    torch = pytest.importorskip("torch")
    assert rt.HeadlessRuntime("cpu").device == "cpu"
    assert rt.HeadlessRuntime().device in ("cpu", "cuda", "mps")
    with pytest.raises(InputError, match="'tpu'; allowed is one of: auto, cpu, cuda, mps"):
        rt.HeadlessRuntime("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device is 'cuda'; allowed is one of: "):
        _ = rt.HeadlessRuntime("cuda").device


def test_names_are_numbered_as_comfyui_numbers_them(tmp_path):
    host = rt.HeadlessRuntime("cpu", {"output": tmp_path})
    assert host.new_name("output", "a/take").name == "take_00001_"
    (tmp_path / "a").mkdir()
    for name in ("take_00001_.wav", "take_00007_.flac", "take_x_.wav", "other_00009_.wav"):
        (tmp_path / "a" / name).touch()
    assert host.new_name("output", "a/take") == tmp_path / "a" / "take_00008_"
    for outside in ("../take", "/etc/take", ""):
        with pytest.raises(InputError, match="leaves the output folder"):
            host.new_name("output", outside)


def test_words_for_the_date_are_those_of_comfyui(tmp_path, monkeypatch):
    moment = time.struct_time((2031, 2, 3, 4, 5, 6, 0, 34, 0))
    monkeypatch.setattr(rt.time, "localtime", lambda *_: moment)
    host = rt.HeadlessRuntime("cpu", {"output": tmp_path})
    name = host.new_name("output", "%year%-%month%-%day%/%hour%.%minute%.%second% %width% %year%")
    assert name == tmp_path / "2031-02-03" / "04.05.06 %width% 2031_00001_"


def test_names_in_a_linked_folder_keep_the_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "take_00004_.wav").touch()
    (tmp_path / "link").symlink_to("there")
    host = rt.HeadlessRuntime("cpu", {"output": tmp_path / "link"})
    assert host.new_name("output", "take") == tmp_path / "link" / "take_00005_"


def test_a_name_that_is_being_written_is_taken(tmp_path):
    host = rt.HeadlessRuntime("cpu", {"output": tmp_path})
    name = host.new_name("output", "take")
    with whole_file(name.with_name(name.name + ".flac")):
        assert host.new_name("output", "take").name == "take_00002_"


def test_nodes_find_the_runtime_only_inside_use():
    host = rt.HeadlessRuntime("cpu")
    assert rt.current() is None
    with rt.use(host):
        assert rt.current() is host
    assert rt.current() is None


def test_values_can_be_sent_to_another_process():
    from see2sound_nodes.s2s_core.types import AudioTrack, Region, SoundSource, Trajectory

    source = SoundSource("a", Trajectory.still(1, 2, 3))
    values = (source, Region(np.ones((4, 4), bool)), AudioTrack(np.zeros(3, np.float32), 8000))
    assert pickle.loads(pickle.dumps(values))[0].azimuth == 1
