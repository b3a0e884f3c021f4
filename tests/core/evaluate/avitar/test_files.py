"""AViTAR's files as people have them: the archive, what is unpacked of it, what conversion makes; and what is wrong."""

import argparse
import hashlib
import json
import logging
import os
from dataclasses import asdict

import pytest
import torch
from see2sound_nodes.s2s_core.errors import InputError, MissingModelError, WeightsError
from see2sound_nodes.s2s_core.evaluate import identity
from see2sound_nodes.s2s_core.evaluate.avitar import dereverb, files, keys, network, pair
from see2sound_nodes.s2s_core.evaluate.avitar.config import ANCHORS, Config, read_off
from see2sound_nodes.s2s_core.models import store, weights
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .tiny import SETTINGS, manifest, publish, refused, state

CHECKPOINT = "best_val.ckpt"


def save(path, held, zipped=True, **beside):
    torch.save({"state_dict": held, "hparams": SETTINGS, **beside}, path, _use_new_zipfile_serialization=zipped)
    return path


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def renewed(held):
    """As a newer torch spells weight norm."""
    spelled = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    return {".".join((*(parts := key.split("."))[:-1], spelled.get(parts[-1], parts[-1]))): held[key] for key in held}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("spelled", [dict, renewed])
def test_a_checkpoint_with_its_settings_and_discriminators(tmp_path, tiny, zipped, spelled):
    held = spelled(state("tiny")) | {key: torch.ones(2) for key in manifest("avitar_ignored")}
    held |= {"loss.weight": torch.ones(1), "conformer.rt60_predictor.x": torch.ones(1)}
    assert same(network.load(save(tmp_path / CHECKPOINT, held, zipped, epoch=3)), tiny)


@pytest.mark.parametrize("name", ["tiny_nope", "tiny_res"])
def test_the_sizes_are_read_off_the_file(tmp_path, name):
    found = network.load(save(tmp_path / CHECKPOINT, state(name)))
    crosses = [layer.sequential[2].module for layer in found.conformer["encoder"].layers]
    assert [cross.places for cross in crosses] == [name != "tiny_nope"] * 2
    assert len(found.conformer["decoder"].model) == (14 if name == "tiny_nope" else 22)


def test_nothing_else_becomes_harmless(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.system, ("touch trapped",)

    path = tmp_path / CHECKPOINT
    torch.save({"state_dict": state("tiny"), "hparams": argparse.Namespace(trap=Trap())}, path)
    refused(lambda: network.load(path), path, "nothing in it was executed", "system")
    before = torch.serialization.get_safe_globals()
    assert argparse.Namespace not in before, "only while a file is read"


WRONG = {
    "half of a decoder": (lambda held: {k: v for k, v in held.items() if ".decoder.model.9." not in k}, "2 missing"),
    "a decoder of another depth": (
        lambda held: {k.replace("decoder.model.12.", "decoder.model.24."): v for k, v in held.items()},
        "missing: conformer.decoder.model.4.block.2.weight",
    ),
    "another shape": (lambda held: held | {"cnn.1.weight": torch.ones(7)}, "cnn.1.weight [7] instead of [6]"),
    "something more": (lambda held: held | {"conformer.rt61.x": torch.ones(7)}, "1 unexpected: conformer.rt61.x"),
    "half of a weight norm": (
        lambda held: {k: v for k, v in held.items() if k != "conformer.audio_encoder.model.3.weight_g"},
        "missing: conformer.audio_encoder.model.3.weight,",
    ),
    "depth and colours": (lambda held: held | {"cnn.0.weight": torch.ones(6, 4, 7, 7)}, "4 planes, depth among them"),
    "another network": (lambda held: {"depth_head.x": torch.ones(1)}, "other than AViTAR (1 tensors, such as depth"),
    "dereverberation": (lambda held: state("vida"), "other than AViTAR"),
    "not only tensors": (lambda held: held | {"cnn.1.weight": 3}, "not tensors of real numbers: cnn.1.weight"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_told_in_one_line(tmp_path, case):
    change, words = WRONG[case]
    path = save(tmp_path / CHECKPOINT, change(state("tiny")))
    refused(lambda: network.load(path), path, words)


DAMAGED = {
    "truncated": lambda whole: whole[: len(whole) // 2],
    "a web page": lambda whole: b"<!DOCTYPE html><html>sign in</html>",
    "nothing": lambda whole: b"",
    "noise": lambda whole: bytes(range(256)) * 20,
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_damaged_is_told_in_one_line(tmp_path, case, zipped):
    path = save(tmp_path / CHECKPOINT, state("tiny"), zipped)
    path.write_bytes(DAMAGED[case](path.read_bytes()))
    refused(lambda: network.load(path), path, "fetch it again")


def test_another_file_in_place_of_the_dereverberation(tmp_path):
    path = save(tmp_path / "vida.pth", state("tiny"))
    refused(lambda: dereverb.load(path), "is not VIDA's dereverberation", "missing: audio_net.audionet_convlayer1.0")


def test_the_archive_is_enough(tmp_path, tiny, dry):
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    path = publish(tmp_path)
    assert {files.find(part, host) for part in files.PARTS} == {path} and not files.ready(host)
    found = pair.load(path, path)
    assert same(found.matching, tiny) and same(found.dry, dry)


def test_unpacked_files_are_found_too(tmp_path):
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    place = tmp_path / "see2sound" / "avitar"
    for name in (files.MATCHING.member, "vida.pth"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"weights")
    assert files.ready(host)
    assert [files.find(part, host) for part in files.PARTS] == [place / files.MATCHING.member, place / "vida.pth"]


def test_without_any_file(tmp_path):
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    message = refused(lambda: files.find(files.MATCHING, host), "'s2s models fetch avitar'", kind=MissingModelError)
    assert "NON-COMMERCIAL" in message and "pretrained-models.zip" in message


def test_conversion_writes_only_what_is_needed(tmp_path, tiny, dry):
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    path = publish(tmp_path)
    written = list(files.convert(host))
    assert written == [path.parent / part.file for part in files.PARTS] and files.ready(host)
    path.unlink()
    found = pair.load(*(files.find(part, host) for part in files.PARTS))
    assert same(found.matching, tiny) and same(found.dry, dry)
    held = weights.read(written[0])
    assert not any(key.startswith(("mpd.", "msd.")) for key in held)
    assert {tuple(held[key].shape) for key in held if key.endswith(".pe")} == {(1, 1, 48)}
    refused(lambda: list(files.convert(host)), written[0], "exists already", kind=InputError)


def test_what_conversion_needs(tmp_path):
    host = HeadlessRuntime("cpu", models=())
    refused(lambda: list(files.convert(host)), "there is no folder for avitar", kind=InputError)
    with pytest.raises(MissingModelError):
        list(files.convert(HeadlessRuntime("cpu", models=(tmp_path,))))


def test_the_catalogue_says_what_it_is():
    row = store.entry(files.NAME)
    assert row.licence == "CC-BY-NC-4.0" and "NON-COMMERCIAL" in row.licence_note and row.url.endswith(".zip")


FIRST = "conformer.audio_encoder.model"
VISUAL = [key for key in manifest("tiny") if key.endswith("visual_pe.pe")]
ODD = {
    "a flat picture": {ANCHORS["image"]: torch.ones(6)},
    "one number of the sound": {f"{FIRST}.1.bias": torch.tensor(1.0)},
    "one number of heads": {ANCHORS["heads"]: torch.tensor(1.0)},
    "no heads": {ANCHORS["heads"]: torch.ones(0, 64)},
    "no kernel": {ANCHORS["depthwise"]: torch.ones(48, 1, 0)},
    "a convolution of one number": {f"{FIRST}.11.weight": torch.tensor(1.0)},
    "a huge width": {ANCHORS["image"]: torch.ones(1).expand(1 << 40, 3, 7, 7)},
    "a number as a name": {3: torch.ones(1)},
    "a sparse tensor": {ANCHORS["image"]: torch.ones(6, 3, 7, 7).to_sparse()},
    "a complex tensor": {ANCHORS["image"]: torch.ones(6, 3, 7, 7, dtype=torch.complex64)},
    "a tensor without numbers": {ANCHORS["image"]: torch.ones(6, 3, 7, 7, device="meta")},
    "many layers": {"conformer.encoder.layers.9000.x": torch.ones(1)},
    "many blocks": {"conformer.decoder.model.9000.weight": torch.ones(1)},
    "a number of thousands of digits": {f"conformer.encoder.layers.{'9' * 5000}.x": torch.ones(1)},
}


@pytest.mark.parametrize("case", ODD)
def test_odd_checkpoints_are_told_in_one_line(tmp_path, case):
    path = save(tmp_path / CHECKPOINT, state("tiny") | ODD[case])
    refused(lambda: network.load(path), path)


@pytest.mark.parametrize("count", [64, 65])
def test_layers_have_a_limit(count):
    held = {key: value for key, value in state("tiny").items() if key not in VISUAL}
    held = keys.folded(dict(filter(lambda item: keys.needed(item[0]), held.items())))
    held |= {f"conformer.encoder.layers.{count - 1}.x": torch.ones(1)}
    if count <= 64:
        assert read_off(held, "made up").layers == count
    else:
        refused(lambda: read_off(held, "made up"), "made up", "layers would be 65; allowed is at most 64")


@pytest.mark.parametrize("missing", [1, 2])
def test_tables_of_places_are_in_all_layers_or_in_none(tmp_path, caplog, missing):
    path = save(tmp_path / CHECKPOINT, {key: v for key, v in state("tiny").items() if key not in VISUAL[:missing]})
    if missing < len(VISUAL):
        refused(lambda: network.load(path), path, "in some layers (1) but not in all 2")
    else:
        network.load(path)
        assert [row for row in caplog.messages if "no tables of places" in row and str(path) in row]


@pytest.mark.parametrize("converted", [False, True])
def test_settings_that_the_tensors_contradict_are_told_in_one_line(tmp_path, caplog, converted):
    path = publish(tmp_path)
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    said = argparse.Namespace(decoder_residual_layers=3, use_visual_pe=False, ngf=4, ratios=[8, 4, 2, 2], lr=1.0)
    member = path.parent / CHECKPOINT
    torch.save({"state_dict": state("tiny"), "hparams": said}, member)
    with caplog.at_level(logging.WARNING):
        list(files.convert(host)) if converted else network.load(member)
    (line,) = caplog.messages
    assert str(member) in line and "\n" not in line and "ngf" not in line and "ratios" not in line
    assert "decoder_residual_layers 3 but found 0" in line and "use_visual_pe False but found True" in line


def test_settings_that_agree_are_not_spoken_of(tmp_path, caplog):
    network.load(save(tmp_path / CHECKPOINT, state("tiny")))
    assert not caplog.messages


def test_a_member_is_called_by_its_name_and_its_archive(tmp_path):
    path = publish(tmp_path, **{"conformer.rt61.x": torch.ones(7)})
    message = refused(lambda: network.load(path), f"{files.MATCHING.member} in {path} is not AViTAR")
    assert "see2sound-" not in message


def test_what_was_loaded_can_be_told(tmp_path):
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    assert identity("room guess (no weights)", host) == {}
    with pytest.raises(MissingModelError):
        identity("AViTAR", host)
    path = publish(tmp_path)
    told = identity("AViTAR", host)
    content = path.read_bytes()
    assert told["files"] == {path.name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
    sizes = Config(trunk=6, layers=2, heads=4, cross_heads=4, channels=4)
    assert told["configuration"] == json.loads(json.dumps(asdict(sizes))) and json.loads(json.dumps(told)) == told
    list(files.convert(host))
    again = identity("AViTAR", host)
    assert set(again["files"]) == {part.file for part in files.PARTS}
    assert again["configuration"] == told["configuration"]


def test_a_file_is_read_once_until_it_changes(tmp_path, monkeypatch):
    host = HeadlessRuntime("cpu", models=(tmp_path,))
    path, opened, real = publish(tmp_path), [], files.opened
    monkeypatch.setattr(files, "opened", lambda *given: opened.append(given) or real(*given))
    first = identity("AViTAR", host)
    assert identity("AViTAR", host) == first and len(opened) == 1
    publish(tmp_path, "tiny_nope")
    assert not identity("AViTAR", host)["configuration"]["places"] and len(opened) == 2
    path.write_bytes(b"PK noise")
    with pytest.raises(WeightsError):
        identity("AViTAR", host)
