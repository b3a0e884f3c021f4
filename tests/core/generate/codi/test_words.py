"""Words in tokens: what fits, what does not, and what CLIP's files must be."""

import json

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import MissingModelError, WeightsError
from see2sound_nodes.s2s_core.generate.codi import words
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .tiny import SMALL, golden

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PAIRS = ("a t</w>", "c at</w>", "s e", "se a</w>")
VOCABULARY = {piece: number for number, piece in enumerate([*LETTERS, *(f"{letter}</w>" for letter in LETTERS)])}
VOCABULARY |= {pair.replace(" ", ""): 100 + number for number, pair in enumerate(PAIRS)}
VOCABULARY |= {"<|startoftext|>": words.START, "<|endoftext|>": words.END}
CAT, SEA = 101, 103


@pytest.fixture
def machine(tmp_path):
    """A runtime with made-up files of CLIP's, or others in their place."""

    def make(vocabulary=VOCABULARY, pairs=PAIRS):
        folder = tmp_path / "clip_tokenizer"
        folder.mkdir()
        if vocabulary is not None:
            content = vocabulary if isinstance(vocabulary, str) else json.dumps(vocabulary)
            (folder / "vocab.json").write_text(content, encoding="utf-8")
        (folder / "merges.txt").write_text("\n".join(("#version: 0.2", *pairs, "")), encoding="utf-8")
        return HeadlessRuntime("cpu", models=(tmp_path,))

    return make


NOWHERE = HeadlessRuntime("cpu", models=())


def test_words_stand_between_a_start_and_ends(machine):
    read = words.tokenize(["Cat  SEA", "", "act"], machine())
    assert read.ids.shape == (3, 77) and read.ids.dtype == np.int64 and read.cut == (0, 0, 0)
    inner = [[CAT, SEA], [], [VOCABULARY["a"], VOCABULARY["c"], VOCABULARY["t</w>"]]]
    for row, tokens in zip(read.ids, inner, strict=True):
        assert row.tolist() == [words.START, *tokens, *[words.END] * (76 - len(tokens))]


@pytest.mark.parametrize(("count", "cut"), [(74, 0), (75, 0), (76, 1), (200, 125)])
def test_what_does_not_fit_is_counted(machine, count, cut):
    read = words.tokenize(["cat", "sea " * count], machine())
    assert read.cut == (0, cut)
    assert read.ids[1].tolist().count(SEA) == count - cut and read.ids[1, -1] == words.END


def test_no_words_need_no_files():
    read = words.tokenize(["", " \n\t"], NOWHERE)
    np.testing.assert_array_equal(read.ids, [words.EMPTY, words.EMPTY])
    np.testing.assert_array_equal(words.EMPTY, golden("clip_text")["ids"][SMALL["texts"].index("")])
    assert read.cut == (0, 0) and words.tokenize([], NOWHERE).ids.shape == (0, 77)


def test_missing_files_are_told_with_the_command_that_fetches_them(machine, monkeypatch):
    monkeypatch.setattr("see2sound_nodes.s2s_core.models.store.in_hub_cache", lambda row: None)
    with pytest.raises(
        MissingModelError, match="clip-vocabulary is not .*vocab.json.*s2s models fetch clip-vocabulary"
    ):
        words.tokenize(["cat"], machine(vocabulary=None))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vocabulary": "{"}, "vocab.json is not CLIP's .*s2s models fetch clip-vocabulary"),
        ({"vocabulary": "[1]"}, "vocab.json is not CLIP's"),
        ({"vocabulary": VOCABULARY | {"<|endoftext|>": 5}}, "start and end are 49406 and 5 instead of 49406 and 49407"),
        ({"pairs": ("a t</w>", "xyz")}, "merges.txt is not CLIP's .*two pieces.*s2s models fetch clip-merges"),
        ({"pairs": ()}, "merges.txt is not CLIP's"),
        ({"pairs": ("q q",)}, "it joins q and q, which the vocabulary .*vocab.json does not know"),
    ],
)
def test_other_files_are_not_taken_for_clips(machine, change, said):
    with pytest.raises(WeightsError, match=said):
        words.tokenize(["cat"], machine(**change))
