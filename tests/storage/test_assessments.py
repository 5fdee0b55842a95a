"""Forms, predictions and calls are kept once, seen by whom one chooses, and go when their time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from storage import answers, assessments, moves, people, proof, retention, tables
from storage.assessments import Level, Prediction
from tests.storage.makers import DAY, NOW, add_round, answer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.database import Database

LEVELS = {"SA10": Level(3, "log"), "SA11": Level(None), "SA12": Level(0)}


def person(db: Connection, name: str = "Ana") -> int:
    return people.add(db, name, "en", NOW).id


def test_a_form_is_begun_left_and_brought_to_its_end_once(database: Database) -> None:
    with database.transaction() as db:
        ana = person(db)
        assessments.begin(db, ana, "library", "deliver", NOW)
        form = assessments.begin(db, ana, "library", None, NOW)
        assessments.remember(db, form, "{}", NOW)
        found = assessments.begun(db, ana, "library")
        assert found is not None
        assert (found.id, found.session, found.stage) == (form, "{}", None)
        assert len(db.execute(select(tables.assessments)).all()) == 1, "what was begun before stands beside it"
        assert assessments.done(db, "library", [ana]) == []
        assert assessments.finish(db, form, LEVELS, ["SA12"], NOW + DAY)
        assert not assessments.finish(db, form, {}, [], NOW + DAY)
        assert assessments.begun(db, ana, "library") is None
        (kept,) = assessments.done(db, "library", [ana])
        assert (kept.top, kept.session, kept.done_at) == ('["SA12"]', None, NOW + DAY)
        assert assessments.levels(db, [form]) == {form: LEVELS}
        assert assessments.last_done(db) == {(ana, "library"): NOW + DAY}
        assert [each.id for each in assessments.all_done(db)] == [form]


def test_forms_of_others_and_of_other_services_are_not_mine(database: Database) -> None:
    with database.transaction() as db:
        ana, ben = person(db), person(db, "Ben")
        for who, service in ((ana, "library"), (ben, "library"), (ana, "bus12")):
            assessments.finish(db, assessments.begin(db, who, service, None, NOW), LEVELS, [], NOW)
        assert [each.person_id for each in assessments.done(db, "library", [ana])] == [ana]
        assert assessments.done(db, "library", []) == []
        part = assessments.begin(db, ben, "bus12", "deliver", NOW)
        assessments.finish(db, part, LEVELS, [], NOW)
        assert (ben, "bus12") not in assessments.last_done(db), "a stage alone is no whole form"


def test_the_last_word_before_the_first_answer_is_the_prediction(database: Database) -> None:
    with database.transaction() as db:
        ana, round_ = person(db), add_round(db)
        assessments.predict(db, Prediction(round_.id, ana, 85, NOW))
        assessments.predict(db, Prediction(round_.id, ana, 70, NOW + DAY))
        assert assessments.predictions(db, ana) == [Prediction(round_.id, ana, 70, NOW + DAY)]
        assert assessments.predictions(db, ana, until=NOW + DAY) == []


@pytest.mark.parametrize("where", ["here", "same stage", "moved on"])
def test_a_round_is_answered_by_its_first_answer_or_by_one_beside_it(database: Database, where: str) -> None:
    with database.transaction() as db:
        mine, other = add_round(db), add_round(db, "other")
        asked = (mine.id, "library", "deliver", NOW, ["overall"])
        assert not assessments.is_answered(db, *asked)
        if where == "here":
            answers.append(db, [answer(mine, at=NOW - DAY, counted_at=None)])
        elif where == "same stage":
            answers.append(db, [answer(other, at=NOW - timedelta(seconds=1))])
            assert not assessments.is_answered(db, *asked), "an older one is no result of this round"
            answers.append(db, [answer(other, at=NOW)])
        else:
            moves.count(db, {(mine.id, "2026-11-22", "age", "begin"): 1})
            assert not assessments.is_answered(db, *asked), "nobody has answered anything yet"
            moves.count(db, {(mine.id, "2026-11-22", "overall", "reason"): 1})
        assert assessments.is_answered(db, *asked)


def test_somebody_is_asked_once_on_each_occasion(database: Database) -> None:
    with database.transaction() as db:
        ana = person(db)
        assert assessments.call(db, ana, "library", ["2026-Q4", "round:1"], NOW)
        assert not assessments.call(db, ana, "library", ["2026-Q4"], NOW + DAY)
        assert assessments.call(db, ana, "bus12", ["2026-Q4"], NOW)
        assert assessments.called(db)[ana, "library"] == {"2026-Q4": NOW, "round:1": NOW}


def test_nobody_sees_scores_but_whom_their_owner_chooses_last(database: Database) -> None:
    with database.transaction() as db:
        ana, ben, cem = person(db), person(db, "Ben"), person(db, "Cem")
        assessments.show_to(db, ana, "library", [ben, cem])
        assessments.show_to(db, ana, "library", [cem])
        assert assessments.viewers(db, ana, "library") == {cem}
        assert assessments.shown_to(db, cem, "library") == {ana}
        assert assessments.shown_to(db, ben, "library") == set()
        assert assessments.shown_to(db, cem, "bus12") == set()
        assessments.show_to(db, ana, "library", [])
        assert assessments.viewers(db, ana, "library") == set()


def test_what_was_begun_and_left_goes_after_three_months_and_all_of_it_after_two_years(database: Database) -> None:
    with database.transaction() as db:
        ana = person(db)
        people.grant(db, ana, "manager", "library", NOW)
        assessments.finish(db, assessments.begin(db, ana, "library", None, NOW), LEVELS, [], NOW)
        assessments.begin(db, ana, "library", None, NOW)
        assessments.call(db, ana, "library", ["2026-Q4"], NOW)
        assert retention.forget(db, NOW + 80 * DAY, retention.Policy()) == {}
        assert retention.forget(db, NOW + 95 * DAY, retention.Policy()) == {"assessments": 1}
        gone = retention.forget(db, NOW + 735 * DAY, retention.Policy())
        assert gone == {"assessments": 1, "assessment_calls": 1}
        assert {each.what for each in proof.of(db)} == {"assessments", "assessment_calls"}
        assert assessments.last_done(db) == {}
