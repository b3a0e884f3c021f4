"""What the machine gives to a job: device, model residency, progress and cancel, seeds, folders.

A room never asks the machine for any of it directly; it asks the Runtime it was handed. `HeadlessRuntime` serves the
command line, scripts and tests; ComfyUI's twin is `nodes/host.py`.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from . import folders as model_places
from .errors import Cancelled, InputError, check_choice
from .resident import Residents

if TYPE_CHECKING:
    import numpy as np

DEVICES = ("auto", "cpu", "cuda", "mps")
DATE_WORDS = {"year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S"}
"""What may stand between % in a file name prefix, as strftime calls it."""


class Progress(Protocol):
    """A running count. `step()` is also where cancel happens: it may raise `Cancelled` or the host's own exception."""

    def step(self, count: int = 1) -> None: ...


class Runtime(Protocol):
    """What every host offers."""

    @property
    def device(self) -> str:
        """Where models compute: "cpu", "cuda", "cuda:1", "mps"."""

    @property
    def half(self) -> str:
        """The number type, as torch calls it, for those parts of a network that stand half precision: "float16",
        "bfloat16", or "float32" where a shorter type brings nothing or cannot be trusted."""

    def resident(self, module: Any, memory: int = 0) -> AbstractContextManager[Any]:
        """Hold a torch module on the device inside the block; `memory` is the bytes of activations it will need.

        Afterwards it is the host's to move away whenever something else needs the room.
        """

    def progress(self, label: str, total: int) -> AbstractContextManager[Progress]:
        """Announce `total` steps of work."""

    def folder(self, kind: str) -> Path:
        """The user's "input", "output" or "temp" folder."""

    def new_name(self, kind: str, prefix: str) -> Path:
        """A path without suffix in folder `kind` that no file begins with yet: `prefix_00001_`, `prefix_00002_`...

        `prefix` may hold sub-folders and the DATE_WORDS between %, such as %year%.
        """

    def model_folders(self, kind: str) -> tuple[Path, ...]:
        """Where files of a model kind ("sams", "depthanything", "see2sound"...) may lie, best first."""


def generator(seed: int, *stream: int) -> np.random.Generator:
    """A CPU random generator. Each `stream` of one seed is independent: changing region 2 never changes region 1."""
    import numpy as np

    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))


@dataclass
class HeadlessRuntime:
    """Runs without any host. Set `cancel` from another thread to stop at the next step.

    `listen(label, done, total)` hears every step. `folders` and `models` replace the defaults: the working directory
    for input, `out` for output, `out/.temp` for temp; for models what `s2s_core.folders` says. The temp folder is never
    emptied (ComfyUI empties its own at every start): without a screen, the previews in it are there to be looked at
    afterwards. Models stay on the device while there is room; `release` takes them off.
    """

    device_choice: str = "auto"
    folders: dict[str, Path] = field(default_factory=dict)
    models: tuple[Path, ...] | None = None
    listen: Callable[[str, int, int], None] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    _residents: Residents = field(default_factory=Residents, init=False, repr=False)

    def __post_init__(self):
        check_choice("device", self.device_choice, DEVICES)

    @property
    def device(self) -> str:
        """The chosen device; "auto" is the first that torch finds of cuda, mps, cpu. Raises InputError when the chosen
        one is not on this machine."""
        if self.device_choice == "cpu":
            return "cpu"
        import torch

        found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        if self.device_choice == "auto":
            return next(name for name, there in found.items() if there)
        check_choice("device", self.device_choice, [name for name, there in found.items() if there])
        return self.device_choice

    @property
    def half(self) -> str:
        """float16 on CUDA since Volta (before it is slow, and on the GTX 16 series wrong), else float32: a CPU computes
        half precision slowly, and on mps it is not tried yet."""
        if not self.device.startswith("cuda"):
            return "float32"
        import torch

        trusted = torch.cuda.get_device_capability() >= (7, 0) and "GTX 16" not in torch.cuda.get_device_name()
        return "float16" if trusted else "float32"

    @contextmanager
    def resident(self, module: Any, memory: int = 0) -> Iterator[Any]:
        """Move the module to the device, and others off it, least recently used first, while memory is short."""
        with self._residents.hold(module, self.device, memory):
            yield module

    def release(self) -> None:
        """Take every model off the device."""
        self._residents.release()

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Progress]:
        """Count steps, tell `listen`, stop at a step when `cancel` is set."""
        yield _Count(self, label, total)

    def folder(self, kind: str) -> Path:
        """The folder named in `folders`, else the default of that kind."""
        defaults = {"input": Path("."), "output": Path("out"), "temp": Path("out") / ".temp"}
        check_choice("folder", kind, defaults)
        return self.folders.get(kind, defaults[kind])

    def new_name(self, kind: str, prefix: str) -> Path:
        """Numbered as ComfyUI numbers, so that both hosts write the same names. InputError if `prefix` leads out."""
        now = time.localtime()
        for word, code in DATE_WORDS.items():
            prefix = prefix.replace(f"%{word}%", time.strftime(code, now))
        root = Path(os.path.abspath(self.folder(kind)))
        target = Path(os.path.abspath(root / prefix))
        if not target.is_relative_to(root) or target == root:
            raise InputError(f"the file name prefix {prefix!r} leaves the {kind} folder {root}: use a name inside it")
        used = [0]
        for path in target.parent.glob("*"):
            found = re.match(r"\.?" + re.escape(target.name) + r"_(\d+)_", path.name)  # a dot: still being written
            if found:
                used.append(int(found[1]))
        return target.with_name(f"{target.name}_{max(used) + 1:05}_")

    def model_folders(self, kind: str) -> tuple[Path, ...]:
        """`<folder>/<kind>` under each of `models`, else under what SEE2SOUND_MODELS names and the user's own cache."""
        if self.models is not None:
            return model_places.Places(self.models).of(kind)
        return model_places.everywhere(kind)


class _Count:
    def __init__(self, runtime: HeadlessRuntime, label: str, total: int):
        self.runtime, self.label, self.total, self.done = runtime, label, total, 0
        self.step(0)

    def step(self, count: int = 1) -> None:
        if self.runtime.cancel.is_set():
            raise Cancelled(f"stopped by the user during {self.label} ({self.done} of {self.total})")
        self.done += count
        if self.runtime.listen:
            self.runtime.listen(self.label, self.done, self.total)


_current: ContextVar[Runtime | None] = ContextVar("see2sound_runtime", default=None)


def current() -> Runtime | None:
    """The runtime that the enclosing `use` block chose; None outside of one."""
    return _current.get()


@contextmanager
def use(runtime: Runtime) -> Iterator[Runtime]:
    """Make `runtime` the one that nodes inside the block find."""
    token = _current.set(runtime)
    try:
        yield runtime
    finally:
        _current.reset(token)
