"""The photographs that come with this package, outlines of things in them, drawn by hand, and clips made of them.

`workflows/media/LICENCES.md` says whose photographs they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..errors import check_choice, check_range
from ..types import Picture
from .clips import Clip, clip_from_array
from .images import load_picture

FOLDER = Path(__file__).parents[2] / "workflows" / "media"

# Picture -> thing -> its outline, (x, y) in pixels.
OUTLINES = {
    "rocket": {
        "rocket": ((321, 126), (332, 140), (334, 405), (310, 405), (309, 180), (311, 140)),
        "left tower": ((48, 0), (88, 0), (80, 340), (72, 426), (0, 426), (2, 370), (30, 190)),
        "right tower": ((560, 0), (606, 0), (622, 110), (639, 180), (639, 426), (568, 426), (564, 190)),
    },
    "coffee": {
        "cup": (
            *((174, 110), (178, 75), (205, 40), (250, 20), (300, 16), (350, 28), (385, 55), (404, 95), (400, 150)),
            *((388, 210), (360, 250), (310, 272), (262, 268), (228, 306), (204, 310), (200, 294), (216, 250)),
            *((186, 205), (178, 160)),
        ),
        "spoon": (
            *((404, 72), (418, 68), (424, 80), (396, 205), (390, 236), (404, 262), (402, 296), (382, 322)),
            *((352, 322), (330, 300), (328, 272), (350, 248), (378, 236), (384, 205)),
        ),
    },
    "chelsea": {
        "cat": (
            *((40, 130), (28, 90), (36, 40), (60, 0), (335, 0), (356, 40), (352, 90), (372, 105), (366, 150)),
            *((352, 195), (350, 235), (318, 270), (290, 299), (0, 299), (0, 245), (36, 190)),
        ),
    },
    "astronaut": {
        "astronaut": (
            *((156, 90), (168, 45), (215, 15), (265, 22), (298, 60), (296, 110), (268, 145), (300, 200), (312, 232)),
            *((345, 265), (360, 340), (300, 390), (282, 440), (282, 511), (40, 511), (22, 440), (30, 330), (60, 250)),
            *((118, 205), (130, 170), (178, 145)),
        ),
        "helmet": (
            *(
                (284, 511),
                (284, 450),
                (300, 400),
                (340, 360),
                (400, 344),
                (445, 352),
                (480, 390),
                (500, 450),
                (500, 511),
            ),
        ),
        "model shuttle": (
            *((352, 226), (384, 180), (386, 80), (396, 70), (396, 20), (404, 0), (440, 0), (452, 60), (456, 200)),
            *((462, 240), (450, 276), (376, 284), (372, 236)),
        ),
    },
}
SAMPLES = tuple(OUTLINES)

CLIP_SIZE = (320, 480)  # height and width
VIEW = (0.8, 0.6)
"""Share of a photograph that a clip shows of it, at its start and at its end."""


def load_sample(name: str) -> Picture:
    """The photograph called `name` in SAMPLES."""
    check_choice("sample picture", name, SAMPLES)
    return load_picture(FOLDER / f"{name}.jpg")


def sample_masks(name: str) -> np.ndarray:
    """Masks of the things in OUTLINES of a photograph, bool [N, H, W] at its size, in their order."""
    height, width = load_sample(name).size
    masks = []
    for outline in OUTLINES[name].values():
        mask = Image.new("1", (width, height))
        ImageDraw.Draw(mask).polygon(outline, fill=1)
        masks.append(np.asarray(mask))
    return np.stack(masks)


def sample_clip(name: str, seconds: float = 6.0, rate: float = 12.0) -> Clip:
    """A silent clip, 480 x 320 pixels, of the photograph called `name` in SAMPLES: the camera pans over it from left to
    right and closes in. `seconds` 1..60, `rate` 1..60 frames per s; all frames are in memory, 0.5 MB each."""
    check_range("seconds", seconds, 1, 60, "s")
    check_range("frame rate", rate, 1, 60, "frames per s")
    check_choice("sample picture", name, SAMPLES)
    with Image.open(FOLDER / f"{name}.jpg") as file:
        photograph = file.convert("RGB")
    size = np.array(CLIP_SIZE[::-1])
    whole = size * np.min(photograph.size / size)
    frames = []
    for share in np.linspace(0, 1, round(seconds * rate)):
        view = whole * np.interp(share, (0, 1), VIEW)
        corner = (photograph.size - view) * (share, 0.25)  # faces are in the upper part
        box = tuple(map(float, (*corner, *(corner + view))))
        frames.append(np.asarray(photograph.resize(CLIP_SIZE[::-1], Image.Resampling.BILINEAR, box)))
    return clip_from_array(np.stack(frames), rate, name)
