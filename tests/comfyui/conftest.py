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
    from playwright.sync_api import Browser

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
def browser() -> Iterator[Browser]:
    """The one Chromium of all tests, as Playwright's Browser; the test is skipped where there is none.

    Playwright allows only one driver in a process, so every test that needs a browser takes this fixture and opens a
    page of its own: `page = browser.new_page()`, `page.goto(url)`, and at the end `page.close()`.
    """
    pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    from .browser import chromium, launched

    if not chromium():
        pytest.skip("no Chromium on PATH and none named by S2S_CHROMIUM")
    with launched() as running:
        yield running


@pytest.fixture(scope="session")
def comfy_page(server: Server, browser: Browser) -> Iterator[ComfyPage]:
    from .browser import open_page

    with open_page(browser, server.client.url) as page:
        yield page


@pytest.fixture
def page(comfy_page: ComfyPage) -> ComfyPage:
    """ComfyUI's page without the complaints and errors of the test before."""
    comfy_page.dismiss_complaints()
    comfy_page.errors.clear()
    return comfy_page
