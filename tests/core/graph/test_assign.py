"""NODE.INPUT=VALUE: finding the node, reading the value, and changing the graph as the editor would."""

import copy

import pytest
from see2sound_nodes.s2s_core.errors import GraphError
from see2sound_nodes.s2s_core.graph import assign, check, run
from see2sound_nodes.s2s_core.graph.formats import resolved
from see2sound_nodes.s2s_core.graph.saved import from_json
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

NODES = {
    "1": {"class_type": "Seeded", "inputs": {"seed": 1, "style": "plain"}, "_meta": {"title": "Die Saat \u266b v1.2"}},
    "2": {"class_type": "Number", "inputs": {"value": 1}, "_meta": {"title": "Twin"}},
    "3": {"class_type": "Number", "inputs": {"value": 1}, "_meta": {"title": "Twin"}},
    "4": {"class_type": "Show", "inputs": {"number": ["1", 0]}},
    "5": {"class_type": "Add", "inputs": {"a": ["1", 0], "scale": ["2", 0]}},
    "6": {"class_type": "Far"},
}


@pytest.mark.parametrize(
    "text, node_id, name, value",
    [
        ("1.seed=42", "1", "seed", 42),
        ("Die Saat \u266b v1.2.seed = 42", "1", "seed", 42),
        ("Seeded.loud=true", "1", "loud", True),
        ("Seeded.loud=Off", "1", "loud", False),
        ("Seeded.words=a=b. c ", "1", "words", "a=b. c "),
        ("Seeded.words=", "1", "words", ""),
        ("1.style=fancy", "1", "style", "fancy"),
        ("3.value=-7", "3", "value", -7),
        ("Add.scale=2.5", "5", "scale", 2.5),
    ],
)
def test_values_are_read_as_declared(toys, text, node_id, name, value):
    before = copy.deepcopy(NODES)
    graph = assign(from_json(NODES), text, toys)
    changed = graph.prompt[node_id]["inputs"]
    assert changed[name] == value and type(changed[name]) is type(value)
    assert NODES == before  # a copy was changed
    assert {k: v for k, v in graph.prompt.items() if k != node_id} == {k: v for k, v in NODES.items() if k != node_id}


@pytest.mark.parametrize(
    "text, message",
    [
        ("seed=4", "'seed=4' is not of the form NODE.INPUT=VALUE, such as 5.seed=42"),
        ("1.seed", "not of the form"),
        (".seed=4", "not of the form"),
        ("1.=4", "not of the form"),
        ("9.seed=4", "no node is called '9'; the graph has: node 1 .*, node 6 \\(Far\\)$"),
        (
            "Twin.value=4",
            '2 nodes are called .Twin.: node 2 "Twin" .Number., node 3 "Twin" .Number.; name one by its id',
        ),
        ("Number.value=4", "2 nodes are called 'Number'"),
        ("1.sead=4", "has no input sead; inputs that can be set: seed, style, words, loud"),
        ("4.number=4", "takes a link .INT., not a value, as its input number; inputs that can be set: .none.$"),
        ("6.x=4", "node 6 .Far.: its class is not known here"),
        ("1.seed=4.5", "input seed is '4.5'; allowed is a whole number"),
        ("1.seed=", "input seed is ''; allowed is a whole number"),
        ("5.scale=wide", "input scale is 'wide'; allowed is a finite number"),
        ("5.scale=nan", "input scale is 'nan'; allowed is a finite number"),
        ("1.loud=loud", "input loud is 'loud'; allowed is one of: true, yes, on, 1, false, no, off, 0"),
    ],
)
def test_what_cannot_be_assigned(toys, text, message):
    with pytest.raises(GraphError, match=message):
        assign(from_json(NODES), text, toys)


def test_ranges_and_combos_are_left_to_the_check(toys):
    for text in ("2.value=99", "1.style=loud"):
        graph = assign(from_json({"1": NODES["1"], "2": NODES["2"], "4": NODES["4"]}), text, toys)
        assert len(check(graph, toys, ["1", "2"])) == 1


def prompt_of(graph, toys):
    return {node_id: node["inputs"] for node_id, node in resolved(graph, toys).prompt.items()}


def test_in_an_editor_graph_the_widget_changes(toys, canvas):
    seeded, show = canvas.add("Seeded", 7, "randomize", "plain", title="S"), canvas.add("Show")
    canvas.link(seeded, 0, show, "number", "INT")
    before = copy.deepcopy(canvas.json)
    graph = assign(assign(from_json(canvas.json), "S.style=fancy", toys), "1.loud=yes", toys)
    assert canvas.json == before
    assert graph.workflow["nodes"][0]["widgets_values"] == [7, "randomize", "fancy", "none", True]
    run(graph, toys, HeadlessRuntime())
    got = toys.seen[0][1]
    assert (got["style"], got["loud"], got["extra"]["workflow"]) == ("fancy", True, graph.workflow)


def test_missing_places_are_filled_as_the_editor_would(toys, canvas):
    canvas.add("Seeded")
    canvas.add("Picture", "b.png")
    canvas.json["nodes"][1]["widgets_values_named"] = {"image": "b.png"}
    graph = assign(assign(from_json(canvas.json), "1.words=hi", toys), "2.note=image", toys)
    assert graph.workflow["nodes"][0]["widgets_values"] == [0, "fixed", "plain", "hi"]
    assert graph.workflow["nodes"][1]["widgets_values"] == ["b.png", "image", None, "image"]
    assert graph.workflow["nodes"][1]["widgets_values_named"] == {"image": "b.png", "note": "image"}
    assert prompt_of(graph, toys)["1"]["words"] == "hi" and prompt_of(graph, toys)["2"]["note"] == "image"


def test_values_by_name(toys, canvas):
    canvas.add("Seeded")
    canvas.json["nodes"][0]["widgets_values"] = {"seed": 3}
    graph = assign(from_json(canvas.json), "1.seed=4", toys)
    assert graph.workflow["nodes"][0]["widgets_values"] == {"seed": 4}


def test_a_link_that_fed_the_widget_is_cut(toys, canvas):
    primitive, number, other = canvas.add("PrimitiveNode", 9, "fixed", outputs=("INT",)), canvas.add("Number", 1), 3
    canvas.add("Number", 1)
    canvas.link(primitive, 0, number, "value", "INT")
    kept = canvas.link(primitive, 0, other, "value", "INT")
    graph = assign(from_json(canvas.json), "2.value=5", toys)
    assert prompt_of(graph, toys) == {"2": {"value": 5}, "3": {"value": 9}}
    assert [link[0] for link in graph.workflow["links"]] == [kept]
    assert graph.workflow["nodes"][0]["outputs"][0]["links"] == [kept]


def test_a_primitive_has_a_value(toys, canvas):
    primitive, number = canvas.add("PrimitiveNode", 9, "fixed", title="Seed", outputs=("INT",)), canvas.add("Number", 1)
    canvas.link(primitive, 0, number, "value", "INT")
    graph = assign(from_json(canvas.json), "Seed.value=5", toys)
    assert graph.workflow["nodes"][0]["widgets_values"] == [5, "fixed"]
    assert prompt_of(graph, toys) == {"2": {"value": 5}}
    for text in ("Seed.value=x", "Seed.seed=5"):
        with pytest.raises(GraphError, match=r'node 1 "Seed" \(PrimitiveNode\)'):
            assign(from_json(canvas.json), text, toys)


def test_surplus_values_are_named(toys, canvas):
    canvas.add("Number", 1, "surplus")
    with pytest.raises(GraphError, match=r"node 1 \(Number\): holds one widget value too many, 'surplus'"):
        assign(from_json(canvas.json), "1.value=5", toys)
