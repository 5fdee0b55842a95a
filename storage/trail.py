"""The trail of each round: what was done to it, when, by whom and why. It is only ever added to, and it can be proved.

Each entry carries a hash over itself and over the hash of the entry before (a hash chain, as in Haber and Stornetta,
"How to time-stamp a digital document", 1991): whoever changes one, takes one out or puts one in breaks every hash from
there on. The database refuses to change or delete entries (triggers, revision 0011). Against somebody who owns the
database and writes a whole trail anew helps a hash that was noted elsewhere: `prove` tells whether the trail has it.
Each entry also notes which columns of the round it has set, from what to what, and a hash of the round's facts as they
were then; the entry of a passage that staff took down notes how, and by whom, it was taken down. So a round or a
passage changed behind the trail is seen, and which of its facts, even where a later act has changed the fact again. Of
what lies beside the round entries note seals (`storage.seals`). What no entry notes (as in trails that began before
entries noted it) is not compared.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from storage import seals
from storage.rows import Shape
from storage.seals import Line
from storage.tables import entries as passages
from storage.tables import flow_versions, people, round_log, rounds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from storage.entries import Entry as Passage
    from storage.rounds import RoundRow

FACTS = (
    "code",
    "service",
    "stage",
    "flow",
    "version",
    "title",
    "record",
    "audience",
    "state",
    "opens_at",
    "closes_at",
    "report",
)
"""Columns of a round that no act changes without an entry."""
LATER = ("outcome", "whom", "spread_hours", "remind_at", "aims", "told")
"""Such columns too, of later revisions: where they hold nothing, the hash is what it was without them."""
STAMPS = ("created_at", "created_by", "opened_at", "closed_at", "reported_at")
"""Such columns too, that are noted only one by one."""
FOR_WHOM = "for_whom"
"""The field of a record that is `yes` where a round asks first for whom, and the flow that asks it."""
HEARD = "heard"
"""What the trail says of how a result was received, once that is forgotten."""
_COLUMNS = (*FACTS, *LATER, *STAMPS)
_LONG = frozenset({"record", "report", "outcome", "whom", "aims", "told"})
"""Columns of which a hash is noted."""
_TOLD = '%"told":[%'
"""What an entry notes that sets what a round took from the configuration."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done to a round; `number` counts from 1.

    `details` is JSON: `round` the hash of the round's facts after it, `questions` that of its published flow, `words`
    those of the texts it is played from, as they were when they were signed, `by` the id of the member of staff,
    `operator` the account at whose command line it was done, `changed` the facts that are other than before, each with
    its old and its new value, `set` the columns of the round that are, `entry` how a passage was taken down, `sealed`
    what is final beside the round (`storage.seals`).
    """

    round_id: int
    number: int
    at: datetime
    who: str
    what: str
    why: str
    details: str
    hash: bytes

    @property
    def changed(self) -> dict[str, tuple[Any, Any]]:
        """What is other than before: (old, new) by the name of the fact."""
        return {name: (old, new) for name, (old, new) in json.loads(self.details).get("changed", {}).items()}

    @property
    def fields(self) -> list[str]:
        """The names of what is other than before, without what they lie in: `topic` for `record.topic`."""
        return list(dict.fromkeys(name.removeprefix("record.").partition(".")[0] for name in self.changed))

    @property
    def reason(self) -> str:
        """Why it was done; `why` without the names of facts, which stood there before they were noted elsewhere."""
        return "" if self.what == "changed" and "set" not in json.loads(self.details) else self.why

    @property
    def by(self) -> int | None:
        """Id of the member of staff who did it; None: the clock, or somebody at the command line."""
        by: int | None = json.loads(self.details).get("by")
        return by

    @property
    def public(self) -> bool:
        """Whether whoever gave the reason was told that everybody may read it."""
        return seals.PUBLIC in json.loads(self.details).get("sealed", {})

    @property
    def language(self) -> str:
        """In which language a public reason was given; empty where nobody noted it."""
        noted = json.loads(self.details).get("sealed", {}).get(seals.PUBLIC)
        return noted if isinstance(noted, str) else ""

    @property
    def translated(self) -> dict[str, str]:
        """The same reason in other languages."""
        return dict(json.loads(self.details).get("sealed", {}).get(seals.PUBLIC_TOO, {}))

    @property
    def operator(self) -> str | None:
        """The account at whose command line it was done; None: elsewhere."""
        operator: str | None = json.loads(self.details).get("operator")
        return operator


@dataclass(frozen=True, slots=True)
class Proof:
    """What a look at a round's trail has shown."""

    entries: int
    head: str
    """Hash of the last entry, in hex; empty where there is none."""
    broken: int | None = None
    """The first entry that is not as it was written, or that is missing; None: the trail is whole."""
    altered: tuple[str, ...] = ()
    """What is not as the entries say: columns of the round by name (`round` where no entry notes which), `entries.` and
    a column of a passage that staff took down (`entries` where the whole passage is unknown), `places`,
    `audience`, `answers`, `findings`, `questions`."""
    deletions: int = 0
    """How many people had answers deleted that were sealed: each has left a line."""

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return self.broken is None and not self.altered


@dataclass(frozen=True, slots=True)
class Heard:
    """To how many the result of a round was sent, to how many of them it was clear, to how many not, and in part."""

    told: int = 0
    clear: int = 0
    unclear: int = 0
    partly: int = 0


_shape = Shape(round_log, Entry)
_facts = select(*(rounds.c[name] for name in _COLUMNS))
_taken_down = ("kind", "heads", "organisation", "created_at", "late", "person_id")
_of = select(*_shape.columns).order_by(round_log.c.number)


def add(  # noqa: PLR0913, PLR0917 - all that an entry says
    db: Connection,
    round_id: int,
    at: datetime,
    who: str,
    what: str,
    why: str = "",
    changed: Mapping[str, tuple[Any, Any]] | None = None,
    by: int | None = None,
    *,
    operator: str | None = None,
    before: RoundRow | None = None,
    taken: Passage | None = None,
    sealed: seals.Noted | None = None,
) -> Entry:
    """Write down what was done to a round, after it was done. Two who write at once come one after the other.

    Values in `changed` are such as JSON knows. `before` is the round as it was (None: nothing of it was set), `taken` a
    passage that was taken down by it (in the name of `by`), `sealed` what is final with it. The first entry notes all
    of the round.
    """
    row = db.execute(_facts.where(rounds.c.id == round_id).with_for_update(key_share=True)).one()
    found = db.execute(_of.where(round_log.c.round_id == round_id).order_by(None).order_by(round_log.c.number.desc()))
    last = found.first()
    number, above = (last.number + 1, last.hash) if last else (1, b"")
    noted: dict[str, Any] = {"round": _seal(row), "questions": _questions(db, row), "by": by, "operator": operator}
    noted["words"] = _words_of(db, row, json.loads(last.details).get("words", {}) if last else {})
    noted["set"] = _set(row, before, first=last is None)
    noted["entry"] = taken and _passage(*(getattr(taken, name) for name in _taken_down))
    noted["sealed"] = sealed
    if changed:
        noted["changed"] = {name: list(pair) for name, pair in changed.items()}
    details = _packed({name: value for name, value in noted.items() if value})
    hash_ = _digest(above, row.code, number, at, who, what, why, details)
    entry = Entry(round_id, number, at, who, what, why, details, hash_)
    db.execute(insert(round_log), _shape.write([entry]))
    return entry


def of(db: Connection, round_id: int) -> list[Entry]:
    """Return what was done to a round, oldest first."""
    return _shape.read(db.execute(_of.where(round_log.c.round_id == round_id)))


def naming(db: Connection, who: str) -> int:
    """Return how many entries of all trails say that somebody of this name did it."""
    return db.execute(select(func.count()).select_from(round_log).where(round_log.c.who == who)).scalar_one()


def many(db: Connection, round_id: int, what: str) -> int:
    """Return how many entries of a round's trail say that `what` was done."""
    said = select(func.count()).select_from(round_log).where(round_log.c.round_id == round_id, round_log.c.what == what)
    return db.execute(said).scalar_one()


def heard(db: Connection, round_id: int) -> Heard:
    """Return how a round's result was received, as noted when that was forgotten: all that was noted together."""
    noted = [each.details for each in of(db, round_id) if each.what == HEARD]
    every = [Heard(**json.loads(details)["sealed"][HEARD]) for details in noted]
    return Heard(
        max((each.told for each in every), default=0),
        sum(one.clear for one in every),
        sum(one.unclear for one in every),
        sum(one.partly for one in every),
    )


def prove(db: Connection, round_id: int) -> Proof:
    """Reckon every hash of a round's trail anew, and compare the round as it is with what the trail says of it.

    Facts that no entry notes are not compared: entries of earlier versions noted fewer. Nor is a passage missed that is
    there no more, as people may have theirs deleted.
    """
    row = db.execute(_facts.where(rounds.c.id == round_id)).one()
    entries = of(db, round_id)
    head = entries[-1].hash.hex() if entries else ""
    lines = [Line(each.what, each.why, json.loads(each.details).get("sealed", {})) for each in entries]
    altered = _altered(db, row, entries, lines)
    return Proof(len(entries), head, _broken(row.code, entries), altered, seals.deletions(lines))


def heads(db: Connection, after: int = 0) -> list[tuple[int, str, int, str]]:
    """Return where the trails end to which something was added behind an entry: (its id, the round, number, hash)."""
    newest = select(func.max(round_log.c.id)).where(round_log.c.id > after).group_by(round_log.c.round_id)
    columns = select(round_log.c.id, rounds.c.code, round_log.c.number, round_log.c.hash)
    ends = columns.join(rounds, rounds.c.id == round_log.c.round_id).where(round_log.c.id.in_(newest))
    return [(id_, code, number, hash_.hex()) for id_, code, number, hash_ in db.execute(ends.order_by(round_log.c.id))]


def holds(db: Connection, round_id: int, head: str) -> bool:
    """Whether a hash that was noted earlier, in hex, is that of an entry of the trail."""
    return any(entry.hash.hex() == head.strip().lower() for entry in of(db, round_id))


def still_asks(db: Connection, round_id: int) -> bool:
    """Whether what a round is played from is what was signed, as far as its trail notes it.

    That is the texts of its flow, and what it took from the configuration.
    """
    newest = select(round_log.c.details).where(round_log.c.round_id == round_id).order_by(round_log.c.number.desc())
    details = db.execute(newest.limit(1)).scalar()
    noted = json.loads(details).get("words", {}) if details else {}
    return bool(_words(db, noted) == noted) and _told_is(db, round_id)


def _told_is(db: Connection, round_id: int) -> bool:
    """Whether what a round took from the configuration is what was noted last of it; of early rounds nothing was."""
    mine = (round_log.c.round_id == round_id, round_log.c.details.like(_TOLD))
    details = db.execute(select(round_log.c.details).where(*mine).order_by(round_log.c.number.desc()).limit(1)).scalar()
    if details is None:
        return True
    now = db.execute(select(rounds.c.told).where(rounds.c.id == round_id)).scalar()
    return bool(json.loads(details)["set"]["told"][1] == _noted("told", now))


def _broken(code: str, entries: Sequence[Entry]) -> int | None:
    before = b""
    for number, each in enumerate(entries, 1):
        reckoned = _digest(before, code, number, each.at, each.who, each.what, each.why, each.details)
        if each.number != number or each.hash != reckoned:
            return number
        before = each.hash
    return None if entries else 1


def _altered(db: Connection, row: Row[Any], entries: Sequence[Entry], lines: Sequence[Line]) -> tuple[str, ...]:
    """Compare with what was noted last; entries from before hashes were noted say nothing."""
    details = [json.loads(entry.details) for entry in entries]
    noted: dict[str, Any] = {}
    for each in details:
        noted |= each
    columns = _columns_altered(_plain(row), details)
    unnoted = () if columns or noted.get("round", _seal(row)) == _seal(row) else ("round",)
    last = details[-1] if details else {}  # where it is a draft again nothing holds of what was signed before
    words = last.get("words", {})
    asks_other = last.get("questions", now := _questions(db, row)) != now or _words(db, words) != words
    beside: tuple[str, ...] = ()
    if entries:
        round_id = entries[0].round_id
        beside = (*_passages_altered(db, round_id, details), *seals.altered(db, round_id, lines))
    return (*columns, *unnoted, *beside, *(("questions",) if asks_other else ()))


def _columns_altered(now: Mapping[str, Any], details: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the columns that are not what was set last, or were not when they were set anew."""
    noted: dict[str, Any] = {}
    wrong: set[str] = set()
    for each in details:
        for name, (old, new) in each.get("set", {}).items():
            if noted.get(name, old) != old:
                wrong.add(name)
            noted[name] = new
    wrong |= {name for name, value in noted.items() if now.get(name) != value}
    return tuple(name for name in _COLUMNS if name in wrong)


def _passages_altered(db: Connection, round_id: int, details: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Compare the passages that staff took down with what was noted of them, from the first on that was noted."""
    known = set(db.execute(select(people.c.id)).scalars())
    noted = [_by(each, known) for each in details if "entry" in each]
    if not details or not ("set" in details[0] or noted):
        return ()
    since = "" if "created_at" in details[0].get("set", {}) else min(each["created_at"] for each in noted)
    columns = select(*(passages.c[name] for name in _taken_down)).where(passages.c.round_id == round_id)
    found = [_passage(*row) for row in db.execute(columns)]
    spare = Counter(_packed(each) for each in noted)
    strange = Counter(_packed(each) for each in found if each["created_at"] >= since) - spare
    left = [json.loads(each) for each in spare - Counter(map(_packed, found))]
    wrong = {name for each in strange for name in _differing(json.loads(each), left)}
    return tuple(f"entries.{name}" if name else "entries" for name in ("", *_taken_down) if name in wrong)


def _differing(passage: Mapping[str, Any], noted: Iterable[Mapping[str, Any]]) -> Sequence[str]:
    """Return in what a passage differs from the most like it of those noted; an empty name: it is like none."""
    differing = ([name for name in _taken_down if passage[name] != each[name]] for each in noted)
    nearest = min(differing, key=len, default=[""])
    return nearest if len(nearest) == 1 else [""]


def _passage(
    kind: str,
    heads: int,
    organisation: str,
    created_at: datetime,
    late: bool,  # noqa: FBT001 - a column
    person_id: int | None,
) -> dict[str, Any]:
    """Return how a passage was taken down, as it is noted: of a name only its hash, as entries stay for ever."""
    named = hashlib.sha256(organisation.encode()).hexdigest() if organisation else ""
    values = (kind, heads, named, _moment(created_at), bool(late), person_id)
    return dict(zip(_taken_down, values, strict=True))


def _by(noted: Mapping[str, Any], known: Collection[int]) -> dict[str, Any]:
    """Return a noted passage with who took it down, as long as they are `known`: of who has gone no id stays."""
    by = noted.get("by")
    return {**noted["entry"], "person_id": by if by in known else None}


def _set(row: Row[Any], before: RoundRow | None, *, first: bool) -> dict[str, tuple[Any, Any]]:
    """Return the columns that are other than before, each with its old and its new value."""
    now = _plain(row)
    if first:
        return {name: (None, value) for name, value in now.items()}
    if before is None:
        return {}
    old = _plain([getattr(before, name) for name in _COLUMNS])
    return {name: (old[name], value) for name, value in now.items() if old[name] != value}


def _plain(row: Iterable[Any]) -> dict[str, Any]:
    """Return a round's columns by name, as they are noted."""
    return {name: _noted(name, value) for name, value in zip(_COLUMNS, row, strict=True)}


def _noted(name: str, value: Any) -> Any:  # noqa: ANN401 - columns of many types
    if value is None:
        return None
    if name.endswith("_at"):
        return _moment(value)
    return hashlib.sha256(value.encode()).hexdigest() if name in _LONG else value


def _questions(db: Connection, row: Row[Any]) -> str | None:
    """Return the hash of the questions a round asks, once it has left its draft: until then they may change."""
    if row.state == "draft":
        return None
    which = (flow_versions.c.flow == row.flow, flow_versions.c.version == row.version)
    found: str | None = db.execute(select(flow_versions.c.sha256).where(*which)).scalar()
    return found


def _words_of(db: Connection, row: Row[Any], before: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of the texts a round is played from, once it has left its draft: as noted `before`, if it was.

    So a later entry does not cover a text that was changed meanwhile.
    """
    if row.state == "draft":
        return {}
    said = json.loads(row.record)
    first = isinstance(said, dict) and said.get(FOR_WHOM) == "yes"
    known = select(flow_versions.c.version).where(flow_versions.c.flow == FOR_WHOM)
    parts = [f"{FOR_WHOM}@{version}" for version in db.execute(known).scalars()] if first else []
    now = _words(db, [f"{row.flow}@{row.version}", *parts])
    return {name: before.get(name, hash_) for name, hash_ in now.items()}


def _words(db: Connection, names: Iterable[str]) -> dict[str, str]:
    """Return the hash of the text of each published version, by `flow@version`; what is not published is left out."""
    found: dict[str, str] = {}
    for name in names:
        flow, _, version = name.rpartition("@")
        which = (flow_versions.c.flow == flow, flow_versions.c.version == int(version))
        source = db.execute(select(flow_versions.c.source).where(*which)).scalar()
        if source is not None:
            found[name] = hashlib.sha256(source.encode()).hexdigest()
    return found


def _seal(row: Row[Any]) -> str:
    """Return the hash of a round's facts, in hex."""
    named = dict(zip(_COLUMNS, row, strict=True))
    facts: list[Any] = [_moment(named[name]) if name.endswith("_at") else named[name] for name in FACTS]
    facts += [
        {name: _moment(named[name]) if name.endswith("_at") else named[name]}
        for name in LATER
        if named[name] is not None
    ]
    return hashlib.sha256(_packed(facts).encode()).hexdigest()


def _digest(before: bytes, code: str, number: int, at: datetime, who: str, what: str, why: str, details: str) -> bytes:  # noqa: PLR0913, PLR0917 - all that an entry says
    said = [before.hex(), code, number, _moment(at), who, what, why, details]
    return hashlib.sha256(_packed(said).encode()).digest()


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def _packed(said: object) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
