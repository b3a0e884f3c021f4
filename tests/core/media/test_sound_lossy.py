"""AAC and Opus: every channel in its place, in step with the original, the graph inside, a page's player served."""

import json

import av
import numpy as np
import pytest
import soundfile
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.media import sound
from see2sound_nodes.s2s_core.types import AudioTrack

from .tones import RATE, TONES, dominant, surround, written

LOSSY = ("AAC (M4A)", "Opus")
VORBIS_ORDER = {"stereo": (0, 1), "5.1": (0, 2, 1, 5, 3, 4), "7.1": (0, 2, 1, 7, 5, 6, 3, 4)}
"""Where Ogg keeps channel c: FL FC FR BL BR LFE and FL FC FR SL SR BL BR LFE, as libsndfile hands them out."""


@pytest.mark.parametrize("layout", VORBIS_ORDER)
@pytest.mark.parametrize("format", LOSSY)
def test_every_channel_comes_back_in_its_place(tmp_path, layout, format):
    what = surround(layout)
    samples, rate, name = sound.read(written(tmp_path, what, format))
    assert (rate, name) == (RATE, layout)
    assert dominant(samples) == pytest.approx(TONES[: len(samples)], abs=2)
    length = what.samples.shape[1]
    assert length <= samples.shape[1] < length + 1024
    assert np.sqrt(np.mean((samples[:, :length] - what.samples) ** 2)) < 0.02, "louder, softer or out of step"
    assert np.abs(samples).max(axis=1) == pytest.approx(np.full(len(samples), 0.5), rel=0.06)


@pytest.mark.parametrize("format", LOSSY)
def test_left_and_right_are_not_drawn_together(tmp_path, format):
    noise = np.random.default_rng(5).normal(0, 0.1, (6, 2 * RATE)).clip(-0.9, 0.9)
    samples, _, _ = sound.read(written(tmp_path, surround(samples=noise), format))
    assert abs(np.corrcoef(samples)[[0, 4], [1, 5]]).max() < 0.05


@pytest.mark.parametrize("layout", VORBIS_ORDER)
def test_libsndfile_reads_opus_in_the_order_of_ogg(tmp_path, layout):
    samples, rate = soundfile.read(written(tmp_path, surround(layout), "Opus"))
    assert rate == RATE and samples.shape[0] == RATE // 2
    assert dominant(samples.T[list(VORBIS_ORDER[layout])]) == pytest.approx(TONES[: samples.shape[1]], abs=2)


@pytest.mark.parametrize("layout", VORBIS_ORDER)
@pytest.mark.parametrize("format", LOSSY)
def test_the_container_names_codec_and_layout(tmp_path, layout, format):
    with av.open(str(written(tmp_path, surround(layout), format))) as container:
        stream = container.streams.audio[0]
        assert stream.layout.name == layout
        assert stream.codec_context.name in (
            sound.FORMATS[format].codec,
            sound.FORMATS[format].codec.removeprefix("lib"),
        )
        assert float(stream.duration * stream.time_base) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("format", LOSSY)
def test_a_large_graph_is_kept(tmp_path, format):
    graph = json.dumps({"nodes": ["\u00e4 = \n" + "x" * 1000] * 200})
    with av.open(str(written(tmp_path, surround(), format, {"workflow": graph, "prompt": "{}"}))) as container:
        kept = {**container.metadata, **container.streams.audio[0].metadata}
        assert kept["workflow"] == graph and kept["prompt"] == "{}"


def test_the_index_of_an_m4a_is_in_front(tmp_path):
    boxes, data, at = [], written(tmp_path, surround(seconds=2), "AAC (M4A)").read_bytes(), 0
    while at < len(data):
        boxes.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    assert boxes[0] == b"ftyp" and boxes.index(b"moov") < boxes.index(b"mdat")


@pytest.mark.parametrize("format", LOSSY)
@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 44100, 48000, 96000, 192000])
def test_rates_are_held_or_refused(tmp_path, format, rate):
    track = AudioTrack(np.zeros(rate // 4, np.float32), rate)
    if rate in sound.FORMATS[format].rates:
        samples, found, _ = sound.read(written(tmp_path, track, format))
        assert found == (48000 if format == "Opus" else rate)
        assert samples.shape[1] / found == pytest.approx(0.25, abs=0.13)  # one frame is 0.128 s at 8000 Hz
        return
    with pytest.raises(InputError) as caught:
        written(tmp_path, track, format)
    words = f"{format} cannot hold {rate} Hz; allowed is 8000, "
    assert words in str(caught.value)
    assert str(caught.value).endswith("render at 48000 Hz, or use one of FLAC 24-bit, WAV 24-bit, WAV 32-bit float")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", LOSSY)
def test_the_size_follows_the_channels(tmp_path, format):
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (6, 2 * RATE))
    size = written(tmp_path, surround(samples=noise), format).stat().st_size
    assert size * 8 / 2 / 6 == pytest.approx(1000 * sound.FORMATS[format].kbps, rel=0.1)


@pytest.mark.parametrize(
    ("format", "rate"), [(format, rate) for format in LOSSY for rate in sound.FORMATS[format].rates]
)
@pytest.mark.parametrize("length", [1, 1025])
def test_the_shortest_sounds_are_all_there(tmp_path, format, rate, length):
    samples, found, _ = sound.read(written(tmp_path, AudioTrack(np.full(length, 0.1, np.float32), rate), format))
    assert samples.shape[1] >= length * found // rate
