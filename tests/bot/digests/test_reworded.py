"""A question that is worded otherwise goes into the trend with a word, and no change is told across it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.digests import gather, render, reworded
from bot.digests.model import Reason
from bot.texts import languages, texts
from storage import answers, flow_versions
from storage.beside import Beside
from storage.weekly import Figures, People
from tests.bot.digests.test_apart import CATALOG, MONDAY, NOON, crowd, desk, digest, library, taken_down
from tests.storage import makers
from tests.storage.makers import answer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.digests.writing import Digests
    from bot.rounds.library import Library
    from storage.database import Database
    from storage.rounds import RoundRow

__all__ = ["desk", "library"]
ENGLISH = "Overall, how was your experience with {service} this time?"


def published(db: Connection, version: int, english: str) -> RoundRow:
    """A round of a version whose question is asked in these words."""
    flow = CATALOG.get("deliver_pulse", 1)
    files, _ = CATALOG.bundle(flow)
    source = {
        name: text.replace(ENGLISH, english).replace("\nversion = 1\n", f"\nversion = {version}\n")
        for name, text in files.items()
    }
    flow_versions.publish(db, "deliver_pulse", version, str(version), json.dumps(source), MONDAY)
    return makers.add_round(db, f"v{version}", flow="deliver_pulse", version=version)


@pytest.mark.parametrize(
    ("english", "weeks", "since"), [(ENGLISH, 1, ""), ("Are you happy?", 1, "W35"), ("Hm?", 3, "W33")]
)
def test_no_change_is_told_against_weeks_in_which_it_was_asked_in_other_words(
    database: Database, desk: Digests, english: str, weeks: int, since: str
) -> None:
    with database.transaction() as db:
        old, new = makers.add_round(db, flow="deliver_pulse"), published(db, 9, english)
        for back in range(6):
            at = NOON - timedelta(days=7 * back)
            of, good = (new, 30) if back < weeks else (old, 78)
            answers.append(db, crowd(of, f"{back}", good, 80 - good, at))
        made = digest(db, desk)
    (score,) = made.scores
    assert score.reworded == (since and f"2022-{since}")
    assert len(score.weeks) == 9
    told = {language: render.message(made, texts(language)) for language in languages()}
    if not since:
        assert [each.reason for each in made.alerts] == [Reason.FELL]
        return
    assert made.alerts == ()
    assert (score.change is None) == (weeks == 1)
    if score.change:
        assert (score.change.before.base, score.change.real) == (160, False)
    number = str(int(since[1:]))
    assert f"worded otherwise before week {number}: those weeks are not compared." in told["en"]
    assert "Too few answers in the last 4 weeks" not in told["en"]
    assert all(number in each and "{" not in each for each in told.values())


def test_what_cannot_be_read_or_is_asked_in_another_language_alone_says_nothing(
    database: Database, library: Library, desk: Digests
) -> None:
    with database.transaction() as db:
        gone, old = makers.add_round(db, "gone"), makers.add_round(db, "old", flow="deliver_pulse")
        weeks = [
            ("2022-W33", {gone.id: 9}),
            ("2022-W34", {old.id: 9}),
            ("2022-W35", {gone.id: 9, old.id: 9}),
            ("2022-W36", dict[int, int]()),
        ]
        assert reworded.since(db, library, desk._headlines, weeks, 5) == {}


@pytest.mark.parametrize(
    ("before", "since"),
    [
        ((90, 0), "2022-W34"),
        ((0, 90), "2022-W34"),
        ((90, 9), "2022-W34"),
        ((90, 4), "2022-W34"),
        ((90, 10), None),
        ((4, 4), None),
        ((0, 4), None),
    ],
)
def test_wordings_side_by_side_are_the_same_in_each_week_in_which_both_weigh(
    database: Database, library: Library, desk: Digests, before: tuple[int, int], since: str | None
) -> None:
    with database.transaction() as db:
        one, two = published(db, 8, "How was it?"), published(db, 9, "Was it good?")
        asked = [before, (40, 40), (40, 40)]
        weeks = [(f"2022-W{33 + n}", {one.id: first, two.id: second}) for n, (first, second) in enumerate(asked)]
        found = reworded.since(db, library, desk._headlines, weeks, 5).get("del.overall")
    assert (found.since if found else None) == since


@pytest.mark.parametrize("others", [1, 4, 8])
def test_a_few_answers_in_another_round_hide_no_fall(database: Database, desk: Digests, others: int) -> None:
    with database.transaction() as db:
        of, other = makers.add_round(db, flow="deliver_pulse"), published(db, 9, "Are you happy?")
        for back in range(6):
            good = 78 if back else 30
            answers.append(db, crowd(of, f"{back}", good, 80 - good, NOON - timedelta(days=7 * back)))
        answers.append(db, crowd(other, "few", others, 0, NOON))
        made = digest(db, desk)
    (score,) = made.scores
    assert [each.reason for each in made.alerts] == [Reason.FELL]
    assert score.reworded == ""


def two_wordings(db: Connection, good: int, others: tuple[int, int], before: int = 70) -> RoundRow:
    """Five weeks in one wording; in this one 80 people in it, `good` of them content, and others in another."""
    of, other = makers.add_round(db, flow="deliver_pulse"), published(db, 9, "Are you happy?")
    for back in range(6):
        well = before if back else good
        answers.append(db, crowd(of, f"{back}", well, 80 - well, NOON - timedelta(days=7 * back)))
    answers.append(db, crowd(other, "some", *others, NOON))
    return of


@pytest.mark.parametrize("others", [(30, 0), (50, 30), (20, 20)])
def test_where_some_are_asked_in_other_words_those_asked_as_before_are_compared(
    database: Database, desk: Digests, others: tuple[int, int]
) -> None:
    with database.transaction() as db:
        two_wordings(db, 30, others)
        made = digest(db, desk)
    (score,) = made.scores
    assert (score.reworded, score.alike.part, score.alike.base) == ("2022-W35", 30, 80)
    assert score.change
    assert (score.change.real, score.change.before.part, score.change.before.base) == (True, 4 * 70, 320)
    assert [(each.reason, each.count) for each in made.alerts] == [(Reason.FELL, 50)]
    told = {language: render.message(made, texts(language)) for language in languages()}
    assert "of those asked as before, 38% said very good or good (30 of 80). 50 points below" in told["en"]
    assert "worded otherwise before" not in told["en"]
    assert all("30" in each and "80" in each and "{" not in each for each in told.values())
    assert "of those asked as before, 38%" in render.picture(made, texts("en")).alt  # type: ignore[union-attr]


def test_who_was_asked_as_before_is_told_as_steady_where_they_are(database: Database, desk: Digests) -> None:
    with database.transaction() as db:
        two_wordings(db, 50, (0, 60), before=50)
        made = digest(db, desk)
    (score,) = made.scores
    assert score.positive.part == 50
    assert score.change
    assert score.change.real is False
    assert made.alerts == ()
    assert render.message(made, texts("en")).count("Steady: no real change this week.") == 1


@pytest.mark.parametrize("others", [(10, 0), (27, 3), (3, 27), (4, 5)])
def test_where_it_would_tell_of_a_few_it_says_why_nothing_is_compared(
    database: Database, desk: Digests, others: tuple[int, int]
) -> None:
    with database.transaction() as db:
        two_wordings(db, 30, others)
        made = digest(db, desk)
    (score,) = made.scores
    assert (score.reworded, score.change, made.alerts) == ("2022-W35", None, ())
    assert not score.alike.says
    told = {language: render.message(made, texts(language)) for language in languages()}
    assert "worded otherwise before week 35" in told["en"]
    assert "Steady: nothing asks you to act; the question had other words in earlier weeks" in told["en"]
    assert "too few answers to compare" not in told["en"]


def test_campaigns_and_late_answers_are_not_among_those_asked_as_before(
    database: Database, desk: Digests, library: Library
) -> None:
    with database.transaction() as db:
        of = two_wordings(db, 30, (30, 10))
        late = taken_down(db, library, of, [("late", 7)])
        answers.append(db, [answer(of, who, at=NOON, choice="5") for who in late])
        (score,) = digest(db, desk).scores
    assert (score.alike.part, score.alike.base) == (30, 80)


def test_campaigns_and_organisations_of_another_round_weigh_nothing() -> None:
    since = NOON - timedelta(days=1), NOON + timedelta(days=1)
    one, two, many = (7, b"one"), (7, b"two"), (7, b"many")
    beside = Beside({many: "organisation"}, ((one, NOON), (two, NOON), (many, NOON)))
    figures = Figures((), (People(7, "web", 2, 2), People(8, "web", 3, 0), People(8, "paper", 1, 0)), 0)
    assert gather._scoring(figures, since, beside) == {8: 4}
