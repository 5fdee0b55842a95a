"""What is decided is delivered: claimed by one, in order within a chat, settled by who holds the claim."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from storage import contacts, outbox, tables
from storage.outbox import BULK, DIGEST, REPLY
from tests.storage.makers import KEYS, MINUTE, NOW, add_contact, message
from tests.support.rows import statuses

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.database import Database
    from storage.outbox import OutboxRow


def claim(db: Connection, owner: str = "me", at: datetime = NOW, limit: int = 10) -> list[OutboxRow]:
    return outbox.claim(db, "telegram", owner, at, MINUTE, limit)


def keys(rows: list[OutboxRow]) -> list[str]:
    return [row.key for row in rows]


def test_the_same_key_is_the_same_message(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        assert outbox.enqueue(db, [message(anna, "a"), message(anna, "b"), message(anna, "a")]) == 2
        assert outbox.enqueue(db, [message(anna, "b", priority=BULK)]) == 0
        assert outbox.enqueue(db, []) == 0
        assert statuses(db, tables.outbox) == {"due": 2}


def test_a_claimed_message_brings_what_its_delivery_needs(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db, "4711")
        outbox.enqueue(db, [message(anna, "a", state="overall")])
        (row,) = claim(db)
    assert (row.contact_id, row.channel, row.body, row.state) == (anna.id, "telegram", '{"text": "a"}', "overall")
    assert (row.attempt, row.language, row.due_at, row.created_at) == (1, "en", NOW, NOW)
    assert KEYS.unseal(row.address_sealed) == "4711"


def test_replies_go_before_digests_before_bulk_then_what_was_due_first(database: Database) -> None:
    with database.transaction() as db:
        people = {name: add_contact(db, name) for name in ("bulk", "digest", "late", "early")}
        outbox.enqueue(
            db,
            [
                message(people["bulk"], "bulk", priority=BULK),
                message(people["digest"], "digest", priority=DIGEST),
                message(people["late"], "late", NOW),
                message(people["early"], "early", NOW - MINUTE),
            ],
        )
        assert keys(claim(db, limit=3)) == ["early", "late", "digest"]
        assert keys(claim(db)) == ["bulk"]


def test_only_what_is_due_on_the_channel_is_claimed(database: Database) -> None:
    with database.transaction() as db:
        outbox.enqueue(
            db,
            [
                message(add_contact(db, "1"), "tomorrow", NOW + MINUTE),
                message(add_contact(db, "2", "web"), "elsewhere"),
            ],
        )
        assert claim(db) == []
        assert keys(claim(db, at=NOW + MINUTE)) == ["tomorrow"]


def test_a_chat_gets_its_messages_one_after_the_other(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        outbox.enqueue(db, [message(anna, "first"), message(anna, "second"), message(anna, "third")])
        (first,) = claim(db)
        assert first.key == "first"
        assert claim(db) == []
        outbox.settle(db, [outbox.sent(first, NOW, "m1")], "me")
        assert keys(claim(db)) == ["second"]


def test_a_postponed_message_holds_up_what_follows_it_in_its_chat_only(database: Database) -> None:
    with database.transaction() as db:
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        outbox.enqueue(db, [message(anna, "first"), message(anna, "second"), message(ben, "other")])
        first, other = claim(db)
        later = [outbox.postpone(first, NOW + 5 * MINUTE, "429"), outbox.sent(other, NOW)]
        assert outbox.settle(db, later, "me") == 2
        assert claim(db, at=NOW + MINUTE) == []
        (again,) = claim(db, at=NOW + 5 * MINUTE)
        assert (again.key, again.attempt) == ("first", 2)


def test_a_reply_does_not_wait_for_bulk_of_the_same_chat(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        outbox.enqueue(
            db,
            [
                message(anna, "next week", NOW + 9000 * MINUTE, priority=BULK),
                message(anna, "invitation", priority=BULK),
                message(anna, "reply"),
            ],
        )
        (reply,) = claim(db)
        assert reply.key == "reply"
        outbox.settle(db, [outbox.sent(reply, NOW)], "me")
        assert keys(claim(db)) == ["invitation"]


def test_a_claim_that_outlives_its_lease_is_given_to_the_next(database: Database) -> None:
    with database.transaction() as db:
        outbox.enqueue(db, [message(add_contact(db), "a")])
        (stalled,) = claim(db, "stalled")
    with database.transaction() as db:
        assert claim(db, "next", NOW + MINUTE / 2) == []
        (row,) = claim(db, "next", NOW + MINUTE)
        assert (row.key, row.attempt) == ("a", 2)
        assert outbox.settle(db, [outbox.sent(stalled, NOW, "late")], "stalled") == 0
        assert outbox.settle(db, [outbox.sent(row, NOW, "m1")], "next") == 1
        assert statuses(db, tables.outbox) == {"sent": 1}


def test_whoever_becomes_the_only_sender_frees_what_others_had_claimed_on_the_channel(database: Database) -> None:
    with database.transaction() as db:
        outbox.enqueue(db, [message(add_contact(db, "1"), "theirs"), message(add_contact(db, "2", "web"), "other")])
        (theirs,) = claim(db, "dead")
        outbox.claim(db, "web", "dead", NOW, MINUTE, 9)
        outbox.enqueue(db, [message(add_contact(db, "3"), "mine")])
        (mine,) = claim(db)
        assert outbox.orphan(db, "telegram", "me", NOW) == 1
        (again,) = claim(db)
        assert (again.key, again.attempt) == ("theirs", 2)
        assert outbox.settle(db, [outbox.sent(theirs, NOW)], "dead") == 0
        assert outbox.settle(db, [outbox.sent(mine, NOW), outbox.sent(again, NOW)], "me") == 2


def test_an_own_older_claim_settles_nothing(database: Database) -> None:
    with database.transaction() as db:
        outbox.enqueue(db, [message(add_contact(db), "a")])
        (older,) = claim(db)
        (newer,) = claim(db, at=NOW + MINUTE)
        assert outbox.settle(db, [outbox.gone(older, NOW, "blocked")], "me") == 0
        assert outbox.settle(db, [outbox.sent(newer, NOW)], "me") == 1


def test_outcomes_of_all_kinds_are_settled_together_once(database: Database) -> None:
    with database.transaction() as db:
        outbox.enqueue(db, [message(add_contact(db, str(n)), str(n)) for n in range(4)])
        a, b, c, d = claim(db)
        outcomes = [
            outbox.sent(a, NOW, "m1"),
            outbox.gone(b, NOW, "blocked " * 99),
            outbox.postpone(c, NOW + MINUTE, "429"),
            outbox.sent(d, NOW),
        ]
        assert outbox.settle(db, outcomes, "me") == 4
        assert outbox.settle(db, outcomes, "me") == 0
        assert statuses(db, tables.outbox) == {"sent": 2, "gone": 1, "due": 1}


def test_the_question_a_message_asked_is_found_by_the_channels_name_for_it(database: Database) -> None:
    with database.transaction() as db:
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        outbox.enqueue(db, [message(anna, "a", state="overall"), message(ben, "b")])
        rows = claim(db)
        outbox.settle(db, [outbox.sent(row, NOW, "m7") for row in rows], "me")
        assert outbox.state_of(db, anna.id, "m7") == "overall"
        assert outbox.state_of(db, ben.id, "m7") is None
        assert outbox.state_of(db, anna.id, "m8") is None


def test_the_questions_delivered_to_a_contact_are_told_latest_first(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        states = ["opening", None, "overall", "why"]
        outbox.enqueue(db, [message(anna, str(n), state=state) for n, state in enumerate(states)])
        for n in range(3):
            outbox.settle(db, [outbox.sent(row, NOW, f"m{n}") for row in claim(db)], "me")
        told = outbox.asked(db, anna.id)
        assert [(state, key) for state, key, _ in told] == [("overall", "m2"), ("opening", "m0")]
        assert outbox.asked(db, anna.id, limit=1) == told[:1]


@pytest.mark.parametrize(("bulk_only", "left"), [(True, ["reply"]), (False, [])])
def test_what_is_still_due_to_a_contact_can_be_called_off(database: Database, bulk_only: bool, left: list[str]) -> None:
    with database.transaction() as db:
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        outbox.enqueue(db, [message(anna, "reply"), message(anna, "bulk", priority=BULK), message(ben, "ben")])
        assert outbox.cancel(db, anna.id, NOW, bulk_only=bulk_only) == 2 - len(left)
        assert keys(claim(db)) == [*left, "ben"]
        assert outbox.waiting_for(db, anna.id) == len(left)


def test_a_forgotten_contacts_claim_settles_nothing_and_no_later_message(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db, "1")
        outbox.enqueue(db, [message(anna, "a")])
        (row,) = claim(db)
        contacts.forget(db, anna.id, NOW)
        outbox.enqueue(db, [message(add_contact(db, "2"), "b")])
        claim(db)
        assert outbox.settle(db, [outbox.sent(row, NOW)], "me") == 0
        assert statuses(db, tables.outbox) == {"sending": 1}


def test_how_long_the_oldest_message_is_overdue_is_told(database: Database) -> None:
    with database.transaction() as db:
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        assert outbox.oldest_due(db, NOW) is None
        outbox.enqueue(db, [message(anna, "a", NOW - MINUTE), message(ben, "b", NOW + MINUTE)])
        assert outbox.oldest_due(db, NOW) == NOW - MINUTE
        (row,) = claim(db)
        assert outbox.oldest_due(db, NOW) == NOW - MINUTE
        outbox.settle(db, [outbox.sent(row, NOW)], "me")
        assert outbox.oldest_due(db, NOW) is None


def test_the_many_messages_of_a_round_are_not_overdue_while_they_wait_for_their_turn(database: Database) -> None:
    with database.transaction() as db:
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        outbox.enqueue(db, [message(anna, "a", NOW - 60 * MINUTE)._replace(priority=outbox.BULK)])
        assert outbox.oldest_due(db, NOW) is None
        outbox.enqueue(db, [message(ben, "b", NOW - MINUTE)])
        assert outbox.oldest_due(db, NOW) == NOW - MINUTE


def test_several_senders_never_claim_the_same_message_nor_break_a_chats_order(database: Database) -> None:
    with database.transaction() as db:
        people = [add_contact(db, str(n)) for n in range(12)]
        outbox.enqueue(db, [message(person, f"{person.id}/{n}") for n in range(4) for person in people])
    sent: list[str] = []
    together = Barrier(3)

    def work(owner: str) -> None:
        together.wait()
        while True:
            with database.transaction() as db:
                rows = claim(db, owner, limit=5)
            if not rows:
                with database.reading() as db:
                    if outbox.oldest_due(db, NOW) is None:
                        return
                continue
            sent.extend(row.key for row in rows)
            with database.transaction() as db:
                assert outbox.settle(db, [outbox.sent(row, NOW) for row in rows], owner) == len(rows)

    threads = [Thread(target=work, args=(f"sender {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(sent) == len(set(sent)) == 48
    for person in people:
        mine = [key for key in sent if key.startswith(f"{person.id}/")]
        assert mine == [f"{person.id}/{n}" for n in range(4)]


def test_replies_priorities_are_in_order() -> None:
    assert REPLY < DIGEST < BULK


def test_a_claim_that_is_held_on_to_does_not_run_out_and_only_its_owner_can_hold_on(database: Database) -> None:
    with database.transaction() as db:
        outbox.enqueue(db, [message(add_contact(db, str(n)), str(n)) for n in range(2)])
        mine = claim(db)
        assert outbox.extend(db, mine, "somebody else", NOW + 9 * MINUTE) == 0
        assert outbox.extend(db, mine, "me", NOW + 3 * MINUTE) == 2
        assert claim(db, "next", NOW + 2 * MINUTE) == []
        theirs = claim(db, "next", NOW + 3 * MINUTE)
        assert keys(theirs) == keys(mine)
        assert outbox.extend(db, mine, "me", NOW + 9 * MINUTE) == 0


def test_replies_alone_can_be_claimed_where_there_is_no_room_for_more(database: Database) -> None:
    with database.transaction() as db:
        ana, ben = add_contact(db, "1"), add_contact(db, "2")
        outbox.enqueue(db, [message(ana, "news", priority=BULK), message(ben, "reply", priority=REPLY)])
        assert keys(outbox.claim(db, "telegram", "me", NOW, MINUTE, 9, least=DIGEST)) == ["reply"]
        assert keys(claim(db)) == ["news"]


def test_what_a_channel_says_in_signs_no_database_takes_is_kept_without_them(database: Database) -> None:
    with database.transaction() as db:
        outbox.enqueue(db, [message(add_contact(db), "a")])
    with database.transaction() as db:
        (row,) = outbox.claim(db, "telegram", "me", NOW, MINUTE, 1)
        assert outbox.settle(db, [outbox.gone(row, NOW, "half \ud83d and \0 none")], "me") == 1
    with database.reading() as db:
        assert db.execute(select(tables.outbox.c.error)).scalar_one() == "half ? and  none"
