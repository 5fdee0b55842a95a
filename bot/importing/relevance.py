"""When a question is asked: an expression over earlier answers becomes the comparisons of a `when` table.

Alternatives of which one must hold; in each, tests that all must. For questions with choices the answers that lead on
are found by trying each of them, none at all included; so what XPath makes of an empty answer is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from bot.importing.xpath import Beyond, Call, Literal, Ref, holds, number, numbers, put, refs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.importing.questions import Question
    from bot.importing.xpath import Node

Tests: TypeAlias = "frozenset[Any]"
"""Of a question with choices: the names that lead on, "" for no answer. Of any other: (operator, value) pairs."""

Alternative: TypeAlias = "Mapping[str, Tests]"
"""Tests by the name of the question; none: it always holds."""

When: TypeAlias = "tuple[Alternative, ...]"

ALWAYS: When = ({},)
NEVER: When = ()

MOST = 24
"""Alternatives that a table may have before nobody can read it."""

ANSWERED, UNANSWERED = ("answered", True), ("answered", False)


def when(node: Node, find: Callable[[str], Question]) -> When:
    """Return when an expression holds; `find` gives an earlier question by its name, or raises Beyond."""
    return _split(node, find, wanted=True)


def both(one: When, other: When, find: Callable[[str], Question]) -> When:
    """Return when both hold."""
    found = [_merged(left, right, find) for left in one for right in other]
    return _bounded([each for each in found if each is not None])


def _bounded(alternatives: list[Alternative]) -> When:
    once = tuple(one for at, one in enumerate(alternatives) if one not in alternatives[:at])
    if {} in once:
        return ALWAYS
    if len(once) > MOST:
        raise Beyond("so many cases")
    return once


def _merged(one: Alternative, other: Alternative, find: Callable[[str], Question]) -> Alternative | None:
    """Return both alternatives as one, or None where no answer can fit both."""
    found = dict(one)
    for name, tests in other.items():
        has_choices = find(name).has_choices
        found[name] = tests if name not in found else found[name] & tests if has_choices else found[name] | tests
        if (has_choices and not found[name]) or (not has_choices and _is_impossible(found[name])):
            return None
    return found


def _is_impossible(tests: Tests) -> bool:
    """Return whether tests want no answer and something of it."""
    return UNANSWERED in tests and any(one == ANSWERED or one[0] in _WANTING for one in tests)


_WANTING = {"is", "contains", "less", "more"}
"""Tests that no answer at all never passes."""


def implies(one: When, other: When, find: Callable[[str], Question]) -> bool:
    """Return whether the other surely holds wherever the one does."""
    return all(any(_narrower(left, right, find) for right in other) for left in one)


def _narrower(one: Alternative, other: Alternative, find: Callable[[str], Question]) -> bool:
    return all(
        name in one and (one[name] <= tests if find(name).has_choices else one[name] >= tests)
        for name, tests in other.items()
    )


def _split(node: Node, find: Callable[[str], Question], *, wanted: bool) -> When:
    match node:
        case Call(name="not", over=(inner,)):
            return _split(inner, find, wanted=not wanted)
        case Call(name="and" | "or", over=(left, right)):
            one, other = _split(left, find, wanted=wanted), _split(right, find, wanted=wanted)
            return both(one, other, find) if (node.name == "and") == wanted else _bounded([*one, *other])
        case Ref():
            raise Beyond("an answer taken for yes or no")
        case Call(name="regex"):
            raise Beyond("regex()")
        case Call(name=name, over=over) if name != "if" and not _is_by_choice(node, find):
            at = next((at for at, one in enumerate(over) if isinstance(one, Call) and one.name == "if"), None)
            return as_one(node, find, wanted=wanted) if at is None else _either(node, at, find, wanted=wanted)
        case _:
            return as_one(node, find, wanted=wanted)


def _is_by_choice(node: Node, find: Callable[[str], Question]) -> bool:
    return all(find(name).has_choices for name in refs(node))


def _either(node: Call, at: int, find: Callable[[str], Question], *, wanted: bool) -> When:
    """Return when an expression holds whose argument at `at` is this or that, as the case may be."""
    said, *values = node.over[at].over  # type: ignore[union-attr]
    one, other = (Call(node.name, (*node.over[:at], value, *node.over[at + 1 :])) for value in values)
    cases = [
        *both(_split(said, find, wanted=True), _split(one, find, wanted=wanted), find),
        *both(_split(said, find, wanted=False), _split(other, find, wanted=wanted), find),
    ]
    return _bounded(cases)


def as_one(node: Node, find: Callable[[str], Question], *, wanted: bool = True) -> When:
    """Return when an expression holds, by trying answers: its parts are not looked at one by one. Raises Beyond."""
    names = refs(node)
    if not names:
        return ALWAYS if holds(node, {}) == wanted else NEVER
    if len(names) > 1:
        return _by_each(node, [find(name) for name in sorted(names)], find, wanted=wanted)
    question = find(names.pop())
    if question.has_choices:
        return _by_choice(node, question, wanted=wanted)
    if (known := _by_presence(node, question, wanted=wanted)) is not None:
        return known
    match question.verb:
        case "number":
            return _by_size(node, question, wanted=wanted)
        case "pick":
            return _by_picks(node, question, wanted=wanted)
        case "ask":
            return _by_words(node, question, wanted=wanted)
        case _:
            raise Beyond(f"what was answered to ${{{question.name}}}")


def _by_choice(node: Node, question: Question, *, wanted: bool) -> When:
    every = ("", *(choice.name for choice in question.choices))
    return _answered(question, {name for name in every if holds(node, {question.name: name}) == wanted})


def _answered(question: Question, names: set[str]) -> When:
    """Return when one of these choices is the answer, "" being none."""
    if len(names) > len(question.choices):
        return ALWAYS
    return ({question.name: frozenset(names)},) if names else NEVER


def answered(question: Question) -> When:
    """Return when a question was answered."""
    if question.has_choices:
        return _answered(question, {choice.name for choice in question.choices})
    return ({question.name: frozenset({ANSWERED})},)


def _by_each(node: Node, questions: list[Question], find: Callable[[str], Question], *, wanted: bool) -> When:
    """Return when an expression over several questions with choices holds: each answer of the first tried in turn."""
    if not all(question.has_choices for question in questions):
        raise Beyond("one answer compared with another")
    first = questions[0]
    leading: list[tuple[When, set[str]]] = []
    for name in ("", *(choice.name for choice in first.choices)):
        rest = as_one(put(node, {first.name: Literal(name)}), find, wanted=wanted)
        same = next((names for known, names in leading if known == rest), None)
        if same is None:
            leading.append((rest, {name}))
        else:
            same.add(name)
    cases = [both(_answered(first, names), rest, find) for rest, names in leading]
    return _bounded([one for case in cases for one in case])


def _by_presence(node: Node, question: Question, *, wanted: bool) -> When | None:
    """Return when an expression holds that only asks whether there is an answer; None for any other."""
    asks = {("=", ""): UNANSWERED, ("!=", ""): ANSWERED}
    match node:
        case Call(name=sign, over=(Ref(), Literal(value="")) | (Literal(value=""), Ref())):
            found = asks.get((sign, ""))
        case Call(over=(Call(name="string-length" | "count-selected" as counts, over=(Ref(),)), Literal())) if (
            question.verb == ("pick" if counts == "count-selected" else "ask")
        ):
            found = _by_count(node, question)
        case _:
            found = None
    return found and ({question.name: frozenset({found if wanted else (found[0], not found[1])})},)


def _by_count(node: Node, question: Question) -> tuple[str, bool] | None:
    """Return what a count of letters or picks asks, where every count but none means the same."""
    most = min(int(max(numbers(node), default=0)) + 2, 5000)
    truths = {holds(node, {question.name: ("x " if question.verb == "pick" else "x") * n}) for n in range(1, most + 1)}
    none = holds(node, {question.name: ""})
    if len(truths) > 1 or none in truths:
        return None
    return UNANSWERED if none else ANSWERED


_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _by_size(node: Node, question: Question, *, wanted: bool) -> When:
    match node:
        case Call(name=sign, over=(Ref(), Literal(value=value))) if sign in _OPPOSITE:
            given = sign
        case Call(name=sign, over=(Literal(value=value), Ref())) if sign in _OPPOSITE:
            given = _FLIPPED.get(sign, sign)
        case _:
            raise Beyond("more than a comparison with a number")
    if number(value) != number(value):
        raise Beyond(f'a number compared with "{value}"')
    tests = _sized(given if wanted else _OPPOSITE[given], number(value), whole=question.whole)
    counts_empty = holds(node, {question.name: ""}) == wanted
    if counts_empty and tests[0][0] != "not":
        tests = [*tests, UNANSWERED]
    return tuple({question.name: frozenset({one})} for one in tests)


def _sized(sign: str, value: float, *, whole: bool) -> list[tuple[str, Any]]:
    """Return the tests of which one must hold for a number to compare so; `not` holds without an answer too."""
    step = whole and value == int(value)
    match sign:
        case "=":
            return [("is", value)]
        case "!=":
            return [("not", value)]
        case "<" | ">":
            return [("less" if sign == "<" else "more", value)]
        case "<=":
            return [("less", value + 1)] if step else [("less", value), ("is", value)]
        case _:
            return [("more", value - 1)] if step else [("more", value), ("is", value)]


def _by_picks(node: Node, question: Question, *, wanted: bool) -> When:
    match node:
        case Call(name="selected", over=(Ref(), Literal(value=str(name)))):
            test = ("contains" if wanted else "lacks", name)
        case Call(name="=" | "!=", over=(Ref(), Literal(value=name)) | (Literal(value=name), Ref())):
            test = ("is" if (node.name == "=") == wanted else "not", str(name))
        case _:
            raise Beyond(f"what was picked at ${{{question.name}}} together")
    if test[1] not in {choice.name for choice in question.choices}:
        raise Beyond(f'"{test[1]}", which is no choice of ${{{question.name}}}')
    return ({question.name: frozenset({test})},)


def _by_words(node: Node, question: Question, *, wanted: bool) -> When:
    match node:
        case Call(name="=" | "!=", over=(Ref(), Literal(value=str(said))) | (Literal(value=str(said)), Ref())):
            return ({question.name: frozenset({("is" if (node.name == "=") == wanted else "not", said)})},)
        case _:
            raise Beyond(f"the words answered to ${{{question.name}}}")


# --------------------------------------------------------------------------- as a table


def table(found: When, find: Callable[[str], Question]) -> dict[str, Any]:
    """Return the `when` table that holds where one of the alternatives does, in the ids of the flow."""
    tables = [_table(one, find) for one in found]
    return tables[0] if len(tables) == 1 else {"any": tables}


def _table(alternative: Alternative, find: Callable[[str], Question]) -> dict[str, Any]:
    """Return one table; what cannot stand side by side in it is put together by `all` and `not`."""
    found: dict[str, Any] = {}
    more: list[dict[str, Any]] = []
    for name, tests in alternative.items():
        first, *rest = _compared(find(name), tests)
        more += [first, *rest] if "not" in first else rest
        found |= {} if "not" in first else first
    if len(more) == 1 and "not" in more[0]:
        return {**found, **more[0]}
    return {**found, "all": more} if more else found


def _compared(question: Question, tests: Tests) -> list[dict[str, Any]]:
    """Return tables that must all hold; what one table can say of an answer stands in the first."""
    if question.has_choices:
        return [{question.id: _among(question, tests)}]
    given = [(operator, question.ids.get(value, value)) for operator, value in sorted(tests, key=repr)]
    sized = {operator: value for operator, value in given if operator in {"less", "more"}}
    single = [(operator, value) for operator, value in given if sized.get(operator) != value]
    return [*([{question.id: sized}] if sized else []), *(_said(question.id, *one) for one in single)]


def _said(subject: str, operator: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - what TOML can hold
    if operator == "lacks":
        return {"not": {subject: {"contains": value}}}
    return {subject: value if operator == "is" else {operator: value}}


def _among(question: Question, names: Tests) -> Any:  # noqa: ANN401 - what TOML can hold
    ids = [question.ids[choice.name] for choice in question.choices if choice.name in names]
    others = [question.ids[choice.name] for choice in question.choices if choice.name not in names]
    if "" in names:
        otherwise = {"not_in": others} if len(others) > 1 else {"not": others[0]}
        return otherwise if ids else {"answered": False}
    return {"answered": True} if not others else ids if len(ids) > 1 else ids[0]
