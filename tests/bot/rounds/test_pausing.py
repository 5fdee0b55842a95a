"""A round that rests writes to nobody and takes no answer; when it goes on, everything is where it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from bot.channels.base import Again
from bot.channels.web.round_page import RoundPage
from bot.channels.web.words import Dictionary
from bot.errors import Refused
from bot.rounds import invitations
from bot.rounds.outcome import Decision
from storage import outbox, people, rounds, tables, trail
from tests.bot.jobs.test_sweeps import LATER, agreed
from tests.bot.test_turns import INTO, to_review
from tests.support.house import NOON, Citizen, House

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.channels.base import Outbound

MANY = tuple("abcdefg")


def invited(sent: Sequence[Outbound]) -> list[str]:
    """Return who an invitation has reached, in order."""
    return [each.address for each in sent if each.key.startswith("invite.")]


def statuses(house: House) -> list[str]:
    return sorted(row.status for row in house.table("outbox") if row.key.startswith("invite."))


async def test_whoever_is_in_the_middle_is_told_and_goes_on_where_they_were(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    (question,) = (await citizen.does(*INTO))[-1:]
    house.rounds.pause(code, why="flood")
    for said in (await citizen.says("1"), await citizen.starts(code), await citizen.taps("Skip", question)):
        assert said[0].text.startswith("This round is paused for now. What you answered is kept.")
    assert citizen.answers(code) == []
    house.rounds.resume(code)
    said = await citizen.says("1")
    assert "paused" not in "".join(each.text for each in said)
    assert len(citizen.answers(code)) == 1


async def test_rights_are_heard_while_a_round_rests(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await citizen.says("1")
    house.rounds.pause(code, why="flood")
    assert "No answer yet" not in (await citizen.says("MYDATA"))[-1].text
    await citizen.says("DELETE")
    await citizen.taps("Yes")
    assert house.table("answers") == []


async def test_what_was_handed_in_cannot_be_changed_until_it_goes_on(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    said = await citizen.does(*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", "No")
    receipt = said[-1].text.partition("receipt is ")[2].partition(".")[0]
    house.rounds.pause(code, why="flood")
    assert "paused for now" in (await citizen.says("CHANGE"))[-1].text
    assert "paused for now" in (await citizen.says(receipt))[-1].text
    house.rounds.resume(code)
    assert "paused for now" not in (await citizen.says("CHANGE"))[-1].text


async def test_what_waits_to_be_sent_is_held_and_each_invitation_comes_once(house: House) -> None:
    await agreed(house, *MANY)
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.rounds.pause(code, why="a mistake in the letter")
    house.sweeps.rounds()
    assert invited(await house.delivered()) == []
    assert statuses(house) == ["held"] * len(MANY)
    with house.database.reading() as db:
        assert outbox.oldest_due(db, house.clock()) is None
    house.rounds.resume(code)
    house.sweeps.rounds()
    assert sorted(invited(await house.delivered())) == list(MANY)
    assert statuses(house) == ["sent"] * len(MANY)


def beside(house: House, service: str = "bus7") -> None:
    """Open a round beside, for the same people."""
    house.need(service=service, audience="agreed", record=LATER, closes_at=NOON + timedelta(days=60))


async def test_what_is_held_keeps_nobody_from_another_round(house: House) -> None:
    await agreed(house, "a", "b")
    code = house.need(audience="agreed", record=LATER).code
    house.sweeps.rounds()
    house.rounds.pause(code, why="flood")
    house.clock.forward(days=1)
    beside(house)
    house.sweeps.rounds()
    assert sorted(invited(await house.delivered())) == ["a", "b"]


async def test_who_was_called_in_the_meantime_is_called_by_the_round_that_goes_on_tomorrow(house: House) -> None:
    await agreed(house, "a")
    code = house.need(audience="agreed", record=LATER).code
    house.sweeps.rounds()
    house.rounds.pause(code, why="flood")
    house.clock.forward(days=1)
    beside(house)
    house.sweeps.rounds()
    assert invited(await house.delivered()) == ["a"]
    house.rounds.resume(code)
    house.sweeps.rounds()
    assert invited(await house.delivered()) == ["a"]
    house.clock.forward(days=1)
    assert invited(await house.delivered()) == ["a", "a"]


async def test_whom_another_round_of_the_service_has_asked_waits_anew(house: House) -> None:
    await agreed(house, "a")
    code = house.need(audience="agreed", record=LATER, closes_at=NOON + timedelta(days=60)).code
    house.sweeps.rounds()
    house.rounds.pause(code, why="flood")
    house.clock.forward(days=1)
    beside(house, "library")
    house.sweeps.rounds()
    assert invited(await house.delivered()) == ["a"]
    house.clock.forward(days=2)
    house.rounds.resume(code)
    house.sweeps.rounds()
    assert invited(await house.delivered()) == ["a"]
    assert house.rounds.audience(code).excluded == {"asked": 1}
    for days in (29, 1):  # that day the other round reminds
        house.clock.forward(days=days)
        house.sweeps.rounds()
        sent = await house.delivered()
    assert invited(sent) == ["a", "a"]


async def test_whoever_says_stop_meanwhile_is_not_written_to(house: House) -> None:
    await agreed(house, "a", "b")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.rounds.pause(code, why="flood")
    await Citizen(house, "a").says("STOP")
    house.rounds.resume(code)
    assert invited(await house.delivered()) == ["b"]


async def test_what_was_on_its_way_and_came_back_waits_too(house: House) -> None:
    await agreed(house, "a")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.pigeon.receipts["a"] = [Again(timedelta(seconds=30), "busy")]
    assert invited(await house.delivered()) == []
    waiting = tables.outbox.c.key.startswith("invite.")
    with house.database.transaction() as db:  # as if it had been on its way at that moment
        db.execute(update(tables.outbox).where(waiting).values(status="sending"))
    house.rounds.pause(code, why="flood")
    with house.database.transaction() as db:
        db.execute(update(tables.outbox).where(waiting).values(status="due"))
    house.sweeps.rounds()
    house.clock.forward(minutes=1)
    assert invited(await house.delivered()) == []
    house.rounds.resume(code)
    assert invited(await house.delivered()) == ["a"]


async def test_inviting_stops_at_the_next_batch(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await agreed(house, *MANY)
    code = house.need(audience="agreed").code
    monkeypatch.setattr(invitations, "BATCH", 2)
    monkeypatch.setattr(house.sweeps, "_wake", lambda: house.rounds.pause(code, why="flood"))
    house.sweeps.rounds()
    assert statuses(house) == ["held", "held"]
    monkeypatch.setattr(house.sweeps, "_wake", lambda: None)
    house.rounds.resume(code)
    house.sweeps.rounds()
    assert sorted(invited(await house.delivered())) == list(MANY)


@pytest.mark.parametrize("act", ["close", "cancel"])
async def test_when_a_round_ends_invitations_that_wait_are_not_sent(house: House, act: str) -> None:
    await agreed(house, "a", "b")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    getattr(house.rounds, act)(code, why="enough")
    assert invited(await house.delivered()) == []
    assert statuses(house) == ["gone", "gone"]


async def test_a_paused_round_closes_by_the_clock(house: House) -> None:
    await agreed(house, "a")
    code = house.need(audience="agreed", closes_at=NOON + timedelta(days=5)).code
    house.sweeps.rounds()
    house.rounds.pause(code, why="flood")
    house.clock.forward(days=5)
    house.sweeps.rounds()
    assert [entry.what for entry in house.rounds.log(code)] == ["created", "approved", "opened", "paused", "closed"]
    assert statuses(house) == ["gone"]


async def test_a_long_rest_ends_no_session_and_reminds_nobody(house: House) -> None:
    await agreed(house, "a")
    code = house.need(closes_at=NOON + timedelta(days=60), record=LATER).code
    citizen = Citizen(house, "a")
    await citizen.starts(code)
    await citizen.does(*INTO)
    await citizen.says("1")
    house.rounds.pause(code, why="flood")
    for _ in range(20):
        house.clock.forward(days=1)
        house.sweeps.sessions()
        house.sweeps.privacy()
    house.rounds.resume(code)
    house.sweeps.sessions()
    assert [row.key for row in house.table("outbox") if row.key.startswith("silence.")] == []
    assert len(citizen.answers(code)) == 1
    assert [row.status for row in house.table("sessions") if row.round_id == house.table("rounds")[-1].id] == ["active"]


async def test_a_cancelled_round_says_so(house: House, citizen: Citizen) -> None:
    code = house.need().code
    house.rounds.cancel(code, why="no money")
    assert (await citizen.starts(code))[0].text.startswith("This round was cancelled.")


async def test_whoever_wished_for_the_result_of_a_cancelled_round_hears_why_by_day_and_once(house: House) -> None:
    code = house.need().code
    anna, bruno, carla = (Citizen(house, name) for name in ("anna", "bruno", "carla"))
    for each in (anna, bruno, carla):
        await each.starts(code)
        await each.does(*INTO)
        await to_review(each, send_you_the_result="Yes" if each is not carla else "No")
        await each.says("ok")
    await anna.says("/language")
    await anna.taps("Español")
    await bruno.says("STOP")
    await house.delivered()
    house.clock.forward(hours=14)
    house.rounds.cancel(code, why="The money is gone.")
    assert [letter.key for letter in await house.delivered() if letter.key.startswith("cancelled.")] == []
    house.clock.forward(hours=10)
    (letter,) = [letter for letter in await house.delivered() if letter.key.startswith("cancelled.")]
    assert letter.address == "anna"
    assert "Usted quería saber" in letter.text
    assert "\n\nEl motivo: The money is gone.\n\nEste motivo está en otro idioma: English." in letter.text


async def two_who_wait(house: House) -> tuple[str, Citizen, Citizen]:
    """Return a round, and two people who wish for its result: one reads Spanish, one English."""
    code, anna, bruno = house.need().code, Citizen(house, "anna"), Citizen(house, "bruno")
    for each in (anna, bruno):
        await each.starts(code)
        await each.does(*INTO)
        await to_review(each, send_you_the_result="Yes")
        await each.says("ok")
    await anna.says("/language")
    await anna.taps("Español")
    await house.delivered()
    return code, anna, bruno


async def test_why_a_round_was_cancelled_is_told_in_the_language_it_was_written_in(house: House) -> None:
    code, _, bruno = await two_who_wait(house)
    house.rounds.cancel(code, why="No hay dinero.", language="es")
    told = {letter.address: letter.text for letter in await house.delivered() if letter.key.startswith("cancelled.")}
    assert told["anna"].endswith("El motivo: No hay dinero.")
    other = "The reason: No hay dinero.\n\nThe reason is in another language: Español."
    assert told["bruno"].endswith(other)
    assert (await bruno.says("MINE"))[0].text.endswith(f"Nothing comes of them.\n\n{other}")
    came = (await bruno.starts(code))[0].text
    assert came.startswith(f"This round was cancelled. Thank you for coming.\n\n{other}")
    page = RoundPage(house.rounds, house.config, Dictionary.load(), house.clock())
    shown = page.kept(house.rounds.find(code))["index.html"].decode()  # type: ignore[arg-type]
    assert '<span dir="auto" lang="es">No hay dinero.</span>' in shown
    assert "This part is in another language: Español." in shown


async def test_a_reason_in_several_languages_is_told_to_each_in_theirs(house: House) -> None:
    code, anna, _ = await two_who_wait(house)
    with pytest.raises(Refused, match="501 characters"):
        house.rounds.cancel(code, why="The money is gone.", translated={"es": "n" * 501})
    house.rounds.cancel(code, why="The money is gone.", translated={"es": " No hay dinero. ", "pt": " "})
    told = {letter.address: letter.text for letter in await house.delivered() if letter.key.startswith("cancelled.")}
    assert told["anna"].endswith("El motivo: No hay dinero.")
    assert told["bruno"].endswith("The reason: The money is gone.")
    assert "\n\nEl motivo: No hay dinero.\n\n" in (await anna.starts(code))[0].text
    page = RoundPage(house.rounds, house.config, Dictionary.load(), house.clock())
    shown = page.kept(house.rounds.find(code))["es.html"].decode()  # type: ignore[arg-type]
    assert '<span dir="auto" lang="es">No hay dinero.</span></p>' in shown
    assert house.rounds.prove(code).whole


def test_a_reason_is_in_the_language_of_whoever_gives_it(house: House) -> None:
    code = house.need().code
    with house.database.transaction() as db:
        omar = people.add(db, "Omar", "es", NOON)
    house.rounds.cancel(code, who=omar.id, why="No hay dinero.")
    assert house.rounds.log(code)[-1].language == "es"


async def test_why_a_draft_was_given_up_is_nobodys_business(house: House, citizen: Citizen) -> None:
    code = house.need(opened=False).code
    house.rounds.cancel(code, why="Mrs Perez is ill.")
    assert "Perez" not in (await citizen.starts(code))[0].text


async def test_whoever_deletes_what_they_said_in_a_cancelled_round_leaves_nothing_behind(house: House) -> None:
    code, citizen = house.need().code, Citizen(house)
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("ok")
    house.rounds.cancel(code, why="no money")
    await citizen.says("DELETE")
    assert "figures" not in (await citizen.taps("Yes"))[-1].text
    assert house.table("answers") == []
    assert house.rounds.prove(code).whole


async def test_a_round_that_rests_promises_nobody_a_last_day(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("ok")
    house.rounds.pause(code, why="flood")
    said = (await citizen.says("MINE"))[0].text
    assert said == "The opening hours of the library: your answers are in. The round is paused for now."


async def test_days_that_are_past_are_not_promised(house: House, citizen: Citizen) -> None:
    code, later = house.need().code, Citizen(house, "later")
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("ok")
    house.rounds.close(code)
    assert "On 15 January 2027 you learn what came of it" in (await citizen.says("MINE"))[0].text
    assert "On 15 January 2027 we publish" in (await later.starts(code))[0].text
    house.clock.forward(days=100)
    late = "was promised for 15 January 2027 and is late. You can ask:"
    assert late in (await citizen.says("MINE"))[0].text
    assert late in (await later.starts(code))[0].text
    house.rounds.analyse(code, "Most want Sundays.")
    assert f"The decision is still to come. The result {late}" in (await citizen.says("MINE"))[0].text
    house.rounds.decide(code, Decision("Sundays.", "2027-02-20", "Many asked.", "Nights."))
    assert f"The report {late}" in (await citizen.says("MINE"))[0].text
    house.rounds.report_back(code, {"en": "We open on Sundays.", "es": "Abrimos."}, signed="Rosa, head of libraries")
    told = (await later.starts(code))[0].text
    assert f"What came of it stands here: http://127.0.0.1:8080/rounds/{code}" in told
    assert "we publish" not in told


def test_the_page_of_a_cancelled_round_says_why_and_promises_nothing(house: House) -> None:
    code = house.need().code
    house.rounds.cancel(code, why="The money is gone.")
    page = RoundPage(house.rounds, house.config, Dictionary.load(), house.clock())
    shown = page.kept(house.rounds.find(code))["index.html"].decode()  # type: ignore[arg-type]
    assert 'nothing comes of the answers. The reason: <span dir="auto" lang="en">The money is gone.</span>' in shown
    assert "Decision planned for" not in shown
    assert "we tell you why" not in shown


def test_a_reason_that_was_meant_for_the_log_alone_stays_there(house: House) -> None:
    """Who gave it before the page showed reasons was told that it stands in the log."""
    code = house.need().code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.move(db, row.id, (row.state,), "cancelled", closed_at=NOON)
        trail.add(db, row.id, NOON, "Omar", "cancelled", "Mrs Perez is ill.", before=row)
    page = RoundPage(house.rounds, house.config, Dictionary.load(), house.clock())
    shown = page.kept(house.rounds.find(code))["index.html"].decode()  # type: ignore[arg-type]
    assert "This consultation was cancelled, and nothing comes of the answers." in shown
    assert "Perez" not in shown
    assert "The reason" not in shown


@pytest.mark.parametrize("paused", [False, True])
async def test_a_round_that_is_over_by_the_clock_alone_ends_nobodys_answers(
    house: House, citizen: Citizen, *, paused: bool
) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.taps("Yes")
    if paused:
        house.rounds.pause(code, why="flood")
    house.clock.forward(days=21)
    await citizen.says("hello")
    assert [row.status for row in house.table("sessions")] == ["active"]


def test_only_an_open_round_rests_and_only_a_resting_one_goes_on(house: House) -> None:
    draft, code = house.need(opened=False).code, house.need().code
    with pytest.raises(Refused, match="not open"):
        house.rounds.pause(draft, why="flood")
    with pytest.raises(Refused, match="say why"):
        house.rounds.pause(code, why="")
    with pytest.raises(Refused, match="not paused"):
        house.rounds.resume(code)
    assert house.rounds.pause(code, why="flood").state == "paused"
    with pytest.raises(Refused, match="not open"):
        house.rounds.pause(code, why="flood")
    assert house.rounds.extend(code, NOON + timedelta(days=40), why="the days lost").state == "paused"
    assert house.rounds.resume(code, why="dry again").state == "open"
    assert [(entry.what, entry.why) for entry in house.rounds.log(code)][3:] == [
        ("paused", "flood"),
        ("extended", "the days lost"),
        ("resumed", "dry again"),
    ]
