"""Where the loudspeakers stand: one table, a new layout is one new row.

Angles: ITU-R BS.775 and BS.2051 system B (5.1), system I (7.1), system J (7.1.4). Channel order and masks:
WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import numpy as np

from ..types import Layout, Speaker

_FRONT = (Speaker("FL", 30.0), Speaker("FR", -30.0))
_FRONT_AND_LFE = (*_FRONT, Speaker("FC"), Speaker("LFE", lfe=True))
_BACK_110 = (Speaker("BL", 110.0), Speaker("BR", -110.0))
_SIDE_110 = (Speaker("SL", 110.0), Speaker("SR", -110.0))
_BACK_AND_SIDE = (Speaker("BL", 135.0), Speaker("BR", -135.0), Speaker("SL", 90.0), Speaker("SR", -90.0))
_ABOVE = (
    Speaker("TFL", 45.0, 45.0),
    Speaker("TFR", -45.0, 45.0),
    Speaker("TBL", 135.0, 45.0),
    Speaker("TBR", -135.0, 45.0),
)
_EARS = (Speaker("left", 90.0), Speaker("right", -90.0))
_HARMONICS = (Speaker("W"), Speaker("Y", 90.0), Speaker("Z", 0.0, 90.0), Speaker("X"))

LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("stereo", _FRONT, 0x3, "stereo"),
        Layout("5.1", _FRONT_AND_LFE + _BACK_110, 0x3F, "5.1"),
        Layout("5.1(side)", _FRONT_AND_LFE + _SIDE_110, 0x60F, "5.1(side)"),
        Layout("7.1", _FRONT_AND_LFE + _BACK_AND_SIDE, 0x63F, "7.1"),
        Layout("7.1.4", _FRONT_AND_LFE + _BACK_AND_SIDE + _ABOVE, 0x2D63F, "7.1.4"),
        Layout("binaural", _EARS, 0x3, "stereo", kind="binaural"),
        Layout("AmbiX", _HARMONICS, 0, "ambisonic 1", kind="ambisonic"),
    )
}


def main_channels(layout: Layout) -> np.ndarray:
    """Indices of the channels that have a direction (all but the LFE), in file order."""
    return np.array([index for index, speaker in enumerate(layout.speakers) if not speaker.lfe])
