"""What a round takes from the configuration stays as it was when the round was signed, whatever becomes of that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import Trouble
from bot.rounds.record import spoken_day
from flows.model import Choose
from storage import contacts, rounds, trail
from tests.bot.test_turns import INTO, to_review
from tests.support.answering import answered
from tests.support.house import NOON, RECORD, Citizen, House

if TYPE_CHECKING:
    from bot.config import Config
    from bot.rounds.looking import RoundView

WAS = {"harbour": "Harbour", "old_town": "Old Town", "hillside": "Hillside"}


def edited(read: Config) -> Config:
    """Return the configuration with other areas and languages of the library, and other rules."""
    areas = (("harbour", {"en": "The new port"}), ("east", {"en": "East side"}))
    services = [replace(one, areas=areas, steps=(), languages=("en",), name={"en": "X"}) for one in read.services]
    privacy = replace(read.privacy, minimum_age=18, law={"": "Another Act"}, answers_months=36)
    return replace(read, services=tuple(services), privacy=privacy)


def restarted(house: House) -> House:
    """Return the program as it is once the configuration is another."""
    return House(house.database, house.folder, house.mint, house.clock, edit=edited)


def areas(house: House, code: str, language: str = "en") -> dict[str, str]:
    """Return the parts of the city that a round asks for."""
    states = house.rounds.played(code).script(language).states.values()
    (found,) = (one.options for one in states if isinstance(one, Choose) and one.item == "you.area")
    return {one.id: one.label for one in found if one.id in {*WAS, "east"}}


def age(house: House, code: str) -> str:
    states = house.rounds.played(code).script("en").states.values()
    return next(text for one in states if "or older" in (text := getattr(one, "text", "")))


def scheduled(house: House) -> RoundView:
    day = timedelta(days=1)
    code = house.need(opened=False, opens_at=NOON + day, closes_at=NOON + 20 * day).code
    house.sign(code)
    return house.rounds.open(code)


@pytest.mark.parametrize("state", ["signed", "scheduled", "open", "opened by the clock"])
def test_a_signed_round_asks_what_was_signed_whatever_becomes_of_the_configuration(house: House, state: str) -> None:
    match state:
        case "signed":
            code = house.need(opened=False).code
            house.sign(code)
        case "open":
            code = house.need().code
        case _:
            code = scheduled(house).code
    anew = restarted(house)
    if state == "opened by the clock":
        anew.clock.forward(days=1)
        anew.sweeps.rounds()
    assert areas(anew, code) == WAS
    assert areas(anew, code, "es")["old_town"] == "Casco Antiguo"
    assert "16 or older" in age(anew, code)
    assert list(anew.rounds.variables(code)["area"].groups) == list(WAS)
    assert anew.rounds.prove(code).whole
    assert anew.rounds.check(code) == []


def test_a_round_that_nobody_signs_goes_by_what_the_configuration_was_when_it_opened(house: House) -> None:
    code = house.pulse().code
    anew = restarted(house)
    assert "16 or older" in age(anew, code)
    assert set(anew.rounds.played(code).languages) >= {"en", "es"}
    assert anew.rounds.prove(code).whole


def test_a_draft_goes_by_the_configuration_as_it_is_and_so_does_one_that_is_changed_again(house: House) -> None:
    code, signed = house.need(opened=False).code, scheduled(house).code
    anew = restarted(house)
    assert areas(anew, code) == {"harbour": "The new port", "east": "East side"}
    anew.rounds.change(signed, record=RECORD | {"decider": "The mayor"}, why="she decides")
    assert areas(anew, signed) == {"harbour": "The new port", "east": "East side"}
    assert "18 or older" in age(anew, signed)
    anew.sign(signed)
    assert house.rounds.prove(signed).whole
    assert areas(house, signed) == {"harbour": "The new port", "east": "East side"}


def test_a_scheduled_round_that_gets_more_time_is_a_draft_that_goes_by_the_configuration_again(house: House) -> None:
    code = scheduled(house).code
    anew = restarted(house)
    anew.rounds.extend(code, NOON + timedelta(days=30), why="more time")
    assert areas(anew, code) == {"harbour": "The new port", "east": "East side"}
    assert anew.rounds.prove(code).whole


def test_one_from_before_that_was_opened_goes_on_as_it_did_and_one_that_was_signed_is_kept_once_it_opens(
    house: House,
) -> None:
    code, waits = house.need().code, scheduled(house).code
    with house.database.transaction() as db:  # as an earlier version left them
        for row in rounds.find(db):
            rounds.change(db, row.id, told=None)
            trail.add(db, row.id, house.clock(), "clock", "noted", before=row)
    house.clock.forward(days=1)
    house.sweeps.rounds()
    anew = restarted(house)
    assert areas(anew, code) == {"harbour": "The new port", "east": "East side"}
    assert areas(anew, waits) == WAS
    assert anew.rounds.prove(code).whole
    assert anew.rounds.prove(waits).whole


def test_answers_to_an_area_that_is_no_more_stay_in_the_result_under_the_name_they_were_given_to(house: House) -> None:
    code = house.need().code
    answered(house.database, house.rounds.played(code), code, 60, house.clock())
    anew = restarted(house)
    anew.clock.forward(days=21)
    anew.sweeps.rounds()
    anew.clock.forward(days=16)
    anew.sweeps.findings()
    found = anew.rounds.findings(code)
    assert found is not None
    (asked,) = (one for one in found.findings if one.item == "you.area")
    assert "Old Town" in repr(asked)
    assert "The new port" not in repr(asked)


async def test_whoever_is_in_the_middle_goes_on_in_their_language_and_reads_what_they_have_chosen(house: House) -> None:
    code = house.need().code
    ana, eva = Citizen(house, "ana"), Citizen(house, "eva")
    await ana.starts(code)
    await ana.does(*INTO)
    await to_review(ana, last_questions="Yes", which_area="Old Town")
    await eva.says("hello")
    with house.database.transaction() as db:
        contacts.set_language(db, house.contact("eva").id, "es")
    await eva.starts(code)
    await eva.does("Sí")
    async with restarted(house).writing() as anew:
        (said,) = await Citizen(anew, "eva").taps("Sí, empecemos")
        assert any(one.label == "Saltar" for one in said.buttons)
        assert "receipt" in (await Citizen(anew, "ana").says("OK"))[-1].text
        assert "Old Town" in (await Citizen(anew, "ana").says("/change"))[-1].text


def test_what_is_changed_behind_the_trail_is_seen_and_asked_nobody(house: House) -> None:
    code = house.need().code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        assert row.told is not None
        rounds.change(db, row.id, told=row.told.replace("Old Town", "Elsewhere"))
    assert house.rounds.prove(code).altered == ("told",)
    anew = restarted(house)
    with anew.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        assert not anew.library.asks(db, row)
        with pytest.raises(Trouble):
            anew.library.played(db, row)


@pytest.mark.parametrize("by", ["hand", "the clock"])
def test_answers_go_on_the_day_that_people_were_told_under_the_law_they_were_told(house: House, by: str) -> None:
    code = (house.need() if by == "hand" else scheduled(house)).code
    told = house.rounds.facts(code, "en")
    anew = restarted(house)
    if by == "the clock":
        anew.clock.forward(days=1)
        anew.sweeps.rounds()
    answered(anew.database, anew.rounds.played(code), code, 12, anew.clock())
    facts = anew.rounds.facts(code, "en")
    assert told["keep_until"] == facts["keep_until"] == "14 December 2027"
    assert told["law"] == facts["law"] == "the law on local self-government"
    assert goes(anew, code, datetime(2027, 12, 14, 12, tzinfo=UTC), datetime(2027, 12, 15, 12, tzinfo=UTC))


def test_more_time_does_not_move_the_day_on_which_answers_go(house: House) -> None:
    code = house.need().code
    anew = restarted(house)
    anew.rounds.extend(code, NOON + timedelta(days=40), why="more time", days={"feedback_on": "2027-03-01"})
    answered(anew.database, anew.rounds.played(code), code, 12, anew.clock())
    assert anew.rounds.facts(code, "en")["keep_until"] == "14 December 2027"
    assert anew.rounds.prove(code).whole
    assert goes(anew, code, datetime(2027, 12, 14, 12, tzinfo=UTC), datetime(2027, 12, 15, 12, tzinfo=UTC))


def test_a_round_that_gets_an_end_keeps_the_day_that_is_told_then(house: House) -> None:
    code = house.pulse().code
    house.rounds.extend(code, NOON + timedelta(days=20), why="an end")
    anew = restarted(house)
    assert anew.rounds.facts(code, "en")["keep_until"] == "14 December 2027"
    assert anew.rounds.prove(code).whole
    anew.rounds.extend(code, NOON + timedelta(days=40), why="more time")
    assert anew.rounds.facts(code, "en")["keep_until"] == "14 December 2027"
    house.clock.forward(days=1)
    answered(anew.database, anew.rounds.played(code), code, 12, anew.clock())
    assert goes(anew, code, datetime(2027, 12, 14, 12, tzinfo=UTC), datetime(2027, 12, 15, 12, tzinfo=UTC))


def test_without_an_end_each_is_told_the_day_that_holds_for_what_they_say_now(house: House) -> None:
    code = house.pulse().code
    assert house.rounds.facts(code, "en")["keep_until"] == "24 November 2027"
    assert restarted(house).rounds.facts(code, "en")["keep_until"] == "24 November 2029"


def test_a_draft_tells_the_day_of_the_configuration_and_so_does_one_that_is_changed_again(house: House) -> None:
    code = scheduled(house).code
    anew = restarted(house)
    anew.rounds.change(code, closes_at=NOON + timedelta(days=10), why="more time")
    assert anew.rounds.facts(code, "en")["law"] == "Another Act"
    anew.sign(code)
    anew.rounds.open(code)
    told = anew.rounds.facts(code, "en")["keep_until"]
    with anew.database.reading() as db:
        row = rounds.by_code(db, code)
    assert row is not None
    assert row.forget_at is not None
    assert told == spoken_day(row.forget_at - timedelta(days=1), "en")
    assert told.endswith("2029")


def goes(house: House, code: str, still: datetime, gone: datetime) -> bool:
    """Whether the answers of a round are there at one moment, all counted, and are not at the next."""
    house.clock.now = NOON + timedelta(days=41)
    house.sweeps.rounds()
    house.clock.forward(days=16)
    house.sweeps.findings()
    kept = []
    for house.clock.now in (still, gone):
        house.sweeps.privacy()
        kept.append(bool(house.table("answers")))
    return kept == [True, False]


def test_digests_call_steps_and_areas_as_rounds_asked_for_them_while_these_run(house: House) -> None:
    house.need()
    anew = restarted(house)
    assert called(anew) == {**WAS, "east": "East side"}
    anew.clock.forward(days=21)
    anew.sweeps.rounds()
    assert called(anew) == {**WAS, "east": "East side"}
    anew.clock.forward(days=8)
    assert called(anew) == {"harbour": "The new port", "east": "East side"}


def called(house: House) -> dict[str, str]:
    """Return what a digest calls the areas of the library now."""
    now = house.clock()
    with house.database.reading() as db:
        _, found = house.digests._labels(db, "library", now - timedelta(days=7), now)
    return {id_: label["en"] for id_, label in found.items()}


def test_a_signed_round_that_is_a_draft_again_for_a_reason_follows_the_configuration(house: House) -> None:
    code = house.need(opened=False).code
    house.sign(code)
    anew = restarted(house)
    anew.rounds.redraft(code, "The areas have changed.")
    assert set(areas(anew, code)) == {"harbour", "east"}
    anew.sign(code)
    assert areas(anew, code)["harbour"] == "The new port"
