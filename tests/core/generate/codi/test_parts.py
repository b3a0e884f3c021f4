"""UNet, VAE decoder and vocoder against the published code: arrays that it made, from weights grown from names."""

import copy
import hashlib
import json
import pickle

import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import InputError

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from see2sound_nodes.s2s_core.generate.codi import convert, files, keys, unet, vae, vocoder  # noqa: E402
from see2sound_nodes.s2s_core.generate.codi.config import FULL  # noqa: E402

from .tiny import CODI, TINY, error, full_manifest, golden, golden_full, grown, state, tensors  # noqa: E402

CLOSE = 2e-5  # of the largest value: what a correct float32 port keeps to
SHORT = {"float16": 5e-3, "bfloat16": 4e-2}  # measured on these weights: at most 2.9e-3 and 2.0e-2
DEAD = ("attn2.to_q.", "attn2.to_k.", "transformer_blocks.0.norm2.")


@pytest.fixture(scope="module")
def everything():
    return tensors()


@pytest.fixture(scope="module")
def network(everything):
    return unet.load_unet(everything, TINY)


def noise(network, given=None):
    given = given or golden("unet")
    with torch.inference_mode():
        return network(given["x"], given["t"], given["context"])


def test_the_weights_are_grown_as_the_fixtures_were():
    first = grown.fill("model.diffusion_model.unet_audio.input_blocks.0.0.weight", (192, 8, 3, 3))
    assert first.flat[0] == np.float32(0.16599634)
    digest = hashlib.sha256(first.astype("<f4").tobytes()).hexdigest()
    assert digest == "1c3a351e45de3011cbfe0e1a8b2b8192a1aab0551f52a2cab1a53ceb05636f4e"


def test_names_that_share_an_array_resolve():
    assert torch.equal(golden("e2e_image")["image"], golden("clip_image")["image"])
    assert torch.equal(golden("e2e_image_text")["u8_224"], golden("clip_image")["u8_224"])


# --- names and sizes ---


def test_the_published_sizes_are_the_libraries_networks():
    manifest = {key: what for part in full_manifest() if part[0] != "_" for key, what in full_manifest()[part].items()}
    found = {key: torch.empty(shape, device="meta") for key, (shape, _) in manifest.items()}
    whole = files.Tensors(found, dict.fromkeys(found, "CoDi.pth"), {"CoDi.pth": "CoDi"})
    counts = {"unet_audio": 686, "vae_decoder": 114, "vocoder": 194, "clip_vision": 392, "clip_text": 197}
    networks = convert.stock(FULL)
    for (part, network), (name, count) in zip(networks.items(), counts.items(), strict=True):
        files.check(whole, part, network)
        assert set(whole.of(part)) == set(full_manifest()[name]) and len(whole.of(part)) == count
    assert set(whole.of(files.CLIP_TEMPORAL)) == set(full_manifest()["clip_temporal"])


@pytest.mark.parametrize("part", [files.UNET, files.VAE, files.VOCODER, files.CLIP], ids=lambda part: part.name)
def test_every_name_has_a_way_back(everything, part):
    own = everything.of(part)
    stock = part.stock(own)
    assert len(stock) == len(own) and not any(key.startswith(part.stem) for key in stock)
    back = part.published(stock)
    assert list(back) == list(own) and all(torch.equal(back[key], own[key]) for key in own)


@pytest.mark.parametrize("table", [keys.UNET, keys.VAE, keys.VOCODER])
def test_tables_turn_round(table):
    assert len(keys.inverse(table)) == len(table)


# --- UNet ---


def test_the_unet_is_the_published_one(network):
    assert error(noise(network), golden("unet")["eps"]) < CLOSE


def test_the_skip_can_be_changed_on_a_loaded_network(network):
    other = copy.deepcopy(network)
    other.skip = "textbook"
    assert error(noise(other), golden("unet")["eps"]) > 1e-3
    assert network.skip == "published" and error(noise(network), golden("unet")["eps"]) < CLOSE
    other.skip = "published"
    assert torch.equal(noise(other), noise(network))
    with pytest.raises(InputError, match="skip is 'new'; allowed is one of: published, textbook"):
        other.skip = "new"


def test_textbook_is_what_diffusers_does(everything):
    from diffusers import UNet2DConditionModel

    stock = UNet2DConditionModel(**TINY.unet).eval()
    stock.load_state_dict(files.UNET.stock(everything.of(files.UNET)))
    given = golden("unet")
    with torch.inference_mode():
        wanted = stock(given["x"], given["t"], encoder_hidden_states=given["context"]).sample
    ours = unet.load_unet(everything, TINY, shortcut=False)
    ours.skip = "textbook"
    assert torch.equal(noise(ours), wanted)


def test_attention_to_one_token_is_a_constant(everything, network):
    plain = unet.load_unet(everything, TINY, shortcut=False)
    assert error(noise(network), noise(plain)) < 3e-6
    given = {key: value.double() if value.is_floating_point() else value for key, value in golden("unet").items()}
    plain, short = (unet.load_unet(everything, TINY, "float64", shortcut=short).inner for short in (False, True))
    with torch.inference_mode():
        found, wanted = (
            one(given["x"], given["t"], encoder_hidden_states=given["context"]).sample for one in (short, plain)
        )
    assert error(found, wanted) < 1e-13


def test_what_cannot_matter_is_let_go(everything, network):
    overwritten = {key: torch.full_like(value, 9.0) for key, value in dead(everything).items()}
    assert len(overwritten) == 64
    assert torch.equal(noise(unet.load_unet(tensors(**overwritten), TINY)), noise(network))
    left = network.state_dict()
    assert len(left) == 686 - 64 and not any(name in key for key in left for name in DEAD)


def dead(everything):
    return {key: value for key, value in everything.of(files.UNET).items() if any(name in key for name in DEAD)}


def test_more_than_one_token_is_refused(network):
    given = golden("unet")
    with pytest.raises(InputError, match="the context has 3 tokens; allowed is 1"):
        noise(network, given | {"context": given["context"].repeat(1, 3, 1)})


def test_one_timestep_for_all(network):
    given = golden("unet")
    assert error(noise(network, given | {"t": 7}), noise(network, given | {"t": torch.tensor([7, 7])})) < 1e-6


def test_sound_of_any_length(network):
    given = golden("unet")
    assert noise(network, given | {"x": given["x"][:, :, :24]}).shape == (2, 8, 24, 16)


@pytest.mark.parametrize("half", SHORT)
def test_the_unet_in_short_numbers(everything, half):
    network = unet.load_unet(everything, TINY, half)
    found = noise(network)
    assert found.dtype == torch.float32 and network.inner.dtype == getattr(torch, half)
    assert error(found, golden("unet")["eps"]) < SHORT[half]


def test_networks_are_ready_and_travel(network):
    assert not network.training and not any(value.requires_grad for value in network.parameters())
    network.device = "anything"  # ComfyUI sets it
    assert torch.equal(noise(pickle.loads(pickle.dumps(network))), noise(network))


def test_loading_says_nothing(everything, caplog, capfd):
    unet.load_unet(everything, TINY, "float16")
    vae.load_vae(everything, TINY, "float16")
    vocoder.load_vocoder(everything, TINY, "float16")
    assert not caplog.records and capfd.readouterr() == ("", "")


# --- VAE decoder ---


@pytest.fixture(scope="module")
def decoder(everything):
    return vae.load_vae(everything, TINY)


@pytest.mark.parametrize(("z", "mel"), [("z", "mel"), ("z_guard", "mel_guard")])
def test_the_decoder_is_the_published_one(decoder, z, mel):
    given = golden("vae")
    assert error(vae.decode(decoder, given[z]), given[mel]) < CLOSE


def test_wild_latents_are_judged_one_by_one(decoder):
    given = golden("vae")
    assert given["z_guard"].abs().max() > vae.WILD > given["z"].abs().max()
    both = vae.decode(decoder, torch.cat([given["z"], given["z_guard"]]))
    assert error(both[:1], given["mel"]) < CLOSE and error(both[1:], given["mel_guard"]) < CLOSE
    z = torch.tensor([100.0, -100.0, 50.0, 3.0]).reshape(1, 1, 2, 2)
    assert torch.equal(vae.guarded(z), z), "100 is not beyond 100"
    assert vae.guarded(z * 1.01).flatten().tolist() == pytest.approx([10, -10, 10, 3.03])


def test_the_encoder_is_not_kept(decoder):
    assert len(decoder.state_dict()) == 114
    assert not any("encoder" in name for name, _ in decoder.named_modules())


@pytest.mark.parametrize("half", SHORT)
def test_sound_in_short_numbers(everything, half):
    short, given = vae.load_vae(everything, TINY, half), golden("vae")
    mel = vae.decode(short, given["z"])
    assert mel.dtype == torch.float32 and error(mel, given["mel"]) < SHORT[half]
    heard, given = vocoder.load_vocoder(everything, TINY, half), golden("vocoder")
    wave = vocoder.wave(heard, given["mel"])
    assert wave.dtype == torch.float32 and error(wave[:, None], given["wav"]) < SHORT[half]


# --- vocoder ---


def test_the_vocoder_is_the_published_one(everything):
    network, given = vocoder.load_vocoder(everything, TINY), golden("vocoder")
    found = vocoder.wave(network, given["mel"])
    assert error(found[:, None], given["wav"]) < CLOSE
    assert found.shape[1] == (5 * given["mel"].shape[2] + 1) * 32 and network.rate == 16000
    assert found.abs().max() <= 1 and len(network.state_dict()) == 194


# --- number types of files ---


def test_half_precision_files(everything):
    twins = tensors(half=True)
    wide = unet.load_unet(twins, TINY)
    assert wide.inner.dtype == torch.float32 and error(noise(wide), golden("unet")["eps"]) < SHORT["float16"]
    kept = unet.load_unet(twins, TINY, "float16").inner.conv_in.weight
    assert torch.equal(kept, state("unet_audio")[f"{files.UNET.stem}input_blocks.0.0.weight"].half())


# --- full size ---


@pytest.mark.slow
def test_full_size():
    told = json.loads((CODI / "golden_full.json").read_text())["cases"]
    for part, load, check in (
        ("unet_audio", unet.load_unet, lambda network: noise(network, golden_full("unet"))),
        ("vae_decoder", vae.load_vae, lambda network: vae.decode(network, golden_full("vae")["z"])),
        ("vocoder", vocoder.load_vocoder, lambda network: vocoder.wave(network, golden_full("vae")["mel"])[:, None]),
    ):
        case = told[part.split("_")[0]]
        group, name = case["output"].split(".")
        grown_state = state(part, manifest=full_manifest(), salt=0)
        whole = files.Tensors(grown_state, dict.fromkeys(grown_state, "CoDi.pth"), {"CoDi.pth": "CoDi"})
        network = load(whole)
        del grown_state, whole
        assert error(check(network), golden_full(group)[name]) < CLOSE, part
        if part == "unet_audio":
            network.skip = "textbook"
            assert error(check(network), golden_full(group)[name]) == pytest.approx(0.038, rel=0.1)
