import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from see2sound_nodes.s2s_core.locate.camera import Camera
from see2sound_nodes.s2s_core.locate.sphere import angles, azimuth_spread, centroid, direction, wrapped


def cap(projection, fov, size, azimuth, elevation, radius):
    """Rays and weights of the pixels that see a round spot of `radius` degrees."""
    camera = Camera(projection, fov).resolved()
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    rays = camera.rays(np.stack([columns, rows], axis=-1), size)
    rays = rays[rays @ direction(azimuth, elevation) > np.cos(np.radians(radius))]
    return rays, camera.solid_angles(rays)


@given(st.floats(-179.9, 180), st.floats(-89.9, 89.9))
def test_angles_and_directions_are_inverse(azimuth, elevation):
    vector = direction(azimuth, elevation)
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert angles(3 * vector) == (pytest.approx(azimuth, abs=1e-9), pytest.approx(elevation, abs=1e-9))


def test_the_axes():
    np.testing.assert_allclose(direction(0, 0), (1, 0, 0), atol=1e-15)
    np.testing.assert_allclose(direction(90, 0), (0, 1, 0), atol=1e-15)
    np.testing.assert_allclose(direction(0, 90), (0, 0, 1), atol=1e-15)


@pytest.mark.parametrize("angle, same", [(0, 0), (180, 180), (-180, 180), (181, -179), (-190, 170), (720, 0)])
def test_wrapped(angle, same):
    assert wrapped(angle) == same


@pytest.mark.parametrize("azimuth, elevation", [(0, 0), (25, 10), (-20, -15)])
def test_a_round_spot_is_at_the_same_place_through_every_lens(azimuth, elevation):
    """Only solid angle weights do that: through the wide lens a plain mean of pixels is 2 degrees off at 25."""
    lenses = [("perspective", 120, (600, 900)), ("fisheye", 180, (700, 700)), ("equirectangular", 0, (700, 1400))]
    for lens in lenses:
        rays, weights = cap(*lens, azimuth, elevation, 18)
        found = angles(centroid(rays, weights))
        assert found == (pytest.approx(azimuth, abs=0.1), pytest.approx(elevation, abs=0.1)), lens


def test_a_spot_near_the_zenith_and_one_across_the_back():
    rays, weights = cap("equirectangular", 0, (360, 720), 130, 80, 20)
    assert angles(centroid(rays, weights)) == (pytest.approx(130, abs=0.5), pytest.approx(80, abs=0.2))
    rays, weights = cap("equirectangular", 0, (360, 720), 180, 0, 20)
    azimuth, _ = angles(centroid(rays, weights))
    assert abs(azimuth) == pytest.approx(180)
    assert azimuth_spread(rays, weights, centroid(rays, weights)) < 45


def test_all_around_has_no_middle():
    rays, weights = cap("equirectangular", 0, (40, 80), 0, 0, 180.1)
    assert len(rays) == 40 * 80
    middle = centroid(rays, weights)
    np.testing.assert_array_equal(middle, (1, 0, 0))
    assert azimuth_spread(rays, weights, middle) == pytest.approx(360, abs=1)


@pytest.mark.parametrize("azimuth", [0, 40, 175, -180])
@pytest.mark.parametrize("width", [1, 20, 120])
def test_the_spread_of_a_band(azimuth, width):
    offsets = (np.arange(1000) + 0.5) / 1000 * width - width / 2
    rays, weights = direction(azimuth + offsets, 0 * offsets), np.ones(1000)
    middle = centroid(rays, weights)
    assert azimuth_spread(rays, weights, middle) == pytest.approx(width, rel=1e-6)
    strays = direction(np.array([azimuth + 90.0, azimuth - 90.0]), np.zeros(2))
    wild = azimuth_spread(np.concatenate([rays, strays]), np.ones(1002), middle)
    assert wild == pytest.approx(width, rel=0.01)


def test_one_ray():
    ray = direction(33, 5)[None]
    assert angles(centroid(ray, np.ones(1))) == (pytest.approx(33), pytest.approx(5))
    assert azimuth_spread(ray, np.ones(1), ray[0]) == 0
