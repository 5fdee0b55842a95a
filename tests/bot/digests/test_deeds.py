"""Item 9 of the digest: what is overdue first, then what was done, what will not be, and what is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.digests.deeds import LINES, Deed, Deeds, Stand, deeds, summed
from bot.digests.render.told import page
from bot.texts import texts
from storage import actions, themes
from storage.actions import Action, NewAction, Origin
from tests.bot.digests import sample
from tests.storage.makers import DAY, NOW

if TYPE_CHECKING:
    from storage.database import Database

ZONE = ZoneInfo("Europe/Madrid")
BLANK = Action(1, "s", "fix", "words", "{}", "w", "open", "", "", "", None, None, NOW, None, None, 0, 0, "{}", None)


def made(number: int, **facts: Any) -> Action:
    return replace(BLANK, id=number, **facts)


def test_the_lines_come_in_the_order_a_manager_asks() -> None:
    rows = [
        made(1, due_on="2026-12-24", owner="Kim"),
        made(2, due_on="2026-11-12", owner="Ali", words="SMS test"),
        made(3, state="done", settled_at=NOW - 6 * DAY, outcome="A new sign."),
        made(4, state="not_done", settled_at=NOW - DAY, outcome="No staff."),
        made(5, state="done", settled_at=NOW - 7 * DAY),
    ]
    told = summed(rows, NOW, ZONE, 5)
    assert [(each.id, each.stand) for each in told.lines] == [(2, "late"), (3, "done"), (4, "not_done"), (1, "open")]
    assert told.lines[0] == Deed(2, "fix", Stand.LATE, "SMS test", "Ali", date(2026, 11, 12), 10)
    assert (told.more, told.empty) == (0, False)


def test_what_is_late_leaves_room_for_what_was_done_and_what_will_not_be() -> None:
    late = [made(n, due_on=f"2026-11-{n:02}") for n in range(1, 10)]
    settled = [made(20, state="done", settled_at=NOW - DAY), made(21, state="not_done", settled_at=NOW - DAY)]
    told = summed([*late, *settled, made(30)], NOW, ZONE, 5)
    assert [each.id for each in told.lines] == [1, 2, 20, 21]
    assert (told.more, told.more_late) == (8, 7)
    alone = summed(late, NOW, ZONE, 5)
    assert [each.id for each in alone.lines] == [1, 2, 3, 4]
    said = lines(told)
    assert said[0] == "Late: w (due 1 November, 21 days late)."
    assert said[-1] == "7 more are late. 1 more."


def lines(told: Deeds) -> tuple[str, ...]:
    return page(replace(sample.digest(), deeds=told), texts("en")).deeds


def test_an_answer_and_what_is_not_ours_name_what_they_are_about(database: Database) -> None:
    asked = {"del.overall": {"en": "How was {service}?"}}
    with database.transaction() as db:
        themes.add(db, "library", [("hours", {"en": "Sunday hours"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "hours")
        assert theme is not None
        for kind, source, name, said in (
            ("answer", "theme", str(theme.id), "We open on Sundays from May on."),
            ("not_us", "theme", str(theme.id), "This is the job of the county."),
            ("not_us", "score", "del.overall", "The county decides."),
            ("not_us", "chosen", "", "The state owns the road."),
        ):
            state = "done" if kind == "answer" else "not_done"
            of = Origin(name)
            new = NewAction("library", kind, source, of, said, NOW, state=state, outcome=said, settled_at=NOW)
            actions.add(db, new, "Ana")
        told = deeds(db, "library", NOW, ZONE, 5, questions=asked)
    assert lines(told) == (
        "Answered: Sunday hours.",
        "Not done: Sunday hours. Why: This is the job of the county.",
        "Not done: How was Ambulance. Why: The county decides.",
        "Not done. Why: The state owns the road.",
    )


def test_what_has_words_of_its_own_beside_its_reason_keeps_them(database: Database) -> None:
    with database.transaction() as db:
        of, words = Origin("Opening hours"), "Sunday hours"
        facts: dict[str, Any] = {"state": "not_done", "outcome": "no staff", "settled_at": NOW}
        actions.add(db, NewAction("library", "not_us", "issue", of, words, NOW, **facts), "Ana")
        told = deeds(db, "library", NOW, ZONE, 5)
    assert lines(told) == ("Not done: Sunday hours. Why: no staff.",)


def test_nothing_done_and_nobody_to_tell_is_nothing_to_tell() -> None:
    assert summed([], NOW, ZONE, 5) == Deeds()
    assert Deeds().empty
    assert not summed([made(1, state="done", agreed=3)], NOW, ZONE, 5).empty


def test_the_day_is_the_citys() -> None:
    late = NOW.replace(hour=23, minute=30)  # in Madrid it is the 23rd
    assert summed([made(1, due_on="2026-11-22")], late, ZONE, 5).lines[0].days == 1
    assert summed([made(1, due_on="2026-11-22")], late, ZoneInfo("UTC"), 5).lines[0].stand is Stand.OPEN


acts = st.builds(
    made,
    st.integers(1, 99),
    state=st.sampled_from(actions.STATES),
    settled_at=st.none() | st.timedeltas(timedelta(-20), timedelta(20)).map(lambda span: NOW + span),
    due_on=st.none() | st.dates(date(2026, 10, 1), date(2026, 12, 31)).map(date.isoformat),
    agreed=st.integers(0, 9),
    told=st.integers(0, 9),
)


@given(st.lists(acts, max_size=9))
def test_whatever_there_is_it_takes_at_most_five_lines_and_loses_no_action(rows: list[Action]) -> None:
    found = summed(rows, NOW, ZONE, 5)
    wanted = [r for r in rows if r.state == "open" or (r.settled_at and NOW - 7 * DAY < r.settled_at <= NOW)]
    assert len(found.lines) <= LINES
    assert len(found.lines) + found.more == len(wanted)
    assert found.told == slow_steps(sum(row.told for row in rows))
    assert found.agreed == slow_steps(sum(row.agreed for row in rows))


def slow_steps(people: int) -> int | None:
    """Nobody is told as such, few not at all, others to the nearest five."""
    return (
        0
        if not people
        else next(step for step in (*range(5, 500, 5),) if abs(step - people) <= 2)
        if people > 4
        else None
    )


def test_what_a_digest_said_can_be_said_again_a_year_later(database: Database) -> None:
    with database.transaction() as db:
        new = NewAction("library", "fix", "words", Origin("Queue"), "A desk", NOW - 9 * DAY, due_on="2026-11-20")
        row = actions.add(db, new, "Ana")
        then = deeds(db, "library", NOW, ZONE, 5)
        done = actions.change(db, row, NOW + DAY, "Ana", "done", state="done", settled_at=NOW + DAY, told=5, agreed=9)
        actions.change(db, done, NOW + 2 * DAY, "Ana", "moved", due_on="2027-01-01", words="Two desks")
        assert then.lines[0].stand is Stand.LATE
        assert deeds(db, "library", NOW, ZONE, 5) == then
        assert deeds(db, "library", NOW + DAY, ZONE, 5).lines[0].stand is Stand.DONE
