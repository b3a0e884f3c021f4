"""Downloads from a model hub, by its own client, into the user's own hub cache."""

from __future__ import annotations

import errno
import inspect
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Cancelled, DownloadError, WeightsError
from ..runtime import Runtime
from . import store
from .catalog import WeightFile

POLL = 0.1  # s between two looks at a running download
GRACE = 2.0  # s that a cancelled one gets to end by itself
REMEDIES = {
    "OfflineModeIsEnabled": "the hub's client is offline: unset HF_HUB_OFFLINE",
    "GatedRepoError": "its owner asks who takes it: accept the terms at {page}, sign in (hf auth login, or HF_TOKEN)",
    "DisabledRepoError": "the hub has closed {page}: look there for the reason",
    "RepositoryNotFoundError": "{page} does not exist, or sign in if it is private (hf auth login, or HF_TOKEN)",
    "LocalEntryNotFoundError": "{endpoint} does not answer as it should: check the network, and HF_ENDPOINT if set",
    "EntryNotFoundError": "{page} has no such file any more: look there for what became of it",
    "RevisionNotFoundError": "{page} has no such file any more: look there for what became of it",
    "FileMetadataError": "{endpoint} does not answer like a hub: check HF_ENDPOINT, proxy and firewall",
}
"""What went wrong and what to do, by the client's exceptions; of several that apply the first one speaks."""
WRITING = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EACCES: "writing there is not permitted",
    errno.EPERM: "writing there is not permitted",
    errno.EROFS: "the file system is read-only",
}


@dataclass
class _Flow:
    """What the client's progress bars tell, and the way to stop it: its next report raises."""

    bars: list[Any] = field(default_factory=list)
    stopped: bool = False

    @property
    def done(self) -> int:
        return max((bar.n for bar in self.bars), default=0)  # some versions show two bars for one file

    @property
    def total(self) -> int | None:
        return max((bar.total or 0 for bar in self.bars), default=0) or None


def download(name: str, row: WeightFile, runtime: Runtime, report) -> Path:
    """Fetch `row.hub` and check it: the hub names a large file by its SHA-256, and the catalogue may state one too.

    Raises DownloadError; a wrong file is removed from the cache again.
    """
    from huggingface_hub import constants

    _check_disk(name, row, Path(constants.HF_HUB_CACHE))
    arrived = _in_background(name, row, report)
    path = store.in_hub_cache(row) or arrived
    try:
        store.verify(name, path, runtime, {name: row})
    except WeightsError as error:
        for link in [link for link in store.links(path) if link == path or link.parent.name == "blobs"][:2]:
            link.unlink()
        raise DownloadError(f"{row.source} sent another file than {name}: {error}; it was removed again") from error
    return path


def _in_background(name: str, row: WeightFile, report) -> Path:
    """Let the client work in a thread of its own: some of its ways report from foreign threads, and not all of them can
    be interrupted, but a cancel must reach the user at once."""
    flow, results = _Flow(), []

    def work() -> None:
        try:
            results.append(Path(_ask_client(row, flow)))
        except Exception as error:  # which kinds there are depends on the client's version and its HTTP library
            results.append(error)

    worker = threading.Thread(target=work, name=f"fetch {name}", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(POLL)
            report(flow.done, row.size or flow.total)
    except BaseException:
        flow.stopped = True
        _abandon(worker)
        raise
    (result,) = results
    if isinstance(result, Path):
        report(1, 1)
        return result
    raise DownloadError(f"{name} could not be fetched from {row.source}: {_explanation(result, row)}") from result


def _ask_client(row: WeightFile, flow: _Flow) -> str:
    from huggingface_hub import hf_hub_download
    from tqdm import tqdm

    class Bar(tqdm):
        """Shows nothing, counts, and stops the download when it should stop."""

        def __init__(self, *_, total=None, initial=0, **__):
            super().__init__(total=total, initial=initial, disable=True)
            flow.bars.append(self)

        def update(self, n=1):
            if flow.stopped:
                raise Cancelled(f"stopped by the user while fetching {row.source}")
            self.n += n

        def update_transfer(self, n=1):
            """What went over the network, where the client tells it apart from what was written."""

        def set_transfer_postfix_str(self, *_, **__):
            """The speed of that."""

    known = inspect.signature(hf_hub_download).parameters  # the first versions cannot be watched
    return hf_hub_download(*row.hub, **({"tqdm_class": Bar} if "tqdm_class" in known else {}))


def _abandon(worker: threading.Thread) -> None:
    """Wait a moment for a stopped download to clean up, then end the transfers that no bar can stop, where the
    client offers that. Whatever still goes on then ends with the process."""
    worker.join(GRACE)
    if worker.is_alive():
        with suppress(ImportError):
            from huggingface_hub.utils._xet import abort_xet_session

            abort_xet_session()


def _check_disk(name: str, row: WeightFile, cache: Path) -> None:
    there = next(folder for folder in (cache, *cache.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if row.size and row.size > free:
        raise DownloadError(
            f"{name} needs {row.size} bytes in {cache}, where {free} are free: free some space, or name a folder on "
            "another disk in HF_HUB_CACHE"
        )


def _explanation(error: Exception, row: WeightFile) -> str:
    from huggingface_hub import constants

    if isinstance(error, OSError) and error.errno in WRITING:
        return f"the hub's cache {constants.HF_HUB_CACHE}: {WRITING[error.errno]}, or name another in HF_HUB_CACHE"
    causes = [error, error.__cause__] if error.__cause__ else [error]
    kinds = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
    remedy = next((text for kind, text in REMEDIES.items() if kind in kinds), "")
    if remedy:
        return remedy.format(page=f"{constants.ENDPOINT}/{row.hub[0]}", endpoint=constants.ENDPOINT)
    reason = " ".join((str(error) or type(error).__name__).split())[:200]
    return f"{reason}: check the network, and HF_ENDPOINT ({constants.ENDPOINT}) if you set it"
