"""Nobody should have to guess: every node, input and output says what it does, and has a help page that is complete."""

import re
from pathlib import Path

import pytest
from see2sound_nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

DOCS = Path(__file__).parents[2] / "nodes" / "web" / "docs"


def inputs(node):
    declared = node.INPUT_TYPES()
    return {**declared.get("required", {}), **declared.get("optional", {})}


@pytest.mark.parametrize("node_id", NODE_CLASS_MAPPINGS)
def test_metadata(node_id):
    node = NODE_CLASS_MAPPINGS[node_id]
    assert re.fullmatch(r"S2S_[A-Z][a-z]+[A-Z][A-Za-z]+", node_id)
    assert len(node.DESCRIPTION) > 20 and node.CATEGORY.startswith("See2Sound") and node.SEARCH_ALIASES
    assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES) == len(node.OUTPUT_TOOLTIPS)
    assert all(len(tip) > 15 for tip in node.OUTPUT_TOOLTIPS)
    assert callable(getattr(node, node.FUNCTION)) and isinstance(vars_of(node)[node.FUNCTION], classmethod)
    for name, (kind, options) in inputs(node).items():
        assert len(options.get("tooltip", "")) > 15, f"{name} has no tooltip"
        assert not isinstance(kind, list) or kind or options.get("video_upload"), f"{name} offers nothing"


def vars_of(node):
    return {name: value for base in reversed(node.__mro__) for name, value in vars(base).items()}


@pytest.mark.parametrize("node_id", NODE_CLASS_MAPPINGS)
def test_help_page(node_id):
    page = (DOCS / f"{node_id}.md").read_text()
    node = NODE_CLASS_MAPPINGS[node_id]
    assert page.startswith(f"# {NODE_DISPLAY_NAME_MAPPINGS[node_id]}\n")
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert named == {*inputs(node), *node.RETURN_NAMES}, "the page's tables name exactly the inputs and outputs"


def declared_cells(kind, options):
    """What a help page says under "allowed" and "default" of an input."""
    if options.get("video_upload"):
        return "a file in the input folder", ""
    if not isinstance(kind, str):
        return ", ".join(kind), options.get("default", kind[0])
    default = str(options["default"]) or "empty" if "default" in options else ""
    if kind not in ("INT", "FLOAT"):
        return kind, default
    ends = ["2^64 - 1" if options[end] == 2**64 - 1 else f"{options[end]:.12g}" for end in ("min", "max")]
    return " to ".join(ends), default


@pytest.mark.parametrize("node_id", NODE_CLASS_MAPPINGS)
def test_help_page_says_what_is_allowed(node_id):
    page, node = (DOCS / f"{node_id}.md").read_text(), NODE_CLASS_MAPPINGS[node_id]
    table = page.partition("## Inputs")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if not rows:
        assert not inputs(node)
        return
    assert rows[0] == ["name", "allowed", "default", "what it does"]
    said = {name.strip("`"): (allowed, default) for name, allowed, default, _ in rows[2:]}
    assert said == {name: declared_cells(kind, options) for name, (kind, options) in inputs(node).items()}
    optional = {name.strip("`") for name, *_, what in rows[2:] if what.endswith(" Optional.")}
    assert optional == set(node.INPUT_TYPES().get("optional", {}))


def test_no_page_without_a_node():
    assert {path.stem for path in DOCS.glob("*.md")} == set(NODE_CLASS_MAPPINGS)


def test_the_generator_page_lists_every_sound_and_every_guess():
    from see2sound_nodes.s2s_core.generate.looks import GUESSES
    from see2sound_nodes.s2s_core.generate.textures import TEXTURES

    page = (DOCS / "S2S_GenerateAudio.md").read_text()
    for name, texture in TEXTURES.items():
        assert f"| {name} | {texture.summary} |" in page
    for why, _, sounds in GUESSES:
        assert f"| {why} | {', '.join(sounds)} |" in page
