"""A page of a small server that serves nothing but one folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = {
        "": "text/html",
        ".flac": "audio/flac",
        ".m4a": "audio/mp4",
        ".opus": "audio/ogg",
        ".wav": "audio/wav",
        ".m4v": "video/mp4",
        ".mkv": "video/x-matroska",
        ".mp4": "video/mp4",
        ".webm": "video/webm",
    }

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def served(folder: Path, browser: Browser) -> Iterator[Page]:
    """The page index.html of `folder`, which is made, empty."""
    (folder / "index.html").write_text("<!doctype html><title>player</title><body></body>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened = browser.new_page()
    try:
        opened.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        yield opened
    finally:
        opened.close()
        server.shutdown()
        server.server_close()
