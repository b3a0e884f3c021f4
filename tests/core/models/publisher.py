"""A publisher of files on this machine, whose connections fail as told."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = bytes(range(256)) * 4096  # 1 MiB


def become_hub(monkeypatch, endpoint):
    """Let the hub's client believe that the hub is at `endpoint`."""
    from huggingface_hub import constants, file_download

    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    for module in (constants, file_download):  # before 1.0 each holds its own
        monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)


class Publisher:
    """Offers DATA at any path. The next connections are cut after so many bytes of the body as `cuts` says."""

    def __init__(self):
        self.content, self.cuts, self.pause_at, self.pause = DATA, [], None, 0.0
        self.status, self.kind, self.length, self.ranges, self.headers = 200, "application/octet-stream", None, True, {}
        self.requests, self.sent, self.lock = [], 0, threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def starts(self):
        """First byte that each GET asked for."""
        return [start for method, _, start in self.requests if method == "GET"]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _handler(publisher):
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body):
                asked = self.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
                start = int(asked or 0)
                publisher.requests.append((self.command, self.path, start))
                content, length = publisher.content, publisher.length or len(publisher.content)
                partial = bool(asked) and publisher.ranges
                if partial and start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206 if partial else publisher.status)
                first = start if partial else 0
                headers = {"Content-Type": publisher.kind, "Content-Length": length - first, "Accept-Ranges": "bytes"}
                if partial:
                    headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{length}"
                for name, value in {**headers, **publisher.headers}.items():
                    if value is not None:
                        self.send_header(name, str(value))
                self.end_headers()
                if body and publisher.status == 200:
                    self.send(content[first:], publisher.cuts.pop(0) if publisher.cuts else len(content))

            def send(self, content, limit):
                stop = publisher.pause_at
                parts = [content[:limit]] if stop is None else [content[:stop], content[stop:limit]]
                for number, part in enumerate(parts):
                    time.sleep(publisher.pause if number else 0)
                    try:
                        self.wfile.write(part)
                    except OSError:  # the client has gone
                        return
                    with publisher.lock:
                        publisher.sent += len(part)
                self.close_connection = True

            def log_message(self, *_):
                """Quiet."""

        return Handler
