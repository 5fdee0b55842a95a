"""How managers see their own work: forms, predictions, who was asked to look, and whom they show it to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from storage.rows import Insert, Shape, insert_new, many
from storage.tables import answers, assessed_levels, assessment_calls, assessment_viewers, assessments, moves
from storage.tables import predictions as predicted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Form:
    """One look of a person at a service; `stage` is None for the whole form, `done_at` while it is not at its end."""

    id: int
    person_id: int
    service: str
    stage: str | None
    begun_at: datetime
    done_at: datetime | None
    session: str | None
    top: str
    """JSON list of items."""


class Level(NamedTuple):
    """What was said of an item; `level` None: not for us now."""

    level: int | None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """How many of a hundred somebody expected to give the good answer in a round."""

    round_id: int
    person_id: int
    percent: int
    said_at: datetime


_form = Shape(assessments, Form)
_prediction = Shape(predicted, Prediction)
_all = select(*_form.columns)
_insert_levels = Insert(assessed_levels, ("assessment_id", "item", "level", "evidence"))
_call = insert_new(assessment_calls)
_say = Insert(
    predicted,
    _prediction.names,
    end="ON CONFLICT (round_id, person_id) DO UPDATE SET percent = excluded.percent, said_at = excluded.said_at",
)


# --------------------------------------------------------------------------- forms


def begin(db: Connection, person_id: int, service: str, stage: str | None, now: datetime) -> int:
    """Keep that somebody begins a form; what they had begun before for the same is dropped. Returns its id."""
    mine = (assessments.c.person_id == person_id, assessments.c.service == service, assessments.c.done_at.is_(None))
    db.execute(delete(assessments).where(*mine))
    row = {"person_id": person_id, "service": service, "stage": stage, "begun_at": now, "touched_at": now, "top": "[]"}
    return int(db.execute(insert(assessments).returning(assessments.c.id), row).scalar_one())


def get(db: Connection, form_id: int) -> Form | None:
    """Return one form."""
    return _form.first(db.execute(_all.where(assessments.c.id == form_id)))


def begun(db: Connection, person_id: int, service: str) -> Form | None:
    """Return what somebody has begun and not brought to its end."""
    mine = (assessments.c.person_id == person_id, assessments.c.service == service, assessments.c.done_at.is_(None))
    return _form.first(db.execute(_all.where(*mine).order_by(assessments.c.id.desc()).limit(1)))


def remember(db: Connection, form_id: int, session: str, now: datetime) -> None:
    """Keep how far somebody has come in the chat."""
    db.execute(update(assessments).where(assessments.c.id == form_id).values(session=session, touched_at=now))


def finish(db: Connection, form_id: int, levels: Mapping[str, Level], top: Sequence[str], now: datetime) -> bool:
    """Keep a form as it is at its end; return whether it was not at its end before."""
    values = {"done_at": now, "touched_at": now, "session": None, "top": json.dumps(list(top))}
    mine = update(assessments).where(assessments.c.id == form_id, assessments.c.done_at.is_(None))
    if not db.execute(mine.values(values)).rowcount:
        return False
    _insert_levels(db, [(form_id, item, said.level, said.evidence) for item, said in sorted(levels.items())])
    return True


def done(db: Connection, service: str, people: Collection[int]) -> list[Form]:
    """Return the forms of a service that these people have brought to their end, the newest first."""
    theirs = (assessments.c.service == service, assessments.c.person_id.in_(list(people)))
    ended = _all.where(*theirs, assessments.c.done_at.is_not(None))
    return _form.read(db.execute(ended.order_by(assessments.c.done_at.desc(), assessments.c.id.desc())))


def of_person(db: Connection, person_id: int) -> list[Form]:
    """Return all forms of a person, also those they have not brought to their end, the newest first (MYDATA)."""
    mine = _all.where(assessments.c.person_id == person_id)
    return _form.read(db.execute(mine.order_by(assessments.c.begun_at.desc(), assessments.c.id.desc())))


def forget(db: Connection, person_id: int) -> int:
    """Forget how a person saw themselves, what they expected, and whom they show it to; return how many rows went.

    That they were asked stays: they would be asked again at once.
    """
    tables = (assessments, predicted, assessment_viewers)
    return sum(db.execute(delete(table).where(table.c.person_id == person_id)).rowcount for table in tables)


def all_done(db: Connection) -> list[Form]:
    """Return all forms at their end, of all services, the newest first: for means of several teams."""
    ended = _all.where(assessments.c.done_at.is_not(None))
    return _form.read(db.execute(ended.order_by(assessments.c.done_at.desc(), assessments.c.id.desc())))


def levels(db: Connection, forms: Collection[int]) -> dict[int, dict[str, Level]]:
    """Return what was said of each item in these forms."""
    columns = (assessed_levels.c.assessment_id, assessed_levels.c.item, assessed_levels.c.level)
    wanted = select(*columns, assessed_levels.c.evidence).where(assessed_levels.c.assessment_id.in_(list(forms)))
    found: dict[int, dict[str, Level]] = {form: {} for form in forms}
    for form, item, level, evidence in db.execute(wanted.order_by(*columns[:2])):
        found[form][item] = Level(level, evidence)
    return found


def last_done(db: Connection) -> dict[tuple[int, str], datetime]:
    """Return when each person last brought a whole form to its end, by person and service."""
    by = (assessments.c.person_id, assessments.c.service)
    whole = select(*by, func.max(assessments.c.done_at)).where(assessments.c.stage.is_(None))
    rows = db.execute(whole.where(assessments.c.done_at.is_not(None)).group_by(*by))
    return {(person_id, service): at for person_id, service, at in rows}


# --------------------------------------------------------------------------- predictions


def predict(db: Connection, new: Prediction) -> None:
    """Keep a prediction in place of the one before; only where `is_answered` says no, in the same transaction."""
    _say(db, [(new.round_id, new.person_id, new.percent, new.said_at)])


def is_answered(
    db: Connection, round_id: int, service: str, stage: str, since: datetime, states: Collection[str]
) -> bool:
    """Whether anybody has answered a round, or has answers that count at the stage of its service since a moment.

    `states` are the round's questions: that somebody went on from one is remembered when all answers are erased.
    """
    here = (answers.c.round_id == round_id,)
    beside = (answers.c.service == service, answers.c.counted_at >= since, answers.c.stage == stage)
    gone = (moves.c.round_id == round_id, moves.c.origin.in_(list(states)))
    looks = (select(answers.c.id).where(*here), select(answers.c.id).where(*beside), select(moves.c.count).where(*gone))
    return any(db.execute(each.limit(1)).first() is not None for each in looks)


def predictions(db: Connection, person_id: int, *, until: datetime | None = None) -> list[Prediction]:
    """Return what somebody has predicted, by the round; until a moment where one is given."""
    mine = [predicted.c.person_id == person_id, *([predicted.c.said_at < until] if until else [])]
    return _prediction.read(db.execute(select(*_prediction.columns).where(*mine).order_by(predicted.c.round_id)))


# --------------------------------------------------------------------------- being asked


def call(db: Connection, person_id: int, service: str, occasions: Iterable[str], now: datetime) -> bool:
    """Keep that somebody is asked, on these occasions at once; return whether none of them was before."""
    rows = [{"person_id": person_id, "service": service, "occasion": each, "at": now} for each in occasions]
    return many(db, _call, rows) == len(rows)


def called(db: Connection) -> dict[tuple[int, str], dict[str, datetime]]:
    """Return when each person was asked, by person and service and then occasion."""
    found: dict[tuple[int, str], dict[str, datetime]] = {}
    for person_id, service, occasion, at in db.execute(select(assessment_calls)):
        found.setdefault((person_id, service), {})[occasion] = at
    return found


# --------------------------------------------------------------------------- who may see it


def show_to(db: Connection, person_id: int, service: str, viewers: Iterable[int]) -> None:
    """Let exactly these people see somebody's scores of a service."""
    mine = (assessment_viewers.c.person_id == person_id, assessment_viewers.c.service == service)
    db.execute(delete(assessment_viewers).where(*mine))
    rows = [{"person_id": person_id, "viewer_id": one, "service": service} for one in sorted(set(viewers))]
    if rows:
        db.execute(insert(assessment_viewers), rows)


def viewers(db: Connection, person_id: int, service: str) -> set[int]:
    """Return who may see somebody's scores of a service, beside themselves."""
    mine = (assessment_viewers.c.person_id == person_id, assessment_viewers.c.service == service)
    return set(db.execute(select(assessment_viewers.c.viewer_id).where(*mine)).scalars())


def shown_to(db: Connection, viewer_id: int, service: str) -> set[int]:
    """Return whose scores of a service somebody may see, beside their own."""
    theirs = (assessment_viewers.c.viewer_id == viewer_id, assessment_viewers.c.service == service)
    return set(db.execute(select(assessment_viewers.c.person_id).where(*theirs)).scalars())
