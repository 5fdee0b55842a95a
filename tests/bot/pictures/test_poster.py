"""A poster as a printer, a phone's camera and a reader see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
import zxingcpp

from bot.errors import Refused
from bot.pictures.poster import HEIGHT, QR, Sheet, pdf
from bot.rounds.library import Library
from bot.rounds.links import modules
from bot.rounds.organising import Rounds
from bot.rounds.posters import poster
from tests.support.house import NOON, RECORD, House

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL.Image import Image

    from storage.database import Database

LANGUAGES = ("en", "es", "fr", "de", "pt", "ar")
EVERYWHERE = {name: text["en"] if isinstance(text, dict) and "en" in text else text for name, text in RECORD.items()}
ADDRESS = "https://ask.city.example/library-q7-door"
CODE = modules(ADDRESS)
PLAIN = Sheet("en", rtl=False, org="The City", title="How is it?", tell="Tell us.", about=("It is about the bus.",),
              scan="Point here.", type="Or type:", another="Or else", other="By telephone: 555",
              machine="A machine asks.")  # fmt: skip


@pytest.fixture
def house(database: Database, tmp_path: Path, mint: Callable[[], str]) -> House:
    """An installation in a city that speaks all languages, with an address of its own."""
    made = House(database, tmp_path, mint)
    city = replace(made.config.city, languages=LANGUAGES, org=dict.fromkeys(LANGUAGES, "the City of Rivermouth"))
    services = tuple(replace(each, languages=LANGUAGES) for each in made.config.services)
    web = replace(made.config.web, public_url="https://ask.city.example")
    made.config = replace(made.config, city=city, services=services, web=web)
    made.library = Library(made.config, made.catalog, made.keys)
    made.rounds = Rounds(made.config, database, made.keys, made.catalog, made.library, made.clock, made.mint)
    return made


def pages(paper: bytes) -> list[tuple[str, Image]]:
    """Return the words of each page and how it looks in grey."""
    with pypdfium2.PdfDocument(paper) as document:
        return [
            (page.get_textpage().get_text_bounded(), page.render(scale=2, grayscale=True).to_pil()) for page in document
        ]


def printed(house: House, code: str, place: str = "") -> list[tuple[str, Image]]:
    return pages(poster(house.rounds, house.config, code, NOON, place))


def scanned(image: Image) -> list[str]:
    """Return what a reader of another maker finds on a page."""
    return [found.text for found in zxingcpp.read_barcodes(image)]


def test_there_is_a_page_for_each_language_and_its_code_leads_to_the_place(house: House) -> None:
    house.pulse(code="library")
    door = house.rounds.add_place("library", "Main door").code
    found = printed(house, "library", "main DOOR")
    assert len(found) == len(LANGUAGES)
    for words, image in found:
        assert scanned(image) == [f"https://ask.city.example/{door}"]
        assert f"ask.city.example/{door}" in words
        assert "How is it?" in words


def test_without_a_place_the_code_leads_to_the_round(house: House) -> None:
    house.pulse(code="library")
    assert {text for _, image in printed(house, "library") for text in scanned(image)} == {
        "https://ask.city.example/library"
    }


def test_the_page_says_whose_it_is_what_it_is_about_until_when_and_that_a_machine_asks(house: House) -> None:
    house.need(code="library", record=EVERYWHERE)
    words, _ = printed(house, "library")[0]
    for said in (
        "The City of Rivermouth",
        "Opening hours",
        "It is about the opening hours of the library.",
        "You can answer until 14 December 2026.",
        "No account, no name.",
        "Another way to take part",
        "By telephone or in person: 555 0142, people@rivermouth.example",
        "An automated assistant asks the questions.",
    ):
        assert said in " ".join(words.split()), said


def test_the_other_ways_of_the_record_stand_under_a_head_of_their_own(house: House) -> None:
    ways = {"en": "At the desk, on Thursdays", "es": "En la mesa, los jueves"}
    house.need(code="library", record={**EVERYWHERE, "other_ways": ways})
    pages = " ".join(" ".join(words.split()) for words, _ in printed(house, "library"))
    assert "Another way to take part At the desk, on Thursdays" in pages
    assert "Otra forma de participar En la mesa, los jueves" in pages


def test_before_it_opens_the_poster_says_from_when(house: House) -> None:
    house.need(code="library", record=EVERYWHERE, opened=False, opens_at=NOON + timedelta(days=3))
    words, _ = printed(house, "library")[0]
    assert "You can answer from 27 November 2026 to 14 December 2026." in " ".join(words.split())


def test_a_round_without_end_says_that_one_can_answer_at_any_time(house: House) -> None:
    house.pulse(code="library")
    assert "You can answer at any time." in printed(house, "library")[0][0]


def test_arabic_letters_are_joined() -> None:
    sheet = replace(PLAIN, language="ar", rtl=True, title="مكتبة")
    (_, image), (_, apart) = pages(pdf([sheet, replace(sheet, title="م ك ت ب ة")], CODE, "x", "y", NOON))
    area = (0, 31 * image.height // HEIGHT, image.width, 49 * image.height // HEIGHT)
    joined, spaced = (runs(each.crop(area)) for each in (image, apart))
    assert joined == 1
    assert spaced == 5


@pytest.mark.parametrize("number", ["555 0142", "+34 (555) 01-42"])
def test_a_telephone_number_keeps_its_order_on_an_arabic_page(number: str) -> None:
    page = replace(PLAIN, language="ar", other=number)
    (_, turned), (_, plain) = pages(pdf([replace(page, rtl=True), page], CODE, "x", "y", NOON))
    line = (0, turned.height * 890 // 1000, turned.width, turned.height * 915 // 1000)
    assert min(turned.crop(line).tobytes()) < 50, "there it stands"
    assert turned.crop(line).tobytes() == plain.crop(line).tobytes()


def runs(image: Image) -> int:
    """Return how many pieces of ink lie side by side."""
    inked = [min(image.crop((x, 0, x + 1, image.height)).tobytes()) < 128 for x in range(image.width)]
    return sum(now and not before for before, now in zip([False, *inked], inked, strict=False))


@pytest.mark.parametrize("title", ["How?", "What should the library be like " * 6, "Bürgerbeteiligungsverfahren " * 7])
def test_nothing_leaves_the_paper_or_covers_the_code_however_long_the_words_are(title: str) -> None:
    long = replace(PLAIN, title=title[:200], about=("It is about " + "the long road to the sea, " * 6,) * 3)
    ((words, image),) = pages(pdf([long], CODE, "ask.city.example/library-q7-door", "library", NOON))
    assert scanned(image) == [ADDRESS]
    assert "A machine asks." in words
    edge = round(image.width * 10 / 210)
    band = round(image.height * 23 / HEIGHT)
    for side in ((0, band, edge, image.height), (image.width - edge, band, image.width, image.height)):
        assert min(image.crop(side).tobytes()) > 200


def test_the_code_is_large_and_has_its_quiet_zone() -> None:
    ((_, image),) = pages(pdf([PLAIN], CODE, "x", "y", NOON))
    (found,) = zxingcpp.read_barcodes(image)
    side = (found.position.top_right.x - found.position.top_left.x) * HEIGHT / image.height
    assert side > QR * 0.75


def test_fonts_are_in_the_file_and_the_same_poster_is_the_same_file() -> None:
    paper = pdf([PLAIN], CODE, "x", "y", NOON)
    assert paper.count(b"/FontFile2") == 2
    assert paper == pdf([PLAIN], CODE, "x", "y", NOON)


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_a_round_that_is_over_has_no_poster(house: House, end: str) -> None:
    house.pulse(code="library")
    reason: dict[str, Any] = {"why": "done"}
    getattr(house.rounds, end)("library", **reason)
    with pytest.raises(Refused, match="the round is over: a poster would lead people to a closed door"):
        printed(house, "library")


def test_a_place_the_round_does_not_have_is_named_with_those_it_has(house: House) -> None:
    house.pulse(code="library")
    house.rounds.add_place("library", "Main door")
    with pytest.raises(Refused, match="there is no place roof at library: choose of Main door"):
        printed(house, "library", "roof")


def test_letters_that_cannot_be_printed_are_named_and_a_picture_among_them_is_left_out(house: House) -> None:
    house.need(code="library", record=EVERYWHERE, title="The bus 🚌️ to the library")
    assert "The bus to the library" in " ".join(printed(house, "library")[0][0].split())
    house.need(code="nepal", record=EVERYWHERE, title="पुस्तकालय: library")
    with pytest.raises(Refused, match="the poster has no letters for प स त क ल य: write title"):
        printed(house, "nepal")
