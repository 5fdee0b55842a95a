"""Contacts are found by keyed hash, say what they allow, and can be forgotten without a trace."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage import (
    actions,
    alarms,
    audience,
    contacts,
    entries,
    manuscripts,
    messages,
    outbox,
    people,
    proof,
    rounds,
    sessions,
    threads,
    wishes,
)
from storage.messages import NewLine
from storage.tables import invitations, metadata
from storage.tables import messages as lines
from storage.tables import sessions as session_table
from tests.storage.makers import DAY, KEYS, MINUTE, NOW, add_contact, add_round, message, new_contact, session

if TYPE_CHECKING:
    from storage.contacts import Contact
    from storage.database import Database


def test_a_contact_is_found_by_channel_and_hash_only(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db, "4711", "telegram")
        add_contact(db, "4711", "web")
        found = contacts.find(db, [anna.address, ("telegram", b"nobody"), anna.address])
    assert found == {anna.address: anna}
    assert KEYS.unseal(anna.address_sealed) == "4711"


def test_finding_nobody_asks_nothing(database: Database) -> None:
    with database.transaction() as db:
        assert contacts.find(db, []) == {}


def test_adding_gives_old_and_new_contacts_in_the_order_asked(database: Database) -> None:
    with database.transaction() as db:
        old = add_contact(db, "1", at=NOW - DAY)
        new, same, twice = contacts.add(db, [new_contact("2"), new_contact("1"), new_contact("2")])
    assert same == old
    assert new == twice
    assert new.first_seen_at == new.last_seen_at == NOW


def test_who_writes_again_was_just_seen_and_can_be_reached(database: Database) -> None:
    with database.transaction() as db:
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        contacts.set_unreachable(db, anna.id, NOW)
        contacts.seen(db, [anna.id, anna.id], NOW + DAY)
        contacts.seen(db, [], NOW + DAY)
        after = contacts.by_ids(db, [anna.id, ben.id])
    assert (after[anna.id].last_seen_at, after[anna.id].unreachable_at) == (NOW + DAY, None)
    assert after[ben.id] == ben


def test_what_a_contact_allows_is_kept_and_taken_back(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        person = people.add(db, "Anna", "en", NOW)
        contacts.set_language(db, anna.id, "es")
        contacts.set_invite_again(db, anna.id, NOW)
        contacts.set_stopped(db, anna.id, NOW)
        contacts.set_asks(db, anna.id, "confirm_delete")
        contacts.set_person(db, anna.id, person.id)
        told = contacts.get(db, anna.id)
        assert told is not None
        assert (told.language, told.invite_again_at, told.stopped_at) == ("es", NOW, NOW)
        assert (told.asks, told.person_id) == ("confirm_delete", person.id)
        assert not told.may_be_written_to
        assert contacts.of_person(db, person.id) == [told]
        contacts.set_stopped(db, anna.id, None)
        contacts.set_asks(db, anna.id, None)
        back = contacts.get(db, anna.id)
        assert back is not None
        assert back.may_be_written_to
        assert back.asks is None


def test_a_renamed_address_is_followed(database: Database) -> None:
    with database.transaction() as db:
        group, new = add_contact(db, "-100"), new_contact("-200")
        for _ in range(2):
            contacts.relocate(db, group.id, new.address_hash, new.address_sealed)
        moved = contacts.get(db, group.id)
    assert moved is not None
    assert (moved.address_hash, KEYS.unseal(moved.address_sealed)) == (new.address_hash, "-200")
    assert moved.may_be_written_to


def test_what_waits_for_an_address_renamed_to_a_known_one_goes_there(database: Database) -> None:
    with database.transaction() as db:
        group, known = add_contact(db, "-100"), add_contact(db, "-200")
        outbox.enqueue(db, [message(group, "waits")])
        contacts.relocate(db, group.id, known.address_hash, known.address_sealed)
        left = contacts.get(db, group.id)
        (row,) = outbox.claim(db, "telegram", "me", NOW, MINUTE, 9)
    assert left is not None
    assert left.unreachable_at == group.last_seen_at
    assert left.address_hash == group.address_hash
    assert (row.contact_id, KEYS.unseal(row.address_sealed)) == (known.id, "-200")


WHY = {
    "willing": "",
    "stopped": "stopped",
    "gone": "unreachable",
    "asked": "",
    "lately": "asked",
    "long_ago": "",
    "other_service": "",
}


def test_only_willing_reachable_contacts_not_asked_lately_are_invited(database: Database) -> None:
    with database.transaction() as db:
        now_round, earlier = add_round(db, "now"), add_round(db, "earlier")
        elsewhere = add_round(db, "bus", service="bus")
        names = ("willing", "unwilling", "stopped", "gone", "asked", "lately", "long_ago", "other_service")
        who = {name: add_contact(db, name) for name in names}
        for name in names:
            if name != "unwilling":
                contacts.set_invite_again(db, who[name].id, NOW)
        contacts.set_stopped(db, who["stopped"].id, NOW)
        contacts.set_unreachable(db, who["gone"].id, NOW)
        rounds.invite(db, now_round.id, [who["asked"].id], "invitation", NOW)
        rounds.invite(db, earlier.id, [who["lately"].id], "invitation", NOW - DAY)
        rounds.invite(db, earlier.id, [who["long_ago"].id], "invitation", NOW - 31 * DAY)
        rounds.invite(db, elsewhere.id, [who["other_service"].id], "invitation", NOW - DAY)
        rules = audience.Rules(now_round.id, "library", ("telegram",), NOW - 30 * DAY, NOW)
        found = audience.candidates(db, audience.Frame(), rules, 0, 100)
        why = {contact_id: reason for contact_id, _, _, reason in found}
        assert why == {who[name].id: said for name, said in WHY.items()}
        assert len(audience.candidates(db, audience.Frame(), rules, found[0].contact_id, 2)) == 2


def test_contacts_are_counted_by_channel(database: Database) -> None:
    with database.transaction() as db:
        for channel, address in (("web", "1"), ("web", "2"), ("telegram", "1")):
            add_contact(db, address, channel)
        assert contacts.counts(db) == {"web": 2, "telegram": 1}


ACTION = actions.NewAction("library", actions.FIX, actions.SCORE, actions.Origin("del.overall"), "A desk.", NOW)


def test_a_forgotten_contact_leaves_nothing_but_a_proof(database: Database) -> None:
    with database.transaction() as db:
        anna, ben, round_ = add_contact(db, "1"), add_contact(db, "2"), add_round(db)
        for contact in (anna, ben):
            sessions.save(db, [session(contact, round_)])
            wishes.add(db, [(round_.id, contact.id)], NOW)
            rounds.invite(db, round_.id, [contact.id], "invitation", NOW)
            audience.add(db, round_.id, [audience.Candidate(contact.id, contact.address_hash, None, "")])
            outbox.enqueue(db, [message(contact, f"hello {contact.id}")])
            messages.append(db, [NewLine(contact.id, f"in {contact.id}", NOW, "citizen", "{}")])
            entries.add(db, entries.Entry(contact.id, round_.id, None, entries.INDIVIDUAL, 1, "", NOW))
            threads.open_(db, f"name{contact.id}", contact.id, "library", NOW)
            alarms.sound(db, contact.address_hash, "library", NOW, contact_id=contact.id, round_id=round_.id)
            manuscripts.add(db, manuscripts.NewManuscript(contact.id, f"m{contact.id}", "f", "tea.toml", NOW, NOW))
        action = actions.add(db, ACTION, "Ana")
        actions.link(db, action.id, [actions.Link(each.id, round_.id) for each in (anna, ben)], actions.TOLD, NOW)
        contacts.forget(db, anna.id, NOW + MINUTE)
    with database.reading() as db:
        for table in metadata.sorted_tables:
            if "contact_id" in table.c:
                left = set(db.execute(select(table.c.contact_id)).scalars())
                assert left - {None} == {ben.id}, table.name  # a place in an audience stays, of nobody
        assert contacts.get(db, anna.id) is None
        assert proof.of(db) == [proof.Forgetting(NOW + MINUTE, "contact", 1)]
        assert db.execute(select(func.count()).select_from(session_table)).scalar() == 1
        assert {invitations.name, lines.name} < set(metadata.tables)


def test_the_id_of_a_forgotten_contact_never_comes_back(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db, "1")
        contacts.forget(db, anna.id, NOW)
        assert add_contact(db, "2").id > anna.id


def test_on_postgresql_a_contact_met_is_ours_until_the_commit_and_the_next_sees_what_we_wrote(
    database: Database,
) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        assert contacts.meet(db, []) == {}
    if database.dialect == "sqlite":
        return  # one writer at a time anyway
    locked = Event()
    seen: list[Contact] = []

    def second() -> None:
        with database.transaction() as db:
            seen.extend(contacts.meet(db, [anna.address]).values())
            locked.set()

    waiting = Thread(target=second)
    with database.transaction() as db:
        assert contacts.meet(db, [anna.address, anna.address]) == {anna.address: anna}
        contacts.set_language(db, anna.id, "es")
        waiting.start()
        assert not locked.wait(0.3)
    waiting.join(5)
    assert [one.language for one in seen] == ["es"]
