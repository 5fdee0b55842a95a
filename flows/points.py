"""Points divided over options, all at once or option by option: what taps and typed messages make of it. Pure.

Points given stand as `option=points`, in the options' order: so a session keeps them and an answer holds them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flows.model import Answer, Kind
from flows.understood import Fault, Ticked
from flows.words import chosen, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.model import Allocate, Message, Script
    from flows.understood import Understood

_MOST_BUTTONS = 10
_LONGEST = 4
_PARTS = re.compile(r"[,;/&+\n،؛]")
_GIVES = re.compile(r"[:=]")
_NUMBER = re.compile(r"\d+")


def written(given: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Return points as they are kept: `option=points`. `read` is the inverse."""
    return tuple(f"{option}={points}" for option, points in given)


def read(kept: Sequence[str]) -> dict[str, int]:
    """Return what each option was given, by its id."""
    pairs = (one.partition("=") for one in kept)
    return {option: int(points) for option, _, points in pairs}


def left(question: Allocate, kept: Sequence[str]) -> int:
    """Return how many points nobody has got yet."""
    return question.points - sum(read(kept).values())


def offered(question: Allocate, kept: Sequence[str]) -> list[int]:
    """Return the numbers to offer for the option at hand, few enough to be buttons; the last option takes the rest."""
    rest = left(question, kept)
    if len(kept) + 1 >= len(question.options):
        return [rest]
    step = max(1, -(-question.points // _MOST_BUTTONS))
    return sorted({*range(0, rest, step), rest})


# --------------------------------------------------------------------------- what a message gives


def understand(script: Script, question: Allocate, message: Message, given: Sequence[str]) -> Understood:
    """Take a number for the option at hand, one number for each option, or options with their numbers."""
    if message.kind is Kind.TEXT:
        numbers = _bare(message.text)
        if len(numbers) == 1 and len(question.options) > 1:
            return _gave(question, numbers[0], given)
        kept = _in_order(question, numbers) if numbers else _by_name(script, question, message.text)
        if kept is not None:
            return _whole(question, kept)
    return Fault("allocate_again", facts(question))


def tapped(question: Allocate, option: str, given: Sequence[str]) -> Understood | None:
    """Take a tap, `place=points`: the place is the option at hand; None for any other, which is past."""
    place, _, number = option.partition("=")
    if not number.isdecimal() or len(number) > _LONGEST or place != str(len(given)):
        return None
    return _gave(question, int(number), given)


def _gave(question: Allocate, number: int, given: Sequence[str]) -> Understood:
    rest = left(question, given)
    if number > rest:
        return Fault("allocate_over", {"left": rest})
    kept = (*given, *written([(question.options[len(given)].id, number)]))
    return _whole(question, kept) if len(kept) == len(question.options) else Ticked(kept)


def _whole(question: Allocate, kept: tuple[str, ...]) -> Understood:
    """Take points for all options, which must add up."""
    rest = left(question, kept)
    if not rest:
        return Answer(question.id, kept)
    told = {"sum": question.points - rest, "points": question.points, "left": abs(rest)}
    return Fault("allocate_too_few" if rest > 0 else "allocate_too_many", told)


def facts(question: Allocate) -> dict[str, object]:
    """Return what fills the sentences about points: how many, over how many options, an example that adds up.

    The example is as even as can be: nobody is led to a favourite.
    """
    count = len(question.options)
    share, rest = divmod(question.points, count)
    example = ", ".join(str(share + (place < rest)) for place in range(count))
    return {"points": question.points, "count": count, "example": example}


def _bare(text: str) -> list[int]:
    """Return the numbers of a text that holds nothing else ("5 3 2 0")."""
    words = [] if _GIVES.search(text) else fold(text).split()
    fine = all(word.isdigit() and len(word) <= _LONGEST for word in words)
    return [int(word) for word in words] if fine else []


def _in_order(question: Allocate, numbers: Sequence[int]) -> tuple[str, ...] | None:
    if len(numbers) != len(question.options):
        return None
    return written([(option.id, points) for option, points in zip(question.options, numbers, strict=True)])


def _by_name(script: Script, question: Allocate, text: str) -> tuple[str, ...] | None:
    """Read "hours 5, online: 5" or "5 hours and 5 online"; an option not named gets nothing."""
    joined = " ".join(";" if script.words.get(fold(word)) == "and" else word for word in text.split())
    found = _pairs(script.tables[question.id], text) or _pairs(script.tables[question.id], joined)
    if not found:
        return None
    return written([(option.id, found.get(option.id, 0)) for option in question.options])


def _pairs(table: Mapping[str, str], text: str) -> dict[str, int]:
    """Return the points of each option named; empty where any part of the text names none."""
    pairs = [_pair(table, part) for part in _PARTS.split(text) if part.strip()]
    found = dict(pair for pair in pairs if pair)
    return found if len(found) == len(pairs) else {}


def _pair(table: Mapping[str, str], part: str) -> tuple[str, int] | None:
    """Read "hours 5", "hours: 5", "5 hours"; of a label with a number in it the last number is the points."""
    named, sign, given = _GIVES.sub("=", part, count=1).partition("=")
    if sign:
        return _named(table, named, given)
    folded = fold(part)
    numbers = list(_NUMBER.finditer(folded))
    for number in (*numbers[-1:], *numbers[:1]):
        rest = folded[: number.start()] + folded[number.end() :]
        if rest.strip() and (pair := _named(table, rest, number[0])):
            return pair
    return None


def _named(table: Mapping[str, str], label: str, points: str) -> tuple[str, int] | None:
    option, number = chosen(table, label), fold(points)
    return (option, int(number)) if option and number.isdigit() and len(number) <= _LONGEST else None
