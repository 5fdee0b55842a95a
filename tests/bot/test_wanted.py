"""What people want, from 120 people's answers to command line, chat and mail: as pandas counts the export."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from bot import config
from bot.digests import polls
from bot.digests.gather import keep
from bot.digests.render.sheet import sheet
from bot.digests.results import result
from bot.digests.weeks import Week
from bot.rounds.library import Library
from bot.texts import texts
from flows import cards, points
from flows.cards import Card
from flows.catalog import Catalog
from storage import answers, rounds
from storage.answers import AnswerRow
from storage.database import Database
from tests.bot import test_cli
from tests.bot.digests.polled import poll
from tests.bot.test_every_verb import VERBS
from tests.storage import makers
from tests.support.house import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bot.test_cli import Terminal

terminal = test_cli.terminal
IDEAS = [["early", "Open earlier"], ["late", "Open later"], ["sunday", "Open on Sundays"], ["tea", "Tea and coffee"]]
POINTS = ("hours", "books", "staff")
ON_CARDS = ("light", "seats", "heat", "ramp", "cafe", "toys")
OPENED, CLOSED = datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 19, 9, tzinfo=UTC)
PEOPLE = 120


def ballots(chance: random.Random) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return what one person says to the three questions."""
    order = sorted((name for name, _ in IDEAS), key=lambda name: chance.random() - 0.3 * (name == "late"))
    first = min(10, int(chance.expovariate(0.25)))
    second = chance.randint(0, 10 - first)
    shuffled = sorted(ON_CARDS, key=lambda _: chance.random())
    shown = [Card(tuple(shuffled[n::2])) for n in range(2)]
    said = [Card(card.shown, *sorted(card.shown, key=lambda one: one != "cafe")[:2]) for card in shown]
    if chance.random() < 0.1:
        said[1] = shown[1]
    return {
        "order": ("rank", tuple(order[: chance.randint(1, 3)])),
        "points": ("allocate", points.written(list(zip(POINTS, (first, second, 10 - first - second), strict=True)))),
        "cards": ("bestworst", tuple(map(cards.written, said))),
    }


def answer(code: str) -> None:
    """Let people answer over three weeks, one of them twice to no use."""
    database, chance = Database.open("sqlite:///data/civicloop.sqlite3"), random.Random(7)  # noqa: S311 - to be repeated
    with database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, opened_at=OPENED)
        answers.append(db, [one for number in range(PEOPLE) for one in rows(row, number, chance)])
    database.close()


def rows(row: rounds.RoundRow, number: int, chance: random.Random) -> Iterator[AnswerRow]:
    at = OPENED + timedelta(hours=3 * number)
    for state, (verb, kept) in ballots(chance).items():
        yield AnswerRow(
            row.id, row.service, row.stage, row.flow, row.version, bytes([number] * 16), state, verb,
            "en", "web", at, choices=json.dumps(kept), counted_at=at,
        )  # fmt: skip


@pytest.fixture
def code(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the code of a round with an order, points and cards that 120 people have answered and that is open."""
    monkeypatch.setenv("CIVICLOOP_FLOWS__FOLDER", str(VERBS))
    Path("record.json").write_text(json.dumps(RECORD | {"lists": {"ideas": IDEAS}}), "utf-8")
    asked = ("--service", "library", "--flow", "every_verb", "--title", "The garden", "--code", "garden")
    assert terminal("round", "new", *asked, "--record", "record.json", "--to", "2026-12-31").status == 0
    terminal("invite", "--role", "approver", "--service", "library", "--name", "Ben", "--mail", "ben@example.org")
    assert terminal("round", "approve", "garden", "--as", "Ben").status == 0
    assert terminal("round", "open", "garden").status == 0
    answer("garden")
    return "garden"


def close(code: str) -> None:
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.move(db, row.id, ("open",), "closed", closed_at=CLOSED)
    database.close()


# --------------------------------------------------------------------------- as pandas counts the export


def exported(terminal: Terminal, code: str) -> dict[str, Any]:
    """Return who said what, from the exported answers alone: a column for each option, or for each card."""
    terminal("export", "--round", code, "--out", "answers.csv")
    table = pd.read_csv("answers.csv", encoding="utf-8-sig")
    return {str(state): given["answer"].str.split("|") for state, given in table.groupby("state")}


def borda(orders: Any) -> Any:
    names = [name for name, _ in IDEAS]
    places = pd.DataFrame([{name: order.index(name) for name in order} for order in orders], columns=names)
    left = places.isna().sum(axis=1)
    worth = (3 - places).apply(lambda column: column.fillna((left - 1) / 2))
    return 100 * worth.mean() / 3


def test_figures_are_those_that_pandas_makes_of_the_exported_answers(terminal: Terminal, code: str) -> None:
    close(code)
    said = exported(terminal, code)
    assert terminal("round", "results", code, "--out", "results.csv").status == 0
    told: Any = pd.read_csv("results.csv", encoding="utf-8-sig").set_index(["state", "option"])
    assert set(told["people"]) == {PEOPLE}
    assert set(told["whole"]) == {1}
    step = int(told["step"].iloc[0])
    assert step == 5

    near(told.loc["order", "score"], borda(said["order"]), step)
    near(told.loc["order", "first"], 100 * said["order"].str[0].value_counts(normalize=True), 10)

    given: Any = pd.DataFrame([dict(pair.split("=") for pair in row) for row in said["points"]]).astype(int)
    near(told.loc["points", "score"], 10 * given.mean(), step)
    near(told.loc["points", "nothing"], 100 * (given == 0).mean(), 10)
    median = told.loc["points", "median"].dropna()
    near(median, 10 * given.median()[median.index], 10)

    shown: Any = pd.DataFrame([c.split(":") for c in said["cards"].explode()], columns=["shown", "best", "last"])
    shown = shown[shown["best"] != ""]
    times = shown["shown"].str.split(",").explode().value_counts()
    score = (shown["best"].value_counts().reindex(times.index).fillna(0) - shown["last"].value_counts()) / times
    assert (told.loc["cards", "shown"] == times.reindex(told.loc["cards"].index)).all()
    near(told.loc["cards", "score"], 100 * score.fillna(shown["best"].value_counts() / times), 2 * step)


def near(told: Any, exact: Any, step: float) -> None:
    """Each is the exact figure to a step, the ends of the scale told as the step beside them."""
    difference = (told - exact.reindex(told.index).fillna(0)).abs()
    assert (difference <= step + 1e-9).all(), pd.DataFrame({"told": told, "exact": exact})


# --------------------------------------------------------------------------- where it is shown


def test_an_open_round_counts_people_in_steps_one_step_behind(terminal: Terminal, code: str) -> None:
    """Also where its weeks were counted once already."""
    first = terminal("round", "results", code, "--json")
    assert [(one["kind"], one["base"], one["whole"]) for one in first.json] == [
        ("rank", 115, False), ("allocate", 115, False), ("bestworst", 115, False),
    ]  # fmt: skip
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    assert keep(database, "library", config.load(None, {}).city.zone, datetime(2026, 11, 22, 19, tzinfo=UTC)) > 0
    database.close()
    assert terminal("round", "results", code, "--json").out == first.out
    said = terminal("round", "show", code)
    assert "“The garden”: 115 people put the options in order. 1. Open later:" in said.out
    assert "People are counted in steps of 5, one step behind, until the round is over." in said.out


def test_a_round_that_asks_for_no_order_says_so(terminal: Terminal) -> None:
    code = terminal.a_round()
    assert "asks nobody to put options in order" in terminal("round", "results", code).out


def test_the_digest_of_the_week_a_round_closes_tells_it_in_every_form(terminal: Terminal, code: str) -> None:
    """And that of a week before what was known then."""
    close(code)
    said = terminal("digest", "--service", "library", "--week", "2026-W47", "--out", "kept")
    assert said.status == 0, said.err
    files = {path.name: path for path in Path("kept").iterdir()}
    bars = {f"library-2026-W47.wanted{n}.png" for n in (1, 2, 3)}
    assert bars < set(files)
    html = files["library-2026-W47.mail.html"].read_text("utf-8")
    assert all(html.count(f'src="{name}"') == 1 for name in bars)
    assert "cid:" not in html
    chat = files["library-2026-W47.chat.txt"].read_text("utf-8")
    assert "“The garden”: 120 people put the options in order. 1. Open later:" in chat
    before = terminal("digest", "--service", "library", "--week", "2026-W45", "--json").json
    assert [(one["base"], one["whole"]) for one in before["results"]] == [(45, False)] * 3


def test_results_that_cannot_be_written_are_refused_in_one_line(terminal: Terminal, code: str) -> None:
    said = terminal("round", "results", code, "--out", "nowhere/results.csv")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert "nowhere/results.csv cannot be written" in said.err


def test_a_label_that_looks_like_a_formula_is_none() -> None:
    made = poll("rank", ["abc"] * 40)
    named = replace(made, options={**made.options, "a": {"en": "=1+1"}})
    table = pd.read_csv(StringIO(sheet([result(named, 5)], texts("en"))))
    assert table["label"].tolist() == ["'=1+1", "Option b", "Option c"]


# --------------------------------------------------------------------------- looking often


def test_two_looks_at_an_open_round_and_its_end_differ_by_nobody_or_five_people(terminal: Terminal, code: str) -> None:
    """Somebody who looks after each answer, and once the round is over, never sees a few people come."""
    city = config.load(None, os.environ)
    zone, library = city.city.zone, Library(city, Catalog.load(extra=city.flows.extra), makers.KEYS)
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    seen: list[int] = []
    with database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        plain = replace(row, key_sealed=None)
        for number in range(40):
            now = OPENED + timedelta(hours=3 * number, seconds=1)
            order, *_ = polls.of_round(db, library, plain, polls.Look(Week.of(now, zone), zone, now, 5))
            seen.append(order.people)
    database.close()
    assert seen == [max((number + 1) // 5 - 1, 0) * 5 for number in range(40)]
    assert all(number + 1 - look >= 5 for number, look in enumerate(seen) if look)
