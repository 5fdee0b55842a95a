"""An arrow in words: which answers lead along it, as whoever reads the picture says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from babel import Locale, UnknownLocaleError

from flows.diagram import first_line
from flows.model import Together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.texts import Texts
    from flows.model import Comparison, Condition, Option, State, Transition

_GAP = re.compile(r"\{[a-z_]+\}")
"""What is filled in only while a citizen answers."""
_LETTERS = 140
"""Most letters of a text."""
_NAMED = 3
"""Most answers an arrow names one by one; of more on a scale it names the first and the last."""
_ASKED = 40
"""Most letters of another question that an arrow names."""


def shown(state: State) -> str:
    """Return how the text of a state begins, as a picture shows it."""
    return _GAP.sub("…", first_line(state, _LETTERS))


class Way(NamedTuple):
    """One arrow of the picture: all ways from one state to another, and when they are taken, in words."""

    origin: str
    to: str
    on: str


def ways(states: Mapping[str, State], texts: Texts) -> list[Way]:
    """Return every arrow, in the author's order; `on` is empty where it is always taken."""
    return [way for state in states.values() for way in _ways(state, states, texts)]


def _ways(state: State, states: Mapping[str, State], texts: Texts) -> Iterator[Way]:
    reasons: dict[str, list[str]] = {}
    labels: dict[str, list[Option]] = {}
    for option in getattr(state, "options", ()):
        if option.next:
            labels.setdefault(option.next, []).append(option)
    for to, options in labels.items():
        reasons[to] = [_answers(options, state, texts)]
    for way in state.next:
        reasons.setdefault(way.to, []).append(_when(way, state, states, texts))
    only = len(reasons) == 1
    for to, why in reasons.items():
        yield Way(state.id, to, "" if only else _either(why, state, texts))


def _either(reasons: Sequence[str], state: State, texts: Texts) -> str:
    """Return what leads along one arrow; an empty reason is whatever else was said."""
    return texts.either(reasons) if "" not in reasons else _rest(state, texts)


def _rest(state: State, texts: Texts) -> str:
    """Return the answers that lead nowhere of their own, where these are few and all that is left to say."""
    rest = [_quoted(option.label, texts) for option in getattr(state, "options", ()) if not option.next]
    rest += [texts("picture.skipped")] if getattr(state, "optional", False) else []
    told = len(state.next) == 1 and len(rest) <= _NAMED and not getattr(state, "options_from", None)
    return texts.either(rest) if told else texts("picture.otherwise")


def _when(way: Transition, state: State, states: Mapping[str, State], texts: Texts) -> str:
    return texts("picture.and").join(_compared(one, state, states, texts) for one in way.when)


def _compared(one: Condition, state: State, states: Mapping[str, State], texts: Texts) -> str:
    if isinstance(one, Together):
        return _together(one, state, states, texts)
    if one.subject.startswith("@"):
        return _known(one, texts)
    asked = states.get(one.subject)
    said = _said(one, asked, texts)
    if asked is None or asked.id == state.id:
        return said
    return texts("picture.at", question=first_line(asked, _ASKED), answer=said)


def _together(one: Together, state: State, states: Mapping[str, State], texts: Texts) -> str:
    parts = [_compared(each, state, states, texts) for each in one.of]
    if one.how == "any":
        return texts.either(parts)
    joined = texts("picture.and").join(parts)
    return texts("picture.not", answer=joined) if one.how == "not" else joined


def _said(one: Comparison, asked: State | None, texts: Texts) -> str:
    options: Sequence[Option] = getattr(asked, "options", ())
    match one.operator:
        case "answered":
            return texts("picture.answered" if one.value else "picture.skipped")
        case "less" | "more" if fitting := _beyond(one, options):
            return _answers(fitting, asked, texts)
        case "less" | "more":
            return texts(f"picture.{one.operator}", number=texts.number(float(str(one.value))))
        case "not" | "not_in":
            return texts("picture.not", answer=_values(one, options, asked, texts))
        case _:
            return _values(one, options, asked, texts)


def _beyond(one: Comparison, options: Sequence[Option]) -> list[Option]:
    """Return the steps of a scale below or above the one named."""
    edge = float(str(one.value))
    below = one.operator == "less"
    return [each for each in options if each.value is not None and (each.value < edge if below else each.value > edge)]


def _values(one: Comparison, options: Sequence[Option], asked: State | None, texts: Texts) -> str:
    wanted = [str(each) for each in one.value] if isinstance(one.value, tuple) else [str(one.value)]
    named = {option.id: option for option in options}
    if all(each in named for each in wanted):
        return _answers([named[each] for each in wanted], asked, texts)
    return texts.either([_quoted(named[each].label if each in named else each, texts) for each in wanted])


def _answers(options: Sequence[Option], asked: State | None, texts: Texts) -> str:
    """Return answers by their labels; a run of steps of a scale by its two ends."""
    if len(options) > _NAMED and getattr(asked, "scale", None):
        return texts("picture.from_to", first=_quoted(options[0].label, texts), last=_quoted(options[-1].label, texts))
    return texts.either([_quoted(option.label, texts) for option in options])


def _quoted(label: str, texts: Texts) -> str:
    return texts("picture.quoted", text=label)


def _known(one: Comparison, texts: Texts) -> str:
    """Return a comparison with what is known without asking."""
    negative = one.operator in ("not", "not_in")
    values = list(one.value) if isinstance(one.value, tuple) else [one.value]
    if one.subject == "@first_time":
        return texts("picture.first_time" if bool(one.value) != negative else "picture.again")
    if one.subject == "@last":
        return texts("picture.last" if bool(one.value) != negative else "picture.not_last")
    if one.subject == "@before" and one.operator == "answered":
        return texts("picture.again" if one.value else "picture.first_time")
    words = texts.either([_name(one.subject, str(each), texts) for each in values])
    told = texts(f"picture.{one.subject[1:]}", name=words)
    return texts("picture.not", answer=told) if negative else told


def _name(subject: str, value: str, texts: Texts) -> str:
    if subject == "@language":
        return _language(value, texts)
    key = f"channel.{value}"
    return texts(key) if subject == "@channel" and key in texts.sentences else value


def _language(code: str, texts: Texts) -> str:
    try:
        return Locale.parse(code, sep="-").get_display_name(texts.locale) or code
    except (UnknownLocaleError, ValueError):
        return code
