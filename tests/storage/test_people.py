"""Staff come in by links that work once, and see what their roles allow."""

from __future__ import annotations

from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING

import pytest

from bot.rights import Right, may
from storage import contacts, outbox, people
from storage.people import Link
from tests.storage.makers import DAY, KEYS, MINUTE, NOW, add_contact, message

if TYPE_CHECKING:
    from storage.database import Database


def link(token: str, **facts: object) -> Link:
    values: dict[str, object] = {"kind": "invite", "created_at": NOW, "expires_at": NOW + DAY} | facts
    return Link(KEYS.token_hash(token), **values)  # type: ignore[arg-type]


def test_a_person_is_kept_with_what_differs_from_the_city(database: Database) -> None:
    with database.transaction() as db:
        ana = people.add(db, "Ana", "es", NOW, zone="Europe/Madrid", digest_day="tue", digest_time="07:30")
        ben = people.add(db, "Ben", "en", NOW)
        people.change(db, ben.id, digest_day="fri")
        assert people.get(db, ana.id) == ana
        assert people.get(db, 99) is None
        assert [(who.name, who.digest_day, who.zone) for who in people.everyone(db)] == [
            ("Ana", "tue", "Europe/Madrid"),
            ("Ben", "fri", None),
        ]


def test_a_contact_may_be_one_of_the_staff(database: Database) -> None:
    with database.transaction() as db:
        ana, chat = people.add(db, "Ana", "es", NOW), add_contact(db)
        assert people.of_contact(db, chat.id) is None
        contacts.set_person(db, chat.id, ana.id)
        assert people.of_contact(db, chat.id) == ana


def test_roles_hold_for_a_service_or_for_all(database: Database) -> None:
    with database.transaction() as db:
        ana, ben, cleo = (people.add(db, name, "en", NOW) for name in ("Ana", "Ben", "Cleo"))
        assert people.grant(db, ana.id, "manager", "library", NOW)
        assert not people.grant(db, ana.id, "manager", "library", NOW)
        people.grant(db, ben.id, "manager", "*", NOW)
        people.grant(db, cleo.id, "organiser", "library", NOW)
        assert people.with_role(db, "manager") == [(ana, "library"), (ben, "*")]
        assert people.with_role(db, "manager", "library") == [(ana, "library"), (ben, "*")]
        assert people.with_role(db, "manager", "bus") == [(ben, "*")]
        assert may(people.roles_of(db, ana.id), "library", Right.READ_DIGESTS)
        assert not may(people.roles_of(db, ana.id), "bus", Right.READ_DIGESTS)
        assert may(people.roles_of(db, ben.id), "bus", Right.READ_ANSWERS)
        assert not may(people.roles_of(db, cleo.id), "library", Right.READ_DIGESTS)
        people.revoke(db, ana.id, "manager", "library")
        assert people.roles_of(db, ana.id) == []
        assert [(role.role, role.service) for role in people.roles_of(db, ben.id)] == [("manager", "*")]


def test_a_link_works_once(database: Database) -> None:
    with database.transaction() as db:
        people.add_link(db, link("secret", role="manager", service="library", name="Ana"))
        seen = people.look_at_link(db, KEYS.token_hash("secret"), NOW)
        used = people.use_link(db, KEYS.token_hash("secret"), NOW)
        assert used == seen == link("secret", role="manager", service="library", name="Ana")
        assert people.use_link(db, KEYS.token_hash("secret"), NOW) is None
        assert people.look_at_link(db, KEYS.token_hash("secret"), NOW) is None


@pytest.mark.parametrize(("token", "later"), [("secret", DAY), ("guess", MINUTE)])
def test_a_link_that_is_too_old_or_unknown_lets_nobody_in(database: Database, token: str, later: object) -> None:
    with database.transaction() as db:
        people.add_link(db, link("secret"))
        assert people.use_link(db, KEYS.token_hash(token), NOW + later) is None  # type: ignore[operator]


def test_of_two_who_follow_a_link_at_once_one_gets_in(database: Database) -> None:
    with database.transaction() as db:
        people.add_link(db, link("secret"))
    got: list[Link | None] = []
    together = Barrier(2)

    def follow() -> None:
        together.wait()
        with database.transaction() as db:
            got.append(people.use_link(db, KEYS.token_hash("secret"), NOW))

    threads = [Thread(target=follow) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one is None for one in got) == [False, True]


def test_who_leaves_and_who_writes_to_their_chat_wait_in_the_same_order(database: Database) -> None:
    with database.transaction() as db:
        ana, chat = people.add(db, "Ana", "es", NOW), add_contact(db)
        contacts.set_person(db, chat.id, ana.id)
        outbox.enqueue(db, [message(chat, "a")])
    held, ended = Event(), []

    def leave() -> None:
        held.wait()
        with database.transaction() as db:
            people.leave(db, ana.id, NOW)
        ended.append("left")

    leaving = Thread(target=leave)
    leaving.start()
    with database.transaction() as db:
        contacts.hold(db, [chat.id])
        held.set()
        leaving.join(0.5)  # so long it has come as far as it can
        outbox.cancel(db, chat.id, NOW, bulk_only=False)
        ended.append("written")
    leaving.join()
    assert ended == ["written", "left"]


def test_a_browser_stays_signed_in_until_its_time_or_its_person_ends_it(database: Database) -> None:
    with database.transaction() as db:
        ana = people.add(db, "Ana", "es", NOW)
        for cookie in ("one", "two", "three"):
            people.sign_in(db, KEYS.token_hash(cookie), ana.id, NOW, NOW + DAY)
        assert people.signed_in(db, KEYS.token_hash("one"), NOW) == ana
        assert people.signed_in(db, KEYS.token_hash("one"), NOW + DAY) is None
        assert people.signed_in(db, KEYS.token_hash("guess"), NOW) is None
        people.sign_out(db, token_hash=KEYS.token_hash("one"))
        assert people.signed_in(db, KEYS.token_hash("one"), NOW) is None
        assert people.signed_in(db, KEYS.token_hash("two"), NOW) == ana
        people.sign_out(db, person_id=ana.id)
        assert people.signed_in(db, KEYS.token_hash("three"), NOW) is None


def test_links_made_at_one_moment_for_one_role_are_one_invitation(database: Database) -> None:
    with database.transaction() as db:
        for token, name, at in (
            ("browser", "Ada", NOW),
            ("chat", "Ada", NOW),
            ("nameless", None, NOW),
            ("nameless too", None, NOW),
            ("later", "Ada", NOW + MINUTE),
        ):
            people.add_link(db, link(token, role="manager", service="library", name=name, created_at=at))
        waiting = people.invitations(db, NOW)
        assert [(one.name, one.id - waiting[0].id) for one in waiting] == [("Ada", 0), (None, 2), ("Ada", 4)]
        for one in waiting[:2]:
            assert people.withdraw(db, one.id, NOW)
            assert not people.withdraw(db, one.id + 1, NOW)
        assert people.invitations(db, NOW) == waiting[2:]
        assert people.use_link(db, KEYS.token_hash("chat"), NOW) is None
        assert people.use_link(db, KEYS.token_hash("later"), NOW) is not None
