"""What follows from answers, beside the answers themselves: the columns of a flow in an export."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.columns import looked_at, worked_out
from flows.model import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flows.model import Flow, Value
    from storage.answers import AnswerRow

VERB = "column"
"""Stands in the place of the verb of a question that was asked."""


@dataclass(slots=True)
class _Passage:
    """One person's way through a flow."""

    last: AnswerRow
    looked_at: dict[str, AnswerRow] = field(default_factory=dict)
    """By state, what columns are made of."""


def with_columns(flow: Flow, rows: Iterable[AnswerRow]) -> Iterator[AnswerRow]:
    """Give answers as they may be shown, then what follows from them, for each passage of a person.

    A column is left out where an answer that it looks at is not shown: it would tell of it.
    """
    wanted = frozenset[str]().union(*map(looked_at, flow.columns.values()))
    people: dict[bytes, _Passage] = {}
    over: list[_Passage] = []
    for row in rows:
        yield row
        if not flow.columns:
            continue
        passage = people.setdefault(row.pseudonym, _Passage(row))
        if row.state in passage.looked_at:  # in a running round the same person comes again
            over.append(passage)
            passage = people[row.pseudonym] = _Passage(row)
        passage.last = row
        if row.state in wanted:
            passage.looked_at[row.state] = row
    for passage in (*over, *people.values()):
        yield from _followed(flow, passage)


def _followed(flow: Flow, passage: _Passage) -> Iterator[AnswerRow]:
    hidden = {state for state, row in passage.looked_at.items() if _is_hidden(row)}
    answers = {state: Answer(state, _value(row)) for state, row in passage.looked_at.items()}
    for name, value in worked_out(flow, answers).items():
        if not hidden & looked_at(flow.columns[name]):
            bare = passage.last._replace(item=None, choices=None, score=None, text=None, file=None, skipped=False)
            yield bare._replace(state=name, verb=VERB, choice=value)


def _is_hidden(row: AnswerRow) -> bool:
    """Whether there is an answer, and nothing of it is shown."""
    return not row.skipped and (row.choice, row.choices, row.score, row.text) == (None,) * 4


def _value(row: AnswerRow) -> Value:
    if row.choices:
        return tuple(json.loads(row.choices))
    return row.choice or row.text or row.score
