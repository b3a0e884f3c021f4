"""Downloads from a hub: its own client against a small hub on this machine."""

import errno
import hashlib
import inspect
import threading
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants
from see2sound_nodes.s2s_core.errors import Cancelled, DownloadError
from see2sound_nodes.s2s_core.models import hub
from see2sound_nodes.s2s_core.models.catalog import WeightFile
from see2sound_nodes.s2s_core.models.fetch import fetch
from see2sound_nodes.s2s_core.models.store import locate, verify
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .publisher import DATA, become_hub

SHA = hashlib.sha256(DATA).hexdigest()
COMMIT = "0123456789" * 4
WATCHED = "tqdm_class" in inspect.signature(huggingface_hub.hf_hub_download).parameters


def row(**changes):
    known = {"sha256": None, "size": len(DATA)} | changes
    return WeightFile("sams", ("tiny.pth",), licence="MIT", licence_note="free", hub=("owner/repo", "a/b.pth"), **known)


@pytest.fixture
def site(publisher, monkeypatch):
    """The publisher as a hub, and the client believing in it."""
    publisher.headers = {"ETag": f'"{SHA}"', "X-Repo-Commit": COMMIT, "X-Linked-Size": len(DATA)}
    become_hub(monkeypatch, publisher.address)
    return publisher


@pytest.fixture
def get(tmp_path):
    def run(given=None, **host):
        return fetch("tiny", HeadlessRuntime("cpu", models=(tmp_path,), **host), {"tiny": given or row()})

    return run


def cached(home):
    """What the cache holds of the repository, without the client's own bookkeeping."""
    folder = home / "hub" / "models--owner--repo"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


BLOB, POINTER, REF = f"blobs/{SHA}", f"snapshots/{COMMIT}/a/b.pth", "refs/main"


def test_a_file_lands_where_other_programs_find_it(get, site, nobody, tmp_path):
    heard = []
    path = get(listen=lambda *step: heard.append(step))
    assert path.read_bytes() == DATA and cached(nobody) == [BLOB, REF, POINTER]
    assert huggingface_hub.try_to_load_from_cache("owner/repo", "a/b.pth") == str(path)
    assert ("verify tiny", 1, 1) in heard and not list(tmp_path.iterdir())
    asked = len(site.requests)
    assert get() == path and len(site.requests) == asked, "a file that is here is not asked for again"


@pytest.mark.skipif(not WATCHED, reason="this version of the client cannot be watched")
def test_progress(get, site, monkeypatch):
    heard, site.pause_at, site.pause = [], 600000, 0.4
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100000)
    get(listen=lambda *step: heard.append(step))
    shown = [done for label, done, total in heard if (label, total) == ("fetch tiny", 100)]
    assert shown == sorted(shown) and any(0 < done < 60 for done in shown) and shown[-1] == 100


@pytest.mark.skipif(not WATCHED, reason="this version of the client cannot be watched")
def test_cancel(get, site, nobody, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10000)
    cancel, site.pause_at, site.pause = threading.Event(), 600000, 0.4

    def listen(label, done, total):
        if done:
            cancel.set()

    with pytest.raises(Cancelled, match="during fetch tiny"):
        get(listen=listen, cancel=cancel)
    assert not [name for name in cached(nobody) if name in (BLOB, POINTER)] and site.sent < 2 * len(DATA)
    assert not [thread for thread in threading.enumerate() if thread.name == "fetch tiny"], "it stopped by itself"
    site.pause_at = None
    assert get().read_bytes() == DATA


def test_a_copy_that_another_program_fetched_is_present(site, nobody, tmp_path):
    runtime = HeadlessRuntime("cpu", models=(tmp_path,))
    huggingface_hub.hf_hub_download("owner/repo", "a/b.pth")
    asked = len(site.requests)
    table = {"tiny": row(), "twin": WeightFile("sams", ("x",), None, "MIT", "free", "http://x", twins=(row().hub,))}
    for name in table:
        path = fetch(name, runtime, table)
        assert path == locate(name, runtime, table) and cached(nobody) == [BLOB, REF, POINTER]
        assert verify(name, path, runtime, table), "the hub tells by which hash"
    assert len(site.requests) == asked


@pytest.mark.parametrize(
    ("content", "changes"),
    [(DATA[:-1] + b"x", {}), (DATA, {"sha256": "0" * 64}), (DATA, {"size": 7}), (DATA[:-1], {"size": None})],
    ids=["damaged", "another hash", "another size", "shorter"],
)
def test_a_wrong_file_does_not_stay(get, site, nobody, content, changes):
    site.content, site.headers["X-Linked-Size"] = content, len(content)
    with pytest.raises(DownloadError, match="sent another file than tiny.*it was removed again") as error:
        get(row(**changes))
    assert "\n" not in str(error.value) and cached(nobody) == [REF]


ERRORS = {
    "gated": (403, {"X-Error-Code": "GatedRepo"}, "accept the terms at {site}/owner/repo"),
    "private": (401, {"X-Error-Code": "RepoNotFound"}, "owner/repo does not exist, or sign in if it is private"),
    "gone": (404, {"X-Error-Code": "EntryNotFound"}, "owner/repo has no such file any more"),
    "no such repository": (404, {"X-Error-Code": "RepoNotFound"}, "does not exist"),
    "no hub": (200, {"X-Repo-Commit": None, "ETag": None}, "and HF_ENDPOINT if set"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_a_hub_may_answer(get, site, nobody, name):
    site.status, headers, words = ERRORS[name]
    site.headers = {**site.headers, **headers}
    with pytest.raises(DownloadError) as error:
        get()
    message = str(error.value)
    assert words.format(site=site.address) in message and "tiny could not be fetched from" in message, message
    assert "\n" not in message and BLOB not in cached(nobody) and POINTER not in cached(nobody)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "not-an-address"])
def test_nobody_answers(get, site, monkeypatch, endpoint):
    become_hub(monkeypatch, endpoint)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client's own retries
    with pytest.raises(DownloadError, match="could not be fetched.*check the network, and HF_ENDPOINT") as error:
        get()
    assert "\n" not in str(error.value) and endpoint in str(error.value)


def test_a_transfer_that_hears_nothing(get, site, monkeypatch):
    """Cancel reaches the user all the same, and what the client has against such transfers is called."""
    from huggingface_hub.utils import _xet

    ended, cancel = threading.Event(), threading.Event()
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda repo_id, filename: str(ended.wait(20)))
    monkeypatch.setattr(_xet, "abort_xet_session", ended.set, raising=False)
    monkeypatch.setattr(hub, "GRACE", 0.1)
    threading.Timer(0.2, cancel.set).start()
    with pytest.raises(Cancelled):
        get(cancel=cancel)
    assert ended.is_set()


@pytest.mark.skipif(hasattr(huggingface_hub.utils, "reset_sessions"), reason="this client reads the switch once")
def test_the_client_itself_is_offline(get, site, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="unset HF_HUB_OFFLINE"):
        get()


def test_no_room(get, site, nobody, monkeypatch):
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda place: SimpleNamespace(free=1000))
    with pytest.raises(DownloadError, match=f"needs {len(DATA)} bytes in .*hub, where 1000 are free"):
        get()
    assert not site.requests and not (nobody / "hub").exists()


def test_the_cache_refuses(get, site, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", full)
    with pytest.raises(DownloadError, match="the disk is full: free some space, or name another in HF_HUB_CACHE"):
        get()


def test_a_client_that_cannot_be_watched(get, site, monkeypatch):
    """As the first versions of it are: nothing is shown meanwhile, and the file arrives."""
    real = huggingface_hub.hf_hub_download
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda repo_id, filename: real(repo_id, filename))
    assert get().read_bytes() == DATA
