"""The files that we write, in a real browser: all channels decode in their order, and the player plays them.

Needs Chromium and Playwright, not ComfyUI.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from see2sound_nodes.s2s_core.media import sound

from .pages import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.comfyui

RATE, SECONDS = 48000, 1.0
TONES = {"stereo": (300, 400), "5.1": (300, 400, 500, 60, 700, 800), "7.1": (300, 400, 500, 60, 700, 800, 900, 1000)}
TAGS = {"workflow": '{"nodes": []}', "prompt": "{}"}
DECODE = """async (name) => {
    const bytes = await (await fetch(name)).arrayBuffer()
    const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes)
    const channels = Array.from({ length: sound.numberOfChannels }, (_, c) => Array.from(sound.getChannelData(c)))
    return { rate: sound.sampleRate, channels }
}"""
PLAY = """(name) => new Promise((resolve) => {
    const audio = new Audio(name)
    const heard = []
    for (const event of ['playing', 'ended', 'error']) {
        audio.addEventListener(event, () => {
            heard.push(event)
            if (event !== 'playing') resolve({ heard, seconds: audio.duration, fault: audio.error?.message ?? '' })
        })
    }
    audio.play().catch((fault) => resolve({ heard, seconds: 0, fault: String(fault) }))
    setTimeout(() => resolve({ heard, seconds: audio.duration, fault: 'too late' }), 10000)
})"""
CASES = [(format, layout) for format in sound.FORMATS for layout in TONES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every format with every layout, a tone of its own in each channel, and an empty page."""
    place = tmp_path_factory.mktemp("played")
    time = np.arange(round(SECONDS * RATE)) / RATE
    for format, layout in CASES:
        samples = np.stack([0.5 * np.sin(2 * np.pi * tone * time) for tone in TONES[layout]]).astype(np.float32)
        sound.write_samples(place / _name(format, layout), samples, RATE, layout, format, TAGS)
    return place


@pytest.fixture(scope="module")
def page(folder: Path, browser: Browser) -> Iterator[Page]:
    """A page of a server that serves nothing but `folder`."""
    with served(folder, browser) as opened:
        yield opened


@pytest.mark.parametrize(("format", "layout"), CASES)
def test_every_channel_is_decoded_in_its_place(page: Page, format: str, layout: str):
    decoded = page.evaluate(DECODE, _name(format, layout))
    channels = np.array(decoded["channels"])
    assert decoded["rate"] == RATE and len(channels) == len(TONES[layout])
    spectrum = np.abs(np.fft.rfft(channels * np.hanning(channels.shape[1])))
    dominant = np.argmax(spectrum, axis=1) * RATE / channels.shape[1]
    assert dominant == pytest.approx(TONES[layout], abs=2)
    assert channels.shape[1] / RATE == pytest.approx(SECONDS, abs=0.05)


@pytest.mark.parametrize(("format", "layout"), [case for case in CASES if case[1] == "5.1"])
def test_the_player_plays_to_the_end(page: Page, format: str, layout: str):
    played = page.evaluate(PLAY, _name(format, layout))
    assert (played["fault"], played["heard"][0], played["heard"][-1]) == ("", "playing", "ended")
    assert played["seconds"] == pytest.approx(SECONDS, abs=0.05)


def _name(format: str, layout: str) -> str:
    return f"{list(sound.FORMATS).index(format)}_{layout}{sound.FORMATS[format].suffix}"
