"""Anything may be sent in the place of a form: there is always one line that says what to do, and soon."""

from __future__ import annotations

import io
import time
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from bot.importing import workbook
from bot.importing.workbook import KINDS
from bot.importing.xlsform import Imported, Wishes, carry
from tests.bot.importing.trial import catalog

GARDEN = Path(__file__).parents[3] / "docs" / "garden.xlsx"
SHEETS = Path(__file__).parent / "sheets" / "pyxform.zip"
WORDS = (
    *("type", "name", "label", "label::fr", "relevant", "constraint", "list_name", "required", "default", "appearance"),
    *("text", "integer", "select_one a", "select_multiple a or_other", "begin group", "end group", "begin loop over a"),
    *("end loop", "begin repeat", "end repeat", "note", "calculate", "range", "a", "b", "${a} = 'b'", "((((", "not(.)"),
    *(". > 1", "selected(., 'a')", "=1+1", "yes", "{topic}", "${", "\x00", "🌳", "٣", "", "x" * 300),
)
SECONDS = 20
"""Of work; a crowded machine may take longer."""


def told(data: bytes, name: str) -> Imported:
    """Carry a form, and hold what is true of all of them."""
    begun = time.process_time()
    made = carry(data, name, Wishes(), catalog())
    assert time.process_time() - begun < SECONDS
    assert bool(made.files) != bool(made.reason)
    assert "\n" not in made.reason
    assert all(catalog().beside(made.files).shelf.flows for _ in made.files)
    return made


def packed(sheets: dict[str, list[list[str]]]) -> bytes:
    """Return an .xlsx of these sheets."""
    book = Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([cell.replace("\x00", "") for cell in row])
    book.remove(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@given(data=st.binary(max_size=2000), kind=st.sampled_from((*KINDS, ".pdf", "")))
@settings(max_examples=40, deadline=None)
def test_junk_is_refused_in_one_line(data: bytes, kind: str) -> None:
    told(data, f"form{kind}")


CELLS = st.lists(st.lists(st.sampled_from(WORDS), min_size=4, max_size=4), min_size=1, max_size=12)


@given(survey=CELLS, choices=CELLS)
@settings(max_examples=40, deadline=None)
def test_any_cells_make_a_flow_or_a_reason(survey: list[list[str]], choices: list[list[str]]) -> None:
    survey = [["type", "name", "label", "relevant"], *survey]
    told(packed({"survey": survey, "choices": [["list_name", "name", "label", "x"], *choices]}), "form.xlsx")


@given(survey=CELLS, kind=st.sampled_from((".md", ".csv")))
@settings(max_examples=40, deadline=None)
def test_any_lines_make_a_flow_or_a_reason(survey: list[list[str]], kind: str) -> None:
    between = "|" if kind == ".md" else ","
    lines = [
        f"{between}survey{between}" if kind == ".md" else "survey",
        *(between.join(["", *row, ""]) for row in survey),
    ]
    told("\n".join(lines).encode(), f"form{kind}")


SAID = st.sampled_from(
    (
        *("${a}", "${b} = 'a'", "kind = ${a}", "kind = 'x'", "if(${a} = 'a', ${b}, 'x')", "2 + 2", "${c}", "((", "''"),
        *("regex(., '[0-9]{2}')", "if(kind, ${c}, regex(${a}, 'x'))", "2", "-1", "1e9", "selected(${b}, kind)", "", ""),
    )
)
TYPES = (
    *("select_one k", "select_multiple k", "rank k", "select_one_external k", "text", "integer", "note", "calculate"),
    *("begin group", "end group", "begin repeat", "end repeat", "begin loop over k", "end loop"),
)
RECKONING = st.lists(
    st.tuples(st.sampled_from(TYPES), st.sampled_from("abc"), SAID, SAID, SAID, SAID, SAID), min_size=1, max_size=10
)


@given(rows=RECKONING)
@settings(max_examples=60, deadline=None)
def test_any_filters_and_calculations_make_a_flow_or_a_reason(rows: list[tuple[str, ...]]) -> None:
    heading = ["type", "name", "relevant", "choice_filter", "calculation", "constraint", "repeat_count", "label"]
    choices = [["list_name", "name", "label", "kind"], *(["k", name, name, name] for name in "abab")]
    survey = [heading, *([*row, f"{row[1]} ${{a}} is?"] for row in rows)]
    told(packed({"survey": survey, "choices": choices, "external_choices": choices}), "form.xlsx")


@cache
def real() -> tuple[tuple[str, bytes], ...]:
    archive = zipfile.ZipFile(SHEETS)
    names = [name for name in archive.namelist() if name.endswith((".xls", ".xlsx"))]
    return tuple(
        (name, archive.read(name)) for name in sorted(names, key=lambda name: archive.getinfo(name).file_size)[:30]
    )


@given(at=st.integers(0, 29), place=st.floats(0, 1), byte=st.binary(min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_damaged_form_is_a_form_or_a_reason(at: int, place: float, byte: bytes) -> None:
    name, data = real()[at]
    where = int(place * (len(data) - 1))
    told(data[:where] + byte + data[where + len(byte) :], name.rpartition("/")[2])


def test_a_bomb_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (workbook.MOST_UNPACKED + 1))
    assert "unpacks to" in told(out.getvalue(), "form.xlsx").reason


def test_a_file_that_is_too_large_is_not_opened() -> None:
    assert "at most" in told(b"0" * (workbook.MOST_BYTES + 1), "form.xls").reason


@pytest.mark.parametrize("inside", ["formula", "many", "long", "deep"])
def test_what_would_take_long_is_refused_or_told(inside: str) -> None:
    rows = {
        "formula": [["text", "q", "A?", f"{'(' * 3000}1{')' * 3000}"]],
        "many": [["text", f"q{number}", "A?", ""] for number in range(workbook.MOST_ROWS + 1)],
        "long": [["text", "q", "A" * (workbook.MOST_LETTERS + 1), ""]],
        "deep": [["begin group", f"g{number}", "", "1 = 1 or " * 300 + "1 = 1"] for number in range(300)],
    }[inside]
    lines = ["survey", ",type,name,label,relevant", *(f",{','.join(row)}" for row in rows)]
    made = told("\n".join(lines).encode(), "form.csv")
    assert made.reason or made.losses


def test_a_form_of_many_questions_is_carried_in_seconds() -> None:
    rows = [
        ["integer", f"q{number}", "How many?", f"${{q{number // 2}}} > {number}" if number else ""]
        for number in range(150)
    ]
    lines = ["survey", ",type,name,label,relevant", *(f",{','.join(row)}" for row in rows)]
    begun = time.process_time()
    assert len(told("\n".join(lines).encode(), "form.csv").questions) == 150
    assert time.process_time() - begun < SECONDS
