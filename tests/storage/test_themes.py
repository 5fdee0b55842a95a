"""The codebook of a service: people counted by theme, corrections, and what is left once somebody's words are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from storage import answers, behind, campaigns, retention, tables, themes
from storage.behind import Picked
from storage.retention import Policy
from storage.sides import Sides
from storage.tables import text_themes
from storage.themes import CONFIRMED, DROPPED, GROUP, MERGED, PERSON, PROPOSED, Reading, Sorted, Theme, of_side
from tests.storage.makers import DAY, MINUTE, NOW, add_round, answer, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.database import Database
    from storage.rounds import RoundRow

WEEK = (NOW - 3 * DAY, NOW + 4 * DAY)


def codebook(db: Connection, *keys: str, origin: str = themes.STARTER) -> list[Theme]:
    themes.add(db, "library", [(key, {"en": key.title(), "de": f"{key}-de"}) for key in keys], origin, NOW)
    found = [themes.by_key(db, "library", key) for key in keys]
    return [theme for theme in found if theme is not None]


def written(db: Connection, of: RoundRow, *who: bytes) -> list[int]:
    """Let each of these people write a text; return the ids."""
    answers.append(db, [text(of, f"words of {name!r}", name) for name in who])
    ids = select(tables.answers.c.id).where(tables.answers.c.verb == "ask").order_by(tables.answers.c.id)
    return list(db.execute(ids).scalars())[-len(who) :]


def read(db: Connection, ids: list[int], *found: tuple[int, int]) -> None:
    """Have these texts read, and sorted into these (text, theme)."""
    themes.keep(db, [Reading(one, "library", b"\0\0", "en", "test", NOW) for one in ids])
    revision = themes.revision(db, "library")
    themes.settle(db, revision, ids, [Sorted(*one, 0.8) for one in found])
    themes.caught_up(db, "library", revision)


def rows(db: Connection, name: str) -> int:
    return db.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one()


def test_people_are_counted_and_not_messages(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        waiting, price = codebook(db, "waiting", "price")
        a, b, c = written(db, of, b"anna", b"anna", b"ben")
        answers.append(db, [answer(of, b"ben", "step", item="del.step", choice="desk")])
        read(db, [a, b, c], (a, waiting.id), (b, waiting.id), (c, waiting.id), (c, price.id))
        assert themes.raised(db, "library", *WEEK) == [(waiting.id, 2), (price.id, 1)]
        assert themes.chose(db, "library", *WEEK, ["del.step"]) == [
            (waiting.id, "del.step", "desk", 1),
            (price.id, "del.step", "desk", 1),
        ]
        assert themes.raised(db, "library", NOW + MINUTE, WEEK[1]) == []
        assert themes.raised(db, "pool", *WEEK) == []
        assert themes.people_behind(db, waiting.id, *WEEK) == {(of.id, b"anna"), (of.id, b"ben")}
        assert [one.answer_id for one in themes.behind(db, waiting.id, *WEEK, 9)] == [c, b, a]
        assert themes.of_texts(db, [a, c]) == {a: [waiting.id], c: [waiting.id, price.id]}


def test_who_scored_well_is_told_from_all_others_as_they_chose_last(database: Database) -> None:
    """Ben changed his mind, Cleo scored only after she had written, Dana not at all."""
    good = frozenset({("del.overall", "5"), ("com.understood", "4")})
    sides_ = Sides(good, frozenset(item for item, _ in good))
    with database.transaction() as db:
        of = add_round(db)
        (waiting,) = codebook(db, "waiting")
        scored = [(b"anna", "2", -5), (b"anna", "5", -2), (b"ben", "5", -5), (b"ben", "2", -2), (b"cleo", "5", 5)]
        answers.append(db, [answer(of, who, at=NOW + n * MINUTE, choice=choice) for who, choice, n in scored])
        ids = written(db, of, b"anna", b"ben", b"cleo", b"dana")
        read(db, ids, *((each, waiting.id) for each in ids))
        sides = [
            {
                who
                for _, who in themes.people_behind(db, waiting.id, *WEEK, of_side(waiting.id, *WEEK, sides_, well=well))
            }
            for well in (True, False)
        ]
        assert sides == [{b"anna"}, {b"ben", b"cleo", b"dana"}]
        counted = {(one.item, one.choice): one.people for one in themes.chose(db, "library", *WEEK, ["del.overall"])}
        assert counted == {("del.overall", "5"): 1, ("del.overall", "2"): 1}
        picked = Picked("library", *WEEK, theme=waiting.id, sides=sides_)
        rows_ = behind.of(db, picked, 9)
        assert {one.pseudonym for one in behind.of(db, replace(picked, side="well"), 9)} == sides[0]
        assert {one.pseudonym for one in behind.of(db, replace(picked, side="others"), 9)} == sides[1]
        assert sorted(behind.scores(db, rows_, picked).values()) == [("del.overall", "2"), ("del.overall", "5")]


def test_what_was_sent_in_a_campaign_is_counted_apart(database: Database) -> None:
    """Who also wrote in words of their own counts among the others."""
    with database.transaction() as db:
        of = add_round(db)
        waiting, price = codebook(db, "waiting", "price")
        a, b, c, d = written(db, of, b"anna", b"anna", b"ben", b"cem")
        answers.append(db, [answer(of, who, "step", item="del.step", choice="desk") for who in (b"anna", b"ben")])
        read(db, [a, b, c, d], (a, waiting.id), (b, waiting.id), (c, waiting.id), (d, price.id))
        campaigns.note(db, "library", WEEK[1], NOW, [(b, b), (c, b), (d, d), (d + 99, d)])
        assert themes.raised(db, "library", *WEEK) == [(waiting.id, 2), (price.id, 1)]
        assert themes.raised(db, "library", *WEEK, apart=True) == [(waiting.id, 1)]
        assert themes.raised(db, "library", *WEEK, without=range(1000, 71_000)) == [(waiting.id, 2), (price.id, 1)]
        assert themes.chose(db, "library", *WEEK, ["del.step"], apart=True) == [(waiting.id, "del.step", "desk", 1)]
        assert themes.read_so_far(db, "library", *WEEK, apart=True) == (1, 1, 1, 0)
        assert campaigns.of_week(db, "library", *WEEK) == [(b, 2), (d, 1)]
        assert campaigns.about(db, "library", *WEEK) == [(waiting.id, 1), (price.id, 1)]
        assert campaigns.of_texts(db, [a, b, c]) == {b: b, c: b}
        assert campaigns.sought(db, "library", WEEK) == {WEEK[1]}
        answers.withdraw(db, [(of.id, b"ben", "why")], NOW)
        assert campaigns.of_week(db, "library", *WEEK) == [(b, 1), (d, 1)]


def test_a_text_that_was_taken_back_counts_for_no_theme(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        (waiting,) = codebook(db, "waiting")
        (a,) = written(db, of, b"anna")
        read(db, [a], (a, waiting.id))
        answers.withdraw(db, [(of.id, b"anna", "why")], NOW)
        assert themes.raised(db, "library", *WEEK) == []
        assert themes.behind(db, waiting.id, *WEEK, 9) == []


def test_what_is_read_so_far_tells_who_fits_and_what_is_unsorted(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        (waiting,) = codebook(db, "waiting")
        a, b, c = written(db, of, b"anna", b"ben", b"carl")
        assert themes.read_so_far(db, "library", *WEEK) == (3, 0, 3, 3)
        read(db, [a, b], (a, waiting.id))
        assert themes.read_so_far(db, "library", *WEEK) == (3, 1, 3, 1)
        read(db, [c])
        assert themes.read_so_far(db, "library", *WEEK) == (3, 1, 3, 0)


def test_a_text_is_read_once_and_those_counted_first_come_first(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        answers.append(db, [text(of, "later", b"anna", NOW + MINUTE), text(of, "first", b"ben")])
        answers.append(db, [text(of, "not handed in", b"carl", counted_at=None), answer(of, b"dora")])
        found = themes.unread(db, "library", "letters", None, 9)
        assert [one.text for one in found] == ["first", "later"]
        assert [one.text for one in themes.unread(db, "library", "letters", NOW + MINUTE, 9)] == ["later"]
        mine = [Reading(one.answer_id, "library", None, "en", "letters", NOW) for one in found]
        assert themes.keep(db, mine) == 2
        assert themes.keep(db, mine) == 0
        assert [one.text for one in themes.unread(db, "library", "better", None, 9)] == ["first", "later"]
        assert themes.keep(db, [mine[0]._replace(reader="better")]) == 1
        assert [one.text for one in themes.unread(db, "library", "better", None, 9)] == ["later"]
        themes.keep(db, [mine[0]])
        assert themes.unread(db, "library", "letters", None, 9) == []


def test_a_change_of_the_codebook_leaves_its_recent_texts_behind(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        (waiting,) = codebook(db, "waiting")
        answers.append(db, [text(of, "old", b"carl", NOW - 100 * DAY)])
        old, new = written(db, of, b"anna", b"ben")[0] - 1, written(db, of, b"dora")[0]
        read(db, [old, new], (new, waiting.id))
        assert not themes.is_behind(db, "library")
        themes.rename(db, waiting, {"en": "Queues"})
        assert themes.is_behind(db, "library")
        assert not themes.is_behind(db, "pool")
        revision = themes.revision(db, "library")
        assert [one.answer_id for one in themes.to_sort(db, "library", revision, NOW - DAY, 9)] == [new]
        themes.settle(db, revision, [new], [])
        themes.caught_up(db, "library", revision)
        assert not themes.is_behind(db, "library")
        assert [one.answer_id for one in themes.fitting_none(db, "library", NOW - DAY, 9)] == [new]
        themes.keep(db, [Reading(old + 1, "library", None, "en", "test", NOW)])
        assert themes.is_behind(db, "library")
        assert [one.answer_id for one in themes.to_sort(db, "library", revision, NOW + DAY, 9)] == [old + 1]
        assert [one.text for one in themes.texts(db, "library", [old])] == ["old"]
        assert [one.answer_id for one in themes.latest(db, "library", 2)] == [new, old + 1]


def test_starter_codes_are_added_once_and_a_proposal_waits(database: Database) -> None:
    with database.transaction() as db:
        (waiting,) = codebook(db, "waiting")
        assert waiting.state == CONFIRMED
        before = themes.revision(db, "library")
        assert themes.add(db, "library", [("waiting", {"en": "Other"})], themes.STARTER, NOW) == 0
        assert themes.revision(db, "library") == before
        (new,) = codebook(db, "new.7", origin=themes.PROPOSAL)
        assert new.state == PROPOSED
        assert new.name("de") == "new.7-de"
        assert new.name("fr") == "New.7"
        assert themes.codebook(db, "library") == [waiting, new]


def test_a_manager_renames_confirms_and_drops(database: Database) -> None:
    with database.transaction() as db:
        one, other = codebook(db, "new.1", "new.2", origin=themes.PROPOSAL)
        themes.rename(db, one, {"en": "Bicycles"})
        themes.confirm(db, other)
        assert [(each.name("en"), each.name("de"), each.state) for each in themes.codebook(db, "library")] == [
            ("Bicycles", "Bicycles", CONFIRMED),
            ("New.2", "new.2-de", CONFIRMED),
        ]
        themes.drop(db, other)
        assert [each.key for each in themes.codebook(db, "library")] == ["new.1"]
        assert [each.key for each in themes.codebook(db, "library", [DROPPED])] == ["new.2"]


def test_a_theme_goes_into_another_with_texts_and_corrections(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        one, into = codebook(db, "one", "into")
        a, b = written(db, of, b"anna", b"ben")
        read(db, [a, b], (a, one.id), (b, one.id), (b, into.id))
        themes.correct(db, one, a, None, NOW, fits=True)
        themes.merge(db, one, into)
        assert themes.raised(db, "library", *WEEK) == [(into.id, 2)]
        assert themes.examples(db, "library") == [(into.id, a, True)]
        gone = themes.get(db, one.id)
        assert gone is not None
        assert (gone.state, gone.merged_into) == (MERGED, into.id)
        with pytest.raises(ValueError, match="cannot go into"):
            themes.merge(db, into, into)


@pytest.mark.parametrize(("gone", "stays", "used"), [(True, False, True), (False, True, True), (False, False, False)])
def test_a_theme_in_use_that_goes_into_a_proposal_takes_it_into_use(
    database: Database, *, gone: bool, stays: bool, used: bool
) -> None:
    with database.transaction() as db:
        one, into = codebook(db, "one", "into", origin=themes.PROPOSAL)
        for theme, kept in ((one, gone), (into, stays)):
            if kept:
                themes.confirm(db, theme)
        one, into = (found for each in (one, into) if (found := themes.get(db, each.id)))
        themes.merge(db, one, into)
        assert [each.state for each in themes.codebook(db, "library")] == [CONFIRMED if used else themes.PROPOSED]


def test_of_a_text_in_both_themes_what_a_person_said_stands(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        one, into = codebook(db, "one", "into")
        (a,) = written(db, of, b"anna")
        read(db, [a], (a, one.id), (a, into.id))
        themes.correct(db, one, a, None, NOW, fits=True)
        themes.merge(db, one, into)
        found = db.execute(select(text_themes.c.theme_id, text_themes.c.by)).all()
        assert found == [(into.id, themes.PERSON)]


def test_what_a_person_corrects_holds_and_the_sorter_does_not_undo_it(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        one, other = codebook(db, "one", "other")
        (a,) = written(db, of, b"anna")
        read(db, [a], (a, one.id))
        themes.correct(db, one, a, None, NOW, fits=False)
        themes.correct(db, other, a, None, NOW, fits=True)
        assert themes.of_texts(db, [a]) == {a: [other.id]}
        read(db, [a], (a, other.id), (a, one.id))
        assert themes.of_texts(db, [a]) == {a: [other.id]}
        assert [(row.by, row.sure) for row in themes.behind(db, other.id, *WEEK, 9)] == [(PERSON, 1.0)]
        themes.correct(db, one, a, None, NOW, fits=True)
        assert themes.examples(db, "library") == [(one.id, a, True), (other.id, a, True)]


def test_sorting_anew_replaces_what_the_sorter_said_and_keeps_the_rest(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        one, other, new = codebook(db, "one", "other", "new.1")
        a, b = written(db, of, b"anna", b"ben")
        read(db, [a, b], (a, one.id), (b, one.id))
        assert themes.group(db, new, [(a, 0.7), (999, 0.9)]) == 1
        read(db, [a, b], (a, other.id))
        assert themes.of_texts(db, [a, b]) == {a: [other.id, new.id]}
        assert themes.members(db, "library", themes.LIVE) == [(new.id, a)]
        assert [row.by for row in themes.behind(db, new.id, *WEEK, 9)] == [GROUP]


def test_a_deleted_answer_takes_everything_that_was_made_of_it(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        (one,) = codebook(db, "one")
        (a,) = written(db, of, b"anna")
        read(db, [a], (a, one.id))
        themes.correct(db, one, a, None, NOW, fits=True)
        answers.forget(db, of.id, b"anna", NOW, closed=False, anew=b"")
        assert [rows(db, name) for name in ("readings", "text_themes", "theme_examples", "themes")] == [0, 0, 0, 1]


def test_after_closing_the_theme_stays_and_words_vector_and_correction_go(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db)
        (one,) = codebook(db, "one")
        a, b = written(db, of, b"anna", b"ben")
        read(db, [a, b], (a, one.id), (b, one.id))
        themes.correct(db, one, a, None, NOW, fits=True)
        answers.forget(db, of.id, b"anna", NOW, closed=True, anew=b"0123456789abcdef")
        assert themes.raised(db, "library", *WEEK) == [(one.id, 2)]
        assert [row.text for row in themes.behind(db, one.id, *WEEK, 9)] == ["words of b'ben'", None]
        assert rows(db, "readings") == 1
        assert themes.examples(db, "library") == []
        assert themes.keep(db, [Reading(a, "library", b"\0\0", "en", "test", NOW)]) == 0


def test_texts_past_their_date_go_with_all_that_was_made_of_them(database: Database) -> None:
    with database.transaction() as db:
        of = add_round(db, closed_at=NOW, reported_at=NOW)
        (one,) = codebook(db, "one")
        (a,) = written(db, of, b"anna")
        read(db, [a], (a, one.id))
        themes.correct(db, one, a, None, NOW, fits=True)
        retention.forget(db, NOW + 400 * DAY, Policy())
        assert [rows(db, name) for name in ("answers", "readings", "text_themes", "theme_examples")] == [0, 0, 0, 0]
