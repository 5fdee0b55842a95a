"""A text that is missing in one language is read in the service's first, and it is said which that is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from bot.channels.web.round_page import RoundPage
from bot.channels.web.words import Dictionary
from bot.rounds import outcome, record
from bot.rounds.outcome import Decision
from bot.rounds.report_back import published
from bot.rounds.tongues import in_language, ordered
from storage import rounds
from tests.support.house import RECORD

if TYPE_CHECKING:
    from tests.support.house import House

TWO = {"de": "Deutsches", "en": "English"}
"""In the order in which a record is kept: by the alphabet."""


def test_the_order_is_the_services_and_what_is_in_none_of_its_languages_comes_last() -> None:
    kept = {"topic": TWO, "lists": {"steps": [["a", TWO]]}}
    turned = ordered(kept, ("es", "en"))
    assert [in_language(text, "ar") for text in (turned["topic"], turned["lists"]["steps"][0][1])] == ["English"] * 2
    assert turned == kept


def test_a_round_is_read_in_the_first_language_of_its_service(house: House) -> None:
    code = house.need(record=RECORD | {"topic": TWO, "decider": TWO}, opened=False).code
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        values = house.library.facts(row, house.library.flow(db, row)).values
    assert in_language(values["topic"], "es") == "English"
    found = cast("Any", house.rounds.find(code))
    made = Decision(TWO, "2026-11-27", TWO, "")
    told = replace(found, state="reported_back", report=TWO, outcome=outcome.Outcome(decision=made))
    shown = RoundPage(house.rounds, house.config, Dictionary.load(), house.clock()).facts(told, "es")
    note = "Esta parte está en otro idioma: English."
    facts = [shown["report"], shown["aims"]["topic"], shown["aims"]["decider"]]
    facts += [each for each in shown["legal"] if each.text in TWO.values()]
    assert [(each.text, each.note, each.language) for each in facts] == [("English", note, "en")] * 5


def test_a_report_in_another_language_says_so_in_the_chat(house: House) -> None:
    code, report = house.need(opened=False).code, record.load(json.dumps(TWO))
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
    assert row is not None
    assert published(house.library, row, report, "es") == "El texto está en otro idioma: English.\n\nEnglish"
    assert published(house.library, row, report, "de") == "Deutsches"
