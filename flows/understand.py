"""What a message says to a question: an answer, a step towards one, or a fault. One small function for each verb."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from flows import cards, dates, days, points, ranking
from flows.model import (
    Allocate,
    Answer,
    Ask,
    BestWorst,
    Choose,
    Date,
    Kind,
    Number,
    Photo,
    Pick,
    Place,
    Rank,
    Rate,
    Voice,
)
from flows.understood import NOWHERE, Fault, Here, Ticked
from flows.words import chosen, clean, fold, plain_digits, several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.model import Message, Question, Script
    from flows.understood import Understood

_TEXT, _OTHER = Kind.TEXT, Kind.OTHER  # to find a member in its enum takes 0.1 µs

_POINT = re.compile(r"([+-]?\d{1,3}\.\d{3,})(?:\s*[,;]\s*|\s+)([+-]?\d{1,3}\.\d{3,})")
"""A point as maps write it: latitude and longitude in degrees, to a hundred metres at least (nobody means a house)."""

PLACE_LIMIT = 300
"""Most characters of a street or area in words."""


def understand(script: Script, question: Question, message: Message, here: Here = NOWHERE) -> Understood:
    """Return what a typed or sent `message` (no tap) says to `question`."""
    if message.kind is _OTHER:
        return Fault("other_kind")
    match question:  # the most frequent first
        case Choose():
            return _choice(script, question, message, "choose_again")
        case Rate():
            return _choice(script, question, message, "rate_again")
        case Ask():
            return _words(question, message)
        case Pick() | Rank() | Allocate() | BestWorst():
            return _gathered(script, question, message, here)
        case _:
            return _entered(script, question, message, here)


def _gathered(script: Script, question: Pick | Rank | Allocate | BestWorst, message: Message, here: Here) -> Understood:
    match question:
        case Pick():
            return _picks(script, question, message)
        case Rank():
            return ranking.understand(script, question, message)
        case Allocate():
            return points.understand(script, question, message, here.picked)
        case BestWorst():
            return cards.understand(script, question, message, here)


def _entered(
    script: Script, question: Number | Date | Place | Photo | Voice, message: Message, here: Here
) -> Understood:
    match question:
        case Number():
            return _number(script, question, message)
        case Date():
            return days.understand(script, question, message, here)
        case Place():
            return _place(question, message)
        case Photo() | Voice():
            return _file(question, message)


def tapped(question: Question, option: str, here: Here) -> Understood | None:
    """Return what a tap on `option` says to `question`; None for no option of it."""
    match question:
        case Choose() | Rate():
            return Answer(question.id, option) if option in question.scores else None
        case Pick():
            return _toggled(question, option, here.picked) if option in question.scores else None
        case Rank():
            return ranking.tapped(question, option, here.picked) if option in question.scores else None
        case Allocate():
            return points.tapped(question, option, here.picked)
        case BestWorst():
            return cards.tapped(question, option, here)
        case Date():
            return days.tapped(question, option, here)
        case _:
            return None


def finished(question: Pick | Rank, picked: Sequence[str]) -> Understood:
    """Return the answer that the `picked` options make, or what is wrong with it."""
    return ranking.finished(question, picked) if isinstance(question, Rank) else _together(question, picked)


def _together(question: Pick, picked: Sequence[str]) -> Understood:
    """Return the picked options in the question's own order."""
    kept = [option for option in question.options if option.id in picked]
    alone = next((option for option in kept if option.exclusive), None)
    if alone and len(kept) > 1:
        return Fault("pick_alone", {"label": alone.label})
    if len(kept) < question.least and not alone:
        return Fault("pick_too_few", {"least": question.least})
    if question.most is not None and len(kept) > question.most:
        return Fault("pick_too_many", {"most": question.most})
    return Answer(question.id, tuple(option.id for option in kept))


def _choice(script: Script, question: Choose | Rate, message: Message, otherwise: str) -> Understood:
    option = chosen(script.tables[question.id], message.text) if message.kind is _TEXT else None
    return Answer(question.id, option) if option else Fault(otherwise)


def _toggled(question: Pick, option: str, picked: Sequence[str]) -> Ticked | Fault:
    if option in picked:
        return Ticked(tuple(one for one in picked if one != option))
    alone = {one.id for one in question.options if one.exclusive}
    kept = () if option in alone else tuple(one for one in picked if one not in alone)
    if question.most is not None and len(kept) >= question.most:
        return Fault("pick_too_many", {"most": question.most})
    return Ticked((*kept, option))


def _picks(script: Script, question: Pick, message: Message) -> Understood:
    picked = several(script, script.tables[question.id], message.text) if message.kind is _TEXT else []
    return _together(question, picked) if picked else Fault("pick_again")


def _words(question: Ask, message: Message) -> Understood:
    return words_of(question, message.text if message.kind is _TEXT else "")


def words_of(question: Ask, written: str) -> Answer | Fault:
    """Return what is `written` as the answer to `question`, or what is wrong with it."""
    text = clean(written)
    if not text:
        return Fault("ask_again")
    if question.only:
        text = "".join(plain_digits(text).split())
        if not (text.isascii() and text.isdigit()):
            return Fault("ask_digits")
    if len(text) < question.least:
        return Fault("ask_too_short", {"least": question.least})
    if len(text) > question.most:
        return Fault("ask_too_long", {"most": question.most, "length": len(text)})
    return Answer(question.id, text)


# No letter or digit stands before a number, and only its unit may touch its end ("2.5km", "50m²", which is read as m2).
# Groups of three are parted by a space, point or comma.
_FIGURE = re.compile(
    r"(?<![\w.,])([-+]?\d++(?:[  '’]\d{3}(?!\d))*+(?:[.,]\d++)*+)(?!e\d)(?:[^\W\d_]{1,12}|[kcd]?m[23])?(?!\w)",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[.,]\d{3})+")
_LONGEST_FIGURE = 15


def _number(script: Script, question: Number, message: Message) -> Understood:
    value = figure(message.text, whole=question.whole) if message.kind is _TEXT else None
    if value is None:
        return Fault("number_again", {"example": example(question, script.language)})
    if question.whole and not value.is_integer():
        return Fault("number_whole", {"example": example(question, script.language)})
    if question.least is not None and value < question.least:
        return Fault("number_too_low", {"least": with_unit(question.least, question.unit, script.language)})
    if question.most is not None and value > question.most:
        return Fault("number_too_high", {"most": with_unit(question.most, question.unit, script.language)})
    return Answer(question.id, value)


def figure(text: str, *, whole: bool) -> float | None:
    """Return the one number in `text`, with decimal point or comma and digits of any script; None where unclear.

    "1,500" is 1500 where only whole numbers are asked and unclear otherwise.
    """
    found = _FIGURE.findall(plain_digits(text[:_LONGEST_TEXT]))
    if len(found) != 1:
        return None
    digits = re.sub(r"[  '’]", "", found[0])
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"[.,]", "", digits) if whole else ""
    digits = digits.replace(",", ".")
    return float(digits) + 0.0 if 0 < len(digits) <= _LONGEST_FIGURE and digits.count(".") <= 1 else None


_LONGEST_TEXT = 200


def example(question: Number, language: str) -> str:
    """Return a number that would be accepted, to show beside a fault: the least one, or 5 where that says little."""
    low, high = question.least, question.most
    value = low or (5 if high is None else min(high, 5))
    return with_unit(value, "", language)


def with_unit(value: float, unit: str, language: str) -> str:
    """Return `value` as people who speak `language` write it (2.5, 2,5), followed by its unit."""
    return f"{plain(value).replace('.', _point(language))} {unit}".strip()


def plain(value: float) -> str:
    """Return `value` without trailing zeros, its decimals after a point."""
    return str(int(value)) if float(value).is_integer() else f"{value:.10g}"


@cache
def _point(language: str) -> str:
    from babel.numbers import get_decimal_symbol  # noqa: PLC0415 - for those who are asked for a number

    return str(get_decimal_symbol(dates.locale(language)))


_POLE, _DATE_LINE = 90.0, 180.0


def _place(question: Place, message: Message) -> Understood:
    if message.kind is Kind.PLACE:
        return Fault("place_live") if message.live else _pin(question, message.latitude, message.longitude)
    text = clean(message.text)
    if message.kind is not _TEXT or not fold(text):
        return Fault("place_again")
    if point := _POINT.fullmatch(plain_digits(text)):
        return _pin(question, float(point[1]), float(point[2]))
    if len(text) > PLACE_LIMIT:
        return Fault("ask_too_long", {"most": PLACE_LIMIT, "length": len(text)})
    return Answer(question.id, text)


def _pin(question: Place, latitude: float | None, longitude: float | None) -> Understood:
    if latitude is None or longitude is None or not (abs(latitude) <= _POLE and abs(longitude) <= _DATE_LINE):
        return Fault("place_again")
    return Answer(question.id, f"{latitude:.5f},{longitude:.5f}")


_LONGEST_CAPTION = 1024


def _file(question: Photo | Voice, message: Message) -> Understood:
    kind, otherwise = (Kind.PHOTO, "photo_again") if isinstance(question, Photo) else (Kind.VOICE, "voice_again")
    if message.kind is not kind or not message.file:
        return Fault(otherwise)
    return Answer(question.id, message.file, clean(message.text)[:_LONGEST_CAPTION])
