"""A spreadsheet as rows: read by pyxform, whose names of columns and types are the format's own.

A file from outside may be anything: its size is looked at before it is opened, and whatever a reader raises is told
as one `Unreadable` line.
"""

from __future__ import annotations

import copy
import io
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

import xlrd
from pyxform import aliases, constants
from pyxform.builder import create_survey_element_from_dict
from pyxform.errors import PyXFormError
from pyxform.parsing.sheet_headers import dealias_and_group_headers
from pyxform.question import MultipleChoiceQuestion, Option
from pyxform.question_type_dictionary import QUESTION_TYPE_DICT
from pyxform.survey import Survey
from pyxform.xls2json import RE_BEGIN_CONTROL, RE_END_CONTROL, RE_SELECT, workbook_to_json
from pyxform.xls2json_backends import get_excel_column_headers, get_excel_rows, get_xlsform, xls_value_to_unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_T = TypeVar("_T")

KINDS = (".xlsx", ".xlsm", ".xls", ".csv", ".md")
"""Endings of files that can be read; `.md` holds the sheets as tables of Markdown."""

MOST_BYTES = 5_000_000
MOST_UNPACKED = 40_000_000
"""Bytes that an .xlsx may hold once it is unpacked: more is a bomb, or pictures that have no place in a form."""

MOST_ROWS = 5_000
MOST_COLUMNS = 300
MOST_LETTERS = 10_000
"""What one sheet may have of rows and columns, and one cell of letters."""


class Unreadable(Exception):
    """The file is no form that can be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: what stands in its columns, by the format's own names for them.

    `{"type": …, "label": {"French (fr)": …}, "bind": {"relevant": …}}`.
    """

    sheet: str
    number: int
    """As the spreadsheet numbers it: the names of the columns are row 1."""
    cells: Mapping[str, Any]

    def text(self, *path: str) -> str:
        """Return the text of a cell, or nothing."""
        found: Any = self.cells
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found.strip() if isinstance(found, str) else ""

    def words(self, key: str) -> dict[str, str]:
        """Return what a cell says by language; without languages under `default`."""
        found = self.cells.get(key)
        by_language = found if isinstance(found, dict) else {constants.DEFAULT_LANGUAGE_VALUE: found}
        return {language: text.strip() for language, text in by_language.items() if isinstance(text, str)}


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of a form."""

    survey: tuple[Row, ...]
    choices: Mapping[str, tuple[Row, ...]]
    """Rows of the sheet of choices by the name of their list."""
    settings: Mapping[str, str]
    external: Mapping[str, tuple[Row, ...]]
    """Rows of the sheet of external choices, the same way."""
    others: tuple[str, ...]
    """Names of sheets that belong to the format and have no meaning here."""
    faults: tuple[str, ...] = ()
    """What pyxform says against the form; empty where it would take it."""
    unknown: tuple[tuple[str, str], ...] = field(default=())
    """(sheet, column) of columns that are no part of the format; pyxform does not read them either."""


def read(data: bytes, name: str) -> Workbook:
    """Return the rows of a form; `name` is the file's, whose ending tells its kind. Raises Unreadable."""
    kind = PurePath(name).suffix.lower()
    if kind not in KINDS:
        raise Unreadable(f"a form is a spreadsheet: {', '.join(KINDS)}. Save it as .xlsx.")
    if len(data) > MOST_BYTES:
        raise Unreadable(f"it has {len(data):,} bytes; at most {MOST_BYTES:,} are read. Take pictures out of it.")
    if kind in {".xlsx", ".xlsm"}:
        _refuse_bombs(data)
    definition = _attempt(lambda: _definition(data, kind))
    _refuse_floods(definition)
    return _attempt(lambda: _workbook(definition))


def _attempt(reading: Callable[[], _T]) -> _T:
    try:
        return reading()
    except Unreadable:
        raise
    except PyXFormError as error:
        raise Unreadable(told(error)) from error
    except Exception as error:  # readers of spreadsheets raise anything on a broken one
        raise Unreadable("it is damaged or no spreadsheet. Open it, and save it again as .xlsx.") from error


def told(error: Exception) -> str:
    """Return what pyxform says of a fault, in one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def _refuse_bombs(data: bytes) -> None:
    try:
        unpacked = sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(data)).infolist())
    except Exception as error:
        raise Unreadable("it is no .xlsx, or damaged. Open it, and save it again as .xlsx.") from error
    if unpacked > MOST_UNPACKED:
        raise Unreadable(f"it unpacks to {unpacked:,} bytes; at most {MOST_UNPACKED:,} are read.")


def _refuse_floods(definition: Any) -> None:  # noqa: ANN401 - pyxform's
    for sheet in constants.SUPPORTED_SHEET_NAMES:
        rows = getattr(definition, sheet, None) or ()
        if len(rows) > MOST_ROWS or max(map(len, rows), default=0) > MOST_COLUMNS:
            raise Unreadable(f"sheet {sheet} has more than {MOST_ROWS} rows or {MOST_COLUMNS} columns.")
        if any(len(str(cell)) > MOST_LETTERS for row in rows for cell in row.values()):
            raise Unreadable(f"sheet {sheet} has a cell of more than {MOST_LETTERS} letters.")


def _definition(data: bytes, kind: str) -> Any:  # noqa: ANN401 - pyxform's
    """Return the sheets as pyxform reads them; what openpyxl warns of concerns only who writes a file again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _sheets(data, kind)


def _sheets(data: bytes, kind: str) -> Any:  # noqa: ANN401 - pyxform's
    return get_xlsform(_xls(data) if kind == ".xls" else data, file_type=None if kind == ".xls" else kind)


def _xls(data: bytes) -> dict[str, Any]:
    """Return an old .xls as pyxform wants it; xlrd's warnings go nowhere, and not to the terminal."""
    book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
    found: dict[str, Any] = {"sheet_names": book.sheet_names()}
    for sheet in book.sheets():
        name = sheet.name.lower() if len(book.sheets()) > 1 else constants.SURVEY
        if name in constants.SUPPORTED_SHEET_NAMES:
            headers = get_excel_column_headers(cell.value for cell in next(sheet.get_rows(), []))
            rows = (sheet.row(number) for number in range(1, sheet.nrows))
            found[name] = get_excel_rows(headers, rows, lambda cell, _, __: _cell(cell, book.datemode))
            found[f"{name}_header"] = [{header: None for header in headers if header is not None}]
    return found


def _cell(cell: xlrd.sheet.Cell, datemode: int) -> str:
    return str(xls_value_to_unicode(cell.value, cell.ctype, datemode)).strip()


# --------------------------------------------------------------------------- rows

_SURVEY_COLUMNS = {*MultipleChoiceQuestion.get_slot_names(), "disabled", "_dynamic_default"}
_CHOICE_COLUMNS = {*Option.get_slot_names()}
_SETTINGS = {*Survey.get_slot_names()}
_KNOWN = {
    constants.SURVEY: _SURVEY_COLUMNS | {"bind", "control", "media", "instance", "guidance_hint", "intent"},
    constants.CHOICES: _CHOICE_COLUMNS | {constants.LIST_NAME_S, "media"},
    constants.EXTERNAL_CHOICES: _CHOICE_COLUMNS | {constants.LIST_NAME_S, "media"},
}


def _workbook(definition: Any) -> Workbook:  # noqa: ANN401 - pyxform's
    settings = _settings(definition)
    language = settings.get(constants.DEFAULT_LANGUAGE_KEY, constants.DEFAULT_LANGUAGE_VALUE)
    survey = _rows(definition, constants.SURVEY, aliases.survey_header, _SURVEY_COLUMNS, language)
    if not any(one.cells for one in survey):
        raise Unreadable("there is no sheet called survey with questions in it.")
    choices = _rows(definition, constants.CHOICES, aliases.list_header, _CHOICE_COLUMNS, language)
    external = _rows(definition, constants.EXTERNAL_CHOICES, aliases.list_header, _CHOICE_COLUMNS, language)
    return Workbook(
        survey,
        _by_list(choices),
        settings,
        _by_list(external),
        tuple(name for name in ("entities", "osm") if getattr(definition, name)),
        tuple(_faults(definition)),
        tuple(_strangers((*survey, *choices, *external))),
    )


def _settings(definition: Any) -> dict[str, str]:  # noqa: ANN401 - pyxform's
    rows = _rows(definition, constants.SETTINGS, aliases.settings_header, _SETTINGS, constants.DEFAULT_LANGUAGE_VALUE)
    cells = rows[0].cells if rows else {}
    return {key: str(value).strip() for key, value in cells.items() if isinstance(value, str)}


def _rows(
    definition: Any,  # noqa: ANN401 - pyxform's
    sheet: str,
    names: Mapping[str, Any],
    columns: set[str],
    language: str,
) -> tuple[Row, ...]:
    found = dealias_and_group_headers(
        sheet_name=sheet,
        sheet_data=getattr(definition, sheet) or [],
        sheet_header=getattr(definition, f"{sheet}_header") or [],
        header_aliases=names,
        header_columns=columns,
        default_language=language,
        strip_whitespace=sheet == constants.SURVEY,
    )
    return tuple(Row(sheet, number, cells) for number, cells in enumerate(found.data, 2))


def _by_list(rows: Iterable[Row]) -> dict[str, tuple[Row, ...]]:
    found: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        if row.cells:
            name = row.text(constants.LIST_NAME_S)
            found[name] = (*found.get(name, ()), row)
    return found


def _strangers(rows: Iterable[Row]) -> Iterable[tuple[str, str]]:
    """Return the columns that are no part of the format; people keep notes in them, or what a filter looks at."""
    return {(row.sheet, column): None for row in rows for column in row.cells if column not in _KNOWN[row.sheet]}


def _faults(definition: Any) -> Iterable[str]:  # noqa: ANN401 - pyxform's
    """Give what pyxform has against a form when it is to make an XForm of it."""
    try:
        made = workbook_to_json(copy.deepcopy(definition), warnings=[])
        create_survey_element_from_dict(made).to_xml(validate=False)
    except PyXFormError as error:
        yield told(error)
    except Exception:  # noqa: BLE001 - pyxform stumbles over some forms that it should refuse
        yield "pyxform cannot make a form of it"


# --------------------------------------------------------------------------- types


@dataclass(frozen=True, slots=True)
class Kind:
    """What the type of a row says."""

    what: str
    """`question`, `select one`, `select all that apply`, `rank`, `begin`, `end`, `setting`, or `unknown`."""
    of: str = ""
    """The list of a select or loop, or which container begins or ends, or which setting."""
    or_other: bool = False
    control: str = ""
    """Of a question: the XForms control (`input`, `trigger`, `upload image/*`), empty where nobody is asked."""
    holds: str = ""
    """Of a question: the type of what it holds (`int`, `date`, `geopoint`)."""
    constraint: str = ""
    hint: str = ""
    """What some types bring with them, such as "percentage"."""


def kind_of(type_: str) -> Kind:
    """Return what a row of this type is."""
    if begun := RE_BEGIN_CONTROL.search(type_):
        return Kind("begin", aliases.control[begun["type"]], holds=begun["list_name"] or "")
    if ended := RE_END_CONTROL.search(type_):
        return Kind("end", aliases.control[ended["type"]])
    if select := RE_SELECT.search(type_):
        return Kind(_select(select["select_command"]), select["list_name"], bool(select["specify_other"]))
    if type_ in aliases.settings_header:
        return Kind("setting", aliases.settings_header[type_])
    known = QUESTION_TYPE_DICT.get(aliases._type_alias_map.get(type_, type_))  # noqa: SLF001 - the format's own names
    return _question(known) if known is not None else Kind("unknown")


def _select(command: str) -> str:
    """Return which select it is; choices that lie in another file make one of their own."""
    if command in aliases.select_from_file:
        return "select from file"
    return str(aliases.select[command])


def _question(known: Mapping[str, Any]) -> Kind:
    control, bind = known.get("control", {}), known.get("bind", {})
    said = f"{control.get('tag', '')} {control.get('mediatype', '')}".strip()
    is_note = bind.get("readonly") == "true()"
    return Kind(
        "question",
        control="note" if is_note else said,
        holds=bind.get("jr:preloadParams") or bind.get("type", ""),
        constraint=bind.get("constraint", ""),
        hint=known.get("hint", ""),
    )


def truth(said: str) -> bool | None:
    """Return whether a cell says yes or no in one of the format's ways, or None for anything else."""
    found: bool | None = aliases.yes_no.get(said.strip())
    return found
