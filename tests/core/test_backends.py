"""Every row of every room's table: what its name promises, and that it does its job on a real photograph."""

import pickle

import numpy as np
import pytest
from see2sound_nodes.s2s_core import depth, evaluate, generate, models, segment
from see2sound_nodes.s2s_core.backend import Backend
from see2sound_nodes.s2s_core.errors import InputError, MissingModelError
from see2sound_nodes.s2s_core.media.samples import load_sample
from see2sound_nodes.s2s_core.models.catalog import CATALOG, WeightFile
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

ROOMS = {"segment": segment, "depth": depth, "generate": generate, "evaluate": evaluate}
ROWS = [(name, row) for name, room in ROOMS.items() for row in room.BACKENDS.values()]
HOST = HeadlessRuntime("cpu")


def without_weights(room):
    return [row.name for row in ROOMS[room].BACKENDS.values() if not row.weights]


@pytest.mark.parametrize(("room", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_a_row_says_what_it_needs(room, row):
    assert ROOMS[room].BACKENDS[row.name] is row and len(row.summary) > 20
    assert ("(no weights)" in row.name) == (not row.weights)
    assert set(row.weights) <= set(CATALOG)


@pytest.mark.parametrize(("room", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_a_handle_can_be_sent_to_another_process(room, row):
    if not row.weights:
        handle = models.load(room, ROOMS[room].BACKENDS, row.name, HOST)
        assert pickle.loads(pickle.dumps(handle)).name == row.name


def test_a_handle_of_another_room_is_refused():
    handle = models.load("segment", segment.BACKENDS, without_weights("segment")[0], HOST)
    with pytest.raises(InputError, match="is a model for segment; here one for depth is needed"):
        depth.run(handle, load_sample("rocket"), runtime=HOST)


def test_a_model_without_its_weights_is_an_error_at_once(monkeypatch):
    row = WeightFile("sams", ("a.pth",), 1, "MIT", "free", "a page")
    monkeypatch.setitem(CATALOG, "a", row)
    needy = Backend("needy", "a model that needs a file", lambda runtime: None, weights=("a",))
    with pytest.raises(MissingModelError, match="a is not on this machine"):
        models.load("segment", {"needy": needy}, "needy", HOST)


@pytest.mark.parametrize("name", without_weights("segment"))
def test_segmenters(name):
    picture = load_sample("rocket")
    regions = segment.run(models.load("segment", segment.BACKENDS, name, HOST), picture, runtime=HOST)
    assert 2 <= len(regions) <= 6 and all(region.mask.shape == picture.size for region in regions)


@pytest.mark.parametrize("name", without_weights("depth"))
def test_depth_models(name):
    picture = load_sample("rocket")
    values = depth.run(models.load("depth", depth.BACKENDS, name, HOST), picture, runtime=HOST).values
    assert values.shape == picture.size and np.ptp(values) > 0.1


@pytest.mark.parametrize("name", without_weights("generate"))
def test_generators(name):
    picture = load_sample("rocket")
    regions = segment.run(
        models.load("segment", segment.BACKENDS, without_weights("segment")[0], HOST), picture, runtime=HOST
    )
    handle = models.load("generate", generate.BACKENDS, name, HOST)
    tracks = generate.run(handle, regions, picture, seconds=1.0, runtime=HOST)
    assert len(tracks) == len(regions) == len(generate.describe(handle, regions, picture))
    for track in tracks:
        assert track.seconds == 1.0 and track.samples.dtype == np.float32 and 0.01 < np.abs(track.samples).max() < 1
