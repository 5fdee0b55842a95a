"""Whoever is told how many questions there are, and for how long, is told the same: citizens and staff."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.pictures.drawing import svg
from bot.rounds import invitations
from bot.rounds.library import Played
from bot.texts import texts
from flows.binding import bind
from flows.catalog import Catalog
from flows.model import whole_minutes
from storage import rounds

if TYPE_CHECKING:
    from flows.model import Flow
    from tests.support.house import House

SHIPPED = Catalog.load().flows


@pytest.mark.parametrize("flow", SHIPPED, ids=lambda flow: flow.id)
def test_an_invitation_the_opening_and_what_staff_read_say_the_same(house: House, flow: Flow) -> None:
    told = (str(flow.asked), str(whole_minutes(flow.minutes)))
    opening = bind(flow, {}).script("en").states[flow.start].text
    assert re.findall(r"ask (\d+) short .* about (\d+) min", opening) == ([told] if flow.frame else [])
    with house.database.reading() as db:
        row = rounds.by_code(db, house.need().code)
    assert row
    mail = invitations.mail(Played(row, flow, "", ()), house.library, "en")
    assert re.findall(r"(\d+) short questions, for about (\d+) min", mail.text) == [told]
    drawn = svg(flow, texts("en"), "Here")
    assert re.findall(r"at most (\d+)\. Minutes: about (\d+)", drawn) == [told]


@pytest.mark.parametrize(("minutes", "said"), [(0.0, 1), (0.4, 1), (2.0, 2), (2.01, 3), (2.5, 3)])
def test_a_minute_that_has_begun_counts(minutes: float, said: int) -> None:
    assert whole_minutes(minutes) == said
