"""Where somebody lives: the number of a house is found, the street is not, for a service needs to know the place."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bot.reading import cues
from bot.reading.plain import plain
from bot.reading.spans import Found, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOUSE = (
    r"(?P<number>\d{1,5}(?: ?[A-Za-z](?!\w))?(?: ?[/-] ?\d{1,4}[a-zA-Z]?| bis| ter)*)(?!\w|-(?!\w)|[.,:]\d| ?"
    r"(?:€|%|km|metros|meters|metres|Meter|min|Uhr|h\b))"
)
_WORD = r"(?:[„“\"'(]? ?[^\W\d_][\w.'’-]*[”\"')]?)"
_LITTLE = (
    r"(?:de|da|do|dos|das|del|la|las|los|el|y|e|of|the|der|den|des|dem|du|l'|d'|van|von|zum|zur|am|an|im|al"
    r"|St\.?|San|Santa|São|Saint|Sainte|Dr\.?|Sta\.?|Sto\.?|Gral\.?|General|Prof\.?)"
)


_MONTHS = (
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janeiro"
    "|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro"
)


def found(text: str) -> Iterator[Span]:
    """Find the numbers of houses, flats and doors; `text` is plain."""
    if not any(map(str.isdigit, text)):
        return
    for pattern in _patterns():
        for match in pattern.finditer(text):
            yield Span(match.start("number"), match.end("number"), Found.ADDRESS)
            yield from _within(text, match.end())
    for match in _POSTCODE.finditer(text):
        yield Span(match.start(), match.end(), Found.ADDRESS)


def is_home(text: str, span: Span) -> bool:
    """Whether the number of a house is said to be where the writer lives, and not where a service is to look."""
    before = cues.bare(plain(text[: span.start]))[-NEAR:]
    return _homes().search(before) is not None


NEAR = 60
"""So many characters before the number of a house are looked at."""


@cache
def _homes() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?i:{'|'.join(cues.spoken('street', 'home'))})(?!\w)[^.!?]*$")


_POSTCODE = re.compile(r"(?<!\w)(?:[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}|\d{4} [A-Z]{2}(?= [A-Z][a-z]))(?!\w)")
"""Of those countries where a code means a few houses: GB, NL."""


def _within(text: str, start: int) -> Iterator[Span]:
    """Find what follows a house's number and narrows it down: "Flat 3", "2.º izq.", "bât. B"."""
    if match := _told().match(text, start):
        start = match.end()
    while match := _inside().match(text, start):
        yield Span(match.start("number"), match.end("number"), Found.ADDRESS)
        start = match.end()


@cache
def _told() -> re.Pattern[str]:
    """The rest of a street's name, where its number stood before it and a flat comes behind."""
    words = "|".join(cues.written("street", "inside"))
    return re.compile(rf"(?:[^\W\d_][\w.'-]* ?){{1,5}}(?=, ?(?i:{words})\.? ?\w)")


@cache
def _inside() -> re.Pattern[str]:
    words = "|".join(cues.written("street", "inside"))
    floor = r"\d{1,3} ?(?:\.?[ºª°]|er|ème|e)(?: ?[A-Z](?!\w)| ?-? ?(?:izq|dcha|izda|esq|dto|drt|der)\w*\.?)?"
    number = rf"(?i:{words}|d:)\.? ?(?:n[.º°o]*|nr\.?|#|رقم)? ?(?:\d{{1,4}} ?[A-Za-z]?|[A-ZА-Я])(?!\w)"
    return re.compile(rf",? ?(?P<number>{floor}|{number}|[A-Z](?![\w.'])(?=[ ,.]))(?=\W|$)")


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Return one pattern for each way to write an address."""
    return (
        _number_first_of_english(),
        _name_first(),
        _number_first_of_french(),
        _one_word(),
        _prepositions(),
        _number_after_kind(),
        _arabic(),
        _at_home(),
        re.compile(r"(?<!\w)(?:буд|д|кв|ап)\. ?(?P<number>\d{1,4}[А-Яа-я]?)(?!\w)"),
    )


def _number_first_of_english() -> re.Pattern[str]:
    """83 Church Avenue."""
    kinds = "|".join(f"{word[0].upper()}{word[1:]}" for word in cues.written("street", "ends"))
    lower = "street|road|avenue|lane|terrace|crescent"
    name = r"(?:(?:the|of|The) )?(?:[A-Z][\w.'-]* ?(?:(?:of|the|and) )?){1,4}?"
    return re.compile(
        rf"(?<![\w.,/-])(?P<number>\d{{1,5}}[A-Za-z]?(?: ?[/-] ?\d{{1,4}}[A-Za-z]?)?),? (?:{name} ?"
        rf"(?:{kinds})|(?:[a-z]{{3,}} ){{1,2}}(?:{lower}))\b(?!')"
    )


def _name_first() -> re.Pattern[str]:
    """Calle Mayor 12; Rua da Prata, n.º 115; ул. Витоша 83."""
    kinds = "|".join(cues.written("street", "before"))
    capital = r"[A-ZÀ-ÞА-ЯІЇЄ„“\"'][„“\" ]{0,2}[^\W\d_]*[\w.'-]*[”\"]?"
    name = rf"(?:{_LITTLE} ?){{0,3}}{capital}(?: (?:{_LITTLE}|{capital}|\d{{1,2}}(?= de )|\d{{1,2}}-\w))*?"
    label = r"(?:n[.º°ºo]{0,3}|núm\.?|numero|número|nº|N[.º°o]{0,2}|№|буд\.|num\.?|No:?)"
    small = rf"(?:{_LITTLE} )?[^\W\d_]{{3,}}(?: [^\W\d_]{{3,}})?(?=,| {label})"
    return re.compile(
        rf"(?<!\w)(?i:{kinds}) ?(?:{name}|{small})[,.]? ?(?:{label} ?)?(?<=[ ,.º°:№]){_HOUSE}(?! de (?:{_MONTHS}))"
    )


def _number_first_of_french() -> re.Pattern[str]:
    """2 bis, rue de Poulain."""
    kinds = "|".join(cues.written("street", "after_number"))
    return re.compile(
        rf"(?<![\w.,/-])(?P<number>\d{{1,4}}(?: ?(?:bis|ter|quater|[A-Da-d])(?!\w))?),? (?i:{kinds}) (?="
        r"(?:d[eu'es]+ ?|l[a'es]+ ?)*[^\W\d_])"
    )


def _one_word() -> re.Pattern[str]:
    """Hauptstraße 12a, Claudius-Reising-Gasse 99/40, Daansteeg 5."""
    ends = "|".join(cues.written("street", "endings"))
    apart = "Straße|Strasse|Str\\.|Weg|Gasse|Platz|Allee|Ring|Ufer|Damm|Markt|Hof"
    return re.compile(
        rf"(?<!\w)(?:[A-ZÄÖÜ][\w.'-]*(?:{ends})|(?:[A-ZÄÖÜ][\w.'-]+[ -]){{1,3}}(?:{apart}))(?:,? ?(?:Nr\.?"
        rf"|Hausnummer|Haus) ?)?,? ?(?<=[ .]){_HOUSE}"
    )


def _prepositions() -> re.Pattern[str]:
    """Am Alten Hof 3, Unter den Linden 5, Straße des 17. Juni 135."""
    begin = (
        r"(?:Am|An der|An den|An dem|Auf der|Auf dem|Auf den|Im|In der|In den|Unter den|Unter der|Zum|Zur|Zu"
        r" den|Hinter der|Hinter dem|Vor dem|Beim|Bei der|Straße des|Straße der|Platz der|Platz des)"
    )
    return re.compile(
        rf"(?<!\w){begin} (?:\d+\. )?[A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)? {_HOUSE}(?! ?(?:\.|Jahr|Tag|Stunde"
        r"|Minute|Woche|Monat|Mal|Prozent|Person|Mensch|[A-ZÄÖÜ][a-zäöü]+en?\b))"
    )


def _number_after_kind() -> re.Pattern[str]:
    """Atatürk Caddesi No: 8."""
    kinds = "|".join(cues.written("street", "ends_number"))
    return re.compile(rf"(?<=\w )(?i:{kinds})(?!\w),? ?(?:(?i:no|numara)[.:]? ?)?{_HOUSE}")


def _arabic() -> re.Pattern[str]:
    """شارع 24, شارع النيل رقم 12."""
    kinds = "|".join(cues.written("street", "arabic"))
    return re.compile(
        rf"(?<!\w)(?:و|ب|ل|في|بال|ال|وال)?(?:{kinds})(?: (?!(?:منذ|بعد|قبل|في|من|على|مع|هو|هي|كل|لمدة"
        rf"|وتأخرت|الساعة)\b)[^\W\d_]+){{0,4}}?,?،? ?(?:(?:ال)?رقم|رقمها|نمرة)? ?(?<=[ ,،])"
        rf"(?P<number>\d{{1,5}}(?:/\d{{1,4}})?)(?!\w|[.,:/]\d| ?(?:سنة|سنوات|يوم|أيام|ساعة|ساعات|دقيقة"
        r"|دقائق|شخص|أشخاص|متر|أسابيع|أسبوع|شهر|أشهر|مرة|مرات|طالب|سيارة|سيارات))"
    )


def _at_home() -> re.Pattern[str]:
    """I live at number 12, vivo en el número 4, ich wohne in Nummer 7."""
    live = (
        "I live at|we live at|living at|my house is|my house number is|vivo en el|vivimos en el|mi casa"
        " es el|ich wohne in|wir wohnen in|Hausnummer|house number|"
        "j'habite au|nous habitons au|habitant au|moro no|vivo no|moramos no|vivemos no|número da porta"
        "|أسكن في|اسكن في|نسكن في|بيتي|منزلي|شقتي"
    )
    return re.compile(
        rf"(?<!\w)(?i:{live}) (?:(?i:flat|house|number|no\.?|nº|número|numero|nummer|nr\.?|numéro|n°|رقم"
        rf"|شقة|البيت|المنزل|piso|portal|bloque|apartment|apto|bloco|prédio) ?)*{_HOUSE}(?! (?i:anos|años"
        r"|years|jahre|ans|minutes|minutos|minuten))"
    )
