"""Weeks that are over are counted once; whatever happens to their answers afterwards has them counted anew.

Figures of a week that is *ready* and unchanged are read; those of any other are counted from its answers by the same
statements. So a figure is never stale, and `keep` only makes it cheap. How a change is noticed: what leaves a laid week
is noted by triggers (revision 0002), what comes into one by `came`, each in the transaction of the change. Whoever
counts a week takes away its notes first, counts, and writes only if no new note is there: readers and writers of
answers never wait for it, but for the moment in which a week is laid.

Numbers of people do not add up over weeks, newcomers do: people whose first answer lies in a week. Where a first answer
goes, the week of the next one gets a newcomer more, as a note which readers add and `keep` folds in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import and_, bindparam, case, delete, func, insert, literal, null, select, text, update

from storage import ballots, crossings
from storage.beside import NOBODY
from storage.database import fetch
from storage.rows import IDS, insert_new, many, read
from storage.tables import answers, week_ballots, week_changes, week_counts, week_people, weeks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Select, Table

    from storage.ballots import Told
    from storage.beside import Beside
    from storage.database import Database

Span: TypeAlias = tuple[datetime, datetime]
"""[since, until): a week in some zone."""
Participation: TypeAlias = tuple[int, bytes]
"""(round id, pseudonym): one person in one round."""
Newcomers: TypeAlias = "Counter[tuple[int, str]]"
"""People by round and channel."""
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
END: Final = datetime(9999, 1, 1, tzinfo=UTC)
AT_ONCE: Final = 10
"""Weeks counted in one look at the database."""
_LOCK: Final = 7_215_506_108_114
"""PostgreSQL's advisory lock of revision 0002: changes in laid weeks follow one another, and are all seen or none."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many people chose an answer to an item of the bank last; somebody in two rounds is two people."""

    stage: str
    item: str
    choice: str
    people: int


@dataclass(frozen=True, slots=True)
class People:
    """How many people answered in a round on a channel, and how many of them had not done so in any earlier week."""

    round_id: int
    channel: str
    people: int
    fresh: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted in one week of a service. `texts`: free texts written, quotable or not."""

    counts: tuple[Count, ...]
    people: tuple[People, ...]
    texts: int


@dataclass(frozen=True, slots=True)
class _Laid:
    id: int
    since: datetime
    until: datetime
    texts: int
    fine: bool
    """Ready, and nothing happened since."""

    @property
    def span(self) -> Span:
        return self.since, self.until


# --------------------------------------------------------------------------- statements, made once


def _count_of_answers() -> Select[Any]:
    """People by answer, each with the last one to an item: whoever is asked again within the week is one person."""
    asked = [answers.c[name] for name in ("round_id", "pseudonym", "stage", "item")]
    chosen = and_(answers.c.item != "", answers.c.choice.is_not(None), answers.c.skipped.is_(False))
    last = select(func.max(answers.c.id).label("id")).where(_WITHIN, chosen).group_by(*asked).subquery()
    columns = [answers.c[name] for name in ("stage", "item", "choice")]
    return select(*columns, func.count()).join(last, last.c.id == answers.c.id).group_by(*columns)


def _count_of_people() -> Select[Any]:
    """By round and channel people, newcomers, and the texts they wrote."""
    who = ("round_id", "channel", "pseudonym")
    wrote = case((and_(answers.c.verb == "ask", answers.c.skipped.is_(False)), 1), else_=0)
    columns = [answers.c[name] for name in who]
    each = select(*columns, func.sum(wrote).label("texts")).where(_WITHIN).group_by(*columns).subquery()
    past = answers.alias()
    earlier = select(literal(1)).where(*(past.c[name] == each.c[name] for name in who))
    earlier = earlier.where(past.c.counted_at < bindparam("b_since"), past.c.withdrawn_at.is_(None))
    fresh = func.sum(case((earlier.correlate(each).exists(), 0), else_=1))
    by = (each.c.round_id, each.c.channel)
    return select(*by, func.count(), fresh, func.sum(each.c.texts)).group_by(*by)


def _weeks_laid() -> Select[Any]:
    note = select(literal(1)).where(week_changes.c.week_id == weeks.c.id, week_changes.c.channel.is_(None))
    columns = (weeks.c.id, weeks.c.since, weeks.c.until, weeks.c.texts, and_(weeks.c.ready, ~note.exists()))
    return select(*columns).where(weeks.c.service == bindparam("b_service"))


def _people_of_weeks() -> Select[Any]:
    """Who answered in counted weeks, with the newcomers noted since."""
    noted = select(func.coalesce(func.sum(week_changes.c.fresh), 0)).where(_NOTED).scalar_subquery()
    named = (week_people.c.week_id, week_people.c.round_id, week_people.c.channel, week_people.c.people)
    return select(*named, week_people.c.fresh + noted).where(week_people.c.week_id.in_(IDS))


_WITHIN: Final = and_(
    answers.c.service == bindparam("b_service"),
    answers.c.withdrawn_at.is_(None),
    answers.c.counted_at >= bindparam("b_since"),
    answers.c.counted_at < bindparam("b_until"),
)
_NOTED: Final = and_(*(week_changes.c[name] == week_people.c[name] for name in ("week_id", "round_id", "channel")))
_COUNTS: Final = _count_of_answers()
_PEOPLE: Final = _count_of_people()
_LAID: Final = _weeks_laid()
_COUNTS_OF: Final = select(week_counts).where(week_counts.c.week_id.in_(IDS))
_PEOPLE_OF: Final = _people_of_weeks()
_FIRST: Final = select(func.min(answers.c.counted_at)).where(answers.c.service == bindparam("b_service"))


# --------------------------------------------------------------------------- reading


def figures(db: Connection, service: str, spans: Collection[Span], beside: Beside = NOBODY) -> dict[Span, Figures]:
    """Return what was counted in each of these weeks, without those who are counted `beside`."""
    laid = {week.span: week for week in _laid(db, service) if week.fine and week.span in spans}
    known = _read(db, laid.values())
    found = {span: known[laid[span].id] if span in laid else count(db, service, span) for span in spans}
    return {span: beside.without(span, each) for span, each in found.items()}


def told(
    db: Connection, service: str, spans: Collection[Span], beside: Beside = NOBODY
) -> dict[Span, tuple[Told, ...]]:
    """Return what orders, divided points, best and last of each of these weeks say of the options."""
    laid = {week.span: week.id for week in _laid(db, service) if week.fine and week.span in spans}
    known = ballots.of_weeks(db, laid.values())
    found = {span: known[laid[span]] if span in laid else ballots.count(db, service, *span) for span in spans}
    return {span: beside.ballots(span, each) for span, each in found.items()}


def everybody(db: Connection, service: str, latest: Mapping[Span, Figures], beside: Beside = NOBODY) -> dict[str, int]:
    """Return by channel how many people answered until the end of the latest of these weeks, which follow each other.

    Somebody in two rounds is two people; those who are counted `beside` are none, as in these weeks' figures.
    """
    begins = min(since for since, _ in latest)
    by_channel: Counter[str] = Counter()
    by_channel.subtract(beside.before(begins))
    newcomers = _newcomers(one for each in latest.values() for one in each.people)
    for (_, channel), people in _so_far(db, service, newcomers, begins).items():
        by_channel[channel] += people
    return dict(+by_channel)


def in_rounds(db: Connection, service: str) -> dict[int, int]:
    """Return how many people have answers that count, for each round of a service that has any."""
    begin = max((week.until for week in _laid(db, service)), default=BEGINNING)
    by_round: Counter[int] = Counter()
    newcomers = _newcomers(_people(db, service, (begin, END))[0])
    for (round_id, _), people in _so_far(db, service, newcomers, begin).items():
        by_round[round_id] += people
    return dict(by_round)


def _so_far(db: Connection, service: str, newcomers: Newcomers, end: datetime) -> Newcomers:
    """Add newcomers of all weeks until `end`. What lies before the first week that is laid, is counted."""
    chain, first = _chain(_laid(db, service), end)
    for gap in [week.span for week in chain if not week.fine] + [(BEGINNING, first)]:
        newcomers += _newcomers(_people(db, service, gap)[0])
    for row in db.execute(_PEOPLE_OF, {"ids": [week.id for week in chain if week.fine]}):
        newcomers += _newcomers([People(*row[1:])])
    return newcomers


def first(db: Connection, service: str) -> datetime | None:
    """Return when the first answer that is kept was counted."""
    return db.execute(_FIRST, {"b_service": service}).scalar()


def count(db: Connection, service: str, span: Span) -> Figures:
    """Count a week from its answers."""
    people, texts = _people(db, service, span)
    return Figures(_counts(db, service, span), people, texts)


def _asked(service: str, span: Span) -> dict[str, object]:
    return {"b_service": service, "b_since": span[0], "b_until": span[1]}


def _counts(db: Connection, service: str, span: Span) -> tuple[Count, ...]:
    return tuple(read(Count, db.execute(_COUNTS, _asked(service, span))))


def _people(db: Connection, service: str, span: Span) -> tuple[tuple[People, ...], int]:
    """Return people by round and channel, and how many texts they wrote."""
    rows = db.execute(_PEOPLE, _asked(service, span)).all()
    people = tuple(People(round_id, channel, int(people), int(new)) for round_id, channel, people, new, _ in rows)
    return people, sum(int(texts) for *_, texts in rows)


def _laid(db: Connection, service: str) -> list[_Laid]:
    return read(_Laid, db.execute(_LAID, {"b_service": service}))


def _read(db: Connection, laid: Iterable[_Laid]) -> dict[int, Figures]:
    ids = {week.id: week.texts for week in laid}
    counts: dict[int, list[Count]] = {week_id: [] for week_id in ids}
    people: dict[int, list[People]] = {week_id: [] for week_id in ids}
    for row in db.execute(_COUNTS_OF, {"ids": list(ids)}):
        counts[row[0]].append(Count(*row[1:]))
    for row in db.execute(_PEOPLE_OF, {"ids": list(ids)}):
        people[row[0]].append(People(*row[1:]))
    return {week_id: Figures(tuple(counts[week_id]), tuple(people[week_id]), texts) for week_id, texts in ids.items()}


def _newcomers(people: Iterable[People]) -> Newcomers:
    newcomers: Newcomers = Counter()
    for each in people:
        newcomers[each.round_id, each.channel] += each.fresh
    return newcomers


def _chain(laid: Iterable[_Laid], end: datetime) -> tuple[list[_Laid], datetime]:
    """Return the laid weeks that follow each other up to `end`, and where the first of them begins."""
    ending = {week.until: week for week in sorted(laid, key=lambda week: (week.fine, week.since))}
    chain: list[_Laid] = []
    while end in ending:
        chain.append(ending[end])
        end = chain[-1].since
    return chain, end


# --------------------------------------------------------------------------- keeping


def keep(database: Database, service: str, spans: Collection[Span]) -> int:
    """Count those of these weeks that are not counted or have changed; return how many were.

    Every span has to be over. Harmless to repeat, and for several processes at once.
    """
    with database.reading() as db:
        laid = _laid(db, service)
        noted = db.execute(select(week_changes.c.id).limit(1)).first()
    if not set(spans) <= {week.span for week in laid}:
        _lay(database, service, spans)
        with database.reading() as db:
            laid = _laid(db, service)
    waiting = sorted((week for week in laid if not week.fine and week.span in spans), key=lambda week: week.since)
    counted = sum(_count_anew(database, service, waiting[n : n + AT_ONCE]) for n in range(0, len(waiting), AT_ONCE))
    if noted:
        _fold(database)
    return counted


def forget(db: Connection) -> None:
    """Forget what was counted of answers that are gone: weeks before the first that is kept, and sums of changed weeks.

    Nobody reads either: such weeks are counted from their answers. Where some are left, `keep` counts them anew.
    """
    _in_turn(db)
    for service in list(db.execute(select(weeks.c.service).distinct()).scalars()):
        since = first(db, service) or END
        db.execute(delete(weeks).where(weeks.c.service == service, weeks.c.until <= since))
    changed = select(week_changes.c.week_id).where(week_changes.c.channel.is_(None))
    for table in (week_counts, week_people, week_ballots):
        db.execute(delete(table).where(table.c.week_id.in_(changed)))


def laid_after(db: Connection, at: datetime) -> bool:
    """Return whether a week that was not over `at` is laid: after a clock was set back, or a process slept for days.

    One look into an index for all turns of a commit; a trigger would cost each turn 3 µs.
    """
    return bool(fetch(db, _LATE[db.dialect.name], (at,)))


def came(db: Connection, people: Iterable[Participation]) -> None:
    """Note all laid weeks of people who now have answers in some that they had not before."""
    _in_turn(db)
    many(db, _TOUCH, [{"b_round": round_id, "b_pseudonym": pseudonym} for round_id, pseudonym in people])


_LATE: Final = {
    "sqlite": "SELECT 1 FROM weeks WHERE until > ? LIMIT 1",
    "postgresql": "SELECT 1 FROM weeks WHERE until > %s LIMIT 1",
}
_TOUCH: Final = insert(week_changes).from_select(
    ["week_id", "channel", "fresh"],
    select(weeks.c.id, null(), literal(0))
    .join(answers, and_(answers.c.service == weeks.c.service, answers.c.counted_at < weeks.c.until))
    .where(answers.c.counted_at >= weeks.c.since)
    .where(answers.c.round_id == bindparam("b_round"), answers.c.pseudonym == bindparam("b_pseudonym"))
    .distinct(),
)
_INSERT_NEW: Final = insert_new(weeks)


def _lay(database: Database, service: str, spans: Iterable[Span]) -> None:
    """From now on changes in these weeks are noted. On PostgreSQL nobody may be in the middle of a change just then."""
    rows = [{"service": service, "since": since, "until": until} for since, until in sorted(spans)]
    with database.transaction() as db:
        if database.dialect == "postgresql":
            db.execute(text("SET LOCAL lock_timeout = '2s'"))
            db.execute(text("LOCK TABLE answers IN SHARE MODE"))
        many(db, _INSERT_NEW, rows)
        crossings.passed("weeks.lays")
    crossings.passed("weeks.laid")


def _count_anew(database: Database, service: str, laid: Sequence[_Laid]) -> int:
    tries = _begin(database, [week.id for week in laid])
    with database.reading() as db:
        counted = [(week.id, count(db, service, week.span), ballots.count(db, service, *week.span)) for week in laid]
    with database.transaction() as db:
        _in_turn(db)
        kept = sum(_write(db, week_id, tries[week_id], each, told) for week_id, each, told in counted)
        crossings.passed("weeks.counts")
    crossings.passed("weeks.counted")
    return kept


def _begin(database: Database, ids: Sequence[int]) -> dict[int, int]:
    """Take away the notes of weeks that will be counted now; return which try this is for each."""
    with database.transaction() as db:
        _in_turn(db)
        db.execute(delete(week_changes).where(week_changes.c.week_id.in_(ids)))
        mine = update(weeks).where(weeks.c.id.in_(ids)).values(tries=weeks.c.tries + 1, ready=False)
        tries: dict[int, int] = dict(db.execute(mine.returning(weeks.c.id, weeks.c.tries)).all())
        crossings.passed("weeks.begins")
    crossings.passed("weeks.begun")
    return tries


def _write(db: Connection, week_id: int, this: int, figures: Figures, told: Sequence[Told]) -> bool:
    """Keep the figures, unless the week has changed while it was counted or somebody else has begun to count it."""
    changed = select(literal(1)).where(week_changes.c.week_id == week_id).exists()
    mine = update(weeks).where(weeks.c.id == week_id, weeks.c.tries == this, ~changed)
    if not db.execute(mine.values(ready=True, texts=figures.texts)).rowcount:
        return False
    kept: dict[Table, Sequence[Any]] = {week_counts: figures.counts, week_people: figures.people, week_ballots: told}
    for table, rows in kept.items():
        db.execute(delete(table).where(table.c.week_id == week_id))
        many(db, insert(table), [{"week_id": week_id, **asdict(row)} for row in rows])
    return True


def _fold(database: Database) -> None:
    """Add newcomers noted since to their counted weeks."""
    ready = select(weeks.c.id).where(weeks.c.ready)
    noted = select(func.sum(week_changes.c.fresh)).where(_NOTED).scalar_subquery()
    told = and_(week_people.c.week_id.in_(ready), select(literal(1)).where(_NOTED).exists())
    with database.transaction() as db:
        _in_turn(db)
        db.execute(update(week_people).where(told).values(fresh=week_people.c.fresh + noted))
        db.execute(delete(week_changes).where(week_changes.c.channel.is_not(None), week_changes.c.week_id.in_(ready)))
        crossings.passed("weeks.folds")
    crossings.passed("weeks.folded")


def _in_turn(db: Connection) -> None:
    """See all changes in laid weeks, finished, until this transaction ends. SQLite's writer is alone already."""
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
