"""MYDATA as a file: everything of one person and nothing of another, for an hour, by a button only."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from bot import own_data
from storage import contacts
from tests.bot.channels.web.test_whole_program import app, visitor
from tests.bot.test_desk import finished
from tests.bot.test_turns import INTO
from tests.support.house import Citizen, House

if TYPE_CHECKING:
    import httpx

    from bot.app import App

__all__ = ["app", "visitor"]  # the fixtures of the whole program


async def link(citizen: Citizen) -> str:
    """Ask for one's data and return the link's token."""
    (said,) = [each.text for each in await citizen.says("MYDATA") if "/mydata/" in each.text]
    assert "one hour" in said
    return said.partition("/mydata/")[2].split()[0]


def entries(house: House, token: str) -> list[dict[str, str]]:
    body = house.rounds.own_data(token, "json")
    assert body is not None
    found: list[dict[str, str]] = json.loads(body)
    return found


async def test_the_file_holds_everything_that_was_said_and_the_address(house: House, citizen: Citizen) -> None:
    code, other = house.pulse().code, Citizen(house, "other")
    await finished(other, code)
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("=1+1 is my reason")
    found = entries(house, await link(citizen))
    told = {(each["about"], each["name"]): each["value"] for each in found}
    assert told["contact", "address"] == "c1"
    assert told["answer", "del.overall"] == "4"
    assert "=1+1 is my reason" in told.values()
    assert told["session", "started"] == "active"
    assert "other" not in told.values()
    assert len([each for each in found if each["about"] == "answer"]) == len(citizen.answers(code))
    table = house.rounds.own_data(await link(citizen), "csv")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["value"].removeprefix("'") for row in rows] == [each["value"] for each in found]
    assert "'=1+1 is my reason" in {row["value"] for row in rows}


async def test_a_link_works_for_an_hour_and_for_its_owner_alone(house: House, citizen: Citizen) -> None:
    code, other = house.pulse().code, Citizen(house, "other")
    await finished(citizen, code)
    await finished(other, code)
    mine, theirs = await link(citizen), await link(other)
    assert {each["value"] for each in entries(house, mine) if each["name"] == "address"} == {"c1"}
    assert {each["value"] for each in entries(house, theirs) if each["name"] == "address"} == {"other"}
    for token in (mine[:-2], f"{mine}A", theirs[:20] + mine[20:], "", "é", "x" * 2000):
        assert house.rounds.own_data(token, "json") is None
        assert not house.rounds.may_take_data(token)
    house.clock.forward(minutes=59)
    assert house.rounds.may_take_data(mine)
    house.clock.forward(minutes=1)
    assert not house.rounds.may_take_data(mine)
    assert house.rounds.own_data(mine, "json") is None


async def test_who_has_deleted_everything_has_no_file_any_more(house: House, citizen: Citizen) -> None:
    await finished(citizen, house.pulse().code)
    token = await link(citizen)
    await citizen.says("DELETE")
    await citizen.says("yes")
    assert house.rounds.own_data(token, "json") is None


async def test_the_page_shows_nothing_before_a_button_is_pressed(app: App, visitor: httpx.AsyncClient) -> None:
    with app.database.transaction() as db:
        new = contacts.NewContact("web", app.keys.address_hash("web", "me"), app.keys.seal("me"), "en", app.clock())
        (me,) = contacts.add(db, [new])
    path = own_data.link(app.keys, "", me.id, app.clock())
    page = await visitor.get(path)
    assert page.status_code == 200
    assert "table (CSV)" in page.text
    assert '"contact"' not in page.text
    file = await visitor.post(f"{path}/json")
    assert file.headers["content-disposition"] == 'attachment; filename="mydata.json"'
    assert file.headers["cache-control"] == "no-store"
    assert {"about": "contact", "round": "", "at": "", "name": "address", "value": "me"} in file.json()
    assert (await visitor.post(f"{path}/csv")).text.startswith("\ufeffabout,round,at,name,value")
    for wrong in (f"{path}/xml", f"{path}x/json", "/mydata/x/json"):
        assert (await visitor.post(wrong)).status_code == 404
