"""Who lives in a city, as it comes from a table: each fault with its row, nothing by halves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bot import config
from bot.errors import Refused
from bot.rounds import margins, variables
from tests.support.house import CATALOG

if TYPE_CHECKING:
    from bot.rounds.margins import Weights

KNOWN = variables.of_city(config.load(None, {}), CATALOG.bank)


def read(text: str) -> tuple[Weights, list[tuple[int, str]]]:
    weights, slips = margins.weighed(margins.table(text), KNOWN)
    return weights, [(slip.row, slip.said("en")) for slip in slips]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_groups_are_found_by_id_and_by_label_in_any_language(delimiter: str) -> None:
    rows = ["variable,group,people", "area,Harbour,120", "Area,old_town,80", "area,La Ladera,1 200", "", "age,16-24,9"]
    weights, slips = read("\n".join(rows).replace(",", delimiter))
    assert slips == []
    assert weights == {"area": {"harbour": 120, "old_town": 80, "hillside": 1200}, "age": {"16_24": 9}}


def test_a_language_is_found_by_its_code_and_by_its_name_and_rest_is_everybody_else() -> None:
    weights, slips = read("variable;group;percent\nlanguage;English;80,5\nlanguage;español;11.5\nlanguage;rest;8%\n")
    assert (weights, slips) == ({"language": {"en": 80.5, "es": 11.5, "rest": 8.0}}, [])


def test_who_answers_a_round_is_counted_in_the_languages_of_its_service_alone() -> None:
    read = config.load(None, {})
    service, flow = replace(read.services[0], languages=("en",)), CATALOG.get("deliver_pulse")
    assert list(KNOWN["language"].groups) == list(read.city.languages) != ["en"]
    assert list(variables.of_round(flow, service, read, CATALOG.bank)["language"].groups) == ["en"]


@pytest.mark.parametrize(
    ("rows", "row", "said"),
    [
        (["area,Moon,3"], 2, '"Moon" is no group of area: choose of harbour, old_town, hillside, or rest'),
        (["colour,red,3"], 2, '"colour" is nothing to compare by: choose of area, language, age'),
        (["area,harbour,3", "area,HARBOUR,4"], 3, '"HARBOUR" stands there already, in row 2'),
        (["area,harbour,-3"], 2, '"-3" is no number for "harbour"'),
        (["area,harbour,1.5"], 2, '"1.5" is no number for "harbour"'),
        (["area,harbour,"], 2, '"" is no number for "harbour"'),
        (["area,harbour,0", "area,hillside,0"], 3, "nobody lives in any group of area"),
    ],
)
def test_each_fault_is_one_line_with_its_row(rows: list[str], row: int, said: str) -> None:
    _, slips = read("\n".join(["variable,group,people", *rows]))
    assert [(at, line[: len(said)]) for at, line in slips] == [(row, said)]


def test_percents_must_add_up_to_a_hundred_but_for_rounding() -> None:
    assert read("variable,group,percent\narea,harbour,33\narea,old_town,33\narea,hillside,33")[1] == []
    (found,) = read("variable,group,percent\narea,harbour,30\narea,old_town,30")[1]
    assert found == (3, "the percents of area add up to 60, not to 100")


def test_every_fault_is_told_at_once() -> None:
    _, slips = read("variable,group,people\narea,Moon,1\narea,harbour,x\nage,99,1")
    assert [row for row, _ in slips] == [2, 3, 4]


@pytest.mark.parametrize("text", ["", "hello", "variable,people\narea,3", "group,people\nharbour,3", '"'])
def test_a_table_without_its_columns_says_which(text: str) -> None:
    with pytest.raises(Refused, match="the first row must name three columns"):
        margins.table(text)


@pytest.mark.parametrize("rows", [0, margins.MOST_ROWS + 1])
def test_a_table_of_nothing_or_of_everything_is_refused(rows: int) -> None:
    with pytest.raises(Refused, match="give from 1 to 5000 rows"):
        margins.table("variable,group,people\n" + "area,harbour,1\n" * rows)


@pytest.mark.parametrize("on", ["", "last year", "2021-13-01", "2026-11-25"])
def test_numbers_without_a_day_or_of_a_day_to_come_are_refused(on: str) -> None:
    with pytest.raises(Refused, match="say of which day the numbers are"):
        margins.sourced("Census", on, date(2026, 11, 24))


@pytest.mark.parametrize("source", ["", "  ", "x" * 301])
def test_numbers_without_a_source_are_refused(source: str) -> None:
    with pytest.raises(Refused, match="say where the numbers come from"):
        margins.sourced(source, "2021-03-21", date(2026, 11, 24))
