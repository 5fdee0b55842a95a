"""A round whose questions are not those that were signed rests: nobody is asked them, and all else goes on."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from bot.digests import render
from bot.digests.weeks import Week
from bot.errors import CivicloopError, Refused, Trouble
from bot.jobs.sweeps import Sweeps
from bot.rounds.exporting import PURPOSES, TEAM
from bot.rounds.findings import PAPER
from bot.rounds.library import Library
from bot.rounds.lifecycle import State
from bot.rounds.margins import Line
from bot.rounds.organising import Rounds
from bot.texts import texts
from flows.phrasebook import EVERYWHERE
from storage import answers, rounds, tables, wishes
from tests.bot.jobs.test_sweeps import LATER
from tests.bot.rounds.test_fairness import said, weighed
from tests.bot.test_counter import ONE, Taking
from tests.bot.test_danger import DESPAIR
from tests.bot.test_threads import employed
from tests.bot.test_turns import INTO
from tests.storage import makers
from tests.support.answering import answered
from tests.support.house import NOON, Citizen, House

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.database import Database

RESTS = "This round is paused for now. What you answered is kept."
RECEIPT = "AB12-CD34"


def reworded(source: str) -> str:
    return json.dumps({file: text.replace("you", "ALTERED") for file, text in json.loads(source).items()})


def gone(_: str) -> str:
    return "[]"


def torn(source: str) -> str:
    return source[: len(source) // 2]


DAMAGES = (reworded, gone, torn)


def altered(database: Database, flow: str, damage: Callable[[str], str] = reworded) -> None:
    """Change the questions of a flow behind the back of every log."""
    versions = tables.flow_versions.c
    with database.transaction() as db:
        for version, source in db.execute(select(versions.version, versions.source).where(versions.flow == flow)).all():
            which = update(tables.flow_versions).where(versions.flow == flow, versions.version == version)
            db.execute(which.values(source=damage(source)))


def restarted(house: House) -> House:
    """Return the program as it is after a start: it remembers no flow."""
    return House(house.database, house.folder, house.mint, house.clock)


async def said_to(house: House, *messages: str, address: str = "c1") -> list[str]:
    """Send messages one after the other; return what is said to each, and see that each is dealt with."""
    citizen, found = Citizen(house, address), []
    for each in messages:
        said = await citizen.says(each)
        assert said, f"no word to {each}"
        found.append("\n".join(one.text for one in said))
    assert {row.status for row in house.table("inbox")} == {"done"}
    return found


@pytest.mark.parametrize("damage", DAMAGES)
async def test_every_word_is_heard_in_it(house: House, citizen: Citizen, damage: Callable[[str], str]) -> None:
    code = house.need(record=LATER).code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await citizen.says("1")
    altered(house.database, "need_round", damage)
    async with restarted(house).writing() as anew:
        rights = {"stop", "delete", "mydata", "human", "help", "language", "mine"}
        for word in sorted({*EVERYWHERE, "start", "mine"} - {"stop", "delete"}):
            (said,) = await said_to(anew, f"/{word}")
            assert ("paused for now" in said) is (word not in rights), word
        for said in await said_to(anew, "hello", "1", "🙂", RECEIPT):
            assert said.startswith(RESTS)
        (kept,) = await said_to(anew, "/mydata")
        assert "opening hours" in kept
        assert "ALTERED" not in kept
        assert anew.table("sessions")[0].status == "active"
        assert len(citizen.answers(code)) == 1
        await said_to(anew, "/stop")
        assert anew.contact("c1").stopped_at is not None
        await said_to(anew, "/delete", "yes")
        assert anew.table("answers") == []
        assert anew.table("sessions") == []


async def test_danger_raises_the_alarm_of_its_service(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO)
    altered(house.database, "deliver_pulse")
    async with restarted(house).writing() as anew:
        await said_to(anew, DESPAIR)
        assert [row.service for row in anew.table("alarms")] == ["library"]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_newcomers_are_offered_the_other_rounds(house: House, damage: Callable[[str], str]) -> None:
    lost, code = house.need(), house.pulse().code
    altered(house.database, "need_round", damage)
    house = restarted(house)
    async with house.writing():
        (offered,) = await Citizen(house, "new").starts()
        assert [each.data for each in offered.buttons] == [f"@round:{code}"]
        (told,) = await Citizen(house, "other").starts(lost.code)
        assert told.text.startswith(RESTS)
        await Citizen(house, "new").starts(code)
        await Citizen(house, "new").does(*INTO, "Good")
        assert len(house.answers(code, "new")) == 1


async def test_whoever_was_amid_it_when_it_closed_is_told(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    house.rounds.close(code)
    altered(house.database, "need_round")
    async with restarted(house).writing() as anew:
        assert (await said_to(anew, "1"))[0].startswith("This round has closed")


async def test_it_goes_on_once_its_questions_are_restored(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    versions = tables.flow_versions.c
    with house.database.reading() as db:
        kept = db.execute(select(versions.source).where(versions.flow == "need_round")).scalar_one()
    altered(house.database, "need_round")
    async with restarted(house).writing() as anew:
        assert (await said_to(anew, "1"))[0].startswith(RESTS)
        altered(house.database, "need_round", lambda _: kept)
        await said_to(anew, "1")
    assert len(citizen.answers(code)) == 1


@pytest.mark.parametrize("damage", DAMAGES)
async def test_it_can_be_cancelled_and_who_wished_for_the_result_is_told(
    house: House, citizen: Citizen, damage: Callable[[str], str]
) -> None:
    code = house.need().code
    await citizen.starts(code)
    with house.database.transaction() as db:
        of = rounds.by_code(db, code)
        assert of is not None
        wishes.add(db, [(of.id, house.contact("c1").id)], house.clock())
    altered(house.database, "need_round", damage)
    anew = restarted(house)
    assert anew.rounds.cancel(code, why="its questions were changed").state == State.CANCELLED
    told = [row for row in anew.table("outbox") if row.key.startswith("cancelled.")]
    assert len(told) == 1
    (last, *_) = reversed(anew.said("c1"))
    assert "the opening hours of the library" in last.text
    assert "its questions were changed" in last.text


def test_nothing_is_taken_down_in_it(house: House) -> None:
    code = house.pulse().code
    name = Taking(house, code).name
    altered(house.database, "deliver_pulse")
    anew = restarted(house)
    assert not anew.counter.takes(code)
    assert anew.counter.look(code, name).over
    with pytest.raises(Refused, match="not open"):
        anew.counter.begin(code, "phone", "en", ONE, None)


def test_a_digest_of_its_service_goes_out_and_says_what_it_leaves_out(house: House) -> None:
    weighed(house, harbour=10, old_town=10, hillside=10)
    code, pulse = house.need().code, house.pulse().code
    said(house, code, 40, "harbour")
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        ballot: dict[str, Any] = {"verb": "rank", "choice": None, "score": None, "item": None, "choices": '["a", "b"]'}
        answers.append(db, [makers.answer(row, b"%d" % n, "order", NOON, **ballot) for n in range(9)])
    week = Week.of(NOON, house.config.city.zone)
    now = week.ends(house.config.city.zone)
    with house.database.reading() as db:
        whole = house.digests.of_week(db, "library", week, now)
    altered(house.database, "need_round")
    anew = restarted(house)
    with house.database.reading() as db:
        told = anew.digests.of_week(db, "library", week, now)
        assert [one.code for one in (rounds.by_code(db, pulse),) if one and anew.library.asks(db, one)] == [pulse]
    assert whole is not None
    assert told is not None
    assert whole.who.missing
    assert (told.who.new, told.who.missing) == (whole.who.new, ())
    assert told.foot is not None
    assert told.foot.resting == (code,)
    assert f"The questions of {code} were changed" in render.message(told, texts("en"))


async def test_managers_are_asked_of_other_rounds_all_the_same(house: House) -> None:
    """Of one that rests nobody foretells what comes of it."""
    staff = await employed(house, "Max")
    pulse = house.pulse()
    house.need()
    altered(house.database, "need_round")
    anew = restarted(house)
    with house.database.reading() as db:
        kept, now = anew.digests.assessments, anew.clock()
        assert {row.code for row in kept.gates(db, "library", now)} == {pulse.code}
        assert {row.code for row in kept.ahead(db, "library", now)} == {pulse.code}
    assert anew.sweeps.assessments() == 1
    assert any("How is it?" in each.text for each in house.said(staff.address))


# --------------------------------------------------------------------------- a service that is no longer set up


def without_library(house: House) -> tuple[Sweeps, Rounds]:
    """Return the sweeps and the rounds of a city whose settings no longer name the library."""
    left = tuple(service for service in house.config.services if service.key != "library")
    config = replace(house.config, services=left)
    library = Library(config, house.catalog, house.keys, house.clock)
    channels = {"pigeon": house.pigeon.capabilities}
    sweeps = Sweeps(config, house.database, library, house.digests, channels, house.clock, lambda: None)
    return sweeps, Rounds(config, house.database, house.keys, house.catalog, library, house.clock, house.mint)


@pytest.mark.parametrize("by_clock", [True, False], ids=["by the clock", "by hand"])
async def test_a_round_of_a_service_that_is_gone_closes(house: House, *, by_clock: bool) -> None:
    code = house.need().code
    sweeps, rounds_ = without_library(house)
    if by_clock:
        house.clock.forward(days=21)
        sweeps.rounds()
    else:
        rounds_.close(code)
    found = house.rounds.find(code)
    assert found is not None
    assert found.state == State.CLOSED


def test_a_draft_of_a_service_that_is_gone_lets_the_others_be_listed(house: House) -> None:
    house.need(opened=False)
    other = house.need(opened=False, service="bus7").code
    _, rounds_ = without_library(house)
    assert set(rounds_.awaiting()) == {other}


# --------------------------------------------------------------------------- what is counted of it, and what leaves


def two_over(house: House) -> tuple[str, str]:
    """Return two rounds that many answered and that are over long enough to be counted, each with its own questions."""
    weighed(house, harbour=10, old_town=10, hillside=10)
    lost, other = house.need().code, house.pulse().code
    for code in (lost, other):
        answered(house.database, house.rounds.played(code), code, 30, house.clock())
        house.rounds.close(code)
    house.clock.forward(days=PAPER.days)
    return lost, other


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_it_says_is_counted_for_nobody_and_that_of_others_is(house: House, damage: Callable[[str], str]) -> None:
    lost, other = two_over(house)
    altered(house.database, "need_round", damage)
    anew = restarted(house)
    with pytest.raises(ExceptionGroup, match=f"the questions of {lost} were changed") as told:
        anew.sweeps.findings()
    assert [type(each) for each in told.value.exceptions] == [Trouble]
    assert anew.rounds.findings(lost) is None
    assert anew.rounds.findings(other) is not None
    for purpose in PURPOSES:
        assert [*anew.rounds.lines(other, purpose)]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("counted", [False, True], ids=["before it is counted", "after"])
def test_whoever_looks_at_its_figures_reads_what_is_wrong_and_others_are_shown(
    house: House, damage: Callable[[str], str], *, counted: bool
) -> None:
    lost, other = two_over(house)
    if counted:
        assert house.sweeps.findings() == 2
        kept = house.rounds.findings(lost)
    altered(house.database, "need_round", damage)
    told = restarted(house).rounds
    looks: list[Callable[[str], object]] = [
        lambda code: [*told.lines(code, TEAM)],
        lambda code: [*told.lines(code, TEAM, every_text=True)],
        told.numbers,
        told.glance,
        told.variables,
        lambda code: told.missing(code, "en"),
        lambda code: told.evaluation(code, "en"),
        lambda code: told.weigh([Line(2, "area", "harbour", "3")], "Census", "2021-03-21", code=code),
        lambda code: told.aim(code, 100, {"area": {"harbour": 60}}),
    ]
    for look in looks:
        with pytest.raises(CivicloopError):
            look(lost)
    for look in looks[:-2]:
        look(other)
    assert told.margins(lost)["area"].share("harbour") == pytest.approx(1 / 3)
    assert told.counts(lost).finished == told.counts(other).finished
    if counted:
        assert told.findings(lost) == kept


@pytest.mark.parametrize("column", ["record", "aims", "outcome", "told"])
@pytest.mark.parametrize("damage", ['{"torn', "[]", '{"nonsense": "1"}'])
def test_what_is_kept_of_it_and_cannot_be_read_is_told_as_trouble_and_others_go_on(
    house: House, column: str, damage: str
) -> None:
    lost, other = two_over(house)
    with house.database.transaction() as db:
        db.execute(update(tables.rounds).where(tables.rounds.c.code == lost).values({column: damage}))
    anew, week = restarted(house), Week.of(NOON, house.config.city.zone)
    told = anew.rounds
    looks: list[Callable[[str], object]] = [
        lambda code: [*told.lines(code, TEAM)],
        told.numbers,
        told.variables,
        told.margins,
        lambda code: told.missing(code, "en"),
        lambda code: told.evaluation(code, "en"),
    ]
    for look in looks:
        with suppress(CivicloopError):
            look(lost)
        look(other)
    ill: Sequence[Exception] = ()
    try:
        anew.sweeps.findings()
    except ExceptionGroup as found:
        ill = found.exceptions
    assert [type(each) for each in ill] == [Trouble] * len(ill)
    assert told.findings(other) is not None
    with house.database.reading() as db:
        assert anew.digests.of_week(db, "library", week, week.ends(house.config.city.zone)) is not None
