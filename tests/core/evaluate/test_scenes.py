"""Generated scenes: their pictures, masks, depth and truths say the same."""

from dataclasses import replace

import numpy as np
import pytest
from see2sound_nodes.s2s_core import locate
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.evaluate import scenes

BALL = scenes.Thing("disc", 0.0, 5.0, 10.0, 2.0)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("projection", scenes.VIEWS)
def test_what_is_drawn_is_located_where_it_truly_is(projection, number):
    scene = scenes.make(projection, 7, number)
    camera = locate.Camera(projection)
    found = locate.run(scene.regions, scene.depth, camera=camera, picture=scene.picture)
    assert scenes.COUNTS[0] <= len(found) == len(scene.sources) <= scenes.COUNTS[1]
    for source, truth in zip(found, scene.sources, strict=True):
        assert source.azimuth == pytest.approx(truth.azimuth, abs=0.5)
        assert source.elevation == pytest.approx(truth.elevation, abs=0.5)
        assert source.distance == pytest.approx(truth.distance, rel=0.02)


@pytest.mark.parametrize("projection", scenes.VIEWS)
def test_the_usual_camera_is_the_one_that_drew_it(projection):
    scene = scenes.draw([], projection)
    camera = locate.Camera(projection).resolved(scene.picture)
    assert camera.fov == pytest.approx(scenes.VIEWS[projection].fov)


def test_the_ground_is_as_far_as_eyes_are_high():
    scene = scenes.draw([], "equirectangular")
    assert scene.depth.unit == "radial" and scene.depth.values[-1].max() == pytest.approx(scenes.EYE_HEIGHT, rel=1e-3)
    assert scene.depth.values[:192].min() == scenes.FARTHEST
    below = np.radians(30)
    row = round(384 * (0.5 + below / np.pi) - 0.5)
    assert scene.depth.values[row, 5] == pytest.approx(scenes.EYE_HEIGHT / np.sin(below), rel=0.02)


@pytest.mark.parametrize("projection", scenes.VIEWS)
def test_the_same_seed_is_the_same_scene(projection):
    first, again, other = (scenes.make(projection, seed) for seed in (3, 3, 4))
    assert first.picture.pixels.tobytes() == again.picture.pixels.tobytes() != other.picture.pixels.tobytes()
    assert first.depth.values.tobytes() == again.depth.values.tobytes()
    assert (
        [s.azimuth for s in first.sources] == [s.azimuth for s in again.sources] != [s.azimuth for s in other.sources]
    )


def test_the_nearer_thing_hides_the_farther_one_in_either_order():
    beside = replace(BALL, azimuth=5.0, distance=5.0, size=0.75)  # from 0.7 to 9.3 degrees, over what ends at 5.7
    for things in ([BALL, beside], [beside, BALL]):
        scene = scenes.draw(things)
        first, second = (region.mask for region in scene.regions)
        assert not (first & second).any()
        whole = {thing: scenes.draw([thing]).regions[0].mask for thing in (BALL, beside)}
        masks = dict(zip(things, (first, second), strict=True))
        assert (masks[beside] == whole[beside]).all()
        assert (masks[BALL] == whole[BALL] & ~whole[beside]).all() and masks[BALL].sum() < whole[BALL].sum()
        assert [source.distance for source in scene.sources] == [thing.distance for thing in things]


@pytest.mark.parametrize(
    "hidden",
    [
        [replace(BALL, distance=5.0, size=3.0)],  # wholly behind it
        [replace(BALL, azimuth=1.0, distance=5.0)],  # all but a sliver
    ],
)
def test_what_is_hidden_is_no_truth(hidden):
    scene = scenes.draw([BALL, *hidden])
    assert [source.label for source in scene.sources] == ["disc 2"] == [region.label for region in scene.regions]


@pytest.mark.parametrize("azimuth", [60.0, 180.0])
def test_what_is_outside_the_picture_is_no_truth(azimuth):
    scene = scenes.draw([replace(BALL, azimuth=azimuth), BALL])
    assert [source.label for source in scene.sources] == ["disc 2"]


@pytest.mark.parametrize(("shape", "share"), [("disc", np.pi / 4), ("box", 1.0), ("cone", 0.5)])
def test_shapes_fill_their_share_of_the_card(shape, share):
    scene = scenes.draw([replace(BALL, shape=shape, elevation=0.0, size=3.0)])
    focal = 256 / np.tan(np.radians(35))
    assert scene.regions[0].mask.sum() == pytest.approx(share * (focal * 3 / 10) ** 2, rel=0.02)


@pytest.mark.parametrize("texture", scenes.TEXTURES)
def test_textures_are_of_two_tones_at_most(texture):
    scene = scenes.draw([replace(BALL, texture=texture, size=4.0, distance=8.0)])
    red = scene.picture.pixels[scene.regions[0].mask][:, 0]
    spread = np.percentile(red, 90) - np.percentile(red, 10)
    assert (spread < 0.12) == (texture == "plain")


def test_only_known_projections_are_drawn():
    with pytest.raises(InputError, match="projection is 'cubist'"):
        scenes.draw([], "cubist")
