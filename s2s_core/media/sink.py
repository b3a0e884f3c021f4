"""FFmpeg's containers, written into files of ours: what the file system refuses is raised as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, BinaryIO

import av

from ..runtime import Runtime

PACE = 0.1
"""s between two looks at the progress bar, and at the cancel button."""


@contextmanager
def muxer(
    file: BinaryIO, container: str, options: Mapping[str, str]
) -> Iterator[tuple[av.container.OutputContainer, Sink]]:
    """FFmpeg's container that ends up in `file`; what the file system refuses is raised as it is."""
    sink = Sink(file)
    try:
        with av.open(sink, "w", format=container, options=options, io_open=sink.reopened) as opened:
            yield opened, sink
    except av.FFmpegError:
        sink.check()
        raise
    sink.check()


class Sink:
    """A file for FFmpeg to write to. An OSError raised into FFmpeg comes back as another error or not at all, so the
    first one is kept here, further writing is pretended, and `check` raises it."""

    def __init__(self, file: BinaryIO):
        self.file, self.refusal = file, None

    def write(self, data: bytes) -> int:
        return self._try(self.file.write, data, pretended=len(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._try(self.file.seek, offset, whence, pretended=offset)

    def tell(self) -> int:
        return self._try(self.file.tell, pretended=0)

    def reopened(self, url: str, flags: int, options: Mapping[str, str]) -> BinaryIO:
        """The same file to read, for a muxer that moves what it wrote, as PyAV's `io_open`."""
        self._try(self.file.flush, pretended=None)
        return open(self.file.name, "rb")

    def check(self) -> None:
        if self.refusal:
            raise self.refusal

    def _try(self, method: Callable[..., Any], *arguments, pretended: Any) -> Any:
        try:
            return pretended if self.refusal else method(*arguments)
        except OSError as error:
            self.refusal = error
            return pretended


Pulse = Callable[[int], None]
"""Told the amount done so far; it shows progress, and raises when the user cancels."""


@contextmanager
def paced(runtime: Runtime, label: str, total: int) -> Iterator[Pulse]:
    """A progress bar for very many small steps: it hears of them every PACE s, and at the end."""
    with runtime.progress(label, total) as bar:
        done, told = 0, monotonic()

        def pulse(reached: int) -> None:
            nonlocal done, told
            if monotonic() - told >= PACE:
                reached = min(max(reached, done), total)
                bar.step(reached - done)
                done, told = reached, monotonic()

        yield pulse
        bar.step(total - done)
