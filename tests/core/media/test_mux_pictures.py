"""What the pictures of a film may be: streams of every kind, odd ones and broken ones, and frames drawn anew."""

import struct
import threading
from fractions import Fraction
from itertools import accumulate

import av
import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core.errors import Cancelled, InputError, MediaError
from see2sound_nodes.s2s_core.media import mux_encode, sink
from see2sound_nodes.s2s_core.media.clips import clip_from_array, open_clip
from see2sound_nodes.s2s_core.media.mux import FILMS, write_video
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .films import FPS, HEIGHT, WIDTH, Frames, bar, film, hashes, heard, packets, shown, stamps, tones
from .tones import RATE

PICTURE = 1 / FPS
FITTING = [
    ("h264.mp4", "libx264", "yuv420p", ".mp4 .m4v .mov .mkv"),
    ("h264.mkv", "libx264", "yuv420p", ".mp4 .m4v .mov .mkv"),
    ("hevc.mp4", "libx265", "yuv420p10le", ".mp4 .m4v .mov .mkv"),
    ("vp8.webm", "libvpx", "yuv420p", ".mkv .webm"),
    ("vp9.webm", "libvpx-vp9", "yuv420p", ".mp4 .m4v .mkv .webm"),
    ("av1.mp4", "libsvtav1", "yuv420p", ".mp4 .m4v .mkv .webm"),
    ("mpeg4.avi", "mpeg4", "yuv420p", ".mp4 .m4v .mov .mkv"),
    ("ffv1.mkv", "ffv1", "yuv420p", ".mp4 .m4v .mkv"),
    ("prores.mov", "prores_ks", "yuv422p10le", ".mov .mkv"),
]


@pytest.mark.parametrize(("name", "codec", "pixels", "fits"), FITTING)
def test_a_stream_goes_where_it_fits_and_is_refused_elsewhere(tmp_path, name, codec, pixels, fits):
    source = film(tmp_path / name, codec, 1.0, pixels=pixels)
    for suffix in FILMS:
        path = tmp_path / f"out{suffix}"
        if suffix in fits.split():
            assert write_video(path, source, tones(1.0)) == ""
            assert hashes(path) == hashes(source)
            assert stamps(path) == pytest.approx(stamps(source), abs=0.0011)
        else:
            remedy = f"does not fit into a {suffix} file: save as {' or '.join(fits.split())}$"
            with pytest.raises(InputError, match=f"out{suffix}: the .* stream of {name} {remedy}"):
                write_video(path, source, tones(1.0))
            assert not path.exists()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_broadcast_streams_start_anew_and_show_the_same(tmp_path, suffix):
    source = film(tmp_path / "a.ts", start=1000, container="mpegts")
    assert next(packets(source))[1] > 40
    path = tmp_path / f"out{suffix}"
    assert write_video(path, source, tones(2.0)) == ""
    assert shown(path)[0][0] == 0 and len(shown(path)) == 2 * FPS
    for (_, ours), (_, theirs) in zip(shown(path), shown(source), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_every_picture_keeps_its_own_time(tmp_path, suffix):
    times = list(accumulate([40, 20, 100, 33, 7] * 9))
    source, path = film(tmp_path / "a.mkv", times=times), tmp_path / f"out{suffix}"
    seconds = (times[-1] - times[0]) / 1000 + PICTURE
    assert write_video(path, source, tones(seconds)) == ""
    assert hashes(path) == hashes(source)
    assert [time for time, _ in shown(path)] == pytest.approx([(time - times[0]) / 1000 for time in times], abs=1e-6)
    assert heard(path)[0].shape[1] / RATE == pytest.approx(seconds, abs=PICTURE)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_rotation_and_colours_stay(tmp_path, suffix):
    source, path = film(tmp_path / "a.mp4", colours=9, pixels="yuv420p10le"), tmp_path / f"out{suffix}"
    data = bytearray(source.read_bytes())
    at = data.index(struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30), data.index(b"tkhd"))
    data[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, HEIGHT << 16, 0, 1 << 30)
    source.write_bytes(data)
    write_video(path, source, tones(2.0))
    for file in (source, path):
        with av.open(str(file)) as container:
            frame = next(container.decode(video=0))
            assert (frame.rotation, frame.colorspace, frame.format.name) == (-90, 9, "yuv420p10le")


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_an_edit_list_that_begins_between_key_frames_is_kept(tmp_path, suffix):
    source, path = trimmed(tmp_path), tmp_path / f"out{suffix}"
    assert len(shown(source)) == 2 * FPS - 6
    assert write_video(path, source, tones(1.75)) == ""
    assert hashes(path) == hashes(source)
    (first, ours), (_, theirs) = shown(path)[0], shown(source)[0]
    assert first == 0 and np.array_equal(ours, theirs)
    assert heard(path)[0].shape[1] / RATE == pytest.approx(1.75, abs=PICTURE)


def test_other_files_have_no_edit_lists(tmp_path):
    with pytest.raises(InputError, match="begins between two key frames .* save as .mp4 or .m4v or .mov"):
        write_video(tmp_path / "out.mkv", trimmed(tmp_path), tones(1.75))


def trimmed(folder):
    """A film whose first 6 pictures are there to be decoded, not to be shown."""
    whole, path = film(folder / "whole.mp4"), folder / "trimmed.mp4"
    with av.open(str(whole)) as source, av.open(str(path), "w") as container:
        stream = source.streams.video[0]
        copy = container.add_stream_from_template(stream, opaque=True)
        for packet in source.demux(stream):
            if packet.size:
                early = round(6 / FPS / stream.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - early, packet.dts - early, copy
                container.mux(packet)
    return path


@pytest.mark.parametrize(("name", "made"), [("a.mp4", "mp4"), ("a.mkv", "matroska"), ("a.webm", "webm")])
def test_a_film_cut_short_gives_what_is_there(tmp_path, name, made):
    codec = "libvpx-vp9" if made == "webm" else "libx264"
    source, whole = tmp_path / name, tmp_path / f"whole_{name}"
    write_video(whole, film(tmp_path / f"first_{name}", codec, 4.0), tones(4.0))
    data = whole.read_bytes()
    source.write_bytes(data[: round(0.6 * len(data))])
    path = tmp_path / f"out{source.suffix}"
    told = write_video(path, source, tones(4.0))
    assert (
        told.startswith(f"{name} is cut short") and "of 4.0" in told and told.endswith("longer than the pictures: cut")
    )
    there = hashes(path)
    assert 0.2 * 4 * FPS < len(there) < 4 * FPS and there == hashes(whole)[: len(there)]
    end = max(time for time, _ in shown(path)) + PICTURE
    assert heard(path)[0].shape[1] / RATE == pytest.approx(end, abs=PICTURE)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pictures_before_the_first_key_frame_are_left_out(tmp_path, suffix):
    whole, source, path = film(tmp_path / "whole.ts"), tmp_path / "a.ts", tmp_path / f"out{suffix}"
    data = whole.read_bytes()
    source.write_bytes(data[len(data) // 188 // 8 * 188 :])
    first = next(index for index, (packet, _) in enumerate(packets(source)) if packet.is_keyframe)
    assert first > 0
    kept = len(hashes(source)) - first
    assert write_video(path, source, tones(kept / FPS)) == ""
    there = shown(path)
    assert there[0][0] == 0 and len(there) == kept
    assert np.array_equal(there[0][1], shown(whole)[-kept][1])


def test_a_stream_without_times_is_refused(tmp_path):
    with pytest.raises(InputError, match="a.h264 does not say when its pictures are shown: convert it"):
        write_video(tmp_path / "out.mp4", film(tmp_path / "a.h264", container="h264"), tones(2.0))


@pytest.mark.parametrize(("name", "kind"), [("a.gif", "GIF"), ("a.png", "PNG"), ("a.webp", "WEBP"), ("a.jpg", "JPEG")])
def test_images_are_no_streams(tmp_path, name, kind):
    pictures = [Image.fromarray(bar(index)) for index in range(4)]
    pictures[0].save(tmp_path / name, kind, save_all=kind != "JPEG", append_images=pictures[1:], duration=100)
    with pytest.raises((InputError, MediaError), match=f"{name} is"):
        write_video(tmp_path / "out.mkv", tmp_path / name, tones(0.4))


def test_a_file_with_only_sound_is_no_film(tmp_path):
    from .tones import surround, written

    with pytest.raises(MediaError, match="has no pictures in it"):
        write_video(tmp_path / "out.mkv", written(tmp_path, surround(), "FLAC 24-bit"), tones(0.5))


@pytest.mark.parametrize("suffix", FILMS)
@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (HEIGHT - 1, WIDTH - 1)])
def test_frames_are_drawn_at_their_times(tmp_path, suffix, size):
    frames, path = Frames([0, 0.1, 0.13, 0.5, 1.5], 2.0, size), tmp_path / f"out{suffix}"
    assert write_video(path, frames, tones(2.0), monitor=tones(2.0, "stereo")) == ""
    seen = shown(path)
    assert [time for time, _ in seen] == pytest.approx(frames.times, abs=0.0006)
    for index, (_, picture) in enumerate(seen):
        assert picture.shape == (HEIGHT, WIDTH, 3), "a line is repeated, none is lost"
        assert np.abs(picture - 255.0 * np.array(frames.COLOURS[index % 4])).max() < 6
    with av.open(str(path)) as container:
        coding = container.streams.video[0].codec_context
        assert (coding.pix_fmt, coding.colorspace, coding.color_primaries, coding.color_trc) == ("yuv420p", 1, 1, 1)
        assert coding.codec.canonical_name == ("vp9" if suffix == ".webm" else "h264")
        assert container.duration / av.time_base == pytest.approx(2.0, abs=PICTURE)
    assert heard(path)[0].shape[1] / RATE == pytest.approx(2.0, abs=PICTURE)


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60, Fraction(24000, 1001), Fraction(30000, 1001)])
def test_usual_rates_are_exact(tmp_path, rate):
    times = [float(index / Fraction(rate)) for index in range(20)]
    write_video(tmp_path / "out.mp4", Frames(times, float(20 / Fraction(rate))), tones(float(20 / Fraction(rate))))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == rate


def test_our_own_clips_become_films(tmp_path):
    pictures = [Image.fromarray(bar(index)) for index in range(4)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[100, 30, 370, 500])
    for name, clip in {"gif": open_clip(tmp_path / "a.gif"), "batch": clip_from_array(np.stack(pictures), 4)}.items():
        path = tmp_path / f"{name}.mp4"
        assert write_video(path, clip, tones(1.0)) == ""
        seen = shown(path)
        assert [time for time, _ in seen] == pytest.approx([time for time, _ in clip.frames()])
        assert all(np.abs(picture.astype(int) - bar(index)).mean() < 4 for index, (_, picture) in enumerate(seen))


def test_vp9_stands_in_for_h264(tmp_path, monkeypatch):
    monkeypatch.setattr(mux_encode, "_present", lambda container: {"libvpx-vp9"})
    write_video(tmp_path / "out.mp4", Frames([0, 1], 2.0), tones(2.0))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == "vp9"
    assert [time for time, _ in shown(tmp_path / "out.mp4")] == pytest.approx([0, 1])
    monkeypatch.setattr(mux_encode, "_present", lambda container: set())
    with pytest.raises(InputError, match="cannot draw a webm film: save as .mkv"):
        write_video(tmp_path / "out.webm", Frames([0, 1], 2.0), tones(2.0))


def test_what_a_clip_lost_is_told(tmp_path):
    assert (
        write_video(tmp_path / "out.mp4", Frames([0, 1], 2.0, lost="a frame is gone"), tones(2.0)) == "a frame is gone"
    )


@pytest.mark.parametrize("clip", [Frames([], 2.0), clip_from_array(bar(0)[None], 24, "animation")])
def test_a_clip_without_pictures_or_time_is_refused(tmp_path, clip):
    with pytest.raises(InputError, match="animation (has no pictures|is a still)"):
        write_video(tmp_path / "out.mp4", clip, tones(2.0))
    assert not list(tmp_path.iterdir())


def test_cancel_is_heard_while_the_encoder_gathers_frames(tmp_path, monkeypatch):
    """An encoder takes many frames before it gives the first packet."""
    monkeypatch.setattr(sink, "PACE", 0)
    cancel, drawn = threading.Event(), []

    class Endless(Frames):
        def frames(self):
            for item in super().frames():
                drawn.append(item[0])
                if len(drawn) == 3:
                    cancel.set()
                yield item

    with pytest.raises(Cancelled):
        clip = Endless([index / 24 for index in range(48)], 2.0)
        write_video(tmp_path / "out.mp4", clip, tones(2.0), runtime=HeadlessRuntime(cancel=cancel))
    assert len(drawn) < 6
