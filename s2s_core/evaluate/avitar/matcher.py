"""AViTAR (Chen et al. 2022, arXiv 2202.06875) as a backend: a sound as it would be in the place that a picture shows.

The sound first loses its own room (VIDA), then gets that of the picture. The networks know 16 kHz and 2.56 s; chunks of
all channels go through them together, as many at a time as memory allows.

What SEE-2-SOUND published differs from the default here: it mixes noise into the sound before the network hears it, and
turns it over as likely as not, which is how training was done; and of a clip it takes the first 2.56 s, in mono.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backend import Backend
from ...errors import WeightsError
from ...models.batches import Batches
from ...models.steps import stepping
from ...runtime import Runtime, generator
from ...types import Picture
from . import files, noise
from .chunks import CHUNK, RATE, Chunks, Place, resampled
from .prepare import prepared
from .settings import MODES, Settings

if TYPE_CHECKING:
    from .pair import Pair

TOGETHER = {"cpu": 1}  # chunks at a time; on a CPU more bring nothing
TOGETHER_ELSEWHERE = 16
CHUNK_BYTES = 64 << 20  # activations of one chunk


class Avitar:
    """The backend, a `settings.Matcher`. The networks are read when first needed; a pickle travels without them."""

    def __init__(self):
        self._pair: Pair | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_pair": None}

    def __call__(
        self, picture: Picture, samples: np.ndarray, sample_rate: int, settings: Settings, runtime: Runtime
    ) -> tuple[np.ndarray, int]:
        """Samples and their rate: as they came in, with nothing above 8 kHz; as published [C, 40960 or less] at 16 kHz.

        Raises MissingModelError, and WeightsError for a file that is not what it should be.
        """
        sound = resampled(samples, sample_rate, RATE)
        if not MODES[settings.mode].whole:
            return np.stack([self._first(picture, one[:CHUNK], settings, runtime) for one in sound]), RATE
        peak = float(np.abs(sound).max(initial=0.0)) or 1.0  # the clips of the training reached 1
        chunks = Chunks(sound / peak)
        self._pass(picture, chunks.places, chunks.taken, chunks.put, settings, runtime)
        return resampled(chunks.result * peak, RATE, sample_rate)[:, : samples.shape[1]], sample_rate

    def _first(self, picture: Picture, sound: np.ndarray, settings: Settings, runtime: Runtime) -> np.ndarray:
        """One chunk at the level that it has, [CHUNK or less] -> the same."""
        chunk, made = np.pad(sound, (0, CHUNK - len(sound)))[None], []
        self._pass(picture, [(0, 0)], lambda _: chunk, lambda _, sound: made.append(sound), settings, runtime)
        return made[0][: len(sound)]

    def _pass(
        self,
        picture: Picture,
        places: Sequence[Place],
        taken: Callable[[Sequence[Place]], np.ndarray],
        put: Callable[[Place, np.ndarray], None],
        settings: Settings,
        runtime: Runtime,
    ) -> None:
        """Chunk by chunk: what `taken` gives for some of `places`, [N, CHUNK], through the networks to `put`."""
        if not places:
            return
        import torch

        batches = Batches(min(len(places), TOGETHER.get(runtime.device.split(":")[0], TOGETHER_ELSEWHERE)))
        with (
            runtime.progress("AViTAR", len(places)) as bar,
            runtime.resident(self._networks(runtime), CHUNK_BYTES * batches.size) as pair,
            stepping(pair.blocks, partial(bar.step, 0)),  # cancel is heard between the networks' blocks
            torch.inference_mode(),
        ):

            def there(values: np.ndarray) -> torch.Tensor:
                return torch.from_numpy(values).to(runtime.device)

            def made(some: Sequence[Place]) -> Iterable[np.ndarray]:
                more = map(there, _disturbance(some, settings))
                sounds = pair(there(taken(some)), seen, *more).cpu().numpy()
                bar.step(len(some))
                return sounds

            seen = pair.look(there(prepared(picture)))
            for place, sound in zip(places, batches(made, places), strict=True):
                if not np.isfinite(sound).all():
                    raise WeightsError("AViTAR gives values that are not finite: verify its file")
                put(place, sound)

    def _networks(self, runtime: Runtime) -> Pair:
        if self._pair is None:
            from .pair import load

            self._pair = load(*(files.find(part, runtime) for part in files.PARTS))
        return self._pair


def _disturbance(places: Sequence[Place], settings: Settings) -> tuple[np.ndarray, ...]:
    """What is mixed in, [N, CHUNK] in units of each sound's RMS, and the signs, [N, 1]; nothing where the mode says so.

    All channels get the same, so that they stay together.
    """
    noisy = MODES[settings.mode].noisy
    if not noisy and settings.snr is None:
        return ()
    noises, signs = [], []
    for _, number in places:
        rng = generator(settings.seed, number)
        noises.append(noise.drawn(rng, CHUNK, settings.snr))
        signs.append([rng.choice((-1.0, 1.0)) if noisy else 1.0])
    return np.stack(noises), np.array(signs, np.float32)


BACKEND = Backend(
    name="AViTAR",
    summary="the room of the picture, by a network that has seen and heard many (non-commercial); 16 kHz, each channel "
    "by itself",
    load=lambda runtime: Avitar(),
    weights=(files.NAME,),
    converted=files.ready,
)
