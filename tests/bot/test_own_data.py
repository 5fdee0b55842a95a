"""MYDATA as a file: everything of one person and nothing of another, for an hour, by a button only."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from bot import own_data
from storage import (
    actions,
    alarms,
    audience,
    contacts,
    manuscripts,
    messages,
    rounds,
    rulings,
    tables,
    themes,
    wishes,
)
from storage import entries as entries_
from tests.bot.channels.web.test_whole_program import app, visitor
from tests.bot.test_desk import finished
from tests.bot.test_threads import employed
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
    token = await link(citizen)
    found = entries(house, token)
    told = {(each["about"], each["name"]): each["value"] for each in found}
    assert told["contact", "address"] == "c1"
    assert told["answer", "del.overall"] == "4"
    assert "=1+1 is my reason" in told.values()
    assert told["session", "started"] == "active"
    assert "other" not in told.values()
    assert len([each for each in found if each["about"] == "answer"]) == len(citizen.answers(code))
    table = house.rounds.own_data(token, "csv")
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


# --------------------------------------------------------------------------- every table that knows a person

_ABOUT_A_PERSON = {"contacts.id", "answers.id", "threads.id"}
_HASHES = {"address_hash", "pseudonym", "mark", "through", "hash"}
GIVEN = {
    "contacts.address_hash": "contact",
    "invitations.contact_id": "written_to",
    "audience.contact_id": "audience",
    "audience.mark": "audience",
    "audience.through": "audience",
    "quiet.hash": "quiet_list",
    "sessions.contact_id": "session",
    "entries.contact_id": "taken_down",
    "answers.pseudonym": "answer",
    "counted_apart.pseudonym": "counted_apart",
    "wishes.contact_id": "wish",
    "messages.contact_id": "chat",
    "threads.contact_id": "words",
    "thread_messages.thread_id": "words",
    "alarms.contact_id": "alarm",
    "readings.answer_id": "reading",
    "text_themes.answer_id": "theme",
    "campaign_texts.answer_id": "campaign",
    "rulings.answer_id": "ruling",
    "action_links.contact_id": "action",
    "action_replies.pseudonym": "reply",
    "outbox.contact_id": "message",
    "manuscripts.contact_id": "manuscript",
}
"""By which entries what a column leads to is given."""
ARGUED = {
    "inbox.address_hash": "a message that waits for its turn, for a moment; the answer to it is given",
    "theme_examples.answer_id": "what staff said of a text; the themes that came of it are given",
    "round_log.hash": "over a line of a log, no person",
    "looks.hash": "over a line of a log, no person",
}
"""What is not given, and why."""


def columns_about_people() -> set[str]:
    """Return every column of the database by which something is a citizen's."""
    found = set()
    for table in tables.metadata.tables.values():
        for column in table.c:
            leads = {key.target_fullname for key in column.foreign_keys} & _ABOUT_A_PERSON
            if leads or column.name in _HASHES:
                found.add(f"{table.name}.{column.name}")
    return found


def test_every_table_that_knows_a_person_is_in_the_file_or_it_is_said_why_not() -> None:
    assert columns_about_people() == GIVEN.keys() | ARGUED.keys()
    assert not GIVEN.keys() & ARGUED.keys()


def plant(house: House, citizen: Citizen) -> None:
    """Let every table know the citizen that a conversation alone does not lead to."""
    me, at = house.contact(citizen.address), house.clock()
    (mine,) = [row for row in house.table("answers") if row.text and row.withdrawn_at is None]
    marks = own_data.marks(house.keys, me)
    with house.database.transaction() as db:
        round_ = {"round_id": mine.round_id}
        audience.hush(db, marks[:1], at)
        for who in ({"contact_id": me.id}, {"mark": marks[0]}, {"through": me.address_hash}):
            state = {"state": "excluded", "reason": "quiet", "source": "list"}
            db.execute(tables.audience.insert(), round_ | state | who)
        entries_.add(db, entries_.Entry(me.id, mine.round_id, None, "group", 7, "", at))
        db.execute(tables.counted_apart.insert(), round_ | {"pseudonym": mine.pseudonym, "kind": "group"})
        db.execute(tables.campaign_texts.insert(), {"answer_id": mine.id, "campaign": 1})
        rulings.put(db, rulings.Ruling(mine.id, rulings.WITHHELD, "other", "It is about a dog", None, at))
        themes.add(db, "library", [("staff", {"en": "Staff"})], themes.STARTER, at)
        (theme,) = themes.codebook(db, "library")
        themes.keep(db, [themes.Reading(mine.id, "library", None, "en", "test", at)])
        themes.settle(db, themes.revision(db, "library"), [mine.id], [themes.Sorted(mine.id, theme.id, 0.9)])
        new = actions.NewAction("library", actions.ASK, actions.SCORE, actions.Origin(), "Which day?", at)
        asked = actions.add(db, new, "Maya")
        who_ = [actions.Link(me.id, mine.round_id)]
        actions.link(db, asked.id, who_, actions.ASKED, at)
        actions.reply(db, actions.Reply(asked.id, mine.round_id, mine.pseudonym, None, "Saturday", "en", at))
        alarm = alarms.sound(db, b"key", "library", at, contact_id=me.id, round_id=mine.round_id)
        alarms.keep(db, alarm or 0, house.keys.seal("a gas leak"))
        rounds.invite(db, mine.round_id, [me.id], "invitation", at)
        wishes.add(db, [(mine.round_id, me.id)], at)
        messages.append(db, [messages.NewLine(me.id, "in:1", at, messages.CITIZEN, '"a line"')])
        manuscripts.add(db, manuscripts.NewManuscript(me.id, "sent:1", "file", "flow.toml", at, at))


async def test_the_file_gives_all_that_any_table_holds(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await employed(house, "Maya", ("manager", "library"))
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("my first reason")
    await citizen.says("BACK")
    await citizen.says("my reason")
    await citizen.says("HUMAN")
    await citizen.says("Is anybody there?")
    plant(house, citizen)
    other = Citizen(house, "other")
    await finished(other, code)
    found = entries(house, await link(citizen))
    about = {each["about"] for each in found}
    assert about >= set(GIVEN.values())
    assert {each["value"] for each in found if each["about"] == "answer_taken_back"} == {"my first reason"}
    told = [each for each in found if each["about"] == "alarm"]
    assert {each["at"] for each in told} == {house.clock().isoformat()}
    assert {each["name"]: each["value"] for each in told} == {
        "staff_alerted_by_your_words": "0",
        "your_words_as_staff_read_them": "a gas leak",
    }
    assert len([each for each in found if each["about"] == "audience"]) == 3
    assert [each for each in found if each["about"] == "message" and "Hello" in each["value"]]
    table = house.rounds.own_data(await link(citizen), "csv")
    assert table is not None
    assert {row["about"] for row in csv.DictReader(io.StringIO(table))} >= set(GIVEN.values())
    theirs = {each["about"] for each in entries(house, await link(other))}
    assert theirs <= {"contact", "session", "answer", "message"}


async def test_alarms_and_lists_are_told_in_words(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO, "Good")
    await citizen.says("my reason")
    plant(house, citizen)
    said = "\n".join(each.text for each in await citizen.says("MYDATA"))
    told = (
        "I alerted the team on 24 November 2026, because of words in your text.",
        "You are on the list of people we ask about: the Central Library.",
        "Your address is on the list of those we never write to, since 24 November 2026.",
    )
    assert [each for each in told if each not in said] == []


async def test_of_what_staff_are_sent_the_file_tells_no_words_of_others(house: House) -> None:
    maya = await employed(house, "Maya", ("manager", "library"))
    await maya.says("/digest")
    found = [each for each in entries(house, own_data_of(house, maya)) if each["about"] == "message"]
    assert found
    assert {each["value"] for each in found} == {""}


def own_data_of(house: House, citizen: Citizen) -> str:
    me = house.contact(citizen.address)
    return own_data.link(house.keys, "", me.id, house.clock()).partition("/mydata/")[2]
