"""What pyproject.toml promises is what the folders hold."""

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

ROOT = Path(__file__).parents[2]


def table(name):
    """The raw text of one list in pyproject.toml (tomllib is missing from Python 3.10)."""
    text = (ROOT / "pyproject.toml").read_text()
    return re.findall(r'"([^"]+)"', re.search(rf"^{name} = \[(.*?)\]$", text, re.S | re.M)[1])


def test_every_package_is_listed():
    folders = {path.parent for top in ("nodes", "s2s_core") for path in (ROOT / top).rglob("__init__.py")}
    names = {"see2sound_nodes", *("see2sound_nodes." + ".".join(f.relative_to(ROOT).parts) for f in folders)}
    assert set(table("packages")) == names


def test_requirements_equal_base_dependencies():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == table("dependencies")


def test_base_dependencies_bring_nothing_that_comfyui_owns():
    base = [need for need in requires("see2sound-nodes") or [] if "extra ==" not in need]
    owned = ("torch", "torchvision", "torchaudio", "numpy", "pillow", "scipy", "av", "transformers")
    assert not [need for need in base if re.split(r"[^a-z]", need.lower())[0] in owned]


def test_torch_and_torchvision_fit_each_other():
    probe = (
        "import torch, torchvision; from torchvision.ops import nms; print(nms(torch.eye(4)[:1], torch.ones(1), .5))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_registry_rules():
    text = (ROOT / "pyproject.toml").read_text()
    name = re.search(r'^name = "(.*)"', text, re.M)[1]
    assert re.fullmatch(r"[A-Za-z][\w.-]{0,98}", name) and "comfyui" not in name.lower()
    assert re.search(r'^version = "\d+\.\d+\.\d+"', text, re.M)
    for key in ("Repository", "PublisherId", "DisplayName", "requires-comfyui"):
        assert re.search(rf'^{key} = ".+"', text, re.M), key
    sources = [path for path in ROOT.rglob("*.py") if ".venv" not in path.parts]
    assert not [path for path in sources if not path.read_bytes().isascii()]
