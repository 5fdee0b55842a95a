"""A list of mail addresses that a city holds, as a CSV file of any size: read line by line, each fault with its row."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import available_timezones

from bot.errors import Refused
from bot.rounds import wording
from storage.seen import open_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

Read: TypeAlias = "Callable[[int, int], object]"
"""Hears how many more have been done, and of how many."""
Row: TypeAlias = "tuple[int, list[str]]"
"""The line it begins on, and its cells."""
SHOWN = 10
"""Faults that are told by row; the rest is counted."""
GROUP = 1000
"""Addresses taken in with one commit."""
PEEKED = 50
"""Rows that tell which column holds the addresses."""
SEVERAL = 2
PIECE = 1 << 20
"""Bytes hashed at once."""
TAKING = "civicloop-list-"
"""What folders are called in which a list lies while it is taken in."""
NO_LETTER = "\ufffd"
"""What stands for bytes that mean nothing."""
LONGEST = 254
"""Characters of an address (RFC 5321)."""
MAIL = frozenset({"mail", "email", "e-mail", "correo", "courriel", "بريد"})
ADDRESS = frozenset({"address", "endereço", "adresse"})
"""What a column of mail addresses is called, too, where none is called as in `MAIL` or the first row says so."""
LANGUAGE = frozenset({"language", "lang", "idioma", "langue", "sprache", "língua", "لغة"})
ZONE = frozenset({"zone", "time_zone", "timezone"})
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def unheard(_more: int, _of: int) -> None:
    """Hear, and show nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One address of the file; `row` counts from 1, the heading included."""

    row: int
    address: str
    language: str
    zone: str | None
    spellings: tuple[str, ...] = ()
    """As in `spellings`: quiet lists hold what earlier versions wrote there."""
    knows_zone: bool = True
    """False: it names a zone that there is not."""


@dataclass(slots=True)
class Reading:
    """What a look through the whole file has shown."""

    sha256: str = ""
    good: int = 0
    broken: int = 0
    foreign: int = 0
    """Whose part before the @ has letters that mail servers do not take."""
    twice: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    """The first faults, (row, what it is: `broken`, `foreign` or `twice`)."""
    unknown: int = 0
    """Rows that are good, but name a language the city does not speak, or no zone: they get those of the city."""
    odd: list[tuple[int, str]] = field(default_factory=list)
    """The first of them, (row, what is unknown: `language` or `zone`)."""

    @property
    def rows(self) -> int:
        """How many rows hold an address that can be written to, the same twice counted twice."""
        return self.good + self.twice

    @property
    def bad(self) -> int:
        """How many rows hold no address that can be written to."""
        return self.broken + self.foreign

    def note(self, row: int, kind: str) -> None:
        """Count a row by its fault, and name that if it is among the first; `good` is none."""
        setattr(self, kind, getattr(self, kind) + 1)
        if kind != "good" and len(self.faults) < SHOWN:
            self.faults.append((row, kind))

    def wonder(self, line: Line, known: Collection[str]) -> None:
        """Count a good row whose language or zone nobody knows, and name it if it is among the first."""
        strange = bool(line.language) and spoken(line.language, known) is None
        kinds = [*(["language"] if strange else []), *([] if line.knows_zone else ["zone"])]
        self.unknown += bool(kinds)
        self.odd += [(line.row, kind) for kind in kinds][: SHOWN - len(self.odd)]


def spoken(language: str, known: Collection[str]) -> str | None:
    """Return which of the known languages a row means, `es` for `es-ES` or `ES_mx`; None: none of them."""
    plain = language.casefold().replace("_", "-")
    names = {each.casefold(): each for each in known}
    return names.get(plain) or names.get(plain.partition("-")[0])


def look(path: Path, looked: Read = unheard, known: Collection[str] = ()) -> Reading:
    """Look through a file of any size: what was seen before lies in a scratch file, not in memory.

    `known` are the languages that the city speaks. `looked` hears how many lines more have been looked at, and of how
    many. Raises `Refused`.
    """
    reading, of = _whole(path)
    told = 0
    with open_seen() as seen:
        for line in lines(path):
            kind = fault(line.address) or ("good" if seen.add(line.address) else "twice")
            reading.note(line.row, kind)
            if kind == "good":
                reading.wonder(line, known)
            if line.row - told >= GROUP:
                looked(line.row - told, of)
                told = line.row
    looked(of - told, of)
    return reading


def fault(address: str) -> str:
    """Return what is wrong with an address: nothing, `foreign`, or `broken`."""
    if _ADDRESS.fullmatch(address) and len(address) <= LONGEST:
        return ""
    readable = address.count("@") == 1 and NO_LETTER not in address
    return "foreign" if readable and not address.isascii() else "broken"


def lines(path: Path) -> Iterator[Line]:
    """Give the lines of a file that hold anything.

    Raises `Refused` where it has no column of addresses, and at a row that has swallowed others.
    """
    with path.open(encoding=encoding(path), errors=_windows.__name__, newline="") as file:
        table = csv.reader(())
        try:
            top = file.readline(PIECE)
            file.seek(0)
            table = csv.reader(file, delimiter=max(",;\t", key=top.count))
            rows = _numbered(table, path.name)
            at, cells = next(rows, (1, []))
            heading = [cell.strip().casefold() for cell in cells]
            first = list(islice(rows, PEEKED))
            places = [_mail(heading, first), *(_place(heading, names) for names in (LANGUAGE, ZONE))]
            if places[0] is None and not any("@" in cell for cell in heading):
                raise wording.Forbidden("list_column", file=path.name)
            if places[0] is None:  # no heading at all
                places = [next(n for n, cell in enumerate(heading) if "@" in cell), None, None]
                first.insert(0, (at, cells))
            yield from (_line(*row, places) for row in chain(first, rows) if any(cell.strip() for cell in row[1]))
        except csv.Error as error:
            raise wording.Forbidden("list_row", file=path.name, row=table.line_num + 1) from error


def groups(path: Path) -> Iterator[list[Line]]:
    """Give the good lines of a file in groups."""
    group: list[Line] = []
    for line in lines(path):
        if not fault(line.address):
            group.append(line)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group


def _place(heading: Sequence[str], names: frozenset[str]) -> int | None:
    return next((n for n, cell in enumerate(heading) if cell in names), None)


def _mail(heading: Sequence[str], first: Sequence[Row]) -> int | None:
    """Return the column of mail addresses: of those that are called so, one that holds any in the first rows."""
    called = [n for names in (MAIL, ADDRESS) for n, cell in enumerate(heading) if cell in names]
    holds = [n for n in called if any("@" in cells[n] for _, cells in first if n < len(cells))]
    return next(iter([*holds, *called]), None)


def _numbered(table: Any, name: str) -> Iterator[Row]:  # noqa: ANN401 - csv has no name for it
    """Give each row of a table with the line it begins on.

    One over several lines that holds an @ in more than one cell, or twice in one, has swallowed others: a quotation
    mark stands alone there. Nobody knows how many people are lost in it: raises `Refused`, and names the file and the
    line.
    """
    before = 0
    for cells in table:
        if table.line_num > before + 1 and sum(cell.count("@") for cell in cells) >= SEVERAL:
            raise wording.Forbidden("list_quote", file=name, row=before + 1)
        yield before + 1, cells
        before = table.line_num


def _line(row: int, cells: Sequence[str], places: Sequence[int | None]) -> Line:
    mail, language, zone = (cells[at].strip() if at is not None and at < len(cells) else "" for at in places)
    spelt = spellings(mail)
    known = zone in _zones()
    return Line(row, spelt[0], language.casefold(), zone if known else None, spelt, known or not zone)


@cache
def _zones() -> frozenset[str]:
    """Return the zones this machine knows, once: each asking looks through a folder."""
    return frozenset(available_timezones())


def spellings(address: str) -> tuple[str, ...]:
    """Return how an address is compared, and behind that, where they are others, how earlier versions compared it.

    It stands in small letters, the domain in those of ASCII, as the net knows it. A mail server might tell capitals
    before the @ apart (RFC 5321, 2.4), and hardly one does: people type them as they like. Earlier versions took what
    differs in capitals for two, or the whole as it was typed: what they wrote down is found by those.
    """
    typed = address.strip()
    local, at, domain = typed.rpartition("@")
    if not at:
        return (typed,)
    net = _net(domain)
    return tuple(dict.fromkeys((f"{local.lower()}@{net}", f"{local}@{net}", typed)))


def plain(address: str) -> str:
    """Return how an address is compared."""
    return spellings(address)[0]


def _net(domain: str) -> str:
    try:
        return domain.casefold().encode("idna").decode()
    except UnicodeError:
        return domain


def encoding(path: Path) -> str:
    """Return how a file is written: by its mark, else UTF-16 by its zeros, else UTF-8; see `_windows` for the rest."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    return "utf-8"


def _windows(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252: lists are put together from files written in either way.

    What is neither becomes U+FFFD, which no address has: that row is broken, and no other.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding != "utf-8":
        return NO_LETTER, error.end
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_windows.__name__, _windows)


def _whole(path: Path) -> tuple[Reading, int]:
    """Return what is known of a file from its bytes: their hash, and how many ends of lines are among them."""
    digest, ends = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                ends += piece.count(b"\n")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    return Reading(digest.hexdigest()), ends
