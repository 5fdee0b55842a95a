"""What people said, under the pseudonym of a round. Rows are appended and marked, never rewritten.

An answer *stands* while it is not withdrawn, and *counts* once it is handed in (or at once, in a running round).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, or_, select, tuple_, update

from storage import actions, apart, digests, proof, rulings, themes, weekly
from storage.rows import IDS, Insert, Shape, among, many, not_among, read
from storage.tables import action_replies, answers, rounds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select


Key = tuple[int, bytes, str]
"""(round id, pseudonym, state): one question to one person."""
Participation = apart.Participation
"""(round id, pseudonym): one person in one round."""


class AnswerRow(NamedTuple):
    """One answer to one question; which of `choice`, `choices`, `score`, `text`, `file` is set depends on the verb."""

    round_id: int
    service: str
    stage: str
    flow: str
    version: int
    pseudonym: bytes
    state: str
    verb: str
    language: str
    channel: str
    answered_at: datetime
    item: str | None = None
    choice: str | None = None
    """Option id (choose, rate), or the ISO day (date)."""
    choices: str | None = None
    """JSON list of option ids (pick; rank: best first), of `option=points` (allocate), of cards (bestworst)."""
    score: float | None = None
    """The option's value, or the number given."""
    text: str | None = None
    file: str | None = None
    skipped: bool = False
    quotable: bool = False
    counted_at: datetime | None = None
    """Set at once in a running round; by `hand_in` in a formal one."""
    withdrawn_at: datetime | None = None


_shape = Shape(answers, AnswerRow)
_all = select(*_shape.columns)
_insert = Insert(answers, _shape.names)
_stands = answers.c.withdrawn_at.is_(None)
_person = and_(answers.c.round_id == bindparam("b_round"), answers.c.pseudonym == bindparam("b_pseudonym"))

_other = answers.alias("other")
_newest = (
    select(func.max(_other.c.id))
    .where(_other.c.round_id == bindparam("b_round"), _other.c.pseudonym == bindparam("b_pseudonym"))
    .where(_other.c.state == bindparam("b_state"), _other.c.withdrawn_at.is_(None))
    .scalar_subquery()
)
_withdraw = update(answers).where(answers.c.id == _newest).values(withdrawn_at=bindparam("b_at"))
_hand_in = update(answers).where(_person, _stands, answers.c.counted_at.is_(None)).values(counted_at=bindparam("b_at"))
_quote = update(answers).where(_person).values(quotable=bindparam("b_quotable"))


def append(db: Connection, rows: Sequence[AnswerRow]) -> None:
    """Add answers. One that replaces an earlier one comes after `withdraw` of that."""
    _insert(db, rows)
    counted = [row.counted_at for row in rows if row.counted_at is not None]
    if counted and weekly.laid_after(db, min(counted)):
        weekly.came(db, {(row.round_id, row.pseudonym) for row in rows})


def withdraw(db: Connection, keys: Iterable[Key], now: datetime) -> None:
    """For each key the newest answer that stands no longer does. Earlier passages of a running round stay.

    Words taken back are quoted in no digest that is kept, and what was ruled of them goes.
    """
    rows = [{"b_round": round_id, "b_pseudonym": who, "b_state": state, "b_at": now} for round_id, who, state in keys]
    if not rows:
        return
    many(db, _withdraw, rows)
    parts = {(each["b_round"], each["b_pseudonym"]) for each in rows}
    lost = and_(tuple_(answers.c.round_id, answers.c.pseudonym).in_(parts), answers.c.withdrawn_at == now)
    _unquote(db, _texts_where(db, and_(lost, answers.c.counted_at.is_not(None))))


def reword(db: Connection, round_id: int, pseudonym: bytes, state: str, text: str) -> None:
    """Put other words in the place of the newest text that stands; what they were, and were before, is kept nowhere.

    So what was taken back of this question goes at once, and so do quotes, what was ruled of the words, and what a
    program made of them.
    """
    mine = and_(answers.c.round_id == round_id, answers.c.pseudonym == pseudonym, answers.c.state == state)
    newest = db.execute(select(func.max(answers.c.id)).where(mine, _stands)).scalar()
    going = and_(mine, or_(~_stands, answers.c.id == newest))
    _unquote(db, _texts_where(db, going))
    db.execute(update(answers).where(mine, ~_stands).values(text=None))
    db.execute(update(answers).where(answers.c.id == newest).values(text=text))
    # After the words: whoever was just reading them has committed by now, so nothing of theirs is left over.
    themes.forget_text(db, select(answers.c.id).where(going))


def hand_in(db: Connection, participations: Iterable[Participation], now: datetime) -> None:
    """From now on what these people said counts."""
    people = list(participations)
    many(db, _hand_in, [{"b_round": round_id, "b_pseudonym": who, "b_at": now} for round_id, who in people])
    if people and weekly.laid_after(db, now):
        weekly.came(db, people)


def carry(db: Connection, round_id: int, origin: bytes, to: bytes) -> None:
    """Let all that was said under the pseudonym `origin` in a round stand under `to`, who has said nothing there."""
    theirs = (answers.c.round_id == round_id, answers.c.pseudonym == origin)
    db.execute(update(answers).where(*theirs).values(pseudonym=to))
    apart.carry(db, round_id, origin, to)


def quotable(db: Connection, agreed: Iterable[tuple[int, bytes, bool]]) -> list[Participation]:
    """For each (round id, pseudonym, yes or no): whether this person's words may be quoted without the name.

    Who no longer agrees is quoted in no digest that is kept, and was approved for nothing; returned is of which parts
    that is true.
    """
    said = list(agreed)
    refused = [(round_id, who) for round_id, who, yes in said if not yes]
    lost = and_(tuple_(answers.c.round_id, answers.c.pseudonym).in_(refused), answers.c.quotable.is_(True))
    back = _parts_where(db, lost) if refused else []
    _unquote(db, _texts_where(db, lost) if back else [], rulings.SHOWN)
    rows = [{"b_round": round_id, "b_pseudonym": who, "b_quotable": yes} for round_id, who, yes in said]
    many(db, _quote, rows)
    return back


def quoted(db: Connection, parts: Collection[Participation]) -> set[int]:
    """Return in which rounds words of these parts may be quoted."""
    if not parts:
        return set()
    mine = and_(
        answers.c.round_id.in_([each for each, _ in parts]), among(answers.c.pseudonym, [who for _, who in parts])
    )
    return {round_id for round_id, _ in _parts_where(db, and_(mine, _stands, answers.c.quotable.is_(True)))}


def _parts_where(db: Connection, which: ColumnElement[bool]) -> list[Participation]:
    found = select(answers.c.round_id, answers.c.pseudonym).where(which).distinct()
    return [(round_id, bytes(who)) for round_id, who in db.execute(found)]


def _texts_where(db: Connection, which: ColumnElement[bool]) -> Sequence[int]:
    """Return the texts that shall be quoted no more, held: a digest being written that quotes them is there by then."""
    wanted = select(answers.c.id).where(which, answers.c.text.is_not(None)).order_by(answers.c.id)
    return db.execute(wanted.with_for_update()).scalars().all()


def _unquote(db: Connection, ids: Sequence[int], ruling: str | None = None) -> None:
    """Quote these texts no more; what was ruled of them goes, or (with `ruling`) what was ruled so."""
    digests.unquote(db, ids)
    rulings.forget(db, ids, ruling)


def of(db: Connection, round_id: int, pseudonym: bytes) -> list[AnswerRow]:
    """Return the answers of one person in one round that stand, in the order given."""
    standing = _all.where(_person, _stands).order_by(answers.c.id)
    return _shape.read(db.execute(standing, {"b_round": round_id, "b_pseudonym": pseudonym}))


def taken_back(db: Connection, round_id: int, pseudonym: bytes) -> list[AnswerRow]:
    """Return the answers of one person in one round that no longer stand and are still there (MYDATA)."""
    gone = _all.where(_person, ~_stands).order_by(answers.c.id)
    return _shape.read(db.execute(gone, {"b_round": round_id, "b_pseudonym": pseudonym}))


def services_of(db: Connection, ids: Iterable[str]) -> list[str]:
    """Return which services these answers are of, as far as they are there."""
    some = [int(each) for each in ids if each.isdecimal()]
    found = select(answers.c.service).where(answers.c.id.in_(IDS)).distinct().order_by(answers.c.service)
    return list(db.execute(found, {"ids": some}).scalars())


def every(db: Connection, round_id: int, *, approved: bool | None = None) -> Iterator[AnswerRow]:
    """Give the counted answers of a round one after the other, without holding them all (export).

    With `approved` said, free texts are `quotable` only where they may be shown to others (`bot.quoting`).
    """
    counted = (_all if approved is None else _with_rulings(approved=approved)).where(
        answers.c.round_id == round_id, _stands, answers.c.counted_at.is_not(None)
    )
    for row in db.execute(counted.order_by(answers.c.id).execution_options(yield_per=1000)):
        yield AnswerRow(*row)


def _with_rulings(*, approved: bool) -> Select[Any]:
    may = and_(answers.c.quotable, or_(answers.c.verb != "ask", rulings.open_to_others(approved=approved)))
    return select(*(may if name == "quotable" else answers.c[name] for name in _shape.names))


def participations(db: Connection) -> Iterator[tuple[int, bytes, datetime]]:
    """Give (round id, pseudonym, the first moment of what was said) of everybody; do not write on the way."""
    said: list[Select[Any]] = [
        select(one.c.round_id, one.c.pseudonym, func.min(one.c.answered_at)).group_by(one.c.round_id, one.c.pseudonym)
        for one in (answers, action_replies)
    ]
    for each in said:
        for round_id, pseudonym, since in db.execute(each.execution_options(yield_per=1000)):
            yield round_id, bytes(pseudonym), since


def who_chose(db: Connection, round_id: int, item: str, choices: Collection[str]) -> set[bytes]:
    """Return the pseudonyms under which one of `choices` was given to an item in a round, and counts."""
    given = (answers.c.round_id == round_id, answers.c.item == item, answers.c.choice.in_(list(choices)))
    counted = select(answers.c.pseudonym).where(*given, _stands, answers.c.counted_at.is_not(None))
    return set(db.execute(counted).scalars())


def chosen(db: Connection, round_id: int, states: Collection[str]) -> Iterator[tuple[bytes, str, set[str]]]:
    """Give (pseudonym, state, options chosen there) of a round's answers to these questions that count, one by one."""
    given = (answers.c.round_id == round_id, answers.c.state.in_(list(states)), answers.c.skipped.is_(False))
    columns = (answers.c.pseudonym, answers.c.state, answers.c.choice, answers.c.choices)
    counted = select(*columns).where(*given, _stands, answers.c.counted_at.is_not(None))
    for who_, state, choice, several in db.execute(counted.execution_options(yield_per=1000)):
        yield who_, state, set(json.loads(several)) if several else {choice}


def words(db: Connection, round_id: int) -> Iterator[tuple[bytes, str]]:
    """Give (pseudonym, free text) of a round's answers that count, one after the other."""
    given = (answers.c.round_id == round_id, answers.c.text.is_not(None), answers.c.verb == "ask")
    counted = select(answers.c.pseudonym, answers.c.text).where(*given, _stands, answers.c.counted_at.is_not(None))
    for who_, text in db.execute(counted.execution_options(yield_per=1000)):  # noqa: UP028 - rows are no tuples
        yield who_, text


def forget(db: Connection, round_id: int, pseudonym: bytes, now: datetime, *, closed: bool, anew: bytes) -> int:
    """Erase one person's part in a round; leave a proof. Return how many answers were deleted or changed.

    Until it is counted everything goes and counts no longer. From then on (`closed`) what figures were made of stays,
    under the pseudonym `anew` (16 random bytes) which nothing links to the person; text, files, places, the about-you
    answers and what did not count go. Digests that are kept lose the words and keep their figures.
    """
    mine = and_(answers.c.round_id == round_id, answers.c.pseudonym == pseudonym)
    _unquote(db, _texts_where(db, mine))
    uncounted = or_(answers.c.counted_at.is_(None), answers.c.withdrawn_at.is_not(None))
    going = and_(mine, or_(uncounted, answers.c.item.like("you.%"))) if closed else mine
    touched = db.execute(delete(answers).where(going)).rowcount
    if closed:
        kept = update(answers).where(mine).values(text=None, file=None, quotable=False, pseudonym=anew)
        touched += db.execute(kept).rowcount
        # After the words: whoever was just reading them has committed by now, so nothing of theirs is left over.
        themes.forget_text(db, select(answers.c.id).where(answers.c.round_id == round_id, answers.c.pseudonym == anew))
    touched += actions.forget_replies(db, round_id, pseudonym, closed=closed, anew=anew)
    apart.forget(db, round_id, pseudonym)
    proof.note(db, "answers", touched, now)
    return touched


# --------------------------------------------------------------------------- figures, by GROUP BY


@dataclass(frozen=True, slots=True)
class Count:
    """How often one answer was given to one question; a skip is a row with `skipped`, "does not apply" one with "na".

    A question with several answers has one row per combination: `choices` is their JSON list.
    """

    round_id: int
    flow: str
    version: int
    stage: str
    state: str
    item: str | None
    verb: str
    choice: str | None
    choices: str | None
    score: float | None
    skipped: bool
    answers: int
    people: int
    """Distinct pseudonyms."""


@dataclass(frozen=True, slots=True)
class Score:
    """How often one step of a scale was chosen, over all rounds of a service; `score` is None for "does not apply"."""

    stage: str
    item: str | None
    state: str
    choice: str | None
    score: float | None
    skipped: bool
    answers: int
    people: int


@dataclass(frozen=True, slots=True)
class Who:
    """How many people answered, by round, channel and language."""

    round_id: int
    stage: str
    channel: str
    language: str
    people: int
    answers: int


@dataclass(frozen=True, slots=True)
class TextRow:
    """One free text with what the same person chose on the last scale before it."""

    id: int
    round_id: int
    stage: str
    state: str
    item: str | None
    text: str
    quotable: bool
    language: str
    answered_at: datetime
    counted_at: datetime
    score_item: str | None
    """Bank id (or state, for a question of the flow's own) of that scale question."""
    score_choice: str | None
    score: float | None


_GROUPED = ("round_id", "flow", "version", "stage", "state", "item", "verb", "choice", "choices", "score", "skipped")
_SCORED = ("stage", "item", "state", "choice", "score", "skipped")
_WHO = ("round_id", "stage", "channel", "language")


def week_counts(
    db: Connection, service: str, since: datetime, until: datetime, *, round_id: int | None = None
) -> list[Count]:
    """Return how often each answer was counted in [since, until); words and pictures count under choice None.

    Columns: see `Count`. Numbers are grouped by value (`score`).
    """
    return read(Count, db.execute(_tally(_GROUPED, service, since, until, round_id)))


def scores(db: Connection, service: str, since: datetime, until: datetime) -> list[Score]:
    """Return the scale answers counted in [since, until), over all rounds of the service. Columns: see `Score`."""
    rated = _tally(_SCORED, service, since, until, None).where(answers.c.verb == "rate")
    return read(Score, db.execute(rated))


def who(db: Connection, service: str, since: datetime, until: datetime, *, round_id: int | None = None) -> list[Who]:
    """Return how many people had answers counted in [since, until). Columns: see `Who`."""
    columns = [answers.c[name] for name in _WHO]
    people = func.count(answers.c.pseudonym.distinct())
    tally = select(*columns, people, func.count()).where(_within(service, since, until, round_id)).group_by(*columns)
    return read(Who, db.execute(tally))


def earliest(  # noqa: PLR0913 - what, of when, by whom
    db: Connection,
    service: str,
    item: str,
    since: datetime,
    until: datetime,
    choices: Collection[str],
    limit: int,
    *,
    without: Iterable[Participation] = (),
) -> dict[str, int]:
    """Return how often each of `choices` stands among the first `limit` of such answers counted in [since, until).

    Of each person the last answer to the item counts; `without` these, as many as they may be.
    """
    asked = and_(_within(service, since, until, None), answers.c.item == item, answers.c.skipped.is_(False))
    by = (answers.c.round_id, answers.c.pseudonym, answers.c.stage)
    last = select(func.max(answers.c.id)).where(asked, answers.c.choice.is_not(None)).group_by(*by)
    wanted = and_(answers.c.id.in_(last), answers.c.choice.in_(list(choices)))
    out = set(without)
    found = select(answers.c.round_id, answers.c.pseudonym, answers.c.choice).where(wanted)
    first = found.order_by(answers.c.counted_at, answers.c.id).limit(limit + len(out))
    rows = db.execute(first)
    own = (choice for round_id, who, choice in rows if (round_id, who) not in out)
    return dict(Counter(islice(own, limit)))


def in_rounds(
    db: Connection,
    service: str,
    item: str,
    since: datetime,
    until: datetime,
    round_ids: Collection[int],
    *,
    without: Collection[Participation] = (),
) -> dict[tuple[str, str], int]:
    """Return by stage and choice how many people answered an item so in some rounds, counted in [since, until).

    Of each person the last answer to the item counts; `without` these.
    """
    asked = and_(_within(service, since, until, None), answers.c.item == item, answers.c.skipped.is_(False))
    by = (answers.c.round_id, answers.c.pseudonym, answers.c.stage)
    of = and_(asked, answers.c.choice.is_not(None), answers.c.round_id.in_(list(round_ids)))
    last = select(func.max(answers.c.id)).where(of).group_by(*by)
    rows = db.execute(select(*by, answers.c.choice).where(answers.c.id.in_(last)))
    return dict(Counter((stage, choice) for round_id, who, stage, choice in rows if (round_id, who) not in without))


def people(db: Connection, service: str, since: datetime, until: datetime, *, round_id: int | None = None) -> int:
    """Return how many distinct people (per round) had answers counted in [since, until)."""
    each = select(answers.c.round_id, answers.c.pseudonym).where(_within(service, since, until, round_id)).distinct()
    return db.execute(select(func.count()).select_from(each.subquery())).scalar_one()


def handed_in(db: Connection, round_ids: Iterable[int]) -> dict[int, int]:
    """Return for each round how many people have answers that count; rounds without any are left out.

    Pseudonyms are made of channel and address, so nobody is on two channels under the same one.
    """
    wanted = set(round_ids)
    services = db.execute(select(rounds.c.service).where(rounds.c.id.in_(wanted)).distinct()).scalars().all()
    counted = [weekly.in_rounds(db, service) for service in services]
    return {round_id: people for each in counted for round_id, people in each.items() if round_id in wanted}


def texts(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    limit: int,
    *,
    round_id: int | None = None,
    quotable_only: bool = False,
) -> list[TextRow]:
    """Return at most `limit` free texts counted in [since, until), newest first; only quotable ones where so wished.

    Columns: see `TextRow`.
    """
    asked = {"b_service": service, "b_since": since, "b_until": until, "b_limit": limit, "b_round": round_id}
    return read(TextRow, db.execute(_texts(round_id is not None, quotable_only), asked))


def these_texts(db: Connection, ids: Collection[int], *, approved: bool = False) -> list[TextRow]:
    """Return the free texts with these ids that still stand and may be quoted; `approved`: that somebody approved."""
    wanted = select(answers).where(answers.c.id.in_(IDS), *_quoted(approved=approved))
    return read(TextRow, db.execute(_with_scores(wanted), {"ids": [*ids]}))


def quoted_ids(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    every: int = 1,
    first: int = 0,
    *,
    approved: bool = False,
) -> list[tuple[int, int]]:
    """Return (id, round id) of the free texts counted in [since, until) that may be quoted; `approved`: by somebody.

    With `every` only each one whose id leaves `first` as remainder: a sample, where there are too many to look at.
    """
    within = (answers.c.service == service, answers.c.counted_at >= since, answers.c.counted_at < until)
    wanted = select(answers.c.id, answers.c.round_id).where(*within, *_quoted(approved=approved))
    wanted = wanted.where(answers.c.id % every == first)
    return [(answer_id, round_id) for answer_id, round_id in db.execute(wanted.order_by(answers.c.id))]


def drawn(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    every: int,
    first: int,
    *,
    without: Collection[int] = (),
) -> int:
    """Return how many free texts counted in [since, until) are in the sample of `quoted_ids`, quotable or not.

    Those `without` are not counted.
    """
    within = (answers.c.service == service, answers.c.counted_at >= since, answers.c.counted_at < until)
    written = select(func.count()).where(*within, _stands, answers.c.verb == "ask", answers.c.text.is_not(None))
    out = [each for each in without if each % every == first]
    own = [not_among(answers.c.id, out)] if out else []
    return db.execute(written.where(answers.c.id % every == first, *own)).scalar_one()


def sent_words(
    db: Connection, service: str, since: datetime, until: datetime
) -> list[tuple[int, tuple[int, bytes], str]]:
    """Return (id, (round id, pseudonym), text) of the free texts counted in [since, until), the newest first."""
    columns = (answers.c.id, answers.c.round_id, answers.c.pseudonym, answers.c.text)
    within = (answers.c.service == service, answers.c.counted_at >= since, answers.c.counted_at < until)
    written = select(*columns).where(*within, _stands, answers.c.verb == "ask", answers.c.text.is_not(None))
    rows = db.execute(written.order_by(answers.c.counted_at.desc(), answers.c.id.desc()))
    return [(answer_id, (round_id, pseudonym), text) for answer_id, round_id, pseudonym, text in rows]


def arrivals(
    db: Connection, service: str, since: datetime, until: datetime, *, channels_out: Collection[str] = ()
) -> list[tuple[tuple[int, bytes], datetime]]:
    """Return when the first answer in [since, until) was counted of each ((round id, pseudonym)) who answered in it.

    Whoever answered on one of the channels that are left out came whenever somebody entered it: they are not in it.
    """
    who = (answers.c.round_id, answers.c.pseudonym)
    own = answers.c.channel.not_in(list(channels_out))
    first = select(*who, func.min(answers.c.counted_at)).where(_within(service, since, until, None), own).group_by(*who)
    return [((round_id, pseudonym), at) for round_id, pseudonym, at in db.execute(first)]


def words_of(db: Connection, round_id: int) -> list[tuple[int, bytes, str]]:
    """Return (id, pseudonym, text) of the free texts of a round that count, the oldest first."""
    columns = (answers.c.id, answers.c.pseudonym, answers.c.text)
    counted = (answers.c.round_id == round_id, answers.c.counted_at.is_not(None), _stands)
    written = select(*columns).where(*counted, answers.c.verb == "ask", answers.c.text.is_not(None))
    rows = db.execute(written.order_by(answers.c.id))
    return [(answer_id, pseudonym, text) for answer_id, pseudonym, text in rows]


def _quoted(*, approved: bool) -> tuple[ColumnElement[bool], ...]:
    """Of texts that may be shown to others, whatever names stand in them (`bot.quoting`)."""
    written = (_stands, answers.c.verb == "ask", answers.c.text.is_not(None))
    return (*written, rulings.open_to_others(approved=approved))


@cache
def _texts(of_round: bool, quotable_only: bool) -> Select[Any]:  # noqa: FBT001 - what differs between statements
    counted = answers.c.counted_at
    wanted = [answers.c.service == bindparam("b_service"), counted >= bindparam("b_since"), _stands]
    wanted += [counted < bindparam("b_until"), answers.c.verb == "ask", answers.c.text.is_not(None)]
    wanted += [answers.c.round_id == bindparam("b_round")] if of_round else []
    wanted += [answers.c.quotable.is_(True)] if quotable_only else []
    newest = select(answers).where(*wanted).order_by(counted.desc(), answers.c.id.desc())
    return _with_scores(newest.limit(bindparam("b_limit")))


def _with_scores(texts_: Select[Any]) -> Select[Any]:
    """Join each text with what the same person chose on the last scale before it; the newest first."""
    picked = texts_.subquery("picked")
    rated = answers.alias("rated")
    before = (
        select(func.max(rated.c.id))
        .where(rated.c.round_id == picked.c.round_id, rated.c.pseudonym == picked.c.pseudonym)
        .where(rated.c.verb == "rate", rated.c.withdrawn_at.is_(None), rated.c.skipped.is_(False))
        .where(rated.c.id < picked.c.id)
        .correlate(picked)
        .scalar_subquery()
    )
    scale = answers.alias("scale")
    names = ("id", "round_id", "stage", "state", "item", "text", "quotable", "language", "answered_at", "counted_at")
    told = (*(picked.c[name] for name in names), func.coalesce(scale.c.item, scale.c.state))
    joined = select(*told, scale.c.choice, scale.c.score).select_from(picked.outerjoin(scale, scale.c.id == before))
    return joined.order_by(picked.c.counted_at.desc(), picked.c.id.desc())


def _within(service: str, since: datetime, until: datetime, round_id: int | None) -> ColumnElement[bool]:
    period = and_(answers.c.service == service, answers.c.counted_at >= since, answers.c.counted_at < until, _stands)
    return period if round_id is None else and_(period, answers.c.round_id == round_id)


def _tally(names: tuple[str, ...], service: str, since: datetime, until: datetime, round_id: int | None) -> Select[Any]:
    columns = [answers.c[name] for name in names]
    figures = (func.count(), func.count(answers.c.pseudonym.distinct()))
    return select(*columns, *figures).where(_within(service, since, until, round_id)).group_by(*columns)


# --------------------------------------------------------------------------- photos and voice messages


class Sent(NamedTuple):
    """A photo or voice message that counts and whose sender let their words be passed on."""

    id: int
    at: datetime
    channel: str
    state: str
    verb: str
    text: str | None
    file: str


_OF_FILES = ("id", "answered_at", "channel", "state", "verb", "text", "file")


def sent(db: Connection, round_id: int, most: int) -> list[Sent]:
    """Return the newest photos and voice messages of a round that may be shown."""
    wanted = select(*(answers.c[name] for name in _OF_FILES)).where(*_with_file(round_id), answers.c.quotable)
    return [Sent(*row) for row in db.execute(wanted.order_by(answers.c.id.desc()).limit(most))]


def files(db: Connection, round_id: int) -> int:
    """How many photos and voice messages of a round count, whether they may be shown or not."""
    return db.execute(select(func.count()).select_from(answers).where(*_with_file(round_id))).scalar_one()


def _with_file(round_id: int) -> tuple[ColumnElement[bool], ...]:
    counted = (answers.c.counted_at.is_not(None), answers.c.withdrawn_at.is_(None))
    return (answers.c.round_id == round_id, answers.c.file.is_not(None), *counted)
