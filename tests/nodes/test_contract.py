"""A saved graph is a public API: ids, inputs and outputs only ever grow at the end."""

import importlib.util
import json
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("contract", Path(__file__).with_name("contract.py"))
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)

KNOWN = json.loads(contract.SNAPSHOT.read_text())
NOW = json.loads(json.dumps(contract.contract()))


@pytest.mark.parametrize("node_id", KNOWN)
def test_nothing_that_graphs_rely_on_changed(node_id):
    assert node_id in NOW, "a node was removed or renamed: saved graphs would break"
    before, now = KNOWN[node_id], NOW[node_id]
    assert now["outputs"][: len(before["outputs"])] == before["outputs"]
    assert now["output_node"] == before["output_node"]
    for section in ("required", "optional", "hidden"):
        old = [entry for entry in before["inputs"] if entry[0] == section]
        new = [entry for entry in now["inputs"] if entry[0] == section]
        for known, found in zip(old, new, strict=False):
            assert known[1] == found[1] and known[3] == found[3]
            if isinstance(known[2], list):  # a combo may gain entries, and its first one is the default
                assert set(known[2]) <= set(found[2]) and known[2][0] == found[2][0]
            else:
                assert known[2] == found[2]
        assert len(old) <= len(new)
        assert section != "required" or len(old) == len(new), "a new input must be optional"


def test_every_addition_is_written_down():
    assert NOW == KNOWN, "the contract grew: read the change, then run python tests/nodes/contract.py"
