"""Whether all of a sound file is there, as its container tells; FFmpeg takes what is there for all."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..errors import MediaError

STREAMED_RIFF = 0x7FFFF000
"""Bytes from which the size in a WAV header says that its writer did not know."""

OGG, EBML, SEGMENT = b"OggS", b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
"""What a page of Ogg, a Matroska or WebM file, and in that the part with everything, begin with."""

PAGE = 1 << 16
"""Bytes that no page of Ogg exceeds."""

LAST_PAGE = 4
"""The bit of a page of Ogg that ends a stream."""


def check_whole(path: Path, file: BinaryIO) -> None:
    """Raise MediaError when a WAV, Matroska or WebM file is shorter than its header says, or when an Ogg file has lost
    its end. `file` is `path` opened, and is left at its start. A file that was streamed may not know its length."""
    head, there = file.read(256), path.stat().st_size
    stated = _stated(head)
    if there + 1 < stated:  # some programs forget the padding byte at the end
        raise MediaError(f"{path} is cut short: {there:,} of {stated:,} bytes are there: copy or download it again")
    if head.startswith(OGG):
        file.seek(max(0, there - PAGE))
        if not _has_last_page(file.read()):
            raise MediaError(f"{path} is cut short: its last page (Ogg) is not there: copy or download it again")
    file.seek(0)


def _stated(head: bytes) -> int:
    """Bytes that a file with such a beginning should have; 0 where it does not say."""
    if head.startswith(EBML):
        return _matroska(head)
    size = {b"RIFF": head[4:8], b"RF64": head[20:28], b"BW64": head[20:28]}.get(head[:4], b"")
    stated = int.from_bytes(size, "little") + 8
    return 0 if head.startswith(b"RIFF") and stated >= STREAMED_RIFF else stated


def _matroska(head: bytes) -> int:
    size, at = _ebml_number(head, len(EBML))
    at += size
    if head[at : at + len(SEGMENT)] != SEGMENT:
        return 0
    size, at = _ebml_number(head, at + len(SEGMENT))
    return at + size if size >= 0 else 0


def _ebml_number(head: bytes, at: int) -> tuple[int, int]:
    """The number at a position, -1 for unknown, and the position behind it. The zeros that its bits begin with tell how
    many bytes follow the first."""
    length = 9 - int.from_bytes(head[at : at + 1], "big").bit_length()
    most = (1 << 7 * length) - 1
    number = int.from_bytes(head[at : at + length], "big") & most
    return (-1 if number == most else number), at + length


def _has_last_page(tail: bytes) -> bool:
    """Whether the last page in the end of an Ogg file is whole, and ends a stream."""
    at = tail.rfind(OGG + b"\0")
    if at < 0 or len(tail) < at + 27:
        return False
    lengths = tail[at + 27 : at + 27 + tail[at + 26]]
    return bool(tail[at + 5] & LAST_PAGE) and at + 27 + tail[at + 26] + sum(lengths) <= len(tail)
