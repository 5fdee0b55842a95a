"""Numbers and addresses that lead to a person: of telephones, mailboxes, accounts, cards, identity cards and cars.

Rules over patterns. Check digits come from `stdnum`, the numbering plans of telephones from `phonenumbers`. A number
that fails its check is still found where its name or its shape says what it is meant to be: people mistype.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import TYPE_CHECKING

import phonenumbers
from stdnum import iban, luhn

from bot.reading import cues
from bot.reading.spans import Found, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LEAST_DIGITS, MOST_DIGITS = 7, 15
"""Digits of a telephone number (ITU-T E.164: at most fifteen)."""


def found(text: str, countries: Sequence[str]) -> Iterator[Span]:
    """Find numbers in `text`, the surest kinds first; `countries`: whose local telephone numbers are meant."""
    yield from _all(_MAIL, text, Found.MAIL)
    yield from _links(text)
    yield from _all(_HANDLE, text, Found.HANDLE)
    if not any(map(str.isdigit, text)):
        return
    yield from _accounts(text)
    yield from _cards(text)
    yield from _named(text)
    yield from _identities(text)
    yield from _phones(text, countries)
    yield from _plates(text)


def _all(pattern: re.Pattern[str], text: str, what: Found) -> Iterator[Span]:
    for match in pattern.finditer(text):
        yield Span(match.start(), match.end(), what)


# --------------------------------------------------------------------------- mailboxes, links, handles

_TOP = "com|net|org|info|eu|de|es|fr|pt|br|uk|it|nl|at|ch|be|mx|ar|cl|co|pe|us|ca|ma|tn|dz|eg|sa|ae|me|io"
_MAIL = re.compile(
    rf"(?<![\w.+-])[\w.+%-]{{1,64}} ?@ ?(?:[\w-]{{1,63}}\.){{1,4}}[^\W\d_]{{2,24}}(?![\w@])"
    rf"|(?<![\w.+-])[\w.+%-]{{1,64}} ?(?:[(\[{{] ?(?:at|arroba|ät|arobase|a) ?[)\]}}]|(?<= )(?:at|arroba|ät"
    r"|arobase)(?= )) ?"
    rf"[\w-]{{1,63}}(?:(?: ?[(\[{{] ?(?:dot|punto|punkt|point|ponto) ?[)\]}}] ?| (?:dot|punto|punkt|point"
    rf"|ponto) |\.)[\w-]{{1,63}}){{0,3}}?"
    rf"(?: ?[(\[{{] ?(?:dot|punto|punkt|point|ponto) ?[)\]}}] ?| (?:dot|punto|punkt|point|ponto) |\.)(?:{_TOP})(?!\w)",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z][A-Za-z0-9_.]{2,30}[A-Za-z0-9_]")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"']+|(?<![\w@.])(?:[a-z0-9-]+\.)+[a-z]{2,10}/[^\s<>\"']+", re.IGNORECASE)
_PERSONAL = re.compile(
    r"(?:facebook|fb|instagram|twitter|x|tiktok|linkedin|youtube|threads|bsky|vk|ok|xing|snapchat"
    r"|pinterest|reddit|github)"
    r"\.(?:com|me|app|net|ru|social)/(?!sharer|share|hashtag|watch|groups/\d|events?/|search)[@\w]"
    r"|(?:t|telegram|wa|api\.whatsapp|m)\.(?:me|com)/|/(?:@[a-z]|~|users?/|profile|in/|people/|perfil)",
    re.IGNORECASE,
)


def _links(text: str) -> Iterator[Span]:
    """Find links to somebody's own page; those to other pages say what the text is about."""
    for match in _LINK.finditer(text):
        end = match.end() - (len(match[0]) - len(match[0].rstrip(".,;:!?)")))
        if _PERSONAL.search(match[0]):
            yield Span(match.start(), end, Found.LINK)


# --------------------------------------------------------------------------- accounts and cards

_ACCOUNT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2} ?\d{2}(?: ?-?[A-Z0-9]){11,30}(?![A-Za-z0-9])", re.IGNORECASE)
_MOSTLY = 8
"""So many digits an account has at least behind its country and check digits, or it is a word."""


def _accounts(text: str) -> Iterator[Span]:
    for match in _ACCOUNT.finditer(text):
        end = _end_of_account(match[0])
        if end:
            yield Span(match.start(), match.start() + end, Found.ACCOUNT)


def _end_of_account(raw: str) -> int:
    """Return how much of `raw` is an IBAN: as many signs as ISO 13616 gives its country; 0 where it is none."""
    length = _lengths().get(raw[:2].upper())
    signs = [place for place, sign in enumerate(raw) if sign.isalnum()]
    if length is None or len(signs) < length - 1:
        return 0
    end = signs[min(length, len(signs)) - 1] + 1
    whole = iban.is_valid(raw[:end], check_country=False)
    meant = raw[:2].isupper() and sum(map(str.isdigit, raw[4:end])) >= _MOSTLY
    return end if whole or meant else 0


@cache
def _lengths() -> dict[str, int]:
    """Return how long an IBAN of each country is (SWIFT's IBAN registry, as `stdnum` carries it)."""
    from stdnum import numdb  # noqa: PLC0415 - reads a file: only who meets an account needs it

    lengths = {}
    for country, info in ((one, dict(numdb.get("iban").info(one)[0][1])) for one in _COUNTRIES):
        parts = re.findall(r"(\d+)!", info.get("bban", ""))
        if parts:
            lengths[country] = 4 + sum(map(int, parts))
    return lengths


_COUNTRIES = (
    "AD AE AL AT AZ BA BE BG BH BR BY CH CR CY CZ DE DK DO EE EG ES FI FO FR GB GE GI GL GR GT HR HU IE"
    " IL IQ IS IT JO KW KZ "
    "LB LC LI LT LU LV LY MC MD ME MK MR MT MU NL NO PK PL PS PT QA RO RS SA SC SD SE SI SK SM ST SV TL"
    " TN TR UA VA VG XK"
).split()

_CARD = re.compile(r"(?<![\w.,-])(?:\d[ .-]?){12,18}\d(?![\w-])")
_CARD_SHAPE = re.compile(r"\d{4}([ .-])\d{4}\1\d{4}\1\d{4}|\d{4}([ .-])\d{6}\2\d{5}")


def _cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if digits[0] in "23456" and (luhn.is_valid(digits) or _CARD_SHAPE.fullmatch(match[0])):
            yield Span(match.start(), match.end(), Found.CARD)


# --------------------------------------------------------------------------- what is named before it

_NUMBER = r"\+?(?-i:[A-Z]{0,3})[ -]?(?:[\d(][\d ()./-]*)?\d(?:-?[A-Za-z](?![A-Za-z]))?(?:[A-Z0-9]{0,6})"
_NAMED = {
    "phone": (Found.PHONE, 6),
    "identity": (Found.IDENTITY, 5),
    "card": (Found.CARD, 12),
    "account": (Found.ACCOUNT, 9),
}
"""What is named, and how many digits it has at least."""


@cache
def _pattern_named(kind: str) -> re.Pattern[str]:
    words = "|".join(cues.spoken("number", kind))
    between = r"(?:['\w]{0,14}[ .:#º°nN-]{1,4}){0,4}?"
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)[ .:#=(-]{{0,3}}{between}(?P<number>{_NUMBER})(?!\w)", re.IGNORECASE)


def _named(text: str) -> Iterator[Span]:
    bare = cues.bare(text)
    for kind, (what, least) in _NAMED.items():
        for match in _pattern_named(kind).finditer(bare):
            raw = match["number"]
            if least <= sum(map(str.isdigit, raw)) and not _is_moment(raw.strip()):
                start = match.start("number") + len(raw) - len(raw.lstrip())
                yield Span(start, match.start("number") + len(raw.rstrip()), what)


_MOMENT = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-](?:\d{2}|\d{4})|(?:19|20)\d\d[./-]\d{1,2}(?:[./-]\d{1,2})?|(?:19|20)\d\d ?-"
    r" ?(?:19|20)\d\d"
)
_CASE = re.compile(r"(?:19|20)\d\d[-/]\d{2,6}")
"""How offices number their papers: they need it, and it leads to nobody outside."""


def _is_moment(raw: str) -> bool:
    return bool(_MOMENT.fullmatch(raw) or _CASE.fullmatch(raw))


# --------------------------------------------------------------------------- identity numbers

_LETTERED = (
    (re.compile(r"(?<![\w-])\d{1,2}[. ]?\d{3}[. ]?\d{3} ?-?[A-Za-z](?!\w)"), ("es.dni",)),
    (re.compile(r"(?<![\w-])\d{8}[ -]?[A-Z](?!\w)"), ()),  # the same with a letter that was mistyped
    (re.compile(r"(?<![\w-])[XYZxyz] ?-?\d{7} ?-?[A-Za-z](?!\w)"), ("es.nie",)),
    (re.compile(r"(?<![\w-])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"), ()),  # GB, NINO
    (re.compile(r"(?<![\w-])QQ ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"), ()),  # its form in examples
    (
        re.compile(r"(?<![\w-])[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z](?!\w)", re.IGNORECASE),
        ("it.codicefiscale",),
    ),
    (re.compile(r"(?<![\w-])\d{8} ?\d ?[A-Z]{2}\d(?!\w)"), ("pt.cc",)),
    (re.compile(r"(?<![\w-])\d{2} ?\d{6} ?[A-Z] ?\d{3}(?!\w)"), ()),  # DE, pension insurance
    (re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)"), ()),  # BR, CPF
    (re.compile(r"(?<![\w.-])\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?!\w)"), ("be.nn",)),
    (re.compile(r"(?<![\w.-])756\.\d{4}\.\d{4}\.\d{2}(?!\w)"), ("ch.ssn",)),
    (re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), ("us.ssn",)),
    (
        re.compile(r"(?<![\w-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[ABab]) ?\d{3} ?\d{3} ?\d{2}(?!\w)"),
        (),
    ),  # FR, NIR
    (
        re.compile(r"(?<![\w-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3}(?!\w|[ ]?\d)"),
        (),
    ),  # without its key
)
"""Shapes that nothing else has, and the checks of which one must hold, where there are any."""
_BARE = re.compile(r"(?<![\w.,+/-])\d(?:[ -]?\d){9,12}(?![\w/-]|[.,]\d)")
_CHECKS = {
    10: ("gb.nhs", "bg.egn", "ua.rntrc", "se.personnummer"),
    11: ("de.idnr", "pl.pesel", "br.cpf", "tr.tckimlik", "be.nn", "hr.oib", "no.fodselsnummer", "ee.ik"),
    13: ("ro.cnp",),
}
"""Numbers without letters, by how many digits they have."""


def _identities(text: str) -> Iterator[Span]:
    for pattern, checks in _LETTERED:
        for match in pattern.finditer(text):
            if not checks or any(_holds(check, match[0]) for check in checks):
                yield Span(match.start(), match.end(), Found.IDENTITY)
    for match in _BARE.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if any(_holds(check, digits) for check in _CHECKS.get(len(digits), ())):
            yield Span(match.start(), match.end(), Found.IDENTITY)


def _holds(check: str, number: str) -> bool:
    return _check(check)(number)


@cache
def _check(name: str) -> Callable[[str], bool]:
    """Return the check of one country's number, loaded when it is first needed."""
    check: Callable[[str], bool] = importlib.import_module(f"stdnum.{name}").is_valid
    return check


# --------------------------------------------------------------------------- telephones

_DIALLED = re.compile(r"(?<![\w@/])(?:\+|00)?\(?\d[\d ().,/-]{5,24}\d(?![\w@])")
_INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|00)[ ]?\(?[1-9](?:[ ().-]{0,3}\d){7,14}(?!\w)")


def _phones(text: str, countries: Sequence[str]) -> Iterator[Span]:
    if sum(map(str.isdigit, text)) < LEAST_DIGITS:
        return
    yield from _all(_INTERNATIONAL, text, Found.PHONE)
    for country in countries:
        for match in phonenumbers.PhoneNumberMatcher(text, country):
            if not _is_moment(match.raw_string) and not _is_amount(text, match.end):
                yield Span(match.start, match.end, Found.PHONE)
    for dialled in _DIALLED.finditer(text):
        if any(_rings(dialled[0], country) for country in countries) and not _is_amount(text, dialled.end()):
            yield Span(dialled.start(), dialled.end(), Found.PHONE)


def _rings(raw: str, country: str) -> bool:
    """Whether somebody could dial this: written with signs that no list of numbers knows, as in (11).96190.4544."""
    digits = re.sub(r"[^\d+]", "", raw)
    if "," in raw or _is_moment(raw) or not LEAST_DIGITS <= len(digits) <= MOST_DIGITS or _is_sum(raw):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, country))
    except phonenumbers.NumberParseException:
        return False


def _is_sum(raw: str) -> bool:
    """Whether it is written as an amount: 1.500.000."""
    return bool(
        re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", raw) or (re.search(r"\d{4} ?- ?\d{4}(?!\d)$", raw) and len(raw) <= 11)
    )


_UNIT = re.compile(
    r" ?(?:€|\$|£|%|euros?\b|eur\b|pounds|dollars|millones|millions?\b|mio\b|habitantes|people|personas"
    r"|viviendas|kwh|km\b|m2|m²|votos)",
    re.IGNORECASE,
)


def _is_amount(text: str, end: int) -> bool:
    return _UNIT.match(text, end) is not None


# --------------------------------------------------------------------------- number plates

_PLATE = re.compile(
    r"(?<![\w-])(?:"
    r"\d{4}[ -]?[BCDFGHJKLMNPRSTVWXYZ]{3}"  # ES
    r"|[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2}|[A-Z]{2} \d{3} [A-Z]{2}"  # FR, IT
    r"|[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} ?\d{1,4}[EH]?"  # DE
    r"|[A-Z]{2}\d{2} ?[A-Z]{3}"  # GB
    r"|[A-Z]{2}-\d{2}-[A-Z]{2}|\d{2}-[A-Z]{2}-\d{2}|\d{2}-\d{2}-[A-Z]{2}|[A-Z]{2}-\d{2}-\d{2}"  # PT
    r"|[A-Z]{3}-\d{4}|[A-Z]{3}\d[A-J]\d{2}"  # BR
    r"|[A-Z]{2}-\d{3}-[A-Z]|[A-Z]-\d{3}-[A-Z]{2}|\d{1,2}-[A-Z]{2,3}-\d{1,2}"  # NL
    r"|[АВЕКМНОРСТУХІ]{1,2} ?\d{4} ?[АВЕКМНОРСТУХІ]{2}"  # BG, UA
    r"|\d{2} [A-Z]{1,3} \d{2,4}"  # TR
    r"|\d{3,4} [ابحدرسصطعقكلمنهوى] [ابحدرسصطعقكلمنهوى] [ابحدرسصطعقكلمنهوى]|[ابحدرسصطعقكلمنهوى]"
    r" [ابحدرسصطعقكلمنهوى] [ابحدرسصطعقكلمنهوى] \d{3,4}"  # AR
    r")(?![\w-])"
)
_PLATE_NAMED = re.compile(
    r"(?<![\w-])(?=[A-ZÄÖÜ\d -]{0,24}\d)(?=[\d -]{0,24}[A-ZÄÖÜ])(?:[A-ZÄÖÜ]{1,4}|\d{1,4})(?:[ -]?(?:[A-Z]{1,4}"
    r"|\d{1,5})){1,3}(?![\w-])"
)
_CAR_WITHIN = 30
"""So many characters before a plate something is said of a car."""
_NO_PLATE = re.compile(
    r"(?:COVID|CO|SARS|ISO|EN|DIN|ODS|SDG|UN|EU|US|UK|PM|A|B|C|S|U|L|M|R|RE|RB|IC|N|E|T|P|G)[ -]?\d{1,4}|"
    r"(?:19|20)\d\d [A-Z]{3}|\d+ ?[A-Z]{1,2}|.*(?:AM|PM|BC|AD|EUR|USD|GBP)"
)


def _plates(text: str) -> Iterator[Span]:
    for match in _PLATE.finditer(text):
        if not _NO_PLATE.fullmatch(match[0].strip()):
            yield Span(match.start(), match.start() + len(match[0].rstrip()), Found.PLATE)
    bare = cues.bare(text)
    for match in _PLATE_NAMED.finditer(text):
        before = bare[max(0, match.start() - _CAR_WITHIN) : match.start()]
        if _car().search(before) and _DIGITS_OF_PLATE.search(match[0]) and not _NO_PLATE.fullmatch(match[0]):
            yield Span(match.start(), match.end(), Found.PLATE)


_DIGITS_OF_PLATE = re.compile(r"\d{2}|\d[A-Z]\d")


@cache
def _car() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(cues.spoken('number', 'plate'))})(?!\w)", re.IGNORECASE)
