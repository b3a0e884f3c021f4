"""One ComfyUI server and one browser page for all tests of this folder. What is absent is skipped with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from . import weights
from .client import Client
from .host import REPOSITORY, HostUnavailable, find
from .server import Server

if TYPE_CHECKING:
    from .browser import ComfyPage


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The running engine with this pack, the sample media in its input folder, and made-up weights in its models."""
    try:
        host = find()
    except HostUnavailable as error:
        pytest.skip(f"ComfyUI engine not available: {error}")
    with Server(host, REPOSITORY, tmp_path_factory.mktemp("comfyui")) as running:
        weights.write(running.base / "models")
        for file in sorted((REPOSITORY / "workflows/media").iterdir()):
            running.client.upload(file)
        yield running


@pytest.fixture
def client(server: Server) -> Client:
    return server.client


@pytest.fixture(scope="session")
def open_browser(server: Server) -> Iterator[ComfyPage]:
    pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    from .browser import chromium, open_page

    if not chromium():
        pytest.skip("no Chromium on PATH and none named by S2S_CHROMIUM")
    with open_page(server.client.url) as page:
        yield page


@pytest.fixture
def page(open_browser: ComfyPage) -> ComfyPage:
    """The page without the complaints and errors of the test before."""
    open_browser.dismiss_complaints()
    open_browser.errors.clear()
    return open_browser
