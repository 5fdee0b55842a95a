"""What is past its date goes, on its day and not before, and leaves proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy import text as text_

from storage import (
    alarms,
    answers,
    audience,
    contacts,
    digests,
    findings,
    flow_versions,
    inbox,
    manuscripts,
    messages,
    moves,
    outbox,
    people,
    places,
    proof,
    retention,
    rounds,
    sessions,
    threads,
    trail,
    weekly,
    wishes,
)
from storage.messages import OWN, NewLine
from storage.people import Link
from storage.retention import Policy, months_before
from storage.sealing import Keys
from storage.tables import metadata
from storage.tables import outbox as outbox_table
from tests.storage.makers import DAY, KEYS, MINUTE, NOW, Update, add_contact, add_round, answer, message, session, text
from tests.support.rows import statuses

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from storage.database import Database

POLICY = Policy()
BEFORE_AND_AFTER = ((b"amy", NOW), (b"ben", NOW + 2 * DAY))


def rows(db: Connection, table: str) -> int:
    return db.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()


def sweep(db: Connection, at: datetime = NOW) -> dict[str, int]:
    return retention.forget(db, at, POLICY)


def test_nothing_old_is_nothing_forgotten(database: Database) -> None:
    with database.transaction() as db:
        assert sweep(db) == {}
        assert proof.of(db) == []


def test_what_was_said_word_by_word_goes_after_thirty_days(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db, channel="web")
        messages.append(db, [NewLine(anna.id, "in", NOW, "citizen", "{}"), NewLine(anna.id, "out", NOW, "bot", "{}")])
        inbox.take(db, [Update("web", "1")], NOW)
        (waiting, broken) = inbox.accept(db, [Update("web", "2"), Update("web", "3")], NOW, KEYS)
        inbox.fail(db, broken.id, inbox.FAILED, "?")
        outbox.enqueue(db, [message(anna, "sent"), message(anna, "never due", NOW + 99 * DAY)])
        (row,) = outbox.claim(db, "web", "me", NOW, MINUTE, 9)
        outbox.settle(db, [outbox.sent(row, NOW)], "me")
        assert sweep(db, NOW + 30 * DAY) == {}
        assert sweep(db, NOW + 30 * DAY + MINUTE) == {"transcripts": 2, "updates": 2, "delivered": 1}
        assert [row.id for row in inbox.claim(db, 9, KEYS)] == [waiting.id]
        assert statuses(db, outbox_table) == {"due": 1}


def test_a_draft_goes_after_seven_silent_days_and_one_still_under_way_stays(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        silent, talking = add_contact(db, "1"), add_contact(db, "2")
        sessions.save(db, [session(silent, round_)])
        answers.append(
            db, [answer(round_, b"silent", counted_at=None), text(round_, "old", b"silent", counted_at=None)]
        )
        sessions.save(db, [session(talking, round_, NOW + MINUTE, updated_at=NOW + 6 * DAY)])
        answers.append(db, [answer(round_, b"talking", at=NOW + MINUTE, counted_at=None)])
        assert sweep(db, NOW + 7 * DAY) == {}
        assert sweep(db, NOW + 7 * DAY + 2 * MINUTE) == {"sessions_unfinished": 1, "answers_never_handed_in": 2}
        assert len(answers.of(db, round_.id, b"talking")) == 1
        answers.hand_in(db, [(round_.id, b"talking")], NOW + 8 * DAY)
        assert sweep(db, NOW + 8 * DAY) == {}
        assert answers.handed_in(db, [round_.id]) == {round_.id: 1}


def test_what_was_taken_back_goes_after_seven_days(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_), answer(round_, state="why")])
        answers.withdraw(db, [(round_.id, b"anna", "why")], NOW)
        assert sweep(db, NOW + 7 * DAY) == {}
        assert sweep(db, NOW + 8 * DAY) == {"answers_taken_back": 1}


def test_thirty_days_after_closing_nobody_is_linked_to_their_answers_any_more(database: Database) -> None:
    with database.transaction() as db:
        closed = add_round(db, "closed", state="closed", closed_at=NOW)
        opened = add_round(db, "open")
        anna = add_contact(db)
        contacts.set_invite_again(db, anna.id, NOW)
        sessions.save(db, [session(anna, of, status="completed", ended_at=NOW) for of in (closed, opened)])
        answers.append(db, [answer(closed)])
        findings.keep(db, closed.id, NOW, "{}")
        assert sweep(db, NOW + 30 * DAY) == {}
        assert sweep(db, NOW + 31 * DAY) == {"round_keys": 1, "sessions_of_closed_rounds": 1}
        after = rounds.by_ids(db, [closed.id, opened.id])
        assert after[closed.id].key_sealed is None
        assert after[opened.id].key_sealed is not None
        assert [row.round_id for row in sessions.all_of(db, anna.id)] == [opened.id]
        assert answers.handed_in(db, [closed.id]) == {closed.id: 1}
        assert sweep(db, NOW + 31 * DAY) == {}


def test_the_link_stays_until_the_answers_are_counted_and_a_cancelled_round_never_is(database: Database) -> None:
    with database.transaction() as db:
        over = [add_round(db, state, state=state, closed_at=NOW) for state in ("closed", "cancelled")]
        anna = add_contact(db)
        contacts.set_invite_again(db, anna.id, NOW)
        sessions.save(db, [session(anna, of, status="completed", ended_at=NOW) for of in over])
        assert sweep(db, NOW + 31 * DAY) == {"round_keys": 1, "sessions_of_closed_rounds": 1}
        assert [row.round_id for row in sessions.all_of(db, anna.id)] == [over[0].id]
        findings.keep(db, over[0].id, NOW, "{}")
        assert sweep(db, NOW + 31 * DAY) == {"round_keys": 1, "sessions_of_closed_rounds": 1}


def test_once_the_report_is_out_the_about_you_answers_go_and_later_the_wishes(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db, state="closed", closed_at=NOW, reported_at=NOW + DAY)
        anna = add_contact(db)
        contacts.set_invite_again(db, anna.id, NOW)
        wishes.add(db, [(round_.id, anna.id)], NOW)
        answers.append(db, [answer(round_), answer(round_, state="age", item="you.age", choice="25-44")])
        assert sweep(db, NOW + DAY - MINUTE) == {}
        assert sweep(db, NOW + DAY) == {}, "who answered has not been counted"
        findings.keep(db, round_.id, NOW, "{}")
        assert sweep(db, NOW + DAY) == {"about_you": 1}
        wishes.add(db, [(round_.id, anna.id)], NOW, wishes.CLEAR)
        rounds.invite(db, round_.id, [anna.id], "report_back", NOW)
        assert sweep(db, NOW + 31 * DAY + MINUTE) == {"wishes": 2, "round_keys": 1, "who_was_written_to": 1}
        assert trail.heard(db, round_.id) == trail.Heard(told=1, clear=1)


def test_who_never_got_the_result_was_not_told_of_it_also_once_the_letters_are_gone(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db, state="reported_back", closed_at=NOW, reported_at=NOW)
        anna, bea = add_contact(db, "anna"), add_contact(db, "bea")
        wishes.add(db, [(round_.id, anna.id), (round_.id, bea.id)], NOW)
        findings.keep(db, round_.id, NOW, "{}")
        rounds.invite(db, round_.id, [anna.id, bea.id], "report_back", NOW)
        for one in (anna, bea):
            outbox.enqueue(db, [message(one, f"report.{round_.id}.{one.id}.0", NOW)])
        assert rounds.told(db, round_.id) == 2
        gone = metadata.tables["outbox"].c.key == f"report.{round_.id}.{bea.id}.0"
        db.execute(update(metadata.tables["outbox"]).where(gone).values(status=outbox.GONE, sent_at=NOW))
        assert rounds.told(db, round_.id) == 1
        sweep(db, NOW + DAY)
        assert rounds.told(db, round_.id) == 1
        sweep(db, NOW + 31 * DAY + MINUTE)
        assert (rounds.told(db, round_.id), trail.heard(db, round_.id).told) == (1, 1)


def test_nobody_waits_for_ever_for_the_result_of_a_cancelled_round(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db, state="cancelled", closed_at=NOW)
        anna = add_contact(db)
        wishes.add(db, [(round_.id, anna.id)], NOW)
        assert "wishes" not in sweep(db, NOW + 30 * DAY)
        gone = sweep(db, NOW + 30 * DAY + MINUTE)
        assert (gone["wishes"], gone["contacts"]) == (1, 1)
        assert trail.heard(db, round_.id) == trail.Heard()


@pytest.mark.parametrize("reported", [True, False])
def test_answers_go_twelve_months_after_the_report_or_the_closing(database: Database, reported: bool) -> None:
    with database.transaction() as db:
        start = NOW if reported else NOW - 200 * DAY
        round_ = add_round(db, state="closed", closed_at=NOW - 200 * DAY, reported_at=NOW if reported else None)
        sweep(db, start)
        answers.append(db, [answer(round_, at=start)])
        year = start.replace(year=start.year + 1)
        assert "answers" not in sweep(db, year)
        assert sweep(db, year + MINUTE)["answers"] == 1
        assert rounds.get(db, round_.id) is not None


def test_answers_of_a_round_without_an_end_go_twelve_months_after_they_were_given_also_once_it_is_closed(
    database: Database,
) -> None:
    with database.transaction() as db:
        round_ = add_round(db, state="reported_back", closed_at=NOW + 200 * DAY, reported_at=NOW + 300 * DAY)
        answers.append(db, [answer(round_), answer(round_, b"ben", at=NOW + DAY)])
        assert sweep(db, NOW.replace(year=2027) + MINUTE)["answers"] == 1


@pytest.mark.parametrize("told", [None, NOW + 300 * DAY])
@pytest.mark.parametrize("counted", [True, False])
def test_answers_go_on_the_day_that_people_were_told_however_late_the_report_came(
    database: Database, told: datetime | None, counted: bool
) -> None:
    with database.transaction() as db:
        late = NOW + 200 * DAY
        round_ = add_round(db, state="reported_back", closed_at=NOW, closes_at=NOW, reported_at=late, forget_at=told)
        open_ = add_round(db, "open", closes_at=NOW + 900 * DAY, forget_at=told)
        if counted:
            findings.keep(db, round_.id, NOW, "{}")
        answers.append(db, [answer(round_), answer(open_)])
        day = told or NOW + timedelta(days=12 * retention.MONTH)
        sweep(db, day - MINUTE)
        assert answers.handed_in(db, [round_.id, open_.id]) == {round_.id: 1, open_.id: 1}
        sweep(db, day + MINUTE)
        assert answers.handed_in(db, [round_.id, open_.id]) == {open_.id: 1} | ({} if counted else {round_.id: 1})


def test_a_round_that_got_more_time_is_held_to_the_day_that_people_were_told_before(database: Database) -> None:
    with database.transaction() as db:
        end = NOW + 500 * DAY
        for code, begun in (("begun", NOW), ("draft", NOW + 2 * DAY)):
            row = add_round(db, code, closes_at=end, opened_at=begun)
            for day, old in ((1, NOW + 30 * DAY), (3, NOW + 90 * DAY)):
                changed = {"closes_at": (old.isoformat(), end.isoformat())}
                trail.add(db, row.id, NOW + day * DAY, "Ana", "extended", "snow", changed=changed)
        sweep(db, NOW + 4 * DAY)
        held = {row.code: row.forget_at for row in rounds.find(db)}
        assert all(held.values())
        told = {
            code: NOW + timedelta(days=days + 12 * retention.MONTH) for code, days in (("begun", 30), ("draft", 90))
        }
        assert {code: at and (at - timedelta(days=1)).date() for code, at in held.items()} == {
            code: at.date() for code, at in told.items()
        }


def test_without_an_end_answers_go_when_people_were_told_also_if_the_time_has_become_longer_since(
    database: Database,
) -> None:
    longer, shorter = replace(POLICY, answers_months=36), replace(POLICY, answers_months=6)
    year = NOW.replace(year=2027)
    with database.transaction() as db:
        pulse = add_round(db)
        answers.append(
            db, [answer(pulse, b"before", at=NOW - DAY), answer(pulse), answer(pulse, b"bea", at=NOW + 9 * DAY)]
        )
        sweep(db, NOW)
        for day in (8, 10):
            retention.forget(db, NOW + day * DAY, longer)
        assert proof.of(db) == []
        assert "answers" not in retention.forget(db, year - DAY, longer)
        assert retention.overdue(db, year + 3 * DAY, longer) == {"answers": 2}
        assert retention.forget(db, year + MINUTE, longer)["answers"] == 2
        assert answers.handed_in(db, [pulse.id]) == {pulse.id: 1}
        assert "answers" not in retention.forget(db, year + 400 * DAY, longer)
        assert retention.forget(db, year + 401 * DAY, shorter)["answers"] == 1


def test_in_an_always_open_round_answers_go_twelve_months_after_they_were_given(database: Database) -> None:
    with database.transaction() as db:
        pulse, long_ = add_round(db, "pulse"), add_round(db, "long", closes_at=NOW + 900 * DAY)
        answers.append(db, [answer(pulse), answer(pulse, b"ben", at=NOW + DAY), answer(long_)])
        assert sweep(db, NOW.replace(year=2027) + MINUTE) == {"answers": 1}
        assert answers.handed_in(db, [pulse.id, long_.id]) == {pulse.id: 1, long_.id: 1}


def test_what_was_answered_before_a_round_was_given_its_end_goes_twelve_months_after(database: Database) -> None:
    with database.transaction() as db:
        given, later = (add_round(db, name, closes_at=NOW + 500 * DAY) for name in ("given", "later"))
        answers.append(db, [answer(round_, who, at=at) for round_ in (given, later) for who, at in BEFORE_AND_AFTER])
        for round_, old in ((given, None), (later, (NOW + 90 * DAY).isoformat())):
            trail.add(db, round_.id, NOW, "Ana", "created", changed={"closes_at": (None, old)})
            end = (NOW + 500 * DAY).isoformat()
            trail.add(db, round_.id, NOW + DAY, "Ana", "extended", "snow", changed={"closes_at": (old, end)})
        sweep(db, NOW.replace(year=2027) - MINUTE)
        assert answers.handed_in(db, [given.id, later.id]) == {given.id: 2, later.id: 2}
        sweep(db, NOW.replace(year=2027) + 30 * DAY)
        assert answers.handed_in(db, [given.id, later.id]) == {given.id: 1, later.id: 2}


def test_a_round_without_an_end_keeps_answers_no_longer_than_its_record_says(database: Database) -> None:
    with database.transaction() as db:
        told, silent = add_round(db, "told", forget_at=NOW + 30 * DAY), add_round(db, "silent")
        answers.append(db, [answer(told), answer(silent), answer(told, b"ben", at=NOW + 40 * DAY)])
        sweep(db, NOW + 30 * DAY - MINUTE)
        assert answers.handed_in(db, [told.id, silent.id]) == {told.id: 2, silent.id: 1}
        sweep(db, NOW + 40 * DAY)
        assert answers.handed_in(db, [told.id, silent.id]) == {told.id: 1, silent.id: 1}
        sweep(db, NOW + 41 * DAY + MINUTE)
        assert answers.handed_in(db, [told.id, silent.id]) == {silent.id: 1}


def test_contacts_nothing_needs_any_more_go_and_the_others_stay(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        names = ("stranger", "willing", "stopped", "staff", "answering", "wishing", "waiting", "recent")
        who = {name: add_contact(db, name, at=NOW + DAY if name == "recent" else NOW) for name in names}
        contacts.set_invite_again(db, who["willing"].id, NOW)
        contacts.set_stopped(db, who["stopped"].id, NOW)
        contacts.set_person(db, who["staff"].id, people.add(db, "Ana", "es", NOW).id)
        sessions.save(db, [session(who["answering"], round_, status="completed")])
        wishes.add(db, [(round_.id, who["wishing"].id)], NOW)
        outbox.enqueue(db, [message(who["waiting"], "later", NOW + 90 * DAY)])
        assert sweep(db, NOW + 30 * DAY + MINUTE) == {"contacts": 2}
        left = contacts.by_ids(db, [contact.id for contact in who.values()])
        assert set(left) == {contact.id for name, contact in who.items() if name not in {"stranger", "stopped"}}


def test_who_said_stop_is_kept_a_while_and_a_mail_address_then_as_a_hash_and_a_date(database: Database) -> None:
    with database.transaction() as db:
        mailed, strange = (add_contact(db, f"{n}@b.example", channel="mail") for n in range(2))
        chat = add_contact(db, "chat")
        for one in (mailed, strange, chat):
            contacts.set_stopped(db, one.id, NOW + DAY)
        outside = Keys([b"x" * 32]).seal("1@b.example")
        db.execute(update(metadata.tables["contacts"]).where(text_("id = 2")).values(address_sealed=outside))
        mark = KEYS.quiet_hash("mail", "0@b.example")
        assert retention.forget(db, NOW + 31 * DAY, POLICY, KEYS) == {}
        assert retention.forget(db, NOW + 31 * DAY + MINUTE, POLICY) == {"contacts": 1}
        assert audience.hushed(db, [mark]) == set()
        assert retention.forget(db, NOW + 31 * DAY + MINUTE, POLICY, KEYS) == {retention.HUSHED: 1}
        assert audience.hushed(db, [mark]) == {mark}
        assert list(contacts.by_ids(db, [mailed.id, strange.id, chat.id])) == [strange.id]


def test_an_address_on_the_quiet_list_is_found_as_it_was_kept_and_as_lists_spell_it(database: Database) -> None:
    with database.transaction() as db:
        contacts.set_stopped(db, add_contact(db, "Anna@B.example", channel="mail").id, NOW)
        late = NOW + 31 * DAY
        assert retention.forget(db, late, POLICY, KEYS, str.lower) == {retention.HUSHED: 1}
        marks = {KEYS.quiet_hash("mail", each) for each in ("Anna@B.example", "anna@b.example")}
        assert audience.hushed(db, sorted(marks)) == marks


def test_the_name_of_former_staff_goes_once_nothing_is_told_by_it(database: Database) -> None:
    with database.transaction() as db:
        gone, wrote, stays, read = (people.add(db, name, "en", NOW).id for name in ("Gus", "Walt", "Stella", "Rita"))
        people.grant(db, gone, "manager", "library", NOW)
        people.grant(db, stays, "manager", "library", NOW)
        anna = add_contact(db)
        thread = threads.open_(db, "ABC", anna.id, "library", NOW + 20 * DAY)
        threads.add(db, threads.NewWords(thread.id, NOW + 20 * DAY, "staff", b"sealed", wrote))
        digests.write(db, digests.DigestRow(read, "library", "2026-W47", NOW + 20 * DAY, "null"))
        assert sweep(db, NOW + 31 * DAY) == {}
        people.remove(db, gone)
        assert sweep(db, NOW + 31 * DAY) == {"names_of_former_staff": 1}
        assert [each.name for each in people.everyone(db)] == ["", "Walt", "Stella", "Rita"]
        sweep(db, NOW + 60 * DAY)
        assert [each.name for each in people.everyone(db)] == ["", "", "Stella", ""]
        assert len(digests.of(db, read)) == 1


def test_the_name_of_who_was_long_here_goes_as_long_after_the_last_role(database: Database) -> None:
    with database.transaction() as db:
        ola, zoe = (people.add(db, name, "en", NOW - 700 * DAY).id for name in ("Ola", "Zoe"))
        for who in (ola, zoe):
            people.grant(db, who, "organiser", "library", NOW - 700 * DAY)
            people.remove(db, who)
            people.leave(db, who, NOW)
        assert sweep(db, NOW + 30 * DAY) == {}
        people.grant(db, zoe, "manager", "library", NOW + 30 * DAY)
        assert sweep(db, NOW + 30 * DAY + MINUTE) == {"names_of_former_staff": 1}
        people.remove(db, zoe)
        people.leave(db, zoe, NOW + 60 * DAY)
        assert sweep(db, NOW + 90 * DAY) == {}
        assert sweep(db, NOW + 90 * DAY + MINUTE) == {"names_of_former_staff": 1}


def test_a_block_is_remembered_for_a_while_and_not_for_ever(database: Database) -> None:
    with database.transaction() as db:
        contacts.set_blocked(db, add_contact(db, "1").id, NOW + 20 * DAY, "spam")
        assert sweep(db, NOW + 40 * DAY) == {}
        assert sweep(db, NOW + 50 * DAY + MINUTE) == {"contacts": 1}


def test_a_flow_file_that_was_sent_goes_and_what_was_published_of_it_stays(database: Database) -> None:
    with database.transaction() as db:
        contact = add_contact(db, "1")
        manuscripts.add(db, manuscripts.NewManuscript(contact.id, "m1", "f", "tea.toml", NOW, NOW))
        flow_versions.publish(db, "tea", 1, "00", "{}", NOW, "telegram")
        assert sweep(db, NOW + 29 * DAY) == {}
        assert sweep(db, NOW + 31 * DAY)["manuscripts"] == 1
        assert flow_versions.sent(db) == [("tea", 1)]


def test_that_there_was_danger_stays_as_a_number_and_who_wrote_of_it_goes(database: Database) -> None:
    with database.transaction() as db:
        old, new = add_contact(db, "old").id, add_contact(db, "new").id
        for n, (contact, at) in enumerate(((old, NOW - 31 * DAY), (new, NOW))):
            assert alarms.sound(db, bytes([n]), "library", at, contact_id=contact) is not None
            alarms.keep(db, n + 1, b"sealed")
        assert retention.forget(db, NOW, POLICY)["alarms"] == 1
        assert db.execute(select(metadata.tables["alarms"].c.contact_id).order_by("id")).scalars().all() == [None, new]
        assert [each.sealed for each in alarms.open_of(db, "library", 9)] == [None, b"sealed"]
        assert alarms.waiting(db, "library") == 2


def test_used_links_and_ended_sign_ins_go(database: Database) -> None:
    with database.transaction() as db:
        ana = people.add(db, "Ana", "es", NOW)
        people.add_link(db, Link(b"x", "sign_in", NOW, NOW + DAY, person_id=ana.id))
        people.sign_in(db, b"y", ana.id, NOW, NOW + DAY)
        assert sweep(db, NOW + DAY) == {}
        assert sweep(db, NOW + DAY + MINUTE) == {"sign_ins": 1}
        assert sweep(db, NOW + 32 * DAY) == {"links": 1, "names_of_former_staff": 1}
        assert people.get(db, ana.id) is not None


def test_every_sweep_leaves_proof_of_kind_number_and_moment_only(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db, channel="web")
        messages.append(db, [NewLine(anna.id, "in", NOW, "citizen", "{}")])
        later = NOW + 40 * DAY
        assert sweep(db, later) == {"transcripts": 1, "contacts": 1}
        assert proof.of(db) == [proof.Forgetting(later, "transcripts", 1), proof.Forgetting(later, "contacts", 1)]


def test_after_all_dates_nothing_of_a_person_is_left_but_round_and_digests(database: Database) -> None:
    with database.transaction() as db:
        manager = people.add(db, "Ana", "es", NOW)
        round_ = add_round(db, state="closed", closed_at=NOW, reported_at=NOW)
        anna = add_contact(db, channel="web")
        inbox.take(db, [Update("web", "1")], NOW)
        sessions.save(db, [session(anna, round_, status="completed")])
        answers.append(db, [answer(round_), text(round_, "words", quotable=True)])
        wishes.add(db, [(round_.id, anna.id)], NOW)
        rounds.invite(db, round_.id, [anna.id], "invitation", NOW)
        messages.append(db, [NewLine(anna.id, "in", NOW, "citizen", "{}")])
        said = db.execute(select(metadata.tables["answers"].c.id).where(metadata.tables["answers"].c.text == "words"))
        quote = f'{{"answer":"{said.scalar_one()}","text":"words"}}'
        body = f'{{"problems":[{{"people":7,"quote":{quote}}}],"voices":{{"quotes":[{quote}],"total":9}},"works":null}}'
        digests.write(db, digests.DigestRow(manager.id, "library", "2026-W47", NOW, body))
        findings.keep(db, round_.id, NOW, "{}")
        sweep(db, NOW + 400 * DAY)
        left = {table for table in metadata.tables if rows(db, table)}
        assert left == {"rounds", "round_log", "findings", "digests", "people", "forgettings", "invitations"}
        assert rounds.invited(db, round_.id) == {"invitation": 1}
        kept = db.execute(select(metadata.tables["digests"].c.body)).scalar_one()
        assert kept == '{"problems":[{"people":7,"quote":null}],"voices":{"quotes":[],"total":9},"works":null}'


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        (datetime(2026, 3, 31, 9, tzinfo=UTC), 1, datetime(2026, 2, 28, 9, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), 12, datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 1, datetime(2025, 12, 15, tzinfo=UTC)),
        (datetime(2026, 12, 15, tzinfo=UTC), 12, datetime(2025, 12, 15, tzinfo=UTC)),
        (datetime(2026, 12, 15, tzinfo=UTC), 0, datetime(2026, 12, 15, tzinfo=UTC)),
    ],
)
def test_months_are_calendar_months(now: datetime, months: int, then: datetime) -> None:
    assert months_before(now, months) == then


def test_every_table_is_swept_or_goes_with_what_is_swept_or_says_why_it_lasts() -> None:
    statements = [make(NOW, POLICY) for make in retention._SWEEPS.values()]
    swept = {table.name for table in metadata.sorted_tables if any(each.table is table for each in statements)}
    swept -= {each for each in swept if all(one.is_update for one in statements if one.table is metadata.tables[each])}
    while more := {table.name for table in metadata.sorted_tables if _goes_with(table, swept)} - swept:
        swept |= more
    lasting = set(retention.LASTING)
    assert set(metadata.tables) - swept - lasting == set()
    assert lasting - set(metadata.tables) == set()
    assert {"answers", "sessions", "contacts", "messages", "inbox", "outbox", "thread_messages", "wishes"} <= swept


def _goes_with(table: Table, swept: set[str]) -> bool:
    return any(key.ondelete == "CASCADE" and key.column.table.name in swept for key in table.foreign_keys)


def test_who_was_asked_rests_as_long_as_that_is_remembered_and_no_longer(database: Database) -> None:
    """Where the link of a round goes sooner, its invitation still keeps others of the service from asking."""
    soon = replace(POLICY, close_days=15)
    with database.transaction() as db:
        anna = add_contact(db)
        round_ = add_round(db, closed_at=NOW + DAY, state="cancelled")
        for which in ("invitation", "reminder"):
            rounds.invite(db, round_.id, [anna.id], which, NOW)
    found = []
    for day in (15, 17, 29, 31):
        with database.transaction() as db:
            retention.forget(db, NOW + day * DAY, soon)
            found.append([which for _, which, _ in rounds.written_to(db, anna.id)])
            assert rounds.invited(db, round_.id) == {"invitation": 1, "reminder": 1}
    assert found == [["invitation", "reminder"], ["invitation"], ["invitation"], []]


def test_a_round_without_an_end_keeps_nobody_for_its_letters(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        left, talks, listed = (add_contact(db, name) for name in ("left", "talks", "listed"))
        for which in ("invitation", "again.1"):
            rounds.invite(db, round_.id, [left.id, talks.id, listed.id], which, NOW)
        sessions.save(db, [session(talks, round_, status="completed")])
        row = {"round_id": round_.id, "contact_id": listed.id, "state": "invited", "reason": "", "source": "list"}
        db.execute(insert(metadata.tables["audience"]).values(row))
        assert sweep(db, NOW + 30 * DAY) == {}
        assert retention.forget(db, NOW + 31 * DAY, replace(POLICY, transcript_days=40)) == {}
        assert sweep(db, NOW + 31 * DAY) == {"who_was_written_to": 2, "contacts": 1}
        assert sorted(contacts.by_ids(db, [left.id, talks.id, listed.id])) == [talks.id, listed.id]
        assert rounds.invited(db, round_.id) == {"invitation": 3, "again.1": 3}


def test_what_the_sweep_has_not_forgotten_or_may_not_is_told(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        round_ = add_round(db, closed_at=NOW, state="closed")
        sessions.save(db, [session(anna, round_)])
        inbox.accept(db, [Update("telegram", "1")], NOW, KEYS)
        outbox.enqueue(db, [message(anna, "never sent")])
        assert retention.overdue(db, NOW + 31 * DAY, POLICY) == {"sessions_unfinished": 1}
        late = NOW + 33 * DAY
        sweep(db, late)
        assert retention.overdue(db, late, POLICY) == {
            "updates_waiting": 1,
            "messages_unsent": 1,
            "rounds_uncounted": 1,
        }


SUMS = ("week_counts", "week_people", "week_changes")


def numbers(db: Connection, table: str, column: str = "count") -> list[int]:
    return sorted(db.execute(select(metadata.tables[table].c[column])).scalars())


@pytest.mark.parametrize("stays", [True, False])
def test_sums_of_few_people_go_with_their_answers_and_larger_ones_stay(database: Database, stays: bool) -> None:
    """Where somebody's answers are kept of a week before, later weeks are counted anew; else they go as a whole."""
    weeks = [(NOW + n * 7 * DAY, NOW + (n + 1) * 7 * DAY) for n in range(3)]
    with database.transaction() as db:
        over, runs = (
            add_round(db, closed_at=NOW + 20 * DAY, state="closed"),
            add_round(db, "runs", closes_at=NOW + 900 * DAY),
        )
        if stays:
            answers.append(db, [answer(runs, at=NOW)])
        answers.append(db, [answer(over, bytes([n]), at=NOW + (8 + n) * DAY) for n in range(3)])
        for day, number in (("2026-11-23", 7), ("2026-11-24", 4)):
            moves.count(db, {(over.id, day, "overall", "why"): number, (over.id, day, "why", "end"): 4})
        moves.count(db, {(runs.id, "2026-11-24", "overall", "why"): 4})
        for of in (over, runs):
            place = places.add(db, of.id, f"{of.code}-door", "Door", NOW)
            places.count(db, {(place.id, places.SEEN): 12, (place.id, places.STARTED): 9})
    weekly.keep(database, "library", weeks)
    with database.transaction() as db:
        before = {table: rows(db, table) for table in SUMS}
        assert before["week_counts"] == 1 + stays
        sweep(db, NOW + 300 * DAY)
        assert {table: rows(db, table) for table in SUMS} == before
        assert numbers(db, "arrivals") == [9, 9, 12, 12]
        assert sweep(db, NOW + 500 * DAY)["answers"] == 3
        kept = {table: rows(db, table) for table in SUMS}
        assert kept["week_counts"] == kept["week_people"] == stays
        assert rows(db, "weeks") == (3 if stays else 0)
        assert numbers(db, "moves") == [0, 4, 11], "the days of what is over are one"
        assert moves.of(db, over.id) == [moves.Move("overall", "why", 11), moves.Move("why", "end", 0)]
        assert numbers(db, "arrivals") == [0, 9, 12, 12]
        (there,) = places.counts(db, over.id).values()
        assert there == places.Arrivals(12, None, 0)
        assert sweep(db, NOW + 501 * DAY) == {}
        assert numbers(db, "moves") == [0, 4, 11]
    weekly.keep(database, "library", weeks[:1] if stays else [])
    with database.reading() as db:
        assert weekly.in_rounds(db, "library") == ({runs.id: 1} if stays else {})
        assert [each.people for each in weekly.figures(db, "library", weeks).values()][1:] == [(), ()]


def test_what_people_did_long_ago_in_a_round_without_an_end_is_one_sum(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        for day in ("2025-01-01", "2025-01-02", "2026-11-20"):
            moves.count(db, {(round_.id, day, "overall", "why"): 3})
        moves.count(db, {(round_.id, "2025-01-01", "why", "end"): 9})
        for _ in range(2):
            sweep(db)
            assert numbers(db, "moves") == [0, 3, 6]
            assert moves.of(db, round_.id) == [moves.Move("overall", "why", 9), moves.Move("why", "end", 0)]


def test_a_web_chat_keeps_for_a_day_what_it_told_somebody_of_what_is_kept(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db, channel="web")
        lines = [NewLine(anna.id, key, NOW, "bot", "{}") for key in ("out:web:1.0", f"out:web:2.0{OWN}")]
        messages.append(db, lines)
        assert sweep(db, NOW + DAY) == {}
        assert sweep(db, NOW + DAY + MINUTE) == {"transcripts": 1}
        assert [line.key for line in messages.of(db, anna.id)] == ["out:web:1.0"]
