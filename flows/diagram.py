"""A flow as a picture (Mermaid) and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flows.branching import ways
from flows.model import Allocate, BestWorst, Choose, End, Pick, Rank, Rate, Review, Say, Together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.model import Condition, Flow, State

_LONGEST = 60
_SIGNS = {"is": "=", "not": "≠", "less": "<", "more": ">", "contains": "∋", "in": "∈", "not_in": "∉"}


class Arrow(NamedTuple):
    """One way from a state to the next; `on` says when it is taken, empty where always."""

    origin: str
    to: str
    on: str


def arrows(flow: Flow) -> list[Arrow]:
    """Return every way there is, in the author's order: answers that lead elsewhere first, then the state's own."""
    states = flow.scripts[flow.language].states
    return [arrow for state in states.values() for arrow in _arrows(state)]


def _arrows(state: State) -> Iterator[Arrow]:
    for option in getattr(state, "options", ()):
        if option.next:
            yield Arrow(state.id, option.next, option.label)
    last = len(state.next) - 1
    for number, way in enumerate(state.next):
        otherwise = "else" if number == last and last else ""
        yield Arrow(state.id, way.to, ", ".join(map(compared, way.when)) or otherwise)


def compared(comparison: Condition) -> str:
    """Return a condition in signs, for people who read a way."""
    if isinstance(comparison, Together):
        return _together(comparison)
    if comparison.operator == "answered":
        return f"{comparison.subject} {'answered' if comparison.value else 'skipped'}"
    value = comparison.value
    words = " | ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"{comparison.subject} {_SIGNS[comparison.operator]} {words}"


def _together(condition: Together) -> str:
    joined = (" or " if condition.how == "any" else ", ").join(map(compared, condition.of))
    return f"not ({joined})" if condition.how == "not" else f"({joined})"


def mermaid(flow: Flow, counts: Mapping[tuple[str, str], int] | None = None) -> str:
    """Return the flow as a Mermaid flowchart; `counts` of moves (from, to) stand on the arrows where given."""
    states = flow.scripts[flow.language].states
    lines = ["flowchart TD", *(f"    {_node(state)}" for state in states.values())]
    left = dict(counts or {})
    for arrow in arrows(flow):
        count = left.pop((arrow.origin, arrow.to), None)
        label = _escaped(" · ".join(filter(None, (arrow.on, "" if count is None else str(count)))))
        on = f'|"{label}"|' if label else ""  # in quotes, since Mermaid stumbles over brackets in bare words
        lines.append(f"    {_id(arrow.origin)} -->{on} {_id(arrow.to)}")
    return "\n".join(lines) + "\n"


def _node(state: State) -> str:
    text = f'"{_escaped(first_line(state, _LONGEST))}"'
    match state:
        case End():
            return f"{_id(state.id)}([{text}])"
        case Say():
            return f"{_id(state.id)}>{text}]"
        case Review():
            return f"{_id(state.id)}[/{text}/]"
        case Choose() | Pick() | Rate() | Rank() | Allocate() | BestWorst():
            return f"{_id(state.id)}{{{{{text}}}}}"
        case _:
            return f"{_id(state.id)}[{text}]"


def _id(state: str) -> str:
    """Return a name that Mermaid does not take for one of its own words (`end`, `style`…)."""
    return f"s_{state.replace('.', '__')}"


def in_order_met(states: Mapping[str, State], start: str) -> list[str]:
    """Return the states that some way leads to, each after all that lead to it (but for ways that lead back)."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = [(start, False)]
    while waiting:
        at, done = waiting.pop()
        if done:
            found.append(at)
        elif at in states and at not in seen:
            seen.add(at)
            waiting += [(at, True), *((to, False) for to in ways(states[at]))]
    return found[::-1]


def verb_of(state: State) -> str:
    """Return the word for what happens in a state, as an author writes it: `choose`, `end`."""
    return type(state).__name__.lower()


def first_line(state: State, most: int) -> str:
    """Return how the text of a state begins, in at most so many letters; its id where it has none."""
    line = next((one for one in state.text.split("\n") if one.strip()), state.id).strip()
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("|", "/").replace("<", "&lt;").replace(">", "&gt;")


class Row(NamedTuple):
    """One state as a line of a table."""

    state: str
    verb: str
    text: str
    options: str
    leads_to: str


def rows(flow: Flow, language: str | None = None) -> list[Row]:
    """Return one row for each state, in the author's order, in `language` or the flow's own."""
    states = flow.script(language or flow.language).states
    return [_row(state) for state in states.values()]


def _row(state: State) -> Row:
    options = " / ".join(option.label for option in getattr(state, "options", ()))
    ways = "; ".join(f"{arrow.to} ({arrow.on})" if arrow.on else arrow.to for arrow in _arrows(state))
    return Row(state.id, verb_of(state), first_line(state, _LONGEST), options, ways)


def table(flow: Flow, language: str | None = None) -> str:
    """Return the flow as a plain text table: state, verb, text, options, where it leads."""
    found = [Row(*(name.replace("_", " ") for name in Row._fields)), *rows(flow, language)]
    widths = [max(len(row[column]) for row in found) for column in range(len(Row._fields) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in found
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
