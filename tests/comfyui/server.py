"""A ComfyUI server with nothing in it but this pack, run as a subprocess for one test session."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path

from .client import Client
from .host import Host

PACK = "ComfyUI-See2Sound"
START_SECONDS = 180
STOP_SECONDS = 15
FOLDERS = ("custom_nodes", "input", "output", "models", "temp", "user/default")
# First-run dialogs and floating panels would cover the graph that the browser tests look at.
SETTINGS = {
    "Comfy.TutorialCompleted": True,
    "Comfy.Notification.ShowVersionUpdates": False,
    "Comfy.Minimap.Visible": False,
    "Comfy.Graph.CanvasMenu": False,
    "Comfy.Graph.CanvasInfo": False,
    "Comfy.Workflow.Persist": False,
}
# Large blocks go back to the system as soon as they are freed: the memory of the process is then what it uses.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
OPTIONAL_FLAGS = {"--disable-api-nodes": [], "--database-url": ["sqlite:///:memory:"]}


class ServerFailed(Exception):
    """The server did not start, or started without the pack. The message ends with the log."""


class Server:
    """Context manager: the engine on a free loopback port, with `base` as its only folder.

    `base` must be empty. The pack is a symbolic link to `pack`, so the tests see the working tree as it is. The server
    keeps input, output, models, user data and its data base below `base`: neither its user's files nor those of the
    engine's own folder are seen or touched.
    """

    def __init__(self, host: Host, pack: Path, base: Path) -> None:
        self.host = host
        self.base = base
        self.log = base / "server.log"
        for folder in FOLDERS:
            (base / folder).mkdir(parents=True)
        (base / "custom_nodes" / PACK).symlink_to(pack, target_is_directory=True)
        (base / "user/default/comfy.settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        self.port = _free_port()
        self.client = Client(f"http://127.0.0.1:{self.port}")

    @property
    def output(self) -> Path:
        return self.base / "output"

    def __enter__(self) -> Server:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.host.engine,
                env=os.environ | ENVIRONMENT,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def memory(self) -> int:
        """Bytes of main memory that the server's process has now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _command(self) -> list[str]:
        command = [str(self.host.python), "main.py", "--cpu", "--disable-auto-launch"]
        command += ["--listen", "127.0.0.1", "--port", str(self.port), "--base-directory", str(self.base)]
        known = (self.host.engine / "comfy/cli_args.py").read_text(encoding="utf-8")
        for flag, values in OPTIONAL_FLAGS.items():
            if f'"{flag}"' in known:
                command += [flag, *values]
        return command

    def _wait_until_ready(self) -> None:
        limit = time.monotonic() + START_SECONDS
        while not self.client.answers("/system_stats"):
            if self._process.poll() is not None:
                raise ServerFailed(f"ComfyUI ended at its start, code {self._process.returncode}.\n{self.log_text()}")
            if time.monotonic() > limit:
                raise ServerFailed(f"ComfyUI was not ready after {START_SECONDS} s.\n{self.log_text()}")
            time.sleep(0.5)
        if "IMPORT FAILED" in self.log_text():
            raise ServerFailed(f"ComfyUI could not import the pack.\n{self.log_text()}")

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
