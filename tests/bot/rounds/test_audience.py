"""Who a round asks, and that everybody of its audience is told of in exactly one number."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from bot.channels.base import Gone
from bot.erasure import Eraser
from bot.errors import Refused
from bot.rounds import whom
from bot.rounds.audience import Tally, rules, tally
from bot.rounds.hours import Hours
from bot.rounds.lifecycle import reminds_at
from storage import answers, audience, contacts, crossings, rounds, sessions, themes
from storage.answers import AnswerRow
from storage.contacts import NewContact
from storage.tables import audience as audience_table
from tests.bot.jobs.test_sweeps import LATER, agreed
from tests.bot.rounds.test_concluding import TOLD
from tests.bot.rounds.test_lifecycle import Sketch
from tests.bot.test_elsewhere import begun
from tests.bot.test_threads import employed
from tests.bot.test_turns import INTO, to_review
from tests.storage import makers
from tests.support.house import NOON, Citizen, House

if TYPE_CHECKING:
    from storage.contacts import Contact


def people(house: House, *names: str, language: str = "en") -> list[Contact]:
    """Let contacts be there who agreed to be invited again and have said nothing else."""
    with house.database.transaction() as db:
        new = [
            NewContact(
                "pigeon", house.keys.address_hash("pigeon", name), house.keys.seal(name), language, NOON - timedelta(99)
            )
            for name in names
        ]
        made = contacts.add(db, new)
        for one in made:
            contacts.set_invite_again(db, one.id, NOON)
    return made


def set_(house: House, name: str, **facts: Any) -> None:
    with house.database.transaction() as db:
        for fact, at in facts.items():
            getattr(contacts, f"set_{fact}")(db, house.contact(name).id, at)


def invited(house: House, begin: str = "invite.") -> list[str]:
    """Return the addresses of who was invited."""
    names = {
        one.id: house.keys.unseal(one.address_sealed) for one in house.table("contacts") if one.channel == "pigeon"
    }
    return sorted(names[row.contact_id] for row in house.table("outbox") if row.key.startswith(begin))


def counted(house: House, code: str) -> Tally:
    """Return the audience of a round exactly, as nobody is shown it who chooses among those who agreed."""
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        by = rules(row, ["pigeon"], Hours.of(house.config), house.clock())
        return tally(db, house.library, row, by)


# --------------------------------------------------------------------------- who is meant


def test_how_few_said_something_is_not_found_by_asking_for_them_as_an_audience(house: House) -> None:
    """Seven live at the harbour, one on the hill: whoever asks for one area after the other reads of no one."""
    before = house.need().code
    for number, where in enumerate(["harbour"] * 7 + ["hillside"]):
        (one,) = people(house, f"{where} {number}")
        said(house, before, one, state="about_area", item="you.area", choice=where)
    house.rounds.close(before)
    shown = {
        where: house.rounds.audience(house.need(opened=False, audience="agreed", whom={"areas": areas}).code)
        for where, areas in {"harbour": ["harbour"], "hillside": ["hillside"], "both": ["harbour", "hillside"]}.items()
    }
    assert {where: (found.waiting, found.people) for where, found in shown.items()} == {
        "harbour": (5, 5),
        "hillside": (0, 0),
        "both": (5, 5),
    }
    assert {found.step for found in shown.values()} == {5}
    everybody = house.rounds.audience(house.need(opened=False, audience="agreed").code)
    assert (everybody.waiting, everybody.step) == (8, 0)


async def test_how_few_took_part_elsewhere_is_not_found_by_any_choice(house: House) -> None:
    """Six of the bus, one of them of another language, one who sent STOP: no choice of any kind tells of one."""
    pulse = house.pulse("bus7").code
    for number in range(6):
        each = Citizen(house, f"p{number}")
        await each.starts(pulse)
        await each.does(*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", "Yes")
    with house.database.transaction() as db:
        contacts.set_language(db, house.contact("p0").id, "es")
        contacts.set_stopped(db, house.contact("p1").id, NOON)
    for meant, waits in (
        ({"services": ["bus7"]}, 5),
        ({"services": ["bus7"], "languages": ["es"]}, 0),
        ({"languages": ["es"]}, 0),
        ({"stages": ["deliver"]}, 5),
        ({"sample": 1}, 0),
    ):
        found = house.rounds.audience(house.need(opened=False, audience="agreed", whom=meant).code)
        assert (found.waiting, dict(found.excluded), found.step) == (waits, {}, 5)


@pytest.mark.parametrize("meant", [{"services": ["bus7"]}, {"services": ["bus7", "library"], "themes": ["toilet"]}])
async def test_nobody_chooses_by_a_service_whose_answers_they_may_not_read(house: House, meant: dict[str, Any]) -> None:
    maya = await employed(house, "Maya", ("organiser", "library"), ("approver", "bus7"))
    both = await employed(house, "Ben", ("organiser", "library"), ("manager", "bus7"))
    mayas, bens = (house.contact(one.address).person_id for one in (maya, both))
    code = house.need(opened=False).code
    with pytest.raises(Refused, match="you may not read the answers of bus7: choose of library"):
        house.rounds.change(code, whom=meant, who=mayas)
    with pytest.raises(Refused, match="you may not read the answers of bus7"):
        house.need(opened=False, whom=meant, who=mayas)
    chosen = house.rounds.change(code, whom=meant, who=bens).whom
    assert chosen.services == tuple(meant["services"])
    assert house.rounds.change(code, whom=meant, spread_hours=3, who=mayas).whom == chosen
    with pytest.raises(Refused, match="you may not read the answers of bus7"):
        house.rounds.change(code, whom={**meant, "languages": ["es"]}, who=mayas)


@pytest.mark.parametrize("meant", [{"themes": ["toilet"]}, {"areas": ["harbour"]}, {"stages": ["deliver"]}])
async def test_earlier_rounds_are_looked_into_only_of_services_whose_answers_one_may_read(
    house: House, meant: dict[str, Any]
) -> None:
    people_ = [
        await employed(house, "Maya", ("organiser", "library")),
        await employed(house, "Ada", ("organiser", "*")),
    ]
    maya, ada = (house.contact(one.address).person_id for one in people_)
    code = house.need(opened=False).code
    assert house.rounds.change(code, whom=meant, who=ada).whom.services == ()
    assert house.rounds.change(code, whom={**meant, "languages": ["es"]}, who=maya).whom.services == ("library",)
    assert house.rounds.change(code, whom={"languages": ["es"]}, who=maya).whom.services == ()


async def test_how_few_said_something_is_not_found_by_what_is_sent_to_them(house: House) -> None:
    before = house.need().code
    for one in people(house, *map(str, range(7))):
        said(house, before, one, state="about_area", item="you.area", choice="harbour")
    house.rounds.close(before)
    code = house.need(opened=False, audience="agreed", whom={"areas": ["harbour"]}).code
    assert (house.rounds.sending(code).people, house.rounds.sending(code).step) == (5, 5)
    house.sign(code)
    house.rounds.open(code)
    house.sweeps.rounds()
    await house.delivered()
    assert [entry.why for entry in house.rounds.log(code) if entry.what == "drawn"] == ["5"]
    assert (house.rounds.sending(code).sent, house.rounds.counts(code).invited) == (5, 5)
    assert (house.rounds.numbers(code).sent, house.rounds.numbers(code).reached) == (5, 5)


async def test_a_preview_says_who_is_asked_and_who_is_left_out_and_why_and_sends_nothing(house: House) -> None:
    people(house, "a", "b", "stopped", "gone")
    set_(house, "stopped", stopped=NOON)
    set_(house, "gone", unreachable=NOON)
    code = house.need(opened=False, audience="agreed").code
    found = house.rounds.audience(code)
    assert (found.people, found.waiting, dict(found.excluded)) == (4, 2, {"stopped": 1, "unreachable": 1})
    assert (house.table("audience"), house.table("outbox")) == ([], [])


async def test_the_numbers_are_the_same_before_and_after_opening(house: House) -> None:
    people(house, "a", "b", "stopped")
    set_(house, "stopped", stopped=NOON)
    code = house.need(opened=False, audience="agreed").code
    before = house.rounds.audience(code)
    house.sign(code)
    house.rounds.open(code)
    house.sweeps.rounds()
    after = house.rounds.audience(code)
    assert (after.people, after.invited, after.excluded) == (before.people, before.waiting, before.excluded)


async def test_who_used_a_service_and_did_not_agree_is_counted_and_not_asked(house: House) -> None:
    pulse = house.pulse("bus7").code
    for name, says in (("yes", "Yes"), ("no", "No")):
        each = Citizen(house, name)
        await each.starts(pulse)
        await each.does(*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", says)
    people(house, "elsewhere")
    house.rounds.close(pulse)
    code = house.need(audience="agreed", whom={"services": ["bus7"], "stages": ["deliver"]}).code
    house.sweeps.rounds()
    found = counted(house, code)
    assert invited(house) == ["yes"]
    assert (found.people, dict(found.excluded)) == (2, {"no_consent": 1})


async def test_a_language_tells_people_apart(house: House) -> None:
    people(house, "a", "b")
    people(house, "ana", language="es")
    house.need(audience="agreed", whom={"languages": ["es"]})
    house.sweeps.rounds()
    assert invited(house) == ["ana"]


async def test_who_raised_a_theme_is_found_as_long_as_the_rounds_key_exists(house: House) -> None:
    pulse = house.pulse("bus7").code
    for name, words in (("signs", "No SIGNS anywhere"), ("other", "All is well")):
        each = Citizen(house, name)
        await each.starts(pulse)
        await each.does(*INTO, "Good")
        await each.says(words)
        await each.does("Skip", "Skip", "Skip", "No", "Yes")
    theme = {"themes": ["sign"]}
    first = house.need(opened=False, audience="agreed", whom=theme).code
    assert counted(house, first).waiting == 1
    with house.database.transaction() as db:
        of = rounds.by_code(db, pulse)
        assert of is not None
        rounds.destroy_key(db, of.id)
    assert house.rounds.audience(first).people == 0


@pytest.mark.parametrize(
    ("state", "word", "finds"),
    [
        (themes.CONFIRMED, "finding the way", 1),
        (themes.CONFIRMED, "Encontrar el Camino", 1),
        (themes.CONFIRMED, "finding", 0),
        (themes.PROPOSED, "finding the way", 0),
        (themes.DROPPED, "finding the way", 0),
    ],
)
async def test_the_name_of_a_theme_in_use_finds_whose_texts_were_sorted_into_it(
    house: House, state: str, word: str, finds: int
) -> None:
    pulse = house.pulse("bus7").code
    for name, words in (("signs", "No arrows anywhere"), ("other", "All is well")):
        each = Citizen(house, name)
        await each.starts(pulse)
        await each.does(*INTO, "Good")
        await each.says(words)
        await each.does("Skip", "Skip", "Skip", "No", "Yes")
    names = {"en": "Finding the way", "es": "Encontrar el camino"}
    with house.database.transaction() as db:
        themes.add(db, "bus7", [("way", names)], themes.PROPOSAL, NOON)
        theme = themes.by_key(db, "bus7", "way")
        assert theme is not None
        (text,) = [row.id for row in house.table("answers") if row.text == "No arrows anywhere"]
        themes.correct(db, theme, text, None, NOON, fits=True)
        if state != themes.PROPOSED:
            (themes.confirm if state == themes.CONFIRMED else themes.drop)(db, theme)
    code = house.need(audience="agreed", whom={"themes": [word]}).code
    house.sweeps.rounds()
    assert counted(house, code).people == finds
    assert invited(house) == ["signs"] * finds


def said(house: House, code: str, who: Contact, **answer: Any) -> None:
    """Let a contact have given an answer that counts in a round."""
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        pseudonym = house.library.pseudonyms(row)(who.address_hash)
        facts = (row.id, row.service, row.stage, row.flow, row.version, pseudonym)
        verb = "pick" if "choices" in answer else "choose"
        given_ = {"verb": verb, "language": who.language, "channel": "pigeon", "counted_at": NOON, **answer}
        answers.append(db, [AnswerRow(*facts, answered_at=NOON, **given_)])


async def test_who_lives_in_an_area_is_found_by_what_they_said_of_themselves(house: House) -> None:
    before = house.need().code
    harbour, hill, silent = people(house, "harbour", "hill", "silent")
    said(house, before, harbour, state="about_area", item="you.area", choice="harbour")
    said(house, before, hill, state="about_area", item="you.area", choice="other")
    said(house, before, silent, state="about_area", item="you.area", skipped=True)
    house.rounds.close(before)
    code = house.need(audience="agreed", whom={"areas": ["harbour"]}).code
    house.sweeps.rounds()
    assert invited(house) == ["harbour"]
    assert counted(house, code).people == 1


@pytest.mark.parametrize("theme", ["opening hour", "horario"])
async def test_who_chose_an_option_that_has_a_theme_raised_it_in_whatever_language(house: House, theme: str) -> None:
    before = house.need().code
    one, both, other, taken_back = people(house, "one", "both", "other", "taken back")
    said(house, before, one, state="barrier", item="com.barrier", choices='["opening_hours"]')
    said(house, before, both, state="barrier", item="com.barrier", choices='["cost", "opening_hours"]')
    said(house, before, other, state="barrier", item="com.barrier", choices='["cost"]')
    gone = {"state": "barrier", "item": "com.barrier", "choices": '["opening_hours"]', "withdrawn_at": NOON}
    said(house, before, taken_back, **gone)
    house.rounds.close(before)
    house.need(audience="agreed", whom={"themes": [theme]})
    house.sweeps.rounds()
    assert invited(house) == ["both", "one"]


async def test_a_step_of_a_scale_and_what_people_are_is_no_theme(house: House) -> None:
    flow = house.rounds.played(house.need().code)
    assert whom.offered(flow, ["opening hour"]) == {"barrier": {"opening_hours"}}
    assert whom.offered(flow, ["harbour", "good"]) == {}


@pytest.mark.parametrize(
    ("text", "themes", "found"),
    [
        ("There are no signs!", ["sign"], True),
        ("designs", ["sign"], False),
        ("bush", ["bus"], False),
        ("El AUTOBÚS 7", ["autobus"], True),
        ("the opening hours are bad", ["opening hour"], True),
        ("hours of opening", ["opening hour"], False),
        ("لا توجد اللافتات", ["لافتات"], True),
        ("", ["sign"], False),
    ],
)
def test_a_theme_is_found_in_every_plain_form(text: str, themes: list[str], *, found: bool) -> None:
    assert whom.raises(text, themes) is found


async def test_a_sample_can_be_drawn_again_and_its_seed_stands_in_the_log(house: House) -> None:
    people(house, *map(str, range(40)))
    code = house.need(audience="agreed", whom={"sample": 7, "seed": "lot"}).code
    house.sweeps.rounds()
    drawn = invited(house)
    again = sorted(map(str, range(40)), key=lambda one: whom.drawn("lot", house.keys.address_hash("pigeon", one)))[:7]
    assert drawn == sorted(again)
    (first, *_) = house.rounds.log(code)
    assert first.changed["whom.seed"] == (None, "lot")
    people(house, "late")
    house.clock.forward(days=1)
    house.sweeps.rounds()
    assert counted(house, code).people == 7


async def test_without_a_seed_one_is_minted_and_kept(house: House) -> None:
    made = house.need(audience="agreed", whom={"sample": 2})
    assert made.whom.seed


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"whom": {"areas": ["moon"]}}, "there is no moon: choose of harbour"),
        ({"whom": {"themes": ["!"]}}, "a theme has no letters"),
        ({"whom": {"sample": 0}}, "whole number of people"),
        ({"spread_hours": 0}, "whole number of hours"),
        ({"remind_at": NOON + timedelta(days=90)}, "the reminder must lie between"),
        ({"audience": "all"}, "the audience must be"),
    ],
)
async def test_what_cannot_be_is_refused_in_one_line(house: House, facts: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        house.need(opened=False, **facts)
    draft = house.need(opened=False).code
    with pytest.raises(Refused, match=said):
        house.rounds.change(draft, **facts)


async def test_the_audience_is_frozen_when_the_round_opens(house: House) -> None:
    code = house.need(audience="agreed").code
    with pytest.raises(Refused, match="can no longer change"):
        house.rounds.change(code, whom={"languages": ["es"]})


# --------------------------------------------------------------------------- when they are asked


async def test_nobody_is_written_to_at_night(house: House) -> None:
    people(house, "a")
    house.clock.now = NOON.replace(hour=21)
    house.need(audience="agreed")
    house.sweeps.rounds()
    assert invited(house) == []
    house.clock.now = (NOON + timedelta(days=1)).replace(hour=8, minute=59)
    house.sweeps.rounds()
    assert invited(house) == []
    house.clock.forward(minutes=1)
    house.sweeps.rounds()
    assert invited(house) == ["a"]


async def test_whose_zone_is_known_is_asked_by_their_own_day(house: House) -> None:
    people(house, "home", "away")
    code = house.need(audience="agreed", opened=False).code
    house.sign(code)
    house.rounds.open(code)
    with house.database.transaction() as db:
        of = rounds.by_code(db, code)
        assert of is not None
        away = house.contact("away")
        audience.add(db, of.id, [audience.Candidate(away.id, away.address_hash, "Asia/Kathmandu", "")])
    house.clock.now = NOON.replace(hour=15)  # a quarter to nine in the evening there
    house.sweeps.rounds()
    assert invited(house) == ["home"]
    house.clock.now = (NOON + timedelta(days=1)).replace(hour=3, minute=15)  # nine there, night here
    house.sweeps.rounds()
    assert invited(house) == ["away", "home"]


@pytest.mark.parametrize("asks", ["invite.", "remind."])
async def test_what_has_not_left_when_the_night_comes_waits_for_the_morning_of_each(house: House, asks: str) -> None:
    """Of 100,000 people the last is asked an hour after the first; and who was down by day may start at night."""
    people(house, "home", "there", "away")
    code = house.need(audience="agreed", opened=False, remind_at=NOON + timedelta(days=2)).code
    house.sign(code)
    house.rounds.open(code)
    with house.database.transaction() as db:
        of = rounds.by_code(db, code)
        assert of is not None
        away = house.contact("away")
        audience.add(db, of.id, [audience.Candidate(away.id, away.address_hash, "Asia/Kathmandu", "")])
    house.sweeps.rounds()
    if asks == "remind.":
        await house.delivered()
        house.clock.forward(days=2)
        house.sweeps.rounds()
    assert invited(house, asks) == ["away", "home", "there"]
    before, day = len(house.pigeon.sent), house.clock()

    async def came(hour: int, minute: int = 0) -> list[str]:
        house.clock.now = day.replace(hour=hour, minute=minute)
        return sorted(one.address for one in (await house.delivered())[before:])

    assert await came(20) == []
    day += timedelta(days=1)
    assert await came(3, 14) == []
    assert await came(3, 15) == ["away"]
    assert await came(8, 59) == ["away"]
    assert await came(9) == ["away", "home", "there"]


async def test_two_rounds_never_ask_one_person_on_one_day(house: House) -> None:
    people(house, "a")
    first = house.need(audience="agreed").code
    second = house.need(audience="agreed", service="bus7").code
    house.sweeps.rounds()
    house.sweeps.rounds()
    assert len(invited(house)) == 1
    await house.delivered()
    house.clock.forward(days=1)
    house.sweeps.rounds()
    assert len(invited(house)) == 2
    assert [house.rounds.audience(code).invited for code in (first, second)] == [1, 1]


async def test_an_invitation_that_left_today_was_sent_today_whenever_it_was_written(house: House) -> None:
    people(house, "a")
    house.need(audience="agreed")
    house.sweeps.rounds()
    house.need(audience="agreed", service="bus7")
    house.clock.forward(days=1)
    house.sweeps.rounds()
    assert len(invited(house)) == 1, "the first waits to leave"
    await house.delivered()
    house.clock.forward(hours=1)
    house.sweeps.rounds()
    assert len(invited(house)) == 1, "it left today"
    house.clock.forward(days=1)
    house.sweeps.rounds()
    assert len(invited(house)) == 2


async def test_who_is_asked_to_come_back_to_one_round_is_asked_into_no_other_that_day(house: House) -> None:
    people(house, "a")
    talker = Citizen(house, "a")
    for service in ("library", "bus7"):
        await talker.starts(house.need(service=service).code)
        await talker.does(*INTO)
    house.clock.forward(days=3)
    house.need(audience="agreed", service="bus7")
    assert [house.sweeps.sessions(), house.sweeps.sessions()] == [1, 0], "of two silent rounds one calls a day"
    house.sweeps.rounds()
    assert invited(house) == []
    await house.delivered()
    house.clock.forward(days=1)
    house.sweeps.rounds()
    assert (invited(house), house.sweeps.sessions()) == (["a"], 0), "the invitation is that day's letter"
    await house.delivered()
    house.clock.forward(days=1)
    assert house.sweeps.sessions() == 1


async def test_a_month_of_rest_begins_when_the_invitation_leaves(house: House) -> None:
    people(house, "a")
    first = house.need(audience="agreed", closes_at=NOON + timedelta(days=60), record=LATER).code
    house.sweeps.rounds()
    house.rounds.pause(first, why="flood")
    house.clock.forward(days=20)
    house.rounds.resume(first)
    await house.delivered()
    house.clock.forward(days=15)
    house.need(audience="agreed", closes_at=NOON + timedelta(days=90), record=LATER)
    house.sweeps.rounds()
    assert len(invited(house)) == 1, "35 days since it was written, 15 since it left"
    await house.delivered()
    house.clock.forward(days=16)
    house.sweeps.rounds()
    assert len(invited(house)) == 2


async def test_who_was_never_asked_need_not_rest(house: House) -> None:
    people(house, "a")
    first = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.rounds.cancel(first, why="no money")
    house.clock.forward(days=1)
    house.need(audience="agreed")
    house.sweeps.rounds()
    assert len(invited(house)) == 2


async def test_a_result_published_at_night_leaves_in_the_morning_of_each(house: House) -> None:
    code = house.need().code
    for name in ("home", "away"):
        each = Citizen(house, name)
        await each.starts(code)
        await each.does(*INTO)
        await to_review(each, send_you_the_result="Yes")
        await each.says("ok")
    with house.database.transaction() as db:
        of, away = rounds.by_code(db, code), house.contact("away")
        assert of is not None
        audience.add(db, of.id, [audience.Candidate(away.id, away.address_hash, "Asia/Kathmandu", "")])
    await house.delivered()
    house.clock.now = NOON.replace(hour=22)
    house.rounds.close(code)
    house.rounds.report_back(code, TOLD, signed="Ada Ames")

    async def came(hour: int, minute: int = 0) -> list[str]:
        house.clock.now = (NOON + timedelta(days=1)).replace(hour=hour, minute=minute)
        return sorted(one.address for one in await house.delivered() if one.key.startswith("report."))

    assert await came(0) == []
    assert await came(3, 15) == ["away"]
    await Citizen(house, "home").says("what happened to mine")
    before = len(house.pigeon.sent)
    assert (await came(4), len(house.pigeon.sent) > before) == (["away"], True), "who asks at night is told at night"
    assert await came(9) == ["away", "home"]


async def test_after_a_pause_nobody_is_reminded_of_an_invitation_that_has_just_left(house: House) -> None:
    people(house, "a")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.rounds.pause(code, why="flood")
    house.clock.forward(days=10)
    house.rounds.resume(code)
    house.sweeps.rounds()
    await house.delivered()
    house.sweeps.rounds()
    assert invited(house, "remind.") == []
    house.clock.forward(days=1, minutes=1)
    house.sweeps.rounds()
    assert invited(house, "remind.") == ["a"]


async def test_invitations_are_spread_over_the_hours_chosen_and_nights_do_not_count(house: House) -> None:
    people(house, *map(str, range(20)))
    house.need(audience="agreed", spread_hours=10)
    asked = []
    for hours in (0, 1, 4, 3, 13, 2):  # 12:00, 13:00, 17:00, 20:00, 09:00, 11:00
        house.clock.forward(hours=hours)
        house.sweeps.rounds()
        asked.append(len(invited(house)))
    assert asked == [0, 2, 10, 10, 16, 20]


async def test_who_comes_unasked_takes_nobodys_turn_where_invitations_are_spread(house: House) -> None:
    people(house, *map(str, range(30)))
    code = house.need(audience="agreed", spread_hours=10).code
    house.sweeps.rounds()
    for name in "0123456789":
        await Citizen(house, name).starts(code)
        await Citizen(house, name).taps("Yes")
    house.clock.forward(hours=2)
    house.sweeps.rounds()
    assert len(invited(house)) == 4, "a fifth of the 20 who are still to be asked"
    came = audience_table.c.contact_id.in_([house.contact(name).id for name in "0123456789"])
    with house.database.transaction() as db:
        db.execute(update(audience_table).where(came).values(state="answered", reason="unasked"))
    house.clock.forward(hours=1)
    house.sweeps.rounds()
    assert len(invited(house)) == 6


async def test_a_pause_does_not_use_up_the_hours_that_invitations_are_spread_over(house: House) -> None:
    people(house, *map(str, range(20)))
    code = house.need(audience="agreed", spread_hours=10).code
    house.clock.forward(hours=1)
    house.rounds.pause(code, why="flood")
    house.clock.forward(hours=5)
    house.rounds.resume(code)
    house.sweeps.rounds()
    assert len(invited(house)) == 2
    assert house.rounds.sending(code).ends_at == (NOON + timedelta(days=1)).replace(hour=16)


async def test_the_silent_are_reminded_once_at_half_of_the_time(house: House) -> None:
    people(house, "silent", "later", "began", "stopped", "unwilling")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await house.delivered()
    await Citizen(house, "later").taps("Not now")
    await Citizen(house, "began").taps("Yes, begin")
    await Citizen(house, "stopped").says("STOP")
    set_(house, "unwilling", invite_again=None)
    house.clock.forward(days=9, hours=23)
    house.sweeps.rounds()
    assert invited(house, "remind.") == []
    for _ in range(2):
        house.clock.forward(hours=1)
        house.sweeps.rounds()
    assert invited(house, "remind.") == ["silent"]
    assert "I will not remind you again" in house.said("silent")[-1].text
    assert house.rounds.audience(code).people == 5


async def test_what_waits_for_the_morning_does_not_call_who_came_meanwhile(house: House) -> None:
    people(house, "began", "silent")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await Citizen(house, "began").starts(code)
    assert {row.contact_id: row.status for row in letters_(house, "invite.")} == {
        house.contact("began").id: "gone",
        house.contact("silent").id: "due",
    }


async def test_who_says_not_now_is_not_reminded_by_what_was_written_before(house: House) -> None:
    people(house, "a", "b")
    house.need(audience="agreed")
    house.sweeps.rounds()
    await house.delivered()
    house.clock.forward(days=10)
    house.sweeps.rounds()
    await Citizen(house, "a").taps("Not now")
    assert [row.status for row in letters_(house, "remind.")] == ["gone", "due"]


async def test_who_says_not_now_while_a_round_is_paused_is_not_reminded_when_it_goes_on(house: House) -> None:
    people(house, "a", "b")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await house.delivered()
    house.rounds.pause(code, why="flood")
    await Citizen(house, "a").taps("Not now")
    house.rounds.resume(code)
    house.clock.forward(days=11)
    house.sweeps.rounds()
    assert invited(house, "remind.") == ["b"]


def letters_(house: House, begin: str) -> list[Any]:
    """Return the letters whose keys begin so."""
    return [row for row in house.table("outbox") if row.key.startswith(begin)]


async def test_a_reminder_comes_when_the_organiser_says_by_day_and_is_dropped_at_the_close(house: House) -> None:
    people(house, "a")
    code = house.need(audience="agreed", remind_at=NOON + timedelta(days=2, hours=11)).code
    house.sweeps.rounds()
    await house.delivered()
    house.clock.forward(days=2, hours=11)
    house.sweeps.rounds()
    assert invited(house, "remind.") == []
    house.clock.forward(hours=11)
    house.sweeps.rounds()
    house.rounds.pause(code, why="flood")
    assert [row.status for row in house.table("outbox") if row.key.startswith("remind.")] == ["held"]
    house.rounds.resume(code)
    house.rounds.close(code)
    assert [row.error for row in house.table("outbox") if row.key.startswith("remind.")] == ["cancelled"]


def test_a_round_too_short_for_it_reminds_nobody() -> None:
    def of(days: int) -> datetime | None:
        return reminds_at(Sketch(1, "open", opened_at=NOON, closes_at=NOON + timedelta(days=days)))

    assert [of(days) for days in (2, 3, 4, 20)] == [None, None, NOON + timedelta(1), NOON + timedelta(10)]
    assert reminds_at(Sketch(1, "open", opened_at=NOON)) is None


# --------------------------------------------------------------------------- what becomes of them


async def test_what_the_channel_cannot_deliver_is_told_with_its_reason(house: House) -> None:
    people(house, "a", "blocked")
    house.pigeon.receipts["blocked"] = [Gone("blocked by the person", unreachable=True)]
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await house.delivered()
    found = house.rounds.audience(code)
    assert (found.invited, dict(found.failed)) == (1, {"blocked by the person": 1})


async def test_who_answered_is_counted_as_such(house: House) -> None:
    await agreed(house, "a", "b")
    code = house.pulse("library", audience="agreed").code
    house.sweeps.rounds()
    await Citizen(house, "a").taps("Yes, begin")
    await Citizen(house, "a").does(*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", "Yes")
    house.sweeps.rounds()
    assert (house.rounds.audience(code).answered, house.rounds.audience(code).invited) == (1, 1)


@pytest.mark.parametrize("says", [["No"], ["Yes", "Not now"]])
async def test_who_says_no_before_their_turn_is_not_invited_when_it_comes(house: House, says: list[str]) -> None:
    people(house, "a", "b")
    code = house.need(audience="agreed", spread_hours=10).code
    house.sweeps.rounds()
    citizen = Citizen(house, "a")
    await citizen.starts(code)
    await citizen.does(*says)
    house.clock.forward(days=2)
    house.sweeps.rounds()
    found = house.rounds.audience(code)
    assert invited(house) == ["b"]
    assert (found.people, found.invited, dict(found.excluded)) == (2, 1, {"declined": 1})


@pytest.mark.parametrize("parts", [False, True])
async def test_who_says_no_before_the_audience_has_grown_by_them_is_not_invited_when_it_does(
    house: House, *, parts: bool
) -> None:
    people(house, "a")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await agreed(house, "late")
    citizen = Citizen(house, "late")
    await citizen.starts(code)
    await citizen.taps("No")
    if parts:
        with house.database.transaction() as db:
            db.execute(delete(audience_table).where(audience_table.c.contact_id == house.contact("late").id))
            row = rounds.by_code(db, code)
            assert row is not None
            Eraser.traces(db, row.id, house.contact("late").id)
    house.clock.forward(hours=24)
    for _ in range(2):
        house.sweeps.rounds()
    found = house.rounds.audience(code)
    assert invited(house) == ["a"]
    assert (found.people, found.invited, dict(found.excluded)) == (2, 1, {"declined": 1})
    house.rounds.close(code)
    await citizen.starts(code)
    assert house.rounds.prove(code).whole


async def test_who_says_no_to_a_round_that_means_some_is_not_counted_among_them(house: House) -> None:
    people(house, "a")
    code = house.need(audience="agreed", whom={"languages": ["en"]}).code
    house.sweeps.rounds()
    await agreed(house, "late")
    await Citizen(house, "late").starts(code)
    await Citizen(house, "late").taps("No")
    assert counted(house, code).people == 1


async def test_who_says_no_while_they_rest_is_not_invited_once_they_have(house: House) -> None:
    people(house, "a")
    first = house.need(audience="agreed", closes_at=NOON + timedelta(days=60), record=LATER).code
    house.sweeps.rounds()
    await house.delivered()
    house.rounds.close(first)
    house.clock.forward(days=20)
    code = house.need(audience="agreed", closes_at=NOON + timedelta(days=60), record=LATER).code
    house.sweeps.rounds()
    citizen = Citizen(house, "a")
    await citizen.starts(code)
    await citizen.taps("No")
    house.clock.forward(days=20)
    house.sweeps.rounds()
    assert len(invited(house)) == 1
    assert dict(house.rounds.audience(code).excluded) == {"declined": 1}


@pytest.mark.parametrize("how", ["failed", "asked", "declined"])
async def test_who_answers_by_the_code_has_answered_although_they_were_not_reached_or_not_asked(
    house: House, how: str
) -> None:
    people(house, "a", "b")
    if how == "asked":
        house.need(audience="agreed")
        house.sweeps.rounds()
        await house.delivered()
        house.clock.forward(days=2)
    if how == "failed":
        house.pigeon.receipts["a"] = [Gone("blocked")]
    code = house.need(audience="agreed", spread_hours=10 if how == "declined" else None).code
    house.sweeps.rounds()
    await house.delivered()
    citizen = Citizen(house, "a")
    if how == "declined":
        await citizen.starts(code)
        await citizen.does("Yes", "Not now")
    left_out = house.rounds.audience(code)
    assert (left_out.answered, left_out.people) == (0, 2)
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("OK")
    house.sweeps.rounds()
    assert (house.rounds.audience(code).answered, house.rounds.audience(code).people) == (1, 2)
    house.rounds.close(code)
    house.sweeps.rounds()
    found = house.rounds.audience(code)
    assert (found.answered, found.people, sum(found.failed.values())) == (1, 2, 0)
    assert sum(found.excluded.values()) + found.invited == 1


async def told_receipt(citizen: Citizen) -> str:
    """Begin by the button of the invitation; return the receipt."""
    return await begun(citizen, citizen.button("Yes, begin").removeprefix("@round:"))


@pytest.mark.parametrize("invited_too", [False, True])
async def test_who_goes_on_in_another_chat_is_not_reminded_and_has_answered_once(
    house: House, invited_too: bool
) -> None:
    people(house, "a", *["b"] * invited_too)
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await house.delivered()
    one, other = Citizen(house, "a"), Citizen(house, "b")
    await other.says(await told_receipt(one))
    await other.says("OK")
    house.clock.forward(days=11)
    house.sweeps.rounds()
    assert invited(house, "remind.") == []
    await to_review(other)
    await other.says("OK")
    house.sweeps.rounds()
    found = house.rounds.audience(code)
    assert (found.answered, found.invited) == (1, int(invited_too))
    assert {row.through for row in house.table("audience")} == {None}


@pytest.mark.parametrize("asked", [False, True])
async def test_who_goes_on_in_another_chat_and_deletes_all_there_is_not_called_back(house: House, asked: bool) -> None:
    people(house, "a")
    code = house.need(audience="agreed", spread_hours=None if asked else 10).code
    house.sweeps.rounds()
    await house.delivered()
    one, other = Citizen(house, "a"), Citizen(house, "b")
    await other.says(await (told_receipt(one) if asked else begun(one, code)))
    await other.says("OK")
    house.clock.forward(days=2)
    house.sweeps.rounds()
    assert invited(house) == ["a"] * asked
    await other.says("DELETE")
    await other.taps("Yes")
    house.clock.forward(days=9)
    house.sweeps.rounds()
    assert (invited(house), invited(house, "remind.")) == (["a"] * asked, [])


async def test_who_deletes_what_they_said_in_the_round_is_not_reminded_of_it(house: House) -> None:
    people(house, "a")
    house.need(audience="agreed")
    house.sweeps.rounds()
    await house.delivered()
    citizen = Citizen(house, "a")
    await citizen.says(await told_receipt(citizen))
    await citizen.says("DELETE")
    await citizen.taps("Yes")
    assert house.table("sessions") == []
    house.clock.forward(days=11)
    house.sweeps.rounds()
    assert invited(house, "remind.") == []


@pytest.mark.parametrize("excluded", [False, True])
async def test_who_finishes_in_the_hour_after_the_close_is_counted_as_having_answered(
    house: House, excluded: bool
) -> None:
    await agreed(house, "a", "b")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    citizen = Citizen(house, "a")
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    if excluded:
        with house.database.transaction() as db:
            db.execute(update(audience_table).values(state="waiting"))
    house.rounds.close(code)
    house.clock.forward(minutes=30)
    await citizen.says("ok")
    house.sweeps.rounds()
    found = house.rounds.audience(code)
    assert found.answered == 1


async def test_at_the_close_nobody_is_left_waiting_and_what_never_left_is_no_invitation(house: House) -> None:
    people(house, "unsent", "stopped", "blocked")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    await Citizen(house, "stopped").says("STOP")
    with house.database.transaction() as db:
        contacts.set_blocked(db, house.contact("blocked").id, house.clock(), "insults")
    people(house, "late")
    house.rounds.close(code)
    found = house.rounds.audience(code)
    assert (found.people, found.waiting, found.invited) == (3, 0, 0)
    assert dict(found.excluded) == {"closed": 1, "stopped": 1, "blocked": 1}


@pytest.mark.parametrize("ends", ["close", "cancel"])
async def test_nobody_is_written_down_once_the_round_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """Whoever ends a round while its audience is written down seals how many there are by then."""
    people(house, "a", "b", "c", "d")
    code = house.need(audience="agreed").code
    monkeypatch.setattr("bot.rounds.audience.BATCH", 2)

    def passed(name: str) -> None:
        if name == "audience.drew" and len(house.table("audience")) == 2:
            getattr(house.rounds, ends)(code, why="The wrong people")

    monkeypatch.setattr(crossings, "passed", passed)
    house.sweeps.rounds()
    assert house.rounds.prove(code).altered == ()
    assert [row.state for row in house.table("audience")] == ["excluded"] * 2


async def test_a_forgotten_person_stays_in_the_sum_and_nowhere_else(house: House) -> None:
    people(house, "a", "b")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    citizen = Citizen(house, "a")
    await citizen.says("DELETE")
    await citizen.taps(house.said("a")[-1].buttons[0].label)
    assert house.rounds.audience(code).people == 2
    assert [row.contact_id for row in house.table("audience")].count(None) == 1


async def test_after_the_closing_days_nobody_can_tell_who_was_asked(house: House) -> None:
    people(house, "a", "b")
    code = house.need(audience="agreed").code
    house.sweeps.rounds()
    house.rounds.close(code)
    house.clock.forward(days=31)
    house.sweeps.findings()
    house.sweeps.privacy()
    assert house.rounds.audience(code).people == 2
    assert {(row.contact_id, row.zone) for row in house.table("audience")} == {(None, None)}


SELDOM = 0.2
STEPS = ("sweep", "hour", "day", "week", "stop", "gone", "forget", "answer", "join", "pause", "resume", "close")


@pytest.mark.parametrize("seed", range(6))
async def test_the_sum_is_the_audience_whatever_happens(house: House, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a story to be told again, no secret
    names = [f"p{n}" for n in range(8)]
    ids = [one.id for one in people(house, *names)]
    code = house.need(audience="agreed", spread_hours=chance.choice([None, 5, 40])).code
    drawn = 0
    for _ in range(40):
        happens(house, code, chance.choice(STEPS), chance, ids)
        with house.database.reading() as db:
            of = rounds.by_code(db, code)
        assert of is not None
        found, rows = house.rounds.audience(code), len(house.table("audience"))
        if of.drawn_at is not None:
            assert found.people == rows
        assert rows >= drawn
        drawn = rows
        assert of.state != "closed" or found.waiting == 0
    outbox = [row.key for row in house.table("outbox") if row.key.startswith(("invite.", "remind."))]
    assert len(outbox) == len(set(outbox)) <= 2 * drawn


def happens(house: House, code: str, what: str, chance: Random, ids: list[int]) -> None:
    """Let one thing happen to the round or to somebody."""
    who = chance.choice(ids)
    match what:
        case "hour" | "day" | "week":
            house.clock.forward(**{f"{what}s": 1})
        case "pause" | "resume" | "close":
            with suppress(Refused):
                getattr(house.rounds, what)(code, why="a test") if chance.random() < (
                    0.2 if what == "close" else 1
                ) else 0
        case "join":
            people(house, f"new{chance.random()}")
        case "stop" | "gone" | "forget":
            with house.database.transaction() as db:
                if what == "forget":
                    contacts.forget(db, who, house.clock())
                else:
                    getattr(contacts, "set_stopped" if what == "stop" else "set_unreachable")(db, who, house.clock())
        case "answer":
            with house.database.transaction() as db:
                of, contact = rounds.by_code(db, code), contacts.get(db, who)
                assert of is not None
                if contact is not None and not sessions.all_of(db, who):
                    sessions.save(db, [makers.session(contact, of, ended_at=house.clock(), status="completed")])
    house.sweeps.rounds()


# --------------------------------------------------------------------------- the clock on the wall

zones = st.sampled_from(["Europe/London", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - of hypothesis
spans = st.tuples(st.integers(0, 23), st.integers(0, 23)).map(sorted)


@given(zones, moments, st.integers(0, 100), st.integers(0, 100), spans)
def test_sending_time_adds_up_and_never_exceeds_what_has_passed(
    zone: str, since: datetime, first: int, second: int, span: list[int]
) -> None:
    hours = Hours(time(span[0]), time(span[1]), ZoneInfo(zone))
    middle = since + timedelta(hours=first)
    end = middle + timedelta(hours=second)
    assert hours.elapsed(since, middle) + hours.elapsed(middle, end) == hours.elapsed(since, end)
    assert timedelta() <= hours.elapsed(since, end) <= end - since
    assert span[0] != span[1] or hours.elapsed(since, end) == end - since


@given(zones, moments)
def test_the_missing_hour_and_the_repeated_one_leave_a_day_to_send_in(zone: str, now: datetime) -> None:
    hours = Hours(time(2), time(3), ZoneInfo(zone))
    week = [now + timedelta(minutes=15 * n) for n in range(7 * 96)]
    assert sum(map(hours.day, week)) >= 6 * 4 - 4


def test_in_nepal_the_day_begins_at_a_quarter_past_three_of_utc() -> None:
    hours = Hours(time(9), time(20), ZoneInfo("Asia/Kathmandu"))
    assert not hours.day(datetime(2026, 11, 24, 3, 14, tzinfo=UTC))
    assert hours.day(datetime(2026, 11, 24, 3, 15, tzinfo=UTC))
    assert hours.begin(datetime(2026, 11, 24, 18, 20, tzinfo=UTC)) == datetime(2026, 11, 24, 18, 15, tzinfo=UTC)
    assert hours.elapsed(datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)) == timedelta(hours=11)
