"""From the editor's format to the API format: widgets by position, and everything that exists in the editor only."""

import pytest
from see2sound_nodes.s2s_core.graph import check
from see2sound_nodes.s2s_core.graph.formats import resolved
from see2sound_nodes.s2s_core.graph.saved import from_json


def converted(canvas, toys):
    graph = resolved(from_json(canvas.json), toys)
    assert graph.problems == ()
    return {node_id: node["inputs"] for node_id, node in graph.prompt.items()}


@pytest.mark.parametrize(
    "values, expected",
    [
        ((7, "fixed", "fancy", "hi", True), (7, "fancy", "hi", True)),
        ((7, "randomize", "fixed", "fixed", True), (7, "fixed", "fixed", True)),
        ((7, True, "fancy", "hi", True), (7, "fancy", "hi", True)),  # editors of 2023
        ((7, "fancy", "hi", True), (7, "fancy", "hi", True)),  # written by hand, without the seed's control
        ((7, "increment", "fancy"), (7, "fancy", "none", False)),  # saved before the last two were added
        ((), (0, "plain", "none", False)),
        ((7, "fixed", "fancy", "", False, None, None), (7, "fancy", "", False)),  # null: drawn by the page itself
    ],
)
def test_widgets_by_position(canvas, toys, values, expected):
    canvas.add("Seeded", *values)
    assert converted(canvas, toys)["1"] == dict(zip(("seed", "style", "words", "loud"), expected, strict=True))


@pytest.mark.parametrize(
    "values, note",
    [
        (("b.png", "image", "hello"), "hello"),
        (("b.png", "", "hello"), "hello"),
        (("b.png", "image", "image"), "image"),
        (("b.png", "image", None, "hello"), "hello"),
        (("b.png", "image", "", ""), ""),
        (("b.png", None, ""), ""),
        (("b.png", ""), ""),
        (("b.png", "image"), "x"),
        (("b.png", "hello"), "hello"),
        (("b.png",), "x"),
    ],
)
def test_upload_buttons_stand_between_required_and_optional_widgets(canvas, toys, values, note):
    canvas.add("Picture", *values)
    assert converted(canvas, toys)["1"] == {"image": "b.png", "note": note}


@pytest.mark.parametrize(
    "values, tail", [(("n", None, "t"), "t"), (("n", "", "t"), "t"), (("n", ""), ""), (("n", "t"), "t")]
)
def test_players_stand_behind_the_required_widgets_of_output_nodes(canvas, toys, values, tail):
    canvas.add("ShowImage", *values)
    assert converted(canvas, toys)["1"] == {"name": "n", "tail": tail}


def test_values_by_name(canvas, toys):
    canvas.add("Seeded")
    canvas.json["nodes"][0]["widgets_values"] = {"style": "fancy", "seed": 4, "videopreview": {"x": 1}}
    assert converted(canvas, toys)["1"] == {"seed": 4, "style": "fancy", "words": "none", "loud": False}


def test_a_value_too_many_is_named(canvas, toys):
    canvas.add("Number", 3, "surplus")
    canvas.link(1, 0, canvas.add("Show"), "number", "INT")
    assert check(from_json(canvas.json), toys) == [
        "node 1 (Number): holds one widget value too many, 'surplus'; its widgets are: value"
    ]


def test_a_combo_with_a_control_has_a_filter_too(canvas, toys):
    class Pick(toys["Seeded"]):
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"style": (["a", "b"], {"control_after_generate": True}), "words": ("STRING", {})}}

    toys["Pick"] = Pick
    canvas.add("Pick", "b", "randomize", "", "hello")
    canvas.add("Pick", "b", "hello")
    assert converted(canvas, toys) == dict.fromkeys("12", {"style": "b", "words": "hello"})


def test_only_whole_numbers_called_seed_have_a_control(canvas, toys):
    class Sow(toys["Seeded"]):
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"seed": ("STRING", {}), "words": ("STRING", {})}}

    toys["Sow"] = Sow
    canvas.add("Sow", "poppy", "fixed")
    assert converted(canvas, toys) == {"1": {"seed": "poppy", "words": "fixed"}}


def test_new_style_combos_have_a_widget_and_lists_are_wrapped(canvas, toys):
    class Pick(toys["Seeded"]):
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"style": ("COMBO", {"options": ["a", "b"]}), "more": ("COMBO", {"options": []})}}

    toys["Pick"] = Pick
    canvas.add("Pick")
    canvas.add("Pick", "b", ["c", 1])
    assert converted(canvas, toys) == {
        "1": {"style": "a", "more": None},
        "2": {"style": "b", "more": {"__value__": ["c", 1]}},
    }


def test_links_replace_widgets_and_run_through_reroutes(canvas, toys):
    number, one, two = canvas.add("Number", 5), canvas.add("Reroute"), canvas.add("Reroute")
    seeded = canvas.add("Seeded", 7, "fixed", "plain", "words", True)
    canvas.link(number, 0, one, "", "*")
    canvas.link(one, 0, two, "", "INT")
    canvas.link(two, 0, seeded, "seed", "INT")
    assert converted(canvas, toys) == {
        "1": {"value": 5},
        "4": {"seed": ["1", 0], "style": "plain", "words": "words", "loud": True},
    }


def test_a_reroute_from_nowhere_leaves_the_widget(canvas, toys):
    number, reroute = canvas.add("Number", 5), canvas.add("Reroute", inputs=[("", "*")])
    canvas.link(reroute, 0, number, "value", "INT")
    show = canvas.add("Show")
    canvas.link(reroute, 0, show, "number", "INT")
    assert converted(canvas, toys) == {"1": {"value": 5}, "3": {}}
    assert check(from_json(canvas.json), toys) == [
        "node 3 (Show): required input number is missing (its link comes from nothing that gives a value): "
        "link something of type INT to it"
    ]


def test_primitives_give_their_value_and_notes_vanish(canvas, toys):
    primitive = canvas.add("PrimitiveNode", 9, "randomize", mode=2)
    number = canvas.add("Number", 5)
    canvas.add("Note", "look here")
    canvas.add("MarkdownNote", "# look here")
    canvas.link(primitive, 0, number, "value", "INT")
    fresh, other = canvas.add("PrimitiveNode"), canvas.add("Number", 4)
    canvas.link(fresh, 0, other, "value", "INT")
    assert converted(canvas, toys) == {"2": {"value": 9}, "6": {"value": 4}}


def test_muted_nodes_take_their_links_with_them(canvas, toys):
    muted, number, show = canvas.add("Unheard", mode=2, title="Off"), canvas.add("Number", 5), canvas.add("Show")
    canvas.link(muted, 0, number, "value", "INT")
    canvas.link(number, 0, show, "number", "INT")
    assert converted(canvas, toys) == {"2": {}, "3": {"number": ["2", 0]}}
    assert check(from_json(canvas.json), toys) == [
        'node 2 (Number): required input value is missing (node 1 "Off" (Unheard) is muted): give it a value'
    ]


def test_bypassed_nodes_hand_on_by_place_and_type(canvas, toys):
    picture = canvas.add("Picture", "a.png", outputs=("IMAGE", "MASK"))
    paint = canvas.add("Paint", inputs=[("image", "IMAGE"), ("mask", "MASK")], outputs=("MASK", "IMAGE"), mode=4)
    canvas.link(picture, 0, paint, "image", "IMAGE")
    canvas.link(picture, 1, paint, "mask", "MASK")
    show = canvas.add("ShowImage")
    canvas.link(paint, 1, show, "image", "IMAGE")
    canvas.link(paint, 0, show, "also", "MASK")
    assert converted(canvas, toys)["3"] == {"name": "out", "tail": "", "image": ["1", 0], "also": ["1", 1]}


def test_a_bypassed_node_prefers_the_input_in_the_same_place(canvas, toys):
    first, second = canvas.add("Number", 1), canvas.add("Number", 2)
    node = canvas.add("Anything", inputs=[("a", "INT"), ("b", "INT")], outputs=("FLOAT", "INT"), mode=4)
    canvas.link(first, 0, node, "a", "INT")
    canvas.link(second, 0, node, "b", "INT")
    show, text = canvas.add("Show"), canvas.add("Seeded", 1, "fixed", "plain", "kept")
    canvas.link(node, 1, show, "number", "INT")
    canvas.link(node, 0, text, "words", "STRING")  # nothing that fits: the widget stays
    inputs = converted(canvas, toys)
    assert inputs["4"] == {"number": ["2", 0]} and inputs["5"]["words"] == "kept"


def test_a_bypassed_node_prefers_the_exact_type(canvas, toys):
    first, second = canvas.add("Number", 1), canvas.add("Number", 2)
    sockets = [("any", "*"), ("b", "INT"), ("c", "FLOAT")]
    node = canvas.add("Anything", inputs=sockets, outputs=("FLOAT", "MASK", "INT"), mode=4)
    canvas.link(first, 0, node, "any", "*")
    canvas.link(second, 0, node, "b", "INT")
    show = canvas.add("Show")
    canvas.link(node, 2, show, "number", "INT")
    assert converted(canvas, toys)["4"] == {"number": ["2", 0]}


def test_chains_of_bypassed_nodes(canvas, toys):
    last = canvas.add("Number", 1)
    for _ in range(2000):
        node = canvas.add("Anything", inputs=[("x", "INT")], outputs=("INT",), mode=4)
        canvas.link(last, 0, node, "x", "INT")
        last = node
    show = canvas.add("Show")
    canvas.link(last, 0, show, "number", "INT")
    assert converted(canvas, toys)[str(show)] == {"number": ["1", 0]}


def test_broken_links_are_named_once(canvas, toys):
    show, ring = canvas.add("Show", title="Ergebnis \u266b"), canvas.add("Reroute")
    canvas.link(ring, 0, show, "number", "INT")
    canvas.link(ring, 0, ring, "", "*")
    name = 'node 1 "Ergebnis \u266b" (Show): input number '
    assert check(from_json(canvas.json), toys) == [
        name + "is fed by a ring of reroutes or bypassed nodes: cut one of their links"
    ]
    canvas.json["links"][0][1] = 77
    assert check(from_json(canvas.json), toys) == [name + "is linked to node 77, which the file does not hold"]
    canvas.json["links"].clear()
    assert check(from_json(canvas.json), toys) == [name + "is linked by link 1, which the file does not hold"]
