"""CLIP's halves and their steps along time, against the reference's own embeddings; what is not the right file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.errors import InputError, WeightsError
from see2sound_nodes.s2s_core.generate.codi import clip, files, pictures, temporal
from see2sound_nodes.s2s_core.generate.codi.config import FULL

from .tiny import TINY, error, full_manifest, golden, golden_full, state

EMBEDDING, VIDEO = 5e-6, 1e-4  # what a correct float32 port may be off by
PATH = Path("CoDi_encoders.pth")
LAYER = "clip.model.vision_model.encoder.layers.1."


def tensors(*parts, **more):
    found = {**state(*parts), **more}
    return files.Tensors(found, dict.fromkeys(found, PATH), {PATH: "CLIP"})


@pytest.fixture(scope="module")
def vision():
    return clip.load_vision(tensors("clip_vision"), TINY)


@pytest.fixture(scope="module")
def text():
    return clip.load_text(tensors("clip_text"), TINY)


@pytest.fixture(scope="module")
def time():
    return temporal.load_temporal(tensors("clip_temporal"), TINY)


def pixels(seen):
    return torch.from_numpy(pictures.normalised(np.asarray(seen)))


def video():
    return pixels(pictures.frames(golden("clip_video")["video"].numpy()))


def some(count, seed=0):
    return pixels(np.random.default_rng(seed).integers(0, 256, (count, 224, 224, 3), dtype=np.uint8))


# --- the embeddings ---


def test_pictures_are_embedded_as_by_the_reference(vision):
    image = golden("clip_image")
    assert error(clip.embed_images(vision, pixels(image["u8_224"][None])), image["embed"]) < EMBEDDING
    nothing = golden("clip_uncond_image")["embed"]
    assert error(clip.embed_images(vision, pixels(pictures.gray())), nothing) < EMBEDDING


def test_words_are_embedded_as_by_the_reference(text):
    words = golden("clip_text")
    assert error(clip.embed_texts(text, words["ids"].long()), words["embed"]) < EMBEDDING


def test_videos_are_embedded_as_by_the_reference(vision, time):
    wanted = golden("clip_video")
    assert error(temporal.embed_video(vision, time, video()), wanted["embed"]) < VIDEO
    assert error(temporal.embed_video(vision, time, pixels(pictures.gray(4))), wanted["uncond_embed"]) < VIDEO


def test_one_frame_is_a_still(vision, time):
    first = video()[:1]
    alone = temporal.embed_video(vision, time, first)
    assert error(alone, golden("clip_video")["single_frame_embed"]) < EMBEDDING
    assert torch.equal(alone, clip.embed_images(vision, first))
    assert torch.equal(alone, temporal.embed_video(vision, None, first))


def test_a_batch_is_its_members(vision, text):
    seen, ids = some(5), golden("clip_text")["ids"].long()
    for embed, network, batch in ((clip.embed_images, vision, seen), (clip.embed_texts, text, ids)):
        together = embed(network, batch)
        assert together.shape == (len(batch), 1, 64) and together.dtype == torch.float32
        assert error(torch.cat([embed(network, batch[i : i + 1]) for i in range(len(batch))]), together) < EMBEDDING
        assert torch.allclose(together.norm(dim=-1), torch.ones(len(batch), 1), atol=1e-6)


def test_what_follows_the_end_of_a_text_cannot_matter(text):
    ids = golden("clip_text")["ids"].long()
    other = ids.clone()
    for row in other:
        row[row.argmax() + 1 :] = 320
    assert torch.equal(clip.embed_texts(text, ids), clip.embed_texts(text, other))


@pytest.mark.parametrize(("half", "near"), [("float16", 3e-3), ("bfloat16", 2e-2)])
def test_short_number_types_stay_near(half, near):
    """For stills and words; videos are seen in float32 only."""
    vision = clip.load_vision(tensors("clip_vision"), TINY, half)
    text = clip.load_text(tensors("clip_text"), TINY, half)
    for network in (vision, text):
        assert {value.dtype for value in network.parameters()} == {getattr(torch, half)}
    image, words = golden("clip_image"), golden("clip_text")
    seen = clip.embed_images(vision, pixels(image["u8_224"][None]))
    assert seen.dtype == torch.float32 and 1e-5 < error(seen, image["embed"]) < near
    assert 1e-5 < error(clip.embed_texts(text, words["ids"].long()), words["embed"]) < near


def test_videos_are_seen_in_float32_only():
    with pytest.raises(InputError, match="number type of what sees videos is 'float16'"):
        temporal.load_temporal(tensors("clip_temporal"), TINY, "float16")


def test_every_layer_is_a_step_and_may_stop_the_work(vision, text, time):
    runs = (
        lambda step: clip.embed_images(vision, some(1), step),
        lambda step: clip.embed_texts(text, golden("clip_text")["ids"].long(), step),
        lambda step: temporal.embed_video(vision, time, some(2), step),
    )
    for run in runs:
        steps = []
        run(lambda: steps.append(1))  # noqa: B023 (called at once)
        assert len(steps) == len(vision.layers) == len(text.layers) == 3
        with pytest.raises(KeyboardInterrupt):
            run(lambda: (_ for _ in ()).throw(KeyboardInterrupt))


# --- the step along time ---


def test_a_layers_step_along_time_is_the_references(time):
    wanted = golden("temporal")
    with torch.inference_mode():
        assert error(time.layers[0].bias(4), wanted["bias"]) < 1e-6
        assert error(time.layers[0](wanted["x"]), wanted["y"]) < 2e-5


def test_frames_are_normalised_as_in_float64():
    generator = torch.Generator().manual_seed(0)
    spread = 10.0 ** torch.arange(-7, 2)[:, None, None]  # from what float32 cannot see beside 3 to what swamps it
    hidden = 3 + spread * torch.randn(9, 6, 16, generator=generator)
    exact = hidden.double()
    variance, mean = torch.var_mean(exact, dim=1, correction=0, keepdim=True)
    assert error(temporal.normalised_over_frames(hidden), (exact - mean) / variance.clamp(min=1e-5).sqrt()) < 1e-6


def test_where_nothing_moves_time_changes_nothing(time):
    hidden = torch.randn(5, 1, 64, generator=torch.Generator().manual_seed(1)).expand(5, 7, 64)
    assert not temporal.normalised_over_frames(hidden).any()
    with torch.inference_mode():
        assert not time.layers[0]._along_frames(hidden).any()


def test_the_order_of_frames_matters(vision, time):
    seen = some(3)
    forward, back = (temporal.embed_video(vision, time, one) for one in (seen, seen.flip(0)))
    assert error(back, forward) > 1e-4


# --- files ---


def test_each_half_takes_its_own_and_leaves_the_rest():
    everything = tensors("clip_vision", "clip_text", "clip_temporal", "other", "buffers")
    for load in (clip.load_vision, clip.load_text, temporal.load_temporal):
        network = load(everything, TINY)
        assert not list(network.buffers()), "a constant in no file has the network initialised twice"
        assert not network.training and not any(value.requires_grad for value in network.parameters())


@pytest.mark.parametrize(
    ("load", "part", "change", "said"),
    [
        (
            clip.load_vision,
            "clip_vision",
            {f"{LAYER}mlp.fc1.bias": None},
            f"1 missing: {LAYER}mlp.fc1.bias",
        ),
        (
            clip.load_vision,
            "clip_vision",
            {"clip.model.visual_projection.weight": torch.zeros(64, 7)},
            r"1 misshapen: clip.model.visual_projection.weight \[64, 7\] instead of \[64, 64\]",
        ),
        (
            clip.load_text,
            "clip_text",
            {"clip.model.text_model.more": torch.zeros(1)},
            "1 unexpected: clip.model.text_model.more",
        ),
        (
            temporal.load_temporal,
            "clip_temporal",
            {f"{LAYER}temporal_self_attn.temporal_attn.norm.g": None},
            f"1 missing: {LAYER}temporal_self_attn.temporal_attn.norm.g",
        ),
    ],
)
def test_what_does_not_fit_is_named_as_in_the_file(load, part, change, said):
    found = {key: value for key, value in {**state(part), **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=said):
        load(files.Tensors(found, dict.fromkeys(found, PATH), {PATH: "CLIP"}), TINY)


def test_what_is_in_no_file_is_said_with_the_file_that_has_it():
    with pytest.raises(WeightsError, match="temporal blocks is in none of the files.*CoDi_video_diffuser_8frames"):
        temporal.load_temporal(tensors("clip_vision"), TINY)
    with pytest.raises(WeightsError, match="text encoder is in none of the files"):
        clip.load_text(tensors("clip_vision"), TINY)


@pytest.mark.parametrize(
    ("part", "make", "rows"),
    [
        ("clip_vision", clip.Vision, files.CLIP_VISION),
        ("clip_text", clip.Text, files.CLIP_TEXT),
        ("clip_temporal", temporal.Temporal, temporal.PART),
    ],
)
def test_the_published_sizes_have_the_published_keys(part, make, rows):
    with torch.device("meta"):
        network = make(FULL)
    found = {key: list(value.shape) for key, value in rows.published(network.state_dict()).items()}
    assert found == {key: shape for key, (shape, _) in full_manifest()[part].items() if "_embeds" not in key}


@pytest.mark.slow
@pytest.mark.parametrize("part", ["clip_vision", "clip_text"])
def test_full_size(part):
    found = state(part, manifest=full_manifest(), salt=0)
    whole = files.Tensors(found, dict.fromkeys(found, PATH), {PATH: "CLIP"})
    if part == "clip_vision":
        seen = pixels(golden("clip_image")["u8_224"][None])
        wrong = error(clip.embed_images(clip.load_vision(whole), seen), golden_full("clip_image")["embed"])
    else:
        ids = golden("clip_text")["ids"].long()
        wrong = error(clip.embed_texts(clip.load_text(whole), ids), golden_full("clip_text")["embed"])
    assert wrong < EMBEDDING


def test_heads_are_those_of_the_configuration():
    """Any number of them fits the weights."""
    other = replace(TINY, vision={**TINY.vision, "num_attention_heads": 2})
    image = golden("clip_image")
    wrong = clip.load_vision(tensors("clip_vision"), other)
    assert error(clip.embed_images(wrong, pixels(image["u8_224"][None])), image["embed"]) > 1e-3
    assert (FULL.vision["num_attention_heads"], FULL.text["num_attention_heads"]) == (16, 12)
