"""Columns: what follows from answers, and what an author hears of one that cannot be worked out."""

from __future__ import annotations

from functools import cache

import pytest

from flows.catalog import Catalog
from flows.columns import worked_out
from flows.model import Answer, Flow, Value

FLOW = """flow = "trip"
version = 1
stage = "design"
language = "en"
title = "Your way"
frame = "pulse"
start = "how"

[columns]
{columns}

[states.how]
choose = "How do you come?"
options = [{{ id = "bus", label = "By bus" }}, {{ id = "feet", label = "On foot" }}]

[states.line]
ask = "Which line?"

[states.minutes]
number = "How many minutes?"

[states.bags]
pick = "What do you carry?"
options = [{{ id = "books", label = "Books" }}, {{ id = "food", label = "Food" }}]

[states.look]
photo = "Show it."
"""
WAY = 'way = [{ when = { how = "bus" }, answer = "line" }, { when = { minutes = { less = 5 } }, value = "near" }'


@cache
def packaged() -> Catalog:
    return Catalog.load()


def trip(columns: str) -> Flow:
    return catalog(columns).get("trip")


def catalog(columns: str) -> Catalog:
    return packaged().beside({"trip.toml": FLOW.format(columns=columns)})


def answers(**said: Value) -> dict[str, Answer]:
    return {state: Answer(state, value) for state, value in said.items()}


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ({"how": "bus", "line": "12 to town"}, {"way": "12 to town"}),
        ({"how": "bus", "line": None}, {}),
        ({"how": "feet", "minutes": 4.0}, {"way": "near"}),
        ({"how": "feet", "minutes": 5.0}, {"way": "far"}),
        ({}, {"way": "far"}),
    ],
)
def test_the_first_line_that_holds_says_what_stands_in_a_column(said: dict[str, Value], way: dict[str, str]) -> None:
    assert worked_out(trip(WAY + ', { value = "far" }]'), answers(**said)) == way


def test_a_column_without_a_line_that_holds_is_empty() -> None:
    assert worked_out(trip(WAY + ', { when = { how = "feet" }, value = "" }]'), answers(how="feet", minutes=9.0)) == {}


@pytest.mark.parametrize(
    ("state", "value", "text"),
    [("minutes", 4.5, "4.5"), ("minutes", 4.0, "4"), ("bags", ("books", "food"), "books|food")],
)
def test_an_answer_stands_in_a_column_as_in_an_export(state: str, value: Value, text: str) -> None:
    assert worked_out(trip(f'copy = [{{ answer = "{state}" }}]'), answers(**{state: value})) == {"copy": text}


@pytest.mark.parametrize(
    ("columns", "line", "code", "says"),
    [
        ('how = [{ value = "x" }]', 10, "bad-value", '"how" is a state already'),
        ("way = []", 10, "bad-value", "nothing stands in this column"),
        ('way = [{ when = { how = "bus" } }]', 10, "bad-value", 'either "value" or "answer"'),
        ('way = [{ value = "x", answer = "how" }]', 10, "bad-value", 'either "value" or "answer"'),
        ('way = [\n  { answer = "lime" },\n]', 11, "unknown-state", 'Did you mean "line"?'),
        ('way = [{ answer = "look" }]', 10, "unknown-state", "no question whose answer is text"),
        ('way = [\n  { when = { how = "bike" }, value = "x" },\n]', 11, "bad-comparison", 'no option "bike"'),
        ('way = [{ when = { "@language" = "en" }, value = "x" }]', 10, "bad-comparison", "looks at answers alone"),
        ('way = [{ when = { any = [] }, value = "x" }]', 10, "bad-comparison", "nothing in it"),
        ('way = [\n  { value = "x" },\n  { value = "y" },\n]', 12, "dead-way", "always holds"),
    ],
)
def test_an_author_hears_what_is_wrong_with_a_column(columns: str, line: int, code: str, says: str) -> None:
    found = [issue for issue in catalog(columns).issues if issue.file == "trip.toml"]
    assert [(issue.line, issue.code) for issue in found] == [(line, code)]
    assert says in found[0].message


def test_a_flow_brings_the_columns_of_one_that_it_hands_over_to() -> None:
    outer = 'flow = "day"\nversion = 1\nstage = "design"\nlanguage = "en"\ntitle = "Your day"\nframe = "pulse"\n'
    outer += 'start = "trip"\n[states.trip]\nflow = "trip"\n'
    inner = FLOW.format(columns='way = [{ when = { how = "bus" }, answer = "line" }]')
    made = packaged().beside({"day.toml": outer, "trip.toml": inner}).get("day")
    said = answers(**{"trip.how": "bus", "trip.line": "12"})
    assert worked_out(made, said) == {"trip.way": "12"}
