"""For whom somebody answers: asked first where the organiser wishes so, and counted apart from then on."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from bot.digests.render import open_data
from bot.rounds import exporting, wording
from bot.rounds.findings import PAPER
from flows.catalog import Catalog
from flows.engine import start
from flows.model import Context
from flows.voices import PART, VERSION, asked_first
from storage import findings, flow_versions, retention, rounds, tables, turnout
from tests.bot.test_turns import INTO, to_review
from tests.support.answering import answered
from tests.support.house import CATALOG, NOON, RECORD, Citizen

if TYPE_CHECKING:
    from tests.support.house import House

ASKING = RECORD | {"for_whom": "yes"}
NAME = "The Harbour Choir"


async def hands_in(house: House, code: str, address: str, *said: str) -> Citizen:
    """Answer for whom, then the rest, and hand in."""
    citizen = Citizen(house, address)
    await citizen.starts(code)
    await citizen.does(*INTO)
    for word in said:
        await citizen.says(word)
    await to_review(citizen)
    await citizen.says("OK")
    return citizen


async def test_it_is_asked_once_at_the_start_and_people_groups_and_organisations_are_counted_apart(
    house: House,
) -> None:
    code = house.need(record=ASKING).code
    citizen = Citizen(house, "first")
    await citizen.starts(code)
    (asked,) = await citizen.does(*INTO)
    assert asked.text.startswith("For whom do you answer?")
    assert [one.label for one in asked.buttons][:3] == ["For myself", "For a group", "For an organisation"]
    (heads,) = await citizen.taps("For a group")
    assert heads.text.startswith("How many people are in your group?")
    (again,) = await citizen.says("1")
    assert "2" in again.text
    await citizen.says("12")
    await to_review(citizen)
    await citizen.says("OK")
    await hands_in(house, code, "second", "For an organisation", NAME)
    await hands_in(house, code, "third", "For myself")
    await hands_in(house, code, "fourth", "SKIP")
    voices = house.rounds.voices(code)
    assert (voices.individuals, voices.groups, voices.heads, voices.organisations) == (2, 1, 12, (NAME,))
    assert voices.declared == 0
    counts = house.rounds.counts(code)
    assert (counts.finished, counts.answers, counts.individuals, counts.over) == (4, 4, 2, False)
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        assert findings.people(db, row.id) == 2
        assert [(way.started, way.finished) for way in turnout.ways(db, row.id).values()] == [(4, 4)]
        assert {(one.kind, one.heads, one.name) for one in turnout.speakers(db, row.id).values()} == {
            ("group", 12, ""),
            ("organisation", 1, NAME),
        }


async def test_what_was_said_first_can_be_changed_before_it_is_handed_in(house: House) -> None:
    code = house.need(record=ASKING).code
    citizen = Citizen(house)
    await citizen.starts(code)
    await citizen.does(*INTO, "For a group")
    await citizen.says("12")
    await citizen.says("BACK")
    await citizen.says("BACK")
    await citizen.taps("For myself")
    await to_review(citizen)
    await citizen.says("OK")
    voices = house.rounds.voices(code)
    assert (voices.individuals, voices.groups, voices.declared) == (1, 0, 0)


def test_a_round_does_not_ask_unless_its_organiser_wishes_so(house: House) -> None:
    for said in (RECORD, RECORD | {"for_whom": "no"}):
        played = house.rounds.played(house.need(opened=False, record=said).code)
        assert not [name for name in played.script("en").states if name.startswith(PART)]
    (fault,) = house.rounds.check(house.need(opened=False, record=RECORD | {"for_whom": "maybe"}).code)
    assert fault.message == "for_whom must be one of no, yes"


async def test_a_group_that_only_begins_where_answers_count_at_once_counts_for_nothing(house: House) -> None:
    code = house.pulse().code
    with house.database.transaction() as db:  # opened by an earlier version
        db.exec_driver_sql('UPDATE rounds SET record = \'{"for_whom": "yes"}\'')
    for address, said in (("first", ("For myself",)), ("second", ("For a group", "500"))):
        citizen = Citizen(house, address)
        await citizen.starts(code)
        await citizen.does("Yes", "Yes, let us begin")
        for word in said:
            await citizen.says(word)
        if address == "first":
            await citizen.does("Skip", "Skip", "Skip", "No", "No")
    voices = house.rounds.voices(code)
    assert (voices.individuals, voices.groups, voices.heads, voices.declared) == (1, 0, 0, 0)


def test_it_is_not_asked_where_answers_count_at_once(house: House) -> None:
    running = house.rounds.create(service="library", flow="deliver_pulse", title="P", record={"for_whom": "yes"})
    (fault,) = house.rounds.check(running.code)
    assert (fault.field, "each answer counts at once" in fault.message) == ("for_whom", True)


def test_no_law_asks_for_it_and_forms_offer_it(house: House) -> None:
    (need,) = [one for one in house.rounds.needs("need_round", "library", "en") if one.name == "for_whom"]
    assert (need.kind, [id_ for id_, _ in need.options], need.group) == ("choice", ["no", "yes"], "")
    for reader in ("de", "es", "fr", "pt", "ar"):
        assert wording.meaning(reader, "for_whom") != wording.meaning("en", "for_whom")


@pytest.mark.parametrize("flow", [flow.id for flow in CATALOG.flows])
def test_every_flow_can_ask_it_in_each_of_its_languages(flow: str) -> None:
    whole, part = CATALOG.get(flow), CATALOG.get(PART)
    asking = asked_first(whole, part, ("phone",))
    assert asking.questions == whole.questions + 2
    for language in whole.languages:
        states = asking.script(language).states
        (begin,) = [one for one in states.values() if getattr(one, "role", None) == "begin"]
        assert [way.to for way in begin.next] == [states[f"{PART}.name"].next[0].to, f"{PART}.kind"]
        assert states[f"{PART}.kind"].text == part.script(language).states["kind"].text


BARE = """
flow = "my_form"
version = 1
stage = "commission"
language = "en"
title = "My form"
start = "q1"

[states.q1]
choose = "Is the library open long enough?"
options = [{ id = "a", label = "Yes" }, { id = "b", label = "No" }]
next = "thanks"

[states.thanks]
end = "Thank you."
"""


@pytest.mark.parametrize(
    ("channel", "asked"),
    [("phone", "Is the library open long enough?"), ("web", "For whom do you answer?")],
)
def test_a_flow_that_begins_with_a_question_asks_it_first_and_not_of_staff(channel: str, asked: str) -> None:
    catalog = Catalog.load()
    catalog.grow({"sent/my_form.toml": BARE})
    asking = asked_first(catalog.get("my_form", 1), catalog.get(PART), ("phone",))
    turn = start(asking, Context("en", channel, tag="tag", receipt="receipt"), NOON)
    assert [prompt.text for prompt in turn.prompts] == [asked]


def test_an_open_round_keeps_the_words_it_asks_with(house: House) -> None:
    house.need(record=ASKING)
    with house.database.reading() as db:
        assert flow_versions.load(db, PART, VERSION) is not None


async def test_the_team_reads_for_whom_in_its_file_and_the_name_is_on_no_public_page(house: House) -> None:
    code = house.need(record=ASKING).code
    await hands_in(house, code, "second", "For an organisation", NAME)
    await hands_in(house, code, "third", "For a group", "30")
    answered(house.database, house.rounds.played(code), code, 40, house.clock())
    lines = list(house.rounds.lines(code, exporting.TEAM))
    columns = exporting.COLUMNS[exporting.TEAM]
    rows = [dict(zip(columns, line, strict=True)) for line in lines]
    assert ("group", 30) in {(row["kind"], row["heads"]) for row in rows}
    assert ("organisation", 1) in {(row["kind"], row["heads"]) for row in rows}
    assert [row["text"] for row in rows if row["state"] == "for_whom.name" and row["text"] == NAME] == [NAME]
    book = open_data.explained(house.rounds.played(code), "team", list(columns), 5)
    assert "For whom do you answer?" in {cell for line in csv.reader(io.StringIO(book)) for cell in line}
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    told = house.rounds.findings(code)
    assert told is not None
    assert not [line for line in told.lines if line.state.startswith(PART)]
    assert NAME not in str(told)


async def test_the_name_of_an_organisation_goes_with_the_answers_it_was_typed_in(house: House) -> None:
    code = house.need(record=ASKING).code
    citizen = await hands_in(house, code, "second", "For an organisation", NAME)
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    assert house.rounds.voices(code).organisations == (NAME,)
    assert NAME not in str(house.table("findings"))
    await citizen.says("DELETE")
    await citizen.says("Yes")
    assert house.rounds.voices(code).organisations == house.rounds.numbers(code).voices.organisations == ("",)


async def test_a_round_that_is_counted_says_how_many_are_counted_apart_and_has_nobody_in_the_middle(
    house: House,
) -> None:
    code = house.need(record=ASKING).code
    await hands_in(house, code, "second", "For an organisation", NAME)
    await hands_in(house, code, "third", "For myself")
    await Citizen(house, "fourth").starts(code)
    counts = house.rounds.counts(code)
    assert (counts.active, counts.answers, counts.individuals, counts.dropped) == (1, 2, 1, 0)
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    counts = house.rounds.counts(code)
    assert (counts.over, counts.active, counts.answers, counts.individuals) == (True, 0, 2, 1)
    assert counts.started - counts.finished == counts.dropped == 1


async def test_a_name_that_an_earlier_version_kept_is_not_read(house: House) -> None:
    code = house.need(record=ASKING).code
    await hands_in(house, code, "second", "For an organisation", NAME)
    house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    house.sweeps.findings()
    with house.database.transaction() as db:
        (kept,) = house.table("findings")
        assert '"organisations":[""]' in kept.body
        db.execute(update(tables.findings).values(body=kept.body.replace('[""]', f'["{NAME}"]')))
    with house.database.transaction() as db:
        retention.forget(db, house.clock() + timedelta(days=800), retention.Policy())
    assert house.rounds.voices(code).organisations == ("",)
