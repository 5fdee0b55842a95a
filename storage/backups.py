"""A backup: the whole database at one moment, in one encrypted file that either database can be restored from.

The file begins with a line in clear (version, salt, when); then come pieces of AES-GCM under a key that scrypt (RFC
7914) makes of a secret. Each piece is bound to the first line, to its place and to whether it is the last, so that
nothing can be cut off, swapped or mixed (as in STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-
Encryption and its Nonce-Reuse Misuse-Resistance", 2015). Inside are compressed lines of JSON: what is in it, every row,
and at the end how many and a digest. A restore is one transaction: killed anywhere, nothing has happened.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError

from storage import copying, crossings, migrate
from storage.database import StorageTrouble
from storage.rows import Insert
from storage.sealing import sync_folder
from storage.tables import leases, metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from storage.database import Database

Progress: TypeAlias = "Callable[[str, int], None]"
"""Takes (table, how many more of its rows are done)."""

MAGIC: Final = "civicloop backup 1"
PIECE: Final = 256 * 1024
"""Bytes that are encrypted together."""
BATCH: Final = 1000
"""Rows in memory at once."""
MINIMUM: Final = 12
"""Signs of a secret, at least."""
TABLES: Final = tuple(table for table in metadata.sorted_tables if table is not leases)
"""All of them, those that others point to first; who works on a database at a moment is no content of it."""
_COST: Final = 2**16
"""Of scrypt, with blocks of 8: 64 MB and about a fifth of a second for each guess."""
_TAG: Final = 16
_LONGEST: Final = 10_000
"""Bytes of the line in clear, at most."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds."""

    at: datetime
    revision: str
    """Of the tables: only a program of the same one restores it."""
    rows: Mapping[str, int]
    numbers: Mapping[str, int]
    """The highest number each table has ever given."""
    keys: bytes | None = None
    """The key file, where it was asked for."""


class _Header(NamedTuple):
    line: bytes
    salt: bytes


# --------------------------------------------------------------------------- writing


def write(
    database: Database, file: Path, secret: bytes, at: datetime, see: Progress, keys: bytes | None, salt: bytes
) -> Contents:
    """Write a backup of one moment of the database, whole or not at all, for its owner only.

    Raises `StorageTrouble` where the tables are not this program's, OSError where the file cannot be written.
    """
    copying.check_source(database)
    draft = file.with_name(f"{file.name}.part")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        pieces = _Pieces(out, secret, at, salt)
        with database.reading() as db:
            contents = _contents(db, at, keys)
            _write_all(db, contents, pieces, see)
        pieces.end()
        out.flush()
        os.fsync(out.fileno())
        crossings.passed("backup.written")
    draft.replace(file)
    sync_folder(file.absolute().parent)
    crossings.passed("backup.kept")
    return contents


def count(database: Database) -> dict[str, int]:
    """Return how many rows there are, by table in the order they go."""
    with database.reading() as db:
        return _counts(db)


def _counts(db: Connection) -> dict[str, int]:
    return {table.name: db.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES}


def _contents(db: Connection, at: datetime, keys: bytes | None) -> Contents:
    return Contents(at, migrate.newest(), _counts(db), copying.numbers(db), keys)


def _write_all(db: Connection, contents: Contents, pieces: _Pieces, see: Progress) -> None:
    pieces.line(_head(contents))
    for table in TABLES:
        pieces.line({"table": table.name, "columns": table.c.keys()})
        for rows in copying.batches(db, table):
            for row in rows:
                pieces.line([_plain(value) for value in row])
            see(table.name, len(rows))
    pieces.line({"end": sum(contents.rows.values()), "sha256": pieces.digest.hexdigest()})


def _head(contents: Contents) -> dict[str, Any]:
    keys = None if contents.keys is None else base64.b64encode(contents.keys).decode()
    return {
        "at": contents.at.isoformat(),
        "revision": contents.revision,
        "rows": contents.rows,
        "numbers": contents.numbers,
        "keys": keys,
    }


def _plain(value: object) -> object:
    match value:
        case bytes() | memoryview():
            return {"b": base64.b64encode(value).decode()}
        case datetime():
            return {"t": value.isoformat()}
        case _:
            return value


def _of_plain(value: Any) -> Any:  # noqa: ANN401 - values of many types
    if isinstance(value, dict):
        return base64.b64decode(value["b"]) if "b" in value else datetime.fromisoformat(value["t"])
    return value


class _Pieces:
    """Lines of JSON, compressed and encrypted piece by piece."""

    def __init__(self, out: IO[bytes], secret: bytes, at: datetime, salt: bytes) -> None:
        said = {"format": MAGIC, "at": at.isoformat(), "salt": salt.hex()}
        self._header = _Header(json.dumps(said).encode() + b"\n", salt)
        self._cipher = _cipher(secret, salt)
        self._out = out
        self._packed = zlib.compressobj(6)
        self._waiting = bytearray()
        self._number = 0
        self.digest = hashlib.sha256()
        out.write(self._header.line)

    def line(self, said: object) -> None:
        """Add a line."""
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        self.digest.update(body)
        self._waiting += self._packed.compress(body)
        while len(self._waiting) > PIECE:
            self._write(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
            crossings.passed("backup.writes")

    def end(self) -> None:
        """Write what is left; without this the file is not whole."""
        self._waiting += self._packed.flush()
        while len(self._waiting) > PIECE:
            self._write(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        self._write(bytes(self._waiting), last=True)

    def _write(self, body: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), body, self._header.line))
        self._number += 1


def _nonce(number: int, *, last: bool) -> bytes:
    """Never the same twice under one key: each file has a salt of its own."""
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


def _cipher(secret: bytes, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(secret))


# --------------------------------------------------------------------------- reading


def check(file: Path, secret: bytes, see: Progress | None = None) -> Contents:
    """Read a backup to its end: nothing is missing, nothing was changed. Returns what it holds.

    Raises `StorageTrouble` for a wrong secret and for a file that is damaged, cut off or none of ours.
    """
    lines = _Lines(file, secret)
    contents = lines.contents()
    seen = 0
    for table, rows in lines.rows():
        seen += len(rows)
        if see is not None:
            see(table, len(rows))
    if seen != sum(contents.rows.values()):
        raise StorageTrouble(_damaged(file))
    return contents


def _damaged(file: Path) -> str:
    return f"{file} is damaged or cut off: nothing of it can be trusted; take another backup"


@dataclass(slots=True)
class _Lines:
    """The lines of a backup, each piece of it proven before it is used."""

    file: Path
    secret: bytes
    _digest: Any = field(default_factory=hashlib.sha256)
    _read: Iterator[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._read = self._lines()

    def contents(self) -> Contents:
        """Return what the backup says it holds; to be asked first."""
        said = self._json(next(self._read, b""))
        keys = said["keys"]
        return Contents(
            datetime.fromisoformat(said["at"]),
            said["revision"],
            said["rows"],
            said["numbers"],
            None if keys is None else base64.b64decode(keys),
        )

    def rows(self) -> Iterator[tuple[str, list[list[Any]]]]:
        """Give (table, rows) in batches. Raises where the end is not what was written."""
        table, batch, total = "", [], 0
        before = self._digest.hexdigest()
        for line in self._read:
            said = self._json(line)
            if isinstance(said, list):
                batch.append([_of_plain(value) for value in said])
                total += 1
            if batch and (len(batch) == BATCH or not isinstance(said, list)):
                yield table, batch
                batch = []
            if isinstance(said, dict) and "table" in said:
                table = said["table"]
            elif isinstance(said, dict):
                self._must(said == {"end": total, "sha256": before} and next(self._read, None) is None)
                return
            before = self._digest.hexdigest()
        raise StorageTrouble(_damaged(self.file))

    def _must(self, right: object) -> None:
        if not right:
            raise StorageTrouble(_damaged(self.file))

    def _json(self, line: bytes) -> Any:  # noqa: ANN401 - JSON
        try:
            return json.loads(line.decode("utf-8", "surrogatepass"))
        except ValueError:
            raise StorageTrouble(_damaged(self.file)) from None

    def _lines(self) -> Iterator[bytes]:
        """Give whole lines; in memory are one piece and what it unpacks to, 1 MB at a time."""
        unpack, rest = zlib.decompressobj(), b""
        for piece in self._pieces():
            packed = piece
            while packed:
                try:
                    rest += unpack.decompress(packed, 1024 * 1024)
                except zlib.error:
                    raise StorageTrouble(_damaged(self.file)) from None
                packed = unpack.unconsumed_tail
                *whole, rest = rest.split(b"\n")
                for line in whole:
                    self._digest.update(line + b"\n")
                    yield line
        self._must(not rest + unpack.flush() and unpack.eof)

    def _pieces(self) -> Iterator[bytes]:
        with self.file.open("rb") as body:
            header = _header(self.file, body.readline(_LONGEST))
            cipher, number = _cipher(self.secret, header.salt), 0
            piece = body.read(PIECE + _TAG)
            while piece:
                after = body.read(PIECE + _TAG)
                try:
                    yield cipher.decrypt(_nonce(number, last=not after), piece, header.line)
                except InvalidTag:
                    raise StorageTrouble(self._wrong(cipher, header, piece, number)) from None
                piece, number = after, number + 1
            self._must(number > 0)

    def _wrong(self, cipher: AESGCM, header: _Header, piece: bytes, number: int) -> str:
        """The first piece tells a wrong secret from damage only where it is whole: as the last one, or not."""
        if number:
            return _damaged(self.file)
        try:
            cipher.decrypt(_nonce(0, last=False), piece, header.line)
        except InvalidTag:
            return f"the secret does not open {self.file}: it is another one, or the file is damaged"
        return _damaged(self.file)


def _header(file: Path, line: bytes) -> _Header:
    try:
        said = json.loads(line)
        if said["format"] == MAGIC:
            return _Header(line, bytes.fromhex(said["salt"]))
    except (ValueError, KeyError, TypeError):
        pass
    raise StorageTrouble(f"{file} is no backup of civicloop, or of another version")


# --------------------------------------------------------------------------- restoring


def prepare(database: Database, contents: Contents) -> None:
    """Make the tables. Raises `StorageTrouble` where the database is not empty, or the backup of another version."""
    if contents.revision != migrate.newest():
        raise StorageTrouble(
            f"the backup was made by another version (tables {contents.revision}, here {migrate.newest()}): "
            'install that version, restore there, then update and give "civicloop migrate"'
        )
    migrate.upgrade(database)
    if any(count(database).values()):
        raise StorageTrouble(
            f"{database.shown} holds something: a restore only goes into an empty database. "
            "Move the old one away, or name another in database.url"
        )


def fill(db: Connection, file: Path, secret: bytes, see: Progress) -> None:
    """Write all rows of a backup that was checked, inside a transaction. Raises `StorageTrouble` as `check` does."""
    lines = _Lines(file, secret)
    contents = lines.contents()
    tables = {table.name: table for table in TABLES}
    writers = {name: Insert(table, table.c.keys()) for name, table in tables.items()}
    for name, rows in lines.rows():
        try:
            writers[name](db, [tuple(row) for row in rows])
        except (DataError, IntegrityError) as error:
            raise StorageTrouble(f"the database refuses rows of {name}: {error.orig}") from error
        see(name, len(rows))
    for name, number in contents.numbers.items():
        copying.count_on(db, name, number)
