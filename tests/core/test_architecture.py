"""The rules of the house, read from the imports: who may know whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE, NODES = ROOT / "s2s_core", ROOT / "nodes"
ROOMS = ("segment", "depth", "locate", "generate", "spatialize", "evaluate")
SEES_SEVERAL_ROOMS = ("pipeline.py", "film", "render.py", "cli.py", "truth.py", "study.py", "quartet.py")
BASE = {"types", "trajectory", "tracks", "backend", "errors", "runtime", "files", "folders", "resident"}
BELOW_ROOMS = {"media": BASE, "models": BASE | {"models"}}
HOST_MODULES = {"comfy", "comfy_api", "comfy_execution", "folder_paths", "server"}
NEVER = {"torchaudio", "cv2", "nodes"}
HEAVY = {"torch", "torchvision", "transformers", "diffusers", "scipy", "pyroomacoustics", "PIL", "av", "numpy"}
FILES = sorted([*CORE.rglob("*.py"), *NODES.rglob("*.py"), ROOT / "__init__.py"])


def imports(path, top_level_only=False):
    """(level, dotted name) of every import in a file; `from . import a` counts as level 1, "a"."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                [(node.level, node.module)] if node.module else [(node.level, alias.name) for alias in node.names]
            )


def core_targets(path):
    """First parts, below s2s_core, of what a file in s2s_core imports from within s2s_core."""
    depth = len(path.relative_to(CORE).parts)
    return {name.split(".")[0] for level, name in imports(path) if level == depth}


def relative(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(CORE)], ids=relative)
def test_core_looks_only_down(path):
    parts, targets = path.relative_to(CORE).parts, core_targets(path)
    if parts[0] in ROOMS:
        others = targets & (set(ROOMS) | {"pipeline", "graph", "cli", "figures"}) - {parts[0]}
        assert not others, f"room {parts[0]} imports {others}: what passes between rooms is a value of types.py"
    elif parts[0] in BELOW_ROOMS:
        assert targets <= BELOW_ROOMS[parts[0]], f"{parts[0]} lies below the rooms, yet imports {targets}"
    elif parts[0] not in SEES_SEVERAL_ROOMS:
        assert not targets & set(ROOMS), f"only {SEES_SEVERAL_ROOMS} see the rooms"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_relative_imports_and_no_host(path):
    for level, name in imports(path):
        head = name.split(".")[0]
        assert head not in ("see2sound_nodes", "s2s_core") or level, "inside the pack imports are relative"
        assert level or head not in NEVER, f"{head} is never imported here"
        if head in HOST_MODULES and not level:
            assert relative(path) == "nodes/host.py", f"{head} is imported outside nodes/host.py"


def test_the_host_is_imported_only_inside_functions():
    assert not {name.split(".")[0] for _, name in imports(NODES / "host.py", top_level_only=True)} & HOST_MODULES


@pytest.mark.parametrize(
    "path",
    [
        *NODES.rglob("*.py"),
        *(
            CORE / name
            for name in ("__init__.py", "errors.py", "runtime.py", "cli.py", "folders.py", "files.py", "resident.py")
        ),
    ],
    ids=relative,
)
def test_loading_the_pack_imports_nothing_heavy(path):
    found = {name.split(".")[0] for level, name in imports(path, top_level_only=True) if not level}
    assert not found & HEAVY


def test_core_never_imports_the_nodes():
    for path in CORE.rglob("*.py"):
        depth = len(path.relative_to(CORE).parts)
        above = {name.split(".")[0] for level, name in imports(path) if level > depth}
        allowed = {"NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"} if path.name == "cli.py" else set()
        assert above <= allowed, f"{relative(path)} reaches above the core: {above}"


def test_files_stay_small():
    long = {relative(path): lines for path in FILES if (lines := path.read_text().count("\n")) > 300}
    assert not long, f"split these: {long}"
