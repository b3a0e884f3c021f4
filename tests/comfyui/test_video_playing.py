"""The films that we write: a real browser plays them and decodes all channels; ComfyUI's own Save Video keeps them.

The first half needs Chromium and Playwright, the second ComfyUI.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from see2sound_nodes.s2s_core.media import mux
from see2sound_nodes.s2s_core.media.clips import clip_from_array

from .client import Client
from .pages import served
from .server import Server
from .test_playing import DECODE, RATE, TAGS, TONES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.comfyui

SECONDS, FPS, HEIGHT, WIDTH = 1.0, 10, 64, 96
PLAY = """(name) => new Promise((resolve) => {
    const video = document.createElement('video')
    const seen = []
    const facts = (fault) => ({ seen, fault, seconds: video.duration, size: [video.videoWidth, video.videoHeight] })
    for (const event of ['playing', 'ended', 'error']) {
        video.addEventListener(event, () => {
            seen.push(event)
            if (event !== 'playing') resolve(facts(video.error?.message ?? ''))
        })
    }
    video.src = name
    document.body.append(video)
    video.play().catch((fault) => resolve(facts(String(fault))))
    setTimeout(() => resolve(facts('too late')), 15000)
})"""
CASES = [(suffix, codec, layout) for suffix, kind in mux.FILMS.items() for codec in kind.codecs for layout in TONES]
PLAYED = [case for case in CASES if case[0] in (".mp4", ".m4v", ".mkv", ".webm")]
"""Chromium takes no QuickTime file: ".mov" is for editing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of film with every layout, a tone of its own in each channel, and an empty page."""
    place = tmp_path_factory.mktemp("films")
    pictures = np.random.default_rng(1).random((round(SECONDS * FPS), HEIGHT, WIDTH, 3), np.float32)
    for suffix, codec, layout in CASES:
        clip = clip_from_array(pictures, FPS)
        path = place / _name(suffix, codec, layout)
        mux.write_video(path, clip, _tones(layout), monitor=_tones("stereo"), codec=codec, metadata=TAGS)
    return place


@pytest.fixture(scope="module")
def page(folder: Path, browser: Browser) -> Iterator[Page]:
    """A page of a server that serves nothing but `folder`."""
    with served(folder, browser) as opened:
        yield opened


@pytest.mark.parametrize(("suffix", "codec", "layout"), PLAYED)
def test_every_channel_of_a_film_is_decoded_in_its_place(page: Page, suffix: str, codec: str, layout: str):
    decoded = page.evaluate(DECODE, _name(suffix, codec, layout))
    channels = np.array(decoded["channels"])
    assert decoded["rate"] == RATE and len(channels) == len(TONES[layout])
    assert _dominant(channels) == pytest.approx(TONES[layout], abs=2)
    assert channels.shape[1] / RATE == pytest.approx(SECONDS, abs=0.05)


@pytest.mark.parametrize(("suffix", "codec", "layout"), [case for case in PLAYED if case[2] == "5.1"])
def test_the_film_plays_to_its_end(page: Page, suffix: str, codec: str, layout: str):
    played = page.evaluate(PLAY, _name(suffix, codec, layout))
    assert (played["fault"], played["seen"][0], played["seen"][-1]) == ("", "playing", "ended")
    assert played["size"] == [WIDTH, HEIGHT]
    assert played["seconds"] == pytest.approx(SECONDS, abs=0.05)


@pytest.mark.parametrize("format", ["auto", "mp4"])
def test_save_video_keeps_the_channels_and_the_pictures(client: Client, server: Server, folder: Path, format: str):
    """VIDEO made of a file of ours, as Load Video makes it: the streams are copied."""
    name = _name(".mp4", "AAC", "5.1")
    client.upload(folder / name)
    prefix = f"films/{format}"
    saved = {"video": ["1", 0], "filename_prefix": prefix, "format": format, "codec": "auto"}
    graph = {
        "1": {"class_type": "LoadVideo", "inputs": {"file": name}},
        "2": {"class_type": "SaveVideo", "inputs": saved},
    }
    assert client.run(graph).succeeded
    (path,) = (server.base / "output" / "films").glob(f"{format}_*.mp4")
    packets, layouts, tags, samples = _contents(path)
    assert packets == _contents(folder / name)[0]
    assert layouts == ["5.1", "stereo"]
    assert json.loads(tags["workflow"]) == json.loads(TAGS["workflow"]) and "SaveVideo" in tags["prompt"]
    assert _dominant(samples) == pytest.approx(TONES["5.1"], abs=2)


def _contents(path: Path) -> tuple[list[bytes], list[str], dict[str, str], np.ndarray]:
    """Packets of the pictures, layouts of the tracks, tags, and the samples [C, T] of the first track."""
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    with av.open(str(path)) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
        return packets, [stream.layout.name for stream in container.streams.audio], dict(container.metadata), samples


def _tones(layout: str) -> mux.Soundtrack:
    time = np.arange(round(SECONDS * RATE)) / RATE
    samples = np.stack([0.5 * np.sin(2 * np.pi * tone * time) for tone in TONES[layout]]).astype(np.float32)
    return mux.Soundtrack([samples], RATE, layout, samples.shape[1])


def _dominant(channels: np.ndarray) -> np.ndarray:
    spectrum = np.abs(np.fft.rfft(channels * np.hanning(channels.shape[1])))
    return np.argmax(spectrum, axis=1) * RATE / channels.shape[1]


def _name(suffix: str, codec: str, layout: str) -> str:
    return f"{codec}_{layout}{suffix}"
