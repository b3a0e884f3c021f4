"""The pack loads the way ComfyUI loads it: fast, from a folder path, and without anything heavy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "numpy", "scipy", "transformers", "diffusers", "pyroomacoustics", "av", "PIL")


def python(code, *arguments, cwd=None):
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


AS_COMFYUI = """
import importlib.util, json, os, sys, time
path = sys.argv[1]
name = path.replace(".", "_x_")
spec = importlib.util.spec_from_file_location(name, os.path.join(path, "__init__.py"))
module = importlib.util.module_from_spec(spec)
sys.modules[name] = module
start = time.perf_counter()
spec.loader.exec_module(module)
print(json.dumps({
    "seconds": time.perf_counter() - start,
    "heavy": [name for name in HEAVY if name in sys.modules],
    "nodes": sorted(module.NODE_CLASS_MAPPINGS),
    "titles": sorted(module.NODE_DISPLAY_NAME_MAPPINGS),
    "copies": [name for name in sys.modules if name.startswith("see2sound_nodes")],
    "web": os.path.isdir(os.path.join(path, module.WEB_DIRECTORY)),
}))
""".replace("HEAVY", repr(HEAVY))


@pytest.mark.parametrize("folder", ["ComfyUI-See2Sound", "see2sound"])
def test_loads_as_comfyui_loads_it(tmp_path, folder):
    link = tmp_path / folder
    link.symlink_to(ROOT)
    runs = [json.loads(python(AS_COMFYUI, str(link), cwd=tmp_path)) for _ in range(3)]
    found = runs[0]
    assert found["nodes"] and found["nodes"] == found["titles"] and found["web"]
    assert not found["heavy"], "importing the pack root must not import these"
    assert not found["copies"], "one process holds one copy of every class"
    assert min(run["seconds"] for run in runs) < 0.1


def test_ids_follow_the_convention():
    from see2sound_nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

    assert all(node_id.startswith("S2S_") for node_id in NODE_CLASS_MAPPINGS)
    assert len(set(NODE_DISPLAY_NAME_MAPPINGS.values())) == len(NODE_CLASS_MAPPINGS)
