"""ViT-B in its full size, with made-up weights: our mask generator against the package's own on two photographs."""

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.media.samples import load_sample
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
from see2sound_nodes.s2s_core.segment import automatic, sam
from segment_anything import SamAutomaticMaskGenerator, sam_model_registry

from .tiny_sam import randomised

pytestmark = pytest.mark.slow
POINTS = 6


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    torch.manual_seed(0)
    theirs = randomised(sam_model_registry["vit_b"]())
    path = tmp_path_factory.mktemp("sam") / "sam_vit_b_01ec64.pth"
    torch.save(theirs.state_dict(), path)
    return theirs, sam.load("SAM ViT-B", path)


@pytest.mark.parametrize("name", ["rocket", "coffee"])
def test_the_masks_are_the_packages_own(networks, name):
    theirs, ours = networks
    pixels = np.rint(load_sample(name).pixels * 255).astype(np.uint8)
    limits = {"predicted_iou": -0.5, "stability": 0.1, "overlap": 0.99999}  # made-up weights are sure of little
    generator = SamAutomaticMaskGenerator(
        theirs,
        points_per_side=POINTS,
        pred_iou_thresh=limits["predicted_iou"],
        stability_score_thresh=limits["stability"],
        box_nms_thresh=limits["overlap"],
    )
    with torch.inference_mode():
        expected = generator.generate(pixels)
    predictor = sam.Predictor(ours, automatic.Limits(**limits))
    found = automatic.masks(predictor, pixels, pixels.shape[:2], HeadlessRuntime("cpu"), POINTS)
    assert len(found) == len(expected) >= 5
    differing = [int(np.count_nonzero(found[i] != wanted["segmentation"])) for i, wanted in enumerate(expected)]
    print(f"{name}: {len(found)} masks of {found[0].size} pixels; differing pixels {differing}")
    assert max(differing) <= 20
    np.testing.assert_allclose(found.predicted_iou, [wanted["predicted_iou"] for wanted in expected], atol=1e-4)
