"""The folder that `s2s models convert codi` makes: every tensor, read by other libraries too, whole or not there."""

import os
from functools import partial

import pytest
from see2sound_nodes.s2s_core import cli
from see2sound_nodes.s2s_core.errors import InputError, MissingModelError, OutputError
from see2sound_nodes.s2s_core.generate.codi import files
from see2sound_nodes.s2s_core.models import weights
from see2sound_nodes.s2s_core.models.report import Actions
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from see2sound_nodes.s2s_core.generate.codi import convert, unet, vae, vocoder  # noqa: E402

from .tiny import PUBLISHED, TINY, checkpoint, publish, refused, same, tensors  # noqa: E402

ENCODERS, AUDIO = PUBLISHED
LOAD = {files.UNET: unet.load_unet, files.VAE: vae.load_vae, files.VOCODER: vocoder.load_vocoder}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return publish(tmp_path_factory.mktemp("codi"))


@pytest.fixture
def host(tmp_path, published):
    """A machine that has the published files."""
    place = tmp_path / "see2sound" / "codi"
    place.mkdir(parents=True)
    for path in published:
        os.link(path, place / path.name)
    return HeadlessRuntime("cpu", models=(tmp_path,))


@pytest.fixture
def actions(host):
    return Actions(host, converters={"codi": partial(convert.convert, "codi", config=TINY)})


def test_conversion_keeps_every_tensor(actions, host, tmp_path, published):
    before = convert.find("codi", host)
    assert [path.name for path in before] == [ENCODERS, AUDIO]
    place = tmp_path / "see2sound" / "codi"
    assert list(actions.convert(["codi"])) == [str(place / part.file) for part in files.PARTS]
    assert convert.find("codi", host) == (place,)
    found, wanted = files.gather([place]), files.gather(published)
    assert same(dict(found.state), dict(wanted.state))
    for load in LOAD.values():
        assert same(load(found, TINY).state_dict(), load(wanted, TINY).state_dict())
    refused(lambda: list(actions.convert(["codi"])), place / "unet", "exists already", kind=InputError)


def test_the_folder_is_read_by_diffusers_and_transformers(actions, tmp_path, recwarn):
    import diffusers
    import transformers

    list(actions.convert(["codi"]))
    place, whole = tmp_path / "see2sound" / "codi", tensors()
    for part, kind in (
        (files.UNET, diffusers.UNet2DConditionModel),
        (files.VAE, diffusers.AutoencoderKL),
        (files.VOCODER, transformers.SpeechT5HifiGan),
        (files.CLIP, transformers.CLIPModel),
    ):
        opened = kind.from_pretrained((place / part.file).parent).state_dict()
        wanted = part.stock(whole.of(part))
        assert same({key: opened[key] for key in wanted}, wanted)
        rest = {key.split(".")[0] for key in opened if key not in wanted}
        assert rest <= {"encoder", "quant_conv", "mean", "scale"}, "all that has to be there is"


def test_conversion_keeps_half_precision_and_may_lack_what_videos_need(tmp_path):
    parts = [part for part in PUBLISHED[ENCODERS] if part not in ("clip_temporal", "other")]
    paths = [checkpoint(tmp_path / ENCODERS, *parts, half=True), checkpoint(tmp_path / AUDIO, half=True)]
    written = list(convert.write(files.gather(paths), tmp_path / "codi", TINY))
    assert written == [tmp_path / "codi" / part.file for part in files.PARTS[:-1]]
    assert sorted(os.listdir(tmp_path / "codi")) == ["clip", "unet", "vae", "vocoder"]
    assert {value.dtype for value in files.gather([tmp_path / "codi"]).state.values()} == {torch.float16}


def test_conversion_is_whole_or_nothing(tmp_path, monkeypatch):
    whole, place = tensors(), tmp_path / "codi"
    key = "audioldm.vocoder.conv_post.bias"
    less = files.Tensors({k: v for k, v in whole.state.items() if k != key}, whole.origin, whole.held)
    refused(lambda: list(convert.write(less, place, TINY)), f"1 missing: {key}")
    refused(lambda: list(convert.write(tensors("unet_audio"), place, TINY)), "CoDi's VAE decoder is in none")
    assert not place.exists()

    def full(path, _):
        if path.parent.name == "vocoder":
            raise OutputError("the disk is full")
        path.parent.mkdir()
        path.write_bytes(b"half")

    monkeypatch.setattr(weights, "save", full)
    refused(lambda: list(convert.write(whole, place, TINY)), "the disk is full", kind=OutputError)
    assert not place.exists()


def test_conversion_can_be_stopped(host, tmp_path):
    host.listen = lambda label, done, total: host.cancel.set() if done else None
    with pytest.raises(Exception, match="stopped by the user during convert codi"):
        list(convert.convert("codi", host, config=TINY))
    assert sorted(os.listdir(tmp_path / "see2sound" / "codi")) == sorted(PUBLISHED)


def test_without_files(tmp_path, monkeypatch, capsys):
    nowhere = HeadlessRuntime("cpu", models=(tmp_path,))
    refused(lambda: convert.find("codi-fp16", nowhere), "codi-encoders-fp16 is not on", kind=MissingModelError)
    refused(lambda: list(convert.convert("codi", nowhere)), "codi-encoders is not on", kind=MissingModelError)
    monkeypatch.setenv("SEE2SOUND_MODELS", str(tmp_path))
    assert cli.main(["models", "convert", "codi"]) == 1
    assert "codi-encoders is not on this machine" in capsys.readouterr().err
    assert cli.main(["models", "convert", "cody"]) == 1
    assert (
        "'cody' is not in the catalogue" in (told := capsys.readouterr().err) and "codi" in told.split("catalogue")[1]
    )
