"""What a message says to a question: an answer, a step towards one, or a fault. One small function for each verb."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from flows.model import Answer, Ask, Choose, Kind, Number, Photo, Pick, Place, Rate
from flows.words import chosen, clean, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.model import Message, Option, Question, Script

_OFFERING = (Choose, Rate, Pick)
_TEXT, _OTHER = Kind.TEXT, Kind.OTHER  # to find a member in its enum takes 0.1 µs

PLACE_LIMIT = 300
"""Most characters of a street or area in words."""


class Fault(Struct, frozen=True):
    """Why a message is no answer: the key of the sentence that says so, and what fills it."""

    phrase: str
    values: Mapping[str, object] = field(default_factory=dict)


class Ticked(Struct, frozen=True):
    """No answer yet: the options ticked so far."""

    picked: tuple[str, ...]


Understood: TypeAlias = Answer | Ticked | Fault


def understand(script: Script, question: Question, message: Message) -> Understood:
    """Return what a typed or sent `message` (no tap) says to `question`."""
    if message.kind is _OTHER:
        return Fault("other_kind")
    match question:
        case Choose():
            return _choice(script, question, message, "choose_again")
        case Rate():
            return _choice(script, question, message, "rate_again")
        case Pick():
            return _picks(script, question, message)
        case Ask():
            return _words(question, message)
        case Number():
            return _number(question, message)
        case Place():
            return _place(question, message)
        case Photo():
            return _photo(question, message)


def tapped(question: Question, option: str, picked: Sequence[str]) -> Understood | None:
    """Return what a tap on `option` says to `question`, `picked` being ticked so far; None for no option of it."""
    if not isinstance(question, _OFFERING) or option not in question.scores:
        return None
    return _toggled(question, option, picked) if isinstance(question, Pick) else Answer(question.id, option)


def finished(question: Pick, picked: Sequence[str]) -> Understood:
    """Return the answer that the `picked` options make, in the options' order, or what is wrong with it."""
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
    if message.kind is not _TEXT:
        return Fault("pick_again")
    table = script.tables[question.id]
    found = [chosen(table, part) for part in _parts(script, table, message.text)]
    picked = [one for one in found if one]
    return finished(question, picked) if found and len(picked) == len(found) else Fault("pick_again")


_ATTACHED_AND = re.compile(r" و(?=\w)")
"""Arabic writes "and" in one with the next word; a word may as well begin with that letter."""
_SEPARATORS = re.compile(r"[,;/&+\n،؛、]")


def _parts(script: Script, table: Mapping[str, str], text: str) -> list[str]:
    """Split "1, 3", "1 and 3", "1 3" or "this and that"; a label that holds a separator stays whole."""
    if chosen(table, text):
        return [text]
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    return [piece for part in parts for piece in ([part] if chosen(table, part) else _pieces(script, table, part))]


def _pieces(script: Script, table: Mapping[str, str], part: str) -> list[str]:
    words = fold(part).split()
    if all(word.isdigit() for word in words):
        return words
    attached = _ATTACHED_AND.split(" ".join(words))
    if all(chosen(table, piece) for piece in attached):
        return attached
    joined = "\n".join("" if script.words.get(word) == "and" else word for word in words)
    return [piece.replace("\n", " ").strip() for piece in re.split(r"\n\n|^\n|\n$", joined) if piece.strip()]


def _words(question: Ask, message: Message) -> Understood:
    text = clean(message.text)
    if message.kind is not _TEXT or not text:
        return Fault("ask_again")
    if len(text) < question.least:
        return Fault("ask_too_short", {"least": question.least})
    if len(text) > question.most:
        return Fault("ask_too_long", {"most": question.most, "length": len(text)})
    return Answer(question.id, text)


# A number stands alone: no letter or digit touches it. Groups of three are parted by a space, point or comma.
_FIGURE = re.compile(r"(?<![\w.,])[-+]?\d+(?:[  '’]\d{3}(?!\d))*(?:[.,]\d+)*(?![\w])")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[.,]\d{3})+")
_LONGEST_FIGURE = 15


def _number(question: Number, message: Message) -> Understood:
    value = figure(message.text, whole=question.whole) if message.kind is _TEXT else None
    if value is None:
        return Fault("number_again", {"example": example(question)})
    if question.whole and not value.is_integer():
        return Fault("number_whole", {"example": example(question)})
    if question.least is not None and value < question.least:
        return Fault("number_too_low", {"least": with_unit(question.least, question.unit)})
    if question.most is not None and value > question.most:
        return Fault("number_too_high", {"most": with_unit(question.most, question.unit)})
    return Answer(question.id, value)


def figure(text: str, *, whole: bool) -> float | None:
    """Return the one number in `text`, with decimal point or comma and digits of any script; None where unclear.

    "1,500" is 1500 where only whole numbers are asked and unclear otherwise.
    """
    found = _FIGURE.findall(_plain_digits(text[:_LONGEST_TEXT]))
    if len(found) != 1:
        return None
    digits = re.sub(r"[  '’]", "", found[0])
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"[.,]", "", digits) if whole else ""
    digits = digits.replace(",", ".")
    return float(digits) if 0 < len(digits) <= _LONGEST_FIGURE and digits.count(".") <= 1 else None


_LONGEST_TEXT = 200


def _plain_digits(text: str) -> str:
    characters = unicodedata.normalize("NFKC", clean(text)).replace("٫", ".").replace("٬", ",").replace("−", "-")
    return "".join(str(unicodedata.digit(one)) if one.isdecimal() else one for one in characters)


def example(question: Number) -> str:
    """Return a number that would be accepted, to show beside a fault: the least one, or 5 where that says little."""
    low, high = question.least, question.most
    value = low or (5 if high is None else min(high, 5))
    return with_unit(value, "")


def with_unit(value: float, unit: str) -> str:
    """Return `value` as people write it (no trailing zeros), followed by its unit."""
    digits = str(int(value)) if float(value).is_integer() else f"{value:.10g}"
    return f"{digits} {unit}".strip()


_POLE, _DATE_LINE = 90.0, 180.0


def _place(question: Place, message: Message) -> Understood:
    if message.kind is Kind.PLACE:
        return _pin(question, message)
    text = clean(message.text)
    if message.kind is not _TEXT or not fold(text):
        return Fault("place_again")
    if len(text) > PLACE_LIMIT:
        return Fault("ask_too_long", {"most": PLACE_LIMIT, "length": len(text)})
    return Answer(question.id, text)


def _pin(question: Place, message: Message) -> Understood:
    latitude, longitude = message.latitude, message.longitude
    if message.live:
        return Fault("place_live")
    if latitude is None or longitude is None or not (abs(latitude) <= _POLE and abs(longitude) <= _DATE_LINE):
        return Fault("place_again")
    return Answer(question.id, f"{latitude:.5f},{longitude:.5f}")


_LONGEST_CAPTION = 1024


def _photo(question: Photo, message: Message) -> Understood:
    if message.kind is not Kind.PHOTO or not message.file:
        return Fault("photo_again")
    return Answer(question.id, message.file, clean(message.text)[:_LONGEST_CAPTION])


def label_of(options: Sequence[Option], option: str) -> str:
    """Return the label of the option with this id; the id itself where there is none."""
    return next((one.label for one in options if one.id == option), option)
