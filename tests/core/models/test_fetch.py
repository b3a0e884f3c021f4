"""Downloads from a plain address: whatever fails, what lies there afterwards is a right file, a part or nothing."""

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from see2sound_nodes.s2s_core.backend import Backend
from see2sound_nodes.s2s_core.errors import Cancelled, DownloadError, InputError, WeightsError
from see2sound_nodes.s2s_core.models import IF_MISSING, direct, load
from see2sound_nodes.s2s_core.models.catalog import CATALOG, WeightFile
from see2sound_nodes.s2s_core.models.fetch import SWITCHES, fetch
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime

from .publisher import DATA

SHA = hashlib.sha256(DATA).hexdigest()
PART = ".tiny.pth.part"


@pytest.fixture
def row(publisher):
    url = f"{publisher.address}/there/tiny.pth"
    return WeightFile("sams", ("tiny.pth",), len(DATA), "MIT", "free for any use", url=url, sha256=SHA)


@pytest.fixture
def shelf(tmp_path):
    return tmp_path / "sams"


@pytest.fixture
def get(row, tmp_path):
    """Fetch the file, with some of its row changed, by a runtime that listens."""

    def run(listen=None, cancel=None, **changes):
        runtime = HeadlessRuntime("cpu", models=(tmp_path,), listen=listen, cancel=cancel or threading.Event())
        return fetch("tiny", runtime, {"tiny": replace(row, **changes)})

    return run


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(direct, "PAUSE", 0.01)
    monkeypatch.setattr(direct, "BLOCK", 1 << 16)


def lying(folder):
    """Name -> length of everything in a folder."""
    return {path.name: path.stat().st_size for path in folder.iterdir()} if folder.exists() else {}


def whole(folder):
    return lying(folder) == {"tiny.pth": len(DATA)} and (folder / "tiny.pth").read_bytes() == DATA


def refused(get, *words, **changes):
    """The message of the DownloadError, one line that holds `words`."""
    with pytest.raises(DownloadError) as error:
        get(**changes)
    message = str(error.value)
    assert "\n" not in message and all(word in message for word in ("tiny", *words)), message
    return message


def test_a_file_arrives_once_and_is_reported(get, shelf, publisher):
    heard = []
    path = get(listen=lambda *step: heard.append(step))
    assert path == shelf / "tiny.pth" and whole(shelf)
    fetching = [done for label, done, total in heard if (label, total) == ("fetch tiny", 100)]
    assert fetching[0] == 0 and fetching[-1] == 100 and fetching == sorted(fetching) and len(fetching) > 3
    assert get() == path and publisher.starts == [0], "a file that is here is not fetched again"


def test_a_file_that_people_have_under_another_name_is_not_fetched(get, shelf, publisher):
    shelf.mkdir()
    (shelf / "mine.safetensors").write_bytes(b"x")
    assert get(names=("tiny.pth", "mine.pth")) == shelf / "mine.safetensors" and not publisher.requests


def test_another_file_under_the_published_name_is_not_taken_for_it(get, shelf, publisher):
    shelf.mkdir()
    path = shelf / "tiny.pth"
    path.write_bytes(b"weights")
    with pytest.raises(
        WeightsError, match=f"{path} has 7 bytes; tiny has {len(DATA)}.*delete it, or rename it"
    ) as error:
        get()
    assert "\n" not in str(error.value) and path.read_bytes() == b"weights" and not publisher.requests
    with pytest.raises(WeightsError, match="has 7 bytes"):
        get(url=None, hub=("owner/repo", "there/tiny.pth"))
    assert get(size=None) == path, "nobody stated a size to tell it by"
    assert get(url=None, hub=("owner/repo", "another.pth")) == path, "another form of it may have any size"


def test_a_folder_in_the_place_of_the_file(get, shelf, publisher):
    (shelf / "tiny.pth").mkdir(parents=True)
    refused(get, f"{shelf / 'tiny.pth'} is a folder", "move or rename the folder")
    assert not publisher.requests and list(lying(shelf)) == ["tiny.pth"]


@pytest.mark.parametrize("arrives", [0, len(DATA) // 2, len(DATA) - 1])
def test_after_a_cut_connection_it_goes_on(get, shelf, publisher, arrives):
    publisher.cuts = [arrives]
    get()
    assert whole(shelf) and publisher.starts == [0, arrives] and publisher.sent == len(DATA)


@pytest.mark.parametrize("arrives", [0, len(DATA) // 2, len(DATA) - 1])
def test_a_server_that_stays_away(get, shelf, publisher, arrives):
    """What has arrived stays, the message counts it, and the same command goes on from there."""
    publisher.cuts = [arrives] + [0] * 20
    kept = f"{arrives} of {len(DATA)} bytes are kept in {shelf / PART}" if arrives else "nothing has arrived yet"
    refused(get, publisher.address, "the connection was cut", kept)
    assert lying(shelf) == ({PART: arrives} if arrives else {})
    assert publisher.starts == [0] + [arrives] * (direct.RETRIES + (1 if arrives else 0))
    publisher.cuts, publisher.requests = [], []
    get()
    assert whole(shelf) and publisher.starts == [arrives]


def test_a_server_that_is_not_there(get, shelf):
    refused(get, "refused", "nothing has arrived yet: check the network", url="http://127.0.0.1:9/tiny.pth")
    assert lying(shelf) == {}


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (503, direct.RETRIES + 1)])
def test_a_server_that_says_no(get, shelf, publisher, status, tries):
    publisher.status = status
    refused(get, str(status), publisher.address)
    assert lying(shelf) == {} and len(publisher.starts) == tries


@pytest.mark.parametrize("before", [b"", DATA[:1000]])
def test_a_web_page_is_no_file(get, shelf, publisher, before):
    publisher.kind, publisher.content = "text/html; charset=utf-8", b"<!doctype html><title>Sign in</title>"
    publisher.ranges = False
    shelf.mkdir()
    if before:
        (shelf / PART).write_bytes(before)
    refused(get, "sent a web page instead of tiny")
    assert lying(shelf) == ({PART: len(before)} if before else {}), "nothing of it was written"


def test_another_content(get, shelf, publisher):
    publisher.content = DATA[:-1] + b"x"
    refused(get, "sha256", SHA, publisher.address, "removed")
    assert lying(shelf) == {}
    refused(get, "md5", sha256=None, md5=hashlib.md5(DATA).hexdigest())
    assert lying(shelf) == {}
    get(sha256=None)
    assert lying(shelf) == {"tiny.pth": len(DATA)}, "nobody stated a hash to tell it by"


@pytest.mark.parametrize("arrived", [0, 1000])
def test_another_length_is_refused_before_writing(get, shelf, publisher, arrived):
    publisher.content = DATA + b"more"
    shelf.mkdir()
    (shelf / PART).write_bytes(DATA[:arrived])
    refused(get, f"offers {len(DATA) + 4} bytes; tiny has {len(DATA)}")
    assert lying(shelf) == {} and publisher.starts == [arrived]


def test_a_length_that_is_not_kept(get, shelf, publisher):
    """The server promises the right length and sends less, again and again."""
    publisher.content, publisher.length = DATA[:5000], len(DATA)
    refused(get, f"5000 of {len(DATA)} bytes are kept")
    assert lying(shelf) == {PART: 5000}


def test_a_file_whose_size_nobody_published(get, shelf, publisher):
    publisher.cuts = [70000]
    get(size=None, sha256=None)
    assert whole(shelf) and publisher.starts == [0, 70000]


@pytest.mark.parametrize("arrived", [len(DATA) + 1, len(DATA) + 5000])
def test_a_part_longer_than_the_file_is_not_believed(get, shelf, publisher, arrived):
    shelf.mkdir()
    (shelf / PART).write_bytes(bytes(arrived))
    get()
    assert whole(shelf) and publisher.starts == [0]


def test_a_complete_part_only_needs_its_name(get, shelf, publisher):
    shelf.mkdir()
    (shelf / PART).write_bytes(DATA)
    get()
    assert whole(shelf) and not publisher.requests


def test_a_range_beyond_the_end_starts_again(get, shelf, publisher):
    shelf.mkdir()
    (shelf / PART).write_bytes(DATA)
    get(size=None)
    assert whole(shelf) and publisher.starts == [len(DATA), 0]


def test_a_server_that_cannot_begin_in_the_middle(get, shelf, publisher):
    publisher.ranges, publisher.cuts = False, [300000]
    get()
    assert whole(shelf) and publisher.starts == [0, 300000] and publisher.sent == 300000 + len(DATA)


@pytest.mark.parametrize("stated", ["bytes 5-9/10", "nonsense", ""])
def test_a_range_that_was_not_asked_for_starts_again(get, shelf, publisher, stated):
    publisher.cuts, publisher.headers = [1000], {"Content-Range": stated}
    get()
    assert whole(shelf) and publisher.starts == [0, 1000, 0]


def test_a_disk_without_room(get, shelf, monkeypatch):
    monkeypatch.setattr(direct.shutil, "disk_usage", lambda place: SimpleNamespace(free=1000))
    refused(get, f"needs {len(DATA)} bytes more in {shelf}, where 1000 are free", "SEE2SOUND_MODELS")
    assert lying(shelf) == {}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_while_writing(get, shelf, monkeypatch, code):
    """A full disk gets its room back; after another failure the part may still be good."""
    real = open

    def failing_open(path, mode):
        file = real(path, mode, buffering=0)
        write = file.write

        class Disk:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def write(self, block):
                if file.tell() > 200000:
                    raise OSError(code, os.strerror(code))
                return write(block)

        return Disk()

    monkeypatch.setattr(direct, "open", failing_open, raising=False)
    refused(get, f"cannot be written into {shelf}: {os.strerror(code)}", "SEE2SOUND_MODELS")
    found = lying(shelf)
    assert found == {} if code == errno.ENOSPC else list(found) == [PART] and 200000 < found[PART] < len(DATA)


def test_a_folder_that_cannot_be_made(get, tmp_path, publisher):
    (tmp_path / "sams").write_text("a file is in the way")
    refused(get, str(tmp_path / "sams"), "SEE2SOUND_MODELS")
    assert lying(tmp_path) == {"sams": 20} and not publisher.requests


@pytest.mark.skipif(not hasattr(os, "seteuid") or os.geteuid() != 0, reason="root tries it as somebody else")
def test_a_folder_that_is_read_only(row, publisher):
    with tempfile.TemporaryDirectory() as name:  # tmp_path lies where only its owner may look
        os.chmod(name, 0o755)
        os.mkdir(f"{name}/sams", 0o555)
        runtime = HeadlessRuntime("cpu", models=(Path(name),))
        os.seteuid(65534)
        try:
            with pytest.raises(DownloadError, match=f"cannot be written into {name}/sams: Permission denied"):
                fetch("tiny", runtime, {"tiny": row})
        finally:
            os.seteuid(0)
        assert not os.listdir(f"{name}/sams") and not publisher.requests


def test_no_folder_at_all(row):
    with pytest.raises(DownloadError, match="no folder to put tiny into: SEE2SOUND_MODELS names one"):
        fetch("tiny", HeadlessRuntime("cpu", models=()), {"tiny": row})


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/tiny.pth", "file:///etc/hostname", "tiny.pth"])
def test_only_the_web(get, shelf, url):
    refused(get, "must begin with https or http", url=url)
    assert lying(shelf) == {}


def test_a_redirect_leads_to_no_local_file(get, shelf, publisher, tmp_path):
    (tmp_path / "secret").write_bytes(DATA)
    publisher.status, publisher.headers = 302, {"Location": f"file://{tmp_path}/secret"}
    refused(get, "302")
    assert lying(shelf) == {}


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("word", ["1", "true", "YES", "on"])
def test_offline(get, shelf, publisher, monkeypatch, switch, word):
    monkeypatch.setenv(switch, word)
    refused(get, f"{switch}={word} forbids the network", publisher.address)
    assert lying(shelf) == {} and not publisher.requests
    monkeypatch.setenv(switch, "0")
    get()
    assert whole(shelf)
    monkeypatch.setenv(switch, word)
    assert get() == shelf / "tiny.pth", "what is here needs no network"


def test_cancel_keeps_the_part_and_the_next_try_goes_on(get, shelf, publisher, caplog):
    cancel = threading.Event()
    publisher.pause_at, publisher.pause = 600000, 0.2

    def listen(label, done, total):
        if label == "fetch tiny" and done >= 50:
            cancel.set()

    with pytest.raises(Cancelled, match="during fetch tiny"):
        get(listen=listen, cancel=cancel)
    (found,) = lying(shelf).items()
    assert found[0] == PART and 500000 < found[1] <= 600000
    assert f"{found[1]} of {len(DATA)} bytes are kept in {shelf / PART}: the same command goes on" in caplog.text
    publisher.requests, publisher.pause_at = [], None
    get()
    assert whole(shelf) and publisher.starts == [found[1]]


def test_a_host_may_stop_in_its_own_way(row, shelf, tmp_path, publisher):
    class Stop(Exception):
        """As ComfyUI's InterruptProcessingException: none of ours."""

    def listen(label, done, total):
        if done:
            raise Stop

    publisher.pause_at, publisher.pause = 100000, 0.2
    with pytest.raises(Stop):
        fetch("tiny", HeadlessRuntime("cpu", models=(tmp_path,), listen=listen), {"tiny": row})
    assert list(lying(shelf)) == [PART]


TWIN = """
import sys
from pathlib import Path
from see2sound_nodes.s2s_core.models.catalog import WeightFile
from see2sound_nodes.s2s_core.models.fetch import fetch
from see2sound_nodes.s2s_core.runtime import HeadlessRuntime
url, size, sha, folder = sys.argv[1:]
row = WeightFile("sams", ("tiny.pth",), int(size), "MIT", "free", url=url, sha256=sha)
print(fetch("tiny", HeadlessRuntime("cpu", models=(Path(folder),)), {"tiny": row}))
"""


def test_two_processes_download_once(row, shelf, tmp_path, publisher):
    publisher.pause_at, publisher.pause = 500000, 0.7
    command = [sys.executable, "-c", TWIN, row.url, str(row.size), SHA, str(tmp_path)]
    jobs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [job.communicate(timeout=30) for job in jobs]
    assert answers == [(f"{shelf / 'tiny.pth'}\n", "")] * 2
    assert whole(shelf) and publisher.starts == [0] and publisher.sent == len(DATA)


def test_waiting_for_another_process_ends_at_a_cancel(get, shelf, publisher):
    from filelock import FileLock

    shelf.mkdir()
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with FileLock(shelf / ".tiny.pth.lock"), pytest.raises(Cancelled):
        get(cancel=cancel)
    assert not publisher.requests


def test_a_model_brings_its_files_only_when_told_to(row, shelf, tmp_path, monkeypatch):
    monkeypatch.setitem(CATALOG, "tiny", row)
    needy = {"needy": Backend("needy", "a model that needs a file", lambda runtime: len, weights=("tiny",))}
    runtime = HeadlessRuntime("cpu", models=(tmp_path,))
    with pytest.raises(InputError, match="if_missing is 'maybe'; allowed is one of: error, download"):
        load("segment", needy, "needy", runtime, "maybe")
    assert IF_MISSING[0] == "error" and not shelf.exists()
    load("segment", needy, "needy", runtime, "download")
    assert whole(shelf)
    assert load("segment", needy, "needy", runtime).name == "needy"
