"""The main job, end to end on a real photograph and on pictures whose truth is known."""

from pathlib import Path

import numpy as np
import pytest
from see2sound_nodes.s2s_core import media, pipeline
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.types import Picture

PHOTOS = sorted((Path(__file__).parents[2] / "workflows" / "media").glob("*.jpg"))
SHORT = {"seconds": 1.0, "room": "outdoors"}


def render(picture, **settings):
    return pipeline.run(picture, pipeline.Settings(**{**SHORT, **settings}), HeadlessRuntime("cpu"))


def mirrored(picture):
    return Picture(np.ascontiguousarray(picture.pixels[:, ::-1]), picture.name)


def one_disc(x=100, y=60, radius=15, size=(120, 160)):
    """A red disc on grey."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    pixels = np.full((*size, 3), 0.55, np.float32)
    pixels[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = (0.9, 0.1, 0.1)
    return Picture(pixels, "disc")


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
def test_every_shipped_photograph_becomes_surround_sound(photo):
    scene = render(media.images.load_picture(photo))
    assert 2 <= len(scene.sources) == len(scene.tracks) == len(scene.regions) == len(scene.sounds) <= 6
    assert scene.surround.samples.shape[0] == 6 and scene.surround.samples.dtype == np.float32
    assert np.abs(scene.surround.samples).max(axis=1).min() > 1e-4, "no channel is dead"
    assert scene.surround.true_peak <= -0.99 and -40 < scene.surround.loudness < -15
    assert np.abs(scene.surround.samples).max() < 1
    table = pipeline.report(scene)
    assert all(source.label in table for source in scene.sources)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, again, other = (render(one_disc(), seed=seed).surround.samples for seed in (3, 3, 4))
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_a_thing_on_the_right_is_louder_on_the_right():
    scene = render(one_disc(x=140), background=False, count=1)
    assert scene.sources[0].azimuth < -15
    power = dict(zip(scene.surround.layout.labels, (scene.surround.samples**2).mean(axis=1), strict=True))
    assert power["FR"] > 4 * power["FL"]


def test_a_mirrored_picture_gives_mirrored_places():
    straight, turned = (render(one_disc(x, 60), background=False, count=1).sources[0] for x in (125, 34))
    assert straight.azimuth == pytest.approx(-turned.azimuth, abs=0.5)
    assert straight.elevation == pytest.approx(turned.elevation, abs=0.5)


def test_a_picture_in_which_nothing_stands_out_is_refused():
    with pytest.raises(InputError, match="no region stands out in wall"):
        render(Picture(np.full((64, 64, 3), 0.5, np.float32), "wall"))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"seconds": 0.0}, "seconds is 0"),
        ({"seconds": 10000.0}, "seconds is 10000"),
        ({"count": 0}, "count is 0"),
        ({"room": "cupboard"}, "'cupboard'; allowed is one of: as the scene, living room"),
        ({"layout": "9.9"}, "'9.9'; allowed is one of"),
        ({"generator": "nobody"}, "'nobody'; allowed is one of: procedural"),
        ({"projection": "cubist"}, "'cubist'; allowed is one of"),
        ({"loudness": 5.0}, "loudness is 5"),
        ({"prompts": "\n".join("abcdefghij")}, "10 lines"),
    ],
)
def test_wrong_settings_are_refused_by_name(setting, words):
    with pytest.raises(InputError, match=words):
        render(one_disc(), **setting)


@pytest.mark.parametrize(
    "setting", [{"layout": "9.9"}, {"loudness": 5.0}, {"seconds": 0.0}, {"seed": -1}, {"count": 99}, {"scene": "moon"}]
)
def test_what_needs_no_picture_is_refused_before_any_work(setting):
    steps = []
    host = HeadlessRuntime("cpu", listen=lambda *step: steps.append(step))
    with pytest.raises(InputError):
        pipeline.run(one_disc(), pipeline.Settings(**{**SHORT, **setting}), host)
    assert not steps


def test_how_to_sample_reaches_the_generator(monkeypatch):
    heard, run = [], pipeline.generate.run
    monkeypatch.setattr(pipeline.generate, "run", lambda *_, **given: heard.append(given) or run(*_, **given))
    render(one_disc(), sampler="UniPC", steps=7, guidance=3.0, negative="music")
    assert heard[0]["sampling"] == pipeline.generate.Sampling("UniPC", 7, 3.0, "music")


@pytest.mark.parametrize("setting", [{"points": 65}, {"seconds": -1.0}, {"mode": "best"}, {"room": "cave"}])
def test_nothing_is_downloaded_for_settings_that_are_refused(setting, monkeypatch):
    monkeypatch.setattr(pipeline.models, "load", lambda *_: pytest.fail("looked for a model"))
    with pytest.raises(InputError, match=next(iter(setting))):
        render(one_disc(), segmenter="SAM ViT-H", if_missing="download", **setting)


def test_a_mirrored_photograph_gives_mirrored_channels():
    """Without bed and reverberation, whose noises know no left and right, to the last bit but for the loudness."""
    photo = media.samples.load_sample("astronaut")
    plain = {"background": False, "prompts": "rain", "count": 1}
    straight, turned = (render(picture, **plain).surround.samples for picture in (photo, mirrored(photo)))
    assert np.abs(straight[[1, 0, 2, 3, 5, 4]] - turned).max() < 1e-5 * np.abs(straight).max()
    assert np.abs(straight - turned).max() > 0.1 * np.abs(straight).max()


def test_cancel_stops_within_a_step_of_any_stage():
    labels = []
    pipeline.run(
        one_disc(),
        pipeline.Settings(**SHORT),
        HeadlessRuntime("cpu", listen=lambda label, done, total: labels.append(label)),
    )
    assert len(set(labels)) >= 2
    for stop_at in dict.fromkeys(labels):
        host = HeadlessRuntime("cpu")
        host.listen = lambda label, done, total, host=host, stop_at=stop_at: label == stop_at and host.cancel.set()
        with pytest.raises(Cancelled, match=stop_at):
            pipeline.run(one_disc(), pipeline.Settings(**SHORT), host)
