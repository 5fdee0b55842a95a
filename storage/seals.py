"""What lies beside a round and is final: a digest of it stands in the trail, so that a change behind it is found.

Sealed are the places (each when it is named), how many people the round meant to ask and the answers that were handed
in (when it ends, the answers once more when they are counted), and the findings (when they are kept). Of answers each
participation has a seal of its own. Whoever has theirs deleted, or takes back words or a yes, leaves a line that names
the seal which goes and the one of what stays; what is past its date and swept away leaves a line for all. So a lawful
deletion is known for one, and whatever else is missing, changed or added is found.

The seal of a participation is the first half of a SHA-256 (FIPS 180-4) over the round's own pseudonym and all that was
said under it: nobody can guess either, so it tells nothing about the answers, and once the round's key is destroyed, of
nobody. Places and findings, which are no secret, have a whole one.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections import Counter
from datetime import UTC, datetime
from functools import reduce
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select, text

from storage import audience
from storage import findings as kept_findings
from storage.places import of as places_of
from storage.tables import findings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from storage.places import Place

Noted = dict[str, Any]
"""What an entry of a trail notes of what lies beside the round, as JSON takes it."""
Said = tuple[Any, ...]
"""One answer: the pseudonym, then the columns of `_SAID`."""
ANSWERS, ABOUT_YOU = "answers", "about_you"
"""What is swept away when its time is over: all that was said, and before that what people said about themselves."""
SWEPT = frozenset({ANSWERS, ABOUT_YOU})
AUDIENCE = "audience"
"""How many people a round meant to ask."""
PUBLIC = "public"
"""Beside what is final when a round is given up: that everybody may read the reason, and its language where known."""
PUBLIC_TOO = "public_too"
"""The same reason in other languages, by language."""
PLACED, COUNTED = "placed", "counted"
"""What the trail says of a place that is named, and of answers that are counted for everybody."""
_SIZE = 16
_YOU = "you."
_SAID = (
    *("item", "state", "verb", "choice", "choices", "score", "text", "file", "stage", "flow", "version"),
    *("language", "channel", "answered_at", "counted_at", "skipped", "quotable"),
)
"""In this order; the last four are written in one way by each driver."""
_counted = (
    f"SELECT pseudonym, {', '.join(_SAID)} FROM answers"  # noqa: S608 - names of our own columns
    " WHERE round_id = :round AND counted_at IS NOT NULL AND withdrawn_at IS NULL"
)
# As text, values come as the driver has them: moments made for each row and taken apart again were most of the cost.
_everybody = text(f"{_counted} ORDER BY pseudonym")
_somebody = text(f"{_counted} AND pseudonym = :pseudonym")


class Seals(NamedTuple):
    """Seals of participations; what people said about themselves has its own, as it goes earlier."""

    said: frozenset[bytes]
    about: frozenset[bytes]
    people: int = 0
    answers: int = 0
    """Rows that are sealed."""


NOTHING = Seals(frozenset(), frozenset())


class Line(NamedTuple):
    """What an entry of a trail says of what lies beside the round."""

    what: str
    why: str
    sealed: Noted


# --------------------------------------------------------------------------- what an entry notes


def place(new: Place) -> Noted:
    """Return the seal of a place and its code."""
    return {"place": _place(new)}


def handed_in(db: Connection, round_id: int, without: Collection[bytes] = (), *, final: bool = False) -> Noted:
    """Return the seals of what was handed in and stands, but for the pseudonyms `without`, who are in the middle.

    `final`: nothing is added any more.
    """
    found = _seals(_participations(db, round_id), without)
    counts = {"people": found.people, "rows": found.answers}
    return {ANSWERS: {**counts, "said": _packed(found.said), "about": _packed(found.about), "final": final}}


def asked(db: Connection, round_id: int) -> Noted:
    """Return how many people a round meant to ask: each keeps a row, whatever becomes of them."""
    return {AUDIENCE: sum(audience.counts(db, round_id).values())}


def kept(db: Connection, round_id: int) -> Noted:
    """Return the seal of the findings of a round."""
    return {"findings": _findings(db, round_id)}


def of_one(db: Connection, round_id: int, pseudonym: bytes) -> Seals:
    """Return the seals of one participation; empty ones where nothing of it is handed in."""
    return _seals(_participations(db, round_id, pseudonym), ())


def forgotten(gone: Seals, stays: Seals) -> Noted:
    """Return which seals go because somebody had theirs deleted, and which stand for what stays without them."""
    pairs = {"said": gone.said, "about": gone.about, "stays": stays.said | stays.about}
    return {"forgotten": {name: _packed(seals) for name, seals in pairs.items()}}


def taken_back(gone: Seals, stays: Seals) -> Noted:
    """Return which seals go because somebody took back some of theirs, and which stand for what they leave there."""
    return {"taken_back": forgotten(gone, stays)["forgotten"]}


def swept(what: str, rows: int) -> Noted:
    """Return that so many rows of a kind, `ANSWERS` or `ABOUT_YOU`, are past their date and gone."""
    return {"swept": what, "rows": rows}


# --------------------------------------------------------------------------- what is not as it was sealed


def altered(db: Connection, round_id: int, lines: Sequence[Line]) -> tuple[str, ...]:
    """Return what is not as the entries of a trail have sealed it: `places`, `audience`, `answers`, `findings`."""
    wrong = {
        "places": _places_altered(db, round_id, lines),
        AUDIENCE: _audience_altered(db, round_id, lines),
        "answers": _answers_altered(db, round_id, lines),
        "findings": _findings_altered(db, round_id, lines),
    }
    return tuple(name for name, found in wrong.items() if found)


def deletions(lines: Iterable[Line]) -> int:
    """Return how many people had sealed answers of theirs deleted."""
    return sum("forgotten" in line.sealed for line in lines)


def _places_altered(db: Connection, round_id: int, lines: Sequence[Line]) -> bool:
    """Compare each place with the entry that named it; earlier versions noted nothing but its name."""
    placed = [line for line in lines if line.what == PLACED]
    noted = Counter(line.sealed["place"] for line in placed if "place" in line.sealed)
    named = Counter(line.why for line in placed if "place" not in line.sealed)
    there = places_of(db, round_id)
    strange = [each.name for each in there if _place(each) not in noted]
    return Counter(strange) != named or Counter(_place(each) for each in there if each.name not in strange) != noted


def _audience_altered(db: Connection, round_id: int, lines: Iterable[Line]) -> bool:
    return any(asked(db, round_id) != {AUDIENCE: line.sealed[AUDIENCE]} for line in lines if AUDIENCE in line.sealed)


def _findings_altered(db: Connection, round_id: int, lines: Sequence[Line]) -> bool:
    """Compare the findings with what was sealed; findings that nothing counted are forged."""
    counted = [line.sealed.get("findings") for line in lines if line.what == COUNTED]
    now = _findings(db, round_id)
    return bool(now) if not counted else counted[-1] not in {None, now}


class _Standing(NamedTuple):
    """What the entries up to some point say must be there."""

    said: frozenset[bytes]
    about: frozenset[bytes]
    final: bool
    wrong: bool = False


def _answers_altered(db: Connection, round_id: int, lines: Iterable[Line]) -> bool:
    standing = reduce(_after, (line.sealed for line in lines), None)
    if standing is None:
        return False
    there = _seals(_participations(db, round_id), ())
    if standing.final:
        return standing.wrong or (standing.said, standing.about) != (there.said, there.about)
    return standing.wrong or not (standing.said <= there.said and standing.about <= there.about)


def _after(before: _Standing | None, noted: Noted) -> _Standing | None:
    """Return what must be there after one more entry. A later seal must hold all that was sealed before it."""
    if ANSWERS in noted:
        return _sealed_anew(before, noted[ANSWERS])
    if before is None:
        return None
    if (back := noted.get("forgotten") or noted.get("taken_back")) is not None:
        return _without(before, back)
    gone = noted.get("swept")
    if gone == ANSWERS:
        return _Standing(frozenset(), frozenset(), final=True, wrong=before.wrong)
    return before._replace(about=frozenset()) if gone == ABOUT_YOU else before


def _sealed_anew(before: _Standing | None, noted: Mapping[str, Any]) -> _Standing:
    said, about = _unpacked(noted["said"]), _unpacked(noted["about"])
    lost = before is not None and not (before.said <= said and before.about <= about)
    return _Standing(said, about, noted["final"], lost or (before is not None and before.wrong))


def _without(before: _Standing, noted: Mapping[str, str]) -> _Standing:
    said, about, stays = (_unpacked(noted[name]) for name in ("said", "about", "stays"))
    strange = before.final and not (said <= before.said and about <= before.about)
    left = (before.said - said) | stays
    return _Standing(left, before.about - about, before.final, before.wrong or strange)


# --------------------------------------------------------------------------- seals


def _place(one: Place) -> str:
    return _hex([one.code, one.name, _moment(one.created_at)])


def _findings(db: Connection, round_id: int) -> str | None:
    at = db.execute(select(findings.c.at).where(findings.c.round_id == round_id)).scalar()
    return _hex([_moment(at), kept_findings.get(db, round_id)]) if at else None


def _participations(
    db: Connection, round_id: int, pseudonym: bytes | None = None
) -> Iterator[tuple[bytes, list[Said]]]:
    """Give (pseudonym, what it said that counts), one participation after the other."""
    wanted, known = (_everybody, {}) if pseudonym is None else (_somebody, {"pseudonym": pseudonym})
    rows = db.execute(wanted, {"round": round_id, **known}, execution_options={"yield_per": 1000})
    for who, said in groupby(map(tuple, rows), key=itemgetter(0)):
        yield bytes(who), list(said)


def _seals(found: Iterable[tuple[bytes, Sequence[Said]]], without: Collection[bytes]) -> Seals:
    said, about, people, count = set(), set(), 0, 0
    left_out = frozenset(without)
    for who, rows in found:
        if who not in left_out:
            you = [row for row in rows if (row[1] or "").startswith(_YOU)]
            rest = [row for row in rows if not (row[1] or "").startswith(_YOU)]
            said |= {_seal(who, rest)} if rest else set()
            about |= {_seal(who, you)} if you else set()
            people, count = people + 1, count + len(rows)
    return Seals(frozenset(said), frozenset(about), people, count)


def _seal(who: bytes, rows: Iterable[Said]) -> bytes:
    """Return the seal of what somebody said, in whatever order a database gives it."""
    lines = sorted(map(_line, rows))
    return hashlib.sha256("\n".join([who.hex(), *lines]).encode()).digest()[:_SIZE]


def _line(row: Said) -> str:
    answered, counted, skipped, quotable = row[-4:]
    return json.dumps([*row[1:-4], _moment(answered), _moment(counted), bool(skipped), bool(quotable)])


def _packed(seals: Iterable[bytes]) -> str:
    return b64encode(b"".join(sorted(seals))).decode()


def _unpacked(text: str) -> frozenset[bytes]:
    whole = b64decode(text)
    return frozenset(whole[at : at + _SIZE] for at in range(0, len(whole), _SIZE))


def _hex(said: object) -> str:
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def _moment(at: datetime | str) -> str:
    """Return a moment as SQLite keeps it: in UTC, without a zone."""
    if isinstance(at, str):
        return at
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
