"""Depth Anything against the authors' own code, on weights grown from names (see tests/data/fill_weights.py)."""

import importlib.util
import json
import logging
import math
import pickle
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from see2sound_nodes.s2s_core import depth, models
from see2sound_nodes.s2s_core.depth import keys, network, prepare
from see2sound_nodes.s2s_core.depth.depth_anything import BACKENDS, NEAREST, DepthAnything
from see2sound_nodes.s2s_core.depth.variants import SIZES, VARIANTS, Size, Variant
from see2sound_nodes.s2s_core.errors import Cancelled, DependencyError, InputError, MissingModelError, WeightsError
from see2sound_nodes.s2s_core.models.catalog import CATALOG, WeightFile
from see2sound_nodes.s2s_core.models.store import find
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Model, Picture

DATA = Path(__file__).parents[2] / "data"
GOLDEN = DATA / "depth"
RECIPE = json.loads((GOLDEN / "network.json").read_text())
PROCESSING = json.loads((GOLDEN / "processing.json").read_text())
SIZE_NAMES = [f"{height}x{width}" for height, width in RECIPE["sizes"]]

spec = importlib.util.spec_from_file_location("fill_weights", DATA / "fill_weights.py")
grown = importlib.util.module_from_spec(spec)
spec.loader.exec_module(grown)

TINY = Size("Tiny", 48, 3, 6, (8, 16, 24, 32), 16, tuple(RECIPE["v2_blocks"]), 0, grid=8)
V1 = Variant("Tiny V1", "tiny", TINY, TINY.last_taps, "")
V2 = replace(V1, name="Tiny V2", taps=TINY.spread_taps)
METRIC = replace(V2, name="Tiny Metric", max_depth=int(RECIPE["metric_max_depth"]))
TOLERANCE = {V1: 5e-5, V2: 5e-5, METRIC: 1e-3}
NAMES = {V1: "v1", V2: "v2", METRIC: "metric"}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other cost a tiny network more than they bring, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def golden(name):
    with np.load(GOLDEN / name) as file:
        return dict(file)


NETWORK = golden("network.npz")


def grow(manifest, salt, lift=2.0):
    """A checkpoint in the authors' spelling. `lift` on the last bias keeps the closing ReLU from clipping anything."""
    state = grown.fill_all(manifest, salt)
    for key, shape in manifest.items():
        if key.endswith(".gamma"):
            state[key] = (1 + 0.1 * grown.noise(key, shape, salt)).astype(np.float32)
    state["depth_head.scratch.output_conv2.2.bias"] += np.float32(lift)
    return {key: torch.from_numpy(value) for key, value in state.items()}


def tiny_state(variant=V1):
    return grow(RECIPE["manifest"], RECIPE["salt"], lift=0.0 if variant.max_depth else 2.0)


def golden_input(size):
    height, width = map(int, size.split("x"))
    return torch.from_numpy(grown.noise_input(f"depth_{size}", (1, 3, height, width), RECIPE["salt"]))


# Written from the published files, not from keys.py: hub names by substitution, in the order given.
HUB = (
    (r"^pretrained\.(cls_token|mask_token)$", r"backbone.embeddings.\1"),
    (r"^pretrained\.pos_embed$", "backbone.embeddings.position_embeddings"),
    (r"^pretrained\.patch_embed\.proj", "backbone.embeddings.patch_embeddings.projection"),
    (r"^pretrained\.norm", "backbone.layernorm"),
    (r"^pretrained\.blocks", "backbone.encoder.layer"),
    (r"\.ls([12])\.gamma", r".layer_scale\1.lambda1"),
    (r"^depth_head\.projects\.(\d)", r"neck.reassemble_stage.layers.\1.projection"),
    (r"^depth_head\.resize_layers\.(\d)", r"neck.reassemble_stage.layers.\1.resize"),
    (r"^depth_head\.scratch\.layer(\d)_rn", lambda found: f"neck.convs.{int(found[1]) - 1}"),
    (r"^depth_head\.scratch\.refinenet(\d)", lambda found: f"neck.fusion_stage.layers.{4 - int(found[1])}"),
    (r"\.out_conv", ".projection"),
    (r"\.resConfUnit(\d)\.conv(\d)", r".residual_layer\1.convolution\2"),
    (r"^depth_head\.scratch\.output_conv1", "head.conv1"),
    (r"^depth_head\.scratch\.output_conv2\.0", "head.conv2"),
    (r"^depth_head\.scratch\.output_conv2\.2", "head.conv3"),
)
ATTENTION = {
    "before 5": ("attention.attention.query", "attention.attention.key", "attention.attention.value", "output.dense"),
    "since 5": ("q_proj", "k_proj", "v_proj", "o_proj"),
}


def in_hub_layout(state, attention):
    *parts, output = ATTENTION[attention]
    prefix = "" if attention == "before 5" else "attention."
    named = {}
    for key, value in state.items():
        for pattern, name in HUB:
            key = re.sub(pattern, name, key)
        head, middle, tail = key.partition("attn.qkv.")
        if middle:
            named.update({f"{head}{prefix}{p}.{tail}": v.clone() for p, v in zip(parts, value.chunk(3), strict=True)})
        else:
            proj = "attention.output.dense" if attention == "before 5" else "attention.o_proj"
            named[key.replace("attn.proj", proj)] = value
    return named


LAYOUTS = {
    "original.pth": lambda state, path: torch.save(state, path),
    "nested.pth": lambda state, path: torch.save({"model": state}, path),
    "old zipless.pth": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "original.safetensors": save_file,
    "hub before 5.safetensors": lambda state, path: save_file(in_hub_layout(state, "before 5"), path),
    "hub since 5.safetensors": lambda state, path: save_file(in_hub_layout(state, "since 5"), path),
}


@pytest.fixture
def saved(tmp_path):
    """Writes a checkpoint in one of the layouts; gives its path."""

    def write(state, layout="original.pth"):
        LAYOUTS[layout](state, tmp_path / layout)
        return tmp_path / layout

    return write


class Machine(HeadlessRuntime):
    """A CPU with any number type for halves."""

    half = "float32"


class Device(Machine):
    """A CPU that does not look like one, so that frames go in batches."""

    device = "cpu:0"

    @contextmanager
    def resident(self, module, memory=0):
        self.memory = memory
        yield module


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A runtime on which the file of `variant.weights` is the tiny checkpoint."""

    def stock(variant=V1, state=None, half="float32", kind=Machine):
        row = WeightFile("depthanything", ("any.pth",), None, "MIT", "free", hub=("a/b", "c"))
        monkeypatch.setitem(CATALOG, variant.weights, row)
        folder = tmp_path / "models" / "depthanything"
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(tiny_state(variant) if state is None else state, folder / "any.pth")
        runtime = kind("cpu", models=(tmp_path / "models",))
        runtime.half = half
        return runtime

    return stock


def photograph(size=(60, 90), seed=0):
    return Picture(np.random.default_rng(seed).random((*size, 3)).astype(np.float32))


@pytest.fixture
def small(monkeypatch):
    """Pictures are looked at with a short side of 70 pixels: the tiny network is made for such."""
    whole = prepare.network_size
    monkeypatch.setattr(prepare, "network_size", lambda size: whole(size, 70, 280))
    monkeypatch.setattr(prepare, "SHORT_SIDE", 70)


# --- the network ---


@pytest.mark.parametrize("size", SIZE_NAMES)
@pytest.mark.parametrize("variant", NAMES, ids=NAMES.values())
def test_the_network_is_the_authors(variant, size, saved):
    loaded = network.load(saved(tiny_state(variant)), variant)
    with torch.inference_mode():
        found = loaded(golden_input(size))[0].numpy()
    np.testing.assert_allclose(found, NETWORK[f"{NAMES[variant]}_{size}"], rtol=0, atol=TOLERANCE[variant])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_a_file_gives_the_same_network(layout, saved):
    loaded = network.load(saved(tiny_state(), layout), V1)
    with torch.inference_mode():
        found = loaded(golden_input("112x154"))[0].numpy()
    np.testing.assert_allclose(found, NETWORK["v1_112x154"], rtol=0, atol=5e-5)


@pytest.mark.parametrize("layout", ["original.pth", "hub before 5.safetensors"])
def test_a_file_in_half_precision_is_computed_in_full(layout, saved):
    halved = {key: value.half() for key, value in tiny_state().items()}
    loaded, full = (network.load(saved(state, layout), V1) for state in (halved, tiny_state()))
    assert {value.dtype for value in loaded.parameters()} == {torch.float32}
    with torch.inference_mode():
        found, expected = (one(golden_input("112x154")) for one in (loaded, full))
    assert 1e-6 < (found - expected).abs().max() < 5e-3  # rounding of the weights alone


def test_the_positions_are_the_authors(saved):
    loaded = network.load(saved(tiny_state()), V1)
    tokens = loaded.backbone.embeddings(golden_input("112x154"))[0]
    np.testing.assert_allclose(tokens, NETWORK["tokens_112x154"], rtol=0, atol=1e-5)
    positions = loaded.backbone.embeddings.interpolate_pos_encoding(tokens[None], 112, 154)[0]
    np.testing.assert_allclose(positions, NETWORK["pos_112x154"], rtol=0, atol=1e-6)
    for i, one in enumerate(loaded.backbone(golden_input("112x154")).feature_maps):
        np.testing.assert_allclose(one[0, 1:], NETWORK[f"v1_feature{i}_112x154"], rtol=0, atol=2e-5)


def test_taps_matter(saved):
    """Which is why a file is never guessed to be V1 or V2: the wrong map looks like a map."""
    wrong = network.load(saved(tiny_state()), V2)
    with torch.inference_mode():
        assert np.abs(wrong(golden_input("112x112"))[0].numpy() - NETWORK["v1_112x112"]).max() > 0.05


@pytest.mark.parametrize(("half", "tolerance"), [("float16", 4e-3), ("bfloat16", 3e-2)])
def test_a_short_number_type_stays_near(half, tolerance, saved):
    loaded = network.load(saved(tiny_state()), V1, half)
    assert loaded.backbone.dtype == getattr(torch, half) and loaded.head.conv1.weight.dtype == torch.float32
    for size in SIZE_NAMES:
        with torch.inference_mode():
            found = loaded(golden_input(size))[0]
        expected = NETWORK[f"v1_{size}"]
        assert found.dtype == torch.float32
        assert np.abs(found.numpy() - expected).max() < tolerance * np.ptp(expected)


@pytest.mark.parametrize("variant", VARIANTS, ids=[variant.name for variant in VARIANTS])
def test_the_official_sizes_have_the_official_keys(variant):
    with torch.device("meta"):
        made = network.Network(variant)
    shapes = {key: list(value.shape) for key, value in keys.to_original(made.state_dict()).items()}
    count = {"Small": 24_785_089, "Base": 97_470_785, "Large": 335_315_649}[variant.size.name]
    assert sum(map(math.prod, shapes.values())) == count and round(count / 1e6) == variant.size.millions
    assert len(shapes) == 71 + 14 * variant.size.blocks
    if variant.size is SIZES[0]:
        assert shapes == json.loads((GOLDEN / "manifest_vits.json").read_text())
    assert made.backbone.config._attn_implementation == "sdpa"  # else attention needs memory by the square
    assert made.head.max_depth == (variant.max_depth or 1)


# --- what is not the right file ---


def without(state, *ends):
    return {key: value for key, value in state.items() if not key.endswith(ends)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: without(s, "blocks.3.attn.qkv.bias"), "1 missing: pretrained.blocks.3.attn.qkv.bias"),
        (lambda s: {**s, "pretrained.register_tokens": torch.zeros(1, 4, 48)}, "1 unexpected: .*register_tokens"),
        (lambda s: {**s, "pretrained.norm.bias": torch.zeros(7)}, r"norm.bias \[7\] instead of \[48\]"),
        (lambda s: without(s, "pretrained.cls_token"), "1 missing: pretrained.cls_token"),
        (lambda s: {"cls_token": torch.zeros(1, 1, 48)}, "a vision encoder without a depth head"),
        (lambda s: {"a": torch.zeros(1), "b": torch.zeros(1)}, r"something unknown \(2 tensors, such as a, b\)"),
        (lambda s: {**s, "pretrained.cls_token": torch.zeros(1, 1, 768)}, "size Base; Tiny V1 needs size Tiny"),
        (lambda s: {**s, "pretrained.cls_token": torch.zeros(1, 1, 1536)}, "1536 wide .known: Small 384, Base 768"),
    ],
)
def test_only_a_complete_file_of_the_right_model_is_taken(change, said, saved):
    path = saved(change(tiny_state()))
    with pytest.raises(WeightsError, match=said) as caught:
        network.load(path, V1)
    assert str(path) in str(caught.value) and "Tiny V1" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("attention", ATTENTION)
def test_the_hub_layout_is_strict_too(attention, saved):
    state = in_hub_layout(tiny_state(), attention)
    part = f"layer.2.{'attention.' if attention == 'since 5' else ''}{ATTENTION[attention][1]}.bias"
    with pytest.raises(WeightsError, match="1 missing: pretrained.blocks.2.attn.qkv.bias; 2 unexpected"):
        network.load(saved(without(state, part)), V1)


@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("Depth Anything 3", "model.backbone.pretrained.cls_token"),
        ("Video Depth Anything", "head.motion_modules.0.norm.weight"),
        ("Prompt Depth Anything", "depth_head.scratch.refinenet1.resConfUnit_depth.0.weight"),
        ("ZoeDepth", "core.core.pretrained.cls_token"),
        ("SAM 2 (Segment Anything 2)", "memory_encoder.fuser.layers.0.gamma"),
        ("SAM (Segment Anything)", "mask_decoder.iou_token.weight"),
        ("MiDaS or DPT", "scratch.refinenet1.out_conv.weight"),
        ("MiDaS or DPT", "pretrained.model.cls_token"),
    ],
)
def test_other_families_are_called_by_their_name(family, key, saved):
    with pytest.raises(WeightsError, match=rf"holds {re.escape(family)}; Tiny V1 is needed: choose the file of tiny"):
        network.load(saved({**tiny_state(), key: torch.zeros(1)}), V1)
    assert not any(re.search(tell, "\n".join(tiny_state()), re.M) for tell in keys.FAMILIES.values())


def test_transformers_of_another_time_is_refused(saved, monkeypatch):
    monkeypatch.setattr(keys, "SPELLINGS", (keys.Spelling(("q", "k", "v"), "o"),))
    with pytest.raises(DependencyError, match="transformers .* in a way unknown here"):
        network.load(saved(tiny_state()), V1)


# --- before and after the network ---


def test_sizes():
    for height, width, *expected in PROCESSING["sizes_518_hw_in_hw_out"]:
        assert [*prepare.network_size((height, width), longest_side=math.inf)] == expected
        capped = prepare.network_size((height, width))
        assert max(capped) <= 2072 and all(side % 14 == 0 for side in capped)
        if max(expected) <= 2072:
            assert [*capped] == expected
    assert prepare.network_size((1000, 3000)) == (518, 1554)
    assert prepare.network_size((500, 4000)) == (252, 2072)  # 259 lies in the middle: to the even multiple, 18 x 14
    assert prepare.network_size((9000, 16)) == (2072, 14)


@pytest.mark.parametrize("name", PROCESSING["images"])
def test_preparation(name):
    file = golden("processing.npz")
    pixels = (file[f"image_{name}"] / 255).astype(np.float32)
    size = prepare.network_size(pixels.shape[:2], PROCESSING["target"])
    np.testing.assert_allclose(prepare.prepared(pixels, size), file[f"rgb_{name}"], rtol=0, atol=2e-4)
    if f"bgr_{name}" in file:
        swapped = prepare.prepared(pixels, size, swapped=True)
        np.testing.assert_allclose(swapped, file[f"bgr_{name}"], rtol=0, atol=2e-4)


def test_pixels_of_any_making_can_be_prepared():
    pixels = photograph().pixels
    expected = prepare.prepared(pixels, (70, 112))
    frozen, mirrored_twice = pixels.copy(), pixels[:, ::-1].copy()[:, ::-1]
    frozen.flags.writeable = False
    for same in (frozen, mirrored_twice, pixels.astype(np.float64), np.asfortranarray(pixels)):
        torch.testing.assert_close(prepare.prepared(same, (70, 112)), expected)


def test_restoring():
    file = golden("processing.npz")
    found = prepare.restored(torch.from_numpy(file["raw"])[None], file["upsampled"].shape)[0]
    np.testing.assert_allclose(found, file["upsampled"], rtol=0, atol=2e-4 * np.ptp(file["upsampled"]))


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
    hooks = [len(block._forward_hooks) for block in model._network(runtime).backbone.encoder.layer]
    assert heard == [(done, 7) for done in range(8)]
    runtime.listen = lambda label, done, total: runtime.cancel.set() if done == 2 else None
    with pytest.raises(Cancelled, match="2 of 7"):
        model(photograph(), runtime)
    assert hooks == [len(block._forward_hooks) for block in model._network(runtime).backbone.encoder.layer]


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
    assert model._network(runtime) is model._network(runtime)
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
        found = handle.call._network(runtime)(pixels)[0].numpy()
    assert list(found.shape) == recipe["runs"][kind]["shape"]
    step = recipe["stored_step"]
    np.testing.assert_allclose(found[::step, ::step], expected, rtol=0, atol=1e-4)
    whole = depth.run(handle, photograph((120, 160)), runtime=runtime)
    assert whole.values.shape == (120, 160) and np.ptp(whole.values) > 0
