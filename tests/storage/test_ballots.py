"""Orders, divided points, best and last, counted by question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from storage import answers, ballots, weekly
from storage.ballots import EVERYBODY
from tests.storage.makers import DAY, MINUTE, NOW, add_round, answer

if TYPE_CHECKING:
    from datetime import datetime

    from storage.answers import AnswerRow
    from storage.database import Database
    from storage.rounds import RoundRow

WEEK = (NOW, NOW + 7 * DAY)


def ballot(of: RoundRow, who: bytes, *kept: str, verb: str = "rank", at: datetime = NOW, **facts: Any) -> AnswerRow:
    plain = {"verb": verb, "item": None, "choice": None, "score": None, "choices": json.dumps(kept)}
    return answer(of, who, "order", at, **{**plain, **facts})


def test_the_latest_order_of_each_person_counts_once(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        said = [ballot(round_, b"anna", "hours"), ballot(round_, b"ben", "books", "hours")]
        said += [ballot(round_, b"anna", "books", "hours", at=NOW + MINUTE)]
        said += [ballot(round_, b"cleo", skipped=True, choices=None), ballot(round_, b"dana", "hours", counted_at=None)]
        answers.append(db, said)
    with database.reading() as db:
        (tally,) = ballots.by_question(ballots.count(db, "library", *WEEK)).values()
    assert tally == {EVERYBODY: 2, ("books", "1/2"): 2, ("hours", "2/2"): 2, ("books", ">hours"): 2}


def test_the_first_people_are_the_first_who_were_counted(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        people = [(b"late", "hours", 5), (b"early", "books", 1), (b"later", "hours", 9)]
        answers.append(db, [ballot(round_, who, first, at=NOW + n * MINUTE) for who, first, n in people])
    with database.reading() as db:
        tally = ballots.earliest(db, "library", (round_.id, "order"), *WEEK, 2)
        assert ballots.earliest(db, "library", (round_.id, "other"), *WEEK, 2) == {}
        out = [b"early", *(b"%d" % n for n in range(70_000))]
        own = ballots.earliest(db, "library", (round_.id, "order"), *WEEK, 1, out)
    assert tally == {EVERYBODY: 2, ("hours", "1/1"): 1, ("books", "1/1"): 1}
    assert own == {EVERYBODY: 1, ("hours", "1/1"): 1}


def test_a_counted_week_is_read_as_it_was_counted(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [ballot(round_, b"anna", "hours=7", "books=3", verb="allocate")])
    weekly.keep(database, "library", [WEEK])
    with database.reading() as db:
        kept = weekly.told(db, "library", [WEEK])[WEEK]
        assert set(kept) == set(ballots.count(db, "library", *WEEK))
        assert {(each.option, each.said) for each in kept} == {EVERYBODY, ("hours", "7"), ("books", "3")}
