"""Who has lost a role gets nothing any more that it let them read, also where it was written already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import rights
from bot.rights import Right
from flows.words import whole
from storage import actions, alarms, answers, contacts, outbox, people, threads

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.contacts import Contact
    from storage.people import Role


def withhold(db: Connection, person_id: int, now: datetime) -> int:
    """Do not send a member of staff what waits for them and their roles let them read no more; return how many.

    Of citizens' words that have arrived nothing is kept here either: what apps and mailboxes hold is out of our reach.
    """
    left, mine = people.roles_of(db, person_id), contacts.of_person(db, person_id)
    contacts.hold(db, [contact.id for contact in mine])
    recalled = sum(
        outbox.recall(db, contact.id, [key], now)
        for contact in mine
        for key in outbox.unsent_keys(db, contact.id)
        if not _may_read(db, left, contact, key)
    )
    for contact in mine:
        kept = outbox.keys_of(db, contact.id, (alarms.LETTERS, threads.LETTERS))
        gone = [key for key in kept if not _may_read(db, left, contact, key)]
        outbox.remove(db, contact.id, gone)
    quoting = outbox.quoting(db, [contact.id for contact in mine])
    outbox.erase(db, [key for key, quoted in quoting if not _may_open(db, left, quoted)])
    return recalled


def _may_open(db: Connection, left: Sequence[Role], quoted: Collection[str]) -> bool:
    """Whether somebody with these roles may open all of these answers."""
    return all(rights.may(left, service, Right.READ_ANSWERS) for service in answers.services_of(db, quoted))


def _may_read(db: Connection, left: Sequence[Role], contact: Contact, key: str) -> bool:
    """Whether somebody with these roles may read the letter of this key; what is sent to everybody they may."""
    kind, *rest = key.replace(":", ".").split(".")
    match kind, rest:
        case "thread", [name, *_]:
            thread = threads.named(db, name)
            if thread is None or thread.contact_id == contact.id:
                return True
            return rights.may(left, thread.service, Right.ANSWER_CITIZENS)
        case "alarm", [number, *_]:
            alarm = alarms.get(db, whole(number) or 0)
            heard = any(rights.may(left, each.service, Right.HEAR_FAULTS) for each in left)
            return heard or (alarm is not None and rights.may(left, alarm.service, Right.HEAR_ALARMS))
        case "digest", [_, service, *_]:
            return rights.may(left, service, Right.READ_DIGESTS)
        case "assess", [_, service, *_]:
            return rights.may(left, service, Right.ASSESS)
        case "deed", [number, *_]:
            deed = actions.get(db, whole(number) or 0)
            return deed is not None and rights.may(left, deed.service, Right.ACT_ON_DIGESTS)
        case _:
            return True
