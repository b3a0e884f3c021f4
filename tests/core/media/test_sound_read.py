"""Sound files of others, and damaged ones, read."""

import wave

import av
import numpy as np
import pytest
import soundfile
from see2sound_nodes.s2s_core.errors import MediaError
from see2sound_nodes.s2s_core.media import sound

from .tones import RATE, TONES, dominant, surround, written

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


def encoded(path, codec, options=None, **muxing):
    """Three seconds of stereo, of which the first is silent, then noise."""
    noise = np.random.default_rng(9).uniform(-0.5, 0.5, (2, 3 * RATE)).astype(np.float32)
    noise[:, :RATE] = 0
    with av.open(str(path), "w", options=muxing) as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo", options=options or {})
        frame = av.AudioFrame.from_ndarray(noise, "fltp", "stereo")
        frame.sample_rate, frame.pts = RATE, 0
        for part in av.AudioResampler(stream.format, "stereo", RATE).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("share", [0.3, 0.7, 0.999])
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("libopus", ".ogg"),
        ("flac", ".oga"),
        ("libopus", ".webm"),
        ("flac", ".mkv"),
        ("aac", ".mka"),
        ("VORBIS", ".ogg"),
    ],
)
def test_ogg_and_matroska_cut_short_are_errors(tmp_path, codec, suffix, share):
    path = tmp_path / f"a{suffix}"
    if codec == "VORBIS":
        soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, (3 * RATE, 2)), RATE, "VORBIS", format="OGG")
    else:
        encoded(path, codec)
    assert sound.read(path)[0].shape[1] == pytest.approx(3 * RATE, abs=4096)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(MediaError, match="cut short"):
        sound.read(path)


def test_a_whole_ogg_may_have_a_tag_behind_it(tmp_path):
    encoded(tmp_path / "a.ogg", "libopus")
    with open(tmp_path / "a.ogg", "ab") as file:
        file.write(b"TAG".ljust(128, b"\0"))
    assert sound.read(tmp_path / "a.ogg")[0].shape == (2, 3 * RATE)


def test_a_webm_that_was_streamed_is_read(tmp_path):
    encoded(tmp_path / "a.webm", "libopus", live="1")
    assert sound.read(tmp_path / "a.webm")[0].shape == (2, 3 * RATE)


@pytest.mark.parametrize(
    ("codec", "suffix", "options", "muxing"),
    [
        ("aac", ".aac", {}, {}),
        ("libmp3lame", ".mp3", {"abr": "1", "b": "128k"}, {"write_xing": "0"}),
    ],
)
def test_a_length_that_was_only_guessed_cuts_nothing_short(tmp_path, codec, suffix, options, muxing):
    path = tmp_path / f"a{suffix}"
    encoded(path, codec, options, **muxing)
    with av.open(str(path)) as container:
        assert container.duration > 4e6, "from a beginning of few bits"
    assert sound.read(path)[0].shape[1] == pytest.approx(3 * RATE, abs=4096)


def test_an_mp3_that_states_its_length_is_held_to_it(tmp_path):
    path = tmp_path / "a.mp3"
    encoded(path, "libmp3lame", {"abr": "1", "b": "128k"})
    assert sound.read(path)[0].shape[1] == 3 * RATE
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 4 // 5])
    with pytest.raises(MediaError, match="cut short"):
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
