"""Which files make a CoDi, in what layout; and what is said of those that do not."""

import os
import sys
from pathlib import Path

import pytest
from see2sound_nodes.s2s_core.errors import DependencyError, InputError
from see2sound_nodes.s2s_core.generate.codi import files
from see2sound_nodes.s2s_core.models import weights

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from see2sound_nodes.s2s_core.generate.codi import unet, vae, vocoder  # noqa: E402

from .tiny import PUBLISHED, TINY, checkpoint, publish, refused, same, state, tensors  # noqa: E402

ENCODERS, AUDIO = PUBLISHED
LOAD = {files.UNET: unet.load_unet, files.VAE: vae.load_vae, files.VOCODER: vocoder.load_vocoder}
POST = "audioldm.post_quant_conv.bias"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return publish(tmp_path_factory.mktemp("codi"))


# --- gathering ---


def test_two_files_are_enough(published):
    found = files.gather(published)
    wanted = state("unet_audio", "vae_decoder", "vocoder", "clip_vision", "clip_text", "clip_temporal", "other")
    assert same(dict(found.state), wanted), "all that sound needs, and nothing else"
    assert found.origin[POST] == published[0] and found.origin[f"{files.UNET.stem}out.0.bias"] == published[1]
    for load in LOAD.values():
        load(found, TINY)


def test_order_does_not_matter_and_the_last_wins(published, tmp_path):
    assert same(dict(files.gather(published).state), dict(files.gather(published[::-1]).state))
    torch.save({POST: torch.full((8,), 7.0)}, tmp_path / "patch.pth")
    found = files.gather([*published, tmp_path / "patch.pth"])
    assert found.state[POST][0] == 7 and found.origin[POST] == tmp_path / "patch.pth"
    assert vae.load_vae(found, TINY).post_quant_conv.bias[0] == 7
    assert files.gather([tmp_path / "patch.pth", *published]).state[POST][0] != 7


def test_what_sound_does_not_need_is_passed_over(published, tmp_path):
    torch.save({"model.diffusion_model.unet_text.out.0.bias": torch.ones(3)}, tmp_path / "CoDi_text_diffuser.pth")
    found = files.gather([*published, tmp_path / "CoDi_text_diffuser.pth"])
    assert found.held[tmp_path / "CoDi_text_diffuser.pth"] == "the text diffuser"
    assert same(dict(found.state), dict(files.gather(published).state))


def test_what_is_no_tensor_may_stand_beside(tmp_path):
    path = checkpoint(tmp_path / AUDIO, "unet_audio", epoch=torch.ones(()))
    torch.save({**torch.load(path), "lr": 0.1, "callbacks": {"a": [1]}}, path)
    assert set(files.gather([path]).state) == set(state("unet_audio"))
    torch.save({**torch.load(path), POST: 0.1}, path)
    refused(lambda: files.gather([path]), path, "not tensors", POST)


@pytest.mark.parametrize("wrap", ["model", "state_dict"])
def test_wrapped_and_safetensors(tmp_path, wrap):
    torch.save({wrap: state("vocoder")}, tmp_path / "a.pth")
    weights.save(tmp_path / "a.safetensors", state("vocoder"))
    for name in ("a.pth", "a.safetensors"):
        assert same(dict(files.gather([tmp_path / name]).state), state("vocoder"))


def test_half_precision_twins(tmp_path):
    paths = [checkpoint(tmp_path / name, half=True) for name in PUBLISHED]
    found = files.gather(paths)
    assert {value.dtype for value in found.state.values()} == {torch.float16}
    network = vae.load_vae(found, TINY)
    assert network.post_quant_conv.bias.dtype == torch.float32
    assert torch.equal(network.post_quant_conv.bias.half(), found.state[POST])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_what_is_not_needed_stays_on_disk(tmp_path, suffix):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    path, huge = tmp_path / f"a.{suffix}", 32 << 20
    everything = {**state("vocoder"), "clap.model.x": torch.zeros(huge)}  # 128 MiB
    weights.save(path, everything) if suffix == "safetensors" else torch.save(everything, path)
    del everything
    before = resident()
    found = files.gather([path])
    vocoder.load_vocoder(found, TINY)
    assert resident() - before < huge and len(found.state) == 194


# --- what is not CoDi ---


WRONG = {
    "a Stable Diffusion checkpoint": ("model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.decoder.x"),
    "a UNet in diffusers' layout": ("down_blocks.0.resnets.0.norm1.weight", "conv_in.weight"),
    "a VAE in diffusers' layout": ("decoder.up_blocks.0.resnets.0.norm1.weight", "quant_conv.weight"),
    "SAM (Segment Anything)": ("mask_decoder.iou_token.weight", "image_encoder.blocks.0.attn.qkv.weight"),
    "SAM 2 (Segment Anything 2)": ("image_encoder.trunk.pos_embed", "memory_encoder.x"),
    "Depth Anything": ("depth_head.scratch.output_conv1.weight", "pretrained.cls_token"),
    "CLIP alone": ("vision_model.post_layernorm.weight", "text_model.final_layer_norm.weight"),
    "a vocoder alone": ("conv_pre.weight", "upsampler.0.weight"),
    "a LoRA": ("lora_unet_down_blocks_0.lora_up.weight",),
    "something unknown (2 tensors, such as a, b)": ("b", "a"),
}


@pytest.mark.parametrize("what", WRONG)
def test_another_model_is_named(published, tmp_path, what):
    path = tmp_path / ENCODERS
    torch.save({key: torch.ones(2) for key in WRONG[what]}, path)
    refused(lambda: files.gather([published[1], path]), f"{path} holds {what}; ", "codi-encoders and codi-audio")


def cut(path):
    content = Path(checkpoint(path, "vocoder")).read_bytes()
    path.write_bytes(content[: len(content) // 2])


DAMAGED = {
    "cannot be read as weights": cut,
    "a web page": lambda path: path.write_text("<!DOCTYPE html><html>"),
    "a Git LFS pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "an empty file": lambda path: path.write_bytes(b""),
    "holds list": lambda path: torch.save([torch.ones(1)], path),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_files(published, tmp_path, what):
    DAMAGED[what](tmp_path / AUDIO)
    refused(lambda: files.gather([published[0], tmp_path / AUDIO]), tmp_path / AUDIO, what)


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("key", ["epoch", POST])
def test_nothing_in_a_file_is_run(tmp_path, key):
    torch.save({**state("vocoder"), key: Attack(tmp_path / "trace")}, tmp_path / ENCODERS)
    refused(lambda: files.gather([tmp_path / ENCODERS]), "nothing in it was executed")
    assert not (tmp_path / "trace").exists()


def test_no_file(tmp_path):
    refused(lambda: files.gather([]), "no file of CoDi is given", kind=InputError)
    refused(lambda: files.gather([tmp_path / "no.pth"]), "no.pth is not a file", kind=InputError)
    refused(lambda: files.gather([tmp_path]), tmp_path, "unet/diffusion_pytorch_model", "convert", kind=InputError)


# --- parts ---


def test_a_missing_file_is_asked_for(published):
    encoders, audio = published
    refused(
        lambda: vae.load_vae(files.gather([audio, audio]), TINY),
        "CoDi's VAE decoder is in none of the files",
        f"{audio} holds the audio UNet; add the file of codi-encoders",
    )
    refused(
        lambda: unet.load_unet(files.gather([encoders]), TINY),
        "CoDi's audio UNet is in none of the files",
        f"{encoders} holds the VAE decoder, the vocoder, the CLIP image encoder, the CLIP text encoder, the CLIP ",
        "add the file of codi-audio",
    )


def test_an_upload_without_a_part(tmp_path):
    path = checkpoint(tmp_path / ENCODERS, "vae_decoder", "clip_text")
    refused(
        lambda: vocoder.load_vocoder(files.gather([path]), TINY),
        "CoDi's vocoder is in none of the files",
        f"{path} holds the VAE decoder, the CLIP text encoder; add the file of codi-encoders, or fetch it again",
    )


@pytest.mark.parametrize("part", LOAD, ids=lambda part: part.name)
def test_every_tensor_is_needed_by_its_published_name(part):
    whole = tensors()
    key = next(iter(whole.of(part)))
    left = {name: value for name, value in whole.state.items() if name != key}
    less = files.Tensors(left, whole.origin, whole.held)
    refused(lambda: LOAD[part](less, TINY), f"CoDi.pth is not CoDi's {part.name}", f"1 missing: {key}")
    wide = tensors(**{key: torch.ones(3, 1)})
    refused(lambda: LOAD[part](wide, TINY), "1 misshapen", f"{key} [3, 1] instead of {list(whole.state[key].shape)}")


@pytest.mark.parametrize(
    "key", [f"{files.UNET.stem}out.3.bias", "audioldm.decoder.up.3.block.0.norm1.bias", "audioldm.vocoder.mean"]
)
def test_nothing_else_may_be_in_a_part(key):
    load = next(load for part, load in LOAD.items() if part.owns(key))
    refused(lambda: load(tensors(**{key: torch.ones(3)}), TINY), f"1 unexpected: {key}")


def test_matrices_stay_convolutions_in_messages():
    key = "audioldm.decoder.mid.attn_1.q.weight"
    wrong = tensors(**{key: torch.ones(128, 64, 1, 1)})
    refused(lambda: vae.load_vae(wrong, TINY), f"{key} [128, 64, 1, 1] instead of [128, 128, 1, 1]")


def test_another_size_is_told_by_its_shapes(published):
    refused(lambda: unet.load_unet(files.gather(published)), "is not CoDi's audio UNet", "misshapen", "instead of")


def test_the_library_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    for load in (unet.load_unet, vae.load_vae):
        refused(lambda load=load: load(tensors(), TINY), "CoDi needs diffusers", "pip install", kind=DependencyError)


def test_a_stock_network_in_its_place_is_told_apart(tmp_path, published):
    path = tmp_path / "sd" / files.UNET.file
    weights.save(
        path, {"conv_in.weight": torch.ones(320, 4, 3, 3), "down_blocks.0.resnets.0.norm1.bias": torch.ones(2)}
    )
    refused(lambda: unet.load_unet(files.gather([published[0], path]), TINY), path, "is not CoDi's audio UNet")
