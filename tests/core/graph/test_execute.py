"""Running: what is run, how often, with what, and what comes out of errors."""

import threading

import pytest
from see2sound_nodes.s2s_core import runtime as core_runtime
from see2sound_nodes.s2s_core.errors import Cancelled, GraphError, MediaError, OutputError
from see2sound_nodes.s2s_core.graph import Cache, run
from see2sound_nodes.s2s_core.graph.saved import from_json
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime


def node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def played(toys, nodes, runtime=None, **options):
    return run(from_json(nodes), toys, runtime or HeadlessRuntime(), **options)


SUM = {
    "1": node("Number", value="4"),
    "2": node("Add", a=["1", 0], b=["1", 0], scale="1.5"),
    "3": node("Show", number=["2", 0]),
    "4": node("Show", number=["1", 0]),
    "5": node("Number", value=9),
}


def test_only_what_is_needed_runs_and_each_node_once(toys):
    assert played(toys, SUM) == {"3": {"value": [12]}, "4": {"value": [4]}}
    assert toys.ran == {"Number": 1, "Add": 1, "Show": 2}
    assert ("Number", {"value": 4}) in toys.seen and ("Add", {"a": 4, "b": 4, "scale": 1.5}) in toys.seen


def test_links_to_inputs_that_a_class_does_not_declare_are_ignored(toys):
    extra = {"1": node("Number", value=4, old_input=["5", 0]), "5": node("Number", value=99)}
    assert played(toys, {**SUM, **extra})["4"] == {"value": [4]}
    assert toys.ran["Number"] == 1


def test_chosen_outputs_only(toys):
    assert played(toys, SUM, outputs=["4"]) == {"4": {"value": [4]}}
    assert toys.ran == {"Number": 1, "Show": 1}
    assert played(toys, SUM, outputs=["2"]) == {"2": {}}


def test_constants_are_converted_as_the_engine_converts(toys):
    seeded = node("Seeded", seed=7.9, style="plain", words=5, loud="false")
    played(toys, {"1": seeded, "2": node("Show", number=["1", 0])})
    got = dict(toys.seen[0][1])
    assert (got["seed"], got["words"], got["loud"]) == (7, "5", True)


def test_a_deep_chain(toys):
    nodes = {"0": node("Number", value=1)}
    nodes |= {str(i): node("Add", a=[str(i - 1), 0]) for i in range(1, 2001)}
    assert played(toys, {**nodes, "end": node("Show", number=["2000", 0])})["end"] == {"value": [1]}
    assert toys.ran["Add"] == 2000


def test_a_wide_ladder_is_not_walked_twice(toys):
    nodes = {"0": node("Number", value=0)}
    nodes |= {str(i): node("Add", a=[str(i - 1), 0], b=[str(i - 1), 0], scale=1 + i) for i in range(1, 301)}
    played(toys, {**nodes, "end": node("Show", number=["300", 0])})
    assert toys.ran["Add"] == 300


def test_hidden_inputs(toys):
    nodes = {"1": node("Seeded", seed=1, style="plain"), "2": node("Show", number=["1", 0])}
    played(toys, nodes)
    got = toys.seen[0][1]
    assert got["me"] == "1" and got["prompt"] == nodes and got["extra"] is None and "words" not in got


def test_the_workflow_travels_along(toys, canvas):
    seeded, show = canvas.add("Seeded", 5, "fixed", "plain"), canvas.add("Show")
    canvas.link(seeded, 0, show, "number", "INT")
    assert run(from_json(canvas.json), toys, HeadlessRuntime()) == {"2": {"value": [5]}}
    assert toys.seen[0][1]["extra"] == {"workflow": canvas.json}


def test_lists(toys):
    nodes = {
        "1": node("Spread", count=3),
        "2": node("Add", a=["1", 0], b=["1", 1]),
        "3": node("Show", number=["2", 0]),
        "4": node("Gather", numbers=["2", 0], plus=1),
        "5": node("Show", number=["4", 0]),
    }
    assert played(toys, nodes) == {"3": {"value": [3, 4, 5]}, "5": {"value": [13]}}
    assert toys.ran["Add"] == 3 and ("Gather", {"numbers": [3, 4, 5], "plus": [1]}) in toys.seen


def test_shorter_lists_repeat_their_last(toys):
    nodes = {"1": node("Spread", count=2), "2": node("Spread", count=4), "3": node("Add", a=["1", 0], b=["2", 0])}
    assert played(toys, {**nodes, "4": node("Show", number=["3", 0])}) == {"4": {"value": [0, 2, 3, 4]}}


def test_an_empty_list_is_an_error_but_not_for_nodes_that_take_lists(toys):
    nodes = {"1": node("Spread", count=0), "4": node("Gather", numbers=["1", 0], plus=0)}
    assert played(toys, {**nodes, "5": node("Show", number=["4", 0])}) == {"5": {"value": [0]}}
    with pytest.raises(GraphError, match=r"node 2 \(Show\): its input number got an empty list"):
        played(toys, {"1": nodes["1"], "2": node("Show", number=["1", 0])})


def switch(on, **inputs):
    numbers = {"1": node("Number", value=1), "2": node("Number", value=2)}
    return {**numbers, "3": node("Switch", on=on, **inputs), "4": node("Show", number=["3", 0])}


@pytest.mark.parametrize("on, value", [(True, 1), (False, 2)])
def test_only_the_branch_asked_for_runs(toys, on, value):
    heard = []
    runtime = HeadlessRuntime(listen=lambda *step: heard.append(step))
    assert played(toys, switch(on, yes=["1", 0], no=["2", 0]), runtime) == {"4": {"value": [value]}}
    assert toys.ran["Number"] == 1 and toys.ran["lazy"] == 2
    assert ("Switch", {"yes": 1 if on else None, "no": None if on else 2}) in toys.seen
    assert [step for step in heard if step[0] == "graph"][-1] == ("graph", 4, 4)


def test_asking_for_what_is_not_linked(toys):
    with pytest.raises(GraphError, match=r"node 3 \(Switch\): it asks for its input no, which is not linked"):
        played(toys, switch(False, yes=["1", 0]))


def test_a_lazy_input_that_nobody_asks_for_is_none(toys):
    del toys["Switch"].check_lazy_status
    assert played(toys, switch(True, yes=["1", 0])) == {"4": {"value": [None]}}
    assert not toys.ran["Number"]


def test_cache_runs_only_what_changed(toys):
    cache = Cache()
    first = played(toys, SUM, cache=cache)
    assert played(toys, SUM, cache=cache) == first and toys.ran == {"Number": 1, "Add": 1, "Show": 2}
    changed = {**SUM, "2": node("Add", a=["1", 0], b=["1", 0], scale=2)}
    assert played(toys, changed, cache=cache)["3"] == {"value": [16]}
    assert toys.ran == {"Number": 1, "Add": 2, "Show": 3}
    played(toys, SUM, cache=cache)  # only the last run is remembered
    assert toys.ran["Add"] == 3 and toys.ran["Number"] == 1


def test_ids_do_not_matter_unless_asked_for(toys):
    cache = Cache()
    played(toys, SUM, cache=cache)
    played(toys, {"8": node("Number", value=4), "9": node("Show", number=["8", 0])}, cache=cache)
    assert toys.ran["Number"] == 1
    nodes = {"1": node("Seeded", seed=1, style="plain"), "2": node("Show", number=["1", 0])}
    played(toys, nodes, cache=cache)
    played(toys, {"7": nodes["1"], "2": node("Show", number=["7", 0])}, cache=cache)
    assert toys.ran["Seeded"] == 2


def test_twins_run_once(toys):
    nodes = {"1": node("Number", value=1), "2": node("Number", value=1), "3": node("Add", a=["1", 0], b=["2", 0])}
    assert played(toys, {**nodes, "4": node("Show", number=["3", 0])}) == {"4": {"value": [2]}}
    assert toys.ran["Number"] == 1


def choosy(size=1):
    nodes = {"1": node("Number", value=1), "2": node("Choosy", file="listed", size=size, any=["1", 0])}
    return {**nodes, "3": node("Show", number=["2", 0])}


@pytest.mark.parametrize("stamps, runs", [((1, 1), 1), ((1, 2), 2), ((float("nan"),) * 2, 2), ((object(),) * 2, 2)])
def test_is_changed(toys, stamps, runs):
    cache = Cache()
    for toys.stamp in stamps:
        played(toys, choosy(), cache=cache)
    assert toys.ran["Choosy"] == runs and toys.ran["Number"] == 1


def test_an_is_changed_that_fails_means_changed(toys, caplog):
    cache = Cache()
    for _ in range(2):
        played(toys, choosy(size=5), cache=cache)
    assert toys.ran["Choosy"] == 2 and "node 2 (Choosy): its IS_CHANGED failed" in caplog.text


def test_what_ran_before_an_error_is_kept(toys):
    cache = Cache()
    nodes = {"1": node("Number", value=1), "2": node("Show", number=["1", 0]), "3": node("Show", number=["4", 0])}
    for _ in range(2):
        with pytest.raises(GraphError):
            played(toys, {**nodes, "4": node("Fails")}, cache=cache)
    assert toys.ran == {"Number": 1, "Show": 1}


FAILS = {"1": {**node("Fails"), "_meta": {"title": "My node"}}, "2": node("Show", number=["1", 0])}


def test_a_foreign_error_becomes_one_line_with_its_cause(toys):
    with pytest.raises(GraphError) as caught:
        played(toys, FAILS)
    assert str(caught.value) == 'node 1 "My node" (Fails) failed: ZeroDivisionError: of numbers'
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("kind", [MediaError, OutputError])
def test_an_error_of_ours_keeps_its_class(toys, kind):
    toys["Fails"].error = kind("the file is odd")
    with pytest.raises(kind) as caught:
        played(toys, FAILS)
    assert str(caught.value) == 'node 1 "My node" (Fails): the file is odd' and type(caught.value) is kind


@pytest.mark.parametrize("error", [Cancelled("stopped"), KeyboardInterrupt()])
def test_stopping_passes_unchanged(toys, error):
    toys["Fails"].error = error
    with pytest.raises(type(error)) as caught:
        played(toys, FAILS)
    assert caught.value is error and core_runtime.current() is None


def test_cancel_stops_before_the_next_node(toys):
    runtime = HeadlessRuntime(cancel=threading.Event())
    runtime.listen = lambda label, done, total: runtime.cancel.set() if (label, done) == ("Number", 1) else None
    with pytest.raises(Cancelled):
        played(toys, SUM, runtime)
    assert toys.ran == {"Number": 1}


def test_progress_names_each_node(toys):
    heard = []
    played(toys, SUM, HeadlessRuntime(listen=lambda *step: heard.append(step)))
    assert heard[0] == ("graph", 0, 4) and [step for step in heard if step[0] == "graph"][-1] == ("graph", 4, 4)
    assert [label for label, done, _ in heard if label != "graph" and done == 1] == ["Number", "Add", "Show", "Show"]


@pytest.mark.parametrize(
    "value, message",
    [
        (5, r"it returned int; it declares a tuple of 1"),
        ((), r"it returned 0 values; it declares a tuple of 1"),
        ((1, 2), r"it returned 2 values; it declares a tuple of 1"),
        (None, r"it returned 0 values; it declares a tuple of 1"),
        ({"ui": {"text": "abc"}, "result": (1,)}, r"it shows text as 'abc'; what a node shows is a list"),
        ({"expand": {}, "result": (1,)}, r"it expands into other nodes"),
    ],
)
def test_returns_that_break_the_contract(toys, value, message):
    toys["Returns"].value = value
    with pytest.raises(GraphError, match=r"node 1 \(Returns\): " + message):
        played(toys, {"1": node("Returns"), "2": node("Show", number=["1", 0])})


def test_ui_beside_a_result(toys):
    toys["Returns"].value = {"ui": {"text": ["abc"]}, "result": (6,)}
    shown = played(toys, {"1": node("Returns"), "2": node("Show", number=["1", 0])})
    assert shown == {"1": {"text": ["abc"]}, "2": {"value": [6]}}


def test_coroutines_are_awaited(toys):
    class Later(toys["Number"]):
        @classmethod
        async def execute(cls, value):
            return (value + 1,)

    toys["Later"] = Later
    assert played(toys, {"1": node("Later", value=1), "2": node("Show", number=["1", 0])}) == {"2": {"value": [2]}}


def test_nodes_find_the_runtime_and_run_in_inference_mode(toys):
    torch = pytest.importorskip("torch")
    runtime, seen = HeadlessRuntime(), []

    class Looks(toys["Number"]):
        @classmethod
        def execute(cls, value):
            seen.extend([core_runtime.current() is runtime, torch.is_inference_mode_enabled()])
            return (value,)

    toys["Looks"] = Looks
    played(toys, {"1": node("Looks", value=1), "2": node("Show", number=["1", 0])}, runtime)
    assert seen == [True, True] and not torch.is_inference_mode_enabled()
