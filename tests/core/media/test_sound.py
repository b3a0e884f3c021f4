"""Lossless sound files, read back by a library that is not ours: libsndfile. FFmpeg's own probe names the layout."""

import errno
import io
import itertools
import json
import struct
import threading
import tracemalloc

import av
import numpy as np
import pytest
import soundfile
from see2sound_nodes.s2s_core import files
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, MediaError, OutputError
from see2sound_nodes.s2s_core.media import sound
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import AudioTrack, Layout, Speaker, Surround

from .tones import RATE, TONES, dominant, surround, written

MASKS = {"stereo": 0x3, "5.1": 0x3F, "5.1(side)": 0x60F, "7.1": 0x63F, "7.1.4": 0x2D63F, "AmbiX": 0}
LOSSLESS = ("FLAC 24-bit", "WAV 24-bit", "WAV 32-bit float")
IN_FLAC = ("stereo", "5.1", "5.1(side)", "7.1")
EVERY = [(layout, format) for layout in MASKS for format in LOSSLESS if "WAV" in format or layout in IN_FLAC]


def test_the_table_begins_as_saved_graphs_know_it():
    assert tuple(sound.FORMATS) == (*LOSSLESS, "AAC (M4A)", "Opus")


@pytest.mark.parametrize(("layout", "format"), EVERY)
def test_libsndfile_reads_every_channel_in_its_place(tmp_path, layout, format):
    what = surround(layout)
    samples, rate = soundfile.read(written(tmp_path, what, format), dtype="float64", always_2d=True)
    assert rate == RATE and samples.T.shape == what.samples.shape
    assert dominant(samples.T) == pytest.approx(TONES[: samples.shape[1]])
    assert np.abs(samples.T - what.samples).max() <= (2**-24 if "24" in format else 0)


@pytest.mark.parametrize(("layout", "format"), EVERY)
def test_the_file_names_the_layout(tmp_path, layout, format):
    with av.open(str(written(tmp_path, surround(layout), format))) as container:
        stream = container.streams.audio[0]
        unnamed = {"AmbiX": "4 channels", "stereo": "2 channels" if "float" in format else "stereo"}
        assert stream.layout.name == unnamed.get(layout, layout)
        assert (stream.rate, stream.codec_context.name) == (RATE, sound.FORMATS[format].codec)


@pytest.mark.parametrize("format", ["WAV 24-bit", "WAV 32-bit float"])
@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1", "7.1.4"])
def test_wav_header_is_extensible_with_the_mask(tmp_path, layout, format):
    tag, _, mask = wav_format(written(tmp_path, surround(layout), format))
    assert (tag, mask) == (0xFFFE, MASKS[layout])


@pytest.mark.parametrize(("format", "tag"), [("WAV 24-bit", 0xFFFE), ("WAV 32-bit float", 3)])
def test_ambix_has_four_channels_and_no_loudspeakers(tmp_path, format, tag):
    found, channels, mask = wav_format(written(tmp_path, surround("AmbiX"), format))
    assert (found, channels) == (tag, 4)
    assert tag == 3 or mask == 0, "plain floating point has no field for a mask"


def wav_format(path):
    """(format tag, channels, channel mask if the tag is 0xFFFE) of a WAV file."""
    head = path.read_bytes()[:64]
    at = head.index(b"fmt ")
    assert at == 12, "fmt is the first chunk: simple readers look nowhere else"
    return struct.unpack_from("<HH", head, at + 8) + struct.unpack_from("<I", head, at + 28)


@pytest.mark.parametrize(("layout", "format"), EVERY)
def test_our_own_reader_gives_it_back(tmp_path, layout, format):
    what = surround(layout, np.random.default_rng(6).uniform(-1, 1, surround(layout).samples.shape))
    samples, rate, name = sound.read(written(tmp_path, what, format))
    assert (samples.dtype, rate, name) == (np.float32, RATE, None if layout == "AmbiX" else layout)
    assert np.abs(samples.astype(float) - what.samples).max() <= (2**-24 if "24" in format else 0)


@pytest.mark.parametrize("format", LOSSLESS)
def test_a_mono_track(tmp_path, format):
    track = AudioTrack(np.linspace(-0.9, 0.9, 1001, dtype=np.float32), 44100)
    path = written(tmp_path, track, format)
    samples, rate, name = sound.read(path)
    assert samples.shape == (1, 1001) and rate == 44100 and name == "mono"
    assert np.abs(samples[0] - track.samples).max() <= 2**-24
    assert soundfile.info(path).channels == 1


@pytest.mark.parametrize("format", ["WAV 24-bit", "FLAC 24-bit"])
def test_rounding_is_to_the_nearest_step(tmp_path, format):
    step = 2.0**-23
    values = np.array([0.0, 0.4, 0.6, 1.5, -0.4, -0.6, 8388607, -8388608, 8388608]) * step
    stored, _ = soundfile.read(written(tmp_path, AudioTrack(values, RATE), format), dtype="int32")
    assert (stored >> 8).tolist() == [0, 0, 1, 2, 0, -1, 8388607, -8388608, 8388607]


@pytest.mark.parametrize("format", ["WAV 24-bit", "FLAC 24-bit", "AAC (M4A)", "Opus"])
def test_too_loud_is_refused_with_the_peak(tmp_path, format):
    loud = AudioTrack(np.array([0.1, -2.0, 0.3], np.float32), RATE)
    with pytest.raises(InputError, match=r"peaks at 2 .* lower it by 6.0 dB or more .node Loudness does it., or"):
        written(tmp_path, loud, format)
    assert not list(tmp_path.iterdir())
    assert sound.read(written(tmp_path, loud, "WAV 32-bit float"))[0].min() == -2


@pytest.mark.parametrize("format", sound.FORMATS)
def test_not_finite_is_refused(tmp_path, format):
    with pytest.raises(InputError, match="1 of 2 are not finite"):
        written(tmp_path, AudioTrack(np.array([0, np.nan], np.float32), RATE), format)


def test_wrong_suffix_format_and_layout(tmp_path):
    with pytest.raises(InputError, match="ends in .mp3; FLAC 24-bit files end in .flac"):
        sound.write(tmp_path / "a.mp3", surround(), "FLAC 24-bit")
    with pytest.raises(InputError, match="sound format is 'MP3'; allowed is one of: FLAC 24-bit"):
        sound.write(tmp_path / "a.mp3", surround(), "MP3")
    quad = Layout("quad", tuple(Speaker(label) for label in "abcd"), 0x33, "quad")
    with pytest.raises(
        InputError, match="cannot hold quad; allowed is stereo, 5.1.*7.1.4, AmbiX.*: use another layout"
    ):
        sound.write(tmp_path / "a.wav", Surround(np.zeros((4, 9), np.float32), RATE, quad), "WAV 24-bit")
    with pytest.raises(InputError, match="6 channels are not 7.1"):
        sound.write_samples(tmp_path / "a.wav", surround().samples, RATE, "7.1", "WAV 24-bit")
    with pytest.raises(InputError, match="6 channels are not AmbiX: choose"):
        sound.write_samples(tmp_path / "a.wav", surround().samples, RATE, "ambisonic 1", "WAV 24-bit")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", sound.FORMATS)
@pytest.mark.parametrize(
    ("length", "rate", "words"), [(0, RATE, "0 samples; .* at least one"), (9, 48000.5, "48000.5 Hz")]
)
def test_no_sound_and_no_rate_are_refused(tmp_path, format, length, rate, words):
    with pytest.raises(InputError, match=words):
        written(tmp_path, AudioTrack(np.zeros(length, np.float32), rate), format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layout", "format", "others"),
    [
        ("7.1.4", "FLAC 24-bit", "WAV 24-bit or WAV 32-bit float"),
        ("AmbiX", "FLAC 24-bit", "WAV 24-bit or WAV 32-bit float"),
        ("5.1(side)", "AAC (M4A)", "FLAC 24-bit or WAV 24-bit or WAV 32-bit float"),
        ("5.1(side)", "Opus", "FLAC 24-bit or WAV 24-bit or WAV 32-bit float"),
    ],
)
def test_a_layout_that_would_be_lost_is_refused_with_what_holds_it(tmp_path, layout, format, others):
    with pytest.raises(InputError) as caught:
        written(tmp_path, surround(layout), format)
    assert f"{format} cannot hold {layout}; allowed is stereo, 5.1" in str(caught.value)
    assert str(caught.value).endswith(f": use {others} for {layout}, or another layout")
    assert not list(tmp_path.iterdir())


def test_flac_keeps_a_large_workflow(tmp_path):
    workflow = json.dumps({"nodes": ["\u00e4 = \n" + "x" * 1000] * 200})
    path = written(tmp_path, surround(), "FLAC 24-bit", {"workflow": workflow, "prompt": "{}"})
    assert len(workflow) > 200_000
    with av.open(str(path)) as container:
        assert container.metadata["workflow"] == workflow and container.metadata["prompt"] == "{}"
    assert soundfile.info(path).frames == RATE // 2


def test_wav_says_what_it_left_out(tmp_path, caplog):
    caplog.set_level("INFO")
    plain, told = (
        written(tmp_path, surround(), "WAV 24-bit", tags).read_bytes() for tags in (None, {"workflow": "{}"})
    )
    assert plain == told and "left out: workflow" in caplog.text


@pytest.mark.parametrize("format", sound.FORMATS)
def test_the_same_bytes_again(tmp_path, format):
    first, second = (written(tmp_path, surround(), format, {"a": "b"}).read_bytes() for _ in range(2))
    assert first == second


def test_more_than_four_gigabytes_get_a_64_bit_header(tmp_path, monkeypatch):
    monkeypatch.setattr(sound, "RF64_FROM", 1000)
    path = written(tmp_path, surround(), "WAV 24-bit")
    assert path.read_bytes()[:4] == b"RF64"
    assert soundfile.info(path).format == "RF64" and sound.read(path)[0].shape == (6, RATE // 2)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(MediaError, match="cut short"):
        sound.read(path)


def blocks(samples, *sizes):
    """[C, T] in blocks of these sizes, one after another, and again."""
    start = 0
    for size in itertools.cycle(sizes):
        if start >= samples.shape[1]:
            return
        yield samples[:, start : start + size]
        start += size


@pytest.mark.parametrize("format", sound.FORMATS)
def test_blocks_make_the_same_file_as_the_whole(tmp_path, format):
    what = surround(seconds=2)
    whole, path = written(tmp_path, what, format).read_bytes(), tmp_path / f"b{sound.FORMATS[format].suffix}"
    parts = blocks(what.samples, sound.PIECE, 2 * sound.PIECE)
    sound.write_samples(path, parts, RATE, "5.1", format, length=what.samples.shape[1])
    assert path.read_bytes() == whole
    sound.write_samples(path, blocks(what.samples, 1, 5000, 40_000), RATE, "5.1", format, length=2 * RATE)
    assert np.array_equal(sound.read(path)[0], sound.read(written(tmp_path, what, format))[0])


@pytest.mark.parametrize("format", sound.FORMATS)
@pytest.mark.parametrize(
    ("last", "words"),
    [
        (np.full((6, 100), np.nan, np.float32), "600 of 600 are not finite"),
        (np.zeros((2, 100), np.float32), "2 channels are not 5.1"),
        (np.zeros((6, 99), np.float32), "40099 samples came, 40100 were announced"),
    ],
)
def test_a_bad_block_leaves_no_file(tmp_path, format, last, words):
    good = np.zeros((6, 40_000), np.float32)
    with pytest.raises(InputError, match=words):
        path = tmp_path / "new" / f"a{sound.FORMATS[format].suffix}"
        sound.write_samples(path, iter([good, last]), RATE, "5.1", format, length=40_100)
    assert not list(tmp_path.iterdir())


def test_blocks_need_a_length(tmp_path):
    with pytest.raises(InputError, match="give its length"):
        sound.write_samples(tmp_path / "a.flac", iter([]), RATE, "5.1", "FLAC 24-bit")


@pytest.mark.parametrize("format", sound.FORMATS)
def test_blocks_are_not_gathered(tmp_path, format):
    """Ten seconds pass through in the memory of a few."""
    second = surround(seconds=1).samples
    path = tmp_path / f"a{sound.FORMATS[format].suffix}"
    tracemalloc.start()
    sound.write_samples(path, (second * 0.5 for _ in range(10)), RATE, "5.1", format, length=10 * RATE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * second.nbytes


def test_progress_counts_samples(tmp_path):
    heard = []
    runtime = HeadlessRuntime(listen=lambda label, done, total: heard.append((done, total)))
    sound.write(tmp_path / "a.wav", surround(seconds=1), "WAV 24-bit", runtime=runtime)
    assert heard == [(0, RATE), (sound.PIECE, RATE), (RATE, RATE)]


class SmallDisk(io.FileIO):
    """A file on a disk with room for so many bytes."""

    room = 0

    def write(self, data):
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("format", sound.FORMATS)
@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.99])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path, monkeypatch, format, share):
    noise = surround(samples=np.random.default_rng(7).uniform(-0.5, 0.5, (6, RATE // 2)))
    path = written(tmp_path, noise, format)
    monkeypatch.setattr(SmallDisk, "room", share * path.stat().st_size)
    path.unlink()
    monkeypatch.setattr(files, "open", lambda *a: io.BufferedWriter(SmallDisk(*a)), raising=False)
    with pytest.raises(OutputError, match="the disk is full"):
        written(tmp_path, noise, format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", sound.FORMATS)
def test_cancel_leaves_the_old_file(tmp_path, format):
    path = written(tmp_path, surround(), format)
    before, cancel = path.read_bytes(), threading.Event()
    runtime = HeadlessRuntime(listen=lambda label, done, total: done and cancel.set(), cancel=cancel)
    with pytest.raises(Cancelled):
        sound.write(path, surround(seconds=3), format, runtime=runtime)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
