"""What a message can be to a question: an answer, a step towards one, or a fault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

from msgspec import Struct, field

from flows.model import Answer


class Fault(Struct, frozen=True):
    """Why a message is no answer: the key of the sentence that says so, and what fills it."""

    phrase: str
    values: Mapping[str, object] = field(default_factory=dict)


class Ticked(Struct, frozen=True):
    """No answer yet: what is ticked, ordered or given so far; `anew` where a message of its own asks for the rest."""

    picked: tuple[str, ...]
    anew: bool = False


class Here(Struct, frozen=True):
    """Where a citizen stands in the question at hand: what is picked so far, whose session it is, and which day."""

    picked: tuple[str, ...] = ()
    tag: str = ""
    today: date | None = None


NOWHERE = Here()

Understood: TypeAlias = Answer | Ticked | Fault
