import json

from see2sound_nodes.s2s_core.media.metadata import graph_tags


def test_each_graph_is_json_under_its_name():
    prompt, workflow = {"1": {"class_type": "A"}}, {"nodes": [], "title": "caf\u00e9"}
    tags = graph_tags(prompt, {"workflow": workflow})
    assert {name: json.loads(text) for name, text in tags.items()} == {"prompt": prompt, "workflow": workflow}


def test_what_is_not_there_leaves_no_tag():
    assert graph_tags(None, None) == graph_tags({}, {}) == graph_tags(None, {"workflow": None}) == {}
