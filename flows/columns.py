"""Columns: what follows from a person's answers, worked out where answers are looked at. Nobody is asked it.

A column is a table of comparisons like the ways on: its first line that holds gives its value. Nothing of it is stored,
so it follows an answer that is changed, and is forgotten with the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.branching import holds
from flows.comparing import comparisons, conditions, fault, hollow, placed
from flows.issues import suggestion
from flows.model import (
    Allocate,
    Ask,
    BestWorst,
    Choose,
    Comparison,
    Date,
    Line,
    Number,
    Pick,
    Place,
    Rank,
    Rate,
    Session,
)
from flows.understand import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.form import LineForm, WhenForm
    from flows.model import Answer, Condition, Flow, State, Value
    from flows.positions import Path

_COPIED = (Choose, Rate, Pick, Rank, Allocate, BestWorst, Ask, Number, Date, Place)
"""Questions whose answers are text in an export; a file is none."""

_ANYBODY = Session(flow="", version=1, language="", channel="", tag="", receipt="", state="")
"""Lines look at answers alone: who gave them makes no difference."""


def worked_out(flow: Flow, answers: Mapping[str, Answer]) -> dict[str, str]:
    """Return what stands in the columns of a flow for these answers (by state id); empty ones are left out."""
    states = flow.script(flow.language).states
    found = {name: _value(states, lines, answers) for name, lines in flow.columns.items()}
    return {name: value for name, value in found.items() if value}


def _value(states: Mapping[str, State], lines: tuple[Line, ...], answers: Mapping[str, Answer]) -> str:
    for line in lines:
        if all(holds(states, one, answers, _ANYBODY) for one in line.when):
            given = answers.get(line.answer)
            return line.value if not line.answer else in_text(given.value) if given else ""
    return ""


def in_text(value: Value) -> str:
    """Return an answer as an export writes it: several options with `|` between them."""
    match value:
        case None:
            return ""
        case tuple():
            return "|".join(value)
        case str():
            return value
        case _:
            return plain(value)


def looked_at(lines: tuple[Line, ...]) -> frozenset[str]:
    """Return the states whose answers a column is made of."""
    compared = (name for line in lines for one in line.when for name in _subjects(one))
    return frozenset({*compared, *(line.answer for line in lines if line.answer)})


def _subjects(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Comparison):
        yield condition.subject
    else:
        for one in condition.of:
            yield from _subjects(one)


# --------------------------------------------------------------------------- as an author writes them


def lines(made: list[LineForm], prefix: str = "") -> tuple[Line, ...]:
    """Return a column as it stands in a file. `prefix` stands before the ids of its states."""
    return tuple(
        Line(conditions(one.when, prefix), one.answer and prefix + one.answer, one.value or "") for one in made
    )


def faults(made: list[LineForm], states: Mapping[str, State]) -> Iterator[tuple[Path, str, str]]:
    """Give what is wrong with a column: where from its name on, what to do, code of the fault."""
    if not made:
        yield (), "nothing stands in this column. Write its lines, or take it out.", "bad-value"
    for number, one in enumerate(made):
        if (one.value is None) == (not one.answer):
            yield (number,), 'a line of a column has either "value" or "answer".', "bad-value"
        elif one.answer and not isinstance(states.get(one.answer), _COPIED):
            message = f'answer = "{one.answer}": no question whose answer is text.{suggestion(one.answer, states)}'
            yield (number, "answer"), message, "unknown-state"
        yield from _misfits(one.when, (number, "when"), states)
    always = next((number for number, one in enumerate(made) if one.when.is_empty), len(made))
    if always < len(made) - 1:
        yield (always + 1,), "the line before this one always holds. Put that one last.", "dead-way"


def _misfits(when: WhenForm, path: Path, states: Mapping[str, State]) -> Iterator[tuple[Path, str, str]]:
    for at in hollow(when, path):
        yield at, f'"{at[-1]}" has nothing in it. Write what it puts together.', "bad-comparison"
    for at, wanted in placed(when, path):
        subject = str(at[-1])
        if subject.startswith("@"):
            yield at, f'a column looks at answers alone, and "{subject}" is none.', "bad-comparison"
            continue
        for trouble in filter(None, (fault(one, states) for one in comparisons(subject, wanted))):
            yield at, trouble, "bad-comparison"
