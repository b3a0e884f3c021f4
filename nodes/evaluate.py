"""Evaluate: match sound to a place, say how alike sounds are, and whether they come from where they should."""

from .. import s2s_core as core
from . import sockets
from .host import runtime

CATEGORY = f"{sockets.CATEGORY}/evaluate"
NOT_SCORED = float("nan")
SCALES = {
    "corrected": "1 is the same",
    "paper": "the same: about 1e-4 in MFCC-DTW, 0.8 in SWASS; unrelated: 0.5 in rhythm and perceptual",
}
"""Definition -> how its scores are to be read."""


class MatchAcoustics:
    DESCRIPTION = "Makes a sound suit the place that a picture shows (acoustic matching, AViTAR)."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["AViTAR", "acoustic matching", "reverb from image", "visual acoustic matching"]
    RETURN_TYPES = ("AUDIO",)
    RETURN_NAMES = ("audio",)
    OUTPUT_TOOLTIPS = ("The same sounds as they would be in that place.",)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "matcher": (sockets.MATCHER, {"tooltip": "The model, from 'Load Acoustic Matcher'."}),
                "image": ("IMAGE", {"tooltip": "A picture of the place."}),
                "audio": (
                    "AUDIO",
                    {"tooltip": "Mono clips (best: before 'Spatialize') or one surround mix, channel by channel."},
                ),
                "mode": (
                    list(core.evaluate.MODES),
                    {
                        "tooltip": "default: the whole sound, in step with itself. as published: mono, 2.56 s, with "
                        "noise, as SEE-2-SOUND's evaluation ran it.",
                    },
                ),
                "seed": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": 0xFFFFFFFFFFFFFFFF,
                        "control_after_generate": True,
                        "tooltip": "Another seed draws other noise, where there is any.",
                    },
                ),
            },
            "optional": {
                "room": (
                    sockets.ROOM,
                    {"tooltip": "For the stand-in, which cannot judge a picture: the room whose T60 it takes."},
                ),
            },
        }

    @classmethod
    def execute(cls, matcher, image, audio, mode, seed, room=None):
        rooms = {"room": room} if room else {}
        settings = core.evaluate.Settings(mode=mode, seed=seed, **rooms)
        picture, made = sockets.picture_from(image), []
        for sound in sockets.sounds_from(audio):
            made.append(core.evaluate.match(matcher, picture, sound, settings, runtime=runtime()))
        if isinstance(made[0], core.types.AudioTrack):
            return (sockets.audio_from(tuple(made)),)
        return (sockets.surround_audio_from(*made),)


class CompareSounds:
    DESCRIPTION = "How alike two sounds are, by the metrics of the paper."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["similarity", "metrics", "MFCC", "chroma", "score"]
    RETURN_TYPES = (*["FLOAT"] * 7, "IMAGE", "STRING")
    RETURN_NAMES = (
        *("mfcc_dtw", "zcr", "rhythm", "chroma", "spectral_contrast", "perceptual", "swass"),
        *("image", "report"),
    )
    OUTPUT_TOOLTIPS = (
        "Timbre over time. NaN, here as below: not scored.",
        "How noisy they are, by zero crossings.",
        "Whether things begin at the same moments.",
        "Whether the same notes sound.",
        "Peaks against valleys of the spectrum.",
        "Intelligibility (STOI), both ways.",
        "The weighted mean of the five before.",
        "All scores as a table with bars.",
        "All scores in words.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "first": ("AUDIO", {"tooltip": "One sound. Its channels are averaged."}),
                "second": ("AUDIO", {"tooltip": "The sound to compare it with."}),
                "definition": (
                    list(core.evaluate.DEFINITIONS),
                    {
                        "tooltip": "corrected: each metric as it is meant. paper: as the authors' program computes it, "
                        "faults included (needs librosa). Never compare one with the other.",
                    },
                ),
            }
        }

    @classmethod
    def execute(cls, first, second, definition):
        sounds = [sockets.one_sound_from(audio, name) for audio, name in ((first, "first"), (second, "second"))]
        scores = core.evaluate.DEFINITIONS[definition](*sounds)
        values = [getattr(scores, name) for name in core.evaluate.METRICS]
        texts = ["not scored" if value is None else f"{value:.4f}" for value in values]
        rows = list(zip(core.evaluate.METRICS, values, texts, strict=True))
        subtitle = scores.reason or f"{definition} definition; {SCALES[definition]}"
        drawn = core.figures.score_bars("Similarity", subtitle, rows)
        report = "\n".join([*(f"{name:18} {text}" for name, _, text in rows), subtitle])
        floats = [NOT_SCORED if value is None else value for value in values]
        return (*floats, sockets.image_from(drawn), report)


class ScoreSpatial:
    DESCRIPTION = "Whether a mix sounds from where its sources are: direction error, sides, dead channels, loudness."
    CATEGORY = CATEGORY
    SEARCH_ALIASES = ["spatial score", "direction error", "energy vector", "localization"]
    RETURN_TYPES = ("FLOAT", "FLOAT", "FLOAT", "IMAGE", "STRING")
    RETURN_NAMES = ("direction_error", "left_right", "front_back", "image", "report")
    OUTPUT_TOOLTIPS = (
        "Mean angle in degrees between where sources are and where they sound from. NaN: not scored.",
        "Share of the sources that sound from their own side, 0 to 1.",
        "Share of the sources that sound from front or back as they should, 0 to 1.",
        "All scores as a table with bars.",
        "All scores in words, with dead channels and levels.",
    )
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "sources": (sockets.SOURCES, {"tooltip": "Where things are, from 'Locate Sources'."}),
                "surround": ("AUDIO", {"tooltip": "The mix, from 'Spatialize'."}),
                "stems": ("AUDIO", {"tooltip": "The same mix taken apart, from 'Stems'."}),
                "layout": sockets.layout_input(),
            }
        }

    @classmethod
    def execute(cls, sources, surround, stems, layout):
        mix = core.spatialize.measured(sockets.surround_from(surround, layout, name="surround"), runtime())
        points = [not source.background for source in sources]  # an ambience is from nowhere
        parts = sockets.surrounds_from(stems, layout, name="stems")
        if len(parts) != len(sources):
            raise core.errors.InputError(
                f"there are {len(sources)} sources and {len(parts)} stems; each source needs one: connect 'Stems'"
            )
        chosen = [[one for one, point in zip(both, points, strict=True) if point] for both in (parts, sources)]
        scores = core.evaluate.spatial.score(mix, *chosen)
        rows = [
            ("direction error", scores.direction_error, 180, "{:.1f} degrees"),
            ("left or right as seen", scores.left_right, 1, "{:.0%}"),
            ("front or back as seen", scores.front_back, 1, "{:.0%}"),
        ]
        shown = [
            (name, None, "not scored") if value is None else (name, value / full, form.format(value))
            for name, value, full, form in rows
        ]
        dead = "not scored" if scores.dead is None else ", ".join(scores.dead) or "none"
        levels = f"{scores.loudness:.1f} LUFS, true peak {scores.true_peak:.1f} dBTP, dead channels: {dead}"
        drawn = core.figures.score_bars("Spatial truth", f"{scores.scored} sources scored; {levels}", shown)
        report = "\n".join([*(f"{name:24} {text}" for name, _, text in shown), levels])
        floats = [NOT_SCORED if value is None else value for _, value, _, _ in rows]
        return (*floats, sockets.image_from(drawn), report)


NODES = {
    "S2S_MatchAcoustics": (MatchAcoustics, "Match Acoustics"),
    "S2S_CompareSounds": (CompareSounds, "Compare Sounds"),
    "S2S_ScoreSpatial": (ScoreSpatial, "Spatial Score"),
}
