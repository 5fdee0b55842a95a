"""What a form calculates: constants, which stand in its words, and columns, which follow from answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.importing.questions import Column
from bot.importing.relevance import ALWAYS, NEVER, both, when
from bot.importing.workbook import kind_of
from bot.importing.xpath import Beyond, Call, Literal, Ref, parse, put, refs, string, worth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.importing.questions import Question
    from bot.importing.relevance import When
    from bot.importing.ways import Earlier
    from bot.importing.workbook import Row
    from bot.importing.xpath import Node

TYPES = {"calculate", "q calculate", "add calculate prompt"}

LONGEST = 40
"""Lines that a column may have before nobody can read it."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """One thing that a form calculates."""

    row: int
    name: str
    id: str
    said: str
    """Its expression; where its conditions do not hold it has no value."""


def constants(rows: Sequence[Row]) -> dict[str, str]:
    """Return what is calculated of nothing that anybody answers, by name. What has a condition is none."""
    known: dict[str, Node] = {name: Literal("") for name in silent(rows)}
    found: dict[str, str] = {}
    times = Counter(row.text("name") for row in rows)
    for row in _unconditional(rows):
        name = row.text("name")
        try:
            node = put(parse(row.text("bind", "calculate")), known)
            if not refs(node) and times[name] == 1:
                found[name] = string(worth(node, {}))
                known[name] = Literal(found[name])
        except Beyond:
            continue
    return found


def silent(rows: Sequence[Row]) -> set[str]:
    """Return the names of notes and calculations that never hold anything: nothing is calculated or filled in there."""
    mute = [row for row in rows if row.text("type") in {"note", *TYPES}]
    empty = [row for row in mute if not (row.text("bind", "calculate") or row.text("default"))]
    loud = {row.text("name") for row in rows if row not in empty}
    return {row.text("name") for row in empty} - loud


def _unconditional(rows: Sequence[Row]) -> Iterator[Row]:
    """Give the rows that calculate for everybody."""
    within: list[bool] = []
    for row in rows:
        what = kind_of(row.text("type")).what
        conditional = bool(row.text("bind", "relevant")) or any(within)
        if what == "begin":
            within.append(conditional)
        elif what == "end" and within:
            within.pop()
        elif row.text("type") in TYPES and not conditional and not row.text("disabled"):
            yield row


def column(made: Reckoned, earlier: Earlier) -> Column:
    """Return what is calculated as a column. Raises Beyond where comparisons cannot say it."""
    lines = [*_lines(earlier.read(made.said), earlier)]
    while lines and lines[-1][1] == "":
        lines.pop()
    if len(lines) > LONGEST:
        raise Beyond("so many cases")
    return Column(made.name, made.id, tuple(lines))


def _lines(node: Node, earlier: Earlier) -> Iterator[tuple[When, str | Question]]:
    """Give lines of which the first that holds says the value; the last always holds."""
    match node:
        case Call(name="if", over=(said, one, other)):
            holding = when(said, earlier.find)
            for inner, value in _lines(one, earlier) if holding != NEVER else ():
                if (narrowed := both(holding, inner, earlier.find)) != NEVER:
                    yield narrowed, value
            if holding != ALWAYS:
                yield from _lines(other, earlier)
        case Ref(name=name):
            yield ALWAYS, _copied(earlier.find(name))
        case _ if not refs(node):
            yield ALWAYS, string(worth(node, {}))
        case _:
            raise Beyond("more than an answer or a text")


def _copied(question: Question) -> Question:
    if question.verb in {"photo", "voice"}:
        raise Beyond(f"${{{question.name}}}, which is a file")
    return question
