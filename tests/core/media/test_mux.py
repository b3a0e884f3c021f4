"""Films out: the pictures untouched, every channel in its place, the same length, in step."""

import io
import json
import threading

import av
import numpy as np
import pytest
from see2sound_nodes.s2s_core import files
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, MediaError, OutputError
from see2sound_nodes.s2s_core.media import sink
from see2sound_nodes.s2s_core.media.mux import FILMS, Soundtrack, write_video
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .films import FPS, Frames, click, film, hashes, heard, shown, stamps, tones
from .test_sound import SmallDisk
from .tones import RATE, TONES, dominant

EVERY = [(suffix, codec) for suffix, kind in FILMS.items() for codec in kind.codecs]
CODEC_NAMES = {"AAC": "aac", "FLAC": "flac", "Opus": "opus"}
SOURCE = {".webm": ("vp9.webm", "libvpx-vp9")}
PICTURE = 1 / FPS
LENGTHS = [
    (1.0, "1.00 s shorter than the pictures: filled with silence"),
    (3.5, "1.50 s longer than the pictures: cut"),
]


def source_for(folder, suffix):
    name, codec = SOURCE.get(suffix, ("h264.mp4", "libx264"))
    return film(folder / name, codec)


@pytest.mark.parametrize(("suffix", "codec"), EVERY)
def test_the_pictures_are_copied_and_the_sound_is_in_its_place(tmp_path, suffix, codec):
    source, path = source_for(tmp_path, suffix), tmp_path / f"out{suffix}"
    sounds = {"sound": tones(2.0), "monitor": tones(2.0, "stereo")}
    assert write_video(path, source, **sounds, codec=codec) == ""
    assert hashes(path) == hashes(source)
    assert stamps(path) == pytest.approx(stamps(source), abs=0.0006), "Matroska counts milliseconds"
    for track, layout in enumerate(("5.1", "stereo")):
        samples, start = heard(path, track)
        assert dominant(samples) == pytest.approx(TONES[: len(samples)], abs=2)
        assert abs(start) < PICTURE and samples.shape[1] / RATE == pytest.approx(2.0, abs=PICTURE)
        with av.open(str(path)) as container:
            stream = container.streams.audio[track]
            assert (stream.layout.name, stream.codec_context.codec.canonical_name) == (layout, CODEC_NAMES[codec])
    with av.open(str(path)) as container:
        assert container.duration / av.time_base == pytest.approx(2.0, abs=PICTURE)


@pytest.mark.parametrize(("suffix", "codec"), EVERY)
def test_a_click_is_heard_when_its_picture_is_seen(tmp_path, suffix, codec):
    source, path = source_for(tmp_path, suffix), tmp_path / f"out{suffix}"
    write_video(path, source, click(2.0, at=1.0), codec=codec)
    samples, start = heard(path)
    loudest = start + np.abs(samples[0]).argmax() / RATE
    times = [time for time, _ in shown(path)]
    assert times[FPS] == pytest.approx(1.0, abs=0.001)
    assert loudest == pytest.approx(1.005, abs=0.003)


@pytest.mark.parametrize("suffix", FILMS)
def test_tracks_have_titles_and_the_surround_is_played_first(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    write_video(path, source_for(tmp_path, suffix), tones(2.0), monitor=tones(2.0, "stereo"))
    with av.open(str(path)) as container:
        titles = [stream.metadata[FILMS[suffix].title] for stream in container.streams.audio]
        first = [bool(stream.disposition & av.stream.Disposition.default) for stream in container.streams]
    assert titles == ["Surround sound", "Stereo"] and first == [True, True, False]


@pytest.mark.parametrize("suffix", FILMS)
def test_the_graph_is_kept_beside_the_tags_of_the_film(tmp_path, suffix):
    source = source_for(tmp_path, suffix)
    titled, path = tmp_path / f"titled{source.suffix}", tmp_path / f"out{suffix}"
    write_video(titled, source, tones(2.0), metadata={"title": "A walk", "prompt": "old"})
    graph = json.dumps({"nodes": ["x" * 1000] * 100})
    write_video(path, titled, tones(2.0), metadata={"workflow": graph, "prompt": "{}"})
    with av.open(str(path)) as container:
        tags = {name.lower(): value for name, value in container.metadata.items()}
    assert (tags["title"], tags["workflow"], tags["prompt"]) == ("A walk", graph, "{}")


def test_the_index_is_in_front(tmp_path):
    write_video(tmp_path / "out.mp4", film(tmp_path / "a.mp4"), tones(2.0))
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("suffix", FILMS)
def test_the_same_bytes_again(tmp_path, suffix):
    source, (first, second) = source_for(tmp_path, suffix), (tmp_path / f"{n}{suffix}" for n in "ab")
    for path in (first, second):
        write_video(path, source, tones(2.0))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("length", "words"), LENGTHS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_of_another_length_is_fitted_and_told(tmp_path, suffix, length, words):
    path = tmp_path / f"out{suffix}"
    assert write_video(path, film(tmp_path / "a.mp4"), tones(length)) == f"the sound is {words}"
    samples, _ = heard(path)
    assert samples.shape[1] / RATE == pytest.approx(2.0, abs=PICTURE)
    assert np.abs(samples[:, RATE + 2048 :]).max() == pytest.approx(0 if length == 1 else 0.5, abs=0.03)


def test_blocks_are_asked_for_in_step(tmp_path):
    """Sound and monitor come out of one source, of which only little is kept."""
    ahead, most = [0, 0], 0

    def blocks(which, channels):
        nonlocal most
        for _ in range(40):
            ahead[which] += 1
            most = max(most, abs(ahead[0] - ahead[1]))
            yield np.zeros((channels, RATE // 10), np.float32)

    tracks = (Soundtrack(blocks(n, c), RATE, name, 4 * RATE) for n, c, name in ((0, 6, "5.1"), (1, 2, "stereo")))
    sound, monitor = tracks
    write_video(tmp_path / "out.mp4", film(tmp_path / "a.mp4", seconds=4), sound, monitor=monitor)
    assert ahead == [40, 40] and most <= 3


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([np.full((6, RATE), np.nan, np.float32)], "are not finite"),
        ([np.full((6, RATE), 2, np.float32)], "peaks at 2 .* which AAC cannot hold"),
        ([np.zeros((2, RATE), np.float32)], "2 channels are not 5.1"),
        ([np.zeros((6, RATE), np.float32)], "48000 samples came, 96000 were announced"),
    ],
)
def test_bad_sound_leaves_no_file(tmp_path, blocks, words):
    source = film(tmp_path / "a.mp4")
    with pytest.raises(InputError, match=words):
        write_video(tmp_path / "new" / "out.mp4", source, Soundtrack(blocks, RATE, "5.1", 2 * RATE))
    assert list(tmp_path.iterdir()) == [source]


def silence(layout, rate=RATE):
    channels = av.AudioLayout(layout).nb_channels
    return Soundtrack([np.zeros((channels, 2 * rate), np.float32)], rate, layout, 2 * rate)


@pytest.mark.parametrize(
    ("name", "codec", "sound", "words"),
    [
        ("a.avi", None, silence("5.1"), "ends in .avi; films end in .mp4, .m4v, .mov, .mkv, .webm: rename it"),
        ("a.mp4", "Opus", silence("5.1"), "the sound codec of a .mp4 file is 'Opus'; allowed is one of: AAC"),
        ("a.mp4", None, silence("5.1(side)"), r"AAC cannot hold 5.1\(side\); .*: use FLAC in a .mkv file, or another"),
        ("a.mkv", None, silence("7.1.4"), "FLAC cannot hold 7.1.4; .*: use another layout"),
        ("a.webm", None, silence("5.1", 44100), "Opus cannot hold 44100 Hz; .* use FLAC in a .mkv file"),
    ],
)
def test_what_the_file_cannot_hold_of_the_sound_is_refused(tmp_path, name, codec, sound, words):
    with pytest.raises(InputError, match=words):
        write_video(tmp_path / name, film(tmp_path / "source.mp4"), sound, codec=codec)
    with pytest.raises(InputError, match=words):
        write_video(tmp_path / name, tmp_path / "source.mp4", silence("stereo"), monitor=sound, codec=codec)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("layout", ["5.1(side)", "7.1"])
def test_matroska_keeps_the_layouts_of_flac(tmp_path, layout):
    write_video(tmp_path / "out.mkv", film(tmp_path / "a.mp4"), silence(layout))
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.streams.audio[0].layout.name == layout


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path, monkeypatch, suffix, share):
    source, path = film(tmp_path / "a.mp4"), tmp_path / f"out{suffix}"
    write_video(path, source, tones(2.0))
    monkeypatch.setattr(SmallDisk, "room", share * path.stat().st_size)
    path.unlink()
    monkeypatch.setattr(files, "open", lambda *a: io.BufferedWriter(SmallDisk(*a)), raising=False)
    with pytest.raises(OutputError, match="the disk is full"):
        write_video(path, source, tones(2.0))
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("label", "drawn"), [("reading a.mp4", False), ("writing out.mp4", False), ("writing out.mp4", True)]
)
def test_cancel_leaves_the_old_file(tmp_path, monkeypatch, label, drawn):
    monkeypatch.setattr(sink, "PACE", 0)
    source, path, cancel = film(tmp_path / "a.mp4"), tmp_path / "out.mp4", threading.Event()
    path.write_bytes(b"old")
    runtime = HeadlessRuntime(listen=lambda name, done, total: name == label and done and cancel.set(), cancel=cancel)
    pictures = Frames([0, 1], 2.0) if drawn else source
    with pytest.raises(Cancelled, match=label):
        write_video(path, pictures, tones(2.0), runtime=runtime)
    assert path.read_bytes() == b"old" and sorted(tmp_path.iterdir()) == [source, path]


def test_progress_rises_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sink, "PACE", 0)
    steps = {}
    runtime = HeadlessRuntime(listen=lambda label, done, total: steps.setdefault(label, []).append((done, total)))
    source = film(tmp_path / "a.mp4")
    write_video(tmp_path / "out.mp4", source, tones(2.0), runtime=runtime)
    totals = {"reading a.mp4": source.stat().st_size, "writing out.mp4": 2 * RATE}
    assert list(steps) == list(totals)
    for label, total in totals.items():
        done = [count for count, _ in steps[label]]
        assert done == sorted(done) and steps[label][-1] == (total, total) and len(set(done)) > 10


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "may not be read"),
        (lambda path: path.write_bytes(b"hello " * 99), "neither a picture nor a film"),
        (lambda path: path.write_bytes(film(path).read_bytes()[:-500]), "damaged or cut short"),
    ],
)
def test_what_is_no_film_is_named(tmp_path, make, words):
    make(tmp_path / "thing.mp4")
    with pytest.raises(MediaError, match=words) as caught:
        write_video(tmp_path / "out.mp4", tmp_path / "thing.mp4", tones(2.0))
    assert "thing.mp4" in str(caught.value) and not (tmp_path / "out.mp4").exists()


def test_a_film_can_take_the_place_of_its_source(tmp_path):
    path = film(tmp_path / "a.mp4")
    before = hashes(path)
    write_video(path, path, tones(2.0))
    assert hashes(path) == before and heard(path)[0].shape[0] == 6
    assert list(tmp_path.iterdir()) == [path]
