"""What a person may rely on days and weeks later, when sweeps have tidied up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.test_desk import finished, labels
from tests.bot.test_turns import INTO, to_review

if TYPE_CHECKING:
    from tests.support.house import Citizen, House


async def given_up(house: House, citizen: Citizen) -> str:
    """Answer one question of a pulse, stop, and let the sweep forget the conversation; return the round's code."""
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("it was the queue")
    await citizen.says("STOP")
    house.clock.forward(days=10)
    house.sweeps.privacy()
    assert house.table("sessions") == []
    return code


async def test_answers_that_count_are_found_when_the_conversation_is_forgotten(house: House, citizen: Citizen) -> None:
    await given_up(house, citizen)
    text = "\n".join(each.text for each in await citizen.says("MYDATA"))
    assert "Good" in text
    assert "it was the queue" in text


async def test_answers_that_count_are_deleted_when_the_conversation_is_forgotten(
    house: House, citizen: Citizen
) -> None:
    await given_up(house, citizen)
    (asked,) = await citizen.says("DELETE")
    assert labels(asked) == ["Yes", "No"]
    await citizen.taps("Yes")
    assert house.table("answers") == []


async def test_mydata_shows_every_passage_through_a_round_that_runs_on(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Poor")
    await citizen.says("so cold in there")
    await citizen.does("Skip", "Skip", "Skip", "Skip", "No", "No")
    house.clock.forward(days=8)
    await finished(citizen, code)
    text = "\n".join(each.text for each in await citizen.says("MYDATA"))
    assert "so cold in there" in text
    assert "Good" in text


async def test_delete_of_forgotten_conversations_leaves_other_people_alone(house: House, citizen: Citizen) -> None:
    code = await given_up(house, citizen)
    other = type(citizen)(house, "other")
    await finished(other, code)
    await citizen.says("DELETE")
    await citizen.taps("Yes")
    assert [answer.choice for answer in other.answers(code) if answer.item == "del.overall"] == ["4"]


async def test_what_is_answered_after_a_stop_counts_only_when_handed_in(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await citizen.says("STOP")
    await citizen.starts(code)
    await to_review(citizen)
    assert [answer.counted_at for answer in citizen.answers(code) if answer.counted_at] == []
    await citizen.says("ok")
    assert all(answer.counted_at for answer in citizen.answers(code))
    (row,) = house.table("sessions")
    assert row.status == "completed"
    assert row.ended_at == house.clock()


async def test_who_began_to_change_an_answer_has_still_taken_part(house: House, citizen: Citizen) -> None:
    code = house.need().code
    for word in ("", "STOP"):
        await citizen.starts(code)
        if not word:
            await citizen.does(*INTO)
            await to_review(citizen)
            await citizen.says("ok")
        await citizen.says("CHANGE")
        if word:
            await citizen.says(word)
        house.clock.forward(days=9)
        house.sweeps.privacy()
        (row,) = house.table("sessions")
        assert row.ended_at is not None
        said = await citizen.starts(code)
        assert not any("Are you 16" in each.text for each in said), "nobody takes part twice"
