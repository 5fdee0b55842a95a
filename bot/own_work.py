"""What is kept of somebody of the city about their own work, for MYDATA, and what of it goes with DELETE.

How somebody saw themselves, and what they expected of a round, is theirs alone and goes. What they look after, or
looked after, is a record of the city and stays (Art. 17 (3) b GDPR): their name goes from what is over; what is open
they still look after, until somebody else does. That they corrected a theme stays without their name. Their name,
roles and what the log says of them stay too: what is done in the name of the city has to be provable.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from bot.assessing.words import words
from bot.digests import choosing
from bot.digests.model import dump, load
from bot.digests.schedule import DAYS
from storage import actions, assessments, digests, looks, people, proof, rounds, themes, trail
from storage.actions import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.texts import Texts
    from storage.assessments import Form, Level


def kept(db: Connection, config: Config, person_id: int, language: str) -> list[str]:
    """Return everything in words, each part as one message."""
    said = words(language)
    names = {each.key: each.label(language) for each in config.services}
    return [
        *_known(db, config, person_id, names, said),
        *_forms(db, config, person_id, names, said),
        *_guesses(db, person_id, said),
        *_shown(db, config, person_id, names, said),
        *_deeds(db, person_id, names, said),
        *_corrected(db, person_id, said),
    ]


def _known(db: Connection, config: Config, person_id: int, names: dict[str, str], said: Texts) -> Iterator[str]:
    """Give name, roles, what they have chosen for their digest, and how many lines of the log name them."""
    person = people.get(db, person_id)
    if person is None:
        return
    lines = [said("kept.name", name=person.name)]
    roles = sorted(people.roles_of(db, person_id), key=lambda each: each.role)
    for role, held in groupby(roles, key=lambda each: each.role):
        days = [
            (names.get(one.service, one.service), one.created_at.astimezone(config.city.zone).date()) for one in held
        ]
        since = ", ".join(f"{service} ({said.days(day, day)})" for service, day in days)
        lines.append(said(f"menu.may_{role}", services=since))
    if any(one.role == "manager" for one in roles):
        lines.append(choosing.told(person, said, DAYS[config.digest.weekday], f"{config.digest.time:%H:%M}"))
    if person.zone:
        lines.append(said("kept.zone", zone=person.zone))
    if logged := trail.naming(db, person.name) + looks.naming(db, person.name):
        lines.append(said.many("kept.log", logged))
    yield "\n".join(lines)


def settings(db: Connection, person_id: int) -> Iterator[tuple[str, str]]:
    """Give what is kept of somebody of the city as a person, by its name (the file of their data)."""
    person = people.get(db, person_id)
    if person is not None:
        known = (
            "name",
            "language",
            "zone",
            "digest_day",
            "digest_time",
            "digest_every",
            "digest_by",
            "digest_language",
        )
        yield from ((name, getattr(person, name)) for name in known if getattr(person, name))
        yield "log_lines", str(trail.naming(db, person.name) + looks.naming(db, person.name))


def _forms(db: Connection, config: Config, person_id: int, names: dict[str, str], said: Texts) -> Iterator[str]:
    forms = assessments.of_person(db, person_id)
    levels = assessments.levels(db, [each.id for each in forms])
    for form in forms:
        head = said("kept.form", service=names.get(form.service, form.service), day=_day(form, config, said))
        yield "\n".join((head, *(_level(item, level, said) for item, level in sorted(levels[form.id].items()))))


def _day(form: Form, config: Config, said: Texts) -> str:
    day = (form.done_at or form.begun_at).astimezone(config.city.zone).date()
    return said.days(day, day)


def _level(item: str, level: Level, said: Texts) -> str:
    told = said(f"level.{'na' if level.level is None else level.level}")
    line = said("kept.item", item=said(f"item.{item}.short"), level=told)
    return f"{line} {said('kept.evidence', evidence=level.evidence)}" if level.evidence else line


def _guesses(db: Connection, person_id: int, said: Texts) -> Iterator[str]:
    for guess in assessments.predictions(db, person_id):
        of = rounds.get(db, guess.round_id)
        yield said("kept.guess", title=of.title if of else "", percent=said.number(guess.percent))


def _shown(db: Connection, config: Config, person_id: int, names: dict[str, str], said: Texts) -> Iterator[str]:
    for service in (each.key for each in config.services):
        who = [people.get(db, one) for one in sorted(assessments.viewers(db, person_id, service))]
        if who:
            listed = said("digest.themes.between").join(each.name for each in who if each)
            yield said("kept.shown", service=names[service], names=listed)


def _deeds(db: Connection, person_id: int, names: dict[str, str], said: Texts) -> Iterator[str]:
    for deed in actions.owned(db, person_id):
        key = "kept.deed" if deed.state == OPEN else "kept.deed_over"
        yield said(key, service=names.get(deed.service, deed.service), words=deed.words)


def _corrected(db: Connection, person_id: int, said: Texts) -> Iterator[str]:
    if texts := themes.corrected(db, person_id):
        yield said.many("kept.corrected", texts)


def forget(db: Connection, person_id: int, now: datetime) -> bool:
    """Delete what is theirs alone, take their name from what stays and is over; return whether there was anything."""
    gone = assessments.forget(db, person_id) + _gaps(db, person_id)
    proof.note(db, "assessments", gone, now)
    return gone + actions.detach(db, person_id) + themes.detach(db, person_id) > 0


def _gaps(db: Connection, person_id: int) -> int:
    """Take what somebody expected out of their digests; all else in these is the same for every manager."""
    changed = 0
    for row in digests.of(db, person_id):
        digest = load(row.body)
        if digest is not None and digest.gap is not None:
            digests.rewrite(db, replace(row, body=dump(replace(digest, gap=None))))
            changed += 1
    return changed
