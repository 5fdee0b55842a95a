"""What leads to a person is found in the six languages, and what does not stays as it was written."""

from __future__ import annotations

import pytest

from bot.reading.private import LONGEST, Finder, countries_of
from bot.reading.spans import Found, Span, mask, settled
from bot.texts import texts
from tests.evaluate.private_texts import Hidden, hidden

FINDER = Finder(("ES", "GB"), people=("Ana Torres Vidal",))


def found(text: str, language: str = "en", finder: Finder = FINDER) -> list[tuple[str, str]]:
    return [(span.found.value, span.of(text)) for span in finder.find(text, language)]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Write to ana.paz@mail.example, please.", "mail", "ana.paz@mail.example"),
        ("I am ana (at) mail (dot) com.", "mail", "ana (at) mail (dot) com"),
        ("Call 07400 123456 after six.", "phone", "07400 123456"),
        ("My number is 555 0142.", "phone", "555 0142"),
        ("Pay to ES91 2100 0418 4502 0005 1332 now.", "account", "ES91 2100 0418 4502 0005 1332"),
        ("Card 4111 1111 1111 1111 was kept.", "card", "4111 1111 1111 1111"),
        ("Mi DNI es 12345678Z.", "identity", "12345678Z"),
        ("The car AB12 CDE parks here.", "plate", "AB12 CDE"),
        ("I am @ana_paz there.", "handle", "@ana_paz"),
        ("See https://www.facebook.com/ana.paz.77.", "link", "https://www.facebook.com/ana.paz.77"),
        ("Noise at 14 Albert Road again.", "address", "14"),
        ("I spoke to Rosalind Franklin there.", "name", "Rosalind Franklin"),
        ("my name is rosalind franklin and i wait", "name", "rosalind franklin"),
        ("ana torres vidal was rude", "name", "ana torres vidal"),
        ("Then Torres shouted.", "name", "Torres"),
    ],
)
def test_what_leads_to_a_person_is_found(text: str, kind: str, words: str) -> None:
    assert (kind, words) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "It cost 1.500.000 euros in 2024-2025.",
        "My case is 2026-1183, of 12/05/2026, at 8:30.",
        "We waited 25 minutes for bus 46 on Monday 3 March.",
        "The Central Library in Victoria Park needs 30 chairs.",
        "I will march in May with hope.",
        "Plaza del 2 de mayo, de 9 a 14 horas.",
        "Der Radweg an der Kreuzung ist für Kinder zu eng.",
        "See https://www.google.de/maps/@50.7446907,7.1140967,82a for the place.",
        "ambulance staff were great at the point of need.com",
    ],
)
def test_what_leads_to_nobody_stays(text: str) -> None:
    assert [
        each
        for each in found(text, "es" if "Plaza" in text else "de" if "Radweg" in text else "en")
        if each[0] != "doubt"
    ] == []


SHAPES = [
    each for which in ("first", "second", "third") for each in hidden(which) if each.kind not in {"name", "address"}
]


@pytest.mark.parametrize("each", SHAPES, ids=lambda each: each.text[each.start : each.end])
def test_every_number_of_a_shape_is_found_whole(each: Hidden) -> None:
    finder = Finder((each.country,))
    masked = {n for span in finder.find(each.text, each.language) for n in range(span.start, span.end)}
    assert {n for n in range(each.start, each.end) if each.text[n] != " "} <= masked


@pytest.mark.parametrize(
    ("language", "least"), [("en", 0.9), ("es", 0.9), ("de", 0.85), ("fr", 0.9), ("pt", 0.9), ("ar", 0.8)]
)
def test_most_names_are_found(language: str, least: float) -> None:
    names = [
        each
        for which in ("first", "second", "third")
        for each in hidden(which)
        if (each.kind, each.language) == ("name", language)
    ]
    whole = 0
    for each in names:
        spans = [span for span in Finder().find(each.text, language) if span.found is not Found.DOUBT]
        masked = {n for span in spans for n in range(span.start, span.end)}
        whole += {n for n in range(each.start, each.end) if each.text[n] != " "} <= masked
    assert whole >= least * len(names)


def test_arabic_names_are_found_that_no_rule_was_written_for() -> None:
    names = [each for each in hidden("fourth") if (each.kind, each.language) == ("name", "ar")]
    whole = sum(("name", each.text[each.start : each.end]) in found(each.text, "ar") for each in names)
    assert whole >= 0.8 * len(names)


def test_behind_an_arabic_name_of_two_words_stands_the_second_one() -> None:
    assert found("كتبنا إلى عبد الله العثيم مرتين بلا رد.", "ar") == [("name", "عبد الله العثيم")]


@pytest.mark.parametrize("text", ["لا يوجد دليل على ذلك.", "المقعد قصير والطريق طويل.", "الدرج كبير وممتاز."])
def test_arabic_words_that_few_people_are_called_are_no_names(text: str) -> None:
    assert found(text, "ar") == []


def test_a_pair_of_words_that_may_be_a_name_is_a_doubt_and_no_quote() -> None:
    text = "People wait for Xanthe Zorblax in the rain."
    assert found(text) == [("doubt", "Xanthe Zorblax")]
    assert FINDER.quoted(text, "en") is None
    assert FINDER.masked(text, "en", texts("en")) == text
    assert FINDER.quoted("The queue is long, says Rosalind Franklin.", "en") == "The queue is long, says [name]."


def test_what_is_masked_is_said_in_the_language_of_the_reader() -> None:
    text = "Call Rosalind Franklin, 07400 123456, 14 Albert Road."
    assert FINDER.masked(text, "en", texts("en")) == "Call [name], [phone number], [house number] Albert Road."
    assert FINDER.masked(text, "en", texts("de")) == "Call [Name], [Telefonnummer], [Hausnummer] Albert Road."
    assert "[اسم]" in FINDER.masked(text, "en", texts("ar"))


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "pt", "ar"])
def test_every_kind_has_a_word_in_every_language(language: str) -> None:
    said = {texts(language)(f"private.{kind}") for kind in Found if kind is not Found.DOUBT}
    assert len(said) == len(Found) - 1


def test_names_known_of_one_text_alone_are_found_in_it() -> None:
    assert FINDER.find("Zorblax here, nobody came.", "en") == ()
    assert FINDER.find("Zorblax here, nobody came.", "en", people=("Xanthe Zorblax",)) == (Span(0, 7, Found.NAME),)


def test_of_two_finds_that_meet_the_first_stays_and_what_stands_beside_it_is_kept() -> None:
    spans = settled([Span(3, 6, Found.PHONE), Span(0, 9, Found.IDENTITY), Span(5, 12, Found.DOUBT)])
    assert spans == (Span(0, 3, Found.IDENTITY), Span(3, 6, Found.PHONE), Span(6, 9, Found.IDENTITY))
    halves = [Span(0, 3, Found.NAME), Span(4, 6, Found.NAME), Span(0, 6, Found.NAME), Span(6, 7, Found.PHONE)]
    assert settled(halves) == (Span(0, 6, Found.NAME), Span(6, 7, Found.PHONE))
    assert mask("abcdefghijkl", spans, lambda each: f"<{each}>") == "<identity><phone><identity>jkl"


def test_signs_that_look_alike_hide_nothing() -> None:
    assert found("Llámame al ٦١٢ ٣٤٥ ٦٧٨", "es") == [("phone", "٦١٢ ٣٤٥ ٦٧٨")]
    assert found("My\u00a0name is Rosalind\u00a0Franklin.") == [("name", "Rosalind\u00a0Franklin")]


def test_of_a_text_too_long_to_be_read_nothing_is_shown_that_nobody_has_read() -> None:
    text = "word " * 5000
    assert FINDER.masked(text, "en", texts("en")).endswith("[name]")
    number = " 07400 123456"
    cut_there = "w" * (LONGEST - len(number)) + number + " and more"
    assert "123456" not in FINDER.masked(cut_there, "en", texts("en"))


def test_local_numbers_are_those_of_the_citys_country_else_of_its_languages() -> None:
    assert countries_of("PT", ["en", "ar"]) == ("PT",)
    assert countries_of("", ["es", "pt-BR", "ar", "es"]) == ("ES", "PT")
