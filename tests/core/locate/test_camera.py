import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from see2sound_nodes.s2s_core.errors import InputError
from see2sound_nodes.s2s_core.locate.camera import PROJECTIONS, Camera
from see2sound_nodes.s2s_core.locate.sphere import angles, direction
from see2sound_nodes.s2s_core.types import Picture

SIZES = {"perspective": (480, 640), "fisheye": (480, 640), "equirectangular": (320, 640)}
ALL = sorted(PROJECTIONS)


def camera_of(projection, fov=0.0):
    return Camera(projection, fov).resolved()


def seen(camera, u, v, size):
    return tuple(float(angle) for angle in angles(camera.rays(np.array([u, v], float), size)))


@pytest.mark.parametrize("projection", ALL)
def test_the_middle_is_ahead_left_is_positive_top_is_positive(projection):
    camera, (height, width) = camera_of(projection), SIZES[projection]
    assert seen(camera, width / 2, height / 2, (height, width)) == (0, 0)
    assert seen(camera, 100.5, height / 2, (height, width))[0] > 5
    assert seen(camera, width - 100.5, height / 2, (height, width))[0] < -5
    assert seen(camera, width / 2, 100.5, (height, width))[1] > 5


def test_golden_angles():
    """From the formulas, by hand: a perspective edge is half the angle of view; f = 320 / tan 30 = 554.256 px."""
    size = (480, 640)
    assert seen(camera_of("perspective"), 0, 240, size) == pytest.approx((30, 0))
    assert seen(camera_of("perspective"), 320, 0, size) == pytest.approx((0, 23.41322))
    assert seen(camera_of("perspective"), 0, 0, size) == pytest.approx((30, 20.55605))
    assert seen(camera_of("perspective", 90), 160, 240, size)[0] == pytest.approx(np.degrees(np.arctan(0.5)))
    assert seen(camera_of("fisheye"), 80, 240, size) == pytest.approx((90, 0))
    assert seen(camera_of("fisheye"), 320, 120, size) == pytest.approx((0, 45))
    assert seen(camera_of("equirectangular"), 160, 160, (320, 640)) == pytest.approx((90, 0))
    assert seen(camera_of("equirectangular"), 0, 40, (320, 640)) == pytest.approx((180, 67.5))


def test_the_angle_of_view_belongs_to_the_longer_side():
    camera = camera_of("perspective", 60)
    assert seen(camera, 240, 0, (640, 480)) == pytest.approx((0, 30))
    assert camera.horizontal_fov((640, 480)) == pytest.approx(46.82645)
    assert camera.horizontal_fov((480, 640)) == pytest.approx(60)


def test_horizontal_field_of_view_of_the_others():
    assert camera_of("fisheye", 180).horizontal_fov((500, 500)) == pytest.approx(180)
    assert camera_of("fisheye", 180).horizontal_fov((480, 640)) == pytest.approx(240)
    assert camera_of("fisheye", 360).horizontal_fov((480, 640)) == 360
    assert camera_of("equirectangular").horizontal_fov((320, 640)) == 360


@given(
    projection=st.sampled_from(ALL),
    share=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999)),
    fov=st.floats(1, 170),
    portrait=st.booleans(),
)
def test_round_trip_from_pixel_to_sphere_to_pixel(projection, share, fov, portrait):
    camera = camera_of(projection, 0 if projection == "equirectangular" else fov)
    size = SIZES[projection][::-1] if portrait and projection != "equirectangular" else SIZES[projection]
    points = np.array(share) * size[::-1]
    rays = camera.rays(points, size)
    assert np.linalg.norm(rays) == pytest.approx(1, abs=1e-12)
    through_angles = direction(*angles(rays))
    np.testing.assert_allclose(camera.points(through_angles, size), points, atol=0.01)


@pytest.mark.parametrize("projection", ALL)
def test_mirrored_pixels_see_exactly_mirrored_directions(projection):
    size = SIZES[projection]
    rows, columns = np.mgrid[: size[0] : 7, : size[1]] + 0.5
    rays = camera_of(projection).rays(np.stack([columns, rows], axis=-1), size)
    np.testing.assert_array_equal(rays, rays[:, ::-1] * (1, -1, 1))


@pytest.mark.parametrize("projection, fov", [("perspective", 100), ("fisheye", 170), ("equirectangular", 0)])
def test_solid_angles_against_the_area_of_each_pixels_corners(projection, fov):
    """The slow reference: the triangle products of the four corner rays."""
    camera, size = camera_of(projection, fov), (60, 120)
    v, u = np.mgrid[:61, :121].astype(float)
    corners = camera.rays(np.stack([u, v], axis=-1), size)
    a, b, c, d = corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]
    area = np.linalg.norm(np.cross(a - c, b - d), axis=-1) / 2
    middles = camera.rays(np.stack([u[:-1, :-1], v[:-1, :-1]], axis=-1) + 0.5, size)
    share = camera.solid_angles(middles)
    circle = np.hypot(u[:-1, :-1] - 59.5, v[:-1, :-1] - 29.5) < 29
    inside = circle if projection == "fisheye" else np.ones_like(circle)
    ratio = (area / share)[inside]
    assert ratio.std() / ratio.mean() < 0.005
    assert 0 <= share.min() and share.max() <= 1


def test_a_perspective_lens_does_not_look_back():
    points = camera_of("perspective").points(np.array([[-1.0, 0, 0], [0, 1, 0], [1, 0, 0]]), (480, 640))
    assert np.isnan(points[:2]).all()
    np.testing.assert_allclose(points[2], (320, 240))


def test_automatic_angle_of_view():
    pixels = np.zeros((20, 30, 3), np.float32)
    assert Camera().resolved().fov == 60
    assert Camera().resolved(Picture(pixels)).fov == 60
    assert Camera().resolved(Picture(pixels, focal_35mm=28)).fov == pytest.approx(65.47, abs=0.01)
    assert Camera(fov=40).resolved(Picture(pixels, focal_35mm=28)).fov == 40
    assert Camera(fov=None).resolved(Picture(pixels, focal_35mm=0.5)).fov == 170
    assert Camera("fisheye").resolved(Picture(pixels, focal_35mm=28)).fov == 180
    assert Camera("equirectangular").resolved().fov == 360


@pytest.mark.parametrize(
    "projection, fov, words",
    [
        ("perspective", 171, "field of view is 171 degrees; allowed is 1 to 170"),
        ("perspective", 0.5, "allowed is 1 to 170"),
        ("perspective", -60, "allowed is 1 to 170"),
        ("perspective", float("nan"), "allowed is 1 to 170"),
        ("fisheye", 400, "allowed is 1 to 360"),
        ("equirectangular", 60, "field of view is 60 degrees; allowed is 360 to 360 degrees: 0 chooses by itself"),
        ("cubemap", 0, "projection is 'cubemap'; allowed is one of: perspective, fisheye, equirectangular"),
    ],
)
def test_what_no_lens_can_do(projection, fov, words):
    with pytest.raises(InputError, match=words):
        Camera(projection, fov)


def test_the_full_sphere_is_twice_as_wide_as_high():
    with pytest.raises(InputError, match="twice as wide as high; this one is 640 x 480"):
        camera_of("equirectangular").rays(np.zeros((1, 2)), (480, 640))
    with pytest.raises(InputError, match="not settled"):
        Camera().rays(np.zeros((1, 2)), (480, 640))
