"""Managers look at their own work in the chat: with buttons, back, a pause, evidence, and a guess that is locked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.assessing import calls
from bot.assessing.items import ITEMS
from bot.assessing.words import words
from bot.letters import read
from storage import assessments, contacts, people
from tests.bot.test_threads import Staff, employed, labels, text
from tests.bot.test_turns import INTO
from tests.flows.talk import LANGUAGES
from tests.storage import makers
from tests.support.house import NOON, Citizen, House, raw

if TYPE_CHECKING:
    from bot.channels.base import Outbound


async def manager(house: House, name: str = "Max", language: str = "en") -> Staff:
    return await employed(house, name, ("manager", "library"), language=language)


def mine(house: House, name: str = "Max") -> int:
    with house.database.reading() as db:
        return next(each.id for each in people.everyone(db) if each.name == name)


def kept(house: House, name: str = "Max") -> dict[str, assessments.Level]:
    with house.database.reading() as db:
        (form,) = assessments.done(db, "library", [mine(house, name)])
        return assessments.levels(db, [form.id])[form.id]


async def begins(max_: Staff, which: str = "Only the stage Deliver") -> list[Outbound]:
    await max_.says("/assess")
    return await max_.taps(which)


async def test_a_stage_is_assessed_with_three_taps_and_its_evidence(house: House) -> None:
    max_ = await manager(house)
    (first,) = await max_.says("/assess")
    assert first.text.startswith("Central Library\nYou have not done it yet.\nInspired by the published abstract")
    assert labels(first)[0] == "All 18 questions"
    assert "Only the stage Deliver" in labels(first)
    said = await max_.taps("Only the stage Deliver")
    assert "It takes about 4 minutes" in said[0].text
    assert "1 of 3 · Deliver · Operations\n\nThe steps of the service" in said[-1].text
    assert labels(said[-1]) == [
        *("Not done", "Depends on a person", "Repeated", "Standard", "Improves", "Not for us now"),
        *("Skip", "Back", "Pause"),
    ]
    (proof,) = await max_.taps("Standard")
    assert "With other words alone, or none, “Standard” counts as “Repeated”, and is marked as claimed." in proof.text
    await max_.says("https://city.example/blueprint")
    await max_.does("Improves", "Skip")
    said = await max_.taps("Not for us now")
    assert kept(house) == {
        "SA10": assessments.Level(3, "https://city.example/blueprint"),
        "SA11": assessments.Level(4),
        "SA12": assessments.Level(None),
    }
    result = said[-1].text
    assert "Deliver: 63" in result  # (75 + 50) / 2 = 62.5
    assert "1 item counts as “Repeated”: nothing shows more yet." in result
    assert "never used to rank people" in result


async def test_a_link_a_round_and_a_file_show_a_level_and_other_words_do_not(house: House) -> None:
    code = house.pulse().code
    max_ = await manager(house)
    await begins(max_)
    await max_.says("70")
    for proof in (f"The round {code.upper()}.", "no", "round library-7qk2m"):
        await max_.taps("Improves")
        said = await max_.says(proof)
    assert "Deliver: 67" in said[-1].text  # 100, 50 and 50
    assert "2 items count as “Repeated”: nothing shows more yet." in said[-1].text


async def test_back_pause_and_another_word_in_between_lose_nothing(house: House) -> None:
    max_ = await manager(house)
    await begins(max_)
    await max_.taps("Repeated")
    (again,) = await max_.taps("Back")
    assert "1 of 3" in again.text
    await max_.taps("Depends on a person")
    (paused,) = await max_.taps("Pause")
    assert paused.text == "Paused. Send /assess to go on where you were."
    assert house.contact(max_.address).asks is None
    await max_.says("hello")
    house.clock.forward(days=3)
    await max_.says("/assess")
    (on,) = await max_.taps("Go on where I was")
    assert "2 of 3" in on.text
    await max_.does("Not done", "Not done")
    assert {item: each.level for item, each in kept(house).items()} == {"SA10": 1, "SA11": 0, "SA12": 0}


async def test_stop_pauses_and_help_is_that_of_the_form(house: House) -> None:
    max_ = await manager(house)
    await begins(max_)
    said = await max_.says("help")
    assert "1 of 3" in said[-1].text
    assert (await max_.says("why"))[0].text.startswith("It is for learning.")
    (paused,) = await max_.says("stop")
    assert paused.text.startswith("Paused.")
    assert house.contact(max_.address).stopped_at is None


async def test_the_whole_form_ends_with_three_things_to_work_on(house: House) -> None:
    max_ = await manager(house)
    await begins(max_, "All 18 questions")
    for _ in range(17):
        await max_.taps("Repeated")
    (top,) = await max_.taps("Depends on a person")
    assert top.text.startswith("Which three do you want to work on?")
    for label in ("saying who decides", "real options", "sharing the decision"):
        await max_.taps(label)
    said = await max_.taps("Done")
    assert len(kept(house)) == len(ITEMS)
    assert "You work on: saying who decides; real options; sharing the decision." in said[-1].text
    assert "Renew: 42" in said[-1].text
    assert "All stages together: 49 of 100." in said[-1].text


async def test_a_guess_is_asked_first_and_kept_at_once(house: House) -> None:
    house.pulse()
    max_ = await manager(house)
    said = await begins(max_)
    assert (
        "out of 100 people who answer at the stage Deliver, how many will say very good or good to "
        "“Overall, how was your experience with the Central Library this time?”"
    ) in said[-1].text
    await max_.says("120")
    assert house.table("predictions") == []
    await max_.says("85")
    ((round_id, person, percent, _),) = house.table("predictions")
    assert (round_id, person, percent) == (1, mine(house), 85)


async def test_a_guess_after_the_first_answer_is_refused_kindly_and_the_one_before_it_stands(house: House) -> None:
    code = house.pulse().code
    max_, ana = await manager(house), Citizen(house, "ana")
    await begins(max_)
    await max_.says("85")
    await ana.starts(code)
    await ana.does(*INTO, "Good")
    await max_.taps("Back")
    said = await max_.says("40")
    assert said[0].text.startswith("The first answers of this round have come in")
    assert [row.percent for row in house.table("predictions")] == [85]
    house.clock.forward(minutes=1)
    said = await begins(max_)
    assert "out of 100" not in text(said), "who can have seen results is not asked to foretell them"


async def test_nobody_foretells_a_stage_whose_answers_they_may_have_seen(house: House) -> None:
    code = house.pulse().code
    ana = Citizen(house, "ana")
    await ana.starts(code)
    await ana.does(*INTO, "Good")
    house.rounds.open(house.rounds.create(service="library", flow="deliver_pulse", title="Again", record={}).code)
    max_ = await manager(house)
    assert "out of 100" not in text(await begins(max_))


async def test_a_stranger_and_somebody_elses_button_lead_nowhere(house: House) -> None:
    max_, ana = await manager(house), Citizen(house, "ana")
    await begins(max_)
    (tap,) = {each.data for each in house.said(max_.address)[-1].buttons if each.label == "Repeated"}
    for person in (ana, Citizen(house, "ben")):
        await person.says("hello")
    assert text(await ana.says("/assess")) == text(await Citizen(house, "ben").says("/anything"))
    await ana.sends(raw("ana", kind="tap", data=tap))
    nina = await employed(house, "Nina", ("manager", "bus12"))
    await nina.sends(raw(nina.address, kind="tap", data=tap))
    (first,) = await nina.says("/assess")
    assert "Central Library" not in first.text
    assert [row.person_id for row in house.table("assessments")] == [mine(house)]


async def test_the_role_gone_the_form_hears_nothing_more(house: House) -> None:
    max_ = await manager(house)
    await begins(max_)
    with house.database.transaction() as db:
        people.remove(db, mine(house))
    await max_.taps("Repeated")
    assert len(house.table("assessed_levels")) == 0


@pytest.mark.parametrize("language", LANGUAGES)
async def test_in_every_language_the_way_is_the_same(house: House, language: str) -> None:
    house.pulse()
    max_, said = await manager(house, language=language), words(language)
    await max_.says("/assess")
    await max_.taps(said("menu.begin_stage", stage=said("stage.deliver")))
    await max_.says("70")
    last = await max_.does(said("level.2"), said("level.1"), said("level.0"))
    assert said("result.stage", stage=said("stage.deliver"), score=said.number(25)) in last[-1].text


# --------------------------------------------------------------------------- being asked


def asked(house: House, staff: Staff) -> list[str]:
    return [each.text for each in house.said(staff.address) if "/manage/assess/" in each.text]


async def test_a_manager_is_asked_once_at_the_start_and_once_a_quarter(house: House) -> None:
    max_ = await manager(house)
    house.sweeps.assessments()
    assert asked(house, max_) == []
    for _ in range(40):
        house.clock.forward(days=1)
        house.sweeps.assessments()
    (first,) = asked(house, max_)
    assert first.startswith("Central Library: it is time to look at your own work. 18 questions,")
    assert "Send /assess, or open: " in first
    house.clock.forward(days=30)
    house.sweeps.assessments()
    assert len(asked(house, max_)) == 2


async def test_a_round_that_opens_asks_for_the_guess_once_and_not_whoever_has_made_it(house: House) -> None:
    max_, mia = await manager(house), await manager(house, "Mia")
    house.pulse()
    await begins(mia)
    await mia.says("60")
    for _ in range(3):
        house.sweeps.assessments()
    (said,) = asked(house, max_)
    assert said.startswith("Central Library: “How is it?” is about to ask people. How will they answer?")
    assert asked(house, mia) == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_mail_says_what_it_is_about_and_names_no_word_to_send(house: House, language: str) -> None:
    with house.database.transaction() as db:
        person = people.add(db, "Mo", language, house.clock())
        made = makers.new_contact("mo@rivermouth.example", "mail")._replace(person_id=person.id, language=language)
        contacts.add(db, [made])
        one = calls.Due(person, "library", ("2026-Q4",), None)
        assert calls.call(db, one, house.config, {"mail"}, house.clock()) == 1
    (row,) = house.table("outbox")
    told = read(row.body, row.key, "mo@rivermouth.example")
    assert told.mail is not None
    service = house.config.service_of("library").label(language)
    assert told.mail.subject == words(language)("asked.subject", service=service)
    assert "/assess " not in told.text
    assert "/manage/assess/library" in told.text


async def test_a_stage_that_has_its_first_answers_asks_without_a_guess(house: House) -> None:
    code = house.pulse().code
    ana = Citizen(house, "ana")
    await ana.starts(code)
    await ana.does(*INTO, "Good")
    max_ = await manager(house)
    house.sweeps.assessments()
    (said,) = asked(house, max_)
    assert said.startswith("Central Library: the stage Deliver has begun. 3 questions")


async def test_whoever_said_stop_and_organisers_are_left_in_peace(house: House) -> None:
    max_ = await manager(house)
    omar = await employed(house, "Omar", ("organiser", "library"))
    await max_.says("stop")
    house.pulse()
    house.clock.now = NOON + timedelta(days=2)
    house.sweeps.assessments()
    assert asked(house, max_) == asked(house, omar) == []
