from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete
from structlog.testing import capture_logs

from bot.channels.base import Raw
from bot.jobs.schedule import Schedule
from bot.metrics import Metrics
from storage import answers, contacts, inbox, messages, outbox, people, rounds, tables, threads, trail
from storage.database import StorageTrouble
from storage.outbox import BULK
from tests.bot.test_threads import employed
from tests.bot.test_turns import INTO, to_review
from tests.storage import makers
from tests.support.house import NOON, RECORD, Citizen, House

if TYPE_CHECKING:
    from collections.abc import Callable


LATER = {**RECORD, "decided_on": "2027-06-01", "feedback_on": "2027-05-01"}
"""What the texts of a round need that closes after the usual days."""


def state(house: House, code: str) -> str:
    """Return what has become of a round."""
    found = house.rounds.find(code)
    assert found is not None
    return found.state


# --------------------------------------------------------------------------- rounds


async def test_the_end_of_each_log_stands_in_our_own_once(house: House) -> None:
    code, other = house.need(opened=False).code, house.need().code
    with capture_logs() as lines:
        assert house.sweeps.heads() == 2
        assert house.sweeps.heads() == 0
        house.sign(code)
        assert house.sweeps.heads() == 1
    said = [(line["round"], line["lines"], line["head"]) for line in lines if line["event"] == "round.log"]
    assert [each[:2] for each in said] == [(code, 1), (other, 3), (code, 2)]
    assert said[-1][2] == house.rounds.prove(code).head


async def test_whom_a_round_meant_to_ask_is_sealed_when_it_ends(house: House) -> None:
    await agreed(house, "a", "b")
    by_hand, by_clock = (
        house.need(audience="agreed", record=LATER, closes_at=NOON + timedelta(days=60)).code for _ in range(2)
    )
    house.sweeps.rounds()
    house.rounds.close(by_hand)
    house.clock.forward(days=60)
    house.sweeps.rounds()
    for code in (by_hand, by_clock):
        assert house.rounds.prove(code).whole
    with house.database.transaction() as db:
        db.execute(delete(tables.audience))
    for code in (by_hand, by_clock):
        assert house.rounds.prove(code).altered == ("audience",)


def test_rounds_open_and_close_by_the_clock_and_say_so_in_their_log(house: House) -> None:
    code = house.need(opens_at=NOON + timedelta(days=1), closes_at=NOON + timedelta(days=5)).code
    assert house.sweeps.rounds() == 0
    house.clock.forward(days=1)
    assert house.sweeps.rounds() == 1
    assert house.sweeps.rounds() == 0
    assert state(house, code) == "open"
    house.clock.forward(days=4)
    assert house.sweeps.rounds() == 1
    assert state(house, code) == "closed"
    assert [(entry.what, entry.who) for entry in house.rounds.log(code)][3:] == [
        ("opened", "clock"),
        ("closed", "clock"),
    ]


async def test_a_round_that_was_changed_since_it_was_signed_does_not_open_by_the_clock(house: House) -> None:
    """An earlier version left a round scheduled whose last day was moved after the signature."""
    omar = await employed(house, "Omar", ("organiser", "library"))
    code = house.need(opens_at=NOON + timedelta(days=1), closes_at=NOON + timedelta(days=21)).code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, closes_at=NOON + timedelta(days=23))
        trail.add(db, row.id, NOON, "Omar", "extended", "more time", before=row)
    house.clock.forward(days=1)
    house.sweeps.rounds()
    house.sweeps.rounds()
    assert state(house, code) == "draft"
    assert house.rounds.log(code)[-1].what == "unsigned"
    assert house.rounds.prove(code).whole
    (told,) = [each.text for each in house.said(omar.address) if "has not opened" in each.text]
    assert told.endswith(f"/manage/rounds/{code}")
    house.sign(code)
    assert house.rounds.open(code).state == "open"


def test_a_round_whose_days_passed_while_the_program_was_down_has_a_true_record(house: House) -> None:
    code = house.need(opens_at=NOON + timedelta(days=1), closes_at=NOON + timedelta(days=5)).code
    house.clock.forward(days=30)
    house.sweeps.rounds()
    assert state(house, code) == "closed"
    assert [entry.what for entry in house.rounds.log(code)] == ["created", "approved", "scheduled", "opened", "closed"]


async def agreed(house: House, *names: str) -> None:
    """Let people take part in a pulse and say that they may be invited again."""
    code = house.pulse("bus7").code
    for name in names:
        each = Citizen(house, name)
        await each.starts(code)
        await each.does(*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", "Yes")
    house.rounds.close(code)


async def test_everyone_who_agreed_is_invited_once_however_often_the_sweep_runs(house: House) -> None:
    await agreed(house, "a", "b", "stopped")
    await Citizen(house, "stopped").says("STOP")
    await Citizen(house, "stranger").says("hello")
    code = house.need(audience="agreed").code
    for _ in range(3):
        house.sweeps.rounds()
    invitations = [row for row in house.table("outbox") if row.key.startswith("invite.")]
    assert sorted(row.contact_id for row in invitations) == sorted(house.contact(name).id for name in ("a", "b"))
    assert {row.priority for row in invitations} == {9}
    assert house.rounds.counts(code).invited == 2


async def test_an_invitation_begins_the_round_or_is_declined_or_ends_all_invitations(house: House) -> None:
    await agreed(house, "a", "b", "c")
    house.need(audience="agreed")
    house.sweeps.rounds()
    for name, label, words in (
        ("a", "Yes, begin", "Are you 16 or older?"),
        ("b", "Not now", "I will not remind you of this"),
        ("c", "Do not ask me again", "I will not invite you again"),
    ):
        (said,) = await Citizen(house, name).taps(label)
        assert words in said.text
    assert house.contact("b").invite_again_at is not None
    assert house.contact("c").invite_again_at is None


async def test_who_wants_no_more_invitations_still_gets_the_result_they_asked_for(house: House) -> None:
    await agreed(house, "a")
    house.need(audience="agreed")
    house.sweeps.rounds()
    with house.database.transaction() as db:
        who = house.contact("a")
        outbox.enqueue(db, [makers.message(who, f"report.1.{who.id}.0", NOON, BULK)])
    await Citizen(house, "a").taps("Do not ask me again")
    letters = {row.key.split(".")[0]: row.status for row in house.table("outbox") if row.priority == BULK}
    assert letters == {"invite": "gone", "report": "due"}


async def test_nobody_is_asked_twice_in_a_month_about_the_same_service(house: House) -> None:
    await agreed(house, "a")
    first = house.need(audience="agreed").code
    house.sweeps.rounds()
    await house.delivered()
    house.rounds.close(first)
    second = house.need(audience="agreed", closes_at=NOON + timedelta(days=80), record=LATER).code
    house.sweeps.rounds()
    assert house.rounds.counts(second).invited == 0
    house.clock.forward(days=31)
    house.sweeps.rounds()
    assert house.rounds.counts(second).invited == 1


async def test_a_round_by_link_invites_nobody(house: House) -> None:
    await agreed(house, "a")
    code = house.need().code
    house.sweeps.rounds()
    assert house.rounds.counts(code).invited == 0


# --------------------------------------------------------------------------- sessions


async def test_who_falls_silent_is_reminded_once_and_only_if_they_agreed_to_be_written_to(house: House) -> None:
    await agreed(house, "yes")
    code = house.need().code
    for name in ("yes", "never asked"):
        each = Citizen(house, name)
        await each.starts(code)
        await each.does(*INTO)
    assert house.sweeps.sessions() == 0
    house.clock.forward(days=3)
    assert house.sweeps.sessions() == 1
    assert house.sweeps.sessions() == 0
    reminders = [row for row in house.table("outbox") if row.key.startswith("silence.")]
    assert [row.contact_id for row in reminders] == [house.contact("yes").id]
    (reminder,) = house.said("yes")[-1:]
    assert reminder.buttons


async def test_whoever_fell_silent_at_night_is_reminded_by_day(house: House) -> None:
    house.clock.now = NOON.replace(hour=22)
    await agreed(house, "yes")
    talker = Citizen(house, "yes")
    await talker.starts(house.pulse().code)
    await talker.does(*INTO)
    before = len(await house.delivered())
    house.clock.forward(days=3)
    assert house.sweeps.sessions() == 1
    assert len(await house.delivered()) == before
    await talker.says("/help")
    assert len(await house.delivered()) > before, "replies go by night, too"
    answered = len(house.pigeon.sent)
    house.clock.forward(hours=11)
    assert len(await house.delivered()) == answered + 1


async def test_a_session_silent_for_a_week_ends_and_can_be_begun_again(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    house.clock.forward(days=8)
    assert house.sweeps.sessions() == 1
    assert [row.status for row in house.table("sessions")] == ["expired"]
    (said,) = await citizen.starts(code)
    assert "Are you 16 or older?" in said.text


async def test_a_finished_session_reopened_for_changes_stays_finished(house: House, citizen: Citizen) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("ok")
    await citizen.says("CHANGE")
    assert [row.status for row in house.table("sessions")] == ["active"]
    house.clock.forward(days=8)
    house.sweeps.sessions()
    assert [row.status for row in house.table("sessions")] == ["completed"]


async def test_drafts_are_forgotten_and_answers_handed_in_are_kept(house: House, citizen: Citizen) -> None:
    code = house.need(closes_at=NOON + timedelta(days=60), record=LATER).code
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("ok")
    draft = Citizen(house, "draft")
    await draft.starts(code)
    await draft.does(*INTO, "Skip")
    counted = len(citizen.answers(code))
    assert len(house.table("answers")) == counted + 1
    house.clock.forward(days=9)
    house.sweeps.sessions()
    assert house.sweeps.privacy() > 0
    assert len(house.table("answers")) == counted
    assert len(citizen.answers(code)) == counted


# --------------------------------------------------------------------------- digests


async def test_a_week_becomes_one_digest_for_each_manager_however_often_the_sweep_runs(house: House) -> None:
    code = house.pulse().code
    for n in range(6):
        each = Citizen(house, f"p{n}")
        await each.starts(code)
        await each.does(*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", "No")
    token = people.Link(
        house.keys.token_hash("t"), "invite", NOON, NOON + timedelta(days=1), None, "manager", "library", "Max"
    )
    with house.database.transaction() as db:
        people.add_link(db, token)
    await Citizen(house, "max").starts("r_t")
    house.clock.now = datetime(2026, 11, 30, 7, 59, tzinfo=UTC)
    assert house.sweeps.digests() == 0
    house.clock.forward(minutes=2)
    assert house.sweeps.digests() == 1
    assert house.sweeps.digests() == 0
    (digest,) = house.said("max")[-1:]
    assert "Central Library" in digest.text


# --------------------------------------------------------------------------- the bell


async def rung(sweep: Callable[[], object], metrics: Metrics, until: Callable[[], bool]) -> Schedule:
    """Ring one sweep until something is so."""
    schedule = Schedule({"rounds": sweep}, metrics, datetime.now(UTC), {"rounds": 0.05})
    schedule.start()
    async with asyncio.timeout(10):
        while not until():  # noqa: ASYNC110 - a thread has no event of this loop
            await asyncio.sleep(0.01)
    schedule.stop()
    await asyncio.sleep(0.05)
    return schedule


async def test_the_bell_goes_on_ringing_after_a_sweep_that_failed_and_tells_of_it() -> None:
    rings: list[int] = []

    def sweep() -> None:
        rings.append(1)
        if len(rings) < 3:
            raise StorageTrouble("the disk is full: make room")

    metrics = Metrics()
    schedule = await rung(sweep, metrics, lambda: len(rings) > 3)
    assert schedule.trouble == ""
    failed = metrics.registry.get_sample_value("civicloop_sweeps_total", {"sweep": "rounds", "outcome": "failed"})
    assert failed == 2
    assert not schedule.running


async def test_a_sweep_that_raises_our_own_mistake_is_told_to_the_operator() -> None:
    rings: list[int] = []

    def sweep() -> None:
        rings.append(1)
        raise RuntimeError("ours")

    schedule = await rung(sweep, Metrics(), lambda: len(rings) > 1)
    assert "RuntimeError" in schedule.trouble


def test_what_is_no_upload_of_ours_stays_whatever_folder_the_city_names(house: House) -> None:
    folder, now = house.config.database.files, house.clock()
    folder.mkdir()
    theirs = {"civicloop.sqlite3", "civicloop.sqlite3-wal", "keys", "photo_of_the_new_library_2026.jpg", "notes.txt"}
    for name in (*theirs, f"{'n' * 32}.jpg", f"{'a' * 40}.png"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, times=(now.timestamp() - 7200,) * 2)
    house.sweeps.privacy()
    assert {file.name for file in folder.iterdir()} == theirs


def test_a_list_that_a_killed_process_left_lying_goes_after_an_hour(house: House) -> None:
    folder, now = house.config.database.files, house.clock()
    for name, age in (
        ("civicloop-list-a", timedelta(hours=2)),
        ("civicloop-list-b", timedelta(0)),
        ("list-2026", timedelta(9)),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "members.csv").write_text("mail", encoding="utf-8")
        os.utime(folder / name, times=((now - age).timestamp(),) * 2)
    house.sweeps.privacy()
    assert sorted(each.name for each in folder.iterdir()) == ["civicloop-list-b", "list-2026"]


def test_uploads_go_with_what_needed_them_and_not_before(house: House) -> None:
    folder, now = house.config.database.files, house.clock()
    folder.mkdir()
    kinds = ("answer", "thread", "chat", "nobody", "fresh")
    names = {kind: f"name-of-chance-{kind:_<17}.jpg" for kind in kinds}
    for kind, name in names.items():
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, times=(now.timestamp() - (0 if kind == "fresh" else 7200),) * 2)
    with house.database.transaction() as db:
        contact = makers.add_contact(db, channel="web", at=now)
        of = makers.add_round(db)
        answers.append(db, [makers.answer(of, verb="photo", at=now, file=names["answer"])])
        thread = threads.open_(db, "K7M2", contact.id, "library", now)
        threads.add(db, threads.NewWords(thread.id, now, threads.CITIZEN, b"", kind="photo", file=names["thread"]))
        line = messages.NewLine(contact.id, "in:1", now, messages.CITIZEN, json.dumps({"file": names["chat"]}))
        messages.append(db, [line])
        waiting = Raw("web", "u1", b"{}")
        (row,) = inbox.accept(db, [waiting], now - timedelta(hours=2), house.keys)
    house.sweeps.privacy()
    assert (folder / names["nobody"]).exists(), "what waits for its turn may bring it"
    with house.database.transaction() as db:
        inbox.settle(db, [row.id], now)
    house.sweeps.privacy()
    assert {file.name for file in folder.iterdir()} == set(names.values()) - {names["nobody"]}
    with house.database.transaction() as db:
        contacts.forget(db, contact.id, now)
    house.sweeps.privacy()
    assert {file.name for file in folder.iterdir()} == {names["answer"], names["fresh"]}
