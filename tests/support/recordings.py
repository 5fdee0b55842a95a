"""Small recordings of each kind, with what a telephone or a program writes beside the sound."""

from __future__ import annotations

import struct

SECRET = b"Ana Lopez, 52.37403 4.88969, iPhone"
"""What must not reach anybody."""
SOUND = bytes(range(200))


def _page(packets: list[bytes], number: int, flags: int = 0) -> bytes:
    """Return a page of Ogg with these packets; the sum is made of bits, slowly."""
    table = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in packets)
    head = b"OggS" + struct.pack("<BBQIII", 0, flags, 0, 7, number, 0) + bytes([len(table)]) + table
    page = head + b"".join(packets)
    return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def checksum(page: bytes) -> int:
    """Return the sum of a page whose own is zero."""
    rest = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        for bit in range(7, -1, -1):
            carry = rest >> 31 ^ byte >> bit & 1
            rest = (rest << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if carry else 0)
    return rest


def _comments(begins: bytes, ends: bytes = b"") -> bytes:
    said = SECRET * 12
    return begins + struct.pack("<I", 4) + b"made" + struct.pack("<II", 1, len(said)) + said + ends


def ogg(*, vorbis: bool = False) -> bytes:
    """Return Ogg with Opus, as Telegram and Firefox record, or with Vorbis, two packets on one page."""
    if vorbis:
        heads = [_page([b"\x01vorbis" + bytes(23)], 0, 2), _page([_comments(b"\x03vorbis", b"\x01"), b"\x05vorbis"], 1)]
    else:
        heads = [_page([b"OpusHead" + bytes(11)], 0, 2), _page([_comments(b"OpusTags")], 1)]
    return b"".join([*heads, _page([SOUND], 2, 4)])


def mp3() -> bytes:
    """Return MP3 with tags before and behind."""
    size = len(SECRET)
    before = b"ID3\x04\x00\x00" + bytes([0, 0, size >> 7, size & 0x7F]) + SECRET
    ape = SECRET + b"APETAGEX" + struct.pack("<IIII", 2000, len(SECRET) + 32, 1, 0) + bytes(8)
    return before + b"\xff\xfb\x90\x00" + SOUND + ape + (b"TAG" + SECRET).ljust(128, b"\0")


def wav() -> bytes:
    """Return WAV with a list of facts."""
    parts = [(b"fmt ", bytes(16)), (b"LIST", SECRET), (b"data", SOUND)]
    chunks = b"".join(kind + struct.pack("<I", len(each)) + each + b"\0" * (len(each) % 2) for kind, each in parts)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def _box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I4s", len(inside) + 8, kind) + inside


def m4a() -> bytes:
    """Return MP4 with facts about the film and about its track."""
    told = _box(b"udta", _box(b"meta", SECRET))
    moov = _box(b"moov", _box(b"mvhd", bytes(20)), _box(b"trak", _box(b"tkhd", bytes(8)), told), told)
    return _box(b"ftyp", b"M4A ") + moov + _box(b"mdat", SOUND)


def _element(name: bytes, content: bytes, *, unknown: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if unknown else b"\x40" + bytes([len(content)]) if len(content) < 256 else b""
    return name + (size or (0x10000000 | len(content)).to_bytes(4)) + content


def webm() -> bytes:
    """Return WebM as browsers record it: a segment and a cluster of unknown length, after tags."""
    info = _element(b"\x15\x49\xa9\x66", _element(b"\x7b\xa9", SECRET) + _element(b"\x2a\xd7\xb1", bytes(3)))
    tags = _element(b"\x12\x54\xc3\x67", SECRET * 12)
    cluster = _element(b"\x1f\x43\xb6\x75", SOUND, unknown=True)
    head = _element(b"\x1a\x45\xdf\xa3", b"webm")
    return head + _element(b"\x18\x53\x80\x67", info + tags + cluster, unknown=True)


ALL = {"ogg": ogg(), "webm": webm(), "m4a": m4a(), "wav": wav(), "mp3": mp3()}
"""By the ending of their files."""
