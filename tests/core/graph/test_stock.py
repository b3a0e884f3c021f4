"""The stock nodes: same ids, inputs and outputs as ComfyUI's, real files in and out."""

import json

import numpy as np
import pytest
from PIL import Image
from see2sound_nodes.s2s_core.errors import GraphError, InputError, MediaError
from see2sound_nodes.s2s_core.graph import STOCK, Cache, check, run
from see2sound_nodes.s2s_core.graph.saved import from_json
from see2sound_nodes.s2s_core.media import sound
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime, use

torch = pytest.importorskip("torch")


@pytest.fixture
def host(tmp_path):
    (tmp_path / "in").mkdir()
    runtime = HeadlessRuntime("cpu", {"input": tmp_path / "in", "output": tmp_path / "out", "temp": tmp_path / "temp"})
    with use(runtime):
        yield runtime


def loaded(name):
    return STOCK["LoadImage"].execute(image=name)


def saved(host, pixels, name="a.png", **options):
    Image.fromarray(np.asarray(pixels)).save(host.folder("input") / name, **options)


def noise(*shape):
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def test_the_contract_is_comfyuis(host):
    def declared(name):
        said = STOCK[name].INPUT_TYPES()
        kinds = {key: entry[0] for key, entry in said["required"].items()}
        return kinds, STOCK[name].RETURN_TYPES, getattr(STOCK[name], "OUTPUT_NODE", False)

    (host.folder("input") / "b.txt").write_text("x")
    saved(host, noise(4, 4, 3))
    assert declared("LoadImage") == ({"image": ["a.png"]}, ("IMAGE", "MASK"), False)
    assert declared("LoadAudio") == ({"audio": []}, ("AUDIO",), False)
    assert declared("SaveImage") == ({"images": "IMAGE", "filename_prefix": "STRING"}, (), True)
    assert declared("PreviewImage") == ({"images": "IMAGE"}, (), True)
    assert declared("SaveAudio") == ({"audio": "AUDIO", "filename_prefix": "STRING"}, (), True)
    assert declared("PreviewAudio") == ({"audio": "AUDIO"}, (), True)
    assert declared("MaskToImage") == ({"mask": "MASK"}, ("IMAGE",), False)
    channels = ["red", "green", "blue", "alpha"]
    assert declared("ImageToMask") == ({"image": "IMAGE", "channel": channels}, ("MASK",), False)
    assert STOCK["SaveImage"].INPUT_TYPES()["required"]["filename_prefix"][1]["default"] == "ComfyUI"
    assert STOCK["SaveAudio"].INPUT_TYPES()["required"]["filename_prefix"][1]["default"] == "audio/ComfyUI"


def test_a_picture_without_transparency(host):
    pixels = noise(20, 30, 3)
    saved(host, pixels)
    image, mask = loaded("a.png")
    assert image.dtype == mask.dtype == torch.float32 and mask.shape == (1, 64, 64) and not mask.any()
    assert np.array_equal(image.numpy(), pixels[None] / np.float32(255))


def test_transparency_becomes_the_mask_and_colours_stay(host):
    pixels = noise(20, 30, 4)
    saved(host, pixels)
    image, mask = loaded("a.png")
    assert np.array_equal(image.numpy()[0], pixels[..., :3] / np.float32(255))
    assert np.allclose(mask.numpy()[0], 1 - pixels[..., 3] / 255, atol=1e-6)


def test_a_palette_with_one_transparent_colour(host):
    picture = Image.fromarray(np.repeat([[0, 1, 1]], 4, axis=0).astype(np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.save(host.folder("input") / "a.png", transparency=0)
    image, mask = loaded("a.png")
    assert mask.tolist() == [[[1, 0, 0]] * 4] and image[0, 0].tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_exif_turns_the_picture(host):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, :16] = 255  # as stored: the left half is white; turned clockwise: the upper half
    saved(host, pixels, "a.jpg", exif=exif)
    image, _ = loaded("a.jpg")
    assert image.shape == (1, 32, 16, 3) and image[0, :12].min() > 0.9 and image[0, 20:].max() < 0.1


def test_grey_of_16_bits_keeps_its_range(host):
    saved(host, np.array([[0, 257, 65535]], np.uint16))
    image, _ = loaded("a.png")
    assert torch.allclose(image[0, 0, :, 0], torch.tensor([0, 257 / 65535, 1]))


def test_animations_become_batches(host):
    frames = [Image.fromarray(noise(8, 9, 3) // (1 + i)) for i in range(3)]
    frames[0].save(host.folder("input") / "a.png", save_all=True, append_images=frames[1:])
    image, mask = loaded("a.png")
    assert mask.shape == (3, 64, 64) and torch.equal(
        image, torch.stack([torch.from_numpy(np.asarray(frame) / np.float32(255)) for frame in frames])
    )


def test_the_second_picture_of_a_stereo_camera_is_no_frame(host):
    views = [Image.fromarray(noise(32, 32, 3)) for _ in range(2)]
    views[0].save(host.folder("input") / "a.mpo", save_all=True, append_images=views[1:])
    assert loaded("a.mpo")[0].shape == (1, 32, 32, 3)


def test_animations_with_transparency_in_some_frames(host):
    clear = np.dstack([noise(8, 9, 3), np.full((8, 9), 0, np.uint8)])
    frames = [Image.fromarray(noise(8, 9, 3)), Image.fromarray(clear)]
    frames[0].save(host.folder("input") / "a.tiff", save_all=True, append_images=frames[1:])
    _, mask = loaded("a.tiff")
    assert mask.shape == (2, 8, 9) and not mask[0].any() and mask[1].all()


def test_frames_of_another_size_are_left_out_with_a_warning(host, caplog):
    frames = [Image.fromarray(noise(8, width, 3)) for width in (9, 10, 9)]
    frames[0].save(host.folder("input") / "a.tiff", save_all=True, append_images=frames[1:])
    assert loaded("a.tiff")[0].shape == (2, 8, 9, 3) and "1 frames of another size" in caplog.text


def graph(name, **save):
    nodes = {"1": {"class_type": "LoadImage", "inputs": {"image": name}}}
    return from_json({**nodes, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], **save}}})


def test_names_are_looked_for_in_the_folders_then_as_paths(host, tmp_path, monkeypatch):
    saved(host, noise(4, 5, 3), "[x] a [input].png")
    (tmp_path / "out").mkdir()
    Image.fromarray(noise(6, 7, 3)).save(tmp_path / "out" / "b.png")
    Image.fromarray(noise(8, 9, 3)).save(tmp_path / "c.png")
    monkeypatch.chdir(tmp_path)
    shapes = {"[x] a [input].png": (4, 5), "b.png [output]": (6, 7), "c.png": (8, 9), str(tmp_path / "c.png"): (8, 9)}
    for name, shape in shapes.items():
        assert loaded(name)[0].shape[1:3] == shape
        assert check(graph(name, filename_prefix="x"), STOCK) == []


@pytest.mark.parametrize("name", ["missing.png", "/nowhere/x.png", "", "x.png [temp]"])
def test_a_missing_file_is_found_before_anything_runs(host, name):
    [line] = check(graph(name, filename_prefix="x"), STOCK)
    assert line.startswith(f"node 1 (LoadImage): input image is {name!r}; there is no file /") and "\n" not in line
    if name == "missing.png":
        assert str(host.folder("input") / "missing.png") in line
    with pytest.raises(MediaError):
        loaded(name)


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_files_that_are_no_pictures(host, content):
    if content is None:
        saved(host, noise(64, 64, 3))
        content = (host.folder("input") / "a.png").read_bytes()[:2000]
    (host.folder("input") / "a.png").write_bytes(content)
    with pytest.raises(MediaError, match="a.png is not a picture, or is damaged"):
        loaded("a.png")


def test_saving_twice_and_the_graph_inside(host):
    pixels = noise(20, 30, 3)
    saved(host, pixels)
    job = graph("a.png", filename_prefix="sub/pic_%width%x%height%_%batch_num%")
    shown = [run(job, STOCK, host)["2"]["images"] for _ in range(2)]
    names = ["pic_30x20_0_00001_.png", "pic_30x20_0_00002_.png"]
    assert shown == [[{"filename": name, "subfolder": "sub", "type": "output"}] for name in names]
    for name in names:
        with Image.open(host.folder("output") / "sub" / name) as file:
            assert np.array_equal(np.asarray(file), pixels)
            assert json.loads(file.text["prompt"]) == job.prompt


def test_a_file_that_changes_is_read_again(host):
    saved(host, noise(4, 4, 3))
    cache, job = Cache(), graph("a.png", filename_prefix="x")
    for _ in range(2):
        run(job, STOCK, host, cache=cache)
    assert len(list(host.folder("output").iterdir())) == 1
    saved(host, noise(4, 4, 3) // 2)
    run(job, STOCK, host, cache=cache)
    assert len(list(host.folder("output").iterdir())) == 2


def test_an_editor_graph_with_its_workflow_inside(host, canvas):
    saved(host, noise(4, 4, 3))
    load, show = canvas.add("LoadImage", "a.png", "image"), canvas.add("PreviewImage")
    canvas.link(load, 0, show, "images", "IMAGE")
    shown = run(from_json(canvas.json), STOCK, host)
    assert shown == {"2": {"images": [{"filename": "ComfyUI_temp_00001_.png", "subfolder": "", "type": "temp"}]}}
    with Image.open(host.folder("temp") / "ComfyUI_temp_00001_.png") as file:
        assert json.loads(file.text["workflow"]) == canvas.json


def test_values_beyond_the_range_are_limited_with_a_warning(host, caplog):
    image = torch.tensor([[[[-0.5, 0.5, 1.5]]]])
    entry = STOCK["SaveImage"].execute(images=image, filename_prefix="x")["ui"]["images"][0]
    with Image.open(host.folder("output") / entry["filename"]) as file:
        assert np.asarray(file).tolist() == [[[0, 127, 255]]]
    assert "limited to 0..1" in caplog.text


@pytest.mark.parametrize("image", [torch.zeros(1, 4, 4, 2), torch.full((1, 4, 4, 3), float("nan"))])
def test_images_that_cannot_be_saved(host, image):
    with pytest.raises(InputError, match="images h"):
        STOCK["SaveImage"].execute(images=image, filename_prefix="x")
    assert not host.folder("output").exists()


def test_linked_folders(host, tmp_path):
    """A link to a folder elsewhere, and one inside the folder: both are named as the user named them."""
    (tmp_path / "there").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "there" / "sub").symlink_to(tmp_path / "elsewhere")
    host.folder("output").symlink_to(tmp_path / "there")
    host.folder("temp").symlink_to(tmp_path / "there")
    image, audio = torch.zeros(1, 4, 4, 3), {"waveform": torch.zeros(1, 1, 100), "sample_rate": 8000}
    entries = [
        STOCK["SaveImage"].execute(images=image, filename_prefix="sub/x")["ui"]["images"][0],
        STOCK["PreviewImage"].execute(images=image)["ui"]["images"][0],
        STOCK["SaveAudio"].execute(audio=audio, filename_prefix="sub/y")["ui"]["audio"][0],
        STOCK["PreviewAudio"].execute(audio=audio)["ui"]["audio"][0],
    ]
    assert [entry["subfolder"] for entry in entries] == ["sub", "", "sub", ""]
    assert all((host.folder(entry["type"]) / entry["subfolder"] / entry["filename"]).is_file() for entry in entries)


def test_names_come_from_the_host(host, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(host, "new_name", lambda *names: asked.append(names) or host.folder("output") / "given")
    entry = STOCK["SaveImage"].execute(images=torch.zeros(1, 4, 5, 3), filename_prefix="%year%/%width%x%height%")
    assert asked == [("output", "%year%/5x4")]
    assert entry["ui"]["images"] == [{"filename": "given.png", "subfolder": "", "type": "output"}]


def test_a_prefix_cannot_leave_the_folder(host):
    with pytest.raises(InputError, match="leaves the output folder"):
        STOCK["SaveImage"].execute(images=torch.zeros(1, 4, 4, 3), filename_prefix="../x")


def test_masks_and_images(host):
    mask = torch.rand(2, 5, 6)
    (image,) = STOCK["MaskToImage"].execute(mask=mask)
    assert image.shape == (2, 5, 6, 3) and torch.equal(
        STOCK["ImageToMask"].execute(image=image, channel="blue")[0], mask
    )
    assert STOCK["MaskToImage"].execute(mask=mask[0])[0].shape == (1, 5, 6, 3)
    with pytest.raises(InputError, match="channel is alpha; the image has only: red, green, blue"):
        STOCK["ImageToMask"].execute(image=image, channel="alpha")


@pytest.mark.parametrize("channels, layout", [(1, "mono"), (2, "stereo"), (6, "5.1"), (8, "7.1")])
def test_sound_keeps_its_channels_in_order(host, channels, layout):
    waveform = torch.arange(channels)[None, :, None] / 16 + torch.zeros(1, channels, 500)
    audio = {"waveform": waveform, "sample_rate": 16000}
    shown = STOCK["SaveAudio"].execute(audio=audio, filename_prefix="audio/x", prompt={"1": {}})["ui"]["audio"]
    assert shown == [{"filename": "x_00001_.flac", "subfolder": "audio", "type": "output"}]
    assert sound.read(host.folder("output") / "audio" / "x_00001_.flac")[2] == layout
    (again,) = STOCK["LoadAudio"].execute(audio="audio/x_00001_.flac [output]")
    assert again["sample_rate"] == 16000 and torch.allclose(again["waveform"], waveform, atol=1e-6)


def test_a_batch_of_sounds_and_a_preview(host):
    audio = {"waveform": torch.zeros(2, 1, 100), "sample_rate": 8000}
    shown = STOCK["PreviewAudio"].execute(audio=audio)["ui"]["audio"]
    assert [entry["filename"] for entry in shown] == ["ComfyUI_temp_00001_.flac", "ComfyUI_temp_00002_.flac"]
    assert {entry["type"] for entry in shown} == {"temp"}


@pytest.mark.parametrize("audio", [None, {"waveform": torch.zeros(1, 3, 100), "sample_rate": 8000}])
def test_sound_that_cannot_be_saved(host, audio):
    with pytest.raises(InputError, match="audio is empty|audio has 3 channels; allowed is 1, 2, 6, 8"):
        STOCK["SaveAudio"].execute(audio=audio, filename_prefix="x")


def test_a_layout_that_the_samples_do_not_have(tmp_path):
    with pytest.raises(InputError, match="a.flac: 3 channels are not stereo"):
        sound.write_samples(tmp_path / "a.flac", np.zeros((3, 100), np.float32), 8000, "stereo", "FLAC 24-bit")
    assert not list(tmp_path.iterdir())


def test_audio_in_an_editor_graph(host, canvas):
    track = sound.AudioTrack(np.zeros(100, np.float32), 8000)
    sound.write(host.folder("input") / "a.flac", track, "FLAC 24-bit")
    load, show = canvas.add("LoadAudio", "a.flac", None, None), canvas.add("SaveAudio", "x", "")
    canvas.link(load, 0, show, "audio", "AUDIO")
    shown = run(from_json(canvas.json), STOCK, host)
    assert shown == {"2": {"audio": [{"filename": "x_00001_.flac", "subfolder": "", "type": "output"}]}}
    canvas.json["nodes"][0]["widgets_values"] = ["b.flac"]
    with pytest.raises(GraphError, match="input audio is 'b.flac'; there is no file"):
        run(from_json(canvas.json), STOCK, host)
