"""ComfyUI as a Runtime. The only file that imports ComfyUI, and only inside functions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..s2s_core import runtime as core_runtime


def runtime() -> core_runtime.Runtime:
    """The runtime for a node that runs now: the graph runner's, else ComfyUI's, else a headless one."""
    chosen = core_runtime.current()
    if chosen:
        return chosen
    return ComfyRuntime() if "folder_paths" in sys.modules else core_runtime.HeadlessRuntime()


def embeds_graphs() -> bool:
    """May files carry the workflow that made them? ComfyUI's --disable-metadata forbids it."""
    arguments = sys.modules.get("comfy.cli_args")
    return arguments is None or not arguments.args.disable_metadata


class ComfyRuntime:
    """Devices, memory, progress, cancel and folders as ComfyUI manages them."""

    @property
    def device(self) -> str:
        """The device that ComfyUI's settings choose."""
        import comfy.model_management

        return str(comfy.model_management.get_torch_device())

    @contextmanager
    def resident(self, module: Any, memory: int = 0) -> Iterator[Any]:
        """Make room by ComfyUI's rules, hold the module on the device for the block, then take it off again."""
        import comfy.model_management as management

        device, idle = management.get_torch_device(), management.unet_offload_device()
        weights = sum(value.numel() * value.element_size() for value in module.state_dict().values())
        management.free_memory(weights + memory, device)
        try:
            yield module.to(device)
        finally:
            module.to(idle)
            management.soft_empty_cache()

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[core_runtime.Progress]:
        """The node's progress bar. Every step also raises ComfyUI's own exception when the user pressed Cancel."""
        yield _Bar(total)

    def folder(self, kind: str) -> Path:
        """ComfyUI's input, output or temp folder."""
        import folder_paths

        return Path(folder_paths.get_directory_by_type(kind))

    def new_name(self, kind: str, prefix: str) -> Path:
        """ComfyUI's next free number for `prefix`, which may hold its %date% words."""
        import folder_paths

        folder, name, counter, *_ = folder_paths.get_save_image_path(prefix, str(self.folder(kind)))
        return Path(folder) / f"{name}_{counter:05}_"

    def model_folders(self, kind: str) -> tuple[Path, ...]:
        """ComfyUI's folders of that kind, those of extra_model_paths.yaml included."""
        import folder_paths

        known = kind in folder_paths.folder_names_and_paths
        return tuple(map(Path, folder_paths.get_folder_paths(kind))) if known else ()


class _Bar:
    def __init__(self, total: int):
        import comfy.model_management
        import comfy.utils

        self.check = comfy.model_management.throw_exception_if_processing_interrupted
        self.bar = comfy.utils.ProgressBar(total)
        self.step(0)

    def step(self, count: int = 1) -> None:
        self.check()
        if count:
            self.bar.update(count)
