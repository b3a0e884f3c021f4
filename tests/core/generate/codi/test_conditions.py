"""What the generator is told: the reference's own contexts, batches of all sorts, negative texts, and what is kept."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core.errors import Cancelled, InputError
from see2sound_nodes.s2s_core.generate.codi import clip, conditions, files, pictures, temporal
from see2sound_nodes.s2s_core.generate.codi.conditions import FILM, TEXT, VISION, Condition, context, needed
from see2sound_nodes.s2s_core.generate.codi.words import EMPTY
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .tiny import SMALL, TINY, error, golden, state

EMBEDDING, VIDEO = 5e-6, 1e-4
STILL = golden("clip_image")["u8_224"].numpy()[None]
MOVING = pictures.frames(golden("clip_video")["video"].numpy())
IDS = golden("clip_text")["ids"].numpy().astype(np.int64)
TEXTS = golden("clip_text")["embed"]
CAT, WAVES = 1, 2
MACHINE = HeadlessRuntime("cpu")


@pytest.fixture
def networks():
    """Fresh ones, that remember nothing yet."""
    found = state("clip_vision", "clip_text", "clip_temporal")
    tensors = files.Tensors(found, dict.fromkeys(found, Path("CoDi_encoders.pth")), {})
    film = temporal.Film(clip.load_vision(tensors, TINY), temporal.load_temporal(tensors, TINY))
    return {VISION: film.vision, FILM: film, TEXT: clip.load_text(tensors, TINY)}


def only(networks, *names):
    return {name: networks[name] for name in names}


def told(samples, networks, **settings):
    """The context, from no more networks than `needed` names."""
    asked = needed(samples, settings.get("negative"), settings.get("guided", True))
    return context(samples, only(networks, *asked), runtime=MACHINE, **settings)


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)


# --- the reference ---


@pytest.mark.parametrize(
    ("case", "sample"),
    [
        ("e2e_image", Condition(seen=STILL)),
        ("e2e_image_text", Condition(seen=STILL, words=IDS[CAT])),
        ("e2e_text", Condition(words=IDS[CAT])),
    ],
)
def test_contexts_are_the_references(case, sample, networks):
    assert list(sample.shares.values()) == SMALL["cases"][case]["weights"]
    assert error(told([sample], networks), golden(case)["context"]) < EMBEDDING


def test_a_video_stands_beside_an_empty_one_of_its_length(networks):
    found = told([Condition(seen=MOVING)], networks)
    wanted = golden("clip_video")
    assert error(found, torch.cat([wanted["uncond_embed"], wanted["embed"]])) < VIDEO


# --- mixtures ---


def all_sorts():
    return [
        Condition(seen=STILL),
        Condition(words=IDS[CAT]),
        Condition(seen=MOVING, words=IDS[WAVES], seen_weight=3.0),
        Condition(seen=noise(1), words=IDS[CAT]),
        Condition(seen=MOVING[:2]),
    ]


@pytest.mark.parametrize("negative", [None, IDS[WAVES]], ids=["plain", "negative"])
@pytest.mark.parametrize("guided", [True, False], ids=["guided", "unguided"])
def test_no_sound_depends_on_another(networks, guided, negative):
    samples = all_sorts()
    together = told(samples, networks, negative=negative, guided=guided)
    assert together.shape == ((2 if guided else 1) * len(samples), 1, 64)
    assert together.dtype == torch.float32 and together.device.type == "cpu"
    alone = [told([sample], networks, negative=negative, guided=guided) for sample in samples]
    assert error(torch.stack(alone, dim=1).flatten(0, 1), together) < EMBEDDING


def test_more_pictures_than_go_at_once(networks, monkeypatch):
    samples = [Condition(seen=noise(seed), words=IDS[CAT]) for seed in range(5)]
    whole = told(samples, networks)
    monkeypatch.setattr(conditions, "TOGETHER", 2)
    networks[VISION].empty.clear()
    assert error(told(samples, networks), whole) < EMBEDDING


def test_a_mixture_is_a_weighted_mean_and_not_brought_to_length_one(networks):
    parts = [told([Condition(seen=STILL)], networks), told([Condition(words=IDS[CAT])], networks)]
    mixed = told([Condition(STILL, IDS[CAT], 3.0, 1.0)], networks)
    assert error(mixed, 0.75 * parts[0] + 0.25 * parts[1]) < EMBEDDING
    assert mixed[1].norm() < 0.99
    assert error(told([Condition(STILL, IDS[CAT], 0.3, 0.1)], networks), mixed) < EMBEDDING
    assert error(told([Condition(STILL, IDS[CAT], 0.0, 2.0)], networks), parts[1]) < EMBEDDING


def test_without_guidance_there_is_only_what_a_sound_is_made_from(networks):
    samples = all_sorts()
    alone = told(samples, networks, guided=False)
    assert not networks[VISION].empty and networks[TEXT].empty is None
    assert error(alone, told(samples, networks)[len(samples) :]) < EMBEDDING


def test_a_negative_text_takes_the_place_of_the_empty_one(networks):
    samples = [Condition(words=IDS[CAT]), Condition(STILL, IDS[CAT]), Condition(seen=STILL)]
    plain, against = (told(samples, networks, negative=negative) for negative in (None, IDS[WAVES]))
    assert error(against[3:], plain[3:]) < EMBEDDING  # what the sounds are made from stays
    gray, waves = golden("clip_uncond_image")["embed"][0], TEXTS[WAVES]
    for found, wanted in zip(against[:3], [waves, (gray + waves) / 2, waves], strict=True):
        assert error(found, wanted) < EMBEDDING
    assert error(told(samples, networks, negative=EMPTY)[:2], plain[:2]) < EMBEDDING


# --- what is asked of networks ---


@pytest.mark.parametrize(
    ("samples", "negative", "guided", "asked"),
    [
        ([Condition(seen=STILL)], None, True, (VISION,)),
        ([Condition(seen=STILL)], IDS[CAT], True, (VISION, TEXT)),
        ([Condition(seen=STILL)], IDS[CAT], False, (VISION,)),
        ([Condition(words=EMPTY)], None, True, (TEXT,)),
        ([Condition(seen=STILL), Condition(seen=MOVING)], None, True, (FILM,)),
        ([Condition(seen=STILL), Condition(words=IDS[CAT])], None, False, (VISION, TEXT)),
    ],
)
def test_only_what_is_needed_is_asked_for(samples, negative, guided, asked):
    assert needed(samples, negative, guided) == asked


class Counting(HeadlessRuntime):
    """Remembers how much work was announced."""

    def __post_init__(self):
        super().__post_init__()
        self.totals = []
        self.listen = lambda label, done, total: self.totals.append((label, total)) if not done else None


def test_nothing_is_computed_once_for_a_network(networks):
    samples, layers = [Condition(STILL, IDS[CAT]), Condition(seen=MOVING)], 3
    first, again = Counting("cpu"), Counting("cpu")
    found = [context(samples, only(networks, FILM, TEXT), runtime=runtime) for runtime in (first, again)]
    assert first.totals == [("looking at pictures", 3 * layers), ("reading words", layers)]
    assert again.totals == [("looking at pictures", 2 * layers), ("reading words", layers)]
    assert error(*found) < EMBEDDING
    assert set(networks[VISION].empty) == {1, 4} and networks[TEXT].empty.shape == (1, 64)


def test_cancel_is_heard_within_a_layer(networks):
    runtime = HeadlessRuntime("cpu", cancel=threading.Event())
    steps = []

    def listen(label, done, total):
        steps.append(done)
        if done == 2:
            runtime.cancel.set()

    runtime.listen = listen
    with pytest.raises(Cancelled, match=r"looking at pictures \(2 of 3\)"):
        context([Condition(seen=STILL)], only(networks, VISION), runtime=runtime)
    assert steps == [0, 1, 2] and not networks[VISION].empty


# --- what is refused ---


@pytest.mark.parametrize("weights", [(0.0, 0.0), (-1.0, 2.0), (float("nan"), 1.0), (1.0, float("inf"))])
def test_weights_are_numbers_from_0_up(weights):
    with pytest.raises(InputError, match="weights of what a sound is made from"):
        Condition(STILL, IDS[CAT], *weights)


def test_a_weight_of_what_is_not_there_is_not_asked():
    assert Condition(seen=STILL, words_weight=-1.0).shares == {"seen": 1.0}
    with pytest.raises(InputError, match="weights"):
        Condition(seen=STILL, seen_weight=0.0)


def test_something_is_needed(networks):
    with pytest.raises(InputError, match="neither a picture nor words"):
        Condition()
    with pytest.raises(InputError, match="no sound to make"):
        context([], networks, runtime=MACHINE)
