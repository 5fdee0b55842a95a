"""Which files in the folder of uploads something still needs; the rest may go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage.tables import answers, inbox, messages, rounds, thread_messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

_NAME = re.compile(r"[A-Za-z0-9_-]{16,64}\.[a-z0-9]{3,4}")
"""What may be the name of an upload where something needs it."""
_OURS = re.compile(
    r"[A-Za-z0-9_-]{32}\.(?:jpg|ogg|webm|m4a|wav|mp3)|[0-9a-f]{40}\.png|document-[0-9a-f]{64}\.(?:pdf|half)"
)
"""Names we give: of chance (`bot.clock.mint`) to what citizens send, of a key to pictures, of a hash to documents."""
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
"""By what the record of a round names a document."""


def is_ours(name: str) -> bool:
    """Whether a file has a name that only we give: a city may keep other things in the same folder."""
    return _OURS.fullmatch(name) is not None


def needed(db: Connection) -> set[str]:
    """Return the names of files of answers, threads and web chats, and of the documents of rounds."""
    signed = db.execute(select(rounds.c.record).where(rounds.c.record.contains('"documents"'))).scalars()
    documents = {f"document-{sha256}.pdf" for record in signed for sha256 in _HASH.findall(record)}
    return {name for text in _texts(db) for name in _NAME.findall(text)} | documents


def _texts(db: Connection) -> Iterator[str]:
    for column in (answers.c.file, thread_messages.c.file):
        yield from db.execute(select(column).where(column.is_not(None), column.contains("."))).scalars()
    yield from db.execute(select(messages.c.body).where(messages.c.body.contains('"file"'))).scalars()


def oldest_undone(db: Connection) -> datetime | None:
    """Return when the first update of the web chat came that had no turn yet: it may bring a file nothing names."""
    undone = select(func.min(inbox.c.received_at)).where(inbox.c.done_at.is_(None), inbox.c.channel == "web")
    return db.execute(undone).scalar()
