from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels.base import Raw
from bot.errors import Trouble
from bot.turns import GROUP, spoken_language
from flows import memory
from storage import tables
from storage.database import StorageTrouble
from tests.support.house import Citizen, House, raw

INTO = ("Yes", "Yes, let us begin")


async def test_a_citizen_answers_a_running_round_and_each_answer_counts_at_once(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    (hello,) = await citizen.starts(code)
    assert hello.text.startswith("Hello. I am an automated assistant of the City of Rivermouth.")
    assert hello.text.endswith("Are you 16 or older?")
    (question,) = await citizen.does(*INTO)
    await citizen.taps("Very good")
    (answer,) = citizen.answers(code)
    assert (answer.item, answer.choice, answer.score, answer.channel) == ("del.overall", "5", 5.0, "pigeon")
    assert answer.counted_at == house.clock()
    assert [button.label for button in question.buttons][:2] == ["Very good", "Good"]


async def test_nothing_is_kept_as_an_answer_before_the_age_and_the_beginning(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.taps("No")
    assert house.table("answers") == []
    assert house.table("sessions") == []
    await citizen.starts(code)
    await citizen.does("Yes", "Not now")
    assert house.table("answers") == []
    assert house.table("sessions") == []


async def test_in_a_formal_round_only_answers_handed_in_count(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    said = await to_review(citizen)
    assert "These are your answers:" in said[-1].text
    assert all(answer.counted_at is None for answer in citizen.answers(code))
    (receipt,) = await citizen.says("OK")
    assert "Your receipt is" in receipt.text
    assert citizen.answers(code)
    assert all(answer.counted_at is not None for answer in citizen.answers(code))


async def test_what_was_begun_and_never_handed_in_does_not_count_with_the_next_passage(
    house: House, citizen: Citizen
) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await citizen.says("1")
    assert citizen.answers(code)
    house.clock.forward(days=8)
    house.sweeps.sessions()
    await citizen.starts(code)
    assert citizen.answers(code) == []


async def to_review(citizen: Citizen, **choices: str) -> list[Any]:
    """Skip everything up to the review; say no to everything that cannot be skipped, but for `choices`."""
    said = citizen.house.said(citizen.address)[-1:]
    for _ in range(40):
        if "These are your answers" in said[-1].text:
            return said
        labels = [button.label for button in said[-1].buttons]
        text = said[-1].text
        wish = next((label for words, label in choices.items() if words.replace("_", " ") in text.lower()), None)
        if wish:
            said = await citizen.taps(wish)
        elif "Skip" in labels:
            said = await citizen.taps("Skip")
        else:
            said = await citizen.taps("No" if "No" in labels else "No, thank you")
    raise AssertionError(said)


async def test_the_three_choices_act_where_they_belong(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen, quote="Yes", send_you_the_result="Yes", invite_you_again="Yes")
    await citizen.says("ok")
    assert all(answer.quotable for answer in citizen.answers(code))
    assert len(house.table("wishes")) == 1
    assert house.contact("c1").invite_again_at == house.clock()
    assert not {answer.state for answer in citizen.answers(code)} & {"age", "begin", "quote", "result", "invite"}


async def test_an_update_that_comes_again_changes_nothing(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    tap = raw("c1", key="again", kind="tap", data=citizen.button("Good"))
    await citizen.sends(tap)
    said, answers = house.said("c1"), citizen.answers(code)
    await citizen.sends(tap)
    await citizen.sends(tap, tap)
    assert house.said("c1") == said
    assert citizen.answers(code) == answers


async def test_a_repeat_inside_one_group_is_one_turn(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    start = raw("c1", key="twice", text="/start", about={"start": code})
    await citizen.sends(start, start)
    assert len(house.said("c1")) == 1


async def test_two_answers_within_a_millisecond_are_two_turns_in_order(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    said = await citizen.sends(raw("c1", text="Poor"), raw("c1", text="It was loud"))
    assert [(a.state, a.choice or a.text) for a in citizen.answers(code)] == [
        ("overall", "2"),
        ("reason", "It was loud"),
    ]
    assert len(said) == 2


async def test_many_citizens_at_once_share_commits_and_keep_their_own_places(house: House) -> None:
    code = house.pulse().code
    people = [Citizen(house, f"p{n}") for n in range(40)]
    for step in ("/start", "1", "1", "2"):
        about = {"start": code} if step == "/start" else {}
        await asyncio.gather(*(each.house.turns.accept([raw(each.address, text=step, about=about)]) for each in people))
    assert [[a.choice for a in each.answers(code)] for each in people] == [["4"]] * 40
    sizes = house.metrics.registry.get_sample_value("civicloop_group_size_sum")
    groups = house.metrics.registry.get_sample_value("civicloop_group_size_count")
    assert sizes == 160
    assert groups is not None
    assert groups < 160


async def test_back_and_another_answer_leaves_one_answer_standing(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await citizen.sends(raw("c1", text="Good"), raw("c1", text="/back"), raw("c1", text="Poor"))
    assert [answer.choice for answer in citizen.answers(code)] == ["2"]
    await citizen.says("/back")
    await citizen.says("Very poor")
    assert [answer.choice for answer in citizen.answers(code)] == ["1"]


async def test_an_edited_message_amends_the_answer_it_was(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await house.delivered()
    await citizen.sends(raw("c1", text="Good", about={"message_id": "1003"}))
    said = await citizen.sends(raw("c1", text="Poor", about={"message_id": "1003", "edited": True}))
    assert [answer.choice for answer in citizen.answers(code)] == ["2"]
    assert "changed" in said[0].text
    late = await citizen.sends(raw("c1", text="Good", about={"message_id": "4", "edited": True}))
    assert [answer.choice for answer in citizen.answers(code)] == ["2"]
    assert late


async def test_an_edited_answer_of_one_round_never_amends_another(house: House, citizen: Citizen) -> None:
    library, bus = house.pulse("library").code, house.pulse("bus7").code
    sent = []
    for code in (library, bus):
        await citizen.starts(code)
        await citizen.does(*INTO, "Good")
        await house.delivered()
        sent.append(str(next(house.pigeon._ids)))
        await citizen.sends(raw("c1", text=f"the door of {code}", about={"message_id": sent[-1]}))
        await house.delivered()
    said = await citizen.sends(raw("c1", text="no door", about={"message_id": sent[0], "edited": True}))
    assert "your first answer stays" in said[0].text
    assert [answer.text for answer in citizen.answers(bus) if answer.text] == [f"the door of {bus}"]
    await citizen.sends(raw("c1", text="a wide door", about={"message_id": sent[1], "edited": True}))
    assert [answer.text for answer in citizen.answers(bus) if answer.text] == ["a wide door"]


async def test_an_answer_edited_after_the_end_is_told_that_it_stays(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO)
    await house.delivered()
    await citizen.sends(raw("c1", text="Good", about={"message_id": "1003"}))
    await citizen.says("STOP")
    (said,) = await citizen.sends(raw("c1", text="Poor", about={"message_id": "1003", "edited": True}))
    assert "your first answer stays" in said.text


async def test_an_update_nobody_can_read_is_kept_and_reported_and_holds_nobody_up(
    house: House, citizen: Citizen
) -> None:
    code = house.pulse().code
    with capture_logs() as lines:
        await citizen.sends(Raw("pigeon", "bad", b"\xff not json"), raw("c1", text="/start", about={"start": code}))
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["update.unreadable"]
    assert len(house.said("c1")) == 1
    kept = {row.external_id: row for row in house.table("inbox")}["bad"]
    assert kept.status == "unreadable"
    assert house.keys.unseal_bytes(kept.body) == b"\xff not json"


async def test_an_update_that_holds_nothing_for_us_is_taken_in_silence(house: House, citizen: Citizen) -> None:
    await citizen.sends(Raw("pigeon", "empty", b"{}"))
    assert [row.status for row in house.table("inbox")] == ["done"]


async def test_a_contact_whose_turn_raises_holds_nobody_up_and_is_given_up_after_three_tries(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    load = memory.load
    poison = house.contact("c1").id

    def cannot_read(text: str) -> Any:
        session = load(text)
        if session.tag == tag:
            raise ValueError("not a session")
        return session

    tag = load(next(row.body for row in house.table("sessions") if row.contact_id == poison)).tag
    monkeypatch.setattr(memory, "load", cannot_read)
    with capture_logs() as lines:
        await house.turns.accept([raw("c1", key="p1", text="Yes"), raw("other", text="/start", about={"start": code})])
        await citizen.says("Yes, let us begin")
        assert len(house.said("other")) == 1
        assert {row.external_id: row.status for row in house.table("inbox")}["p1"] == "waiting"
        for _ in range(4):
            await house.turns.again()
    events = [line["event"] for line in lines if line["log_level"] == "error"]
    assert events.count("turn.given_up") == 2
    statuses = [row.status for row in house.table("inbox") if row.status != "done"]
    assert statuses == ["failed", "failed"]
    monkeypatch.undo()
    assert "Shall we begin?" in (await citizen.says("Yes"))[-1].text


async def test_what_waits_behind_a_failed_turn_is_taken_in_order_once_it_works(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    broken = True
    answer = house.desk.answer

    def sometimes(*given: Any) -> Any:
        if broken:
            raise RuntimeError("a bad moment")
        return answer(*given)

    monkeypatch.setattr(house.desk, "answer", sometimes)
    for text in ("Yes", "Yes", "Good"):
        await house.turns.accept([raw("c1", text=text)])
    assert len(house.said("c1")) == 1
    broken = False
    await house.turns.again()
    assert [answer.choice for answer in citizen.answers(code)] == ["4"]


async def test_a_new_process_takes_what_an_earlier_one_left_waiting(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = house.pulse().code
    with monkeypatch.context() as patch:
        patch.setattr(house.desk, "answer", _raising)
        await house.turns.accept([raw("c1", text="/start", about={"start": code})])
    assert house.said("c1") == []
    await house.turns.end()
    house.turns = house.new_turns()
    house.turns.begin()
    await Citizen(house, "other").says("hello")
    assert len(house.said("c1")) == 1


def _raising(*_: Any) -> Any:
    raise RuntimeError("a bad moment")


async def test_when_the_database_does_not_answer_the_update_is_not_acknowledged_and_comes_again(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = house.pulse().code
    start = raw("c1", text="/start", about={"start": code})
    with monkeypatch.context() as patch:
        patch.setattr("storage.inbox.take", _full)
        with pytest.raises(StorageTrouble):
            await house.turns.accept([start])
    assert house.table("inbox") == []
    assert len(await citizen.sends(start)) == 1


def _full(*_: Any) -> Any:
    raise StorageTrouble("the disk is full: make room")


async def test_a_crash_before_the_commit_leaves_no_trace_and_the_repeat_works(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    tap = raw("c1", kind="tap", data=citizen.button("Good"))
    with monkeypatch.context() as patch:
        patch.setattr("storage.outbox.enqueue", _full)
        with pytest.raises(StorageTrouble):
            await house.turns.accept([tap])
    assert citizen.answers(code) == []
    await citizen.sends(tap)
    await citizen.sends(tap)
    assert [answer.choice for answer in citizen.answers(code)] == ["4"]


async def test_a_caller_that_gives_up_waiting_does_not_stop_the_writer(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    tasks = [asyncio.create_task(house.turns.accept([raw(f"q{n}", text="hello")])) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(await citizen.starts(code)) == 1


async def test_more_than_can_be_written_is_left_with_the_channels(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.turns.QUEUED", 0)
    with pytest.raises(Trouble, match="in a moment"):
        await citizen.says("hello")
    assert house.table("inbox") == []
    monkeypatch.undo()
    assert await citizen.says("hello")


async def test_who_blocks_the_bot_is_not_written_to_until_they_come_back(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.sends(raw("c1", about={"reachable": False}))
    assert house.contact("c1").unreachable_at is not None
    await citizen.sends(raw("c1", about={"reachable": True}))
    assert house.contact("c1").unreachable_at is None


async def test_ticks_change_the_message_tapped(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO, "Good", "Skip")
    tap = raw("c1", kind="tap", data=citizen.button("It was easy"), about={"message_id": "77"})
    (changed,) = await citizen.sends(tap)
    assert changed.replaces == "77"
    assert [button.label for button in changed.buttons if button.ticked] == ["It was easy"]


async def test_words_of_danger_get_the_urgent_text_and_a_warning(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO, "Poor")
    with capture_logs() as lines:
        said = await citizen.says("there is a gas leak")
    assert "112" in said[0].text
    assert "turn.urgent" in [line["event"] for line in lines]


async def test_the_drop_off_picture_counts_arrows(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    arrows = house.rounds.counts(code).moves
    assert {arrow: n for arrow, n in arrows.items() if arrow[1] in {"opening", "age", "reason"}} == {
        ("@start", "opening"): 1,
        ("opening", "age"): 1,
        ("overall", "reason"): 1,
    }


async def test_another_writer_of_the_same_session_makes_the_group_begin_anew(
    house: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    from storage import sessions  # noqa: PLC0415 - its name is taken by the table elsewhere

    save = sessions.save
    calls = []

    def once_stale(db: Any, rows: Any, stepped: Any) -> None:
        calls.append(len(rows) + len(stepped))
        if len(calls) == 1:
            stepped = [row._replace(revision=row.revision + 7) for row in stepped]
        save(db, rows, stepped)

    monkeypatch.setattr(sessions, "save", once_stale)
    await citizen.does("Yes")
    assert calls == [1, 1]
    assert len(house.said("c1")) == 2


@pytest.mark.parametrize(
    ("told", "spoken"), [("es", "es"), ("ES-co", "es"), ("de", "en"), (None, "en"), ("", "en"), ("en-GB", "en")]
)
def test_people_are_spoken_to_in_the_language_of_their_app_where_we_have_it(told: str | None, spoken: str) -> None:
    assert spoken_language(told, ("en", "es")) == spoken


async def test_an_address_stands_nowhere_in_clear(house: House) -> None:
    citizen = Citizen(house, "555-address-of-somebody")
    await citizen.starts(house.pulse().code)
    await citizen.does(*INTO, "Good")
    await citizen.says("Help me")
    unreadable = Raw("pigeon", "odd", b'{"address": "555-address-of-somebody", ')
    elsewhere = Raw("dove", "late", b'{"address": "555-address-of-somebody"}')
    await house.turns.accept([unreadable, elsewhere])
    await house.delivered()
    kept = {name: [tuple(row) for row in house.table(name)] for name in tables.metadata.tables}
    assert len(kept["inbox"]) > 5
    assert {"contacts", "sessions", "answers", "outbox"} <= {name for name, rows in kept.items() if rows}
    values = [value for rows in kept.values() for row in rows for value in row]
    assert not [value for value in values if isinstance(value, bytes) and b"555-address" in value]
    assert not [value for value in values if "555-address" in str(value)]


async def test_an_update_that_comes_twice_in_a_group_keeps_its_place(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    first, second = raw("c1", text="Good"), raw("c1", text="It was loud")
    await house.turns.accept([first, second, first])
    assert [(each.state, each.choice or each.text) for each in citizen.answers(code)] == [
        ("overall", "4"),
        ("reason", "It was loud"),
    ]


async def test_a_long_row_of_waiting_updates_of_one_contact_hides_nobody_elses(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, ill = house.desk.answer, {"ill", "soon well"}

    def stumbling(*words: Any) -> Any:
        if words[-1].address in ill:
            raise RuntimeError("stumbled")
        return answer(*words)

    monkeypatch.setattr(house.desk, "answer", stumbling)
    await house.turns.accept([raw("ill", text="x") for _ in range(GROUP + 1)])
    await house.turns.accept([raw("soon well", text="hello")])
    ill.remove("soon well")
    await house.turns.again()
    assert len(house.said("soon well")) == 1


async def test_whoever_comes_while_the_writer_ends_is_told_so(house: House) -> None:
    async def come(n: int) -> bool:
        await asyncio.sleep(n / 10_000)
        try:
            async with asyncio.timeout(10):
                await house.turns.accept([raw(f"c{n}", text="hello")])
        except Trouble:
            return False
        return True

    calls = [asyncio.create_task(come(n)) for n in range(200)]
    await asyncio.sleep(0.005)
    await house.turns.end()
    kept = sum(await asyncio.gather(*calls))
    assert kept == len(house.table("inbox"))


async def test_what_is_finished_and_reopened_in_one_group_stays_finished(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await house.turns.accept([raw("c1", text="ok"), raw("c1", text="CHANGE")])
    (row,) = house.table("sessions")
    assert (row.status, row.ended_at) == ("active", house.clock())


async def test_who_deletes_and_comes_back_in_one_group_is_a_new_person(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    again = raw("c1", text="/start", about={"start": code})
    await house.turns.accept([raw("c1", text="DELETE"), raw("c1", text="yes"), again])
    assert house.table("answers") == []
    assert [row.state for row in house.table("sessions")] == ["age"]
