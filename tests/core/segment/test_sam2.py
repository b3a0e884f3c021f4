"""Segment Anything 2.1 against numbers measured on the original code, through the real loading code."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core import segment
from see2sound_nodes.s2s_core.errors import WeightsError
from see2sound_nodes.s2s_core.models import weights
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment import automatic, sam2, sam2_files

DATA = Path(__file__).parents[2] / "data"
RUNTIME = HeadlessRuntime("cpu")
NAME = "SAM 2.1 reduced"
SALT = 11
MANIFEST = json.loads((DATA / "segment" / "sam2_manifest.json").read_text())
GOLDEN = np.load(DATA / "segment" / "sam2.npz")
MASKS = np.load(DATA / "segment" / "sam2_masks.npz")
LOOSE = {"predicted_iou": 0.45, "stability": 0.2, "offset": 0.25, "threshold": 4.0}

# Two kinds of tensors would leave the network without contrast if they were filled like the others.
UNIT = re.compile(
    r"(^|\.)(pos_embed|pos_embed_window|positional_encoding_gaussian_matrix|no_mem_embed)$"
    r"|\.(iou_token|mask_tokens|obj_score_token|not_a_point_embed|no_mask_embed)\.weight$"
    r"|\.point_embeddings\.[0-3]\.weight$"
)
SHARP = re.compile(r"^sam_mask_decoder\.transformer\..*\.[qk]_proj\.weight$")

spec = importlib.util.spec_from_file_location("fill_weights", DATA / "fill_weights.py")
grown = importlib.util.module_from_spec(spec)
spec.loader.exec_module(grown)


def weight(key, shape):
    if UNIT.search(key):
        return torch.from_numpy(grown.noise(key, shape, SALT).astype(np.float32))
    return torch.from_numpy(grown.fill(key, shape, SALT)) * (2 if SHARP.search(key) else 1)


@pytest.fixture(scope="module", autouse=True)
def reduced():
    """A fifth size, small enough for a test."""
    row = sam2.Size((8, 16, 32, 64), (1, 2, 4, 8), (1, 2, 3, 2), (8, 4, 6, 3), (5,), 5, channels=32, side=256)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sam2.SIZES, NAME, row)
        yield


@pytest.fixture(scope="module")
def state():
    return {key: weight(key, shape) for key, shape in MANIFEST.items()}


@pytest.fixture(scope="module")
def checkpoint(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("sam2") / "reduced.pt"
    torch.save({"model": state}, path)
    return path


@pytest.fixture(scope="module")
def network(checkpoint):
    return sam2.load(NAME, checkpoint)


def test_golden_network(network):
    predictor = sam2.Predictor(network)
    x = torch.from_numpy(grown.noise_input("sam2_256", (1, 3, 256, 256), SALT))
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sam2, "normalised", lambda *_: x)
        seen = predictor.encode(None, RUNTIME)
        masks, scores = predictor.predict(seen, torch.from_numpy(GOLDEN["points"]) / 256)
    for found, name, tolerance in (
        (seen[0], "high_res_0", 2e-5),
        (seen[1], "high_res_1", 2e-5),
        (seen[2], "image_embed", 3e-5),
        (masks, "masks", 2e-5),
        (scores, "iou", 2e-6),
    ):
        np.testing.assert_allclose(found, GOLDEN[name], atol=tolerance, rtol=0)


def test_golden_preparation():
    found = sam2.normalised(MASKS["picture"], 256)[0, :, ::2, ::2]
    np.testing.assert_allclose(found, MASKS["transformed"], atol=1e-6)


@pytest.mark.parametrize(("run", "overlap"), [("all", 1.0), ("nms95", 0.95), ("nms90", 0.9)])
def test_golden_mask_generator(network, run, overlap):
    pixels = MASKS["picture"]
    predictor = sam2.Predictor(network, automatic.Limits(**LOOSE, overlap=overlap))
    found = automatic.masks(predictor, pixels, pixels.shape[:2], RUNTIME, 6)
    expected = np.unpackbits(MASKS[f"{run}_masks"], axis=-1)[..., : pixels.shape[1]].astype(bool)
    assert len(found) == len(expected)
    different = [int(np.count_nonzero(found[i] != mask)) for i, mask in enumerate(expected)]
    assert max(different) <= 1, different
    np.testing.assert_allclose(found.predicted_iou, MASKS[f"{run}_iou"], atol=2e-6)
    np.testing.assert_allclose(found.stability, MASKS[f"{run}_stability"], atol=1e-4)
    boxes = np.array(found.boxes)
    np.testing.assert_array_equal(np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]), MASKS[f"{run}_box_xywh"])


@pytest.mark.parametrize("copies", [1, 2])
def test_the_hubs_spelling_is_read_too(state, network, tmp_path, copies):
    hub = sam2_files.in_hub_spelling(state)
    for key in sam2_files.COPIES[copies:]:
        del hub[key]  # a file of the first transformers that had the class
    weights.save(tmp_path / "model.safetensors", {key: value.clone() for key, value in hub.items()})
    again = sam2.load(NAME, tmp_path / "model.safetensors")
    for key, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)


def test_half_precision(checkpoint, network):
    short = sam2.load(NAME, checkpoint, "bfloat16")
    assert {value.dtype for value in short.mask_decoder.parameters()} == {torch.float32}
    with torch.inference_mode():
        exact, near = (sam2.Predictor(one).encode(MASKS["picture"], RUNTIME)[2] for one in (network, short))
    assert (near - exact).abs().max() < 0.1 * exact.abs().max()


def test_the_first_version_and_other_models_are_named(state, tmp_path):
    old = {key: value for key, value in state.items() if not key.startswith(("no_obj_embed", "obj_ptr_tpos"))}
    first = {"image_encoder.pos_embed": torch.zeros(1)}
    for tensors, said in ((old, "SAM 2, the version before 2.1"), (first, "Segment Anything \\(the first\\)")):
        torch.save({"model": tensors}, tmp_path / "a.pt")
        with pytest.raises(WeightsError, match=f"a.pt holds {said}; a file of SAM 2.1 Tiny"):
            sam2.load("SAM 2.1 Tiny", tmp_path / "a.pt")


def test_a_file_of_another_size_says_which(checkpoint):
    with pytest.raises(WeightsError, match="holds SAM 2.1 reduced, not SAM 2.1 Tiny: choose"):
        sam2.load("SAM 2.1 Tiny", checkpoint)


@pytest.mark.parametrize("name", [name for name in segment.BACKENDS if name.startswith("SAM 2.1")])
def test_every_size_is_told_apart_and_has_the_released_shapes(name):
    """Without memory: only the shapes of the full-size network."""
    sizes = {(row.widths[0], sum(row.blocks)): label for label, row in sam2.SIZES.items()}
    with torch.device("meta"):
        shapes = sam2._network(sam2.SIZES[name]).state_dict()
    assert sam2_files.recognise(shapes, Path("a.pt"), sizes) == name
    elements = sum(value.numel() for key, value in shapes.items() if key != sam2_files.COPIES[0])
    assert elements == {"Tiny": 31440977, "Small": 38538833, "Base+": 73328657, "Large": 216925121}[name.split()[-1]]
