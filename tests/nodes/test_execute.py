"""What the nodes do beyond calling one function: wiring, optional inputs, messages that name the input."""

import json
import re

import av
import numpy as np
import pytest
import torch
from see2sound_nodes import NODE_CLASS_MAPPINGS
from see2sound_nodes.s2s_core import generate, media
from see2sound_nodes.s2s_core import runtime as rt
from see2sound_nodes.s2s_core.backend import Model
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.types import AudioTrack, SoundSource, Trajectory


def call(node_id, **inputs):
    node = NODE_CLASS_MAPPINGS[node_id]
    declared = node.INPUT_TYPES()
    for name, (kind, options) in declared.get("required", {}).items():
        if isinstance(kind, list) or "default" in options:
            inputs.setdefault(name, options.get("default", kind[0] if isinstance(kind, list) else None))
    return getattr(node, node.FUNCTION)(**inputs)


@pytest.fixture(autouse=True)
def host(tmp_path):
    with rt.use(rt.HeadlessRuntime("cpu", {"output": tmp_path, "input": tmp_path, "temp": tmp_path})) as host:
        yield host


def sources(*azimuths):
    return tuple(SoundSource(f"s{n}", Trajectory.still(a, 0, 2)) for n, a in enumerate(azimuths))


def noise(items=1, channels=1, samples=4800):
    waveform = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, (items, channels, samples)).astype(np.float32))
    return {"waveform": waveform, "sample_rate": 48000}


def test_the_chain_of_stage_nodes_equals_the_one_node():
    image, _ = call("S2S_LoadSample", picture="chelsea")
    surround, monitor, sheet, report = call("S2S_RenderImage", image=image, seconds=1.0, scene="room")

    (regions,) = call("S2S_SegmentImage", image=image, segmenter=call("S2S_LoadSegmenter")[0])
    (depth,) = call("S2S_EstimateDepth", image=image, depth_model=call("S2S_LoadDepthModel")[0])
    (placed,) = call("S2S_LocateSources", regions=regions, depth=depth, scene="room")
    generator = call("S2S_LoadGenerator")[0]
    clips, words = call("S2S_GenerateAudio", generator=generator, regions=regions, image=image, seconds=1.0)
    room = call("S2S_DefineRoom", preset="living room")[0]
    mixed, folded, _ = call("S2S_SpatializeSources", sources=placed, audio=clips, room=room)

    assert torch.equal(mixed["waveform"], surround["waveform"]) and surround["waveform"].shape[1] == 6
    assert torch.equal(folded["waveform"], monitor["waveform"]) and monitor["waveform"].shape[1] == 2
    assert sheet.shape[0] == 1 and sheet.shape[-1] == 3 and 0 <= sheet.min() and sheet.max() <= 1
    assert words.count("\n") == len(regions) - 1 and "LUFS" in report
    (drawn,) = call("S2S_DrawScene", sources=placed, image=image, regions=regions, room=room, surround=mixed)
    assert drawn.shape == sheet.shape and (drawn != sheet).any(-1).float().mean() < 0.001  # the picture's name


def test_masks_go_out_and_come_back():
    image, _ = call("S2S_LoadSample", picture="coffee")
    (regions,) = call("S2S_SegmentImage", image=image, segmenter=call("S2S_LoadSegmenter")[0], background=False)
    (masks,) = call("S2S_ExportRegions", regions=regions)
    (back,) = call("S2S_ImportRegions", mask=masks, prompts="")
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(regions, back, strict=True))


def test_outlines_of_a_sample_become_named_regions():
    image, masks = call("S2S_LoadSample", picture="coffee")
    (regions,) = call("S2S_ImportRegions", mask=masks, prompts="cup\nspoon")
    named, told = call("S2S_DescribeRegions", regions=regions, labels="espresso\nspoon", prompts="\nbell")
    assert [(region.label, region.prompt) for region in named] == [("espresso", "cup"), ("spoon", "bell")]
    assert told.splitlines()[1].startswith("2  spoon  ") and told.endswith("bell")
    assert named[0].mask.shape == tuple(image.shape[1:3])
    (one,) = call("S2S_ImportRegions", mask=masks, prompts="", batch="one object over frames")
    assert len(one) == 1


def test_grey_depth_can_be_metres():
    grey = torch.linspace(0, 1, 20).expand(1, 16, 20)[..., None].expand(-1, -1, -1, 3)
    (metres,) = call("S2S_ImportDepth", image=grey, meaning="distance", near_is_white=False, near=1.0, far=5.0)
    assert metres.unit == "axial" and (metres.values[0, 0], metres.values[0, -1]) == pytest.approx((1.0, 5.0), abs=1e-5)


def test_depth_goes_out_and_comes_back_in_the_same_order():
    image, _ = call("S2S_LoadSample", picture="coffee")
    (depth,) = call("S2S_EstimateDepth", image=image, depth_model=call("S2S_LoadDepthModel")[0])
    (grey,) = call("S2S_PreviewDepth", depth=depth)
    (back,) = call("S2S_ImportDepth", image=grey)
    assert np.corrcoef(back.values.ravel(), depth.values.ravel())[0, 1] > 0.9999
    (turned,) = call("S2S_ImportDepth", image=grey, near_is_white=False)
    assert np.corrcoef(turned.values.ravel(), depth.values.ravel())[0, 1] < -0.9999


def test_alpha_and_half_precision_do_no_harm():
    grey = torch.full((1, 20, 30, 4), 0.25)
    grey[..., 3] = 1
    assert call("S2S_ImportDepth", image=grey)[0].values.max() == 0.25
    (regions,) = call("S2S_ImportRegions", mask=torch.ones(1, 20, 30, dtype=torch.bfloat16), prompts="")
    assert regions[0].mask.all()


def test_depth_with_nan_is_refused():
    image = torch.rand(1, 20, 30, 3)
    image[0, 3, 4] = float("nan")
    with pytest.raises(InputError, match="1 of 600 values that are not finite"):
        call("S2S_ImportDepth", image=image)


def test_a_mask_of_another_size_is_refused_by_name():
    image, _ = call("S2S_LoadSample", picture="coffee")
    (regions,) = call("S2S_ImportRegions", mask=torch.ones(1, 64, 64), prompts="")
    with pytest.raises(InputError, match="region 1.* 64 x 64 pixels, image is 600 x 400"):
        call("S2S_GenerateAudio", generator=call("S2S_LoadGenerator")[0], regions=regions, image=image)


def test_clips_from_elsewhere_stand_in_in_the_order_of_the_inputs():
    (batch,) = call("S2S_ImportAudio", audio_2=noise(2, 2), audio_1=noise(1, 1, 2400))
    assert batch["waveform"].shape == (3, 1, 4800)
    assert not batch["waveform"][0, 0, 2400:].any() and batch["waveform"][1].any()


def test_another_number_of_clips_is_refused():
    with pytest.raises(InputError, match="2 sources and 3 tracks"):
        call("S2S_SpatializeSources", sources=sources(0, 90), audio=noise(3))


def test_a_source_on_the_left_is_louder_on_the_left_by_more_than_6_db():
    surround, *_ = call("S2S_SpatializeSources", sources=sources(90), audio=noise(samples=48000))
    power = surround["waveform"][0].square().mean(dim=1)
    assert 10 * torch.log10((power[0] + power[4]) / (power[1] + power[5])) > 6


def test_a_muted_source_is_not_heard():
    (edited,) = call("S2S_EditSource", sources=sources(0, 90), number=1, mute=True)
    only_second = call("S2S_SpatializeSources", sources=edited, audio=noise(2))[0]
    assert only_second["waveform"][0, 2].abs().max() < only_second["waveform"][0, 4].abs().max() / 2


def test_saved_flac_carries_the_graph_and_both_hosts_number_alike(host, tmp_path):
    graph, editor = {"1": {"class_type": "S2S_SaveSurround", "inputs": {}}}, {"version": 0.4, "nodes": []}
    for number in (1, 2):
        shown = call("S2S_SaveSurround", audio=noise(1, 6), prompt=graph, extra_pnginfo={"workflow": editor})
        path = tmp_path / "see2sound" / f"surround_{number:05}_.flac"
        assert shown["result"] == (str(path),) and path.is_file()
    with av.open(str(path)) as file:
        tags = {name.lower(): value for name, value in file.metadata.items()}
    assert json.loads(tags["prompt"]) == graph and json.loads(tags["workflow"]) == editor
    samples, rate, layout = media.sound.read(path)
    assert (samples.shape, rate, layout) == ((6, 4800), 48000, "5.1")


def test_every_clip_of_a_batch_is_saved_in_a_file_of_its_own(tmp_path):
    batch = noise(3, 6)
    batch["waveform"] *= torch.tensor([1, 0.5, 0.25])[:, None, None]
    shown = call("S2S_SaveSurround", audio=batch, filename_prefix="stems/one", format="WAV 32-bit float")
    paths = [tmp_path / "stems" / f"one_{number:05}_.wav" for number in (1, 2, 3)]
    assert shown["result"] == ("\n".join(map(str, paths)),)
    assert [(file["filename"], file["subfolder"]) for file in shown["ui"]["files"]] == [
        (p.name, "stems") for p in paths
    ]
    for path, clip in zip(paths, batch["waveform"], strict=True):
        assert np.array_equal(media.sound.read(path)[0], clip.numpy())


def test_a_prefix_that_leaves_the_output_folder_is_refused():
    with pytest.raises(InputError, match="leaves the output folder"):
        call("S2S_SaveSurround", audio=noise(1, 6), filename_prefix="../../etc/passwd")


def test_what_is_said_of_sampling_reaches_the_generator():
    heard = []

    class Recorder:
        def __call__(self, requests, seconds, sample_rate, runtime):
            heard.extend(requests)
            return [AudioTrack(np.zeros(10, np.float32), 16000) for _ in requests]

        def describe(self, request):
            return request.sampling.negative

    image, masks = call("S2S_LoadSample", picture="coffee")
    (regions,) = call("S2S_ImportRegions", mask=masks[:1], prompts="")
    recorder = Model("generate", "recorder", Recorder())
    given = {"sampler": "UniPC", "steps": 7, "guidance": 3.0, "negative": "music", "picture_weight": 0.25}
    given["words_weight"] = 0.75
    frames = image.repeat(2, 1, 1, 1) * 1.001
    call("S2S_GenerateAudio", generator=recorder, regions=regions, image=image, frames=frames, **given)
    (request,) = heard
    assert request.sampling == generate.Sampling("UniPC", 7, 3.0, "music", 0.25, 0.75)
    assert request.frames.shape == (2, 400, 600, 3) and request.frames.max() <= 1


@pytest.fixture
def mixed():
    return call("S2S_SpatializeSources", sources=sources(-40, 30), audio=noise(2))[0]


def test_folds_for_loudspeakers_and_headphones(mixed):
    folds = [call("S2S_FoldSurround", surround=mixed, to=to)[0] for to in ("stereo", "binaural")]
    assert [fold["waveform"].shape[:2] for fold in folds] == [(1, 2), (1, 2)]
    assert [fold["layout"] for fold in folds] == ["stereo", "binaural"]
    assert not torch.equal(folds[0]["waveform"], folds[1]["waveform"])


def test_what_is_for_headphones_already_is_only_levelled():
    ears = call("S2S_SpatializeSources", sources=sources(40), audio=noise(), layout="binaural")[0]
    (softer,) = call("S2S_FoldSurround", surround=ears, to="binaural", loudness=-33.0)
    assert softer["layout"] == "binaural"
    assert torch.allclose(softer["waveform"] * 10**0.5, ears["waveform"], atol=1e-4)
    with pytest.raises(InputError, match="already binaural"):
        call("S2S_FoldSurround", surround=ears, to="stereo")


def test_the_channels_are_drawn_as_the_layout_says():
    given = {"sources": sources(10), "figure": "channels", "surround": noise(1, 4)}
    assert call("S2S_DrawScene", **given, layout="AmbiX")[0].shape[-1] == 3
    with pytest.raises(InputError, match="surround has 4 channels: choose AmbiX"):
        call("S2S_DrawScene", **given)


def test_a_diffuse_source_is_heard_alike_from_both_sides():
    (edited,) = call("S2S_EditSource", sources=sources(90), number=1, diffuse=True)
    surround, *_ = call("S2S_SpatializeSources", sources=edited, audio=noise(samples=48000))
    power = surround["waveform"][0].square().mean(dim=1)
    assert 10 * torch.log10((power[0] + power[4]) / (power[1] + power[5])).abs() < 1


def test_one_node_resamples():
    image, _ = call("S2S_LoadSample", picture="coffee")
    assert call("S2S_RenderImage", image=image, seconds=0.5, sample_rate="44100 Hz")[0]["sample_rate"] == 44100


def test_loudness_goes_where_it_is_told(mixed):
    audio, loudness, peak, report = call("S2S_SetLoudness", audio=mixed, loudness=-30.0)
    assert loudness == pytest.approx(-30, abs=1e-3) and peak < -1 and report.startswith("5.1, ")
    assert audio["waveform"].shape == mixed["waveform"].shape and audio["layout"] == "5.1"


def test_stems_are_the_mix_taken_apart(mixed):
    (stems,) = call("S2S_RenderStems", sources=sources(-40, 30), audio=noise(2))
    assert stems["waveform"].shape == (2, *mixed["waveform"].shape[1:])
    assert torch.allclose(stems["waveform"].sum(0), mixed["waveform"][0], atol=1e-5)


@pytest.mark.parametrize(("layout", "channels"), [("7.1.4", 12), ("AmbiX", 4), ("binaural", 2), ("5.1(side)", 6)])
def test_the_layout_goes_along_with_the_sound(layout, channels):
    surround, monitor, report = call(
        "S2S_SpatializeSources", sources=sources(10), audio=noise(), layout=layout, sample_rate="44100 Hz"
    )
    assert surround["waveform"].shape[:2] == (1, channels) and surround["sample_rate"] == 44100
    assert monitor["waveform"].shape[:2] == (1, 2) and report.startswith(f"{layout}, ")
    shown = call("S2S_SaveSurround", audio=surround, format="WAV 24-bit")
    samples, rate, _ = media.sound.read(shown["result"][0])
    assert len(samples) == channels and rate == 44100
    assert call("S2S_DrawScene", sources=sources(10), figure="all", surround=surround)[0].shape[0] == 1


def test_a_graph_of_before_there_were_more_inputs(mixed):
    node = NODE_CLASS_MAPPINGS["S2S_SpatializeSources"]
    old = node.execute(sources(-40, 30), noise(2), layout="5.1", loudness=-23.0, tail=True, law="VBIP")[0]
    assert torch.equal(old["waveform"], mixed["waveform"])
    room = NODE_CLASS_MAPPINGS["S2S_DefineRoom"].execute("hall", 6.0, 5.0, 3.0, 0.4)[0]
    assert room.name == "hall" and room.absorption is None


def test_materials_and_the_listeners_place():
    (room,) = call("S2S_DefineRoom", preset="classroom", ceiling="acoustic ceiling", listener_x=2.0)
    assert room.t60 < 0.6 and room.listener[:2] == (2.0, 4.0)
    with pytest.raises(InputError, match="listener's x in the classroom is 12 m; allowed is 0.2 to 9.8 m"):
        call("S2S_DefineRoom", preset="classroom", listener_x=12.0)


def test_the_published_stage_and_its_silent_channel():
    image, masks = call("S2S_LoadSample", picture="coffee")
    (regions,) = call("S2S_ImportRegions", mask=masks, prompts="")
    (depth,) = call("S2S_EstimateDepth", image=image, depth_model=call("S2S_LoadDepthModel")[0])
    clips = noise(len(regions), samples=16000) | {"sample_rate": 16000}
    surround, report = call("S2S_SpatializeAsPublished", regions=regions, depth=depth, audio=clips)
    assert surround["sample_rate"] == 16000 and surround["layout"] == "5.1"
    assert not surround["waveform"][0, 1].any() and "FR silent" in report


def test_a_scene_of_objects(tmp_path):
    shown = call("S2S_SaveScene", sources=sources(-40, 30), audio=noise(2), filename_prefix="scene")
    data = (tmp_path / "scene_00001_.wav").read_bytes()
    assert shown["result"][0].endswith("scene_00001_.wav") and shown["ui"]["files"][0]["filename"] == "scene_00001_.wav"
    assert b"axml" in data and data.count(b"<audioObject ") == 2


def test_how_much_distance_counts_in_the_gains_of_objects(tmp_path):
    far, gains = (SoundSource("far", Trajectory.still(0, 0, 20)),), []
    for number, rolloff in enumerate((0.0, 0.7, 1.0), 1):
        call("S2S_SaveScene", sources=far, audio=noise(), filename_prefix="far", rolloff=rolloff)
        gains += re.findall(rb"<gain[^>]*>([^<]*)<", (tmp_path / f"far_0000{number}_.wav").read_bytes())
    call("S2S_SaveScene", sources=far, audio=noise(), filename_prefix="usual")
    gains += re.findall(rb"<gain[^>]*>([^<]*)<", (tmp_path / "usual_00001_.wav").read_bytes())
    assert [float(gain) for gain in gains] == pytest.approx([1, 0.1995, 0.1, 0.1995], abs=1e-4)
