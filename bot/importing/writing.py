"""Questions as the text of a flow, and of its translations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.importing.questions import by_name
from bot.importing.relevance import ALWAYS, table
from bot.importing.ways import ways
from flows.places import THANKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.importing.questions import Column, Question


def flow(
    head: Mapping[str, Any],
    questions: Sequence[Question],
    columns: Sequence[Column],
    language: str,
    remarks: Iterable[str],
) -> str:
    """Return the file of a flow: its head, what follows from answers, then a state for each question, in `language`."""
    lines = [f"# {remark}" for remark in remarks]
    lines += [f"{key} = {toml(value)}" for key, value in {**head, "start": questions[0].id}.items()]
    if columns:
        known = by_name(questions)
        lines += ["", "[columns]", *(line for one in columns for line in _rows(one.id, _column(one, known)))]
    for question, onward in zip(questions, ways(questions, THANKS), strict=True):
        lines += ["", f"[states.{question.id}]", *_state(question, language, onward)]
    return "\n".join(lines) + "\n"


def _column(column: Column, known: Mapping[str, Question]) -> Iterator[dict[str, Any]]:
    for holding, said in column.lines:
        asked = {} if holding == ALWAYS else {"when": table(holding, known.__getitem__)}
        yield {**asked, **({"value": said} if isinstance(said, str) else {"answer": said.id})}


def _state(question: Question, language: str, onward: list[dict[str, Any]]) -> Iterator[str]:
    """Give the lines of one state."""
    yield f"{question.verb} = {toml(question.words[language])}"
    for key, value in _beside(question).items():
        yield f"{key} = {toml(value)}"
    if question.choices and not question.scale:
        yield from _rows("options", [_option(question, number, language) for number in range(len(question.choices))])
    if language in question.why:
        yield f"why = {toml(question.why[language])}"
    if len(onward) == 1:
        yield f"next = {toml(onward[0]['to'])}"
    elif onward:
        yield from _rows("next", onward)


def _beside(question: Question) -> dict[str, Any]:
    """Return the keys beside a question that differ from what goes without saying."""
    limits = question.bounds
    found = {"scale": question.scale or None, "least": limits.least, "most": limits.most}
    if question.scale and not question.has_na:
        found["dont_know"] = False
    if question.whole and question.verb == "number":
        found["whole"] = True
    if limits.digits:
        found["only"] = "digits"
    if not question.optional:
        found["optional"] = False
    return {key: value for key, value in found.items() if value is not None}


def _option(question: Question, number: int, language: str) -> dict[str, Any]:
    choice = question.choices[number]
    alone = {"exclusive": True} if choice.name in question.bounds.alone else {}
    return {"id": choice.id, "label": choice.words[language], **alone}


def _rows(key: str, tables: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{key} = ["
    yield from (f"  {toml(one)}," for one in tables)
    yield "]"


def translation(head: Mapping[str, Any], questions: Iterable[Question], language: str) -> str:
    """Return the file of a translation: the same states, only the words."""
    lines = [f"{key} = {toml(value)}" for key, value in head.items()]
    for question in questions:
        if words := list(_words(question, language)):
            lines += ["", f"[states.{question.id}]", *words]
    return "\n".join(lines) + "\n"


def _words(question: Question, language: str) -> Iterator[str]:
    if language in question.words:
        yield f"{question.verb} = {toml(question.words[language])}"
    options = {one.id: one.words[language] for one in question.choices if language in one.words}
    if options:
        yield f"options = {toml(options)}"
    if language in question.why:
        yield f"why = {toml(question.why[language])}"


def toml(value: Any) -> str:  # noqa: ANN401 - whatever TOML can hold
    """Return a value as TOML on one line."""
    match value:
        case bool():
            return str(value).lower()
        case float() | int():
            return str(int(value)) if value == int(value) else repr(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case dict():
            return "{ " + ", ".join(f"{_key(key)} = {toml(one)}" for key, one in value.items()) + " }"
        case _:
            return "[" + ", ".join(toml(one) for one in value) + "]"


def _key(key: str) -> str:
    return key if key.replace("_", "a").isalnum() and key.isascii() else toml(key)
