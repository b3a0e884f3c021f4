"""Scenes as ADM objects: the model parsed by xml.etree, the sound decoded by libsndfile. (The reference renderer of the
EBU renders these files as the panner's table of VBAP says; it is no dependency.)"""

import struct
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.media import adm
from see2sound_nodes.s2s_core.types import AudioTrack, SoundSource, Trajectory

from .chunks import chunks

RATE = 48000
DOG = SoundSource("dog", Trajectory.still(90, 10, 7), width=12, gain_db=-6)
BEHIND = SoundSource("owl <&> \x01\u00e9", Trajectory.still(190, -5, 2))
WIND = SoundSource("wind", Trajectory.still(0, 0, 10), background=True)
CAR = SoundSource(
    "car",
    Trajectory(np.array([0, 0.5, 0.75]), np.array([60.0, 0, -60]), np.array([0.0, 5, 0]), np.array([8.0, 4, 2])),
)


def track(seconds=1.0, rate=RATE, seed=0):
    return AudioTrack(np.random.default_rng(seed).uniform(-0.9, 0.9, round(seconds * rate)).astype(np.float32), rate)


def model(folder, *sources, tracks=None):
    """audioFormatExtended of the file that holds `sources`."""
    path = folder / "scene.wav"
    adm.write_scene(path, sources, tracks or [track(seed=number) for number in range(len(sources))])
    root = ElementTree.fromstring(chunks(path)["axml"])
    namespace = "{urn:ebu:metadata-schema:ebuCore_2015}"
    for element in root.iter():
        assert element.tag.startswith(namespace)
        element.tag = element.tag.removeprefix(namespace)
    assert root.tag == "ebuCoreMain"
    return root.find("coreMetadata/format/audioFormatExtended")


def blocks(model):
    """Attributes and values of every block: position by coordinate, the rest by tag."""
    return [
        {**block.attrib, **{child.get("coordinate", child.tag): float(child.text) for child in block}}
        for block in model.iter("audioBlockFormat")
    ]


def test_every_reference_leads_to_something_and_nothing_is_left_alone(tmp_path):
    found = model(tmp_path, DOG, WIND, CAR)
    names = {}
    for element in found:
        key = "UID" if element.tag == "audioTrackUID" else f"{element.tag}ID"
        names.setdefault(element.tag, []).append(element.get(key))
    references = [(child.tag, child.text) for element in found for child in element if child.tag.endswith("Ref")]
    for tag, text in references:
        kind = tag.removesuffix("Ref").removesuffix("ID")
        assert text in names["audioTrackUID" if kind == "audioTrackU" else kind], (tag, text)
    reached = {text for _, text in references}
    assert {name for several in names.values() for name in several} - reached == {"APR_1001"}


def test_ids_are_those_of_the_standard(tmp_path):
    found = model(tmp_path, *[replace(DOG, label=str(number)) for number in range(16)])
    first, last = found.findall("audioObject")[0], found.findall("audioObject")[15]
    assert (first.get("audioObjectID"), last.get("audioObjectID")) == ("AO_1001", "AO_1010")
    assert last.find("audioPackFormatIDRef").text == "AP_00031010"
    assert last.find("audioTrackUIDRef").text == "ATU_00000010"
    channel = found.findall("audioChannelFormat")[15]
    assert channel.get("audioChannelFormatID") == "AC_00031010"
    assert channel.find("audioBlockFormat").get("audioBlockFormatID") == "AB_00031010_00000001"
    stream, form = found.findall("audioStreamFormat")[15], found.findall("audioTrackFormat")[15]
    assert stream.get("audioStreamFormatID") == "AS_00031010"
    assert form.get("audioTrackFormatID") == "AT_00031010_01"
    for element, kind in ((channel, "0003"), (found.find("audioPackFormat"), "0003")):
        assert (element.get("typeLabel"), element.get("typeDefinition")) == (kind, "Objects")
    for element in (stream, form):
        assert (element.get("formatLabel"), element.get("formatDefinition")) == ("0001", "PCM")


def test_the_table_of_tracks_fits_the_model(tmp_path):
    found = model(tmp_path, DOG, CAR)
    table = chunks(tmp_path / "scene.wav")["chna"]
    assert struct.unpack_from("<HH", table) == (2, 2) and len(table) == 4 + 2 * 40
    for number, uid in enumerate(found.findall("audioTrackUID")):
        index, name, form, pack, pad = struct.unpack_from("<H12s14s11sB", table, 4 + 40 * number)
        assert (index, pad) == (number + 1, 0)
        assert name.decode() == uid.get("UID")
        assert form.decode() == uid.find("audioTrackFormatIDRef").text
        assert pack.decode() == uid.find("audioPackFormatIDRef").text
        assert (uid.get("sampleRate"), uid.get("bitDepth")) == (str(RATE), "24")


def test_a_still_source_is_one_block_without_times(tmp_path):
    found = model(tmp_path, DOG, BEHIND)
    first, second = blocks(found)
    assert "rtime" not in first and "duration" not in first
    assert (first["azimuth"], first["elevation"], first["distance"], first["width"]) == (90, 10, 1, 12)
    assert first["gain"] == pytest.approx(10 ** (-6 / 20), abs=1e-6)
    assert (first["diffuse"], first["jumpPosition"]) == (0, 0)
    assert (second["azimuth"], second["elevation"], second["gain"]) == (-170, -5, 1)
    assert [float(pack.find("absoluteDistance").text) for pack in found.findall("audioPackFormat")] == [7, 2]
    assert [thing.get("audioObjectName") for thing in found.findall("audioObject")] == ["dog", "owl <&> \u00e9"]


def test_a_background_is_diffuse_and_all_around(tmp_path):
    (block,) = blocks(model(tmp_path, WIND))
    assert (block["diffuse"], block["width"]) == (1, 360)


def test_a_background_with_a_path_stands_still(tmp_path):
    (block,) = blocks(model(tmp_path, replace(CAR, background=True)))
    assert "rtime" not in block and (block["diffuse"], block["width"], block["azimuth"]) == (1, 360, 60)


def test_a_moving_source_is_a_chain_of_blocks_through_each_knot(tmp_path):
    found = model(tmp_path, CAR)
    chain = blocks(found)
    assert [(block["rtime"], block["duration"]) for block in (chain[0], chain[-1])] == [
        ("00:00:00.00000", "00:00:00.00001"),
        ("00:00:00.75000", "00:00:00.25000"),
    ]
    assert len(chain) == 1 + 7 + 7 + 1
    knots = [chain[number] for number in (0, 7, 14, 15)]
    assert [block["azimuth"] for block in knots] == [60, 0, -60, -60]
    assert [block["elevation"] for block in knots] == [0, 5, 0, 0]
    assert [block["distance"] for block in knots] == [1, 0.5, 0.25, 0.25]
    assert [block["audioBlockFormatID"][-8:] for block in chain] == [f"{number:08x}" for number in range(1, 17)]
    assert float(found.find("audioPackFormat/absoluteDistance").text) == 8


def path_of(times, azimuth, elevation=None):
    times = np.array(times, float)
    flat = np.zeros(len(times)) if elevation is None else np.array(elevation, float)
    return replace(CAR, trajectory=Trajectory(times, np.array(azimuth, float), flat, np.full(len(times), 2.0)))


def seconds(text):
    hours, minutes, rest = text.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def test_it_waits_at_a_first_knot_that_comes_late(tmp_path):
    chain = blocks(model(tmp_path, path_of([0.5, 0.75], [40, 0])))
    waiting = [block for block in chain if seconds(block["rtime"]) + seconds(block["duration"]) <= 0.5]
    assert [block["azimuth"] for block in waiting] == [40, 40]
    assert seconds(waiting[-1]["rtime"]) + seconds(waiting[-1]["duration"]) == 0.5


@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        ([-1, 1], 20, 40),
        ([-1, 3], 10, 20),
        ([0.5, 2.5], 0, 10),
        ([-2, -1], 40, 40),
        ([3, 4], 0, 0),
        ([-1, 2], 40 / 3, 80 / 3),
    ],
)
def test_a_path_is_cut_to_the_file(tmp_path, times, first, last):
    chain = blocks(model(tmp_path, path_of(times, [0, 40])))
    assert chain[0]["azimuth"] == pytest.approx(first, abs=1e-5)
    assert chain[-1]["azimuth"] == pytest.approx(last, abs=1e-5)


PATHS = [
    path_of([0, 0.5, 0.9], [0, 180, 0]),
    path_of([-0.3, 0.2, 5], [170, -170, 30], [0, 80, -60]),
    path_of([0.1, 0.10001, 0.100012, 2], [0, 90, 180, 270]),
    path_of(np.linspace(-0.1, 1.3, 200), np.linspace(0, 3000, 200) % 360),
]


@pytest.mark.parametrize("source", PATHS)
@pytest.mark.parametrize("length", [1, 1001, RATE, 192000])
def test_blocks_follow_each_other_from_the_start_to_the_end_of_the_file(tmp_path, source, length):
    chain = blocks(model(tmp_path, source, tracks=[AudioTrack(np.full(length, 0.1, np.float32), RATE)]))
    ticks = [(round(1e5 * seconds(block["rtime"])), round(1e5 * seconds(block["duration"]))) for block in chain]
    at = 0
    for start, lasts in ticks:
        assert start == at and lasts > 0
        at += lasts
    assert at == length * 100_000 // RATE


def directions(azimuth, elevation):
    azimuth, elevation = np.radians(azimuth), np.radians(elevation)
    return np.stack(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], axis=1
    )


@pytest.mark.parametrize("source", [PATHS[0], PATHS[1], PATHS[3]])
def test_no_block_turns_more_than_ten_degrees_and_all_are_on_the_path(tmp_path, source):
    chain = blocks(model(tmp_path, source))
    where = directions(*([block[part] for block in chain] for part in ("azimuth", "elevation")))
    turns = np.degrees(np.arccos(np.sum(where[1:] * where[:-1], axis=1).clip(-1, 1)))
    assert 5 < turns.max() < 10.05
    ends = np.array([seconds(block["rtime"]) + seconds(block["duration"]) for block in chain])
    true = source.trajectory.at(np.append(0, ends[1:]))
    assert where == pytest.approx(directions(true.azimuth, true.elevation), abs=1e-6)


def test_times_beyond_an_hour(tmp_path):
    path, late = tmp_path / "scene.wav", AudioTrack(np.zeros(4, np.float32), 8, start=3725)
    knots = path_of([0, 3725.5], [0, 9])
    adm.write_scene(path, [knots], [late])
    assert b'rtime="00:00:00.00001" duration="01:02:05.49999"' in chunks(path)["axml"]


def test_each_object_is_its_own_track_and_short_ones_end_in_silence(tmp_path):
    tracks = [track(0.9, seed=1), track(1.0, seed=2), track(0.5, seed=3)]
    model(tmp_path, DOG, replace(BEHIND, muted=True), CAR, tracks=tracks)
    samples, rate = soundfile.read(tmp_path / "scene.wav", dtype="float64")
    assert rate == RATE and samples.shape == (round(0.9 * RATE), 2)
    for column, played in zip(samples.T, (tracks[0], tracks[2]), strict=True):
        length = len(played.samples)
        assert np.abs(column[:length] - played.samples).max() <= 2**-24 and not column[length:].any()
    assert soundfile.info(tmp_path / "scene.wav").subtype == "PCM_24"


def test_a_track_that_begins_later_has_silence_before_it(tmp_path):
    path, late = tmp_path / "scene.wav", replace(track(0.5), start=0.75)
    adm.write_scene(path, [DOG, BEHIND], [late, track(1.0)])
    sound, _ = soundfile.read(path)
    assert len(sound) == round(1.25 * RATE) and not sound[: round(0.75 * RATE), 0].any()
    assert np.abs(sound[round(0.75 * RATE) :, 0] - late.samples).max() < 2**-23


def test_solo_leaves_the_others_out(tmp_path):
    found = model(tmp_path, DOG, replace(CAR, solo=True), WIND)
    assert [thing.get("audioObjectName") for thing in found.findall("audioObject")] == ["car"]


@pytest.mark.parametrize(
    ("sources", "tracks", "words"),
    [
        ([DOG], [], "1 sources and 0 tracks; each source needs one track"),
        ([replace(DOG, muted=True)], [track(0.1)], "none of 1 sources sounds"),
        ([], [], "none of 0 sources sounds"),
        ([DOG, CAR], [track(0.1), track(0.1, 44100)], "tracks at 44100 and 48000 Hz; all must have one sample rate"),
        ([path_of([1, 0], [0, 9])], [track(0.1)], "path of source 'car' has times .1.0, 0.0.; allowed .* each later"),
        ([path_of([0, 1], [0, np.nan])], [track(0.1)], "azimuth of source 'car' is nan"),
        ([replace(DOG, trajectory=Trajectory.still(0, 99, 1))], [track(0.1)], "elevation of source 'dog' is 99"),
        ([replace(DOG, width=np.inf)], [track(0.1)], "width of source 'dog' is inf degrees; allowed is 0 to 360"),
        ([replace(DOG, gain_db=np.nan)], [track(0.1)], "gain of source 'dog' is nan dB"),
        ([DOG], [track(0)], r"track of source 'dog' has shape \[0\]; allowed is mono"),
        ([DOG], [AudioTrack(np.zeros((2, 9), np.float32), RATE)], r"track of source 'dog' has shape \[2, 9\]"),
        ([DOG], [replace(track(0.1), start=np.nan)], "start of the track of source 'dog' is nan s"),
        ([DOG], [replace(track(0.1), sample_rate=44100.5)], "rate of source 'dog' is 44100.5 Hz; allowed are whole"),
        ([DOG], [AudioTrack(np.array([2.0], np.float32), RATE)], "dog: the sound peaks at 2 .* ADM BW64"),
        ([DOG], [AudioTrack(np.array([np.nan], np.float32), RATE)], "dog: 1 of 1 are not finite"),
    ],
)
def test_what_cannot_be_a_scene_is_refused(tmp_path, sources, tracks, words):
    with pytest.raises(InputError, match=words):
        adm.write_scene(tmp_path / "a.wav", sources, tracks)
    assert not list(tmp_path.iterdir())


def test_the_suffix_is_wav(tmp_path):
    with pytest.raises(InputError, match="a.flac ends in .flac; ADM BW64 .* files end in .wav"):
        adm.write_scene(tmp_path / "a.flac", [DOG], [track(0.1)])
