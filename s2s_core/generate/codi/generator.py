"""CoDi (Tang et al. 2023, arXiv 2305.11846) as a backend: a sound for each region, from its picture and its words.

All regions go through the networks together, as many at a time as memory allows, and none depends on another: each has
noise of its own, drawn on the CPU, so that a graph gives the same sound on every machine.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...backend import Backend
from ...errors import InputError, WeightsError, check_range
from ...models.libraries import need
from ...models.steps import stepping
from ...runtime import Progress, Runtime
from ...types import AudioTrack
from ..clips import from_clips
from ..request import Request, Sampling
from . import conditions, pictures, windows, words
from .networks import AUTO, Networks, ready
from .sampler import SAMPLERS, calls, chosen, guided, sample, start_noise
from .windows import SAMPLE_RATE, Batches

if TYPE_CHECKING:
    import torch

DEFAULT = next(iter(SAMPLERS))
GUIDANCE = (1.0, 30.0)
LIBRARY = "diffusers>=0.35"
WORDS = ("clip-vocabulary", "clip-merges")
FRAMES = 8  # of a moving picture, as many as CoDi's video half was made for
TOGETHER = {"cpu": 1}  # windows in the UNet at a time; on a CPU more only cost memory
TOGETHER_ELSEWHERE = 8
WINDOW_BYTES = 450 << 20  # activations of one guided window of 256 frames in float32: an estimate, not measured
DECODE_BYTES = 900 << 20  # the same for the VAE's decoder and the vocoder

log = logging.getLogger(__name__)


class Codi:
    """The backend. `networks` are read when first needed."""

    def __init__(self, networks: Networks):
        self.networks = networks
        need("diffusers", LIBRARY, "CoDi")

    def __call__(
        self, requests: list[Request], seconds: float, sample_rate: int | None, runtime: Runtime
    ) -> list[AudioTrack]:
        """One track for each request, 16 kHz unless another rate is asked for.

        A run that was cancelled gives what it would have given when it is run again. Raises InputError for settings
        that are not allowed, before any network is read.
        """
        manner = requests[0].sampling
        check(manner)
        context = self._context(requests, manner, runtime)
        noise = np.stack([start_noise(request.rng, windows.frames(seconds)) for request in requests])
        latents = self._latents(noise, context, manner, runtime)
        waves = self._waves(latents, runtime)[:, : windows.samples(seconds)]
        if sample_rate in (None, SAMPLE_RATE):
            return [AudioTrack(wave, SAMPLE_RATE) for wave in waves]
        exact = round(seconds * sample_rate)
        resampled = from_clips([(wave[None], SAMPLE_RATE) for wave in waves], sample_rate)
        samples = [np.pad(track.samples, (0, max(0, exact - len(track.samples))))[:exact] for track in resampled]
        return [AudioTrack(sound, sample_rate) for sound in samples]

    def describe(self, request: Request) -> str:
        """What the sound is made from, and how."""
        manner = request.sampling
        row = chosen(manner.sampler or DEFAULT)
        seen, said = _uses(request)
        shown = "its picture" if request.frames is None else "its frames"
        parts = [*([shown] if seen else []), *([f'the words "{request.prompt}"'] if said else [])]
        return f"CoDi, from {' and '.join(parts)} ({row.name}, {calls(row.name, manner.steps or None)} steps)"

    def _context(self, requests: Sequence[Request], manner: Sampling, runtime: Runtime) -> torch.Tensor:
        """[2n, 1, projection], without guidance [n, 1, projection]."""
        said = [request.prompt if _uses(request)[1] else "" for request in requests]
        with_guidance = manner.guidance != 1
        read = words.tokenize([*said, manner.negative if with_guidance else ""], runtime)
        for name, cut in zip([*(request.name for request in requests), "the negative"], read.cut, strict=True):
            if cut:
                log.warning("%s: the last %d tokens of its words do not fit into CLIP's 75: left out", name, cut)
        samples = [_condition(request, ids) for request, ids in zip(requests, read.ids, strict=False)]
        negative = read.ids[-1] if manner.negative.strip() and with_guidance else None
        wanted = conditions.needed(samples, negative, with_guidance)
        networks = self.networks.conditioners(wanted, runtime)
        return conditions.context(samples, networks, negative=negative, guided=with_guidance, runtime=runtime)

    def _latents(self, noise: np.ndarray, context: torch.Tensor, manner: Sampling, runtime: Runtime) -> torch.Tensor:
        """From noise [n, 8, T, 16] to latents of that shape, on the CPU."""
        import torch

        name = manner.sampler or DEFAULT
        steps = manner.steps or None
        batches = Batches(min(_together(runtime), len(noise) * len(windows.starts(noise.shape[2]))))
        unet = self.networks.unet(runtime)
        with runtime.resident(unet, memory=WINDOW_BYTES * batches.size) as network:
            contexts = context.to(runtime.device).unflatten(0, (-1, len(noise)))  # [2 or 1, n, 1, projection]

            def branches(x: torch.Tensor, t: int, rows: Sequence[int], both: bool) -> torch.Tensor:
                sides = contexts if both else contexts[-1:]
                told = sides[:, list(rows)].flatten(0, 1)
                return network(x.repeat(len(sides), 1, 1, 1), t, told).unflatten(0, (len(sides), -1))

            predict = windows.windowed(guided(branches, manner.guidance), batches)
            x = torch.from_numpy(noise).to(runtime.device)
            with runtime.progress(f"CoDi, {name}", calls(name, steps)) as bar, _interruptible(network, bar):
                found = sample(predict, x, sampler=name, steps=steps, step=lambda done, x: bar.step())
        return found.cpu()

    def _waves(self, latents: torch.Tensor, runtime: Runtime) -> np.ndarray:
        """Latents [n, 8, T, 16] -> sound [n, 640 T + 32] float32 at 16 kHz."""
        import torch

        from .vae import guarded

        sounds, _, frames, _ = latents.shape
        total = sounds * len(windows.starts(frames))
        batches = Batches(min(_together(runtime), total))
        latents = guarded(latents)  # the whole sound, not each window by itself
        with torch.inference_mode(), runtime.progress("CoDi, from latent to sound", total) as bar:
            memory = DECODE_BYTES * batches.size
            with runtime.resident(self.networks.vae(runtime), memory) as vae, _interruptible(vae, bar):

                def decoded(x: torch.Tensor, _: Sequence[int]) -> torch.Tensor:
                    mel = vae(x)
                    bar.step(len(x))
                    return mel

                there = latents.to(runtime.device)
                mel = windows.blended(decoded, there, range(sounds), batches, stretch=windows.MEL)  # [n, 1, 4 T, 64]
            with runtime.resident(self.networks.vocoder(runtime), memory) as vocoder, _interruptible(vocoder, bar):
                waves = windows.vocoded(vocoder, mel, batches).numpy()
        if not np.isfinite(waves).all():
            raise WeightsError("CoDi's VAE or vocoder gives values that are not finite: verify its files")
        return waves


def _interruptible(network: torch.nn.Module, bar: Progress) -> AbstractContextManager[None]:
    """Inside, cancel is heard between the network's blocks, long before the step that they make up is done."""
    return stepping(network.blocks, partial(bar.step, 0))


def check(manner: Sampling) -> None:
    """Raise InputError for settings that the backend would refuse; needs no picture."""
    chosen(manner.sampler or DEFAULT)
    check_range("guidance", manner.guidance, *GUIDANCE)
    check_range("steps", manner.steps, 0, 1000, remedy="0 is what suits the sampler")
    if manner.steps != int(manner.steps):
        raise InputError(f"steps is {manner.steps}; allowed is a whole number from 0 to 1000")
    check_range("picture", manner.picture, 0, 1)
    check_range("words", manner.words, 0, 1)


def _uses(request: Request) -> tuple[bool, bool]:
    """Whether its picture, and whether its words, have a say. Raises InputError when neither has."""
    seen, said = request.sampling.picture > 0, request.sampling.words > 0 and bool(request.prompt.strip())
    if not seen and not said:
        raise InputError(
            f"{request.name} has nothing to be made from: the picture's weight is 0 and it has no words that count; "
            "give it a prompt, or the picture a weight"
        )
    return seen, said


def _condition(request: Request, ids: np.ndarray) -> conditions.Condition:
    seen, said = _uses(request)
    return conditions.Condition(
        seen=_seen(request) if seen else None,
        words=ids if said else None,
        seen_weight=request.sampling.picture,
        words_weight=request.sampling.words,
    )


def _seen(request: Request) -> np.ndarray:
    """[f, 224, 224, 3] uint8: the region's box in the picture, or in FRAMES frames evenly over those there are."""
    if request.frames is None:
        return pictures.still(pictures.region_crop(request.picture, request.region))
    count = min(FRAMES, len(request.frames))
    chosen_frames = np.linspace(0, len(request.frames) - 1, count).round().astype(int)
    shots = [replace(request.picture, pixels=request.frames[index]) for index in chosen_frames]
    return pictures.frames(np.stack([pictures.region_crop(shot, request.region) for shot in shots]))


def _together(runtime: Runtime) -> int:
    return TOGETHER.get(runtime.device.split(":")[0], TOGETHER_ELSEWHERE)


def _backend(label: str, name: str, weights: tuple[str, str], summary: str) -> Backend:
    def load(runtime: Runtime, precision: str = AUTO) -> Codi:
        return Codi(Networks(name, precision=precision))

    return Backend(label, summary, load, weights, partial(ready, name), WORDS)


BACKENDS = (
    _backend(
        "CoDi",
        "codi-fp16",
        ("codi-encoders-fp16", "codi-audio-fp16"),
        "sound from pictures and words, the paper's generator; from the published half-precision files",
    ),
    _backend(
        "CoDi (full-precision files)",
        "codi",
        ("codi-encoders", "codi-audio"),
        "the same from the published float32 files, three times as large",
    ),
)
