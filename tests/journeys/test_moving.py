"""A city grows from one file to PostgreSQL and back, while people are in the midst of their answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.town import SETTINGS, Town

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.botapi.client import Citizen

MONDAY = datetime(2027, 1, 11, 9, tzinfo=ZoneInfo("Europe/Madrid"))


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(400)
def test_sessions_go_on_after_a_move_to_postgresql_and_after_the_move_back(tmp_path: Path, postgres_url: str) -> None:
    with Town(tmp_path, SETTINGS) as town:
        file = town._env["CIVICLOOP_DATABASE__URL"]
        town.set_clock(MONDAY)
        town.start()
        maya = town.telegram.citizen(1, name="Maya")
        maya.sends(town.asks("invite", "--role", "manager", "--service", "library", "--name", "Maya")["telegram"])
        maya.sees("manager")
        code = town.open_pulse("library")
        people = [town.telegram.citizen(number) for number in range(11, 17)]
        for citizen in people:
            begins(citizen, code)
        refused = town.civicloop("migrate", "--to", postgres_url, status=1)
        assert refused == ""
        moved(town, file, postgres_url)
        for citizen in people:
            citizen.sends("The staff found my book.")
            citizen.sees("What went well")
        moved(town, postgres_url, f"sqlite:///{tmp_path}/data/back.sqlite3")
        for citizen in people:
            ends(citizen)
        counts = town.asks("round", "show", code)["counts"]
        assert (counts["started"], counts["finished"]) == (6, 6)
        maya.sends("/digest")
        maya.sees("6 people answered")
        assert town.telegram.violations == []
        assert town.stop() == 0


def moved(town: Town, source: str, target: str) -> None:
    """Stop the bot, copy everything, and start it on the other database."""
    assert town.stop() == 0
    done = town.asks("migrate", "--from", source, "--to", target)
    assert done["copied"] == done["compared"] > 50
    town._env["CIVICLOOP_DATABASE__URL"] = target
    town.start()


def begins(citizen: Citizen, code: str) -> None:
    citizen.sends(f"/start {code}")
    citizen.answers("16 or older", "Yes")
    citizen.answers("Shall we begin", "Yes, let us begin")
    citizen.answers("Overall", "Very good")
    citizen.sees("main reason")


def ends(citizen: Citizen) -> None:
    citizen.answers("What went well", "It was easy")
    citizen.answers("What went well", "Done")
    citizen.answers("did somebody act", "I did not report a problem")
    citizen.answers("your answers will count", "A lot")
    citizen.answers("quote your words", "Yes")
    citizen.answers("invite you again", "No")
    citizen.sees("Your receipt is")
