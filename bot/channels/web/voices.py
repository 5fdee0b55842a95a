"""Voice messages from citizens: known by their content, freed of what stands beside the sound, under names of chance.

Tags (who, where, when, on which device) are overwritten where they stand, so that no offset into the sound moves.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LARGEST = 10 * 1024 * 1024
"""Bytes of a recording: some ten minutes of speech."""


class NoVoice(Exception):
    """The file is no recording we know, or too large."""


def keep(body: bytes, folder: Path, name: str) -> str:
    """Write the recording in `body` into `folder` without its tags; return the file's name. Raises `NoVoice`."""
    fresh, ending = bare(body)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.{ending}"
    file.write_bytes(fresh)
    return file.name


def bare(body: bytes) -> tuple[bytes, str]:
    """Return a recording without its tags, and the ending of a file of its kind.

    Raises `NoVoice` where `body` is no whole Ogg, WebM, MP4, WAV or MP3 of at most `LARGEST` bytes.
    """
    found = next((one for one in _FORMATS if one[1].match(body)), None)
    if found is None or len(body) > LARGEST:
        raise NoVoice
    ending, _, stripped = found
    try:
        return stripped(body), ending
    except (IndexError, struct.error) as error:
        raise NoVoice from error


# --------------------------------------------------------------------------- Ogg: RFC 3533, RFC 7845, Vorbis I 5.2

_HEAD = 27
"""Bytes of a page before its table of lengths."""
_FULL = 255
"""A packet goes on after a part of this length."""
_BEGINS = 2
"""Mark of the first page of a stream."""
_COMMENTS = ((b"OpusTags", b""), (b"\x03vorbis", b"\x01"))
"""How the packet of comments begins and ends."""


def _ogg(body: bytes) -> bytes:
    fresh, pages = bytearray(body), list(_pages(body))
    if any(body[at + 5] & _BEGINS for at, *_ in pages[1:]):
        raise NoVoice  # streams beside or after one another: we would miss the comments of the others
    parts = list(_second(body, pages[1:]))
    packet = b"".join(body[at : at + length] for at, length, _ in parts)
    blank = _blank(packet)
    for at, length, _ in parts:
        fresh[at : at + length], blank = blank[:length], blank[length:]
    for page, _, end in {page for *_, page in parts}:
        fresh[page + 22 : page + 26] = bytes(4)
        fresh[page + 22 : page + 26] = struct.pack("<I", _checksum(bytes(fresh[page:end])))
    return bytes(fresh)


def _pages(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Give where each page, its content and what follows begin."""
    at = 0
    while at < len(body):
        content = at + _HEAD + body[at + 26]
        end = content + sum(body[at + _HEAD : content])
        if body[at : at + 4] != b"OggS" or end > len(body):
            raise NoVoice
        yield at, content, end
        at = end


def _second(body: bytes, pages: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, tuple[int, int, int]]]:
    """Give each part of the packet that begins on the first of `pages`: where, how long, and on which page."""
    for page in pages:
        at = page[1]
        for length in body[page[0] + _HEAD : page[1]]:
            yield at, length, page
            if length < _FULL:
                return
            at += length
    raise NoVoice


def _blank(packet: bytes) -> bytes:
    """Return a packet of comments of the same length that says nothing: the maker's name takes all the room."""
    for begins, ends in _COMMENTS:
        room = len(packet) - len(begins) - len(ends) - 8
        if packet.startswith(begins) and room >= 0:
            return begins + struct.pack("<I", room) + b" " * room + bytes(4) + ends
    raise NoVoice


def _table() -> Iterator[int]:
    for byte in range(256):
        rest = byte << 24
        for _ in range(8):
            rest = (rest << 1) ^ (0x04C11DB7 if rest & 0x80000000 else 0)
        yield rest & 0xFFFFFFFF


_REST = tuple(_table())


def _checksum(page: bytes) -> int:
    """Return the CRC-32 of a page as Ogg has it: polynomial 0x04C11DB7, from 0, nothing turned round."""
    rest = 0
    for byte in page:
        rest = ((rest << 8) & 0xFFFFFFFF) ^ _REST[(rest >> 24) ^ byte]
    return rest


# --------------------------------------------------------------------------- MP3: ID3v2 before, APE and ID3v1 behind


def _mp3(body: bytes) -> bytes:
    while body.startswith(b"ID3"):
        size = 0
        for byte in body[6:10]:
            size = size << 7 | byte & 0x7F
        body = body[10 + size + (10 if body[5] & 0x10 else 0) :]
    if body[-128:-125] == b"TAG":
        body = body[:-128]
    if body[-32:-24] == b"APETAGEX":
        size, _, flags = struct.unpack("<III", body[-20:-8])
        body = body[: -(size + (32 if flags >> 31 else 0)) or None]
    if not _FRAME.match(body):
        raise NoVoice
    return body


_FRAME = re.compile(rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]")

# --------------------------------------------------------------------------- WAV: chunks

_SOUND = (b"fmt ", b"fact", b"data")


def _wav(body: bytes) -> bytes:
    kept, at = b"", 12
    while at + 8 <= len(body):
        end = at + 8 + struct.unpack("<I", body[at + 4 : at + 8])[0]
        if body[at : at + 4] in _SOUND:
            kept += body[at:end]
        at = end + end % 2
        kept += b"\0" * (len(kept) % 2)
    if b"data" not in kept:
        raise NoVoice
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WAVE" + kept


# --------------------------------------------------------------------------- MP4: boxes, ISO/IEC 14496-12

_WITHIN = frozenset({b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf"})
_TOLD = frozenset({b"udta", b"meta", b"uuid"})


def _m4a(body: bytes) -> bytes:
    fresh = bytearray(body)
    _free(fresh, 0, len(fresh))
    return bytes(fresh)


def _free(fresh: bytearray, at: int, end: int) -> None:
    """Make empty space of each box that tells about the recording."""
    while at + 8 <= end:
        size, kind = struct.unpack(">I4s", fresh[at : at + 8])
        head = 8
        if size == 1:
            (size,), head = struct.unpack(">Q", fresh[at + 8 : at + 16]), 16
        size = size or end - at
        if size < head or at + size > end:
            raise NoVoice
        if kind in _TOLD:
            fresh[at + 4 : at + 8] = b"free"
            fresh[at + head : at + size] = bytes(size - head)
        elif kind in _WITHIN:
            _free(fresh, at + head, at + size)
        at += size


# --------------------------------------------------------------------------- WebM: EBML, RFC 8794 and RFC 9559

_SEGMENT, _INFO = 0x18538067, 0x1549A966
_SAID = frozenset({0x1254C367, 0x1941A469, 0x1043A770, 0x7BA9, 0x4461, 0x7384, 0x4D80, 0x5741})
"""Tags, attachments, chapters; title, date, file name, and the two programs that made it."""


def _webm(body: bytes) -> bytes:
    fresh = bytearray(body)
    _void(fresh, 0, len(fresh))
    return bytes(fresh)


def _void(fresh: bytearray, at: int, end: int) -> None:
    """Make empty space of each element that tells about the recording; one of unknown length is the sound: the end."""
    while at < end:
        name, after = _number(fresh, at, marked=True)
        size, content = _number(fresh, after, marked=False)
        unknown = size == (1 << 7 * (content - after)) - 1
        till = end if unknown else content + size
        if till > end:
            raise NoVoice
        if name in {_SEGMENT, _INFO}:
            _void(fresh, content, till)
        elif name in _SAID:
            fresh[at:till] = _empty(till - at)
        elif unknown:
            return
        at = till


def _number(body: bytearray, at: int, *, marked: bool) -> tuple[int, int]:
    """Return a number of EBML's own kind, with or without the mark of its length, and where it ends."""
    length = 9 - body[at].bit_length()
    if length > 8 or at + length > len(body):
        raise NoVoice
    value = int.from_bytes(body[at : at + length])
    return value if marked else value & ((1 << 7 * length) - 1), at + length


def _empty(length: int) -> bytes:
    """Return an element of so many bytes that says nothing."""
    if length < 10:
        return bytes([0xEC, 0x80 | length - 2]) + bytes(length - 2)
    return b"\xec\x01" + (length - 9).to_bytes(7) + bytes(length - 9)


_FORMATS: tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    ("ogg", re.compile(rb"OggS"), _ogg),
    ("webm", re.compile(rb"\x1aE\xdf\xa3"), _webm),
    ("m4a", re.compile(rb"....ftyp", re.DOTALL), _m4a),
    ("wav", re.compile(rb"RIFF....WAVE", re.DOTALL), _wav),
    ("mp3", re.compile(rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]"), _mp3),
)
"""How recordings of browsers and phones begin, by the ending of the file we keep."""

ENDINGS = tuple(ending for ending, *_ in _FORMATS)
