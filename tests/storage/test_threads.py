"""What a citizen and the people of a service write to each other is kept apart, sealed, and goes with the citizen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from storage import contacts, messages, outbox, people, retention, threads
from storage.messages import BOT, NewLine
from storage.outbox import NewMessage
from storage.threads import CITIZEN, STAFF, NewWords
from tests.storage.makers import DAY, KEYS, MINUTE, NOW, add_contact

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.contacts import Contact
    from storage.database import Database
    from storage.threads import Thread


class Two(NamedTuple):
    """A citizen and a thread of theirs."""

    citizen: Contact
    thread: Thread


def two(db: Connection, name: str = "7QK2M9", address: str = "4711") -> Two:
    citizen = add_contact(db, address)
    return Two(citizen, threads.open_(db, name, citizen.id, "library", NOW))


def words(thread: Thread, text: str, author: str = CITIZEN, at: datetime = NOW, **facts: Any) -> NewWords:
    return NewWords(thread.id, at, author, KEYS.seal(text))._replace(**facts)


def test_what_is_written_is_read_in_order_and_only_with_the_key(database: Database) -> None:
    with database.transaction() as db:
        one = two(db).thread
        for text, author in (("Where is the lift?", CITIZEN), ("Behind the stairs.", STAFF)):
            assert threads.add(db, words(one, text, author))
        found = threads.said(db, one.id)
        assert [(KEYS.unseal(each.sealed), each.author) for each in found] == [
            ("Where is the lift?", CITIZEN),
            ("Behind the stairs.", STAFF),
        ]
        assert b"lift" not in found[0].sealed
        assert threads.last_author(db, one.id) == STAFF


def test_the_same_form_adds_nothing_twice(database: Database) -> None:
    with database.transaction() as db:
        one = two(db).thread
        assert threads.add(db, words(one, "hello", STAFF, form="form-1"))
        assert threads.add(db, words(one, "hello", STAFF, form="form-1")) is None
        assert threads.add(db, words(one, "hello", STAFF)) is not None
        assert len(threads.said(db, one.id)) == 2


def test_a_thread_is_found_by_its_name_its_citizen_its_service_and_its_messages(database: Database) -> None:
    with database.transaction() as db:
        citizen, one = two(db)
        other = two(db, "CFGH23", "4712").thread
        threads.add(db, words(other, "x", sent_as=threads.sent_as(other.contact_id, "55")))
        threads.add(db, words(one, "y", at=NOW + MINUTE))
        assert threads.named(db, "7QK2M9") == one._replace(spoken_at=NOW + MINUTE)
        assert threads.named(db, "nobody") is None
        assert threads.going_on(db, citizen.id, "library") is not None
        assert threads.going_on(db, citizen.id, "bus7") is None
        assert [each.name for each in threads.of_contact(db, citizen.id)] == ["7QK2M9"]
        assert [each.name for each in threads.of_services(db, ["library"], closed=False)] == ["7QK2M9", "CFGH23"]
        assert threads.of_services(db, ["bus7"], closed=False) == []
        held = threads.holding(db, threads.sent_as(other.contact_id, "55"))
        assert held is not None
        assert held.name == "CFGH23"
        assert threads.holding(db, threads.sent_as(citizen.id, "55")) is None


def test_the_first_who_answers_looks_after_a_thread_until_it_is_handed_on(database: Database) -> None:
    with database.transaction() as db:
        one = two(db).thread
        maya, omar = people.add(db, "Maya", "en", NOW), people.add(db, "Omar", "en", NOW)
        assert threads.take(db, one.id, maya.id)
        assert not threads.take(db, one.id, omar.id)
        threads.hand_on(db, one.id, omar.id)
        found = threads.named(db, one.name)
        assert found is not None
        assert found.person_id == omar.id


def test_a_thread_is_closed_once_and_can_go_on_again(database: Database) -> None:
    with database.transaction() as db:
        citizen, one = two(db)
        assert threads.close(db, one.id, NOW)
        assert not threads.close(db, one.id, NOW)
        assert threads.going_on(db, citizen.id, "library") is None
        assert [each.name for each in threads.of_services(db, ["library"], closed=True)] == [one.name]
        threads.reopen(db, one.id)
        assert threads.going_on(db, citizen.id, "library") is not None


def test_only_the_citizens_messages_of_the_time_asked_for_are_counted(database: Database) -> None:
    with database.transaction() as db:
        one = two(db).thread
        for at, author in ((NOW - 2 * MINUTE, CITIZEN), (NOW, CITIZEN), (NOW, STAFF)):
            threads.add(db, words(one, "x", author, at))
        assert threads.written_since(db, one.id, NOW - MINUTE) == 1


@pytest.mark.parametrize(
    ("key", "name"),
    [("thread.7QK2M9.4.12.0", "7QK2M9"), ("telegram:12.0", None), ("thread", None), ("threads.x", None)],
)
def test_an_outbox_key_tells_its_thread(key: str, name: str | None) -> None:
    assert threads.name_in(key) == name


def sent(db: Connection, to: Contact, key: str) -> None:
    outbox.enqueue(db, [NewMessage(key, to.id, to.channel, 0, "{}", NOW, NOW)])
    (row,) = [row for row in outbox.claim(db, to.channel, "me", NOW, MINUTE, 9) if row.key == key]
    outbox.settle(db, [outbox.sent(row, NOW, f"m{key}")], "me")


def test_a_message_sent_in_a_thread_is_known_by_the_channels_id(database: Database) -> None:
    with database.transaction() as db:
        citizen, one = two(db)
        sent(db, citizen, threads.key(one.name, 1, citizen.id, 0))
        sent(db, citizen, "telegram:9.0")
        assert threads.name_of(db, citizen.id, "mthread.7QK2M9.1.1.0") == one.name
        assert threads.name_of(db, citizen.id, "mtelegram:9.0") is None
        assert threads.name_of(db, citizen.id + 1, "mthread.7QK2M9.1.1.0") is None


def test_with_the_citizen_go_thread_words_and_all_copies_at_staff(database: Database) -> None:
    with database.transaction() as db:
        citizen, one = two(db)
        threads.add(db, words(one, "private"))
        staff = add_contact(db, "staff", "web")
        contacts.set_person(db, staff.id, people.add(db, "Maya", "en", NOW).id)
        sent(db, staff, threads.key(one.name, 1, staff.id, 0))
        sent(db, staff, threads.key(f"{one.name}X", 1, staff.id, 0))
        messages.append(db, [NewLine(staff.id, f"out:{threads.key(one.name, 1, staff.id, 0)}", NOW, BOT, "{}")])
        assert threads.forget_copies(db, one.name) == 2
        contacts.forget(db, citizen.id, NOW)
        assert threads.named(db, one.name) is None
        assert threads.said(db, one.id) == []
        assert messages.of(db, staff.id) == []


def test_threads_are_forgotten_with_the_transcripts(database: Database) -> None:
    with database.transaction() as db:
        citizen, one = two(db)
        old = two(db, "CFGH23", "4712").thread
        threads.add(db, words(old, "long ago"))
        threads.add(db, words(one, "long ago"))
        threads.add(db, words(one, "lately", at=NOW + 20 * DAY))
        gone = retention.forget(db, NOW + 31 * DAY, retention.Policy())
        assert (gone["thread_messages"], gone["threads"]) == (2, 1)
        assert [KEYS.unseal(each.sealed) for each in threads.said(db, one.id)] == ["lately"]
        assert contacts.get(db, citizen.id) is not None
        retention.forget(db, NOW + timedelta(days=51), retention.Policy())
        assert contacts.get(db, citizen.id) is None
