"""The nodes for clips: from a file, from frames and from a VIDEO, through every stage, and into a film."""

import shutil
from dataclasses import replace

import av
import numpy as np
import pytest
import torch
from PIL import Image
from see2sound_nodes import NODE_CLASS_MAPPINGS
from see2sound_nodes.nodes.host import VideoFile
from see2sound_nodes.s2s_core import film
from see2sound_nodes.s2s_core import runtime as rt
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import InputError, MediaError
from see2sound_nodes.s2s_core.generate import Sampling

from ..core.film.made import COLOURS, discs
from ..core.media import clips_made
from ..core.media.films import hashes, heard

FRAMES = 8
SECONDS = FRAMES / clips_made.RATE
SIZE = (48, 64)


def call(node_id, **inputs):
    """Run a node with its defaults as ComfyUI does: a combo's is its first choice."""
    node = NODE_CLASS_MAPPINGS[node_id]
    for name, (kind, options) in node.INPUT_TYPES().get("required", {}).items():
        if isinstance(kind, list) or "default" in options:
            inputs.setdefault(name, options.get("default", kind[0] if isinstance(kind, list) else None))
    return getattr(node, node.FUNCTION)(**inputs)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    clips_made.film(folder / "clip.mp4", discs(FRAMES), "libx264", sound=SECONDS)
    clips_made.film(folder / "vp8.webm", discs(FRAMES), "libvpx")
    clips_made.animation(folder / "waving.gif", discs(4), [250] * 4)
    Image.fromarray(discs(1)[0]).save(folder / "still.png")
    return folder


@pytest.fixture(autouse=True)
def host(tmp_path, sources):
    folders = {kind: tmp_path / kind for kind in ("input", "output", "temp")}
    shutil.copytree(sources, folders["input"])
    with rt.use(rt.HeadlessRuntime("cpu", folders)) as host:
        yield host


def load(name="clip.mp4"):
    return call("S2S_LoadMedia", file=name)[0]


def batch(frames):
    return torch.from_numpy(np.stack(frames).astype(np.float32) / 255)


def models():
    names = {"segmenter": "S2S_LoadSegmenter", "depth_model": "S2S_LoadDepthModel", "generator": "S2S_LoadGenerator"}
    return {name: call(node_id)[0] for name, node_id in names.items()}


def tracked(clip, **given):
    needed = models()
    del needed["generator"]
    return call("S2S_TrackRegions", clip=clip, **needed, **{"count": 2, "key_frames": 5.0, **given})


def refused(node_id, **inputs):
    """The one line with which a node refuses."""
    with pytest.raises((InputError, MediaError)) as error:
        call(node_id, **inputs)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_media_are_listed_and_loaded_from_the_input_folder(host):
    (host.folder("input") / "notes.txt").write_text("no clip")
    kind, options = NODE_CLASS_MAPPINGS["S2S_LoadMedia"].INPUT_TYPES()["required"]["file"]
    assert kind == ["clip.mp4", "still.png", "vp8.webm", "waving.gif"] and options["video_upload"]
    clip, first, seconds, rate, report = call("S2S_LoadMedia", file="clip.mp4")
    assert (clip.seconds, clip.rate, clip.size) == (seconds, rate, SIZE) and seconds == pytest.approx(SECONDS)
    assert first.shape == (1, *SIZE, 3) and 0 <= first.min() and first.max() <= 1
    assert report == "clip: 64 x 48, 0.80 s, 10 frames/s, with sound"
    assert call("S2S_LoadMedia", file="waving.gif")[4] == "waving: 64 x 48, 1.00 s, 4 frames/s, silent"
    assert call("S2S_LoadMedia", file="still.png")[2:4] == (0.0, 0.0)
    assert load("clip.mp4 [input]").path == clip.path


def test_a_file_is_looked_for_before_anything_runs_and_read_again_when_it_changed(host):
    node = NODE_CLASS_MAPPINGS["S2S_LoadMedia"]
    assert node.VALIDATE_INPUTS(file="clip.mp4") is True and node.VALIDATE_INPUTS(file=None) is True
    assert node.VALIDATE_INPUTS(file="gone.mp4") == "file 'gone.mp4' is not in the input folder: upload it"
    before = node.IS_CHANGED(file="clip.mp4")
    assert node.IS_CHANGED(file="clip.mp4") == before
    path = host.folder("input") / "clip.mp4"
    path.write_bytes(path.read_bytes() + b"more")
    assert node.IS_CHANGED(file="clip.mp4") != before
    assert node.IS_CHANGED(file="gone.mp4") != node.IS_CHANGED(file="gone.mp4"), "never the same"


def test_a_film_that_is_cut_short_says_what_was_lost(host):
    path = clips_made.film(host.folder("input") / "long.mkv", discs(30), "mpeg4", key_every=2)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert "could not be read" in call("S2S_LoadMedia", file="long.mkv")[4]


def test_frames_become_a_clip_and_come_back():
    (clip,) = call("S2S_ImportClip", images=batch(discs(6)), frame_rate=4.0)
    assert (clip.seconds, clip.rate, clip.size) == (1.5, 4.0, SIZE)
    images, audio, rate = call("S2S_ExportClip", clip=clip)
    assert torch.allclose(images, batch(discs(6)), atol=1e-6) and rate == 4.0
    assert not audio["waveform"].any() and audio["waveform"].ndim == 3
    some, _, slower = call("S2S_ExportClip", clip=clip, start=0.25, every=2, frames=2)
    assert torch.allclose(some, batch(discs(6)[1:4:2]), atol=1e-6) and slower == 2.0


def test_a_clips_own_sound_comes_out():
    _, audio, _ = call("S2S_ExportClip", clip=load())
    assert audio["waveform"].shape[:2] == (1, 2) and audio["sample_rate"] == 48000
    assert (
        audio["waveform"].shape[2] / 48000 == pytest.approx(SECONDS, abs=0.05) and audio["waveform"].abs().max() > 0.3
    )


def test_a_clip_goes_through_every_stage_into_a_film(host):
    clip, loaded = load(), models()
    tracks, told = tracked(clip)
    (placed,) = call("S2S_LocateTracks", tracks=tracks, scene="landscape")
    audio, words = call("S2S_GenerateTrackAudio", generator=loaded["generator"], tracks=tracks, clip=clip)
    assert len(placed) == len(tracks.tracks) == len(audio["waveform"]) == len(words.splitlines()) == 3
    assert told.splitlines()[1].startswith("1  region 1") and len(told.splitlines()) == 4
    assert audio["waveform"].shape[2] == round(SECONDS * audio["sample_rate"])
    assert placed[0].trajectory.moves and placed[1].trajectory.moves and placed[2].background
    surround, monitor, _ = call("S2S_SpatializeSources", sources=placed, audio=audio, tail=False)
    shown = call("S2S_SaveVideo", clip=clip, surround=surround, monitor=monitor, format="mkv", prompt={"1": {}})
    video, name = shown["result"]
    path = host.folder("output") / "see2sound" / "film_00001_.mkv"
    assert name == str(path) and video.get_stream_source() == name
    files = [{"filename": path.name, "subfolder": "see2sound", "type": "output"}]
    assert shown["ui"] == {"files": files, "images": files, "animated": (True,)}
    assert hashes(path) == hashes(clip.path)
    assert np.allclose(heard(path, 0)[0], surround["waveform"][0].numpy(), atol=2e-7)
    with av.open(name) as container:
        assert [stream.layout.name for stream in container.streams.audio] == ["5.1", "stereo"]
        assert "prompt" in {tag.lower() for tag in container.metadata}


def test_what_is_said_of_sampling_reaches_the_generator():
    generator, clip = models()["generator"], load()
    said = []

    class Recorder:
        describe = staticmethod(generator.call.describe)

        def __call__(self, requests, *rest):
            said.extend(request.sampling for request in requests)
            return generator.call(requests, *rest)

    recorder = Model("generate", "recorder", Recorder())
    given = {"sampler": "UniPC", "steps": 7, "guidance": 3.0, "negative": "music", "picture_weight": 0.25}
    call("S2S_GenerateTrackAudio", generator=recorder, tracks=tracked(clip)[0], clip=clip, words_weight=0.5, **given)
    assert said and set(said) == {Sampling("UniPC", 7, 3.0, "music", 0.25, 0.5)}


def test_a_video_from_another_node_is_a_clip(host):
    surround = {"waveform": torch.rand(1, 6, 38400) * 0.1, "sample_rate": 48000}
    video, name = call("S2S_SaveVideo", clip=load(), surround=surround)["result"]
    (clip,) = call("S2S_ImportClip", video=video)
    assert clip.seconds == pytest.approx(SECONDS, abs=0.01) and clip.has_sound and clip.path.samefile(name)

    class InMemory:
        def get_stream_source(self):
            import io

            return io.BytesIO((host.folder("input") / "clip.mp4").read_bytes())

    (clip,) = call("S2S_ImportClip", video=InMemory())
    assert clip.copyable and clip.seconds == pytest.approx(SECONDS) and host.folder("temp") in clip.path.parents


def test_an_animation_is_drawn_into_a_film_and_sound_is_fitted_to_it():
    surround = {"waveform": (torch.rand(1, 6, 4800) - 0.5) * 0.1, "sample_rate": 48000}
    shown = call("S2S_SaveVideo", clip=load("waving.gif"), surround=surround, format="webm")
    assert shown["ui"]["text"] == ("not kept: the sound is 0.90 s shorter than the pictures: filled with silence",)
    samples, _ = heard(shown["result"][1])
    assert samples.shape[1] / 48000 == pytest.approx(1.0, abs=0.02) and not np.abs(samples[:, 9600:]).max() > 1e-3


def test_masks_of_another_tracker_become_tracks():
    frames = discs(FRAMES)
    (clip,) = call("S2S_ImportClip", images=batch(frames), frame_rate=10.0)
    masks = [
        torch.from_numpy(np.stack([(f == colour).all(-1) for f in frames]).astype(np.float32)) for colour in COLOURS
    ]
    tracks, told = call(
        "S2S_ImportTracks",
        clip=clip,
        depth_model=models()["depth_model"],
        mask=masks[0],
        mask_3=masks[1],
        prompts="bell\nrain",
        key_frames=5.0,
    )
    assert [(t.label, t.prompt, len(t.sightings)) for t in tracks.tracks] == [
        ("region 1", "bell", 4),
        ("region 2", "rain", 4),
    ]
    assert told.splitlines()[1].split() == "1 region 1 0.0 s 0.8 s 4 times".split()
    left, right = call("S2S_LocateTracks", tracks=tracks)[0]
    assert left.azimuth > 5 and right.azimuth < -5
    rightwards = left.trajectory.at(np.array([0.0, 0.6])).azimuth
    assert rightwards[0] - rightwards[1] > 3


@pytest.mark.parametrize(("name", "suffix"), [("clip.mp4", ".mp4"), ("vp8.webm", ".mkv")])
def test_one_node_renders_a_clip(host, name, suffix):
    told = call("S2S_RenderClip", clip=load(name), count=2, scene="landscape")
    video, report = told["result"]
    path = video.get_stream_source()
    file = f"see2sound_film_00001_{suffix}"
    assert told["ui"] == {"files": [{"filename": file, "subfolder": "", "type": "temp"}]}
    assert path == str(host.folder("temp") / file) and "not kept" not in report
    assert hashes(path) == hashes(host.folder("input") / name) and "5.1, 0.80 s" in report
    with av.open(path) as container:
        assert [stream.layout.name for stream in container.streams.audio] == ["5.1", "stereo"]


def test_one_node_is_the_chain_of_stage_nodes():
    clip, loaded = load(), models()
    given = {"count": 2, "scene": "landscape", "layout": "5.1(side)", "key_frames": 5.0}
    video, _ = call("S2S_RenderClip", clip=clip, **given)["result"]
    tracks, _ = tracked(clip)
    (placed,) = call("S2S_LocateTracks", tracks=tracks, scene="landscape")
    audio, _ = call("S2S_GenerateTrackAudio", generator=loaded["generator"], tracks=tracks, clip=clip)
    room = call("S2S_DefineRoom", preset="outdoors")[0]
    mixed, *_ = call("S2S_SpatializeSources", sources=placed, audio=audio, room=room, layout="5.1(side)", tail=False)
    assert np.allclose(heard(video.get_stream_source())[0], mixed["waveform"][0].numpy(), atol=1e-5)


def test_what_no_film_holds_is_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(film, "run", lambda *given: pytest.fail("work was begun"))
    for layout in ("7.1.4", "AmbiX"):
        words = f"no film holds {layout}: choose another layout, or save the sound alone as .wav"
        assert refused("S2S_RenderClip", clip=load(), layout=layout) == words


def test_clips_that_do_not_go_are_refused_in_one_line(host):
    folder = host.folder("input")
    (folder / "empty.mp4").touch()
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 64)
    Image.fromarray(discs(1)[0][:8, :8]).save(folder / "tiny.png")
    assert "is missing: check the name" in refused("S2S_LoadMedia", file="gone.mp4")
    assert "is empty (0 bytes)" in refused("S2S_LoadMedia", file="empty.mp4")
    assert "noise.mp4" in refused("S2S_LoadMedia", file="noise.mp4")
    assert "is 8 x 8 pixels" in refused("S2S_LoadMedia", file="tiny.png")
    images = batch(discs(4))
    both = {"images": images, "video": VideoFile(str(folder / "clip.mp4"))}
    for given in ({}, both):
        assert refused("S2S_ImportClip", **given) == "a clip is made of video or of images: connect one of the two"
    assert "frame rate is 0" in refused("S2S_ImportClip", images=images, frame_rate=0.0)
    assert "found [4, 48, 64]" in refused("S2S_ImportClip", images=images[..., 0])
    assert "is missing" in refused("S2S_ImportClip", video=VideoFile(str(folder / "gone.mp4")))
    assert refused("S2S_ExportClip", clip=load(), start=5.0) == "start is 5 s; clip ends at 0.8 s: start earlier"


def test_stages_that_cannot_go_on_are_refused_in_one_line():
    clip, loaded = load(), models()
    (wall,) = call("S2S_ImportClip", images=torch.full((4, *SIZE, 3), 0.5))
    mask, depth_model = torch.ones(FRAMES, *SIZE), loaded["depth_model"]
    for given in ({"clip": load("still.png")}, {"clip": load("still.png"), "mask": mask[:1]}):
        node = "S2S_ImportTracks" if "mask" in given else "S2S_TrackRegions"
        more = {} if "mask" in given else {"segmenter": loaded["segmenter"]}
        assert "still is a still and lasts no time" in refused(node, depth_model=depth_model, **given, **more)
    assert "no region stands out in any frame of images" in refused(
        "S2S_TrackRegions", clip=wall, segmenter=loaded["segmenter"], depth_model=depth_model
    )
    assert "is a model for depth; here one for segment is needed" in refused(
        "S2S_TrackRegions", clip=clip, segmenter=depth_model, depth_model=depth_model
    )
    assert "masks for 3 frames and 8 frames in clip" in refused(
        "S2S_ImportTracks", clip=clip, depth_model=depth_model, mask=mask[:3]
    )
    assert "a mask is 64 x 20 pixels, clip is 64 x 48" in refused(
        "S2S_ImportTracks", clip=clip, depth_model=depth_model, mask=mask[:, :20]
    )
    assert "the masks are empty" in refused("S2S_ImportTracks", clip=clip, depth_model=depth_model, mask=0 * mask)
    tracks, _ = tracked(clip)
    assert "the tracks are of a clip of 64 x 48 pixels, 0.80 s; waving has 64 x 48 pixels, 1.00 s" in refused(
        "S2S_GenerateTrackAudio", generator=loaded["generator"], tracks=tracks, clip=load("waving.gif")
    )
    given = {"generator": loaded["generator"], "tracks": tracks, "clip": clip}
    told = refused("S2S_GenerateTrackAudio", prompts="a\nb\nc\nd\ne", **given)
    assert "prompts has 5 lines for 3 tracks" in told and told.count("(0.0 to 0.8 s)") == 3
    given["tracks"] = replace(tracks, seconds=7200.0)
    told = refused("S2S_GenerateTrackAudio", **given)
    assert "3 tracks, each 7200 s long, is 4.1472 GB; allowed is 0 to 4 GB: use See2Sound Video, or s2s render" in told
    assert "still is a still and lasts no time" in refused("S2S_RenderClip", clip=load("still.png"))


@pytest.mark.parametrize(
    ("audio", "given", "words"),
    [
        ({"waveform": torch.zeros(1, 6, 0), "sample_rate": 48000}, {}, "surround is empty (0 samples)"),
        ({"waveform": torch.rand(1, 1, 99), "sample_rate": 48000}, {}, "mono is not surround"),
        ({"waveform": torch.rand(2, 6, 99), "sample_rate": 48000}, {}, "surround holds 2 clips; allowed is one"),
        ({"waveform": torch.rand(1, 6, 99), "sample_rate": 44100}, {"format": "webm"}, "Opus cannot hold 44100 Hz"),
        (
            {"waveform": torch.rand(1, 6, 99), "sample_rate": 48000},
            {"format": "webm"},
            "does not fit into a .webm file",
        ),
        ({"waveform": torch.rand(1, 12, 99), "sample_rate": 48000}, {}, "AAC cannot hold 7.1.4"),
        ({"waveform": torch.rand(1, 6, 99), "sample_rate": 48000}, {"filename_prefix": "../x"}, "leaves the output"),
    ],
)
def test_sound_that_a_film_cannot_have_is_refused_in_one_line(host, audio, given, words):
    assert words in refused("S2S_SaveVideo", clip=load(), surround=audio, **given)
    assert not [path for path in host.folder("output").rglob("*") if path.is_file()]


def test_a_still_is_no_film():
    audio = {"waveform": torch.rand(1, 6, 99), "sample_rate": 48000}
    assert "still is a still, and lasts no time" in refused("S2S_SaveVideo", clip=load("still.png"), surround=audio)
