"""Downloads from a plain web address: they go on where they stopped, and only a whole, right file gets its name.

While it arrives, a file is called `.<name>.part`. After a cut connection or a cancel that stays, so that the next try
goes on from there; after anything that makes it worthless it is removed.
"""

from __future__ import annotations

import errno
import http.client
import logging
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import DownloadError, WeightsError
from ..folders import VARIABLE
from ..runtime import Runtime
from . import store
from .catalog import WeightFile

BLOCK = 1 << 20
TIMEOUT = 20.0  # s without any byte, after which a connection counts as cut
RETRIES = 4  # in a row that bring nothing new
PAUSE = 1.0  # s before each of them
BUSY = (408, 429, 500, 502, 503, 504)  # answers that another try may change
FULL = (errno.ENOSPC, errno.EDQUOT)
HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.UnknownHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
)
"""What urllib may do for us: no redirect leads to a local file or to FTP."""

log = logging.getLogger(__name__)


class _Cut(Exception):
    """The connection brought less than it should; another one may bring the rest."""


def download(name: str, row: WeightFile, runtime: Runtime, report) -> Path:
    """Fetch `row.url` into the first folder of its kind. Two processes that want the same file download it once.

    Raises DownloadError; what has arrived until a cut or a cancel stays for the next try.
    """
    if urlsplit(row.url).scheme not in ("http", "https"):
        raise DownloadError(f"{name} cannot be fetched from {row.url}: the address must begin with https or http")
    folders = runtime.model_folders(row.folder)
    if not folders:
        raise DownloadError(f"there is no folder to put {name} into: {VARIABLE} names one")
    target = folders[0] / row.names[0]
    part = target.with_name(f".{target.name}.part")
    if os.path.isdir(target):
        raise DownloadError(f"{target} is a folder; the file {name} belongs there: move or rename the folder")
    with _refusals(name, part):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(name, target, runtime, report):
            if not target.is_file():  # else another process has fetched it meanwhile
                _receive_all(name, row, part, report)
                _check(name, row, part, runtime)
                os.replace(part, target)
    return target


def _receive_all(name: str, row: WeightFile, part: Path, report) -> None:
    """Connect again and again until `part` is complete or tries bring nothing more."""
    tries = RETRIES
    try:
        while True:
            before = _length(part)
            try:
                return _receive(name, row, part, report)
            except _Cut as cut:
                have = _length(part)
                tries = tries - 1 if have <= before else RETRIES
                if tries < 0:
                    raise DownloadError(
                        f"{name} could not be fetched from {row.url}: {cut}; {_kept(name, row, part)}"
                    ) from cut
                for _ in range(10):
                    report(have, row.size)
                    time.sleep(PAUSE / 10)
    except BaseException as stop:
        if _length(part) and not isinstance(stop, (DownloadError, OSError)):
            log.warning("stopped while fetching %s: %s", name, _kept(name, row, part))
        raise


def _receive(name: str, row: WeightFile, part: Path, report) -> None:
    """One connection: append to `part` what it brings. Raises _Cut when that is not all."""
    have = _length(part)
    if row.size and have > row.size:
        part.unlink()
        have = 0
    if row.size and have == row.size:
        return
    with _connect(name, row, have) as response:
        start, total = _announced(response)
        if row.size and total not in (None, row.size):
            part.unlink(missing_ok=True)
            raise DownloadError(
                f"{row.url} offers {total} bytes; {name} has {row.size}: another file is published there now"
            )
        total = total or row.size
        free = shutil.disk_usage(part.parent).free
        if total and total - start > free:
            raise DownloadError(
                f"{name} needs {total - start} bytes more in {part.parent}, where {free} are free: free some space, or "
                f"name a folder on another disk in {VARIABLE}"
            )
        done, block = start, _next(response)
        if block:
            with open(part, "ab" if start else "wb") as file:
                while block:
                    file.write(block)
                    done += len(block)
                    report(done, total)
                    block = _next(response)
                file.flush()
                os.fsync(file.fileno())
    if total and done < total:
        raise _Cut("the connection was cut")


def _connect(name: str, row: WeightFile, have: int) -> http.client.HTTPResponse:
    """The answer to a request for the bytes from `have` on; for all of them if the server cannot begin there."""
    request = urllib.request.Request(row.url, headers={"User-Agent": "see2sound"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    opener = urllib.request.OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    try:
        response = opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return _connect(name, row, 0)
        if error.code in BUSY:
            raise _Cut(f"the server answers {error.code} {error.reason}") from error
        raise DownloadError(
            f"{row.url} answers {error.code} {error.reason}: {name} is not there, or not for all; open it in a browser"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(_reason(error)) from error
    if response.headers.get_content_type() == "text/html":
        response.close()
        raise DownloadError(
            f"{row.url} sent a web page instead of {name}: open it in a browser; a network's sign-in page is often why"
        )
    if _announced(response)[0] not in (0, have):
        response.close()
        if not have:
            raise _Cut("the server sent another part than was asked for")
        return _connect(name, row, 0)
    return response


def _announced(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """(first byte, length of the whole file) as an answer states them; -1 for a range that cannot be understood."""
    if response.status != 206:
        return 0, response.length
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    return (int(found[1]), None if found[2] == "*" else int(found[2])) if found else (-1, None)


def _next(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(_reason(error)) from error


def _check(name: str, row: WeightFile, part: Path, runtime: Runtime) -> None:
    try:
        store.compare(name, part, runtime, row.size, store.published(row))
    except WeightsError as error:
        part.unlink()
        raise DownloadError(f"{str(error).replace(str(part), row.url)}; it was removed again: try later") from error


@contextmanager
def _alone(name: str, target: Path, runtime: Runtime, report) -> Iterator[None]:
    """Inside, no other process fetches the same file; waiting for it ends at a cancel."""
    from filelock import FileLock, Timeout

    path = target.with_name(f".{target.name}.lock")
    lock = FileLock(path)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.2)
        except Timeout:
            report(0, None)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes it at the release
            path.unlink()
        lock.release()


@contextmanager
def _refusals(name: str, part: Path) -> Iterator[None]:
    """What the file system refuses, in words. A full disk gets back what it gave."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            part.unlink(missing_ok=True)
        raise DownloadError(
            f"{name} cannot be written into {part.parent}: {error.strerror or error}; make that possible, or name "
            f"another folder in {VARIABLE}"
        ) from error


def _kept(name: str, row: WeightFile, part: Path) -> str:
    if not _length(part):
        return "nothing has arrived yet: check the network and try again"
    return f"{_length(part)} of {row.size or '?'} bytes are kept in {part}: the same command goes on from there"


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return " ".join(str(getattr(reason, "strerror", None) or reason).split()) or type(error).__name__
