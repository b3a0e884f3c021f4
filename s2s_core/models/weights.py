"""Weight files are untrusted: reading them runs nothing, and only a complete, exact fit goes into a network."""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, OutputError, WeightsError
from ..files import REMEDIES, whole_set

if TYPE_CHECKING:
    import torch

WRAPPERS = ("model", "state_dict", "predictor")  # under which some publishers put the tensors
NAMED = 3  # keys that a message names before it counts the others
AGAIN = "delete it and fetch it again"
NOT_PLAIN = "it is not a plain weight file"


def read(path: Path, needed: Callable[[str], bool] | None = None) -> dict[str, torch.Tensor]:
    """The tensors of a .safetensors file or a PyTorch checkpoint, by name, on the CPU, mapped from the file.

    Nothing in the file is executed. Raises WeightsError for whatever is not a flat collection of dense real tensors; of
    a file that holds more than one thing, only what stands under a `needed` name must be one, and the rest is left out
    where it is none.
    """
    return read_with_settings(path, needed)[0]


def read_with_settings(
    path: Path, needed: Callable[[str], bool] | None = None, called: str = ""
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """As `read`, and the settings that training kept beside the tensors, by name; whatever may stand there.

    `called` is the file's name in errors, where that at `path` means nothing to people.
    """
    path = Path(path)
    called = called or str(path)
    refuse_other_things(path, called)
    content = _safetensors(path, called) if path.suffix == ".safetensors" else _unpickled(path, called)
    settings = {}
    if isinstance(content, Mapping):
        kept = [vars(value) for value in content.values() if isinstance(value, Namespace)]
        settings = {name: value for values in kept for name, value in values.items()}
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{called} holds {type(content).__name__}; a collection of named tensors is needed")
    unnamed = [repr(key) for key in content if not isinstance(key, str)]
    if unnamed:
        raise WeightsError(f"{called} holds things without a name in words: {_some(unnamed)}; {NOT_PLAIN}")
    strange = [key for key, value in content.items() if not _plain(value)]
    wrong = [key for key in strange if needed is None or needed(key)]
    if wrong:
        raise WeightsError(f"{called} holds things that are not tensors of real numbers: {_some(wrong)}; {NOT_PLAIN}")
    return {key: value for key, value in content.items() if _plain(value)}, settings


def _plain(value: Any) -> bool:
    """Whether it is a tensor with all its numbers there, one after the other, and none of them complex."""
    import torch

    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and not (value.is_meta or value.is_nested or value.is_complex() or value.is_quantized)
    )


def _unpickled(path: Path, called: str) -> Any:
    import torch

    with _explained(called), _settings_allowed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matters comes as an error; the rest would stand before our one line
        # Only the zip layout (PyTorch 1.6 and later) can be mapped.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))


def build(
    make: Callable[[], torch.nn.Module],
    state: Mapping[str, torch.Tensor],
    path: Path | str,
    what: str,
    half: str = "float32",
    spelled: Callable[[Mapping[str, torch.Tensor]], Mapping[str, torch.Tensor]] = dict,
):
    """The network that `make` constructs, holding exactly the tensors of `state` in the number type `half`, ready to
    compute.

    It is made without memory, then filled, so that nothing is initialised only to be overwritten. Raises WeightsError
    naming the missing, the unexpected and the misshapen keys, as `spelled` spells them; `what` is what the file at
    `path` should have been.
    """
    import torch

    with torch.device("meta"):
        network = torch.nn.Module.to(make(), getattr(torch, half))  # networks of diffusers have a `to` that warns
    wanted = network.state_dict()
    fit(spelled(wanted), spelled(state), path, what)
    network = network.to_empty(device="cpu")
    if any(name not in wanted for name, _ in network.named_buffers()):  # constants that no file holds
        for name, value in make().named_buffers():
            network.get_buffer(name).copy_(value)
    network.load_state_dict(dict(state), strict=True)  # each is turned into the network's own number type
    return network.eval().requires_grad_(False)


def fit(wanted: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor], path: Path | str, what: str) -> None:
    """Raise WeightsError unless `found` has exactly the keys and shapes of `wanted`."""
    problems = {
        "missing": [key for key in wanted if key not in found],
        "unexpected": [key for key in found if key not in wanted],
        "misshapen": [
            f"{key} {list(found[key].shape)} instead of {list(wanted[key].shape)}"
            for key in wanted
            if key in found and found[key].shape != wanted[key].shape
        ],
    }
    told = "; ".join(f"{len(keys)} {kind}: {_some(keys)}" for kind, keys in problems.items() if keys)
    if told:
        raise WeightsError(f"{path} is not {what}: {told}; choose the model that the file holds, or {AGAIN}")


def save(path: Path, state: Mapping[str, torch.Tensor]) -> None:
    """Write tensors as safetensors, whole or not at all, each in the number type it has."""
    seen, separate = set(), {}
    for key, value in state.items():  # the format knows no tensor under two names: each gets its own copy
        memory = value.untyped_storage().data_ptr()
        separate[key] = value.clone().contiguous() if memory in seen else value.contiguous()
        seen.add(memory)
    with whole_set(path.parent) as staging:
        try:
            _write(staging / path.name, separate)
        except OutputError as error:
            raise OutputError(f"cannot write {path}: {error}") from error


def convert(path: Path, target: Path) -> None:
    """Write the tensors of the checkpoint at `path` to `target` as safetensors. Raises InputError when they are that
    already, or when `target` exists; WeightsError when they cannot be read."""
    if path.suffix == ".safetensors":
        raise InputError(f"{path} is safetensors already: there is nothing to convert")
    if target.exists():
        raise InputError(f"{target} exists already: remove it, or go on with it")
    save(target, read(path))


def check_opens(path: Path) -> None:
    """Raise WeightsError unless the file is of the kind that its name says. No tensor is read that can be left."""
    if path.suffix in (".pth", ".pt"):
        read(path)
        return
    refuse_other_things(path)
    if path.suffix == ".safetensors":
        from safetensors import safe_open

        with _explained(path), safe_open(path, framework="np"):  # it compares the header with the length, too
            pass
    elif path.suffix == ".zip" and not zipfile.is_zipfile(path):
        raise WeightsError(f"{path} is damaged, incomplete or no zip archive; {AGAIN}")


def _write(part: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """`save_file`, with what it leaves out: the mode of an ordinary file, the way to the disk, an error in words."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    part.touch(exist_ok=False)
    mode = part.stat().st_mode
    try:
        save_file(tensors, part, metadata={"format": "pt"})
    except SafetensorError as error:  # none of the OSErrors: the system's number stands in its text
        code = re.search(r"os error (\d+)", str(error))
        reason = " ".join(str(error).split())[:200]
        raise OutputError(REMEDIES.get(int(code[1]), reason) if code else reason) from error
    if part.stat().st_mode != mode:  # it puts a file of its own there, which only its owner may read
        part.chmod(mode & 0o7777)
    with part.open("r+b") as file:
        os.fsync(file.fileno())


def _safetensors(path: Path, called: str) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    with _explained(called):
        return load_file(path)


def refuse_other_things(path: Path, called: str = "") -> None:
    """Name what people find in place of weights. Raises InputError for a folder or nothing, WeightsError for an empty
    file, a web page, or the pointer of a large-file store. `called` is as in `read_with_settings`."""
    if not path.is_file():
        raise InputError(f"{path} is not a file; a file of weights is needed")
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    found = {
        "an empty file": not start,
        "a web page": start.startswith((b"<!doctype", b"<html", b"<?xml")),
        "a Git LFS pointer, not the file itself": start.startswith(b"version https://git-lfs"),
    }
    for thing, here in found.items():
        if here:
            raise WeightsError(f"{called or path} is {thing}; weights are needed: {AGAIN}")


@contextmanager
def _settings_allowed() -> Iterator[None]:
    """Inside, a checkpoint may hold a Namespace, in which training scripts keep their settings: values, and no code."""
    from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals

    before = list(get_safe_globals())
    add_safe_globals([Namespace])
    try:
        yield
    finally:
        clear_safe_globals()
        add_safe_globals(before)


@contextmanager
def _explained(path: Path | str) -> Iterator[None]:
    """Whatever reading raises: a file made by a stranger can meet any exception of a parser."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))  # torch's own words end in advice to run it all the same
        reason = f"it asks for {asked[1]}" if asked else " ".join(str(error).split("\n")[0].split())[:200]
        plain = isinstance(error, OSError) or type(error).__name__ == "SafetensorError" or "allocate" in reason
        if not (asked or plain):
            reason = f"it is damaged, incomplete or no checkpoint ({type(error).__name__})"
        raise WeightsError(
            f"{path} cannot be read as weights (nothing in it was executed): {reason}; {AGAIN}"
        ) from error


def _some(keys: Iterable[Any]) -> str:
    keys = list(map(str, keys))
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return ", ".join(keys[:NAMED]) + more
