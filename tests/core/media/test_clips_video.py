"""Films of all kinds: turned, stretched, in strange formats, with and without sound, damaged."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from see2sound_nodes.s2s_core.errors import MediaError
from see2sound_nodes.s2s_core.media import clips

from .clips_made import film, number, numbered

FRAMES = [numbered(index) for index in range(20)]
NOISE = list(np.random.default_rng(5).integers(0, 255, (40, 48, 64, 3), np.uint8))

KINDS = {
    "a.mp4": ("libx264", "yuv420p"),
    "a.mov": ("mpeg4", "yuv420p"),
    "a.webm": ("libvpx-vp9", "yuv420p"),
    "ten_bits.mkv": ("ffv1", "yuv420p10le"),
    "ten_bits.mp4": ("libx265", "yuv420p10le"),
    "out_of_order.avi": ("libx264", "yuv420p"),
    "a.avi": ("mpeg4", "yuv420p"),
    "a.ts": ("mpeg2video", "yuv420p"),
    "a.mpg": ("mpeg2video", "yuv420p"),
    "bare.h264": ("libx264", "yuv420p"),
    "a.mkv": ("ffv1", "bgr0"),
}


def needs(codec):
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"this FFmpeg cannot write {codec}")


def numbers(clip):
    return [number(picture.pixels) for _, picture in clip.frames()]


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_is_found_read_through_or_sought(tmp_path, name):
    codec, pixels = KINDS[name]
    needs(codec)
    rate = 25 if name.endswith((".mpg", ".ts")) else 10  # MPEG-2 knows few rates
    path = film(tmp_path / name, FRAMES, codec, pixels=pixels, change=lambda stream: steady(stream, rate))
    clip = clips.open_clip(path)
    times = [time for time, _ in clip.frames()]
    assert numbers(clip) == list(range(20))
    assert times == pytest.approx(np.arange(20) / rate, abs=0.002)
    assert clip.seconds == pytest.approx(20 / rate, abs=0.002) and clip.rate == pytest.approx(rate, rel=0.01)
    assert [number(clip.frame(time + after).pixels) for after in (0, 0.01) for time in times] == 2 * list(range(20))
    assert clip.lost == ""


def steady(stream, rate):
    stream.codec_context.framerate = rate


@pytest.mark.parametrize(("height", "red"), [(96, 81), (720, 63)])  # the luma of pure red by BT.601 and by BT.709
def test_colours_without_a_name_follow_the_definition(tmp_path, height, red):
    planes = np.full((height * 3 // 2, 64), 128, np.uint8)
    planes[:height] = red
    planes[height * 5 // 4 :] = 240  # Cr; Cb is 90 or 102
    planes[height : height * 5 // 4] = 90 if height < 720 else 102
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=10)
        stream.height, stream.width, stream.pix_fmt = height, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        out.mux([*stream.encode(frame), *stream.encode(None)])
    pixels = clips.open_clip(tmp_path / "a.mkv").frame(0).pixels
    assert pixels[10, 10] == pytest.approx([1, 0, 0], abs=0.02)


# What a display matrix [a b; c d] does to the numbered frame: where its red corner (upper right) comes to lie.
TURNS = {
    (1, 0, 0, 1): (0, 1), (0, 1, -1, 0): (1, 1), (-1, 0, 0, -1): (1, 0), (0, -1, 1, 0): (0, 0),
    (-1, 0, 0, 1): (0, 0), (1, 0, 0, -1): (1, 1), (0, 1, 1, 0): (1, 0), (0, -1, -1, 0): (0, 1),
}  # fmt: skip


@pytest.mark.parametrize("matrix", TURNS)
def test_a_film_stands_upright(tmp_path, matrix):
    frame = numbered(3)
    frame[24:, 32:] = 255  # only one corner is red
    path = film(tmp_path / "a.mp4", [frame] * 3)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (value * 65536 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    clip = clips.open_clip(path)
    assert clip.size == ((64, 48) if matrix[1] else (48, 64))
    pixels = clip.frame(0).pixels
    assert pixels.shape[:2] == clip.size
    row, column = TURNS[matrix]
    red = pixels[-4 if row else 3, -4 if column else 3]
    assert red[0] > 0.6 and red[1] < 0.3, "the red corner is elsewhere"


def test_pixels_that_are_not_square_are_stretched(tmp_path):
    def wide(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)

    clip = clips.open_clip(film(tmp_path / "a.mkv", FRAMES[:3], change=wide))
    assert clip.size == clip.frame(0).size == (48, 96)
    assert numbers(clip) == [0, 1, 2]


@pytest.mark.parametrize("size", [(33, 47), (96, 35)])
def test_odd_sizes(tmp_path, size):
    path = film(tmp_path / "a.mkv", [numbered(4, size)] * 3, "ffv1", pixels="bgr0")
    clip = clips.open_clip(path)
    assert clip.size == size and numbers(clip) == [4, 4, 4]


@pytest.mark.parametrize("begin", [0, 1500])
def test_times_come_from_the_file(tmp_path, begin):
    stamps = [0, 40, 90, 500, 510, 900, 1600]
    path = film(tmp_path / "a.mkv", FRAMES[:7], "ffv1", pixels="bgr0", times=[begin + stamp for stamp in stamps])
    clip = clips.open_clip(path)
    assert [round(1000 * time) for time, _ in clip.frames()] == stamps
    assert number(clip.frame(0.7).pixels) == 4 and number(clip.frame(1.59).pixels) == 5
    assert clip.seconds == pytest.approx(1.7, abs=0.11) and clip.rate == pytest.approx(7 / clip.seconds)


@pytest.mark.parametrize("begin", [0, 500])
def test_sound_begins_with_the_pictures(tmp_path, begin):
    times = [begin + 100 * index for index in range(20)]
    path = film(tmp_path / "a.mkv", FRAMES, "ffv1", pixels="bgr0", times=times, sound=2.5)
    clip = clips.open_clip(path)
    samples, rate, layout = clip.sound()
    assert clip.has_sound and (rate, layout, len(samples)) == (48000, "stereo", 2)
    assert samples.shape[1] / rate == pytest.approx(2.5 - begin / 1000, abs=0.05)
    assert samples.dtype == np.float32 and np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_a_film_without_sound_has_none(tmp_path):
    clip = clips.open_clip(film(tmp_path / "a.mp4", FRAMES))
    assert (clip.has_sound, clip.sound()) == (False, None)


def test_sound_alone_is_an_error(tmp_path):
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        out.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(MediaError, match=r"no moving pictures in it \(only sound\)"):
        clips.open_clip(path)


def test_of_several_videos_the_first_is_shown(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        streams = [out.add_stream("ffv1", rate=10) for _ in range(2)]
        for stream in streams:
            stream.height, stream.width, stream.pix_fmt = 48, 64, "bgr0"
        for index, stream in enumerate(streams):
            frames = [av.VideoFrame.from_ndarray(numbered(10 * index + at), format="rgb24") for at in range(3)]
            out.mux([packet for frame in [*frames, None] for packet in stream.encode(frame)])
    assert numbers(clips.open_clip(tmp_path / "a.mkv")) == [0, 1, 2]


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
def test_a_film_cut_short_gives_what_is_there(tmp_path, codec, suffix):
    needs(codec)
    path = film(tmp_path / f"a{suffix}", NOISE, codec, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    clip = clips.open_clip(path)
    times = [time for time, _ in clip.frames()]
    assert 1.0 < clip.seconds < 3.2 and clip.seconds - times[-1] < 0.35 and len(times) >= 10 * clip.seconds - 4
    if suffix in (".mp4", ".mkv"):  # which say at their start how long they are
        assert f"the last {4 - clip.seconds:.1f}"[:-1] in clip.lost and "of 4.00 s could not be read" in clip.lost


def test_a_film_without_its_index_is_an_error(tmp_path):
    path = film(tmp_path / "a.mp4", NOISE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match="damaged or cut short"):
        clips.open_clip(path)


def in_order(stream):
    stream.codec_context.max_b_frames = 0


def test_a_damaged_packet_costs_its_frames_only(tmp_path):
    needs("libx264")
    path = film(tmp_path / "a.mkv", NOISE, "libx264", change=in_order)
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][-1]
        at, size = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    data[at + 12 : at + size] = bytes(255 - value for value in data[at + 12 : at + size])
    path.write_bytes(data)
    clip = clips.open_clip(path)
    assert clip.lost == "" and clip.seconds == pytest.approx(4, abs=0.01)
    assert len(list(clip.frames())) == 39
    assert clip.lost == "frames are damaged or missing between 3.90 and 3.90 s (1)"


@pytest.mark.parametrize("moving", [True, False])
def test_a_cover_picture_is_not_the_film(tmp_path, moving):
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.height, cover.width, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        if moving:
            stream = out.add_stream("mpeg4", rate=10)
            stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        picture = av.VideoFrame.from_ndarray(numbered(20, (32, 32)), format="rgb24")
        out.mux([*cover.encode(picture), *cover.encode(None)])
        for index in range(3 if moving else 0):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(index), format="rgb24")))
        out.mux(stream.encode(None) if moving else [])
    if moving:
        assert numbers(clips.open_clip(tmp_path / "a.mp4")) == [0, 1, 2]
    else:
        with pytest.raises(MediaError, match=r"no moving pictures in it \(only a cover picture\)"):
            clips.open_clip(tmp_path / "a.mp4")
