"""How a scene is mixed: what is left to taste when places, sounds and room are given."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import check_choice, check_range
from .engines import ENGINES
from .pan import LAWS


@dataclass(frozen=True)
class Mixing:
    """`law` and `engine` are keys of LAWS and ENGINES.

    `reverberation` in dB (-60..12) raises all that the room adds, reflections and reverberation; -60 is none of it.
    `rolloff` is the exponent of the direct sound's fall with distance: 1 is physics (-6 dB for twice the distance), 0
    ignores distance. `lfe` in dB (-60..10) is the LFE's level on top of the 10 dB that playback adds; -60 is silent.
    `travel`: the direct sound of a thing far away comes later, as in nature (30 m are 87 ms), no longer in step with
    the picture. Raises InputError for values out of range.
    """

    law: str = "VBIP"
    engine: str = "hybrid"
    reverberation: float = 0.0
    rolloff: float = 0.7
    lfe: float = -6.0
    travel: bool = False

    OFF = -60.0

    def __post_init__(self):
        check_choice("panning law", self.law, LAWS)
        check_choice("room engine", self.engine, ENGINES)
        check_range("reverberation", self.reverberation, self.OFF, 12.0, "dB", "-60 is none")
        check_range("rolloff", self.rolloff, 0.0, 2.0)
        check_range("LFE level", self.lfe, self.OFF, 10.0, "dB", "-60 is silent")

    @property
    def wet(self) -> float:
        """Amplitude of what the room adds."""
        return amplitude(self.reverberation)


def amplitude(level: float) -> float:
    """Factor of a level in dB; 0 at Mixing.OFF or below."""
    return 10 ** (level / 20) if level > Mixing.OFF else 0.0
