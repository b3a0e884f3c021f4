"""A photograph to 5.1 through CoDi in its full size, with made-up weights in half-precision files, on the CPU."""

import resource

import numpy as np
import pytest
import torch
from see2sound_nodes.s2s_core import pipeline
from see2sound_nodes.s2s_core.media.samples import load_sample
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .tiny import PUBLISHED, full_manifest, state

pytestmark = pytest.mark.slow
NEEDED = {
    "CoDi_encoders.pth": ("vae_decoder", "vocoder", "clip_vision"),
    "CoDi_audio_diffuser_m.pth": ("unet_audio",),
}


def test_a_photograph_becomes_surround_sound(tmp_path):
    folder = tmp_path / "see2sound" / "codi-fp16"
    folder.mkdir(parents=True)
    assert set(NEEDED) == set(PUBLISHED)
    for name, parts in NEEDED.items():
        tensors = state(*parts, manifest=full_manifest(), salt=0)
        torch.save({key: value.half() for key, value in tensors.items()}, folder / name)
        del tensors
    (tmp_path / "clip_tokenizer").mkdir()
    for name in ("vocab.json", "merges.txt"):  # nothing is said here, so nothing reads them
        (tmp_path / "clip_tokenizer" / name).write_text("{}")
    settings = pipeline.Settings(generator="CoDi", count=2, background=False, seconds=2.0, steps=2)
    scene = pipeline.run(load_sample("rocket"), settings, HeadlessRuntime("cpu", models=(tmp_path,)))
    assert scene.surround.samples.shape[0] == 6 and scene.surround.sample_rate == 16000
    assert np.isfinite(scene.surround.samples).all() and np.abs(scene.surround.samples).max() > 0.001
    assert len({track.samples.tobytes() for track in scene.tracks}) == 2
    assert "CoDi, from its picture (UniPC, 2 steps)" in pipeline.report(scene)
    print(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
