"""The second person, who signs what another has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.rights import APPROVER
from storage import people

if TYPE_CHECKING:
    from datetime import datetime

    from bot.rounds.organising import Rounds
    from storage.database import Database

NAME = "Ben"


def signer(database: Database, now: datetime) -> int:
    """Return who may approve every round."""
    with database.transaction() as db:
        known = [person.id for person, _ in people.with_role(db, APPROVER) if person.name == NAME]
        person = known[0] if known else people.add(db, NAME, "en", now).id
        people.grant(db, person, APPROVER, people.EVERY_SERVICE, now)
    return person


def sign(rounds: Rounds, database: Database, code: str, now: datetime) -> None:
    """Let the second person sign a round, where it needs that."""
    if rounds.unsigned(code):
        rounds.approve(code, who=signer(database, now))
