"""Tables of words as translators know them: CSV, a spreadsheet with a column per language, gettext PO. Pure.

Each holds the file and the key of a text, the text itself, and its translations. What came back says where it stands,
so that a fault can name its row.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from bot.translating import Line, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from babel.messages.catalog import Message

FIELDS = ("file", "key", "text", "translation")
PLACE = ("file", "key")
_PO_LANGUAGE = re.compile(rb'^"Language: *([A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*)\s*(?:\\n)?"', re.MULTILINE)
BLANK = " \t\r\n"
"""What falls away around a translation; a space that does not break is part of it."""


class NoTable(ValueError):
    """What was read is none of our tables; the message says what it lacks."""


# --------------------------------------------------------------------------- CSV


def to_csv(lines: Iterable[Line]) -> str:
    """Return the lines as a table with a heading, for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    writer.writerows((line.file, line.key, line.text, line.translation) for line in lines)
    return out.getvalue()


def from_csv(text: str) -> list[Row]:
    """Read the table again; `;` between columns is read too. Raises `NoTable` where a column is missing."""
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if missing := sorted(set(FIELDS) - set(rows.fieldnames or ())):
        raise NoTable(f"there is no column {', '.join(missing)}")
    return [
        Row(row["file"], row["key"], row["text"] or "", (row["translation"] or "").strip(BLANK), at=f"row {n}")
        for n, row in enumerate(rows, 2)
    ]


# --------------------------------------------------------------------------- XLSX


def to_xlsx(lines: Mapping[str, Sequence[Line]], source: str) -> bytes:
    """Return a workbook: a row for each text, a column for its `source` language and for each language of `lines`."""
    from openpyxl import Workbook  # noqa: PLC0415 - a third of a second of import

    book = Workbook(write_only=True)
    sheet = book.create_sheet("texts")
    sheet.freeze_panes = "C2"
    for column, width in zip("ABCDEFGH", (28, 30, *[50] * (1 + len(lines))), strict=False):
        sheet.column_dimensions[column].width = width
    sheet.append([*PLACE, source, *lines])
    for row in _rows(lines):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _rows(lines: Mapping[str, Sequence[Line]]) -> Iterator[list[str]]:
    """Lay languages side by side; a text that some language counts in more forms has a row of its own.

    The order is that of the language with the most forms.
    """
    texts: dict[tuple[str, str], str] = {}
    words: dict[tuple[str, str], dict[str, str]] = {}
    for language, its in sorted(lines.items(), key=lambda pair: -len(pair[1])):
        for line in its:
            texts.setdefault((line.file, line.key), line.text)
            words.setdefault((line.file, line.key), {})[language] = line.translation
    for place, text in texts.items():
        yield [*place, text, *(words[place].get(language, "") for language in lines)]


def from_xlsx(data: bytes) -> dict[str, list[Row]]:
    """Read a workbook again: rows by language. Raises `NoTable` where it is none of ours."""
    from openpyxl import load_workbook  # noqa: PLC0415 - a third of a second of import

    try:
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
    except Exception as error:  # openpyxl says it in the words of zip files, XML and much else
        raise NoTable("it cannot be read as a workbook") from error
    rows = sheet.iter_rows(values_only=True)
    head = [_cell(value) for value in next(rows, ())]
    if tuple(head[:2]) != PLACE or len(head) < 4:
        raise NoTable("its first row must be file, key, the source language and the languages to translate into")
    found: dict[str, list[Row]] = {language: [] for language in head[3:] if language}
    for n, row in enumerate(rows, 2):
        cells = [_cell(value) for value in row] + [""] * len(head)
        for language, words in zip(head[3:], cells[3:], strict=False):
            if language and cells[0]:
                found[language].append(Row(cells[0], cells[1], cells[2], words.strip(BLANK), at=f"row {n}, {language}"))
    return found


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").replace("_x000D_", "")


# --------------------------------------------------------------------------- PO


def to_po(lines: Iterable[Line], language: str) -> bytes:
    """Return the lines as gettext PO; what was translated from other words is fuzzy and names them."""
    from babel.messages.catalog import Catalog  # noqa: PLC0415 - only for translators
    from babel.messages.pofile import write_po  # noqa: PLC0415 - the same

    catalog = Catalog(locale=language.replace("-", "_"), project="civicloop", fuzzy=False)
    for line in lines:
        catalog.add(
            line.text,
            line.translation,
            context=f"{line.file}:{line.key}",
            flags=["fuzzy"] if line.was else [],
            previous_id=line.was or (),
        )
    out = io.BytesIO()
    write_po(out, catalog, width=0, include_previous=True)
    return out.getvalue()


def language_of_po(data: bytes) -> str | None:
    """Return the language that the head of a PO file names (`Language: pt_BR` is `pt-BR`), None where it names none."""
    found = _PO_LANGUAGE.search(data)
    return found[1].decode().replace("_", "-") if found else None


def from_po(data: bytes) -> list[Row]:
    """Read PO again; what is still fuzzy stays marked. Raises `NoTable` where it is none of ours."""
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415 - only for translators

    try:
        messages = [message for message in read_po(io.BytesIO(data), abort_invalid=True) if message.id]
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise NoTable(str(error)) from error
    if not any(":" in (message.context or "") for message in messages):
        raise NoTable("no entry names its place (msgctxt)")
    return [_row(message) for message in messages if message.context]


def _row(message: Message) -> Row:
    file, _, key = (message.context or "").partition(":")
    words = str(message.string).strip(BLANK)
    return Row(file, key, str(message.id), words, at=f"line {message.lineno}", unsure=message.fuzzy)
