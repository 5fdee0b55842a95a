"""What a consultation bot of a public body must keep: a test for each, on the whole program.

The list follows what data protection, participation and accessibility law ask for in public consultations. No figure is
weighted but beside the same one unweighted, and each says so; how weights are made is looked at in `tests.bot.digests`.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from openpyxl import load_workbook

from bot.counter import Voice
from bot.digests import disclosure, render
from bot.digests.disclosure import Running
from bot.digests.model import dump
from bot.digests.render.chat import message
from bot.digests.writing import Digests
from bot.errors import Refused
from bot.rounds.library import Library
from bot.rounds.margins import Line
from bot.texts import texts
from flows.catalog import PACKAGED, Catalog
from storage import contacts, looks, rounds
from storage.tables import audience
from tests.bot.actions.scene import WEEK, scene
from tests.bot.channels.web.conftest import client, it
from tests.bot.channels.web.stage import NOW
from tests.bot.channels.web.test_findings_pages import AREAS, counted
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import entered
from tests.bot.digests import test_writing as weekly
from tests.bot.digests.material import One
from tests.bot.rounds.test_audience import invited
from tests.bot.rounds.test_audience import people as listed
from tests.bot.rounds.test_fairness import said as stated
from tests.bot.rounds.test_organising import SHADE
from tests.bot.test_counter import PULSE as TAKEN
from tests.bot.test_counter import Taking
from tests.bot.test_danger import STATES, amid, closed, deleting, paused, stopped, writing
from tests.bot.test_discretion import OF_WORDS, at, in_words, of_words
from tests.bot.test_threads import employed, text
from tests.bot.test_turns import INTO, to_review
from tests.flows.talk import files_of
from tests.storage import makers
from tests.support.answering import answered
from tests.support.house import CATALOG, NOON, RECORD, Citizen, House

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    import httpx

    from bot.config import Config
    from bot.digests.model import Digest
    from storage.database import Database
    from tests.bot.channels.web.stage import Program

__all__ = ["client", "it"]
_BASED = re.compile(r"\(\d+ of \d+\)|\bof (about )?\d+\b|\bunder \d+\b", re.IGNORECASE)
"""How a share says of how many it is."""
RIGHTS = ("HELP", "WHY", "HUMAN", "MYDATA", "DELETE", "SKIP", "BACK", "STOP")


async def begun(house: House, citizen: Citizen, **facts: Any) -> str:
    """Bring a citizen into a formal round; return its code."""
    code = house.need(**facts).code
    await citizen.starts(code)
    await citizen.does(*INTO)
    return code


async def handed_in(house: House, citizen: Citizen, **choices: str) -> str:
    """Let a citizen hand in; return the code of the round."""
    code = await begun(house, citizen)
    await to_review(citizen, **choices)
    await citizen.says("ok")
    return code


async def test_e1_the_first_message_says_automated_whose_why_who_decides_and_how_long(
    house: House, citizen: Citizen
) -> None:
    said = text(await citizen.starts(house.need().code))
    for told in (
        "I am an automated assistant of the City of Rivermouth. I am not a person.",
        "It takes about 6 min.",
        "On 1 February 2027, The city council will decide about this.",
        "How your answers count: We ask you. We decide, and we tell you why.",
        "This is our public task under the law",
        "We keep them until",
    ):
        assert told in said


async def test_e2_no_answer_is_kept_before_the_age_and_the_beginning(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    for words in ("4", "It is loud", "Yes"):
        await citizen.says(words)
        assert house.table("answers") == []
    await citizen.taps("Yes, let us begin")
    await citizen.taps("Yes, often")
    assert len(citizen.answers(code)) == 1


async def test_e3_three_choices_stand_apart_begin_with_no_and_can_be_taken_back(house: House, citizen: Citizen) -> None:
    code = await handed_in(house, citizen)
    assert not any(answer.quotable for answer in citizen.answers(code))
    assert house.table("wishes") == []
    assert house.contact(citizen.address).invite_again_at is None
    for wish in ("quote", "send_you_the_result", "invite_you_again"):
        other = Citizen(house, wish)
        await other.starts(code)
        await other.does(*INTO)
        await to_review(other, **{wish: "Yes"})
        await other.says("ok")
        given = {
            "quote": any(answer.quotable for answer in other.answers(code)),
            "send_you_the_result": any(row.contact_id == house.contact(wish).id for row in house.table("wishes")),
            "invite_you_again": house.contact(wish).invite_again_at is not None,
        }
        assert [each for each, yes in given.items() if yes] == [wish]
    everything = Citizen(house, "everything")
    await everything.starts(code)
    await everything.does(*INTO)
    await to_review(everything, **dict.fromkeys(("quote", "send_you_the_result", "invite_you_again"), "Yes"))
    await everything.says("ok")
    assert _wished(house, everything, code) == (True, True, True)
    for question in ("May we quote", "May we send you the result", "May we invite you again"):
        listed_ = text(await everything.says("CHANGE"))
        (number,) = re.findall(rf"^(\d+)\. {question}", listed_, re.MULTILINE)
        await everything.says(number)
        await everything.taps("No")
    assert _wished(house, everything, code) == (False, False, False)
    await Citizen(house, "invite_you_again").says("STOP")
    assert not house.contact("invite_you_again").may_be_written_to


def _wished(house: House, citizen: Citizen, code: str) -> tuple[bool, bool, bool]:
    """Return whether somebody agreed to be quoted, to get the result, and to be invited again."""
    contact = house.contact(citizen.address)
    return (
        any(answer.quotable for answer in citizen.answers(code)),
        any(row.contact_id == contact.id for row in house.table("wishes")),
        contact.invite_again_at is not None,
    )


SAYS = {
    "HELP": ("START –", "SKIP –", "You write to the people of"),
    "WHY": ("Here is the question again", "No questions are open", "paused", "has closed"),
    "HUMAN": ("555 0142", "You write to the people of"),
    "MYDATA": ("This is what I keep about you",),
    "DELETE": ("Shall I remove",),
    "SKIP": ("?", "No questions are open", "paused", "has closed", "The answer comes here"),
    "BACK": ("?", "No questions are open", "paused", "has closed", "The answer comes here"),
    "STOP": ("no more messages", "We stop here", "I am already silent"),
}
"""What each of the words is answered with, wherever somebody stands."""


def _at(house: House, citizen: Citizen) -> str:
    """Return the question at which a citizen is; empty where none is open."""
    mine = house.contact(citizen.address).id
    rows = [row for row in house.table("sessions") if row.contact_id == mine]
    return str(json.loads(rows[-1].body)["state"]) if rows else ""


@pytest.mark.parametrize("word", RIGHTS)
@pytest.mark.parametrize("state", [amid, deleting, writing, paused, closed, stopped])
async def test_e4_the_words_work_in_every_state(
    house: House, state: Callable[[House], Awaitable[Citizen]], word: str
) -> None:
    citizen = await state(house)
    before = _at(house, citizen)
    said = text(await citizen.says(word))
    assert any(each in said for each in SAYS[word]), said
    if state in {amid, deleting}:
        assert (_at(house, citizen) != before) is (word in {"SKIP", "BACK"})
    if word == "STOP":
        await citizen.says(word)
        assert not house.contact(citizen.address).may_be_written_to


@pytest.mark.parametrize("word", RIGHTS)
async def test_e4_the_words_work_at_every_question(house: House, word: str) -> None:
    code = house.need().code
    for depth in range(14):
        citizen = Citizen(house, f"{word} {depth}")
        await citizen.starts(code)
        await citizen.does(*INTO)
        passed = ["begin"]
        for _ in range(depth):
            passed.append(_at(house, citizen))
            labels = [button.label for button in house.said(citizen.address)[-1].buttons]
            await citizen.taps("Skip" if "Skip" in labels else "No, thank you" if "No, thank you" in labels else "No")
        before, said = _at(house, citizen), text(await citizen.says(word))
        assert said
        after = {"BACK": passed[-1], "SKIP": before if before == "review" else None}.get(word, before)
        assert _at(house, citizen) == after if after else _at(house, citizen) not in {before, *passed}
        assert "did not understand" not in said
        assert "Please choose one of these" not in said


async def test_e5_a_receipt_leads_to_the_answers_which_can_be_changed_and_deleted_until_the_end(
    house: House, citizen: Citizen
) -> None:
    code = await begun(house, citizen)
    await citizen.taps("Yes, often")
    await to_review(citizen)
    said = text(await citizen.says("ok"))
    found = re.search(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", said)
    assert found
    assert "Yes, often" in text(await Citizen(house, "the same person elsewhere").says(found[0]))
    await citizen.says("CHANGE")
    await citizen.says("1")
    assert "I have changed your answer" in text(await citizen.taps("Not now, but I did before"))
    elsewhere = Citizen(house, "the same person elsewhere")
    assert "Not now, but I did before" in text(await elsewhere.says(found[0]))
    await elsewhere.says("DELETE")
    assert citizen.answers(code)
    await elsewhere.says("yes")
    assert citizen.answers(code) == []


async def test_e5_of_a_part_deleted_by_its_receipt_no_link_of_a_mail_tells_any_more(
    house: House, citizen: Citizen
) -> None:
    """Whoever came by a mail answers in a chat: whose chat that is stands beside their address until then."""
    code = await begun(house, citizen)
    await citizen.taps("Yes, often")
    await to_review(citizen)
    found = re.search(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", text(await citizen.says("ok")))
    assert found
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        (mailed,) = contacts.add(db, [makers.new_contact("ana@home.example", "mail")])
        listed = {"round_id": row.id, "contact_id": mailed.id, "state": "invited", "source": "list"}
        chat = house.contact(citizen.address).address_hash
        db.execute(audience.insert(), listed | {"through": chat})
    elsewhere = Citizen(house, "elsewhere")
    await elsewhere.says(found[0])
    await elsewhere.says("DELETE")
    await elsewhere.says("yes")
    assert citizen.answers(code) == []
    (row_,) = [each for each in house.table("audience") if each.contact_id == mailed.id]
    assert (row_.through, row_.state, row_.reason) == (None, "invited", "declined")


async def test_e5_once_the_round_is_over_answers_are_shown_and_stay_as_they_are(house: House, citizen: Citizen) -> None:
    code = await begun(house, citizen)
    await citizen.taps("Yes, often")
    await to_review(citizen)
    found = re.search(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", text(await citizen.says("ok")))
    assert found
    house.rounds.close(code)
    said = text(await Citizen(house, "elsewhere").says(found[0]))
    assert "Yes, often" in said
    assert "can no longer change" in said
    kept = citizen.answers(code)
    await citizen.says("CHANGE")
    await citizen.says("1")
    assert citizen.answers(code) == kept


LEADS = ("call 07400 123456", "mail ana@house.example", "IBAN DE89 3704 0044 0532 0130 00")


async def test_e6_what_leads_to_a_person_is_asked_about(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO, "Good")
    for leads in (
        *LEADS,
        "my NHS number is 943 476 5919",
        "I live at 14 Albert Road",
    ):
        other = Citizen(house, leads)
        await other.starts(house.table("rounds")[0].code)
        await other.does(*INTO, "Good")
        asked, *_ = await other.says(f"Longer hours, {leads}")
        assert [button.label for button in asked.buttons] == ["Remove", "Keep"]


@pytest.mark.parametrize("verb", OF_WORDS)
async def test_e6_it_is_asked_of_words_to_whatever_is_answered_in_words(
    database: Database, tmp_path: Path, mint: Callable[[], str], verb: str
) -> None:
    async with House(database, tmp_path, mint, catalog=of_words()).writing() as house:
        for leads in LEADS:
            other = Citizen(house, leads)
            await at(other, verb)
            asked, *_ = await other.sends(in_words(other, verb, f"By the door, {leads}"))
            assert [button.label for button in asked.buttons] == ["Remove", "Keep"]
            await other.taps("Remove", asked)
        kept = [each.text for each in house.table("answers")]
    assert len(kept) == len([text for text in kept if text.startswith("By the door, ")]) == len(LEADS)
    assert not [text for text in kept for found in ("07400", "house.example", "DE89") if found in text]


async def test_e7_each_round_has_a_key_of_its_own_which_goes_and_the_sweep_proves_what_it_forgot(
    house: House, citizen: Citizen
) -> None:
    first = await handed_in(house, citizen)
    with house.database.reading() as db:
        row = rounds.by_code(db, first)
        assert row is not None
        sealed, until = row.key_sealed, row.closes_at
    assert sealed is not None
    second = house.need(title="Another").code
    with house.database.reading() as db:
        other = rounds.by_code(db, second)
        assert other is not None
        assert other.key_sealed != sealed
    assert until is not None
    house.clock.now = until + timedelta(days=40)
    for _ in range(5):
        house.sweeps.rounds()
        house.sweeps.findings()
        house.sweeps.sessions()
        house.sweeps.privacy()
        house.clock.forward(days=20)
    with house.database.reading() as db:
        gone = rounds.by_code(db, first)
        assert gone is not None
        assert gone.key_sealed is None
    assert house.table("sessions") == []
    assert {"round_keys", "sessions_of_closed_rounds"} <= {row.what for row in house.table("forgettings")}


async def test_e8_a_round_opens_only_with_its_whole_record_and_its_questions_stay(house: House) -> None:
    made = house.need(opened=False, record={})
    with pytest.raises(Refused):
        house.rounds.open(made.code)
    named = {fault.field for fault in house.rounds.check(made.code)}
    assert {"decided_on", "feedback_on", "influence"} <= named
    opened = house.need()
    with pytest.raises(Refused):
        house.rounds.change(opened.code, record={**RECORD, "decider": "Somebody else"})


async def test_e8_no_fact_of_an_open_round_changes_and_no_edited_file_changes_what_it_asks(
    database: Database, tmp_path: Path, mint: Callable[[], str]
) -> None:
    own = tmp_path / "flows"
    own.mkdir()
    file = own / "shade.toml"
    file.write_text(SHADE, encoding="utf-8")
    house = House(database, tmp_path, mint, catalog=Catalog.load(extra=(own,)))
    code = house.need(flow="shade", record=RECORD).code
    before = house.rounds.find(code)
    other: dict[str, Any] = {"flow": "deliver_pulse", "title": "Other", "service": "bus7", "record": {}}
    for name, value in other.items():
        with pytest.raises(Refused, match="can no longer change"):
            house.rounds.change(code, **{name: value})
    assert house.rounds.find(code) == before
    file.write_text(SHADE.replace("too hot", "too cold"), encoding="utf-8")
    async with House(database, tmp_path, mint, catalog=Catalog.load(extra=(own,))).writing() as later:
        citizen = Citizen(later, "ana")
        await citizen.starts(code)
        asked = text(await citizen.does(*INTO))
        assert "too hot" in asked
        assert "too cold" not in asked


async def test_e9_a_result_that_is_overdue_is_said_to_be_on_the_public_page(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("The reading room", **FORMAL)
    it.rounds.close(code, who=None)
    late = "The result was promised for 1 February 2027. It is late."
    assert late not in (await client.get(f"/rounds/{code}")).text
    it.now += timedelta(days=120)
    assert late in (await client.get(f"/rounds/{code}")).text


async def test_e9_a_day_for_the_result_is_demanded_called_to_mind_and_told_when_it_is_over(house: House) -> None:
    faults = house.rounds.check(house.need(opened=False, record={**RECORD, "feedback_on": ""}).code)
    assert "feedback_on" in {fault.field for fault in faults}
    maya = await employed(house, "Maya", ("organiser", "library"))
    code = house.need().code
    house.rounds.close(code)
    told = []
    for day in ("2026-12-20", "2027-01-09", "2027-02-20"):  # four weeks and one week before, and after it
        house.clock.now = datetime.fromisoformat(f"{day}T12:00+00:00")
        assert house.sweeps.promises() == 1
        told.append(house.said(maya.address)[-1].text)
    assert all("15 January 2027" in each for each in told)
    assert ["people are still waiting" in each for each in told] == [False, False, True]


DANGER = (
    "There is a gas leak in the reading room",
    "I don't want to live anymore",
    "No quiero vivir más",
    "Ich will nicht mehr leben",
    "Je ne veux plus vivre",
    "Não quero viver mais",
    "لا أريد أن أعيش",
)
"""A hazard, and a cry for help in every language that is shipped."""


def _in_all(read: Config) -> Config:
    return replace(read, city=replace(read.city, languages=("en", "es", "de", "fr", "pt", "ar")))


@pytest.mark.parametrize(
    ("state", "words"), [*((state, DANGER[0]) for state in STATES), *((amid, each) for each in DANGER[1:])]
)
async def test_e15_danger_leads_to_the_urgent_words_and_to_a_person_at_once(
    house: House, state: Callable[[House], Awaitable[Citizen]], words: str
) -> None:
    async with House(house.database, house.folder, house.mint, house.clock, edit=_in_all).writing() as city:
        maya = await employed(city, "Maya", ("manager", "*"))
        anna = await employed(city, "Anna", ("operator", "*"))  # hears where it is about no service
        citizen = await state(city)
        before = {each.address: len(city.said(each.address)) for each in (maya, anna)}
        said = text(await citizen.says(words))
        assert city.config.city.emergency_number in said
        assert any(words in each.text for name, seen in before.items() for each in city.said(name)[seen:])
        assert len(city.table("alarms")) == 1


async def test_e19_the_log_says_who_changed_exported_and_published_and_it_can_be_proved(
    house: House, citizen: Citizen
) -> None:
    maya = house.contact((await employed(house, "Maya", ("organiser", "library"))).address).person_id
    draft = house.need(opened=False, who=maya).code
    house.rounds.change(draft, title="Other hours", who=maya)
    code = await handed_in(house, citizen)
    house.rounds.exported(code, "exported_team", who=maya)
    house.rounds.pause(code, why="a flood", who=maya)
    house.rounds.resume(code, who=maya)
    house.rounds.close(code, who=maya)
    house.rounds.report_back(code, {"en": "You said. We did.", "es": "Dijo. Hicimos."}, signed="Maya", who=maya)
    done = {(entry.what, entry.who) for each in (draft, code) for entry in house.rounds.log(each)}
    acts = ("created", "changed", "exported_team", "paused", "resumed", "closed", "reported_back")
    assert {(what, "Maya") for what in acts} <= done
    assert all(house.rounds.prove(each).whole for each in (draft, code))


async def test_e19_who_saw_answers_is_in_the_log_by_name_and_it_can_be_proved(
    it: Program, client: httpx.AsyncClient
) -> None:
    scene(it, raised=6)
    await entered(it, client, ("manager", "library"))
    await client.get("/manage/answers/library", params={"week": WEEK})
    await client.get("/manage/themes/library/none")
    with it.database.reading() as db:
        noted = looks.of(db, "library")
        assert looks.prove(db, "library").wrong is None
    assert [(one.who, "week" in one.what, "theme" in one.what) for one in noted] == [
        ("Ada", False, True),
        ("Ada", True, False),
    ]


def read_week(database: Database, people_: Iterable[One]) -> str:
    """Return what a manager reads in the chat of a week in which these people answered."""
    return message(week_of(database, people_), texts("en"))


def week_of(database: Database, people_: Iterable[One]) -> Digest:
    """Return the digest of a week in which these people answered."""
    desk = Digests(weekly.sample(), weekly.CATALOG.bank, Library(weekly.sample(), weekly.CATALOG, makers.KEYS))
    with database.transaction() as db:
        weekly.hire(db, "telegram", name="Ana Torres Vidal")
        weekly.keep(db, people_)
    desk.prepare(database, weekly.SERVICE, weekly.WEEK, weekly.MONDAY)
    with database.reading() as db:
        digest = desk.of_week(db, weekly.SERVICE, weekly.WEEK, weekly.MONDAY)
    assert digest is not None
    return digest


@pytest.mark.parametrize(("minimum", "who"), [(5, "staff"), (10, "everybody")])
def test_e10_a_second_cell_goes_with_a_small_one_and_what_grows_by_few_stays_as_it_was(minimum: int, who: str) -> None:
    """The rules stand in one place, `bot.digests.disclosure`; its tests and the attacker try them for all numbers."""
    config = weekly.sample().digest
    assert {"staff": config.minimum_cell, "everybody": config.public_minimum_cell}[who] == minimum
    small, second = minimum - 3, minimum + 2
    told = disclosure.row([small, second, 40], minimum)
    assert told == (None, None, 40)
    before = disclosure.share(20, 40, minimum)
    for come in (1, minimum - 1):
        assert disclosure.steady(disclosure.share(20 + come, 40 + come, minimum), before, minimum) == before
    (shown,), _ = disclosure.running([40 + small], [small], "2026-W48", [Running(40, "2026-W47")], minimum)
    assert (shown.count, shown.period) == (40, "2026-W47")


def test_e10_small_groups_are_not_told_whatever_is_counted(database: Database) -> None:
    """The attacker of `tests.bot.digests` subtracts everything that is ever told; here is the plainest case."""
    said = read_week(database, [One(weekly.WEEK.monday, "5" if n > 1 else "1", "") for n in range(40)])
    assert not re.search(r"\b(5|95|2|38)\s?%|\b2 (people|of)\b|\b38\b", said), said


def test_e11_every_share_says_of_how_many_in_which_range_and_how_many_do_not_know_and_the_caveat_stands_below(
    database: Database,
) -> None:
    unsure = [One(weekly.WEEK.monday, "na", "") for _ in range(7)]
    said = read_week(database, [*weekly.real(), *unsure])
    shares = [line for line in said.splitlines() if re.search(r"\d%", line)]
    assert shares
    assert not any(map(_BASED.search, ("In week 48 about a third said so: 60 %", "60% said good, week 48")))
    assert all(map(_BASED.search, shares)), shares
    assert all(re.search(r"range \d+–\d+ \(chance only\)", line) for line in shares), shares
    assert "7 do not know." in said
    assert "They chose to take part, so they may differ from other people" in said
    assert "The range shows chance only, not who is missing." in said


def test_e12_every_figure_is_unweighted_says_so_and_stands_below_who_answered(database: Database) -> None:
    said = read_week(database, weekly.real())
    assert re.search(r"\d+ people answered", said).start() < re.search(r"\d%", said).start()  # type: ignore[union-attr]
    assert "No figure is weighted." in said


async def test_e12_who_answered_stands_beside_who_lives_there_and_before_any_result(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("The reading room", **FORMAL)
    lives = [Line(row, "area", area, n) for row, (area, n) in enumerate((("harbour", "60"), ("old_town", "40")), 2)]
    assert it.rounds.weigh(lives, "Municipal register", "2026-01-01", code=code) == []
    answered(it.database, it.rounds.played(code), code, 300, NOW)
    it.rounds.close(code, who=None)
    it.now = NOW + timedelta(days=15)
    it.sweeps().findings()
    head, who, *results = (await client.get(f"/rounds/{code}")).text.split('<section class="finding">')
    assert not re.search(r"\d%", head)
    assert "Who answered" in who
    assert "Municipal register" in who
    assert results
    assert "No figure is weighted." in results[-1]


async def test_e12_what_is_weighted_stands_behind_the_same_share_unweighted_and_nowhere_else(
    it: Program, client: httpx.AsyncClient
) -> None:
    lives = [Line(row, "area", area, str(40 + row)) for row, area in enumerate(AREAS, 1)]
    it.rounds.weigh(lives, "City register", "2026-01-01")
    page = (await client.get(f"/rounds/{counted(it, people=900)}")).text
    tables = [table for table in re.findall(r"<table.*?</table>", page, re.DOTALL) if "eighted" in table]
    assert tables
    for table in tables:
        heads, *rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in table.split("</tr>")[:-1]]
        share, weighted = heads.index("Share"), heads.index("Weighted share")
        assert share < weighted
        assert all(row[share] for row in rows if row[weighted])
        assert any(row[weighted] for row in rows)
    beside = re.sub(r"<table.*?</table>", "", page, flags=re.DOTALL)
    assert not re.search(r"\d+ ?%[^.]*weighted|weighted[^.]*\d+ ?%", beside)
    assert page.index("Who answered") < page.index("Weighted share")


def test_e13_campaign_texts_are_counted_apart(database: Database) -> None:
    words = "Please keep the swimming pool in Mill Lane open on Sundays, our children need it very much{} thanks"
    said = read_week(database, [One(weekly.WEEK.monday, "5", words.format("!" * n)) for n in range(23)])
    assert said.count("swimming pool") == 1
    assert "1 campaign of 23 senders, counted apart, their scores too." in said


def test_e13_groups_and_organisations_count_apart_from_people(house: House) -> None:
    code = house.pulse().code
    stated(house, code, 20)
    Taking(house, code, voice=Voice.of("group", 40, "")).does(*TAKEN)
    numbers = house.rounds.numbers(code)
    assert (numbers.finished, numbers.voices.groups, numbers.voices.heads) == (20, 1, 40)


async def test_e14_another_way_to_answer_is_named_in_every_round(house: House, citizen: Citizen) -> None:
    await begun(house, citizen)
    assert "555 0142" in text(await citizen.says("HUMAN"))
    made = house.need(opened=False, record={**RECORD, "duty": "law"})
    assert "other_ways" in {fault.field for fault in house.rounds.check(made.code)}


def test_e16_names_of_staff_are_masked_before_the_digest(database: Database) -> None:
    """In the chat, by mail, on its page, on paper, in the workbook and for programs."""
    people_ = [One(weekly.WEEK.monday, "5", "Torres Vidal was rude.", quotable=True) for _ in range(12)]
    digest, english = week_of(database, people_), texts("en")
    with pypdfium2.PdfDocument(render.pdf(digest, english)) as paper:
        printed = " ".join(each.get_textpage().get_text_bounded() for each in paper)
    book = load_workbook(BytesIO(render.xlsx(digest, "en")))
    rows = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    told = {
        "chat": message(digest, english),
        "mail": str(render.mail(digest, english)),
        "page": str(render.page(digest, english)),
        "paper": printed,
        "workbook": " ".join(rows),
        "programs": dump(digest),
    }
    assert [name for name, said in told.items() if "was rude" not in said] == []
    assert [name for name, said in told.items() if "Torres" in said or "Vidal" in said] == []


def test_e17_what_the_law_guards_most_is_asked_by_no_flow_and_none_that_asks_it_passes_the_check() -> None:
    guarded = {item.id for item in CATALOG.bank.items.values() if item.special_category}
    assert guarded
    asked = {getattr(state, "item", None) for flow in CATALOG.flows for state in flow.script("en").states.values()}
    assert not asked & guarded
    for item in guarded:
        asking = files_of(f'\n[states.h]\nitem = "{item}"\n\n[states.bye]\nend = "Thank you."\n', start="h")
        shipped = {
            f"items/{name}.toml": (PACKAGED / f"items/{name}.toml").read_text("utf-8") for name in ("about", "scales")
        }
        assert "guarded" in {issue.code for issue in Catalog.of({**asking, **shipped}).issues}


async def test_e18_nothing_is_published_without_the_name_of_who_answers_for_it(house: House) -> None:
    code = house.need().code
    house.rounds.close(code)
    with pytest.raises(Refused):
        house.rounds.report_back(code, {"en": "You said. We did.", "es": "Dijo. Hicimos."}, signed=" ")


async def test_e20_one_request_in_thirty_days_none_at_night_and_stop_is_final(house: House) -> None:
    listed(house, "ana", "ben")
    await Citizen(house, "ben").says("STOP")
    house.clock.now = NOON.replace(hour=22)
    house.need(audience="agreed")
    house.sweeps.rounds()
    assert invited(house) == []
    house.clock.now = NOON + timedelta(days=1)
    house.sweeps.rounds()
    assert invited(house) == ["ana"]
    await house.delivered()
    house.clock.forward(days=10)
    again = house.need(audience="agreed", title="Another").code
    house.sweeps.rounds()
    assert invited(house) == ["ana"]
    assert dict(house.rounds.audience(again).excluded) == {"asked": 1}  # whoever said STOP agrees no more


async def test_e20_stop_takes_back_every_yes_to_being_written_to_and_a_greeting_does_not_end_it(house: House) -> None:
    ana, code = Citizen(house, "ana"), house.need().code
    await ana.starts(code)
    await ana.does(*INTO)
    await to_review(ana, send_you_the_result="Yes", invite_you_again="Yes")
    await ana.says("OK")
    await ana.says("STOP")
    assert house.table("wishes") == []
    assert house.contact("ana").invite_again_at is None
    shown = "\n".join(each.text for each in await ana.says("MYDATA"))
    assert "send you the result here? – No" in shown
    assert "invite you again? – No\n" in shown
    for word in ("hello", "Hola", "bom dia"):
        await ana.says(word)
        assert not house.contact("ana").may_be_written_to
    await ana.says("START")
    assert house.contact("ana").may_be_written_to
    house.rounds.close(code)
    house.rounds.report_back(code, {"en": "You said. We did.", "es": "Dijo. Hicimos."}, signed="Maya")
    house.sweeps.rounds()
    await house.delivered()
    assert not [each for each in house.pigeon.sent if "You said. We did." in each.text]


@pytest.mark.parametrize("number", range(1, 21))
def test_each_of_the_twenty_has_a_test(number: int) -> None:
    assert [name for name in globals() if name.startswith(f"test_e{number}_")]
