"""Which folders SEE2SOUND_MODELS names."""

import os
from pathlib import Path

import pytest
from see2sound_nodes.s2s_core import folders
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

YAML = """
# as ComfyUI's own example
comfyui:
    base_path: {base}
    checkpoints: models/checkpoints/
    custom_nodes: custom_nodes
    sams: |
        models/sams
        models/more sams

        /absolute/sams
other:
    base_path: ~/models
    sams: sams
beside:
    sams: here
    vae: $PLACE/vae
empty:
#    sams: nowhere
first:
    is_default: true
    sams: /default/sams
"""


@pytest.fixture
def named(monkeypatch):
    """Set the variable and read it."""

    def name(*entries):
        monkeypatch.setenv(folders.VARIABLE, os.pathsep.join(map(str, entries)))
        return folders.named()

    return name


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("PLACE", "/placed")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path / "home"


def test_folders_have_one_folder_for_each_kind(named, home, tmp_path):
    found = named(tmp_path / "a", "~/b", "", " ")
    assert found.of("sams") == (tmp_path / "a" / "sams", home / "b" / "sams")
    runtime = HeadlessRuntime("cpu")
    assert runtime.model_folders("sams") == (*found.of("sams"), home / ".cache" / "see2sound" / "models" / "sams")


@pytest.mark.parametrize("base", ["/comfy", "~/comfy", "$PLACE/comfy", "comfy"])
def test_a_file_of_comfyui(named, home, tmp_path, base):
    table = tmp_path / "extra_model_paths.yaml"
    table.write_text(YAML.format(base=base))
    found = named(table, tmp_path / "a")
    start = {
        "/comfy": "/comfy",
        "~/comfy": home / "comfy",
        "$PLACE/comfy": "/placed/comfy",
        "comfy": tmp_path / "comfy",
    }
    sams = ["/default/sams", f"{start[base]}/models/sams", f"{start[base]}/models/more sams", "/absolute/sams"]
    sams += [str(home / "models" / "sams"), str(tmp_path / "here")]
    assert list(map(str, found.of("sams"))) == [str(tmp_path / "a" / "sams"), *sams]
    assert list(map(str, found.of("vae"))) == [str(tmp_path / "a" / "vae"), "/placed/vae"]
    assert list(map(str, found.of("custom_nodes")))[1:] == [f"{start[base]}/custom_nodes"]
    assert found.of("depthanything") == (tmp_path / "a" / "depthanything",)


def test_several_files_and_an_empty_one(named, tmp_path):
    for name, text in (("a.yaml", "x: {sams: /a}"), ("b.yml", "x: {sams: /b}"), ("c.yaml", "# nothing")):
        (tmp_path / name).write_text(text)
    assert list(map(str, named(*sorted(tmp_path.iterdir())).of("sams"))) == ["/a", "/b"]


def test_a_folder_may_be_called_like_a_file(named, tmp_path):
    (tmp_path / "models.yaml").mkdir()
    assert named(tmp_path / "models.yaml").of("sams") == (tmp_path / "models.yaml" / "sams",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("a: [1, 2", "expected ',' or ']'"),
        ("just words", "'str'"),
        ("- a\n- b", "'list'"),
        ("a: words", "sections of 'kind: path'"),
        ("a: {sams: [x, y]}", "a has sams: ['x', 'y'], where a path is needed"),
        ("a: {sams: }", "a has sams: None, where a path is needed"),
        ("a: {base_path: 3, sams: x}", "sections of 'kind: path'"),
        ("\x00", "sections of 'kind: path'"),
    ],
)
def test_a_file_that_is_not_usable(named, tmp_path, text, words):
    table = tmp_path / "paths.yaml"
    if text is not None:
        table.write_text(text)
    with pytest.raises(InputError) as error:
        named(table)
    message = str(error.value)
    assert words in message and f"SEE2SOUND_MODELS names {table}" in message and "\n" not in message


def test_nothing_is_named(monkeypatch):
    monkeypatch.delenv(folders.VARIABLE, raising=False)
    assert folders.named() == folders.Places()


@pytest.mark.parametrize("suffix", ["YAML", "Yml"])
def test_a_file_in_capitals(named, tmp_path, suffix):
    (tmp_path / f"OK.{suffix}").write_text("x: {sams: /a}")
    assert list(map(str, named(tmp_path / f"OK.{suffix}").of("sams"))) == ["/a"]


def test_a_file_that_is_neither_folder_nor_yaml(named, tmp_path):
    (tmp_path / "sam.pth").write_bytes(b"x")
    with pytest.raises(InputError, match=r"SEE2SOUND_MODELS names .*sam\.pth, which is a file; a folder"):
        named(tmp_path, tmp_path / "sam.pth")


@pytest.fixture
def homeless(monkeypatch):
    """A user id that the system does not list, without HOME."""

    def unknown(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", lambda path: unknown(path) if str(path).startswith("~") else path)
    monkeypatch.setattr(Path, "home", lambda: unknown(None))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


def test_an_unknown_home_that_is_named(named, homeless, tmp_path):
    with pytest.raises(
        InputError, match="SEE2SOUND_MODELS: no home folder is known for ~nosuchuser/x: write the whole"
    ):
        named("~nosuchuser/x")
    table = tmp_path / "paths.yaml"
    table.write_text("a: {base_path: ~nosuchuser/x, sams: y}")
    with pytest.raises(
        InputError, match=r"paths\.yaml, which is not usable: no home folder is known for ~nosuchuser/x"
    ):
        named(table)


def test_without_a_home_the_default_is_left_out(named, homeless, monkeypatch, tmp_path):
    named(tmp_path)
    assert folders.everywhere("sams") == (tmp_path / "sams",)
    with pytest.raises(InputError, match="set HOME, or XDG_CACHE_HOME"):
        folders.default()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert folders.everywhere("sams")[1:] == (tmp_path / "cache" / "see2sound" / "models" / "sams",)
