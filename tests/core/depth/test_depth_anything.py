"""Depth Anything as a backend: pictures, clips, handles and rows."""

import json
import logging
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core import depth, models
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.depth import network, prepare
from see2sound_nodes.s2s_core.depth.depth_anything import BACKENDS, NEAREST, DepthAnything
from see2sound_nodes.s2s_core.depth.variants import VARIANTS
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, MissingModelError, WeightsError
from see2sound_nodes.s2s_core.models.store import find
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture

from .tiny import GOLDEN, METRIC, V1, Device, golden, grow, grown, photograph, tiny_state

# --- pictures and clips ---


def test_a_picture(machine, small):
    runtime, picture = machine(), photograph()
    found = DepthAnything(V1)(picture, runtime)
    assert found.unit == "inverse" and found.values.shape == picture.size and found.values.dtype == np.float32
    with torch.inference_mode():
        pixels = prepare.prepared(picture.pixels, (70, 112))[None]
        by_hand = prepare.restored(network.load(find("tiny", runtime), V1)(pixels), picture.size)[0]
    np.testing.assert_allclose(found.values, by_hand, rtol=0, atol=1e-5)


def test_swapped_colours_are_those_of_a_swapped_picture(machine, small):
    picture = photograph()
    twin = Picture(picture.pixels[..., ::-1])
    swapped = DepthAnything(replace(V1, swapped=True))(picture, machine())
    np.testing.assert_allclose(swapped.values, DepthAnything(V1)(twin, machine()).values, rtol=0, atol=1e-5)
    assert np.abs(swapped.values - DepthAnything(V1)(picture, machine()).values).max() > 0.01


def test_metres_are_above_zero(machine, small):
    runtime = machine(METRIC)
    found = DepthAnything(METRIC)(photograph(), runtime)
    assert found.unit == "axial" and 0 < found.values.min() < found.values.max() < 20
    state = tiny_state(METRIC)
    state["depth_head.scratch.output_conv2.2.bias"] -= 200
    nothing = DepthAnything(METRIC)(photograph(), machine(METRIC, state))
    assert (nothing.values == np.float32(NEAREST)).all()


def test_all_black_is_constant_and_still_a_depth(machine, small):
    from see2sound_nodes.s2s_core.locate import distances

    state = tiny_state()
    state["depth_head.scratch.output_conv2.2.bias"] -= 200
    found = DepthAnything(V1)(photograph(), machine(V1, state))
    assert (found.values == 0).all() and np.isfinite(distances(found)).all()


@pytest.mark.parametrize("shape", [(16, 16), (16, 400), (400, 16), (61, 47)])
def test_any_shape(shape, machine, small):
    assert DepthAnything(V1)(photograph(shape), machine()).values.shape == shape


def test_a_long_strip_is_looked_at_coarser_and_says_so(machine, small, caplog):
    with caplog.at_level(logging.WARNING):
        DepthAnything(V1)(photograph((20, 90)), machine())
    assert "picture is 90 x 20 pixels, longer than 4:1: its depth is estimated at 280 x 56" in caplog.text
    caplog.clear()
    DepthAnything(V1)(photograph((30, 90)), machine())
    assert not caplog.records


def test_a_clip_is_its_frames(machine, small):
    frames = [photograph(seed=seed) for seed in range(6)]
    runtime = machine(kind=Device)
    handle = Model("depth", V1.name, DepthAnything(V1))
    together = depth.run_clip(handle, frames, runtime=runtime)
    assert len(together) == 6 and runtime.memory > 0
    for frame, found in zip(frames, together, strict=True):
        np.testing.assert_allclose(found.values, depth.run(handle, frame, runtime=machine()).values, rtol=0, atol=1e-5)
    assert depth.run_clip(handle, [], runtime=runtime) == ()


def test_a_clip_by_a_model_without_batches():
    runtime = HeadlessRuntime("cpu")
    handle = models.load("depth", depth.BACKENDS, next(iter(depth.BACKENDS)), runtime)
    frames = [photograph(seed=seed) for seed in range(2)]
    found = depth.run_clip(handle, frames, runtime=runtime)
    assert [one.values.tobytes() for one in found] == [
        depth.run(handle, frame, runtime=runtime).values.tobytes() for frame in frames
    ]


def test_frames_of_several_sizes_are_refused(machine):
    with pytest.raises(InputError, match="picture is 90 x 60, picture is 80 x 60 pixels; all frames .* one size"):
        list(DepthAnything(V1).frames([photograph(), photograph((60, 80))], machine()))


def test_progress_and_cancel_within_a_picture(machine, small):
    heard, runtime, model = [], machine(), DepthAnything(V1)
    runtime.listen = lambda label, done, total: heard.append((done, total))
    model(photograph(), runtime)
    hooks = [len(block._forward_hooks) for block in model.held.network(runtime).backbone.encoder.layer]
    assert heard == [(done, 7) for done in range(8)]
    runtime.listen = lambda label, done, total: runtime.cancel.set() if done == 2 else None
    with pytest.raises(Cancelled, match="2 of 7"):
        model(photograph(), runtime)
    assert hooks == [len(block._forward_hooks) for block in model.held.network(runtime).backbone.encoder.layer]


@pytest.mark.parametrize(("half", "tolerance"), [("float16", 4e-3), ("bfloat16", 3e-2)])
def test_a_runtime_of_short_numbers(half, tolerance, machine, small):
    picture, model = photograph(), DepthAnything(V1)
    full = model(picture, machine()).values
    found = model(picture, machine(half=half)).values
    assert 0 < np.abs(found - full).max() < tolerance * np.ptp(full)
    np.testing.assert_array_equal(model(picture, machine()).values, full)


def test_a_handle_travels_without_its_network(machine, small):
    runtime, picture, model = machine(), photograph(), DepthAnything(V1)
    expected = model(picture, runtime).values
    assert model.held.network(runtime) is model.held.network(runtime)
    packed = pickle.dumps(Model("depth", V1.name, model))
    assert len(packed) < 1000
    found = depth.run(pickle.loads(packed), picture, runtime=runtime)
    np.testing.assert_array_equal(found.values, expected)


# --- the rows ---


def test_rows():
    kinds = ("V1", "V2", "V2 Metric Indoor", "V2 Metric Outdoor")
    names = [f"Depth Anything {kind} {size}" for kind in kinds for size in ("Small", "Base", "Large")]
    rows = {row.name: row for row in BACKENDS}
    assert [*rows] == [*names, "Depth Anything V1 Large with red and blue swapped (as SEE-2-SOUND does)"]
    assert [*depth.BACKENDS][1:] == [*rows] and next(iter(depth.BACKENDS)).endswith("(no weights)")
    for name in names:
        assert rows[name].weights == (name.lower().replace(" ", "-"),)
    assert BACKENDS[-1].weights == ("depth-anything-v1-large",)
    by_name = {variant.name: variant for variant in VARIANTS}
    assert by_name["Depth Anything V1 Large"].taps == (20, 21, 22, 23)
    assert by_name["Depth Anything V2 Large"].taps == (4, 11, 17, 23)
    assert by_name["Depth Anything V1 Base"].taps == (8, 9, 10, 11)
    assert by_name["Depth Anything V2 Metric Indoor Small"].taps == (2, 5, 8, 11)
    limits = {name: by_name[name].max_depth for name in names if name.endswith("Base")}
    assert [*limits.values()] == [None, None, 20, 80]


@pytest.mark.parametrize("name", ["Depth Anything V2 Small", "Depth Anything V1 Large"])
def test_a_row_loads_what_is_on_this_machine(name, machine, tmp_path):
    variant = next(variant for variant in VARIANTS if variant.name == name)
    runtime = machine(variant, state={**tiny_state(), "pretrained.cls_token": torch.zeros(1, 1, 768)})
    handle = models.load("depth", depth.BACKENDS, name, runtime)
    assert pickle.loads(pickle.dumps(handle)).name == name
    with pytest.raises(WeightsError, match=f"holds Depth Anything size Base; {name} needs size"):
        depth.run(handle, photograph(), runtime=runtime)
    (tmp_path / "models" / "depthanything" / "any.pth").unlink()
    with pytest.raises(MissingModelError, match=f"{variant.weights} is not on this machine"):
        models.load("depth", depth.BACKENDS, name, runtime)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_the_small_size_at_full_size(kind, machine):
    name = f"Depth Anything {kind.upper()} Small"
    variant = next(variant for variant in VARIANTS if variant.name == name)
    recipe, expected = json.loads((GOLDEN / "depth_full_s.json").read_text()), golden("depth_full_s.npz")[kind]
    manifest = json.loads((GOLDEN / "manifest_vits.json").read_text())
    runtime = machine(variant, grow(manifest, recipe["salt"]))
    handle = models.load("depth", depth.BACKENDS, name, runtime)
    pixels = torch.from_numpy(grown.noise_input(recipe["input"], recipe["input_shape"], recipe["salt"]))
    with torch.inference_mode():
        found = handle.call.held.network(runtime)(pixels)[0].numpy()
    assert list(found.shape) == recipe["runs"][kind]["shape"]
    step = recipe["stored_step"]
    np.testing.assert_allclose(found[::step, ::step], expected, rtol=0, atol=1e-4)
    whole = depth.run(handle, photograph((120, 160)), runtime=runtime)
    assert whole.values.shape == (120, 160) and np.ptp(whole.values) > 0
