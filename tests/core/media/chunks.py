"""A reader of RIFF and BW64 chunks that shares nothing with the writer."""

from __future__ import annotations

from pathlib import Path


def chunks(path: Path) -> dict[str, bytes]:
    """Name -> content of every chunk, in the order of the file; the form's own name ("RIFF", "BW64") comes first, with
    nothing. Asserts that every size is true."""
    data = path.read_bytes()
    form, total = data[:4].decode(), number(data[4:8])
    assert data[8:12] == b"WAVE"
    found, at, long = {form: b""}, 12, None
    while at < len(data):
        name, size = data[at : at + 4].decode(), number(data[at + 4 : at + 8])
        if name == "data" and size == 0xFFFFFFFF:
            size = number(long[8:16])
        found[name] = data[at + 8 : at + 8 + size]
        assert len(found[name]) == size
        long = found[name] if name == "ds64" else long
        assert not any(data[at + 8 + size : at + 8 + size + size % 2])
        at += 8 + size + size % 2
    assert (number(long[:8]) if total == 0xFFFFFFFF else total) == at - 8 == len(data) - 8
    return found


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")
