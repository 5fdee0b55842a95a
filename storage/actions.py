"""What a service does about what people told it: actions, who was told of them, and what was answered to a question.

An action is a record: it is changed only by `change`, which notes what was other before, and it is never deleted. The
links to the people it was told to go with them and with the key of their round.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete, insert, select, update

from storage import looks
from storage.rows import Insert, Shape
from storage.tables import action_links, action_log, action_replies, actions, answers, contacts, sessions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

FIX, ANSWER, ASK, NOT_US = KINDS = ("fix", "answer", "ask", "not_us")
"""It will be mended, the people who raised it get a reply or a question, it is for another body."""
THEME, SCORE, ISSUE, WORDS, CHOSEN = SOURCES = ("theme", "score", "issue", "words", "chosen")
"""What can give rise to an action: a theme, the bad answers to a question, an issue of a round, words of staff,
answers that somebody chose one by one."""
OPEN, DONE, NOT_DONE = STATES = ("open", "done", "not_done")
WELL, OTHERS = SIDES = ("well", "others")
"""Of those who raised a theme those to whom it works, and those it is a problem to: a digest counts them apart."""
TOLD, ASKED = "told", "asked"
"""How people are linked to an action."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What gave rise to an action; `name` is the theme, the question of the bank, or the issue in words."""

    name: str = ""
    stage: str = ""
    round: str = ""
    """Code of the round, of an issue."""
    choices: tuple[str, ...] = ()
    """The answers to the question that are meant."""
    since: str = ""
    """First moment and the first moment after it, in ISO form: when it was raised."""
    until: str = ""
    answers: tuple[int, ...] = ()
    """Those that somebody chose, by id; of one that is deleted nothing is left."""
    side: str = ""
    """Of a theme: `WELL`, those to whom it works, `OTHERS`, those it is a problem to; empty: both."""


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action to begin."""

    service: str
    kind: str
    source: str
    origin: Origin
    words: str
    created_at: datetime
    state: str = OPEN
    outcome: str = ""
    body: str = ""
    owner: str = ""
    person_id: int | None = None
    due_on: str | None = None
    settled_at: datetime | None = None
    raised: int | None = None
    agreed: int = 0
    told: int = 0
    letter: str = "{}"
    expires_at: datetime | None = None
    form: str | None = None
    """Of a browser: the form it came by."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a service does, has done or will not do; `due_on` is an ISO day, `letter` JSON (`telling.Letter`)."""

    id: int
    service: str
    kind: str
    source: str
    origin: str
    words: str
    state: str
    outcome: str
    body: str
    owner: str
    person_id: int | None
    due_on: str | None
    created_at: datetime
    settled_at: datetime | None
    raised: int | None
    agreed: int
    told: int
    letter: str
    expires_at: datetime | None

    @property
    def of(self) -> Origin:
        """What gave rise to it."""
        said: dict[str, Any] = json.loads(self.origin)
        many = {name: tuple(said.get(name, ())) for name in ("choices", "answers")}
        return Origin(**{**said, **many})

    def late(self, today: str) -> bool:
        """Whether it is open and its day has passed on an ISO day: the one place that says what overdue means."""
        return self.state == OPEN and self.due_on is not None and self.due_on < today


@dataclass(frozen=True, slots=True)
class Change:
    """One entry in the log of an action; `changed` is JSON of (old, new) by column."""

    id: int
    action_id: int
    at: datetime
    who: str
    what: str
    why: str
    changed: str


class Told(NamedTuple):
    """Of how many who raised something and agreed to hear of it how many were told."""

    told: int
    agreed: int


class Reply(NamedTuple):
    """What somebody answered to a question; `choice` counts from 0."""

    action_id: int
    round_id: int
    pseudonym: bytes
    choice: int | None
    text: str | None
    language: str
    answered_at: datetime


class Link(NamedTuple):
    """A contact an action was told or put to, and the round in which they raised it."""

    contact_id: int
    round_id: int


_shape = Shape(actions, Action)
_changes = Shape(action_log, Change)
_replies = Shape(action_replies, Reply)
_all = select(*_shape.columns)
_link = Insert(action_links, ("action_id", "contact_id", "what", "round_id", "at"), end="ON CONFLICT DO NOTHING")
_reply = Insert(action_replies, Reply._fields, end="ON CONFLICT DO NOTHING")


def told_back(rows: Iterable[Action]) -> Told:
    """Return the told-back rate of actions, as told and agreed: somebody who raised two things counts in both.

    What nobody could be told of (free words, issues of a round) has no part in it.
    """
    kept = list(rows)
    return Told(sum(row.told for row in kept), sum(row.agreed for row in kept))


# --------------------------------------------------------------------------- actions


def add(db: Connection, new: NewAction, who: str) -> Action:
    """Begin an action; `who` stands in its log."""
    values = {**{name: getattr(new, name) for name in new.__dataclass_fields__}, "origin": _packed(asdict(new.origin))}
    row = Action(*db.execute(insert(actions).returning(*_shape.columns), values).one())
    _note(db, row, new.created_at, who, "begun", "", {})
    return row


def by_form(db: Connection, form: str) -> Action | None:
    """Return the action that came by this form of a browser."""
    return _shape.first(db.execute(_all.where(actions.c.form == form)))


def form_of(db: Connection, action_id: int) -> str:
    """Return the form an action came by; empty where it came by none."""
    return db.execute(select(actions.c.form).where(actions.c.id == action_id)).scalar() or ""


def get(db: Connection, action_id: int, *, lock: bool = False) -> Action | None:
    """Return an action; with `lock` nobody else changes it until the commit."""
    wanted = _all.where(actions.c.id == action_id)
    return _shape.first(db.execute(wanted.with_for_update() if lock else wanted))


def of(db: Connection, service: str, states: Collection[str] = STATES) -> list[Action]:
    """Return the actions of a service in these states, the newest first."""
    mine = (actions.c.service == service, actions.c.state.in_(list(states)))
    return _shape.read(db.execute(_all.where(*mine).order_by(actions.c.id.desc())))


def as_of(db: Connection, service: str, at: datetime) -> list[Action]:
    """Return the actions of a service as they stood at a moment, the newest first, by undoing what came later."""
    rows = [row for row in of(db, service) if row.created_at <= at]
    later = action_log.c.action_id.in_([row.id for row in rows]), action_log.c.at > at
    undone: dict[int, dict[str, Any]] = {}
    found = db.execute(select(*_changes.columns).where(*later).order_by(action_log.c.id.desc()))
    for change_ in _changes.read(found):
        undone.setdefault(change_.action_id, {}).update(_before(change_))
    return [replace(row, **undone.get(row.id, {})) for row in rows]


def _before(change_: Change) -> dict[str, Any]:
    old = {name: pair[0] for name, pair in json.loads(change_.changed).items()}
    moments = {name: datetime.fromisoformat(old[name]) for name in old if name.endswith("_at") and old[name]}
    return old | moments


def change(db: Connection, row: Action, at: datetime, who: str, what: str, why: str = "", **values: Any) -> Action:  # noqa: ANN401 - columns of many types
    """Change an action and note what was other before; return it as it is then. Hold it first (`get`, `lock`)."""
    other = {name: value for name, value in values.items() if getattr(row, name) != value}
    if other:
        db.execute(update(actions).where(actions.c.id == row.id).values(**other))
    _note(db, row, at, who, what, why, {name: (getattr(row, name), value) for name, value in other.items()})
    return replace(row, **other)


def _note(
    db: Connection, row: Action, at: datetime, who: str, what: str, why: str, changed: Mapping[str, tuple[Any, Any]]
) -> None:
    """Write what was done into the log of an action, and a hash of that into the chain of its service."""
    said = _packed({name: [_plain(each) for each in pair] for name, pair in changed.items()})
    db.execute(
        insert(action_log),
        {"action_id": row.id, "at": at, "who": who[:120], "what": what, "why": why[:500], "changed": said},
    )
    entry = _digest(Change(0, row.id, at, who[:120], what, why[:500], said))
    looks.did(db, row.service, at, who, what, action=row.id, entry=entry)


def _digest(entry: Change) -> str:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [entry.action_id, at, entry.who, entry.what, entry.why, entry.changed]
    return hashlib.sha256(_packed(said).encode()).hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - columns of many types
    return value.isoformat() if isinstance(value, datetime) else value


def _packed(said: object) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def log(db: Connection, action_id: int) -> list[Change]:
    """Return what was done to an action, oldest first."""
    mine = select(*_changes.columns).where(action_log.c.action_id == action_id)
    return _changes.read(db.execute(mine.order_by(action_log.c.id)))


def prove(db: Connection, service: str) -> int | None:
    """Hold the logs of the actions of a service against its chain; return the first action that is not as was noted.

    What was written into a log before the chain knew of it is not proved.
    """
    noted: dict[int, list[str]] = {}
    for one in reversed(looks.of(db, service, None)):
        said = json.loads(one.what)
        if "entry" in said:
            noted.setdefault(said["action"], []).append(said["entry"])
    kept: dict[int, list[str]] = {}
    mine = select(*_changes.columns).join(actions).where(actions.c.service == service).order_by(action_log.c.id)
    for each in _changes.read(db.execute(mine)):
        kept.setdefault(each.action_id, []).append(_digest(each))
    return next((one for one, entries in sorted(noted.items()) if kept.get(one, [])[-len(entries) :] != entries), None)


def owned(db: Connection, person_id: int) -> list[Action]:
    """Return the actions a person looks after, and looked after, the newest first (MYDATA)."""
    return _shape.read(db.execute(_all.where(actions.c.person_id == person_id).order_by(actions.c.id.desc())))


def detach(db: Connection, person_id: int) -> int:
    """Take a person's name from the actions that are over; return how many. Those that are open they still look after.

    This is no change of the action, and its log, which says what was decided, stays.
    """
    over = update(actions).where(actions.c.person_id == person_id, actions.c.state != OPEN)
    return db.execute(over.values(person_id=None, owner="")).rowcount


def due(db: Connection, today: str) -> list[Action]:
    """Return the open actions whose ISO day is today or has passed, and that somebody owns."""
    wanted = (actions.c.state == OPEN, actions.c.due_on <= today, actions.c.person_id.is_not(None))
    return _shape.read(db.execute(_all.where(*wanted).order_by(actions.c.id)))


def expired(db: Connection, now: datetime) -> list[Action]:
    """Return the open questions that take no answer any more."""
    wanted = (actions.c.state == OPEN, actions.c.kind == ASK, actions.c.expires_at <= now)
    return _shape.read(db.execute(_all.where(*wanted).order_by(actions.c.id)))


# --------------------------------------------------------------------------- who raised it


def gave(
    db: Connection, service: str, stage: str, item: str, choices: Collection[str], since: datetime, until: datetime
) -> dict[int, set[bytes]]:
    """Return by round the pseudonyms under which one of `choices` to an item was counted in [since, until).

    In rounds of one stage: a question can be asked in another, whose people the figure does not tell of.
    """
    given = (*_asked(service, stage, item), answers.c.choice.in_(list(choices)))
    within = (answers.c.counted_at >= since, answers.c.counted_at < until, answers.c.withdrawn_at.is_(None))
    found: dict[int, set[bytes]] = {}
    for round_id, pseudonym in db.execute(select(answers.c.round_id, answers.c.pseudonym).where(*given, *within)):
        found.setdefault(round_id, set()).add(pseudonym)
    return found


def wrote(
    db: Connection, service: str, chosen: Collection[int], since: datetime, until: datetime
) -> list[tuple[int, bytes]]:
    """Return (round id, pseudonym) of each of these answers of a service that were counted in [since, until)."""
    given = (answers.c.service == service, answers.c.id.in_(list(chosen)), answers.c.withdrawn_at.is_(None))
    within = (answers.c.counted_at >= since, answers.c.counted_at < until)
    return [
        (row[0], row[1]) for row in db.execute(select(answers.c.round_id, answers.c.pseudonym).where(*given, *within))
    ]


def _asked(service: str, stage: str, item: str) -> tuple[ColumnElement[bool], ...]:
    return (answers.c.service == service, answers.c.stage == stage, answers.c.item == item)


def took_part(db: Connection, round_id: int) -> list[int]:
    """Return the contacts with a passage in a round who agreed to be invited again, by id."""
    agreed = (sessions.c.round_id == round_id, contacts.c.invite_again_at.is_not(None))
    wanted = select(contacts.c.id).join(sessions, sessions.c.contact_id == contacts.c.id).where(*agreed)
    return list(db.execute(wanted.order_by(contacts.c.id)).scalars())


# --------------------------------------------------------------------------- whom it was told to


def link(db: Connection, action_id: int, people: Iterable[Link], what: str, at: datetime) -> int:
    """Note that an action was told or put to these; return how many were new."""
    return _link(db, [(action_id, each.contact_id, what, each.round_id, at) for each in people])


def linked(db: Connection, action_id: int, what: str) -> set[int]:
    """Return the contacts an action was told or put to."""
    mine = (action_links.c.action_id == action_id, action_links.c.what == what)
    return set(db.execute(select(action_links.c.contact_id).where(*mine)).scalars())


def round_of(db: Connection, action_id: int, contact_id: int) -> int | None:
    """Return the round in which a contact raised what they were asked about; None where they were not asked."""
    mine = (action_links.c.action_id == action_id, action_links.c.contact_id == contact_id)
    return db.execute(select(action_links.c.round_id).where(*mine, action_links.c.what == ASKED)).scalar()


def told_to(db: Connection, contact_id: int) -> list[tuple[int, str, int, datetime]]:
    """Return (action id, told or asked, round id, when) of what a contact was told or asked (MYDATA), oldest first."""
    columns = (action_links.c.action_id, action_links.c.what, action_links.c.round_id, action_links.c.at)
    mine = select(*columns).where(action_links.c.contact_id == contact_id).order_by(action_links.c.at)
    return [(row.action_id, row.what, row.round_id, row.at) for row in db.execute(mine)]


def asked_since(db: Connection, service: str, since: datetime) -> set[int]:
    """Return the contacts whom a service has asked back since a moment."""
    wanted = select(action_links.c.contact_id).join(actions, actions.c.id == action_links.c.action_id)
    lately = (actions.c.service == service, action_links.c.what == ASKED, action_links.c.at >= since)
    return set(db.execute(wanted.where(*lately)).scalars())


def unlink(db: Connection, round_id: int, contact_id: int) -> None:
    """Forget what somebody was told of their part in a round."""
    mine = (action_links.c.round_id == round_id, action_links.c.contact_id == contact_id)
    db.execute(delete(action_links).where(*mine))


# --------------------------------------------------------------------------- what they answered


def reply(db: Connection, said: Reply) -> bool:
    """Keep an answer to a question; return whether it is the person's first: only the first counts."""
    return _reply(db, [said]) == 1


def replied_to(db: Connection, action_id: int, round_id: int, pseudonym: bytes) -> Reply | None:
    """Return what one person answered to a question."""
    mine = (action_replies.c.action_id == action_id, action_replies.c.round_id == round_id)
    wanted = select(*_replies.columns).where(*mine, action_replies.c.pseudonym == pseudonym)
    return _replies.first(db.execute(wanted))


def reword(db: Connection, said: Reply, text: str) -> None:
    """Put other words in the place of somebody's answer to a question."""
    mine = (action_replies.c.action_id == said.action_id, action_replies.c.round_id == said.round_id)
    db.execute(update(action_replies).where(*mine, action_replies.c.pseudonym == said.pseudonym).values(text=text))


def replies(db: Connection, action_id: int) -> list[Reply]:
    """Return the answers to a question, the newest first."""
    mine = select(*_replies.columns).where(action_replies.c.action_id == action_id)
    return _replies.read(db.execute(mine.order_by(action_replies.c.id.desc())))


def chosen(rows: Sequence[Reply]) -> Counter[int]:
    """Count how many chose what."""
    return Counter(row.choice for row in rows if row.choice is not None)


def replied(db: Connection, round_id: int, pseudonym: bytes) -> list[Reply]:
    """Return what one person answered to questions in a round (MYDATA), oldest first."""
    mine = (action_replies.c.round_id == round_id, action_replies.c.pseudonym == pseudonym)
    return _replies.read(db.execute(select(*_replies.columns).where(*mine).order_by(action_replies.c.id)))


def forget_replies(db: Connection, round_id: int, pseudonym: bytes, *, closed: bool, anew: bytes) -> int:
    """Erase one person's answers to questions as `answers.forget` does: after closing, what was chosen stays."""
    mine = (action_replies.c.round_id == round_id, action_replies.c.pseudonym == pseudonym)
    if not closed:
        return db.execute(delete(action_replies).where(*mine)).rowcount
    return db.execute(update(action_replies).where(*mine).values(text=None, pseudonym=anew)).rowcount


def carry(db: Connection, round_id: int, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """Let links and replies of a passage follow it to another contact; both given with their pseudonyms."""
    links = (action_links.c.round_id == round_id, action_links.c.contact_id == old[0])
    db.execute(update(action_links).where(*links).values(contact_id=new[0]))
    said = (action_replies.c.round_id == round_id, action_replies.c.pseudonym == old[1])
    db.execute(update(action_replies).where(*said).values(pseudonym=new[1]))
