"""Before and after the network: sizes, colours and the way back, against the authors' own code."""

import math

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.depth import prepare

from .tiny import PROCESSING, golden, photograph


def test_sizes():
    for height, width, *expected in PROCESSING["sizes_518_hw_in_hw_out"]:
        assert [*prepare.network_size((height, width), longest_side=math.inf)] == expected
        capped = prepare.network_size((height, width))
        assert max(capped) <= 2072 and all(side % 14 == 0 for side in capped)
        if max(expected) <= 2072:
            assert [*capped] == expected
    assert prepare.network_size((1000, 3000)) == (518, 1554)
    assert prepare.network_size((500, 4000)) == (252, 2072)  # 259 lies in the middle: to the even multiple, 18 x 14
    assert prepare.network_size((9000, 16)) == (2072, 14)


@pytest.mark.parametrize("name", PROCESSING["images"])
def test_preparation(name):
    file = golden("processing.npz")
    pixels = (file[f"image_{name}"] / 255).astype(np.float32)
    size = prepare.network_size(pixels.shape[:2], PROCESSING["target"])
    np.testing.assert_allclose(prepare.prepared(pixels, size), file[f"rgb_{name}"], rtol=0, atol=2e-4)
    if f"bgr_{name}" in file:
        swapped = prepare.prepared(pixels, size, swapped=True)
        np.testing.assert_allclose(swapped, file[f"bgr_{name}"], rtol=0, atol=2e-4)


def test_pixels_of_any_making_can_be_prepared():
    pixels = photograph().pixels
    expected = prepare.prepared(pixels, (70, 112))
    frozen, mirrored_twice = pixels.copy(), pixels[:, ::-1].copy()[:, ::-1]
    frozen.flags.writeable = False
    for same in (frozen, mirrored_twice, pixels.astype(np.float64), np.asfortranarray(pixels)):
        torch.testing.assert_close(prepare.prepared(same, (70, 112)), expected)


def test_restoring():
    file = golden("processing.npz")
    found = prepare.restored(torch.from_numpy(file["raw"])[None], file["upsampled"].shape)[0]
    np.testing.assert_allclose(found, file["upsampled"], rtol=0, atol=2e-4 * np.ptp(file["upsampled"]))
