"""Several messages that make one answer together: how they are kept, joined, and changed one by one. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flows.danger import speaks_of_danger
from flows.model import Answer, Kind, Part
from flows.understand import words_of
from flows.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flows.model import Ask, Message, Script, Session
    from flows.understood import Fault


def of(session: Session, sent_as: str) -> str:
    """Return the question whose answer holds the message of this name; empty where none does."""
    held = (state for state, parts in session.parts.items() for part in parts if sent_as and part.sent_as == sent_as)
    return next(held, "")


def part_of(message: Message) -> Part:
    """Return what a message adds to an answer."""
    return Part(message.sent_as, clean(message.text))


def so_far(session: Session) -> tuple[Part, ...]:
    """Return what was said to the question at hand while more of it is waited for."""
    return session.parts.get(session.state, ()) if session.joins_until else ()


def lines(parts: Iterable[Part]) -> str:
    """Return the messages as one text, each on a line of its own."""
    return "\n".join(part.text for part in parts)


def joined(question: Ask, parts: Iterable[Part]) -> Answer | Fault:
    """Return the answer that these messages are together, or what is wrong with it."""
    return words_of(question, lines(parts))


def is_enough(question: Ask, parts: Iterable[Part]) -> bool:
    """Whether these messages are an answer already."""
    return isinstance(joined(question, parts), Answer)


def waiting(session: Session, question: Ask, parts: tuple[Part, ...], now: datetime) -> Session:
    """Return the session with these messages and the next question held back for as long as more may join them."""
    until = now + timedelta(seconds=question.joins_within)
    kept = {state: said for state, said in session.parts.items() if state in session.answers}
    return session.moved(parts={**kept, question.id: parts}, joins_until=until.isoformat(), tries=0, asking="")


def new_words(script: Script, before: tuple[Part, ...], part: Part) -> str:
    """Return what may speak of danger now: all words together, unless those before did by themselves already."""
    return part.text if speaks_of_danger(script, lines(before)) else lines((*before, part))


def amended(parts: tuple[Part, ...], message: Message) -> tuple[Part, ...] | None:
    """Return the messages of an answer with an edited one in its place; None where it is none of them.

    Where the channel does not tell which one was edited, it stands for them all.
    """
    fresh = part_of(message)
    if message.kind is not Kind.TEXT or not fresh.text:
        return None
    if not message.sent_as:
        return (fresh,)
    changed = tuple([fresh if one.sent_as == message.sent_as else one for one in parts])
    return changed if fresh in changed else None
