"""What was seen before, of more than memory should hold: in a scratch file of its own, gone when it is closed.

SQLite on every installation: of a million marks its file takes some 15 MB and memory what `CACHE` says.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from storage.database import StorageTrouble

if TYPE_CHECKING:
    from collections.abc import Iterator

CACHE: Final = 4096
"""Kilobytes of the file that are remembered."""
_PREPARED: Final = f"""
PRAGMA cache_size = -{CACHE};
PRAGMA journal_mode = OFF;
CREATE TABLE seen (mark INTEGER PRIMARY KEY);
BEGIN;
"""
_NOTE: Final = "INSERT INTO seen VALUES (?) ON CONFLICT DO NOTHING"


class Seen:
    """Texts that were seen, as 64 bits of a hash each: of a million, two are confused once in 37 million times."""

    def __init__(self, scratch: sqlite3.Connection) -> None:
        """Wrap a scratch file; use `open_seen` instead."""
        self._note = scratch.cursor()

    def add(self, text: str) -> bool:
        """Note a text; return whether it is new."""
        mark = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)
        return self._note.execute(_NOTE, (mark,)).rowcount == 1


@contextmanager
def open_seen() -> Iterator[Seen]:
    """Give an empty memory of texts. Raises `StorageTrouble` where its file finds no room."""
    scratch = sqlite3.connect("", isolation_level=None)  # no name: SQLite removes the file as soon as it is open
    try:
        scratch.executescript(_PREPARED)
        yield Seen(scratch)
    except sqlite3.Error as error:
        message = f"no room for a scratch file in {tempfile.gettempdir()}: make room there, or name another in TMPDIR"
        raise StorageTrouble(message) from error
    finally:
        scratch.close()
