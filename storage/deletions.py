"""The log of deletions: who left since the last backup, so that a restore lets nobody come back who has gone.

A file beside the key file, only ever added to, written before the commit of the deletion itself: what is lost with the
database stands there. It names nobody. Contacts and parts in rounds are keyed hashes, which the lines of one person in
two rounds do not share; only who holds the key file and already knows an address can tell that it is there. Lines older
than the oldest backup that may be restored are dropped.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.database import StorageTrouble, Unopened
from storage.sealing import sync_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from storage.contacts import Contact
    from storage.people import Person, Role
    from storage.sealing import Keys

FILE: Final = "deletions.log"
_LONGEST: Final = 1 << 20
"""No line is longer."""
DELETED, PARTED, MOVED = "deleted", "parted", "moved"
"""Everything of somebody went; one part in a round went; a part went from one contact to another."""
STOPPED, RESUMED, UNINVITED, HUSHED = "stopped", "resumed", "uninvited", "hushed"
"""STOP; its end; no more invitations; a mail address came to the quiet list."""
UNQUOTED, UNWISHED = "unquoted", "unwished"
"""The yes to being quoted in one part was taken back; so was the wish for the result of a round."""
DISMISSED: Final = "dismissed"
"""A role was taken away."""
WITHHELD, SHOWN_AGAIN = "withheld", "shown"
"""Words were withheld from others by a person of the service; a person let others see them."""
TORN: Final = b"~torn\n"
"""Ends a line that a power cut left without its end: nothing of it was committed."""


class Entry(NamedTuple):
    """One line: what somebody did at a moment. Signs are as `Keys.deletion_hash` makes them."""

    at: datetime
    what: str
    who: str
    """Sign of the contact; of `HUSHED` the hash the quiet list knows the address by; of `DISMISSED` that of the role.

    Of `WITHHELD` and `SHOWN_AGAIN` that of the words.

    Empty of `UNQUOTED` and `UNWISHED`; earlier versions signed the latter by the contact.
    """
    parts: tuple[str, ...] = ()
    """Signs of their pseudonyms; of `MOVED` the one before and the one after."""
    round: int = 0
    why: str = ""
    """Of `WITHHELD` the kind of reason."""


def sign(keys: Keys, contact: Contact) -> str:
    """Return the sign of a contact."""
    return keys.deletion_hash(b"contact", keys.lasting(contact.address_hash))


def sign_or_none(keys: Keys, contact: Contact) -> str | None:
    """Return the sign of a contact; None where none of the keys opens its hash."""
    try:
        return sign(keys, contact)
    except Unopened:
        return None


def part(keys: Keys, pseudonym: bytes) -> str:
    """Return the sign of a part in a round."""
    return keys.deletion_hash(b"part", pseudonym)


def role(keys: Keys, person: Person, role: Role) -> str:
    """Return the sign of a role of a member of staff."""
    whose = f"{person.id} {person.created_at.isoformat()} {role.role} {role.service}"
    return keys.deletion_hash(b"role", whose.encode())


def beside(key_file: Path) -> Path:
    """Return where the log of the installation with this key file is."""
    return key_file.with_name(FILE)


def record(keys: Keys, entries: Sequence[Entry]) -> None:
    """Write down what is about to be committed, for good. Keys that came from no file have no log.

    Raises `StorageTrouble` where it cannot be written whole: then nothing may be committed either.
    """
    if keys.file is None or not entries:
        return
    lines = "".join(f"{_line(entry)}\n" for entry in entries)
    with _alone(beside(keys.file)) as handle:
        body = f"{_torn(handle)}{lines}".encode()
        if os.write(handle, body) < len(body):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)


def read(file: Path, torn: Callable[[int], object] = lambda _: None) -> Iterator[Entry]:
    """Give what a log holds, oldest first; a line torn by a power cut was never committed.

    `torn` gets the number of each line that nothing but its own form shows to be one, as earlier versions left them.
    Raises `StorageTrouble` where the file cannot be read or is none, or where another line is damaged.
    """
    for line in _lines(file):
        if line.entry is not None:
            yield line.entry
        elif not line.torn:
            raise _damaged(file, line)
        elif not line.ends_as_torn:
            torn(line.number)


def _damaged(file: Path, line: _Line) -> StorageTrouble:
    """Return what is said of a line that was written and cannot be read: nobody knows who is to be gone by it."""
    if line.number == 1 and not line.said.startswith(b"{"):
        return StorageTrouble(f"{file} is no log of deletions")
    return StorageTrouble(
        f"line {line.number} of the log of deletions {file} is damaged: whoever has gone by it would come back. Put an "
        "undamaged copy of the log in its place; where there is none, take the line out"
    )


class _Line(NamedTuple):
    """A line that says something, or did."""

    number: int
    said: bytes
    entry: Entry | None
    """None: it cannot be read."""
    torn: bool
    """It never came to its end: nothing of it was committed."""

    @property
    def ends_as_torn(self) -> bool:
        return self.said.endswith(TORN) or not self.said.endswith(b"\n")


def _lines(file: Path) -> Iterator[_Line]:
    """Give the lines of a log. Raises `StorageTrouble` where the file cannot be read."""
    last = None
    try:
        with file.open("rb") as lines:
            for number, said in enumerate(lines, 1):
                if not said.strip():
                    continue
                if last is not None:
                    yield last
                entry = _entry(said)
                last = _Line(number, said, entry, torn=False)
                last = last._replace(torn=entry is None and (last.ends_as_torn or _is_cut_off(said)))
    except OSError as error:
        raise StorageTrouble(f"the log of deletions {file} cannot be read ({error.strerror})") from error
    if last is not None:
        yield last._replace(torn=last.torn and last.ends_as_torn)


def _is_cut_off(line: bytes) -> bool:
    """Whether something is the beginning of a line: earlier versions ended torn lines as whole ones, with the next."""
    return line.startswith(b"{") and any(_is_json(line.rstrip(b"\n") + end) for end in _ENDS)


_ENDS: Final = (b"}", b'"}', b'": 0}', b": 0}", b" 0}", b"0}", b'"": 0}', b' "": 0}', b"]}", b'"]}', b'""]}', b' ""]}')
"""What would end a line that was cut off: behind a value, inside one, inside its name …"""


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def prune(file: Path, before: datetime, damaged: Callable[[int], object] = lambda _: None) -> int:
    """Drop lines older than `before`; return how many. Torn lines go with them.

    `damaged` gets the number of each line that cannot be read. Of these, too, those stay for `read` to name that are
    behind all older ones. Raises `StorageTrouble` where the file is no log.
    """
    if not file.exists():
        return 0
    lines = list(_lines(file))
    if lines and not lines[0].torn and all(line.entry is None for line in lines):
        raise _damaged(file, lines[0])
    for line in lines:
        if line.entry is None and not line.ends_as_torn:
            damaged(line.number)
    if len(_since(lines, before)) == len(lines):
        return 0
    with _alone(file):
        lines = list(_lines(file))
        kept = _since(lines, before)
        draft = file.with_name(f"{file.name}.{os.getpid()}.new")
        write_private(draft, b"".join(line.said.rstrip(b"\n") + b"\n" for line in kept))
        draft.replace(file)
        sync_folder(file.parent)
    return sum(line.entry is not None for line in lines) - sum(line.entry is not None for line in kept)


def _since(lines: Sequence[_Line], before: datetime) -> list[_Line]:
    """Return the lines to keep; of one that nobody can read it is known that it is no younger than the next."""
    kept, young = [], True
    for line in reversed(lines):
        young = young if line.entry is None else line.entry.at >= before
        if young and not line.torn:
            kept.append(line)
    return kept[::-1]


@contextmanager
def _alone(file: Path) -> Iterator[int]:
    """Hold the file open for adding, with nobody else writing: not even who has just put another in its place."""
    try:
        handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_ino == file.stat().st_ino:
                yield handle
                return
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageTrouble(
            f"the log of deletions {file} cannot be written ({error.strerror}): nothing is deleted until it can"
        ) from error
    with _alone(file) as again:
        yield again


def _torn(handle: int) -> str:
    """Return what ends a line that a power cut left without an end, so that it is known as one."""
    size = os.fstat(handle).st_size
    last = os.pread(handle, _LONGEST, max(0, size - _LONGEST)).rpartition(b"\n")[-1]
    return "" if not last else "\n" if _entry(last) else TORN.decode()


def _line(entry: Entry) -> str:
    said = {"at": entry.at.isoformat(), "what": entry.what, "who": entry.who}
    more = {"parts": entry.parts, "round": entry.round, "why": entry.why}
    return json.dumps(said | {name: value for name, value in more.items() if value})


def _entry(line: bytes) -> Entry | None:
    """Return what a line says; None where it is damaged."""
    try:
        said = json.loads(line)
        return Entry(
            datetime.fromisoformat(said["at"]),
            str(said["what"]),
            str(said["who"]),
            tuple(map(str, said.get("parts", ()))),
            int(said.get("round", 0)),
            str(said.get("why", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def of(entries: Iterable[Entry], *what: str) -> list[Entry]:
    """Return the entries of some kinds."""
    return [entry for entry in entries if entry.what in what]
