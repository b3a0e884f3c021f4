"""Reading files: two formats, and one clear line about anything else."""

import json

import pytest
from see2sound_nodes.s2s_core.errors import GraphError
from see2sound_nodes.s2s_core.graph import load
from see2sound_nodes.s2s_core.graph.saved import from_json

NODE = {"class_type": "Show", "inputs": {}}


def editor(**changes):
    return {"version": 0.4, "nodes": [{"id": 1, "type": "Show"}], "links": [], **changes}


def test_api_format_with_titles(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(
        json.dumps({"7": {**NODE, "_meta": {"title": "Das Ger\u00e4t \u266b"}}, "8": NODE}), encoding="utf-8"
    )
    graph = load(path)
    assert graph.workflow is None and graph.titles == {"7": "Das Ger\u00e4t \u266b", "8": "Show"}
    assert (
        graph.name("7", "Show") == 'node 7 "Das Ger\u00e4t \u266b" (Show)'
        and graph.name("8", "Show") == "node 8 (Show)"
    )


def test_nodes_without_a_title_have_the_name_of_the_menu():
    names = {"Show": "Show It"}
    assert from_json({"7": NODE, "8": {**NODE, "_meta": {"title": "Mine"}}}, names).titles == {
        "7": "Show It",
        "8": "Mine",
    }
    graph = from_json(editor(), names)
    assert graph.titles == {"1": "Show It"} and graph.name("1", "Show") == 'node 1 "Show It" (Show)'


def test_editor_format_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text("\ufeff" + json.dumps(editor()), encoding="utf-8")
    graph = load(str(path))
    assert graph.workflow == editor() and graph.prompt is None


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not text"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "the graph is empty or not an object"),
        (b"{}", "the graph is empty or not an object"),
        (b"3", "the graph is empty or not an object"),
        (b'{"prompt": {"1": {"class_type": "Show"}}}', "entry 'prompt' is .* each entry is a node with a class_type"),
        (b'{"1": {"class_type": 5}}', "entry '1' is"),
        (b'{"1": {"class_type": "Show", "inputs": []}}', r"node 1 \(Show\): inputs is \[\], not an object"),
    ],
)
def test_files_that_are_no_graph(tmp_path, content, message):
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    with pytest.raises(GraphError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_no_such_file(tmp_path):
    with pytest.raises(GraphError, match="cannot read the graph .*missing.json: No such file"):
        load(tmp_path / "missing.json")
    with pytest.raises(GraphError, match="cannot read the graph"):
        load(tmp_path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"version": 99}, "the workflow's version is 99; only version 0.4 is known"),
        ({"version": 1}, "version is 1;"),
        ({"version": None}, "version is None"),
        ({"nodes": []}, "has no nodes"),
        ({"nodes": [5]}, "node 5 has no id or no type"),
        ({"nodes": [{"id": 1}]}, "has no id or no type"),
        ({"nodes": [{"id": 1, "type": "Show"}] * 2}, "two nodes have the id 1"),
        ({"nodes": [{"id": 1, "type": "Show", "inputs": 5}]}, r"node 1 \(Show\): inputs is 5"),
        ({"nodes": [{"id": 1, "type": "Show", "inputs": [{"link": 1}]}]}, "has no name"),
        ({"nodes": [{"id": 1, "type": "Show", "widgets_values": "a"}]}, "widgets_values is 'a'"),
        ({"links": {}}, "links is {}; in version 0.4 it is a list"),
        ({"links": [[1, 2]]}, r"link \[1, 2\] has another shape"),
        ({"links": [{"id": 1}]}, "has another shape"),
    ],
)
def test_workflows_in_odd_shapes(changes, message):
    with pytest.raises(GraphError, match=message):
        from_json(editor(**changes))


def test_a_missing_version_is_an_unknown_one():
    said = editor()
    del said["version"]
    with pytest.raises(GraphError, match="version is None"):
        from_json(said)


def test_subgraphs_are_refused_where_they_are_used():
    inner = {"subgraphs": [{"id": "1c-9f", "nodes": []}]}
    assert from_json(editor(definitions=inner)).titles == {"1": "Show"}
    with pytest.raises(GraphError, match="node 4 .'My group'. is a subgraph, which cannot be run here: unpack it"):
        from_json(editor(definitions=inner, nodes=[{"id": 4, "type": "1c-9f", "title": "My group"}]))
