"""The codebook of a service: its themes, which text is about which, and what people corrected.

People are counted, not messages: somebody who writes thrice of one theme raises it once. A theme that went into another
takes its texts along, so nothing has to be followed when counting.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, delete, func, or_, select, tuple_, update

from storage import rulings
from storage.rows import Insert, Shape, not_among, read
from storage.sides import content
from storage.tables import answers, campaign_texts, codebooks, readings, text_themes, theme_examples, themes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from storage.sides import Sides

PROPOSED, CONFIRMED, MERGED, DROPPED = "proposed", "confirmed", "merged", "dropped"
"""States: found among texts that fitted nothing, and nobody has looked at it; in use; gone into another; not wanted."""
LIVE: Final = (PROPOSED, CONFIRMED)
"""States in which texts are sorted into a theme."""
STARTER, PROPOSAL, MANAGER = "starter", "proposal", "manager"
"""Where a theme is from: the bank's starter codes, a group of texts that fitted nothing, somebody who made it."""
SORTER, GROUP, PERSON = "sorter", "group", "person"
"""Who said that a text is about a theme: the sorter; the proposal that was made of it; a person, who is right."""


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme of a codebook."""

    id: int
    service: str
    key: str
    names: str
    """JSON: language to name. Read it with `name`."""
    state: str
    merged_into: int | None
    origin: str
    created_at: datetime

    def name(self, language: str) -> str:
        """Return the name in this language, else in the first it was given in."""
        return self.spoken.get(language) or next(iter(self.spoken.values()), self.key)

    @property
    def spoken(self) -> dict[str, str]:
        """Its names by language."""
        named: dict[str, str] = json.loads(self.names)
        return named


class Raised(NamedTuple):
    """How many people raised a theme."""

    theme_id: int
    people: int


class Behind(NamedTuple):
    """A text behind a theme."""

    answer_id: int
    round_id: int
    pseudonym: bytes
    stage: str
    item: str | None
    state: str
    text: str | None
    """None once the person had it deleted after the round closed: the theme stays, the words are gone."""
    language: str
    quotable: bool
    counted_at: datetime
    sure: float
    by: str


_shape = Shape(themes, Theme)
_all = select(*_shape.columns)
_stands = and_(answers.c.withdrawn_at.is_(None), answers.c.counted_at.is_not(None))


# --------------------------------------------------------------------------- the codebook


def codebook(db: Connection, service: str, states: Collection[str] = LIVE) -> list[Theme]:
    """Return the themes of a service that are in one of these states, the oldest first."""
    wanted = (themes.c.service == service, themes.c.state.in_(list(states)))
    return _shape.read(db.execute(_all.where(*wanted).order_by(themes.c.id)))


def get(db: Connection, theme_id: int, *, lock: bool = False) -> Theme | None:
    """Return a theme; with `lock` nobody else changes it until the transaction ends."""
    wanted = _all.where(themes.c.id == theme_id)
    return _shape.first(db.execute(wanted.with_for_update() if lock else wanted))


def revision(db: Connection, service: str) -> int:
    """Return which change of its codebook a service is at, 0 before the first."""
    return db.execute(select(codebooks.c.revision).where(codebooks.c.service == service)).scalar() or 0


_next = Insert(
    codebooks, ("service", "revision"), end="ON CONFLICT (service) DO UPDATE SET revision = codebooks.revision + 1"
)


def changed(db: Connection, service: str) -> None:
    """Note that texts have to be sorted anew: the codebook is another, or somebody corrected it."""
    _next(db, [(service, 1)])


_add = Insert(
    themes, ("service", "key", "names", "state", "origin", "created_at"), end="ON CONFLICT (service, key) DO NOTHING"
)


def add(db: Connection, service: str, new: Sequence[tuple[str, Mapping[str, str]]], origin: str, now: datetime) -> int:
    """Add themes by (key, names); one whose key is there already stays as it is. Return how many are new.

    Proposals wait for somebody to look at them; others are confirmed from the start.
    """
    state = PROPOSED if origin == PROPOSAL else CONFIRMED
    rows = [(service, key, _names(names), state, origin, now) for key, names in new]
    added = _add(db, rows)
    if added:
        changed(db, service)
    return added


def _names(names: Mapping[str, str]) -> str:
    return json.dumps(dict(names), ensure_ascii=False)


def by_key(db: Connection, service: str, key: str) -> Theme | None:
    """Return the theme of this key."""
    return _shape.first(db.execute(_all.where(themes.c.service == service, themes.c.key == key)))


def rename(db: Connection, theme: Theme, names: Mapping[str, str]) -> None:
    """Give a theme other names; those in other languages go, as they would say something else of the same theme.

    Whoever names a proposal wants it: it is confirmed.
    """
    _set(db, theme, names=_names(names), state=CONFIRMED)


def confirm(db: Connection, theme: Theme) -> None:
    """Take a theme into use."""
    _set(db, theme, state=CONFIRMED)


def drop(db: Connection, theme: Theme) -> None:
    """Use a theme no more. Its texts stay noted, so that the same is not proposed again."""
    _set(db, theme, state=DROPPED)


def merge(db: Connection, theme: Theme, into: Theme) -> None:
    """Let a theme go into another of the same service, with its texts and what was corrected.

    Where a text is in both, what a person said stands. A proposal that takes in a theme in use is in use then. Raises
    ValueError for two services, or a theme into itself.
    """
    if theme.id == into.id or theme.service != into.service:
        raise ValueError(f"theme {theme.id} cannot go into {into.id}")
    by_person = select(text_themes.c.answer_id).where(text_themes.c.theme_id == theme.id, text_themes.c.by == PERSON)
    guessed = (text_themes.c.theme_id == into.id, text_themes.c.by != PERSON)
    db.execute(delete(text_themes).where(*guessed, text_themes.c.answer_id.in_(by_person)))
    for table in (text_themes, theme_examples):
        there = select(table.c.answer_id).where(table.c.theme_id == into.id)
        moving = (table.c.theme_id == theme.id, table.c.answer_id.not_in(there))
        db.execute(update(table).where(*moving).values(theme_id=into.id))
        db.execute(delete(table).where(table.c.theme_id == theme.id))
    _set(db, theme, state=MERGED, merged_into=into.id)
    if theme.state == CONFIRMED and into.state == PROPOSED:
        confirm(db, into)


def _set(db: Connection, theme: Theme, **values: object) -> None:
    db.execute(update(themes).where(themes.c.id == theme.id).values(**values))
    changed(db, theme.service)


# --------------------------------------------------------------------------- what people corrected


class Example(NamedTuple):
    """What a person said of a text and a theme."""

    theme_id: int
    answer_id: int
    fits: bool


_correct = Insert(
    theme_examples,
    ("theme_id", "answer_id", "fits", "person_id", "at"),
    end="ON CONFLICT (answer_id, theme_id) DO UPDATE SET fits = excluded.fits, person_id = excluded.person_id, "
    "at = excluded.at",
)
_put_person = Insert(
    text_themes,
    ("answer_id", "theme_id", "sure", "by"),
    end="ON CONFLICT (answer_id, theme_id) DO UPDATE SET sure = excluded.sure, by = excluded.by",
)


def correct(db: Connection, theme: Theme, answer_id: int, person: int | None, now: datetime, *, fits: bool) -> None:
    """Note that a text is about a theme, or is not: it holds at once, and the sorter learns from it."""
    _correct(db, [(theme.id, answer_id, fits, person, now)])
    if fits:
        _put_person(db, [(answer_id, theme.id, 1.0, PERSON)])
    else:
        db.execute(delete(text_themes).where(text_themes.c.answer_id == answer_id, text_themes.c.theme_id == theme.id))
    changed(db, theme.service)


def corrected(db: Connection, person_id: int) -> int:
    """Return of how many texts a person has said what they are about (MYDATA)."""
    mine = select(func.count(theme_examples.c.answer_id.distinct())).where(theme_examples.c.person_id == person_id)
    return db.execute(mine).scalar_one()


def detach(db: Connection, person_id: int) -> int:
    """Let a person's corrections be nobody's; return how many. The sorter goes on learning from them."""
    mine = update(theme_examples).where(theme_examples.c.person_id == person_id)
    return db.execute(mine.values(person_id=None)).rowcount


def of_person(db: Connection, round_id: int, pseudonym: bytes) -> list[Theme]:
    """Return the themes that somebody's texts in a round were sorted into, the oldest theme first (MYDATA)."""
    about = select(text_themes.c.theme_id).join(answers, answers.c.id == text_themes.c.answer_id)
    mine = about.where(answers.c.round_id == round_id, answers.c.pseudonym == pseudonym, _stands)
    return _shape.read(db.execute(_all.where(themes.c.id.in_(mine)).order_by(themes.c.id)))


def read_of(db: Connection, round_id: int, pseudonym: bytes) -> list[tuple[datetime, str]]:
    """Return (when, the language found) of somebody's texts in a round that were read (MYDATA), the first first."""
    columns = select(readings.c.read_at, readings.c.language).join(answers, answers.c.id == readings.c.answer_id)
    mine = columns.where(answers.c.round_id == round_id, answers.c.pseudonym == pseudonym, _stands)
    return [(row.read_at, row.language) for row in db.execute(mine.order_by(answers.c.id))]


def examples(db: Connection, service: str) -> list[Example]:
    """Return all corrections of the themes a service uses, the oldest first."""
    columns = (theme_examples.c.theme_id, theme_examples.c.answer_id, theme_examples.c.fits)
    wanted = select(*columns).join(themes, themes.c.id == theme_examples.c.theme_id)
    wanted = wanted.where(themes.c.service == service, themes.c.state.in_(LIVE)).order_by(theme_examples.c.id)
    return read(Example, db.execute(wanted))


# --------------------------------------------------------------------------- counting


def raised(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    states: Collection[str] = LIVE,
    *,
    apart: bool = False,
    without: Collection[int] = (),
) -> list[Raised]:
    """Count the people who raised each theme in texts counted in [since, until), most first.

    A person is a pseudonym of a round. Themes nobody raised are left out. `apart`: what was sent in campaigns does not
    count; nor do the texts `without`.
    """
    told = select(themes.c.id, answers.c.round_id, answers.c.pseudonym).distinct()
    joined = told.join(text_themes, text_themes.c.theme_id == themes.c.id)
    joined = joined.join(answers, answers.c.id == text_themes.c.answer_id)
    within = _within(service, since, until, apart=apart, without=without)
    each = joined.where(themes.c.state.in_(list(states)), within).subquery()
    counted = select(each.c.id, func.count()).group_by(each.c.id)
    return sorted(read(Raised, db.execute(counted)), key=lambda one: (-one.people, one.theme_id))


_ALONE: Final = ~select(campaign_texts).where(campaign_texts.c.answer_id == answers.c.id).correlate(answers).exists()
"""Not sent in a campaign."""


def _within(
    service: str, since: datetime, until: datetime, *, apart: bool = False, without: Collection[int] = ()
) -> ColumnElement[bool]:
    counted, own = answers.c.counted_at, [_ALONE] if apart else []
    own += [not_among(answers.c.id, without)] if without else []
    span = (answers.c.service == service, counted >= since, counted < until)
    return and_(*span, answers.c.withdrawn_at.is_(None), *own)


def raisers(db: Connection, round_id: int, theme_ids: Collection[int]) -> set[bytes]:
    """Return who raised one of these themes in a round, as their texts were sorted or corrected."""
    if not theme_ids:
        return set()
    told = select(answers.c.pseudonym).join(text_themes, text_themes.c.answer_id == answers.c.id)
    return set(
        db.execute(told.where(answers.c.round_id == round_id, text_themes.c.theme_id.in_(theme_ids), _stands)).scalars()
    )


class Chose(NamedTuple):
    """How many people who raised a theme chose an option elsewhere: the step, the place, the score."""

    theme_id: int
    item: str
    choice: str
    people: int


def chose(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    items: Collection[str],
    *,
    apart: bool = False,
    without: Collection[int] = (),
) -> list[Chose]:
    """Count what the people who raised each theme in [since, until) chose in the same round at these items.

    Each person counts once for a theme: with the last choice in this span that was handed in no later than their text.
    In a round that keeps running people come again: what they chose long ago says nothing of what they write now.
    For `del.step` this is the step of the service that a theme belongs to; most people first within a theme.
    `apart`, `without`: as in `raised`.
    """
    given = answers.alias("given")
    last = select(themes.c.id, func.max(given.c.id).label("last")).join(
        text_themes, text_themes.c.theme_id == themes.c.id
    )
    last = last.join(answers, answers.c.id == text_themes.c.answer_id)
    last = last.join(
        given, and_(given.c.round_id == answers.c.round_id, given.c.pseudonym == answers.c.pseudonym)
    ).where(
        themes.c.state.in_(LIVE),
        _within(service, since, until, apart=apart, without=without),
        given.c.item.in_(list(items)),
        given.c.choice.is_not(None),
        given.c.withdrawn_at.is_(None),
        given.c.counted_at >= since,
        given.c.counted_at <= answers.c.counted_at,
    )
    one = last.group_by(themes.c.id, answers.c.round_id, answers.c.pseudonym).subquery()
    columns = (one.c.id, given.c.item, given.c.choice)
    chosen = select(*columns, func.count()).join(given, given.c.id == one.c.last).group_by(*columns)
    counted = read(Chose, db.execute(chosen))
    return sorted(counted, key=lambda found: (found.theme_id, found.item, -found.people, found.choice))


def writers(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    item: str,
    *,
    apart: bool = False,
    without: Collection[int] = (),
) -> dict[str, int]:
    """Count by choice what people who wrote something in [since, until) chose at an item, each as they chose last.

    Whether what they wrote is about a theme or not; `apart`, `without`: as in `raised`.
    """
    given = answers.alias("given")
    same = and_(given.c.round_id == answers.c.round_id, given.c.pseudonym == answers.c.pseudonym)
    last = select(func.max(given.c.id).label("last")).select_from(answers.join(given, same))
    last = last.where(
        _within(service, since, until, apart=apart, without=without),
        answers.c.verb == "ask",
        answers.c.text.is_not(None),
        given.c.item == item,
        given.c.choice.is_not(None),
        given.c.withdrawn_at.is_(None),
        given.c.counted_at >= since,
        given.c.counted_at <= answers.c.counted_at,
    )
    one = last.group_by(answers.c.round_id, answers.c.pseudonym).subquery()
    counted = select(given.c.choice, func.count()).join(one, given.c.id == one.c.last).group_by(given.c.choice)
    return {row[0]: row[1] for row in db.execute(counted)}


class Read(NamedTuple):
    """How many people wrote something in a span, and how far their texts are sorted."""

    people: int
    fitting: int
    """Of them, those with a text that is about some theme."""
    texts: int
    unsorted: int
    """Texts not sorted yet by any codebook: figures of the span will still grow."""


def read_so_far(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    *,
    apart: bool = False,
    without: Collection[int] = (),
) -> Read:
    """Tell how many people wrote in [since, until), how many of them fit a theme, and what is not sorted yet.

    `apart`, `without`: as in `raised`.
    """
    within = _within(service, since, until, apart=apart, without=without)
    written = and_(within, answers.c.verb == "ask", answers.c.text.is_not(None))
    sorted_ = and_(readings.c.answer_id == answers.c.id, readings.c.revision > 0)
    texts = select(func.count(), func.count(readings.c.answer_id)).select_from(answers.outerjoin(readings, sorted_))
    all_, done = db.execute(texts.where(written)).one()
    fits = select(text_themes.c.answer_id).join(themes, themes.c.id == text_themes.c.theme_id)
    fitting = answers.c.id.in_(fits.where(themes.c.state.in_(LIVE)))
    return Read(_people(db, written), _people(db, and_(written, fitting)), all_, all_ - done)


def _people(db: Connection, wanted: ColumnElement[bool]) -> int:
    each = select(answers.c.round_id, answers.c.pseudonym).where(wanted).distinct().subquery()
    return db.execute(select(func.count()).select_from(each)).scalar_one()


def people_behind(
    db: Connection, theme_id: int, since: datetime, until: datetime, among: ColumnElement[bool] | None = None
) -> set[tuple[int, bytes]]:
    """Return (round id, pseudonym) of who raised a theme in texts counted in [since, until), `among`: on one side."""
    theirs = select(text_themes.c.answer_id).where(text_themes.c.theme_id == theme_id)
    within = [answers.c.counted_at >= since, answers.c.counted_at < until, answers.c.withdrawn_at.is_(None)]
    within += [] if among is None else [among]
    found = select(answers.c.round_id, answers.c.pseudonym).where(answers.c.id.in_(theirs), *within).distinct()
    return {(row[0], row[1]) for row in db.execute(found)}


def of_side(theme_id: int, since: datetime, until: datetime, sides: Sides, *, well: bool) -> ColumnElement[bool]:
    """Return that an answer is of somebody who raised a theme in [since, until) as what works, or else as a problem."""
    text = answers.alias("text")
    within = (text.c.counted_at >= since, text.c.counted_at < until, text.c.withdrawn_at.is_(None))
    people = content(sides, text, since, text_themes.c.theme_id == theme_id, *within).subquery()
    who = tuple_(answers.c.round_id, answers.c.pseudonym)
    praise = select(people.c.round_id, people.c.pseudonym)
    return who.in_(praise) if well else who.not_in(praise)


def praised(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    sides: Sides,
    *,
    apart: bool = False,
    without: Collection[int] = (),
) -> dict[int, int]:
    """Count by theme the people who raised it in [since, until) as what works; `apart`, `without`: as in `raised`."""
    within = _within(service, since, until, apart=apart, without=without)
    each = content(sides, answers, since, within).subquery()
    counted = select(each.c.theme_id, func.count()).group_by(each.c.theme_id)
    return {row[0]: row[1] for row in db.execute(counted)}


def praising(
    db: Connection,
    service: str,
    since: datetime,
    until: datetime,
    sides: Sides,
    texts_: Collection[int],
    *,
    without: Collection[int] = (),
) -> set[tuple[int, int]]:
    """Return (text, theme) of those of these texts whose writers are counted by `praised` without campaigns."""
    within = _within(service, since, until, apart=True, without=without)
    people = content(sides, answers, since, within).subquery("people")
    text, about = answers.alias("told"), text_themes.alias("about")
    same = and_(
        people.c.theme_id == about.c.theme_id,
        people.c.round_id == text.c.round_id,
        people.c.pseudonym == text.c.pseudonym,
    )
    joined = text.join(about, about.c.answer_id == text.c.id).join(people, same)
    mine = (text.c.id.in_(list(texts_)), text.c.counted_at >= since, text.c.counted_at < until)
    found = db.execute(select(text.c.id, about.c.theme_id).select_from(joined).where(*mine))
    return {(answer_id, theme_id) for answer_id, theme_id in found}


_BEHIND = (*(answers.c[name] for name in Behind._fields[1:10]), text_themes.c.sure, text_themes.c.by)


def behind(db: Connection, theme_id: int, since: datetime, until: datetime, limit: int) -> list[Behind]:
    """Return at most `limit` texts behind a theme counted in [since, until), the newest first."""
    joined = select(answers.c.id, *_BEHIND).join(text_themes, text_themes.c.answer_id == answers.c.id)
    within = (answers.c.counted_at >= since, answers.c.counted_at < until, answers.c.withdrawn_at.is_(None))
    found = joined.where(text_themes.c.theme_id == theme_id, *within)
    return read(Behind, db.execute(found.order_by(answers.c.counted_at.desc(), answers.c.id.desc()).limit(limit)))


def doubtful(db: Connection, theme_id: int, since: datetime, limit: int) -> list[Behind]:
    """Return at most `limit` texts behind a theme counted since then: the least sure first, what a person said last."""
    joined = select(answers.c.id, *_BEHIND).join(text_themes, text_themes.c.answer_id == answers.c.id)
    within = (answers.c.counted_at >= since, answers.c.withdrawn_at.is_(None), answers.c.text.is_not(None))
    found = joined.where(text_themes.c.theme_id == theme_id, *within)
    order = (text_themes.c.by == PERSON, text_themes.c.sure, answers.c.id)
    return read(Behind, db.execute(found.order_by(*order).limit(limit)))


def judged(db: Connection, answer_ids: Collection[int]) -> set[int]:
    """Return those of these texts of which a person has said something."""
    said = select(theme_examples.c.answer_id).where(theme_examples.c.answer_id.in_(list(answer_ids)))
    return set(db.execute(said).scalars())


def service_of(db: Connection, answer_id: int) -> str | None:
    """Return to which service a text belongs that was read; None where there is no such text."""
    return db.execute(select(readings.c.service).where(readings.c.answer_id == answer_id)).scalar()


def of_texts(db: Connection, answer_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the live themes of each of these texts, the surest first; texts without any are left out."""
    joined = select(text_themes.c.answer_id, text_themes.c.theme_id).join(themes, themes.c.id == text_themes.c.theme_id)
    wanted = joined.where(text_themes.c.answer_id.in_(list(answer_ids)), themes.c.state.in_(LIVE))
    found: dict[int, list[int]] = {}
    for answer_id, theme_id in db.execute(wanted.order_by(text_themes.c.sure.desc(), text_themes.c.theme_id)):
        found.setdefault(answer_id, []).append(theme_id)
    return found


# --------------------------------------------------------------------------- reading


class Unread(NamedTuple):
    """A text nobody has read yet."""

    answer_id: int
    service: str
    text: str
    language: str
    """Of the chat."""
    counted_at: datetime


class Reading(NamedTuple):
    """What a reader made of a text."""

    answer_id: int
    service: str
    vector: bytes | None
    language: str
    reader: str
    read_at: datetime
    revision: int = 0


class Sorted(NamedTuple):
    """That a text is about a theme."""

    answer_id: int
    theme_id: int
    sure: float
    by: str = SORTER


class Text(NamedTuple):
    """A text that was read, as the sorter wants it."""

    answer_id: int
    round_id: int
    pseudonym: bytes
    stage: str
    text: str
    language: str
    vector: bytes | None
    reader: str
    revision: int


_written = and_(answers.c.verb == "ask", answers.c.text.is_not(None), _stands)
_anew = ", ".join(f'"{name}" = excluded."{name}"' for name in Reading._fields if name != "answer_id")
_keep = Insert(
    readings,
    Reading._fields,
    end=f"ON CONFLICT (answer_id) DO UPDATE SET {_anew} WHERE readings.reader <> excluded.reader",
)
_sort = Insert(text_themes, Sorted._fields, end="ON CONFLICT (answer_id, theme_id) DO NOTHING")


def unread(db: Connection, service: str, reader: str, since: datetime | None, limit: int) -> list[Unread]:
    """Return at most `limit` texts that count and this reader has not read, those counted first.

    Whoever reads many hands in the last moment it was given as `since`: earlier ones are not gone through again.
    """
    columns = (answers.c.id, answers.c.service, answers.c.text, answers.c.language, answers.c.counted_at)
    done = and_(readings.c.answer_id == answers.c.id, readings.c.reader == reader)
    wanted = select(*columns).outerjoin(readings, done)
    new = wanted.where(answers.c.service == service, _written, readings.c.answer_id.is_(None))
    new = new if since is None else new.where(answers.c.counted_at >= since)
    return read(Unread, db.execute(new.order_by(answers.c.counted_at, answers.c.id).limit(limit)))


def keep(db: Connection, new: Iterable[Reading]) -> int:
    """Keep what was made of texts; texts that went meanwhile, or that were read so already, are passed over."""
    rows = {row.answer_id: row for row in new}
    return _keep(db, [rows[answer_id] for answer_id in _held(db, rows)])


def _held(db: Connection, answer_ids: Iterable[int]) -> list[int]:
    """Return which of these answers are still there with their text; they stay so until the transaction ends."""
    there = select(answers.c.id).where(answers.c.id.in_(sorted(answer_ids)), answers.c.text.is_not(None))
    return list(db.execute(there.order_by(answers.c.id).with_for_update(read=True)).scalars())


def is_behind(db: Connection, service: str) -> bool:
    """Return whether a service has texts never sorted, or recent ones not sorted by its codebook as it is now."""
    new = select(readings.c.answer_id).where(readings.c.service == service, readings.c.revision == 0).limit(1)
    return db.execute(new).first() is not None or is_corrected(db, service)


def is_corrected(db: Connection, service: str) -> bool:
    """Return whether a service has recent texts not sorted by its codebook as it is now."""
    late = select(codebooks.c.service).where(codebooks.c.service == service, codebooks.c.sorted < codebooks.c.revision)
    return db.execute(late).first() is not None


def caught_up(db: Connection, service: str, revision_: int) -> None:
    """Note that all recent texts are sorted by this revision of the codebook."""
    mine = update(codebooks).where(codebooks.c.service == service, codebooks.c.sorted < revision_)
    db.execute(mine.values(sorted=revision_))


_TEXT = (*(answers.c[name] for name in ("id", "round_id", "pseudonym", "stage", "text")),)
_MADE = (readings.c.language, readings.c.vector, readings.c.reader, readings.c.revision)
_read_texts = select(*_TEXT, *_MADE).join(readings, readings.c.answer_id == answers.c.id).where(_written)


def to_sort(db: Connection, service: str, revision_: int, since: datetime, limit: int) -> list[Text]:
    """Return at most `limit` texts never sorted, or counted since then and not sorted by this revision yet."""
    recent = and_(readings.c.revision < revision_, answers.c.counted_at >= since)
    behind_ = and_(readings.c.service == service, readings.c.revision < revision_)
    wanted = _read_texts.where(behind_, or_(readings.c.revision == 0, recent))
    return read(Text, db.execute(wanted.order_by(answers.c.id).limit(limit)))


def texts(db: Connection, service: str, among: Collection[int]) -> list[Text]:
    """Return those of these texts of a service that were read and still count, by number."""
    wanted = _read_texts.where(answers.c.id.in_(list(among)), answers.c.service == service)
    return read(Text, db.execute(wanted.order_by(answers.c.id)))


def latest(db: Connection, service: str, limit: int) -> list[Text]:
    """Return the texts of a service that were read and counted last, the newest first."""
    wanted = _read_texts.where(answers.c.service == service)
    return read(Text, db.execute(wanted.order_by(answers.c.counted_at.desc(), answers.c.id.desc()).limit(limit)))


def fitting_none(db: Connection, service: str, since: datetime, limit: int) -> list[Text]:
    """Return the texts counted since then that were sorted and are about no theme in use, the newest first."""
    fits = select(text_themes.c.answer_id).join(themes, themes.c.id == text_themes.c.theme_id)
    none = answers.c.id.not_in(fits.where(themes.c.service == service, themes.c.state.in_(LIVE)))
    wanted = _read_texts.where(answers.c.service == service, answers.c.counted_at >= since, readings.c.revision > 0)
    newest = wanted.where(none).order_by(answers.c.counted_at.desc(), answers.c.id.desc())
    return read(Text, db.execute(newest.limit(limit)))


def quotable(db: Connection, answer_ids: Collection[int], *, approved: bool = False) -> set[int]:
    """Return those of these texts that may be shown to others, and still stand; `approved`: that somebody approved."""
    may = rulings.open_to_others(approved=approved)
    wanted = select(answers.c.id).where(answers.c.id.in_(list(answer_ids)), may, _stands)
    return set(db.execute(wanted).scalars())


def settle(db: Connection, revision_: int, texts_: Collection[int], found: Iterable[Sorted]) -> None:
    """Keep what the sorter says of these texts, in place of what it said before; what a person said stands."""
    held = _held(db, texts_)
    own = and_(text_themes.c.by == SORTER, text_themes.c.answer_id.in_(held))
    db.execute(delete(text_themes).where(own))
    there, denied = set(held), _denied(db, held)
    rows = {one[:2]: one for one in found if one.answer_id in there and one[:2] not in denied}
    _sort(db, [rows[key] for key in sorted(rows)])
    done = update(readings).where(readings.c.answer_id.in_(held), readings.c.revision < revision_)
    db.execute(done.values(revision=revision_))


def _denied(db: Connection, answer_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return (text, theme) of which somebody said that they do not belong together."""
    columns = (theme_examples.c.answer_id, theme_examples.c.theme_id)
    said = select(*columns).where(theme_examples.c.answer_id.in_(answer_ids), theme_examples.c.fits.is_(False))
    return {(row[0], row[1]) for row in db.execute(said)}


def forget_text(db: Connection, answer_ids: Select[tuple[int]]) -> None:
    """Forget what was made of texts whose words go while their answers stay: vectors and corrections, not the themes.

    Free text goes, coded themes stay (the same rule as for structured answers).
    """
    for table in (readings, theme_examples):
        db.execute(delete(table).where(table.c.answer_id.in_(answer_ids)))


def group(db: Connection, theme: Theme, members_: Iterable[tuple[int, float]]) -> int:
    """Note the texts a proposal was made of, each with how near it lies to the middle; return how many."""
    near = dict(members_)
    return _sort(db, [Sorted(answer_id, theme.id, near[answer_id], GROUP) for answer_id in _held(db, near)])


def members(db: Connection, service: str, states: Collection[str]) -> list[tuple[int, int]]:
    """Return (theme id, answer id) of the texts that proposals of a service were made of."""
    wanted = select(text_themes.c.theme_id, text_themes.c.answer_id).join(themes, themes.c.id == text_themes.c.theme_id)
    grouped = wanted.where(themes.c.service == service, themes.c.state.in_(list(states)), text_themes.c.by == GROUP)
    return [(row[0], row[1]) for row in db.execute(grouped.order_by(text_themes.c.theme_id, text_themes.c.answer_id))]
