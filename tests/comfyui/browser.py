"""ComfyUI's page in a real browser: the system's Chromium, driven by Playwright, allowed to see one server only."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

from .server import PACK

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required --mute-audio"
).split()
VIEWPORT = {"width": 1500, "height": 900}
READY_SECONDS = 120
# The page of ComfyUI itself is never free of errors. These are the ones that a node pack can cause.
OURS = re.compile(rf"/extensions/{re.escape(PACK)}/|Error calling extension|AudioWidget")
EMPTY = {"version": 0.4, "last_node_id": 0, "last_link_id": 0, "nodes": [], "links": []}
SETTLE = 700  # milliseconds in which dialogs open and nodes are drawn after a change
COMPLAINTS = ".p-dialog:visible, .comfy-modal:visible, [role=dialog]:visible, .p-toast-message:visible"
READY = """() => window.app?.graph && window.app.extensionManager && window.LiteGraph
    && Object.keys(LiteGraph.registered_node_types).length > 100"""


def chromium() -> str | None:
    """Path of a system browser: S2S_CHROMIUM, or the first known name on PATH. Playwright's own is never downloaded."""
    return os.environ.get("S2S_CHROMIUM") or next((path for path in map(shutil.which, NAMES) if path), None)


class ComfyPage:
    """The open page, with the errors it has reported since it was opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"{error.message}\n{error.stack}"))
        page.on("console", lambda said: self.errors.append(_describe(said)) if said.type == "error" else None)

    def pack_errors(self) -> list[str]:
        return [error for error in self.errors if OURS.search(error)]

    def run(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)

    def load(self, workflow: dict[str, Any], name: str) -> None:
        """Open a workflow in a new tab of the page, as the template browser does."""
        self.run("([graph, name]) => app.loadGraphData(graph, true, true, name)", [workflow, name])
        self.page.wait_for_timeout(SETTLE)

    def switch_tab(self, direction: str) -> None:
        """Go to the "Next" or "Previous" tab; they stand in the order in which they were opened."""
        self.run("(id) => app.extensionManager.command.execute(id)", f"Workspace.{direction}OpenedWorkflow")
        self.page.wait_for_timeout(SETTLE)

    def complaints(self) -> list[str]:
        """Text of the dialogs and alerts on screen: missing nodes, an invalid file, execution errors."""
        return [text.strip() for text in self.page.locator(COMPLAINTS).all_inner_texts()]

    def dismiss_complaints(self) -> None:
        self.run("() => app.extensionManager.toast.removeAll()")
        for _ in range(5):
            self.page.wait_for_timeout(SETTLE)
            if not self.complaints():
                return
            self.page.keyboard.press("Escape")

    def unknown_nodes(self) -> list[str]:
        return self.run("() => app.graph._nodes.map(n => n.type).filter(t => !LiteGraph.registered_node_types[t])")

    def export(self) -> dict[str, Any]:
        """Both formats of the open graph: {"workflow": UI format, "output": API format}."""
        return self.run("async () => JSON.parse(JSON.stringify(await app.graphToPrompt()))")

    def execute(self, seconds: float) -> str:
        """Press Run and give the event that ended it: execution_success, _error, _interrupted; refused, timeout."""
        return self.run(
            """async (limit) => {
                const api = app.api ?? window.comfyAPI.api.api
                const ends = ['execution_success', 'execution_error', 'execution_interrupted']
                const end = new Promise((resolve) => {
                    ends.forEach((name) => api.addEventListener(name, () => resolve(name), { once: true }))
                    setTimeout(() => resolve('timeout'), limit)
                })
                await app.queuePrompt(0, 1)
                return Object.keys(app.lastNodeErrors ?? {}).length ? 'refused' : end
            }""",
            seconds * 1000,
        )


@contextmanager
def launched() -> Iterator[Browser]:
    """The system's Chromium. A process can hold only one at a time: Playwright then owns its event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, url: str) -> Iterator[ComfyPage]:
    """The page of a running server, ready to load graphs, without first-run dialogs."""
    page = browser.new_page(viewport=VIEWPORT)
    try:
        page.route("**/*", lambda route: _only(url, route))
        opened = ComfyPage(page)
        page.goto(url, wait_until="domcontentloaded")
        page.wait_for_function(READY, timeout=READY_SECONDS * 1000)
        opened.dismiss_complaints()
        yield opened
    finally:
        page.close()


def _only(url: str, route: Route) -> None:
    if route.request.url.startswith((url, "data:", "blob:")):
        route.continue_()
    else:
        route.abort()


def _describe(said: Any) -> str:
    return f"{said.text} ({said.location.get('url', '')})"
