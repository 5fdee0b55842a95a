"""Whoever writes down what was learnt from a round reads beside it what is known of the round."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.rounds.findings import PAPER
from bot.rounds.margins import Line
from tests.support.answering import answered

if TYPE_CHECKING:
    from tests.support.house import House

RESIDENTS = [Line(1, "language", "en", "1000"), Line(2, "language", "es", "9000")]


def test_what_was_entered_of_who_lives_here_and_is_not_asked_is_told_from_nothing_entered(house: House) -> None:
    code = house.pulse().code
    assert "Who lives here was not entered, so nobody can say who was missing." in house.rounds.evaluation(code, "en")
    house.rounds.weigh([Line(1, "area", "harbour", "100"), Line(2, "area", "old_town", "100")], "Census", "2026-01-01")
    said = house.rounds.evaluation(code, "en")
    assert [line for line in said if "missing" in line] == [
        "This round did not ask for what was entered of who lives here, as the area, so nobody can say who was missing."
    ]


@pytest.mark.parametrize("language", ["ar", "de", "en", "es", "fr", "pt"])
def test_it_says_who_answered_against_what_was_wanted_and_how_they_found_it(house: House, language: str) -> None:
    code = house.pulse().code
    house.rounds.weigh(RESIDENTS, "City register", "2026-01-01", code=code)
    house.rounds.aim(code, 80, {})
    answered(house.database, house.rounds.played(code), code, 60, house.clock())
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    said = house.rounds.evaluation(code, language)
    assert len([line for line in said if "80" in line]) == 1
    assert any(re.search(r"90\.?$", line) for line in said), "Spanish speakers are missing most"
    if language == "en":
        assert said[:2] == ["People who finished: 0.", "Aimed at: 80 answers."]
        assert said[2].startswith("Missing most: People who speak this language: ")
        found = house.rounds.findings(code)
        assert found is not None
        core = [one for one in found.findings if one.item.startswith("core.")]
        assert len([line for line in said if re.search(r"\w \d+%", line)]) == len(core) > 0
