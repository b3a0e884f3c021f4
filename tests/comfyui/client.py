"""ComfyUI's HTTP interface, as much of it as the tests need, on the standard library."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A proxy named in the environment must not see requests to this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
Graph = dict[str, dict[str, Any]]  # API format: node id -> {"class_type": ..., "inputs": {...}}


class ServerRefused(Exception):
    """The server did not do what was asked; the message says what it answered."""


@dataclass(frozen=True)
class Answer:
    """What the server said. A refusal (4xx, 5xx) is an answer too."""

    status: int
    content_type: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Outcome:
    """What happened to a prompt: event name ("execution_success", "execution_cached", ...) -> its data."""

    events: dict[str, dict[str, Any]]

    @property
    def succeeded(self) -> bool:
        return "execution_success" in self.events

    @property
    def cached(self) -> set[str]:
        """Ids of the nodes whose results of the last prompt were used again."""
        return set(self.events["execution_cached"]["nodes"])


class Client:
    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **query: str) -> Answer:
        suffix = f"?{urllib.parse.urlencode(query)}" if query else ""
        return self._send(urllib.request.Request(self.url + urllib.parse.quote(path) + suffix))

    def post(self, path: str, value: object) -> Answer:
        headers = {"Content-Type": "application/json"}
        return self._send(urllib.request.Request(self.url + path, json.dumps(value).encode(), headers))

    def answers(self, path: str) -> bool:
        try:
            return self.get(path).status == 200
        except OSError:
            return False

    def upload(self, file: Path) -> None:
        """Put a file into the input folder under its own name."""
        boundary = uuid.uuid4().hex
        fields = f'--{boundary}\r\nContent-Disposition: form-data; name="overwrite"\r\n\r\ntrue\r\n'
        fields += f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{file.name}"\r\n\r\n'
        body = fields.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = self._send(urllib.request.Request(f"{self.url}/upload/image", body, headers))
        if answer.status != 200 or answer.json()["name"] != file.name:
            raise ServerRefused(f"upload of {file.name}: {answer}")

    def submit(self, graph: Graph) -> str:
        """Queue a graph and give its prompt id. A graph of which only a part is valid counts as refused."""
        answer = self.post("/prompt", {"prompt": graph})
        if answer.status != 200 or answer.json()["node_errors"]:
            raise ServerRefused(f"graph: {answer.body.decode()}")
        return answer.json()["prompt_id"]

    def wait(self, prompt_id: str, seconds: float) -> Outcome:
        """The outcome of a prompt. The history entry appears a moment after the prompt has ended, so this polls."""
        limit = time.monotonic() + seconds
        while True:
            entry = self.get(f"/history/{prompt_id}").json().get(prompt_id)
            if entry:
                return Outcome(dict(entry["status"]["messages"]))
            if time.monotonic() > limit:
                raise ServerRefused(f"the prompt did not end within {seconds} s")
            time.sleep(0.2)

    def run(self, graph: Graph, seconds: float = 300) -> Outcome:
        return self.wait(self.submit(graph), seconds)

    def forget_results(self) -> None:
        """Make the next prompt run from its start, whatever has run before.

        /free is obeyed only after the next prompt, so a small one of core nodes follows it.
        """
        self.post("/free", {"unload_models": True, "free_memory": True})
        size = {"width": 8, "height": 8, "batch_size": 1, "color": 0}
        self.run(
            {
                "1": {"class_type": "EmptyImage", "inputs": size},
                "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
            }
        )

    def running(self) -> set[str]:
        """Ids of the prompts being executed now."""
        return {item[1] for item in self.get("/queue").json()["queue_running"]}

    def _send(self, request: urllib.request.Request) -> Answer:
        try:
            with OPENER.open(request, timeout=60) as response:
                return Answer(response.status, response.headers.get_content_type(), response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers.get_content_type(), error.read())
