"""Matching a sound to the place that a picture shows: any sound in, the same kind of sound out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...backend import Model
from ...errors import InputError, check_choice, check_range
from ...runtime import Runtime
from ...types import AudioTrack, Picture, Surround
from . import guess, loaded, matcher
from .settings import AS_USUAL, MODES, Settings

__all__ = ["BACKENDS", "MODES", "Settings", "identity", "match"]

BACKENDS = {row.name: row for row in (guess.BACKEND, matcher.BACKEND)}

SAMPLE_RATES = (8000, 192000)  # Hz


def match(
    model: Model, picture: Picture, sound: AudioTrack | Surround, settings: Settings = AS_USUAL, *, runtime: Runtime
) -> AudioTrack | Surround:
    """`sound` as it would be in the place that `picture` shows, of the same kind, length, rate and layout.

    Channels are matched each by itself to the same place, and what is between their phases is lost: better match the
    tracks before they are placed. The low-frequency channel stays as it is. A surround's loudness is then not known.
    As published, any sound is averaged to a mono track, of which AViTAR gives at most 2.56 s, at 16 kHz.
    Raises InputError when the sound is binaural or ambisonic, empty, not finite, or at a rate outside 8000..192000 Hz,
    and what the backend raises.
    """
    if isinstance(sound, Surround) and sound.layout.kind != "speakers":
        raise InputError(
            f"the sound to be matched is {sound.layout.name}, whose directions lie between its channels and would be "
            "lost; allowed are a track and loudspeaker channels: match the tracks before 'Spatialize'"
        )
    samples = np.atleast_2d(np.asarray(sound.samples, np.float32))
    check_range("sample rate", sound.sample_rate, *SAMPLE_RATES, "Hz")
    if not samples.size:
        raise InputError("the sound to be matched is empty; allowed is at least one sample")
    if not np.isfinite(samples).all():
        raise InputError("the sound to be matched holds samples that are not finite (NaN or infinite): make it again")
    call = model.of("evaluate")
    if not MODES[settings.mode].whole:
        mono, rate = call(picture, samples.mean(axis=0, keepdims=True), sound.sample_rate, settings, runtime)
        return AudioTrack(mono[0], rate)
    found, _ = call(picture, samples[_directed(sound)], sound.sample_rate, settings, runtime)
    if isinstance(sound, AudioTrack):
        return AudioTrack(found[0], sound.sample_rate)
    matched = samples.copy()
    matched[_directed(sound)] = found
    return replace(sound, samples=matched, loudness=float("nan"), true_peak=float("nan"))


def identity(name: str, runtime: Runtime) -> dict[str, Any]:
    """What the backend called `name` computes with, for a report: of "AViTAR" its `configuration`, and its `files` by
    name with size in bytes and SHA-256; {} for one without weights. Values are those that JSON has.

    Raises InputError for another name, MissingModelError, and WeightsError for a file that cannot be read.
    """
    check_choice("the evaluate model", name, BACKENDS)
    return loaded.identity(runtime) if BACKENDS[name].weights else {}


def _directed(sound: AudioTrack | Surround) -> list[int]:
    """The channels that have a direction."""
    if isinstance(sound, AudioTrack):
        return [0]
    return [index for index, speaker in enumerate(sound.layout.speakers) if not speaker.lfe]
