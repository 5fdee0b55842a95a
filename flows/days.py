"""The day a date question asks for: by a tap on today or yesterday, or typed as people write days. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from flows import dates
from flows.model import Answer, Date, Kind
from flows.understood import Fault
from flows.words import chosen, plain_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flows.model import Message, Question, Script
    from flows.understood import Here, Understood

_A_DAY = timedelta(days=1)
_NEAR: Mapping[str, Callable[[date], date]] = {"today": lambda today: today, "yesterday": lambda today: today - _A_DAY}
"""Words for a day near by, and the day each means."""


def offered(question: Date) -> list[str]:
    """Return which of today and yesterday can be offered whatever day it is."""
    if question.most not in {None, dates.TODAY} or question.least not in {None, dates.TODAY}:
        return []
    return [*_NEAR] if question.least is None else ["today"]


def tapped(question: Date, word: str, here: Here) -> Answer | None:
    """Take a tap on today or yesterday: the day it is now, whenever the button was shown."""
    if word not in offered(question) or here.today is None:
        return None
    return Answer(question.id, _NEAR[word](here.today).isoformat())


def understand(script: Script, question: Date, message: Message, here: Here) -> Understood:
    """Take a typed day, if it lies within the limits; digits that mean two days are asked back."""
    today = here.today
    if message.kind is not Kind.TEXT or today is None:
        return _again(script, question, today)
    if word := chosen(_words(script, question), message.text):
        return _within(script, question, _NEAR[word](today), today)
    match _read(script, question, message, today):
        case dates.Day(on=day):
            return _within(script, question, day, today)
        case dates.Unclear(first=first, second=second):
            days = (dates.spoken(day, script.language) for day in (first, second))
            return Fault("date_unclear", dict(zip(("first", "second"), days, strict=True)))
        case _:
            return _again(script, question, today)


def doubtful(script: Script, question: Question, message: Message, here: Here) -> str:
    """Return in words the day read from digits which others might read in another order; empty where there is none."""
    if not isinstance(question, Date) or message.kind is not Kind.TEXT or here.today is None:
        return ""
    found = _read(script, question, message, here.today)
    return "" if not isinstance(found, dates.Day) or found.surely else dates.spoken(found.on, script.language)


def _words(script: Script, question: Date) -> dict[str, str]:
    """Return what may be typed for today and yesterday: their words, and their numbers where they are offered."""
    numbers = {str(number): word for number, word in enumerate(offered(question), 1)}
    return {**{word: key for word, key in script.words.items() if key in _NEAR}, **numbers}


def _read(script: Script, question: Date, message: Message, today: date) -> dates.Day | dates.Unclear | None:
    limits = (dates.bound(question.least, today), dates.bound(question.most, today))
    return dates.read(plain_digits(message.text), script.language, today, *limits)


def _within(script: Script, question: Date, day: date, today: date) -> Answer | Fault:
    least, most = dates.bound(question.least, today), dates.bound(question.most, today)
    if least is not None and day < least:
        return Fault("date_too_early", {"least": dates.spoken(least, script.language)})
    if most is not None and day > most:
        return Fault("date_too_late", {"most": dates.spoken(most, script.language)})
    return Answer(question.id, day.isoformat())


def _again(script: Script, question: Date, today: date | None) -> Fault:
    """Ask again with a day that would be taken."""
    limits = [day for limit in (question.most, question.least) if (day := dates.bound(limit, today or date.max))]
    example = next(iter(limits), today or date.max)
    return Fault("date_again", {"example": dates.spoken(example, script.language)})
