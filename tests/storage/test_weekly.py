"""Weeks counted once tell what their answers tell, whatever happens to these, and whoever counts at the same time."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from storage import answers, retention, weekly
from storage.retention import Policy
from storage.tables import answers as stored
from storage.tables import week_changes, weeks
from tests.storage.makers import DAY, MINUTE, NOW, add_round, answer, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    import pytest
    from sqlalchemy import Connection

    from storage.answers import AnswerRow
    from storage.ballots import Told
    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.weekly import Span

HERE = [NOW + 7 * n * DAY for n in range(-4, 1)]
EAST = [at - timedelta(hours=5) for at in HERE]
"""When weeks begin here, and in a zone further east; the last one is still running."""
PLACES = [list(pairwise(each)) for each in (HERE, EAST)]
_numbers = count(1)


def day(number: int) -> datetime:
    """Return a moment of a day, counted from the first week; some lie between the beginnings of the two zones."""
    return HERE[0] + number * DAY - timedelta(hours=2)


# --------------------------------------------------------------------------- the same from the answers alone


def plainly(rows: Iterable[AnswerRow], span: Span) -> tuple[Counter[Any], Counter[str], int]:
    """Count a week without the database: people by answer, people by channel, texts."""
    since, until = span
    mine = [row for row in rows if row.counted_at and since <= row.counted_at < until]
    last: dict[Any, str] = {}
    for row in mine:
        if row.item and row.choice is not None and not row.skipped:
            last[row.round_id, row.pseudonym, row.stage, row.item] = row.choice
    counts = Counter((stage, item, choice) for (_, _, stage, item), choice in last.items())
    return counts, channels(mine), sum(row.verb == "ask" and not row.skipped for row in mine)


def ranks(rows: Iterable[AnswerRow], span: Span) -> Counter[Any]:
    """Count how many people gave an option which place of how many, by their latest order of the week."""
    since, until = span
    mine = [row for row in rows if row.verb == "rank" and row.counted_at and since <= row.counted_at < until]
    latest = {(row.round_id, row.pseudonym): json.loads(row.choices or "") for row in mine}
    return Counter(
        (round_id, option, f"{place}/{len(kept)}")
        for (round_id, _), kept in latest.items()
        for place, option in enumerate(kept, 1)
    )


def channels(rows: Iterable[AnswerRow]) -> Counter[str]:
    return Counter(channel for _, channel, _ in {(row.round_id, row.channel, row.pseudonym) for row in rows})


def check(db: Connection, service: str, places: Iterable[Sequence[Span]] = PLACES) -> None:
    """The figures are those of the answers, in the same picture of the database."""
    columns = [stored.c[name] for name in answers.AnswerRow._fields]
    standing = select(*columns).where(stored.c.service == service, stored.c.withdrawn_at.is_(None))
    rows = [answers.AnswerRow(*row) for row in db.execute(standing.order_by(stored.c.id))]
    talked = {(row.round_id, row.channel, row.pseudonym) for row in rows if row.counted_at}
    assert weekly.in_rounds(db, service) == Counter(round_id for round_id, _, _ in talked)
    for spans in places:
        found, told = weekly.figures(db, service, spans), weekly.told(db, service, spans)
        for span in spans:
            figures = found[span]
            counts = Counter({(each.stage, each.item, each.choice): each.people for each in figures.counts})
            people: Counter[str] = Counter()
            for one in figures.people:
                people[one.channel] += one.people
            assert (counts, people, figures.texts) == plainly(rows, span)
            assert Counter({each[:3]: each[3] for each in placed(told[span])}) == ranks(rows, span)
        for past in range(1, len(spans) + 1):
            latest = {span: found[span] for span in spans[max(0, past - 2) : past]}
            until = spans[past - 1][1]
            total = channels(row for row in rows if row.counted_at and row.counted_at < until)
            assert weekly.everybody(db, service, latest) == total


def placed(told: Iterable[Told]) -> list[tuple[int, str, str, int]]:
    return [(each.round_id, each.option, each.said, each.people) for each in told if "/" in each.said]


# --------------------------------------------------------------------------- whatever happens

people = st.sampled_from([b"anna", b"ben", b"cleo"])
kinds = st.sampled_from(["overall", "ease", "why", "age", "order"])
days = st.integers(0, 34)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("say"), people, st.booleans(), kinds, days, st.sampled_from("125"), st.booleans()),
        st.tuples(st.just("say"), people, st.booleans(), kinds, days, st.sampled_from("125"), st.booleans()),
        st.tuples(st.just("withdraw"), people, st.booleans(), kinds),
        st.tuples(st.just("hand_in"), people, st.booleans(), days),
        st.tuples(st.just("forget"), people, st.booleans(), st.booleans()),
        st.tuples(st.just("age"), days),
        st.tuples(st.just("keep"), st.integers(0, 1), st.integers(0, 4), st.integers(0, 4)),
    ),
    max_size=20,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings, st.booleans())
def test_counted_weeks_tell_what_their_answers_tell(
    database: Database, sequence: list[tuple[Any, ...]], ready: bool
) -> None:
    number = next(_numbers)
    service = f"service {number}"
    with database.transaction() as db:
        rounds = [add_round(db, f"{number}-{which}", service=service) for which in "ab"]
    if ready:
        for spans in PLACES:
            weekly.keep(database, service, spans)
    for act, *what in sequence:
        if act == "keep":
            place, since, until = what
            weekly.keep(database, service, PLACES[place][since:until])
        else:
            with database.transaction() as db:
                HAPPENS[act](db, rounds, *what)
    with database.reading() as db:
        check(db, service)


def say(db: Connection, rounds: Sequence[RoundRow], who: bytes, other: bool, *what: Any) -> None:
    kind, when, choice, counts = what
    at = day(when)
    facts: dict[str, Any] = {"counted_at": at if counts else None, "channel": "web" if choice == "5" else "mail"}
    made = {
        "overall": answer(rounds[other], who, "overall", at, choice=choice, **facts),
        "ease": answer(rounds[other], who, "ease", at, choice=choice, item="del.ease", skipped=choice == "5", **facts),
        "why": text(rounds[other], choice, who, at, **facts),
        "age": answer(rounds[other], who, "age", at, item="you.age", choice=choice, **facts),
        "order": order(rounds[other], who, ORDERS[choice], at, **facts),
    }
    answers.append(db, [made[kind]])


ORDERS = {"1": ["hours"], "2": ["hours", "books"], "5": ["books", "staff", "hours"]}


def order(of: RoundRow, who: bytes, options: list[str], at: datetime, **facts: Any) -> AnswerRow:
    kept = {"verb": "rank", "item": None, "choice": None, "score": None, "choices": json.dumps(options)}
    return answer(of, who, "order", at, **kept, **facts)


def withdraw(db: Connection, rounds: Sequence[RoundRow], who: bytes, other: bool, state: str) -> None:
    answers.withdraw(db, [(rounds[other].id, who, state)], NOW)


def hand_in(db: Connection, rounds: Sequence[RoundRow], who: bytes, other: bool, when: int) -> None:
    answers.hand_in(db, [(rounds[other].id, who)], day(when))


def forget(db: Connection, rounds: Sequence[RoundRow], who: bytes, other: bool, closed: bool) -> None:
    anew = f"{next(_numbers):016}".encode()
    answers.forget(db, rounds[other].id, who, NOW, closed=closed, anew=anew)


def age(db: Connection, _rounds: Sequence[RoundRow], when: int) -> None:
    """A year after that day its retention takes what is older."""
    now = day(when).replace(year=day(when).year + 1)
    retention.forget(db, now, Policy())


HAPPENS: dict[str, Any] = {"say": say, "withdraw": withdraw, "hand_in": hand_in, "forget": forget, "age": age}


# --------------------------------------------------------------------------- cheap


def people_of(db: Connection, service: str = "library", spans: Collection[Span] = PLACES[0]) -> list[int]:
    found = weekly.figures(db, service, spans)
    return [sum(each.people for each in found[span].people) for span in spans]


def changed(db: Connection) -> int:
    return db.execute(select(func.count()).select_from(week_changes)).scalar_one()


def test_a_week_is_counted_once_until_something_happens_to_it(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, who, at=day(n)) for n in (2, 9) for who in (b"anna", b"ben")])
    assert weekly.keep(database, "library", PLACES[0]) == 4
    assert weekly.keep(database, "library", PLACES[0]) == 0
    with database.transaction() as db:
        answers.append(db, [answer(round_, b"cleo", at=NOW + DAY)])
        answers.withdraw(db, [(round_.id, b"cleo", "overall")], NOW + DAY)
        answers.quotable(db, [(round_.id, b"anna", True)])
        assert changed(db) == 0
    assert weekly.keep(database, "library", PLACES[0]) == 0
    with database.transaction() as db:
        answers.withdraw(db, [(round_.id, b"ben", "overall")], NOW)
        assert people_of(db) == [2, 1, 0, 0]
    assert weekly.keep(database, "library", PLACES[0]) == 1


def test_who_is_erased_is_in_no_counted_week(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(
            db, [answer(round_, b"anna", at=day(n)) for n in (2, 9, 16)] + [answer(round_, b"ben", at=day(9))]
        )
    weekly.keep(database, "library", PLACES[0])
    with database.transaction() as db:
        answers.forget(db, round_.id, b"anna", NOW, closed=False, anew=b"")
        assert people_of(db) == [0, 1, 0, 0]
        check(db, "library")
    assert weekly.keep(database, "library", PLACES[0]) == 3
    with database.reading() as db:
        assert people_of(db) == [0, 1, 0, 0]


def test_a_year_of_ageing_counts_only_the_weeks_anew_that_lose_answers(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, b"%d" % n, at=day(on)) for n in range(9) for on in (2, 3, 9, 16 + n)])
    weekly.keep(database, "library", PLACES[0])
    with database.transaction() as db:
        retention.forget(db, day(5).replace(year=NOW.year + 1), Policy())
        check(db, "library")
    assert weekly.keep(database, "library", PLACES[0]) == 1
    with database.reading() as db:
        assert changed(db) == 0
        check(db, "library")


def test_an_answer_that_comes_late_is_counted(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, at=day(9)), answer(round_, b"ben", at=day(9), counted_at=None)])
    weekly.keep(database, "library", PLACES[0])
    with database.transaction() as db:
        answers.append(db, [answer(round_, at=day(2))])
        answers.hand_in(db, [(round_.id, b"ben")], day(16))
        assert people_of(db) == [1, 1, 1, 0]
        check(db, "library")


def test_who_goes_on_in_another_language_is_still_one_person(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, at=day(2)), answer(round_, state="ease", at=day(2), language="es")])
        assert people_of(db) == [1, 0, 0, 0]
        assert answers.handed_in(db, [round_.id]) == {round_.id: 1}
    weekly.keep(database, "library", PLACES[0])
    with database.reading() as db:
        assert people_of(db) == [1, 0, 0, 0]
        assert answers.handed_in(db, [round_.id]) == {round_.id: 1}


def test_weeks_of_another_zone_are_other_weeks(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, at=HERE[1] - MINUTE)])
    weekly.keep(database, "library", PLACES[0])
    with database.reading() as db:
        assert people_of(db) == [1, 0, 0, 0]
        assert people_of(db, spans=PLACES[1]) == [0, 1, 0, 0]
    assert weekly.keep(database, "library", PLACES[1]) == 4


# --------------------------------------------------------------------------- at the same time


def test_what_happens_while_a_week_is_counted_is_not_lost(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, who, at=day(2)) for who in (b"anna", b"ben", b"cleo")])
    going = iter([b"anna", b"ben"])
    plain = weekly.count

    def meanwhile(db: Connection, service: str, span: Span) -> weekly.Figures:
        counted = plain(db, service, span)
        if who := next(going, None):
            with ThreadPoolExecutor() as other:
                other.submit(take_back, who).result(timeout=30)
        return counted

    def take_back(who: bytes) -> None:
        with database.transaction() as db:
            answers.withdraw(db, [(round_.id, who, "overall")], NOW)

    monkeypatch.setattr(weekly, "count", meanwhile)
    assert [weekly.keep(database, "library", PLACES[0][:1]) for _ in range(3)] == [0, 0, 1]
    monkeypatch.undo()
    with database.reading() as db:
        assert people_of(db) == [1, 0, 0, 0]


def test_who_began_to_count_earlier_does_not_write_over_who_began_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, who, at=day(2)) for who in (b"anna", b"ben")])
    plain, slow = weekly.count, threading.current_thread()

    def meanwhile(db: Connection, service: str, span: Span) -> weekly.Figures:
        counted = plain(db, service, span)
        if threading.current_thread() is slow:
            with ThreadPoolExecutor() as other:
                other.submit(take_back_and_count).result(timeout=30)
        return counted

    def take_back_and_count() -> None:
        with database.transaction() as db:
            answers.withdraw(db, [(round_.id, b"anna", "overall")], NOW)
        assert weekly.keep(database, "library", PLACES[0][:1]) == 1

    monkeypatch.setattr(weekly, "count", meanwhile)
    assert weekly.keep(database, "library", PLACES[0][:1]) == 0
    monkeypatch.undo()
    with database.reading() as db:
        assert db.execute(select(weeks.c.ready)).scalars().all() == [True]
        assert people_of(db) == [1, 0, 0, 0]


def test_readers_see_the_same_as_in_the_answers_while_all_write_and_count(database: Database) -> None:
    with database.transaction() as db:
        rounds = [add_round(db, code) for code in ("a", "b")]
    with ThreadPoolExecutor() as pool:
        busy = [pool.submit(_busy, database, rounds, seed) for seed in range(3)]
        busy += [pool.submit(_counting, database) for _ in range(2)]
        while not all(each.done() for each in busy):
            with database.reading() as db:
                check(db, "library")
        for each in busy:
            each.result()
    for spans in PLACES:
        weekly.keep(database, "library", spans)
    with database.reading() as db:
        check(db, "library")
        assert changed(db) == 0


def _busy(database: Database, rounds: Sequence[RoundRow], seed: int) -> None:
    """One citizen after the other: no two change the same person's answers, as no two turns do."""
    chance = random.Random(seed)  # noqa: S311 - a sequence to repeat, not a secret
    for _ in range(40):
        who, other = b"%d-%d" % (seed, chance.randrange(3)), chance.random() < 0.5
        kind = chance.choice(["overall", "ease", "why", "order"])
        with database.transaction() as db:
            match chance.randrange(8):
                case 0:
                    withdraw(db, rounds, who, other, kind)
                case 1:
                    forget(db, rounds, who, other, chance.random() < 0.5)
                case 2:
                    hand_in(db, rounds, who, other, chance.randrange(34))
                case _:
                    say(db, rounds, who, other, kind, chance.randrange(34), chance.choice("125"), chance.random() < 0.7)


def _counting(database: Database) -> None:
    for _ in range(12):
        for spans in PLACES:
            weekly.keep(database, "library", spans)
