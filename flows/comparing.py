"""The `when` tables of a flow as comparisons, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.branching import CONTEXT
from flows.form import CompareForm
from flows.issues import suggestion
from flows.model import (
    Allocate,
    Ask,
    BestWorst,
    Choose,
    Comparison,
    Date,
    Number,
    Photo,
    Pick,
    Place,
    Rank,
    Rate,
    Say,
    Together,
    Voice,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from flows.form import Wanted, WhenForm
    from flows.model import Condition, State
    from flows.positions import Path


CHANNELS = ("telegram", "web", "console")
"""Where a citizen can answer: the names of the channels that listen."""


def conditions(when: WhenForm, prefix: str = "") -> tuple[Condition, ...]:
    """Return what a `when` table asks; all of it must hold. `prefix` stands before the ids of its states."""
    return (
        *(one for subject, wanted in when.compared.items() for one in comparisons(_full(subject, prefix), wanted)),
        *(_together(how, tables, prefix) for how, tables in when.together.items()),
    )


def _full(subject: str, prefix: str) -> str:
    return subject if subject.startswith("@") else prefix + subject


def _together(how: str, tables: list[WhenForm], prefix: str) -> Together:
    """Return the tables as one condition; each of several is one by itself, however many things it asks."""
    if how == "not":
        return Together(how, conditions(tables[0], prefix))
    asked = (conditions(one, prefix) for one in tables)
    return Together(how, tuple(one[0] if len(one) == 1 else Together("all", one) for one in asked))


def placed(when: WhenForm, path: Path) -> Iterator[tuple[Path, Wanted]]:
    """Yield everything compared in a `when` table and in those within it, with where it stands from `path` on."""
    yield from (((*path, subject), wanted) for subject, wanted in when.compared.items())
    for how, tables in when.together.items():
        for number, one in enumerate(tables):
            yield from placed(one, (*path, how) if how == "not" else (*path, how, number))


def hollow(when: WhenForm, path: Path) -> Iterator[Path]:
    """Yield where `all`, `any` or `not` has nothing in it."""
    for how, tables in when.together.items():
        if not tables:
            yield (*path, how)
        for number, one in enumerate(tables):
            here = (*path, how) if how == "not" else (*path, how, number)
            yield from (here,) if one.is_empty else hollow(one, here)


def comparisons(subject: str, wanted: Wanted) -> tuple[Comparison, ...]:
    """Return what `subject = wanted` in a `when` table asks; a table with several keys asks several things."""
    if isinstance(wanted, CompareForm):
        return tuple(_inner(subject, wanted))
    if isinstance(wanted, list):
        return (Comparison(subject, "in", tuple(wanted)),)
    return (Comparison(subject, "is", wanted),)


def _inner(subject: str, wanted: CompareForm) -> Iterator[Comparison]:
    given = {"not" if name == "not_" else name: value for name, value in wanted if value is not None}
    for operator, value in given.items():
        yield Comparison(subject, operator, tuple(value) if isinstance(value, list) else value)


def fault(comparison: Comparison, states: Mapping[str, State], languages: Collection[str] = ()) -> str:
    """Return what is wrong with a comparison, with the mend; empty where nothing is.

    `languages` are those the flow speaks; where none are named, any may be compared with.
    """
    subject = comparison.subject
    if subject.startswith("@"):
        return _misfit_of_context(comparison, states, languages)
    state = states.get(subject)
    if state is None:
        return f'no state "{subject}" to compare with.{suggestion(subject, states)}'
    if isinstance(state, Allocate | BestWorst | Date | Voice) and comparison.operator != "answered":
        return f'"{state.id}" holds nothing to compare with. Use answered.'
    return _misfit(comparison, state)


def _misfit_of_context(comparison: Comparison, states: Mapping[str, State], languages: Collection[str]) -> str:
    subject, operator = comparison.subject, comparison.operator
    if subject not in CONTEXT:
        return f'nothing is known as "{subject}".{suggestion(subject, CONTEXT)}'
    if operator in {"less", "more"}:
        return f'"{subject}" is no number. Write {subject} = "…" in place of {operator}.'
    if subject in {"@first_time", "@last"} and not all(isinstance(one, bool) for one in _several(comparison.value)):
        return f'"{subject}" is true or false, without quotes.'
    if subject == "@before":
        return _unknown_before(comparison, states)
    if subject == "@channel" and operator != "answered":
        return _unknown_channel(comparison)
    if subject == "@language" and languages and operator != "answered":
        wrong = next((str(one) for one in _several(comparison.value) if one not in languages), None)
        return "" if wrong is None else f'the flow does not speak "{wrong}". It speaks {", ".join(languages)}.'
    return ""


def _unknown_before(comparison: Comparison, states: Mapping[str, State]) -> str:
    """Tell what "@before" cannot hold: it is the questions that were answered the last time."""
    if comparison.operator == "answered":
        return ""
    wanted = str(comparison.value)
    if comparison.operator != "contains":
        return '"@before" is a list of questions. Use contains or answered.'
    return "" if wanted in states else f'no question "{wanted}" to have been answered.{suggestion(wanted, states)}'


def _unknown_channel(comparison: Comparison) -> str:
    """Tell a channel that is not there; what a name only contains may be a part of one."""
    known = " ".join(CHANNELS) if comparison.operator == "contains" else CHANNELS
    wrong = next((str(one) for one in _several(comparison.value) if str(one) not in known), None)
    if wrong is None:
        return ""
    return f'there is no channel "{wrong}".{suggestion(wrong, CHANNELS)} There are {", ".join(CHANNELS)}.'


def _several(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _misfit(comparison: Comparison, state: State) -> str:
    operator = comparison.operator
    if operator == "answered":
        return "" if not isinstance(state, Say) else f'"{state.id}" only says something; nobody answers it.'
    match state:
        case Choose() | Rate():
            if operator in {"less", "more"}:
                scored = any(option.value is not None for option in state.options)
                return "" if scored else f'the options of "{state.id}" have no value to be {operator} than.'
            return _unknown_option(comparison, state) if operator != "contains" else _use_is(state)
        case Pick() | Rank():
            if operator in {"less", "more"}:
                return f'"{state.id}" is no number. Use contains.'
            return _unknown_option(comparison, state)
        case Number():
            if operator == "contains" or not all(map(_numeric, _several(comparison.value))):
                return f'"{state.id}" is a number. Compare it with a number, without quotes.'
            return ""
        case Ask() | Place() | Photo():
            if operator in {"less", "more"}:
                return f'"{state.id}" holds words. Use contains or answered.'
            return ""
        case _:
            return f'"{state.id}" is no question; nothing can be compared.'


def _use_is(state: State) -> str:
    return f'"{state.id}" has one answer. Write {state.id} = "…" in place of contains.'


def _numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unknown_option(comparison: Comparison, state: Choose | Rate | Pick | Rank) -> str:
    if getattr(state, "options_from", None):
        return ""
    known = {option.id for option in state.options}
    wrong = next(
        (
            value
            for value in _several(comparison.value)
            if not (value in known or (_numeric(value) and str(value) in known))
        ),
        None,
    )
    return "" if wrong is None else f'"{state.id}" has no option "{wrong}".{suggestion(str(wrong), known)}'
