"""From digest to deed, in the chat: a button under the digest, short steps, a look at it all, and a second press."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.actions.behind import Filters
from bot.digests.headlines import headlines
from bot.digests.weeks import Week
from bot.menu.worker import mark_of
from storage import actions, answers, contacts, looks, rounds, tables, turnout
from tests.bot.actions.test_asked import complained
from tests.bot.test_altered import DAMAGES, altered, restarted
from tests.bot.test_threads import employed
from tests.storage import makers
from tests.support.answering import answered
from tests.support.house import RECORD, Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.channels.base import Outbound
    from storage.actions import Action
    from storage.database import Database

WEEK = "2026-W48"
LIBRARY = mark_of("library")


@pytest.fixture
async def house(database: Database, tmp_path: Path, mint: Callable[[], str]) -> AsyncIterator[House]:
    async with House(database, tmp_path, mint).writing() as house:
        yield house


async def opened(house: House, *roles: tuple[str, str]) -> tuple[list[Citizen], Citizen]:
    """Let six complain; a week later a manager has opened what to do about it."""
    who = await complained(house, 6)
    maya = await employed(house, "Maya", *(roles or (("manager", "library"),)))
    house.clock.forward(days=7)
    return who, maya


async def presses(maya: Citizen, data: str) -> list[Outbound]:
    return await maya.sends(raw(maya.address, kind="tap", data=data))


async def about(maya: Citizen, do: str) -> list[Outbound]:
    """Go from the digest to what can be done about its score."""
    await presses(maya, f"@o:d:week:{LIBRARY}:{WEEK}")
    await maya.taps("Overall, how was your experience with the Centr…")
    return await maya.taps(do)


def kept(house: House) -> list[Action]:
    with house.database.reading() as db:
        return actions.of(db, "library")


def labels(said: list[Outbound]) -> list[str]:
    return [button.label for message in said for button in message.buttons]


async def test_the_digest_in_the_chat_has_a_button_once_its_week_is_over(house: House) -> None:
    await opened(house)
    with house.database.reading() as db:
        whole = house.digests.of_week(db, "library", Week.parse(WEEK), house.clock())
        assert whole is not None
    message = house.digests.message(whole, "pigeon", "en")
    assert [(each.label, each.data) for each in message.buttons] == [
        ("Act on this week", f"@o:d:week:{LIBRARY}:{WEEK}")
    ]
    assert house.digests.message(whole, "mail", "en").buttons == ()


async def test_each_score_leads_to_four_ways_to_act_and_to_its_answers(house: House) -> None:
    _, maya = await opened(house)
    assert labels(await presses(maya, f"@o:d:week:{LIBRARY}:{WEEK}")) == [
        "Overall, how was your experience with the Centr…",
        "All answers of this week",
    ]
    said = await maya.taps("Overall, how was your experience with the Centr…")
    assert labels(said) == ["Answer", "Assign", "Ask back", "Not us", "Show the answers", "Back"]


async def test_an_answer_is_shown_and_counted_and_sent_by_the_second_press(house: House) -> None:
    who, maya = await opened(house)
    await about(maya, "Answer")
    (sure,) = await maya.says("We open a second desk.")
    assert "We open a second desk." in sure.text
    assert "This goes to about 5 people. Nobody learns who they are." in sure.text
    assert kept(house) == []
    (done,) = await maya.taps("Send it now", sure)
    assert "/manage/actions/library" in done.text
    (row,) = kept(house)
    assert (row.kind, row.state, row.told) == ("answer", "done", 6)
    assert all("We open a second desk." in house.said(each.address)[-1].text for each in who)
    await maya.taps("Send it now", sure)
    assert len(kept(house)) == 1


async def test_what_is_left_is_not_sent_and_cannot_be_sent_later(house: House) -> None:
    _, maya = await opened(house)
    await about(maya, "Answer")
    (sure,) = await maya.says("We open a second desk.")
    (left,) = await maya.taps("Cancel", sure)
    assert left.text == "Good. Nothing was sent."
    await maya.taps("Send it now", sure)
    assert kept(house) == []


async def test_nobody_sends_what_another_has_written(house: House) -> None:
    _, maya = await opened(house)
    omar = await employed(house, "Omar")
    await about(maya, "Answer")
    (sure,) = await maya.says("We open a second desk.")
    await omar.taps("Send it now", sure)
    assert kept(house) == []


async def test_something_is_given_to_somebody_until_a_day(house: House) -> None:
    _, maya = await opened(house)
    omar = await employed(house, "Omar")
    await about(maya, "Assign")
    said = await maya.says("Put up a sign")
    assert labels(said) == ["Maya", "Omar", "Nobody yet"]
    said = await maya.taps("Omar")
    assert labels(said) == ["In a week", "In two weeks", "In four weeks", "No day"]
    (sure,) = await maya.taps("In two weeks")
    assert "Omar owns it. It is due on" in sure.text
    await maya.taps("Keep it")
    (row,) = kept(house)
    assert (row.kind, row.owner, row.due_on, row.state) == ("fix", "Omar", "2026-12-15", "open")
    assert "Maya gives you an action of Central Library: “Put up a sign”." in house.said(omar.address)[-1].text


async def test_a_question_with_answers_on_lines_of_their_own(house: House) -> None:
    who, maya = await opened(house)
    await about(maya, "Ask back")
    (sure,) = await maya.says("Which day?\nSaturday\nSunday")
    assert "Which day?\n– Saturday\n– Sunday" in sure.text
    await maya.taps("Send it now")
    assert labels(house.said(who[0].address)[-1:]) == ["Saturday", "Sunday"]


async def test_what_is_not_ours_is_said_with_the_reason(house: House) -> None:
    who, maya = await opened(house)
    await about(maya, "Not us")
    await maya.says("The road is the state's.")
    await maya.taps("Send it now")
    assert kept(house)[0].state == "not_done"
    assert "This is not ours to decide" in house.said(who[0].address)[-1].text


async def test_a_fault_is_said_kindly_and_leads_back(house: House) -> None:
    _, maya = await opened(house)
    await about(maya, "Ask back")
    (fault,) = await maya.says("Which day?\nSaturday")
    assert fault.text == "Give two to 4 answers, one a line, as many in each language, or none"
    assert labels([fault]) == ["Back"]
    assert kept(house) == []


async def test_the_newest_answers_are_shown_masked_and_the_look_is_noted(house: House) -> None:
    _, maya = await opened(house)
    (said,) = await about(maya, "Show the answers")
    assert said.text.count("– Poor") == 5
    told = "/manage/answers/library?week=2026-W48&stage=deliver&item=del.overall&choice=1,2"
    assert told in said.text
    with house.database.reading() as db:
        (look,) = looks.of(db, "library")
    assert (look.who, look.rows, json.loads(look.what)["in"]) == ("Maya", 5, "chat")


@pytest.mark.parametrize("act", ["delete", "change"])
async def test_words_shown_go_from_the_chat_the_moment_they_are_taken_back(house: House, act: str) -> None:
    _, maya = await opened(house)
    with house.database.transaction() as db:
        row = rounds.by_code(db, house.table("rounds")[0].code)
        assert row is not None
        given: dict[str, Any] = {"verb": "ask", "choice": None, "score": None, "item": None, "text": "Nobody was there"}
        answers.append(db, [makers.answer(row, b"one", "words", house.clock() - timedelta(days=7), **given)])
    (every,) = await presses(maya, f"@o:d:all:{LIBRARY}:{WEEK}")
    assert "– Nobody was there" in every.text
    house.sweeps.privacy()
    assert [each for each in house.table("outbox") if "Nobody was there" in each.body]
    with house.database.transaction() as db:
        if act == "delete":
            answers.forget(db, row.id, b"one", house.clock(), closed=False, anew=b"x" * 16)
        else:
            answers.withdraw(db, [(row.id, b"one", "words")], house.clock())
    assert not [each for each in house.table("outbox") if "Nobody was there" in each.body]
    (every,) = await presses(maya, f"@o:d:all:{LIBRARY}:{WEEK}")
    assert "Nobody was there" not in every.text


async def test_all_answers_of_a_week_and_what_people_want_open_as_well(house: House) -> None:
    _, maya = await opened(house)
    record = {**RECORD, "lists": {"ideas": [["late", "Open later"], ["early", "Open early"], ["sunday", "On Sundays"]]}}
    code = house.need(flow="option_round", record=record).code
    at = house.clock() - timedelta(days=7)
    answered(house.database, house.rounds.played(code), code, 12, at)
    (week,) = await presses(maya, f"@o:d:week:{LIBRARY}:{WEEK}")
    assert labels([week])[-1] == "All answers of this week"
    (wanted,) = [label for label in labels([week]) if label.startswith("Answers: ")]
    (said,) = await maya.taps(wanted)
    assert f"/manage/answers/library?week={WEEK}&round={code}&state=order" in said.text
    assert said.text.count("– ") == 5
    (said,) = await presses(maya, f"@o:d:all:{LIBRARY}:{WEEK}")
    assert f"/manage/answers/library?week={WEEK}" in said.text
    (said,) = await presses(maya, f"@o:d:all:{LIBRARY}:2026-W49")
    assert said.text == "This week is still running: act on it when it is over"


@pytest.mark.parametrize("damage", DAMAGES)
async def test_answers_to_questions_that_were_altered_open_as_well(house: House, damage: Callable[[str], str]) -> None:
    _, maya = await opened(house)
    record = {**RECORD, "lists": {"ideas": [["late", "Open later"], ["early", "Open early"], ["sunday", "On Sundays"]]}}
    code = house.need(flow="option_round", record=record).code
    answered(house.database, house.rounds.played(code), code, 12, house.clock() - timedelta(days=7))
    altered(house.database, "option_round", damage)
    async with restarted(house).writing() as anew:
        maya = Citizen(anew, maya.address)
        (week,) = await presses(maya, f"@o:d:week:{LIBRARY}:{WEEK}")
        (wanted,) = [label for label in labels([week]) if label.startswith("Answers: ")]
        (said,) = await maya.taps(wanted, week)
        assert f"&round={code}&state=order" in said.text
        assert {row.status for row in anew.table("inbox")} == {"done"}


async def test_no_name_of_an_organisation_stands_beside_its_words(house: House) -> None:
    _, maya = await opened(house)
    code = house.need(record={**RECORD, "for_whom": "yes"}).code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        at = house.clock() - timedelta(days=7)
        said: tuple[tuple[str, dict[str, Any]], ...] = (
            (turnout.SPEAKS, {"verb": "choose", "choice": "organisation"}),
            (turnout.HEADS, {"verb": "number", "score": 7}),
            (turnout.NAME, {"verb": turnout.NAMED, "text": "Riverside Choir"}),
            ("words", {"verb": "ask", "text": "Nobody was at the desk"}),
        )
        given: dict[str, Any] = {"choice": None, "score": None, "item": None}
        answers.append(db, [makers.answer(row, b"org", state, at, **given | each) for state, each in said])
    (every,) = await presses(maya, f"@o:d:all:{LIBRARY}:{WEEK}")
    assert "– Nobody was at the desk" in every.text
    assert "Choir" not in every.text
    assert "– organisation" not in every.text
    assert "– 7" not in every.text
    with house.database.transaction() as db:
        by = Filters(WEEK, round=code, state=turnout.NAME)
        assert house.actions.behind.open(db, "library", by, "Maya", "en", house.clock()).answers == []


async def test_what_was_written_after_the_week_does_not_stand_beside_its_score(house: House) -> None:
    _, maya = await opened(house)
    code = house.pulse().code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        now = house.clock()
        given: dict[str, Any] = {"verb": "ask", "choice": None, "score": None, "item": None}
        scored = makers.answer(row, b"one", "overall", now - timedelta(days=7))
        before = makers.answer(row, b"one", "why", now - timedelta(days=7), text="Said that week", **given)
        after = makers.answer(row, b"one", "why", now - timedelta(minutes=1), text="Said since", **given)
        answers.append(db, [scored, before, after])
    (every,) = await presses(maya, f"@o:d:all:{LIBRARY}:{WEEK}")
    assert " · Said that week" in every.text
    assert "Said since" not in every.text


async def test_a_week_that_is_running_is_no_ground_yet(house: House) -> None:
    _, maya = await opened(house)
    (said,) = await presses(maya, f"@o:d:on:{LIBRARY}:2026-W49:s:del.overall")
    assert said.text == "This week is still running: act on it when it is over"


@pytest.mark.parametrize(
    "data", [f"on:{LIBRARY}:2026-W99:s:del.overall", f"on:{LIBRARY}:2026-W48:x:y", "send:99", f"week:{LIBRARY}:soon"]
)
async def test_a_button_that_names_nothing_does_nothing(house: House, data: str) -> None:
    _, maya = await opened(house)
    assert await presses(maya, f"@o:d:{data}")
    assert kept(house) == []


NOWHERE = "That button leads nowhere any more."


async def test_a_digest_s_button_leads_to_its_service_wherever_that_stands_now(house: House) -> None:
    _, maya = await opened(house, ("manager", "*"))
    await about(maya, "Answer")
    async with House(house.database, house.folder, house.mint, house.clock, ahead=("bus7",)).writing() as anew:
        maya = Citizen(anew, maya.address)
        (sure,) = await maya.says("We open a second desk.")
        assert "We open a second desk." in sure.text
        assert {row.service for row in anew.table("actions")} == {"library"}
        (week,) = await presses(maya, f"@o:d:week:{LIBRARY}:{WEEK}")
        assert "Overall, how was your experience with the Centr…" in labels([week])


async def test_a_digest_s_button_leads_nowhere_once_its_service_is_not_set_up(house: House) -> None:
    _, maya = await opened(house, ("manager", "*"))
    await about(maya, "Answer")
    async with House(house.database, house.folder, house.mint, house.clock, without=("library",)).writing() as anew:
        maya = Citizen(anew, maya.address)
        (heard,) = await maya.says("We open a second desk.")
        (week,) = await presses(maya, f"@o:d:week:{LIBRARY}:{WEEK}")
        assert heard.text == week.text == NOWHERE
        assert anew.table("actions") == []


async def test_an_old_button_that_names_a_service_by_its_place_leads_to_the_page_alone(house: House) -> None:
    _, maya = await opened(house, ("manager", "*"))
    (said,) = await presses(maya, f"@o:d:week:0:{WEEK}")
    assert said.text.splitlines()[0] == NOWHERE
    assert said.text.endswith("/manage/digests")
    assert labels([said]) == ["Back"]
    with house.database.transaction() as db:
        contacts.set_asks(db, house.contact(maya.address).id, f"o:deed a 0 {WEEK} s del.overall")
    (said,) = await maya.says("We open a second desk.")
    assert said.text == NOWHERE
    assert kept(house) == []


def test_what_waits_for_the_words_of_an_action_has_room_in_a_chat(house: House) -> None:
    room = tables.contacts.c.asks.type.length  # type: ignore[attr-defined]
    for name in (one.item for one in headlines(house.catalog.bank)):
        assert len(f"o:deed as{LIBRARY} {WEEK} {name}") <= room


async def test_who_does_not_look_after_the_service_gets_no_further(house: House) -> None:
    who, maya = await opened(house, ("manager", "bus7"))
    (said,) = await presses(maya, f"@o:d:week:{LIBRARY}:{WEEK}")
    assert "Overall" not in "".join(labels([said]))
    (said,) = await presses(who[0], f"@o:d:week:{LIBRARY}:{WEEK}")
    assert "Overall" not in said.text


async def test_the_guide_shows_what_the_bot_says(house: House) -> None:
    who, maya = await opened(house)
    await about(maya, "Answer")
    (sure,) = await maya.says("We open a second desk.")
    await maya.taps("Send it now", sure)
    guide = (Path(__file__).parents[3] / "docs" / "managers.md").read_text(encoding="utf-8")
    shown = [block.strip() for block in re.findall(r"```text acting\n(.*?)```", guide, re.DOTALL)]
    buttons = " ".join(f"[{label}]" for label in labels([sure]))
    assert shown == [f"{sure.text}\n{buttons}", house.said(who[0].address)[-1].text]
