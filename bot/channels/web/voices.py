"""Voice messages from citizens: known by their content, kept as they are under names of chance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 10 * 1024 * 1024
"""Bytes of a recording: some ten minutes of speech."""

_FORMATS = (
    ("ogg", re.compile(rb"OggS")),
    ("webm", re.compile(rb"\x1aE\xdf\xa3")),
    ("m4a", re.compile(rb"....ftyp", re.DOTALL)),
    ("wav", re.compile(rb"RIFF....WAVE", re.DOTALL)),
    ("mp3", re.compile(rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]")),
)
"""How recordings of browsers and phones begin, by the ending of the file we keep."""

ENDINGS = tuple(ending for ending, _ in _FORMATS)


class NoVoice(Exception):
    """The file is no recording we know, or too large."""


def keep(body: bytes, folder: Path, name: str) -> str:
    """Write the recording in `body` into `folder`; return the file's name.

    Raises `NoVoice` where `body` is no Ogg, WebM, MP4, WAV or MP3 of at most `LARGEST` bytes.
    """
    ending = next((ending for ending, begins in _FORMATS if begins.match(body)), None)
    if ending is None or len(body) > LARGEST:
        raise NoVoice
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.{ending}"
    file.write_bytes(body)
    return file.name
