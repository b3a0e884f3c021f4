"""Every way in which a graph can be wrong is one line that names node, input, value and what is allowed."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from see2sound_nodes.s2s_core.errors import GraphError
from see2sound_nodes.s2s_core.graph import check, run
from see2sound_nodes.s2s_core.graph.order import sources_first
from see2sound_nodes.s2s_core.graph.saved import from_json
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def lines(toys, **nodes):
    return check(from_json({name.lstrip("n"): entry for name, entry in nodes.items()}), toys)


def test_a_sound_graph_has_no_problems(toys):
    assert not lines(toys, n1=node("Number", value=3, unheard_of=["9", 9]), n2=node("Show", number=["1", 0]))


@pytest.mark.parametrize(
    "inputs, line",
    [
        ({"value": 11}, "input value is 11; allowed is 0 to 10"),
        ({"value": -1}, "input value is -1; allowed is 0 to 10"),
        ({"value": "eleven"}, "input value is 'eleven'; allowed is a value of type INT"),
        ({"value": None}, "input value is None; allowed is a value of type INT"),
        ({"value": {"__value__": [1]}}, "input value is [1]; allowed is a value of type INT"),
        ({"value": float("inf")}, "input value is inf; allowed is a value of type INT"),
        ({"value": ["8", 0]}, "input value is linked to node 8, which the graph does not hold"),
        ({"value": [8, 0]}, 'input value is [8, 0]; a link is ["node id", slot], a list is {"__value__": [...]}'),
        (
            {"value": ["3", 2]},
            "input value is linked to output 2 of node 3 (Picture), whose outputs are: 0 IMAGE, 1 MASK",
        ),
        (
            {"value": ["3", -1]},
            "input value is linked to output -1 of node 3 (Picture), whose outputs are: 0 IMAGE, 1 MASK",
        ),
        ({"value": ["3", 1]}, "input value takes INT; output 1 of node 3 (Picture) gives MASK"),
        ({}, "required input value is missing: give it a value"),  # although it has a default: as the engine does
    ],
)
def test_inputs_of_a_number(toys, inputs, line):
    picture = node("Picture", image="a.png")
    nodes = {"n1": node("Number", **inputs), "n2": node("Show", number=["1", 0]), "n3": picture}
    assert lines(toys, **nodes) == [f"node 1 (Number): {line}"]


@pytest.mark.parametrize(
    "class_type, inputs, line",
    [
        ("Picture", {"image": "c.png"}, "input image is 'c.png'; allowed is one of: 'a.png', 'b.png'"),
        (
            "Picture",
            {"image": {"__value__": ["a.png"]}},
            "input image is ['a.png']; allowed is one of: 'a.png', 'b.png'",
        ),
        ("Add", {"a": 1, "scale": -0.5}, "input scale is -0.5; allowed is 0.0 or more"),
        ("Add", {"a": 1, "scale": float("nan")}, "input scale is nan; allowed is 0.0 or more"),
        ("Paint", {"image": 5, "mask": ["1", 0]}, "input image is 5; IMAGE can only come through a link"),
        ("Paint", {"image": ["1", 0]}, "required input mask is missing: link something of type MASK to it"),
        ("Choosy", {"file": "lost", "size": 1, "any": ["1", 0]}, "file lost is not there"),
        ("Choosy", {"file": "listed", "size": 6, "any": ["1", 0]}, "input size is 6; allowed is 5 or less"),
        ("Gather", {"numbers": 1, "plus": 2}, "plus is 0 or 1"),
    ],
)
def test_inputs_of_other_nodes(toys, class_type, inputs, line):
    toys["Anything"] = type("Anything", (toys["Returns"],), {"RETURN_TYPES": ("*",)})
    nodes = from_json({"1": node("Anything"), "2": node(class_type, **inputs)})
    assert check(nodes, toys, outputs=["2"]) == [f"node 2 ({class_type}): {line}"]


def test_what_validate_inputs_names_is_left_to_it(toys):
    number = node("Number", value=1)
    choosy = node("Choosy", file="unlisted", size=1, any=["1", 0])  # INT into IMAGE: it takes `input_types`
    assert not lines(toys, n1=number, n2=choosy, n3=node("Show", number=["2", 0]))


def test_a_node_with_other_problems_is_not_asked(toys):
    graph = from_json({"1": node("Choosy", file="lost", size=6)})
    assert check(graph, toys, ["1"]) == [
        "node 1 (Choosy): input size is 6; allowed is 5 or less",
        "node 1 (Choosy): required input any is missing: link something of type IMAGE to it",
    ]


def test_a_validate_inputs_that_fails_is_a_line(toys):
    class Broken(toys["Number"]):
        @classmethod
        def VALIDATE_INPUTS(cls, **inputs):
            raise KeyError("x")

    class Silent(toys["Number"]):
        @classmethod
        def VALIDATE_INPUTS(cls):
            return False

    toys |= {"Broken": Broken, "Silent": Silent}
    graph = from_json({"1": node("Broken", value=99), "2": node("Silent", value=1)})
    assert check(graph, toys, ["1", "2"]) == [
        "node 1 (Broken): its VALIDATE_INPUTS failed: KeyError: 'x'",
        "node 2 (Silent): it refuses its inputs",
    ]


def test_unknown_classes_are_named_wherever_they_stand(toys):
    show = node("Show", number=["1", 0])
    assert lines(toys, n1=node("Numbr"), n2=show, n3=node("KSampler")) == [
        "node 1 (Numbr): no node of that class is known here; did you mean Number?",
        "node 3 (KSampler): no node of that class is known here; run this graph in ComfyUI, or mute the node",
    ]


def test_a_graph_without_outputs(toys):
    line = "the graph has no output node, so nothing would run; add one of: Show, ShowImage"
    assert lines(toys, n1=node("Number", value=1)) == [line]
    assert len(lines(toys, n1=node("Unknown"))) == 1  # that may have been the output


def test_an_output_that_is_not_there(toys):
    graph = from_json({"1": node("Number", value=1)})
    assert check(graph, toys, ["5"]) == ["output '5' is not a node of the graph: 1"]
    assert check(graph, toys, [1]) == []


def test_only_what_outputs_need_is_checked(toys):
    assert not lines(toys, n1=node("Number", value=1), n2=node("Show", number=["1", 0]), n3=node("Number", value=99))


def test_circles_are_drawn_along_the_links(toys):
    add = {name: node("Add", a=[source, 0]) for name, source in (("n1", "3"), ("n2", "1"), ("n3", "2"))}
    around = "node 3 (Add) -> node 1 (Add) -> node 2 (Add) -> node 3 (Add)"
    show = node("Show", number=["3", 0])
    assert lines(toys, **add, n4=show) == [f"the graph runs in a circle: {around}: cut one of these links"]
    line = "the graph runs in a circle: node 1 (Add) -> node 1 (Add): cut one of these links"
    assert lines(toys, n1=node("Add", a=["1", 0]), n2=node("Show", number=["1", 0])) == [line]


def test_a_long_circle_is_shortened(toys):
    nodes = {str(i): node("Add", a=[str((i + 1) % 3000), 0]) for i in range(3000)}
    [line] = check(from_json({**nodes, "show": node("Show", number=["0", 0])}), toys)
    assert len(line) < 200 and " -> ... -> " in line


def test_run_raises_the_first_line_and_counts_the_rest(toys):
    nodes = {"1": node("Number", value=11), "2": node("Add", a=["1", 0], scale="x"), "3": node("Show", number=["2", 0])}
    with pytest.raises(GraphError) as caught:
        run(from_json(nodes), toys, HeadlessRuntime())
    assert str(caught.value) == "node 1 (Number): input value is 11; allowed is 0 to 10 (and 1 more)"
    assert not toys.ran


def test_titles_of_any_script_and_of_many_lines_stay_one_line(toys):
    entry = {**node("Number", value=11), "_meta": {"title": "\u97f3\n\u58f0"}}
    assert lines(toys, n1=entry, n2=node("Show", number=["1", 0]))[0].startswith(
        'node 1 "\u97f3 \u58f0" (Number): input'
    )


def test_the_order_is_that_of_the_graph():
    feeds = {"a": ["b", "c", "b"], "c": ["d", "e"], "f": ["e"]}
    assert sources_first(["a", "f"], lambda name: feeds.get(name, [])) == (list("bdecaf"), [])


@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=3), max_size=13))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_order_against_the_definition(feeds):
    sources = {str(k): [str(s) for s in v] for k, v in feeds.items()}
    roots = list(sources)
    ordered, circles = sources_first(roots, lambda name: sources.get(name, []))
    assert len(set(ordered)) == len(ordered)
    for circle in circles:
        assert circle[0] == circle[-1]
        assert all(a in sources.get(b, []) for a, b in zip(circle, circle[1:], strict=False))
    place = {name: index for index, name in enumerate(ordered)}
    assert set(place) == {*sources, *(s for v in sources.values() for s in v)}
    if not circles:
        assert all(place[s] < place[name] for name, v in sources.items() for s in v)
    else:
        assert any(place[s] >= place[name] for name, v in sources.items() for s in v)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["", "1", "IMAGE", "Show", "image"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "link"]), inner, max_size=2)
    ),
    max_leaves=5,
)


def _spots(value, path=()):
    """Paths to every part of a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        yield from _spots(part, (*path, key))


@given(data=st.data())
@settings(
    max_examples=120, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("kind", ["editor", "api"])
def test_any_damage_is_a_line_or_a_graph_error(toys, kind, data):
    whole = copy.deepcopy(EDITOR if kind == "editor" else API)
    path = data.draw(st.sampled_from(list(_spots(whole))[1:]))
    at = whole
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = data.draw(JSON)
    try:
        found = check(from_json(whole), toys)
    except GraphError as error:
        found = [str(error)]
    assert all(isinstance(line, str) and line and "\n" not in line for line in found)


API = {
    "1": {**node("Picture", image="a.png", note="n"), "_meta": {"title": "t"}},
    "2": node("Paint", image=["1", 0], mask=["1", 1]),
    "3": node("ShowImage", image=["2", 1], name="x", also=["2", 0]),
}
SLOTS = [{"name": "IMAGE", "type": "IMAGE", "links": [1]}, {"name": "MASK", "type": "MASK", "links": [2]}]
EDITOR = {
    "version": 0.4,
    "definitions": {"subgraphs": [{"id": "x"}]},
    "nodes": [
        {"id": 1, "type": "Picture", "mode": 0, "outputs": SLOTS, "widgets_values": ["a.png", "image", "n"]},
        {
            "id": 2,
            "type": "Paint",
            "mode": 4,
            "inputs": [{"name": "image", "type": "IMAGE", "link": 1}, {"name": "mask", "type": "MASK", "link": 2}],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [3]}],
        },
        {
            "id": 3,
            "type": "ShowImage",
            "inputs": [{"name": "image", "type": "IMAGE", "link": 3}],
            "widgets_values": ["x"],
        },
    ],
    "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 1, 1, 2, 1, "MASK"], [3, 2, 0, 3, 0, "IMAGE"]],
}


def test_the_graphs_that_are_damaged_are_sound(toys):
    assert check(from_json(API), toys) == [] and check(from_json(EDITOR), toys) == []
