"""Segment Anything: our loading, our attention and our mask generator against the package's own, on toy weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core import models, segment
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import Cancelled, DependencyError, InputError, WeightsError
from see2sound_nodes.s2s_core.media.samples import load_sample
from see2sound_nodes.s2s_core.models import libraries, weights
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment import attention, automatic, sam, sam_files
from see2sound_nodes.s2s_core.types import Picture
from segment_anything import SamAutomaticMaskGenerator
from segment_anything.modeling.image_encoder import Attention

from .tiny_sam import SIDE, tiny_sam

RUNTIME = HeadlessRuntime("cpu")
NAME = "a Segment Anything of width 48"
LIMITS = automatic.Limits(predicted_iou=0.2, stability=0.1, overlap=0.999)


@pytest.fixture(scope="module")
def original():
    return tiny_sam()


@pytest.fixture(scope="module")
def checkpoint(original, tmp_path_factory):
    path = tmp_path_factory.mktemp("sam") / "tiny.pth"
    torch.save(original.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def network(checkpoint):
    return sam.load(NAME, checkpoint)


def levels(picture):
    return np.rint(picture.pixels * 255).astype(np.uint8)


def generators(original, side, **limits):
    """The package's mask generator, and how ours is asked the same."""
    theirs = SamAutomaticMaskGenerator(
        original,
        points_per_side=side,
        pred_iou_thresh=limits["predicted_iou"],
        stability_score_thresh=limits["stability"],
        box_nms_thresh=limits["overlap"],
    )
    return theirs, automatic.Limits(**limits)


@pytest.mark.parametrize("name", ["rocket", "coffee"])
@pytest.mark.parametrize("overlap", [0.999, 0.7])
def test_the_masks_are_the_packages_own(original, network, name, overlap):
    pixels = levels(load_sample(name))
    theirs, limits = generators(original, 12, predicted_iou=0.2, stability=0.1, overlap=overlap)
    with torch.inference_mode():
        expected = theirs.generate(pixels)
    found = automatic.masks(sam.Predictor(network, limits), pixels, pixels.shape[:2], RUNTIME, 12)
    assert len(found) == len(expected) >= (10 if overlap > 0.9 else 1)
    for i, wanted in enumerate(expected):
        assert np.count_nonzero(found[i] != wanted["segmentation"]) <= 2  # of 255 000 or more pixels
        assert found.predicted_iou[i] == pytest.approx(wanted["predicted_iou"], abs=1e-5)
        assert found.stability[i] == pytest.approx(wanted["stability_score"], abs=1e-4)
        x, y, width, height = wanted["bbox"]
        assert found.boxes[i] == (x, y, x + width, y + height)


def test_embedding_and_scores_are_the_packages_own(original, network):
    picture = levels(load_sample("chelsea"))
    from segment_anything import SamPredictor

    reference = SamPredictor(original)
    predictor = sam.Predictor(network)
    with torch.inference_mode():
        reference.set_image(picture)
        seen = predictor.encode(picture, RUNTIME)
        assert torch.allclose(seen.embedding, reference.get_image_embedding(), atol=2e-5)
        point = np.array([[100.0, 50.0]])
        wanted, iou, logits = reference.predict(point, np.ones(1), multimask_output=True, return_logits=True)
        height, width = picture.shape[:2]
        low, scores = predictor.predict(seen, torch.tensor([[100.0 / width, 50.0 / height]]))
        np.testing.assert_allclose(low[0], logits, atol=1e-4)
        np.testing.assert_allclose(scores[0], iou, atol=1e-5)
        np.testing.assert_allclose(predictor.draw(seen, low[0], (height, width)), wanted, atol=1e-4)


@pytest.mark.parametrize("size", [3, 8])
def test_fused_attention_is_the_plain_one(size):
    torch.manual_seed(size)
    plain = Attention(48, 3, use_rel_pos=True, input_size=(size, size))
    torch.nn.init.normal_(plain.rel_pos_h)
    torch.nn.init.normal_(plain.rel_pos_w)
    fused = attention.FusedAttention(48, 3, use_rel_pos=True, input_size=(size, size))
    fused.load_state_dict(plain.state_dict())
    x = torch.randn(2, size, size, 48)
    with torch.inference_mode():
        assert torch.allclose(fused(x), plain(x), atol=1e-5)


def test_a_large_picture_gives_masks_of_its_size_from_small_ones(network):
    picture = Picture(np.kron(load_sample("rocket").pixels, np.ones((3, 3, 1), np.float32)), "large")
    regions = automatic.propose(sam.Predictor(network, LIMITS), picture, RUNTIME, 4)
    assert len(regions) >= 2 and max(regions.small[0].mask.shape) == automatic.LONG_SIDE
    for region, small in zip(regions, regions.small, strict=True):
        assert region.mask.shape == picture.size and region.score == small.score
        assert region.mask.mean() == pytest.approx(small.mask.mean(), abs=0.003)


@pytest.mark.parametrize("size", [(16, 16), (16, 900), (700, 17), (1, 40), (1023, 1025)])
def test_any_shape(network, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    small = automatic.scaled(size, SIDE)
    assert max(small) == SIDE
    found = automatic.masks(sam.Predictor(network, LIMITS), pixels, size, RUNTIME, 2)
    assert all(found[i].shape == size for i in range(len(found)))


def test_a_batch_of_prompts_gives_what_each_gives_alone(network):
    predictor = sam.Predictor(network)
    seen = predictor.encode(levels(load_sample("coffee")), RUNTIME)
    points = automatic.grid(3)
    together = predictor.predict(seen, points)
    for i, point in enumerate(points):
        alone = predictor.predict(seen, point[None])
        for one, all_of_them in zip(alone, together, strict=True):
            assert torch.allclose(one[0], all_of_them[i], atol=1e-3)  # of up to 100


def test_grid():
    assert automatic.grid(2).tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]
    assert automatic.grid(32).dtype == torch.float32


def test_nothing_found_is_a_valid_answer(network):
    nothing = automatic.Limits(predicted_iou=2.0)
    picture = load_sample("coffee")
    assert len(automatic.propose(sam.Predictor(network, nothing), picture, RUNTIME, 2)) == 0
    model = Model("segment", NAME, lambda *_: automatic.propose(sam.Predictor(network, nothing), picture, RUNTIME, 2))
    assert segment.run(model, picture, runtime=RUNTIME) == ()


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
def test_only_the_image_encoder_stands_half_precision(checkpoint, network, half):
    short = sam.load(NAME, checkpoint, half)
    assert short.image_encoder.pos_embed.dtype == getattr(torch, half)
    assert {value.dtype for value in short.mask_decoder.parameters()} == {torch.float32}
    pixels = levels(load_sample("coffee"))
    exact, near = (sam.Predictor(one).encode(pixels, RUNTIME).embedding for one in (network, short))
    assert near.dtype == torch.float32
    assert (near - exact).abs().max() < {"bfloat16": 0.1, "float16": 0.02}[half] * exact.abs().max()


def test_cancel_is_heard_between_blocks_and_between_batches(network):
    predictor, pixels = sam.Predictor(network, LIMITS), levels(load_sample("coffee"))
    for label, after in (("looking at the picture", 1), ("asking at 8 x 8 points", 1)):
        host = HeadlessRuntime("cpu")
        host.listen = lambda what, done, total, at=(label, after), host=host: (
            host.cancel.set() if (what, done) == at else None
        )
        with pytest.raises(Cancelled, match=rf"during {label} \(1 of 4\)"):
            automatic.masks(predictor, pixels, pixels.shape[:2], host, 8)
    assert not any(block._forward_hooks for block in network.image_encoder.blocks)


def test_where_memory_is_short_fewer_points_are_asked_at_once(network):
    predictor, pixels = sam.Predictor(network, LIMITS), levels(load_sample("coffee"))

    class Small(sam.Predictor):
        def predict(self, seen, points):
            if len(points) > 3:
                raise torch.cuda.OutOfMemoryError("no room")
            return super().predict(seen, points)

    expected, found = (
        automatic.masks(one, pixels, pixels.shape[:2], RUNTIME, 4) for one in (predictor, Small(network, LIMITS))
    )
    assert len(found) == len(expected) >= 2
    assert np.allclose(found.predicted_iou, expected.predicted_iou, atol=1e-4)

    class Tiny(Small):
        def predict(self, seen, points):
            raise torch.cuda.OutOfMemoryError("no room at all")

    with pytest.raises(torch.cuda.OutOfMemoryError, match="no room at all"):
        automatic.masks(Tiny(network, LIMITS), pixels, pixels.shape[:2], RUNTIME, 2)


def hub_spelling(state):
    """The same weights as transformers' SamModel calls them, by a table of its own."""
    renames = {
        "image_encoder.blocks": "vision_encoder.layers",
        "image_encoder": "vision_encoder",
        "patch_embed.proj": "patch_embed.projection",
        "neck.0": "neck.conv1",
        "neck.1": "neck.layer_norm1",
        "neck.2": "neck.conv2",
        "neck.3": "neck.layer_norm2",
        ".norm1": ".layer_norm1",
        ".norm2": ".layer_norm2",
        ".norm3": ".layer_norm3",
        ".norm4": ".layer_norm4",
        "norm_final_attn": "layer_norm_final_attn",
        "point_embeddings": "point_embed",
        "mask_downscaling.0": "mask_embed.conv1",
        "mask_downscaling.1": "mask_embed.layer_norm1",
        "mask_downscaling.3": "mask_embed.conv2",
        "mask_downscaling.4": "mask_embed.layer_norm2",
        "mask_downscaling.6": "mask_embed.conv3",
        "pe_layer.positional_encoding_gaussian_matrix": "shared_embedding.positional_embedding",
        "output_upscaling.0": "upscale_conv1",
        "output_upscaling.1": "upscale_layer_norm",
        "output_upscaling.3": "upscale_conv2",
    }
    perceptron = {"layers.0": "proj_in", "layers.1": "layers.0", "layers.2": "proj_out"}
    out = {}
    for key, value in state.items():
        new = key
        for old, word in renames.items():
            new = new.replace(old, word)
        if "hypernetworks" in new or "iou_prediction_head" in new:
            head, tail = new.split(".layers.")
            number, kind = tail.split(".")
            new = f"{head}.{perceptron[f'layers.{number}']}.{kind}"
        out[new] = value
    return out | {
        "shared_image_embedding.positional_embedding": out["prompt_encoder.shared_embedding.positional_embedding"]
    }


def test_the_hubs_spelling_is_read_too(original, network, tmp_path):
    from transformers import SamConfig, SamModel

    hub = hub_spelling(original.state_dict())
    config = SamConfig(
        vision_config={
            "hidden_size": 48,
            "num_hidden_layers": 4,
            "num_attention_heads": 3,
            "image_size": SIDE,
            "output_channels": 32,
            "window_size": 3,
            "global_attn_indexes": [1, 3],
            "mlp_dim": 192,
            "num_pos_feats": 16,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "image_embedding_size": SIDE // 16},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 64, "iou_head_hidden_dim": 32, "layer_norm_eps": 1e-5},
    )
    theirs = SamModel(config).eval()
    theirs.load_state_dict(hub, strict=True)  # our table of names is transformers' own
    weights.save(tmp_path / "model.safetensors", {key: value.clone() for key, value in hub.items()})
    ours = sam.load(NAME, tmp_path / "model.safetensors")
    for key, value in network.state_dict().items():
        assert torch.equal(ours.state_dict()[key], value)
    x = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        embedding = ours.image_encoder(x)
        assert torch.allclose(theirs.get_image_embeddings(x), embedding, atol=2e-5)
        wanted = theirs(image_embeddings=embedding, input_points=torch.tensor([[[[40.0, 90.0]]]]))
        low, scores = sam.Predictor(ours).predict(
            sam.Seen(embedding, (SIDE, SIDE)), torch.tensor([[40.0 / SIDE, 90.0 / SIDE]])
        )
        assert torch.allclose(wanted.pred_masks[0], low, atol=2e-3) and low.abs().max() > 5
        assert torch.allclose(wanted.iou_scores[0], scores, atol=1e-4)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("image_encoder.trunk.pos_embed",), "SAM 2 or SAM 2.1"),
        (("vision_encoder.backbone.pos_embed",), "SAM 2 or SAM 2.1"),
        (("detector.backbone.language_backbone.x",), "SAM 3"),
        (("image_encoder.patch_embed.seq.0.c.weight",), "MobileSAM"),
        (("image_encoder.pos_embed", "mask_decoder.hf_token.weight"), "SAM-HQ"),
        (("pretrained.cls_token",), "a depth model"),
        (("unet.something",), "something unknown (its first tensor is unet.something)"),
    ],
)
def test_another_models_file_is_named(tmp_path, keys, said):
    path = tmp_path / "sam_vit_b_01ec64.pth"
    torch.save({key: torch.zeros(1) for key in keys}, path)
    with pytest.raises(WeightsError) as error:
        sam.load("SAM ViT-B", path)
    assert said in str(error.value) and "SAM ViT-B, SAM ViT-L, SAM ViT-H) is needed" in str(error.value)


def test_a_file_of_another_size_says_which(checkpoint):
    with pytest.raises(WeightsError, match="tiny.pth holds a Segment Anything of width 48, not SAM ViT-B: choose"):
        sam.load("SAM ViT-B", checkpoint)


def test_loading_is_strict(original, tmp_path):
    state = original.state_dict()
    state["image_encoder.blocks.0.norm1.weight"] = torch.zeros(7)
    state["image_encoder.extra"] = torch.zeros(1)
    del state["mask_decoder.iou_token.weight"], state["image_encoder.neck.1.bias"]
    torch.save(state | {"mask_decoder.iou_token.weight": torch.zeros(1, 32)}, tmp_path / "bad.pth")
    with pytest.raises(WeightsError) as error:
        sam.load(NAME, tmp_path / "bad.pth")
    for words in ("1 missing: image_encoder.neck.1.bias", "1 unexpected: image_encoder.extra", "[7] instead of [48]"):
        assert words in str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_encoder.neck.0.weight": None}, "image_encoder.neck.0.weight is missing"),
        ({"image_encoder.pos_embed": (48,)}, "shapes that no such network has"),
        ({"image_encoder.pos_embed": ()}, "of width 0, not"),
        ({"image_encoder.blocks.0.attn.rel_pos_h": (5, 0)}, "shapes that no such network has"),
    ],
)
def test_a_mutilated_file_is_refused_in_words(original, tmp_path, change, said):
    state = original.state_dict()
    for key, shape in change.items():
        del state[key]
        if shape is not None:
            state[key] = torch.zeros(shape)
    torch.save(state, tmp_path / "bad.pth")
    with pytest.raises(WeightsError, match=said):
        sam.load(NAME, tmp_path / "bad.pth")


@pytest.mark.parametrize("width", sam_files.SIZES)
def test_every_official_size_is_told_by_its_width(width):
    known = ("prompt_encoder.not_a_point_embed.weight", "mask_decoder.iou_token.weight")
    state = {"image_encoder.pos_embed": np.zeros((1, 64, 64, width)), **dict.fromkeys(known, np.zeros(1))}
    name = sam_files.recognise(state, Path("a.pth"))
    assert name == sam_files.SIZES[width] and name in segment.BACKENDS


def test_a_torchvision_that_does_not_fit_is_one_line(monkeypatch):
    def broken(name):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(libraries, "import_module", broken)
    with pytest.raises(DependencyError) as error:
        sam.load("SAM ViT-B", Path("anything.pth"))
    found = torch.__version__.split("+")[0]
    assert f"torch {found}" in str(error.value).replace("+cu130", "").replace("+cpu", "")
    assert f"pip install torch=={found} torchvision" in str(error.value) and "\n" not in str(error.value)


def test_points_are_checked_before_any_work():
    handle = Model("segment", "x", lambda *_: pytest.fail("worked"))
    with pytest.raises(InputError, match="points is 65 along each side; allowed is 0 to 64"):
        segment.run(handle, load_sample("coffee"), points=65, runtime=RUNTIME)
    with pytest.raises(InputError, match="points is 2.5; allowed is a whole number"):
        segment.run(handle, load_sample("coffee"), points=2.5, runtime=RUNTIME)


def test_a_missing_file_says_how_to_get_it(tmp_path):
    from see2sound_nodes.s2s_core.errors import MissingModelError

    with pytest.raises(MissingModelError, match="s2s models fetch sam-vit-h"):
        models.load("segment", segment.BACKENDS, "SAM ViT-H", HeadlessRuntime("cpu", models=(tmp_path,)))
