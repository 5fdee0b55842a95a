"""The `when` tables of a flow as comparisons, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.branching import CONTEXT
from flows.form import CompareForm
from flows.issues import suggestion
from flows.model import Ask, Choose, Comparison, Number, Photo, Pick, Place, Rate, Say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.form import Wanted
    from flows.model import State


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


def fault(comparison: Comparison, states: Mapping[str, State]) -> str:
    """Return what is wrong with a comparison, with the mend; empty where nothing is."""
    subject = comparison.subject
    if subject.startswith("@"):
        known = subject in CONTEXT
        return "" if known else f'nothing is known as "{subject}".{suggestion(subject, CONTEXT)}'
    state = states.get(subject)
    if state is None:
        return f'no state "{subject}" to compare with.{suggestion(subject, states)}'
    return _misfit(comparison, state)


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
        case Pick():
            if operator in {"less", "more"}:
                return f'"{state.id}" is no number. Use contains.'
            return _unknown_option(comparison, state)
        case Number():
            if operator == "contains" or not _numeric(comparison.value):
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


def _unknown_option(comparison: Comparison, state: Choose | Rate | Pick) -> str:
    if getattr(state, "options_from", None):
        return ""
    known = {option.id for option in state.options}
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    wrong = next((value for value in values if not (value in known or (_numeric(value) and str(value) in known))), None)
    return "" if wrong is None else f'"{state.id}" has no option "{wrong}".{suggestion(str(wrong), known)}'
