"""AViTAR's files as people have them: the archive, what is unpacked of it, what conversion makes; and what is wrong."""

import argparse
import os

import pytest
import torch
from see2sound_nodes.s2s_core.errors import InputError, MissingModelError
from see2sound_nodes.s2s_core.evaluate.avitar import dereverb, files, network, pair
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
    "not only tensors": (lambda held: held | {"cnn.1.weight": 3}, "not tensors: cnn.1.weight"),
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
