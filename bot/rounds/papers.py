"""Documents of a round: PDF files that people read before they answer, on its public page and in the folder kept of it.

The record names each with the hash of its bytes, so whoever signs it signs them, and its log tells when one came or
went. The bytes lie beside the uploads under that hash.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from bot.rounds import record, wording
from bot.rounds.acting import Acting, fits
from bot.rounds.lifecycle import BEGINNING
from storage import rounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from storage.rounds import RoundRow
    from storage.trail import Proof

FIELD = "documents"
"""The field of a record: by name of the file its hash, a space, and its title."""
LARGEST = 10 * 1024 * 1024
"""Bytes of one file."""
MOST = 20
TITLE = 120
"""Characters of a title."""
_BEGINS, _ENDS, _TAIL = b"%PDF-", b"%%EOF", 2048
"""How a PDF begins, and what stands in the last bytes of it (ISO 32000-1, 7.5.2 and 7.5.5)."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document: what its address ends with, what people read, and the hash of its bytes in hex."""

    name: str
    title: str
    sha256: str


def of(said: Mapping[str, Any]) -> list[Document]:
    """Return the documents of a record, by name."""
    kept = said.get(FIELD)
    lines = kept.items() if isinstance(kept, dict) else ()
    return [Document(name, str(line).partition(" ")[2], str(line).partition(" ")[0]) for name, line in lines]


def name_of(title: str, taken: Mapping[str, str]) -> str:
    """Return the file's name in an address; what has no letters of ASCII is numbered."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "document"
    names = (f"{stem}{f'-{n}' if n > 1 else ''}.pdf" for n in range(1, MOST + 2))
    return next(name for name in names if name not in taken)


def read(folder: Path, sha256: str) -> bytes | None:
    """Return the bytes in a folder that have this hash; None where they are gone, or others by now."""
    try:
        body = _file(folder, sha256).read_bytes()
    except OSError:
        return None
    return body if hashlib.sha256(body).hexdigest() == sha256 else None


def lost(folder: Path, said: Mapping[str, Any]) -> list[str]:
    """Return the documents of a record whose bytes are not there as they were added, by name."""
    return [one.name for one in of(said) if read(folder, one.sha256) is None]


def _file(folder: Path, sha256: str) -> Path:
    return folder / f"document-{sha256}.pdf"


class Papers(Acting):
    """The documents of rounds."""

    def attach(
        self, code: str, file: str, body: bytes, *, title: str = "", who: int | None = None, why: str = ""
    ) -> Document:
        """Add a PDF to a round that has not begun; a signature is void then. `file` is what it was called.

        Raises `Refused` for what is no PDF of at most `LARGEST` bytes, for one more than `MOST`, and where the round is
        signed and nobody says why.
        """
        title = " ".join(title.split()) or PurePath(file.replace("\\", "/")).stem.strip() or "PDF"
        fits("document", title, TITLE)
        if len(body) > LARGEST:
            raise wording.Forbidden("document_large", most=LARGEST // 1024**2)
        if not body.startswith(_BEGINS) or _ENDS not in body[-_TAIL:]:
            raise wording.Forbidden("no_pdf")
        sha256 = hashlib.sha256(body).hexdigest()
        with self._act() as db:
            row = self._held(db, code)
            kept = self._documents(row)
            if len(kept) >= MOST:
                raise wording.Forbidden("many_documents", most=MOST)
            why, name = self._why_changed(db, row, why), name_of(title, kept)
            _write(self._paper(sha256), body)
            self._kept_so(db, row, kept | {name: f"{sha256} {title}"}, who, why)
        return Document(name, title, sha256)

    def detach(self, code: str, name: str, *, who: int | None = None, why: str = "") -> None:
        """Take a document from a round that has not begun; a signature is void then. `why` stands in its log.

        Raises `Refused` for a document it has not, and where the round is signed and nobody says why.
        """
        with self._act() as db:
            row = self._held(db, code)
            kept = self._documents(row)
            if name not in kept:
                raise wording.Forbidden("no_document", name=name, known=", ".join(kept) or "-")
            why = self._why_changed(db, row, why)
            del kept[name]
            self._kept_so(db, row, kept, who, why)

    def paper(self, sha256: str) -> bytes | None:
        """Return the bytes of a document; None where they are gone, or others than those that were added."""
        return read(self._config.database.files, sha256)

    def prove(self, code: str) -> Proof:
        """Reckon the trail of a round anew, and the hash of each of its documents."""
        found = super().prove(code)
        with self._database.reading() as db:
            lost = self._lost(self._row(db, code))
        return replace(found, altered=(*found.altered, FIELD)) if lost else found

    def _lost(self, row: RoundRow) -> list[str]:
        return lost(self._config.database.files, record.load(row.record))

    def _faults(self, db: Connection, row: RoundRow, language: str) -> list[record.Fault]:
        """Return what keeps a round from opening, documents among it that nobody could read."""
        said = [wording.fault(language, "lost_document", name=name) for name in self._lost(row)]
        return [*super()._faults(db, row, language), *(record.Fault(FIELD, each, each) for each in said)]

    def _paper(self, sha256: str) -> Path:
        return _file(self._config.database.files, sha256)

    def _documents(self, row: RoundRow) -> dict[str, str]:
        self._must_be(row, BEGINNING, "not_draft")
        return dict(record.load(row.record).get(FIELD) or {})

    def _kept_so(self, db: Connection, row: RoundRow, documents: dict[str, str], who: int | None, why: str) -> None:
        said = record.load(row.record)
        before = said.pop(FIELD, None)
        now = said | ({FIELD: documents} if documents else {})
        rounds.change(db, row.id, record=record.dump(now))
        self._redrafted(db, self._row(db, row.code))
        changed = {f"record.{FIELD}": (before, documents or None)}
        self._note(db, row, who, "changed", self._clock(), why, changed=changed)


def _write(file: Path, body: bytes) -> None:
    """Write a file whole or not at all; the same bytes have the same name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".half")
    half.write_bytes(body)
    half.replace(file)


def carried(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as it is written anew, with the documents it had: they are added and taken by themselves."""
    kept = {name: said for name, said in after.items() if name != FIELD}
    return kept | ({FIELD: before[FIELD]} if before.get(FIELD) else {})
