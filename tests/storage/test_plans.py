"""What runs often or over many rows goes by an index: no whole table of answers, messages or people is ever read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from storage import (
    answers,
    assessments,
    ballots,
    beside,
    campaigns,
    contacts,
    entries,
    inbox,
    messages,
    outbox,
    sessions,
    themes,
    turnout,
    weekly,
)
from storage.database import Database
from storage.sides import Sides
from tests.storage.makers import DAY, KEYS, MINUTE, NOW, Update, add_contact, add_round, answer, message, session, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

WEEK = (NOW - DAY, NOW + DAY)
FEW = {"SCAN picked", "SCAN anon_1", "SCAN anon_2", "SCAN (subquery-1)", "SCAN (subquery-2)", "SCAN CONSTANT ROW"}
FEW |= {"SCAN campaign_texts"}
"""Results of inner queries that went by an index themselves, an empty list, and what is few beside all answers."""


@pytest.fixture
def sqlite(upgraded_file: Path, tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "c.db").write_bytes(upgraded_file.read_bytes())
    database = Database.open(f"sqlite:///{tmp_path / 'c.db'}")
    yield database
    database.close()


def claim_and_settle(db: Connection) -> None:
    rows = outbox.claim(db, "telegram", "me", NOW, MINUTE, 9)
    outbox.settle(db, [outbox.sent(row, NOW, "m1") for row in rows], "me")


SIDES = Sides(
    frozenset({("del.overall", "5"), ("ren.future", "keep")}),
    frozenset({"del.overall"}),
    {"pil.keep": "works", "com.problem": "problem"},
    {"del.reason": "del.overall", "ren.why": "ren.future"},
    {(1, "why"): "problem"},
)
ACTS: dict[str, Callable[[Connection], Any]] = {
    "week_counts": lambda db: answers.week_counts(db, "library", *WEEK),
    "scores": lambda db: answers.scores(db, "library", *WEEK),
    "who": lambda db: answers.who(db, "library", *WEEK),
    "people": lambda db: answers.people(db, "library", *WEEK),
    "texts": lambda db: answers.texts(db, "library", *WEEK, limit=20),
    "weeks": lambda db: weekly.everybody(db, "library", weekly.figures(db, "library", [WEEK])),
    "ballots": lambda db: weekly.told(db, "library", [WEEK]),
    "earliest ballots": lambda db: ballots.earliest(db, "library", (1, "order"), *WEEK, 9),
    "beside": lambda db: beside.look(db, "library", {(1, b"anna"): "group"}),
    "apart in": lambda db: entries.apart_in(db, "library"),
    "came": lambda db: weekly.came(db, [(1, b"anna")]),
    "handed_in": lambda db: answers.handed_in(db, [1]),
    "ways": lambda db: turnout.ways(db, 1),
    "chosen": lambda db: turnout.choices(db, 1, ["you.area"], ["step"], [b"anna"]),
    "spoken": lambda db: turnout.languages(db, 1, [b"anna"]),
    "raised": lambda db: themes.raised(db, "library", *WEEK),
    "raised apart": lambda db: themes.raised(db, "library", *WEEK, apart=True),
    "campaigns": lambda db: campaigns.of_week(db, "library", *WEEK),
    "about campaigns": lambda db: campaigns.about(db, "library", *WEEK),
    "campaigns of texts": lambda db: campaigns.of_texts(db, [1, 2]),
    "note campaigns": lambda db: campaigns.note(db, "library", NOW, NOW, [(1, 1)]),
    "chose": lambda db: themes.chose(db, "library", *WEEK, ["del.step"]),
    "read so far": lambda db: themes.read_so_far(db, "library", *WEEK),
    "behind": lambda db: themes.behind(db, 1, *WEEK, 9),
    "people behind": lambda db: themes.people_behind(db, 1, *WEEK),
    "those of them to whom it works": lambda db: themes.people_behind(
        db, 1, *WEEK, themes.of_side(1, *WEEK, SIDES, well=True)
    ),
    "praised": lambda db: themes.praised(db, "library", *WEEK, SIDES, apart=True),
    "praising": lambda db: themes.praising(db, "library", *WEEK, SIDES, [1, 2]),
    "is answered": lambda db: assessments.is_answered(db, 1, "library", "deliver", NOW, ["overall"]),
    "unread": lambda db: themes.unread(db, "library", "e5", NOW, 9),
    "is behind": lambda db: themes.is_behind(db, "library"),
    "to sort": lambda db: themes.to_sort(db, "library", 2, NOW, 9),
    "read texts": lambda db: themes.texts(db, "library", [1, 2]),
    "latest": lambda db: themes.latest(db, "library", 9),
    "fitting none": lambda db: themes.fitting_none(db, "library", NOW, 9),
    "of": lambda db: answers.of(db, 1, b"anna"),
    "withdraw": lambda db: answers.withdraw(db, [(1, b"anna", "overall")], NOW),
    "hand_in": lambda db: answers.hand_in(db, [(1, b"anna")], NOW),
    "quotable": lambda db: answers.quotable(db, [(1, b"anna", True)]),
    "take": lambda db: inbox.take(db, [Update("telegram", "1"), Update("telegram", "2")], NOW),
    "claim updates": lambda db: inbox.claim(db, 9, KEYS),
    "oldest waiting": inbox.oldest_waiting,
    "find contacts": lambda db: contacts.find(db, [("telegram", b"x"), ("telegram", b"y")]),
    "seen": lambda db: contacts.seen(db, [1], NOW),
    "sessions of": lambda db: sessions.of(db, [1, 2]),
    "idle sessions": lambda db: sessions.idle(db, NOW - timedelta(days=7)),
    "silent sessions": lambda db: sessions.silent(db, NOW - timedelta(days=7)),
    "due sessions": lambda db: sessions.due(db, NOW, 10),
    "next due session": lambda db: sessions.next_due(db, NOW),
    "by receipt": lambda db: sessions.by_receipt(db, b"r"),
    "claim messages": claim_and_settle,
    "claims still ours": lambda db: outbox.ours(db, [outbox.Claim(1, 1), outbox.Claim(2, 1)], "me"),
    "state of": lambda db: outbox.state_of(db, 1, "m1"),
    "transcript": lambda db: messages.of(db, 1),
    "forget": lambda db: contacts.forget(db, 1, NOW),
}


@pytest.mark.parametrize("act", ACTS)
def test_no_large_table_is_read_from_end_to_end(sqlite: Database, act: str) -> None:
    with sqlite.transaction() as db:
        anna, round_ = add_contact(db), add_round(db)
        sessions.save(db, [session(anna, round_)])
        answers.append(db, [answer(round_), text(round_, "words")])
        outbox.enqueue(db, [message(anna, "a")])
    said: list[str] = []
    with sqlite.transaction() as db:
        driver: Any = db.connection.driver_connection
        driver.set_trace_callback(said.append)
        ACTS[act](db)
        driver.set_trace_callback(None)
        plans = [step for words in said for step in _plan(db, words)]
    assert plans
    read_whole = {step for step in plans if step.startswith("SCAN ") and not step.endswith("CONSTANT ROWS")}
    read_whole = {step for step in read_whole if "INDEX" not in step}
    assert read_whole <= FEW


def _plan(db: Connection, words: str) -> list[str]:
    if not words.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
        return []
    return [str(row[-1]) for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}")]
