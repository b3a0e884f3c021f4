"""CLIP's tokenizer from the two files that the genuine engine brings along, on the texts of the reference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from see2sound_nodes.nodes.host import BUNDLED
from see2sound_nodes.s2s_core.generate.codi import words
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .host import HostUnavailable, find

pytestmark = pytest.mark.comfyui

CODI = Path(__file__).parents[1] / "data/codi"


@pytest.fixture
def machine(tmp_path: Path) -> HeadlessRuntime:
    """A runtime that has what the engine has."""
    try:
        engine = find().engine
    except HostUnavailable as error:
        pytest.skip(f"ComfyUI engine not available: {error}")
    for kind, folder in BUNDLED.items():
        (tmp_path / kind).symlink_to(engine / "comfy" / folder, target_is_directory=True)
    return HeadlessRuntime("cpu", models=(tmp_path,))


def test_the_texts_of_the_reference(machine: HeadlessRuntime):
    texts = json.loads((CODI / "golden_small.json").read_text())["texts"]
    with np.load(CODI / "golden_small.npz") as golden:
        np.testing.assert_array_equal(words.tokenize(texts, machine).ids, golden["clip_text.ids"])


def test_what_does_not_fit_is_counted(machine: HeadlessRuntime):
    assert words.tokenize(["waves " * 80, "It's 3 o'clock, and all is well: cafe \u00c9COLE"], machine).cut == (5, 0)
