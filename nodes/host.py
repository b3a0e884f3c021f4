"""ComfyUI as a Runtime. The only file that imports ComfyUI, and only inside functions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ..s2s_core import folders
from ..s2s_core import runtime as core_runtime
from ..s2s_core.resident import weight_bytes

PARTS = 100
"""Of a step of the outermost progress bar, for what is counted inside it."""

BUNDLED = {"clip_tokenizer": "sd1_tokenizer"}
"""Model kind -> folder of ComfyUI's own package that has such files."""


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


class VideoFile:
    """A VIDEO where there is no ComfyUI: only which file it is."""

    def __init__(self, path: str):
        self.path = path

    def get_stream_source(self) -> str:
        """The file's path, as ComfyUI's own VIDEO tells it."""
        return self.path


def video_from(path: Path) -> Any:
    """A video file -> VIDEO. ComfyUI copies the streams of such a one; made of parts it would scramble the sound."""
    try:
        from comfy_api.input_impl import VideoFromFile
    except ImportError:
        return VideoFile(str(path))
    return VideoFromFile(str(path))


def video_path(video: Any) -> Path:
    """VIDEO -> a file that holds it; what has none yet is written into the temp folder."""
    source = video.get_stream_source()
    if isinstance(source, str):
        return Path(source)
    path = runtime().new_name("temp", "see2sound_video").with_suffix(".mp4")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.getbuffer() if hasattr(source, "getbuffer") else source.read())
    return path


_outer: ContextVar[_Bar | None] = ContextVar("see2sound_bar", default=None)
"""The progress bar that another one would be inside of."""


class ComfyRuntime:
    """Devices, memory, progress, cancel and folders as ComfyUI manages them."""

    @property
    def device(self) -> str:
        """The device that ComfyUI's settings choose."""
        import comfy.model_management

        return str(comfy.model_management.get_torch_device())

    @property
    def half(self) -> str:
        """What ComfyUI's settings and its knowledge of the card allow: float16, else bfloat16, else float32."""
        import comfy.model_management as management

        device = management.get_torch_device()
        allowed = {"float16": management.should_use_fp16, "bfloat16": management.should_use_bf16}
        return next((name for name, ask in allowed.items() if ask(device)), "float32")

    @contextmanager
    def resident(self, module: Any, memory: int = 0) -> Iterator[Any]:
        """Hold the module on the device by ComfyUI's rules; afterwards ComfyUI may move it whenever it needs room.

        A plain module computes only when all of it is on one device. Where ComfyUI keeps a part of it off (as with
        --novram), it is moved by hand for the block.
        """
        import comfy.model_management as management

        patcher = _patcher(module)
        management.load_models_gpu([patcher], memory_required=memory, force_full_load=True)
        device = management.get_torch_device()
        if all(_same_device(value.device, device) for value in (*module.parameters(), *module.buffers())):
            yield module
            return
        patcher.detach()  # else ComfyUI would go on counting it as partly loaded
        management.free_memory(weight_bytes(module) + memory, device)
        try:
            yield module.to(device)
        finally:
            module.to(management.unet_offload_device())
            management.soft_empty_cache()

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[core_runtime.Progress]:
        """The node's progress bar. Every step also raises ComfyUI's own exception when the user pressed Cancel."""
        bar = _Bar(total, _outer.get())
        token = _outer.set(bar)
        try:
            yield bar
        finally:
            _outer.reset(token)

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
        """ComfyUI's folders of that kind, those of extra_model_paths.yaml included, then `models/<kind>` whether any
        pack has announced that kind or not, then what SEE2SOUND_MODELS names, then what ComfyUI itself is made of."""
        import comfy.model_management
        import folder_paths

        known = kind in folder_paths.folder_names_and_paths
        theirs = folder_paths.get_folder_paths(kind) if known else []
        ours = (Path(folder_paths.models_dir) / kind, *folders.named().of(kind))
        bundled = [Path(comfy.model_management.__file__).with_name(BUNDLED[kind])] if kind in BUNDLED else []
        return tuple(dict.fromkeys((*map(Path, theirs), *ours, *bundled)))


def _patcher(module: Any) -> Any:
    """ComfyUI's handle for a module: made once, and hung on the module itself, since ComfyUI only holds it weakly."""
    import comfy.model_management as management
    from comfy.model_patcher import ModelPatcher

    if "see2sound_patcher" not in vars(module):
        devices = management.get_torch_device(), management.unet_offload_device()
        vars(module)["see2sound_patcher"] = ModelPatcher(module, *devices)
    return vars(module)["see2sound_patcher"]


def _same_device(one: Any, other: Any) -> bool:
    return one.type == other.type and (one.index or 0) == (other.index or 0)


class _Bar:
    """A count of steps; one inside another moves it within the step that is being done, so that a node's bar goes
    forward once, whatever its parts count."""

    def __init__(self, total: int, around: _Bar | None):
        import comfy.model_management
        import comfy.utils

        self.check = comfy.model_management.throw_exception_if_processing_interrupted
        self.around, self.total, self.done, self.part = around, max(total, 1), 0, 0.0
        self.bar = None if around else comfy.utils.ProgressBar(self.total * PARTS)
        self.check()

    def step(self, count: int = 1) -> None:
        self.check()
        if count:
            self.done, self.part = self.done + count, 0.0
            self._show()

    def within(self, share: float) -> None:
        """So much (0..1) of the present step is done."""
        if share > self.part:
            self.part = share
            self._show()

    def _show(self) -> None:
        done = min(self.done + self.part, self.total)
        if self.around:
            self.around.within(done / self.total)
        else:
            self.bar.update_absolute(round(done * PARTS), self.total * PARTS)
