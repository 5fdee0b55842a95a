"""A constraint as limits of its question: as much of it as they can say, and what of it they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.importing import bounds
from bot.importing.bounds import NEVER_KEPT, Bounds
from bot.importing.xpath import Beyond, conjuncts, holds, parse, refs

if TYPE_CHECKING:
    from bot.importing.questions import Question

MOST_PARTS = 12
"""Parts of a constraint that are tried one by one."""

_SHOWN = 60
"""Letters of a part that are shown."""


class Carried(NamedTuple):
    """What of a constraint is kept, and in words what answers are not checked for."""

    bounds: Bounds
    lost: tuple[str, ...] = ()


def carried(question: Question, said: str) -> Carried:
    """Return a constraint as limits. Where they cannot say all, each part of it joined by "and" is tried by itself."""
    try:
        return Carried(_bounds(question, said))
    except Beyond as beyond:
        parts = conjuncts(said)
        if not 1 < len(parts) <= MOST_PARTS or str(beyond) == NEVER_KEPT:
            return Carried(Bounds(), (str(beyond),))
    return _by_part(question, parts)


def _by_part(question: Question, parts: list[str]) -> Carried:
    kept: list[str] = []
    lost: list[str] = []
    found = Bounds()
    for part in parts:
        try:
            parse(part)  # so that what is told of it is of it alone
            found = _bounds(question, " and ".join(f"({one})" for one in (*kept, part)))
            kept.append(part)
        except Beyond as beyond:
            lost.append(f"{beyond}: {part if len(part) <= _SHOWN else f'{part[:_SHOWN]} …'}")
    return Carried(found, tuple(lost))


def _bounds(question: Question, said: str) -> Bounds:
    node = parse(said)
    if not refs(node):
        if holds(node, {}):
            return Bounds()
        raise Beyond(NEVER_KEPT)
    match question.verb:
        case "number":
            return bounds.of_number(node, whole=question.whole)
        case "ask":
            return bounds.of_text(node)
        case "pick":
            return bounds.of_picks(node, [choice.name for choice in question.choices])
        case _:
            raise Beyond(f'"{said[:40]}"')
