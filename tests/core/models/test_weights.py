"""Weight files are strangers' files: reading runs nothing, and whatever is wrong is told in one line."""

import os
import pickle
import warnings
import zipfile
from argparse import Namespace

import pytest
from see2sound_nodes.s2s_core.errors import InputError, OutputError, WeightsError
from see2sound_nodes.s2s_core.models import weights

torch = pytest.importorskip("torch")

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2, dtype=torch.float16)}


def same(one, other):
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one
    )


def refused(path, *words, kind=WeightsError):
    with pytest.raises(kind) as error:
        weights.read(path)
    message = str(error.value)
    assert "\n" not in message and all(word in message for word in (str(path), *words)), message
    return message


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: state,
        lambda state: {"model": state, "epoch": 3},
        lambda state: {"predictor": state, "settings": Namespace(rate=0.1, steps=[1, 2])},
    ],
    ids=["plain", "in", "beside settings"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoints(tmp_path, zipped, wrapped):
    torch.save(wrapped(STATE), tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    assert same(weights.read(tmp_path / "a.pth"), STATE)


def test_safetensors_are_written_whole_and_read_again(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "a.safetensors"
    tied = torch.ones(3, 4)
    state = {**STATE, "turned": torch.arange(6).reshape(2, 3).t(), "one": tied, "two": tied, "part": tied[1:]}
    weights.save(path, state)
    assert same(weights.read(path), state) and os.listdir(path.parent) == ["a.safetensors"]
    before = path.read_bytes()

    def stopped(tensors, name, **_):
        with open(name, "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("safetensors.torch.save_file", stopped)
    with pytest.raises(KeyboardInterrupt):
        weights.save(path, STATE)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["a.safetensors"]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX modes")
def test_a_saved_file_is_as_ordinary_as_any_and_on_the_disk(tmp_path, monkeypatch):
    synced, real = [], os.fsync

    def fsync(handle):
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    for mask in (0o022, 0o077, 0o002):
        before = os.umask(mask)
        try:
            weights.save(tmp_path / "a.safetensors", STATE)
        finally:
            os.umask(before)
        found = (tmp_path / "a.safetensors").stat()
        assert found.st_mode & 0o777 == 0o666 & ~mask and synced[-1] == found.st_ino


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I/O error: No space left on device (os error 28)", "the disk is full: free some space"),
        ("I/O error: Permission denied (os error 13)", "writing there is not permitted"),
        ("something\nelse", "something else"),
    ],
)
def test_a_disk_that_refuses(tmp_path, monkeypatch, text, words):
    from safetensors import SafetensorError

    def refuse(tensors, name, **_):
        with open(name, "wb") as file:
            file.write(b"half")
        raise SafetensorError(text)

    torch.save(STATE, tmp_path / "a.pth")
    monkeypatch.setattr("safetensors.torch.save_file", refuse)
    target = tmp_path / "new" / "a.safetensors"
    with pytest.raises(OutputError) as error:
        weights.convert(tmp_path / "a.pth", target)
    assert str(error.value).startswith(f"cannot write {target}: {words}") and "\n" not in str(error.value)
    assert os.listdir(tmp_path) == ["a.pth"]


def test_convert(tmp_path):
    source, target = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save({"model": STATE}, source)
    weights.convert(source, target)
    assert same(weights.read(target), STATE)
    with pytest.raises(InputError, match="a.safetensors exists already"):
        weights.convert(source, target)
    with pytest.raises(InputError, match="is safetensors already"):
        weights.convert(target, tmp_path / "b.safetensors")


class Attack:
    """Pickled so that whoever unpickles it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def pickled(path, content):
    with path.open("wb") as file:
        pickle.dump(content, file, protocol=2)


def zipped(path, content):
    torch.save(content, path)


def zipped_by_hand(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
        archive.writestr("archive/version", "3\n")


def legacy(path, content):
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [pickled, zipped, zipped_by_hand, legacy])
@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: {"model": {"a": it}}], ids=["bare", "inside"])
def test_nothing_in_a_file_is_run(tmp_path, write, wrap):
    path, trace = tmp_path / "a.pth", tmp_path / "trace"
    write(path, wrap(Attack(trace)))
    message = refused(path, "nothing in it was executed", "system")
    assert not trace.exists() and "likely succeed" not in message and "weights_only" not in message


def truncated(write, keep):
    def make(path):
        write(path)
        path.write_bytes(path.read_bytes()[:keep])

    return make


NO_WEIGHTS = {
    "cut.pth": truncated(lambda path: torch.save(STATE, path), -300),
    "short.pth": truncated(lambda path: torch.save(STATE, path), 500),
    "old.pth": truncated(lambda path: legacy(path, STATE), -5),
    "cut.safetensors": truncated(lambda path: weights.save(path, STATE), -5),
    "head.safetensors": truncated(lambda path: weights.save(path, STATE), 20),
    "noise.pth": lambda path: path.write_bytes(b"\x80\x02}q\x00garbage"),
    "text.pth": lambda path: path.write_text("hello"),
    "noise.safetensors": lambda path: path.write_bytes(b"\xff" * 100),
    "a.zip": lambda path: zipfile.ZipFile(path, "w").close(),
}


@pytest.mark.parametrize("name", NO_WEIGHTS)
def test_damaged_files(tmp_path, name):
    NO_WEIGHTS[name](tmp_path / name)
    message = refused(tmp_path / name, "cannot be read as weights", "fetch it again")
    own = "it is damaged, incomplete or no checkpoint ("
    assert (own in message) == (not name.endswith("safetensors")), "torch speaks at length, and to programmers"


@pytest.mark.parametrize("content", [{"a": 1}, STATE], ids=["numbers", "tensors"])
def test_no_warning_stands_before_the_message(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(pickle.dumps(content, protocol=4))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        refused(tmp_path / "a.pth", "cannot be read as weights")
    assert not heard


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"\n  <!DOCTYPE html><html>", "a web page"),
        (b"<html><body>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "a Git LFS pointer"),
    ],
)
def test_what_people_find_in_place_of_weights(tmp_path, suffix, content, words):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    refused(path, words, "fetch it again")


def test_a_folder_or_nothing(tmp_path):
    refused(tmp_path, "is not a file", kind=InputError)
    refused(tmp_path / "nowhere.pth", "is not a file", kind=InputError)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": torch.ones(1), "lr": 0.1, "names": ["x"]}, "lr, names"),
        ({"model": {"a": torch.ones(1), 3: torch.ones(1)}}, "without a name in words: 3"),
        ({"a": torch.ones(2).to_sparse()}, "not tensors of real numbers: a"),
        ({"a": torch.ones(2, dtype=torch.complex64)}, "not tensors of real numbers: a"),
        ({"a": torch.ones(2, device="meta")}, "not tensors of real numbers: a"),
        ({"model": {}}, "a collection of named tensors is needed"),
        ([torch.ones(1)], "holds list"),
        (torch.ones(1), "holds Tensor"),
        ({str(number): number for number in range(9)}, "0, 1, 2 and 6 more"),
    ],
)
def test_what_is_no_collection_of_tensors(tmp_path, content, words):
    torch.save(content, tmp_path / "a.pth")
    refused(tmp_path / "a.pth", words)


def test_settings_beside_the_tensors_are_handed_out(tmp_path):
    torch.save({"model": STATE, "hparams": Namespace(rate=0.1, steps=[1, 2])}, tmp_path / "a.pth")
    state, settings = weights.read_with_settings(tmp_path / "a.pth")
    assert same(state, STATE) and settings == {"rate": 0.1, "steps": [1, 2]}
    weights.save(tmp_path / "a.safetensors", STATE)
    assert weights.read_with_settings(tmp_path / "a.safetensors")[1] == {}


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(3, 2)
        self.register_buffer("scale", torch.tensor([1.0, 2.0]))
        self.register_buffer("steps", torch.arange(4.0), persistent=False)


FILLED = {
    "a.weight": torch.ones(2, 3),
    "a.bias": torch.zeros(2, dtype=torch.float16),
    "scale": torch.tensor([3.0, 4.0]),
}


def test_build_fills_a_network_that_is_ready_to_compute():
    network = weights.build(Net, FILLED, "a.pth", "net")
    assert same(dict(network.state_dict()), {key: value.float() for key, value in FILLED.items()})
    assert network.steps.tolist() == [0, 1, 2, 3], "what no file holds comes from the network itself"
    assert not network.training and not any(value.requires_grad for value in network.parameters())


def test_build_names_what_does_not_fit():
    state = {"a.weight": torch.ones(3, 3), "a.bias": torch.ones(2), "b": torch.ones(1)}
    with pytest.raises(WeightsError) as error:
        weights.build(Net, state, "a.pth", "net")
    message = str(error.value)
    for words in ("a.pth is not net", "1 missing: scale", "1 unexpected: b", "a.weight [3, 3] instead of [2, 3]"):
        assert words in message
    assert "\n" not in message
