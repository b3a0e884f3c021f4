"""Sound files, read back by libraries that are not ours: libsndfile and ffprobe."""

import errno
import io
import json
import shutil
import subprocess
import threading
import wave

import av
import numpy as np
import pytest
import soundfile
from see2sound_nodes.s2s_core import files
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, MediaError, OutputError
from see2sound_nodes.s2s_core.media import sound
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import AudioTrack, Layout, Speaker, Surround

RATE = 48000
LABELS = {
    "stereo": ("FL FR", 0x3),
    "5.1": ("FL FR FC LFE BL BR", 0x3F),
    "5.1(side)": ("FL FR FC LFE SL SR", 0x60F),
    "7.1": ("FL FR FC LFE BL BR SL SR", 0x63F),
}
TONES = (300, 400, 500, 60, 700, 800, 900, 1000)
EVERY = [(layout, format) for layout in LABELS for format in sound.FORMATS]


def surround(layout="5.1", samples=None, seconds=0.5):
    labels, mask = LABELS[layout]
    speakers = tuple(Speaker(label) for label in labels.split())
    if samples is None:
        time = np.arange(round(seconds * RATE)) / RATE
        samples = np.stack([0.5 * np.sin(2 * np.pi * TONES[c] * time) for c in range(len(speakers))])
    return Surround(samples.astype(np.float32), RATE, Layout(layout, speakers, mask, layout))


def written(folder, what, format, metadata=None):
    path = folder / f"sound{sound.FORMATS[format].suffix}"
    sound.write(path, what, format, metadata)
    return path


def dominant(samples):
    """Strongest frequency in Hz of each channel of [C, T]."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.shape[1])))
    return np.argmax(spectrum, axis=1) * RATE / samples.shape[1]


def probe(path, entries):
    if not shutil.which("ffprobe"):
        pytest.skip("ffprobe is not on the PATH")
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", str(path)], capture_output=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(("layout", "format"), EVERY)
def test_libsndfile_reads_every_channel_in_its_place(tmp_path, layout, format):
    what = surround(layout)
    samples, rate = soundfile.read(written(tmp_path, what, format), dtype="float64", always_2d=True)
    assert rate == RATE and samples.T.shape == what.samples.shape
    assert dominant(samples.T) == pytest.approx(TONES[: samples.shape[1]])
    assert np.abs(samples.T - what.samples).max() <= (2**-24 if "24" in format else 0)


@pytest.mark.parametrize(("layout", "format"), EVERY)
def test_ffprobe_names_the_layout(tmp_path, layout, format):
    stream = probe(written(tmp_path, surround(layout), format), "stream")["streams"][0]
    plain = (layout, format) == ("stereo", "WAV 32-bit float")  # two channels need no name
    assert stream.get("channel_layout", "stereo" if plain else None) == layout
    assert stream["sample_rate"] == str(RATE)
    if "24" in format:
        assert stream["bits_per_raw_sample"] == "24"


@pytest.mark.parametrize("format", ["WAV 24-bit", "WAV 32-bit float"])
@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1"])
def test_wav_header_is_extensible_with_the_mask(tmp_path, layout, format):
    head = written(tmp_path, surround(layout), format).read_bytes()[:64]
    at = head.index(b"fmt ")
    assert at == 12, "fmt is the first chunk: simple readers look nowhere else"
    tag = int.from_bytes(head[at + 8 : at + 10], "little")
    mask = int.from_bytes(head[at + 28 : at + 32], "little")
    assert (tag, mask) == (0xFFFE, LABELS[layout][1])


@pytest.mark.parametrize(("layout", "format"), EVERY)
def test_our_own_reader_gives_it_back(tmp_path, layout, format):
    what = surround(layout, np.random.default_rng(6).uniform(-1, 1, (len(LABELS[layout][0].split()), 40001)))
    samples, rate, name = sound.read(written(tmp_path, what, format))
    assert (samples.dtype, rate, name) == (np.float32, RATE, layout)
    assert np.abs(samples.astype(float) - what.samples).max() <= (2**-24 if "24" in format else 0)


@pytest.mark.parametrize("format", sound.FORMATS)
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


@pytest.mark.parametrize("format", ["WAV 24-bit", "FLAC 24-bit"])
def test_too_loud_for_integers_is_refused_with_the_peak(tmp_path, format):
    loud = AudioTrack(np.array([0.1, -2.0, 0.3], np.float32), RATE)
    with pytest.raises(InputError, match=r"peaks at 2 .* lower it by 6.0 dB"):
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
    with pytest.raises(InputError, match="cannot hold quad; allowed is mono, stereo, 5.1"):
        sound.write(tmp_path / "a.wav", Surround(np.zeros((4, 9), np.float32), RATE, quad), "WAV 24-bit")


def test_flac_keeps_a_large_workflow(tmp_path):
    workflow = json.dumps({"nodes": ["\u00e4 = \n" + "x" * 1000] * 200})
    path = written(tmp_path, surround(), "FLAC 24-bit", {"workflow": workflow, "prompt": "{}"})
    assert len(workflow) > 200_000
    with av.open(str(path)) as container:
        assert container.metadata["workflow"] == workflow and container.metadata["prompt"] == "{}"
    assert probe(path, "format_tags=workflow")["format"]["tags"]["workflow"] == workflow
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


class SmallDisk(io.FileIO):
    """A file on a disk with room for so many bytes."""

    room = 0

    def write(self, data):
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("format", sound.FORMATS)
@pytest.mark.parametrize("room", [0, 5000, 70_000, 400_000])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path, monkeypatch, format, room):
    monkeypatch.setattr(SmallDisk, "room", room)
    monkeypatch.setattr(files, "open", lambda *a: io.BufferedWriter(SmallDisk(*a)), raising=False)
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, (6, RATE // 2))
    with pytest.raises(OutputError, match="the disk is full"):
        written(tmp_path, surround(samples=noise), format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", sound.FORMATS)
def test_cancel_leaves_the_old_file(tmp_path, format):
    path = written(tmp_path, surround(), format)
    before, cancel = path.read_bytes(), threading.Event()
    runtime = HeadlessRuntime(listen=lambda label, done, total: done and cancel.set(), cancel=cancel)
    with pytest.raises(Cancelled):
        sound.write(path, surround(seconds=3), format, runtime=runtime)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


INTEGERS = {"PCM_U8": 2**-7, "PCM_16": 2**-15, "PCM_24": 2**-23, "PCM_32": 2**-24, "FLOAT": 0, "DOUBLE": 0}


@pytest.mark.parametrize("subtype", INTEGERS)
def test_every_kind_of_sample_is_read_to_scale(tmp_path, subtype):
    samples = np.random.default_rng(8).uniform(-0.9, 0.9, (3000, 6)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 22050, subtype=subtype, format="WAVEX")
    found, rate, layout = sound.read(tmp_path / "a.wav")
    assert (found.dtype, found.shape, rate, layout) == (np.float32, (6, 3000), 22050, "5.1")
    assert np.abs(found.T - samples).max() <= INTEGERS[subtype]


def test_eight_bits_have_their_zero_in_the_middle(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 1, RATE, 0, "NONE", ""))
        file.writeframes(bytes([0, 64, 128, 255]))
    assert sound.read(tmp_path / "a.wav")[0].tolist() == [[-1.0, -0.5, 0.0, 127 / 128]]


def test_a_file_without_a_layout_says_none(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((100, 6), np.float32), RATE, format="WAV")
    assert sound.read(tmp_path / "a.wav")[2] is None


@pytest.mark.parametrize(("codec", "suffix"), [("aac", ".m4a"), ("libmp3lame", ".mp3"), ("libopus", ".mkv")])
def test_lossy_files_and_films(tmp_path, codec, suffix):
    path, what = tmp_path / f"a{suffix}", surround("stereo", seconds=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        resampler = av.AudioResampler(stream.format, "stereo", RATE)
        frame = av.AudioFrame.from_ndarray(what.samples, "fltp", "stereo")
        frame.sample_rate = RATE
        for part in resampler.resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    samples, rate, layout = sound.read(path)
    assert (rate, layout) == (RATE, "stereo") and samples.shape[1] == pytest.approx(RATE, abs=4096)
    assert dominant(samples) == pytest.approx(TONES[:2], abs=3)


@pytest.mark.parametrize("format", sound.FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_file_cut_short_is_an_error(tmp_path, format, share):
    path = written(tmp_path, surround(), format)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(MediaError, match="cut short|damaged"):
        sound.read(path)


def test_a_wav_of_unknown_length_is_read(tmp_path):
    path = written(tmp_path, surround(), "WAV 24-bit")
    whole = bytearray(path.read_bytes())
    at = whole.index(b"data")
    whole[4:8] = whole[at + 4 : at + 8] = b"\xff" * 4  # as programs write that stream into a pipe
    path.write_bytes(whole)
    assert sound.read(path)[0].shape == (6, RATE // 2)


def picture(path):
    from PIL import Image

    Image.new("RGB", (32, 32)).save(path, "PNG")


def silent_film(path):
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("mjpeg", rate=10, width=32, height=32, pix_fmt="yuvj420p")
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode(None))


def no_samples(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "is missing"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"hello " * 99), "is not a sound file"),
        (lambda path: path.write_bytes(b"RIFF"), "is cut short"),
        (picture, "no sound in it"),
        (silent_film, "no sound in it"),
        (no_samples, "holds no samples"),
    ],
)
def test_what_is_no_sound_is_named(tmp_path, make, words):
    path = tmp_path / "thing.wav"
    make(path)
    with pytest.raises(MediaError, match=words) as caught:
        sound.read(path)
    assert "thing.wav" in str(caught.value) and "\n" not in str(caught.value)
