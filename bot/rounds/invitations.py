"""The first message of a round, to everyone who agreed to be invited again and was not asked lately."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.compose import compose
from bot.letters import BULK, letters
from bot.rounds.record import in_language
from flows.model import Button, Prompt
from flows.words import fill
from storage import contacts, outbox, rounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.rounds.library import Library, Played
    from storage.contacts import Contact

REST = timedelta(days=30)
"""A person is asked at most once in this time per service."""
BATCH = 500


def letters_of(round_id: int) -> tuple[str, ...]:
    """Return what the keys of the messages begin with that ask people into a round, or back into it."""
    return f"invite.{round_id}.", f"silence.{round_id}."


def invite(
    db: Connection, played: Played, library: Library, channels: Mapping[str, Capabilities], now: datetime
) -> int:
    """Enqueue invitations for the next batch of the audience; return how many were asked, 0 when all are."""
    row = played.row
    asked = contacts.audience_agreed(db, row.id, row.service, now - REST, limit=BATCH)
    fresh = set(rounds.invite(db, row.id, [each.id for each in asked], "invitation", now))
    prompts: dict[str, Prompt] = {}
    out = []
    for contact in asked:
        if contact.id not in fresh or contact.channel not in channels:
            continue
        if contact.language not in prompts:
            prompts[contact.language] = prompt(played, library, contact.language)
        parts = compose([prompts[contact.language]], channels[contact.channel])
        out += letters(contact, parts, f"invite.{row.id}.{contact.id}", now, BULK)
    outbox.enqueue(db, out)
    return len(asked)


def prompt(played: Played, library: Library, language: str) -> Prompt:
    """Return the invitation in a language, with its three answers."""
    phrases = library.phrases[language]
    values = library.facts(played.row, played.flow).values
    known = {name: in_language(value, language) for name, value in values.items()}
    known |= {"n": str(played.flow.questions), "minutes": str(max(1, round(played.flow.minutes)))}
    key = "invitation" if known.get("closes_on") else "invitation_running"
    code = played.row.code
    buttons = (
        Button(phrases["invitation_yes"], f"@round:{code}"),
        Button(phrases["invitation_later"], f"@later:{code}"),
        Button(phrases["invitation_never"], "@never:all"),
    )
    return Prompt(fill(phrases[key], known).strip(), buttons)


def may_remind(contact: Contact) -> bool:
    """Whether a silent session may be reminded of: only with a yes to being written to, and never after STOP."""
    return contact.invite_again_at is not None and contact.may_be_written_to
