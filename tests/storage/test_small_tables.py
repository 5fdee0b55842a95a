"""Digests, leases, flow versions, transcripts, moves and wishes keep their promises."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from storage import digests, flow_versions, leases, messages, moves, people, wishes
from storage.database import StorageTrouble, VersionChanged
from storage.digests import DigestRow
from storage.messages import BOT, CITIZEN, NewLine
from storage.moves import Move
from tests.storage.makers import DAY, MINUTE, NOW, add_contact, add_round

if TYPE_CHECKING:
    from storage.database import Database
    from storage.leases import Lease


# --------------------------------------------------------------------------- digests


def test_a_digest_is_written_once_per_person_service_and_week(database: Database) -> None:
    with database.transaction() as db:
        ana, ben = people.add(db, "Ana", "es", NOW), people.add(db, "Ben", "en", NOW)
        assert digests.write(db, DigestRow(ana.id, "library", "2026-W46", NOW, "{}"))
        assert digests.write(db, DigestRow(ana.id, "library", "2026-W47", NOW, "null"))
        assert digests.write(db, DigestRow(ana.id, "bus", "2026-W47", NOW, "{}"))
        assert digests.write(db, DigestRow(ben.id, "library", "2026-W47", NOW, "{}"))
        assert not digests.write(db, DigestRow(ana.id, "library", "2026-W47", NOW + DAY, "other"))
        found = digests.find(db, ana.id, "library", "2026-W47")
        assert found == DigestRow(ana.id, "library", "2026-W47", NOW, "null")
        assert digests.find(db, ana.id, "library", "2026-W01") is None
        assert digests.written(db, "2026-W47") == {(ana.id, "library"), (ana.id, "bus"), (ben.id, "library")}
        mine = [(row.period, row.service) for row in digests.of(db, ana.id)]
        assert mine == [("2026-W47", "bus"), ("2026-W47", "library"), ("2026-W46", "library")]
        assert [row.service for row in digests.of(db, ana.id, services=["library"], limit=1)] == ["library"]


def test_earlier_digests_of_a_service_are_found_whoever_got_them_silent_weeks_left_out(database: Database) -> None:
    with database.transaction() as db:
        ana, ben = people.add(db, "Ana", "es", NOW), people.add(db, "Ben", "en", NOW)
        for person, service, period, body in (
            (ana, "library", "2026-W45", '"45"'),
            (ben, "library", "2026-W46", '"46"'),
            (ana, "library", "2026-W44", "null"),
            (ana, "bus", "2026-W46", '"bus"'),
            (ana, "library", "2026-W47", '"47"'),
        ):
            digests.write(db, DigestRow(person.id, service, period, NOW, body))
        assert digests.before(db, "library", "2026-W47") == ['"46"', '"45"']
        assert digests.before(db, "library", "2026-W47", limit=1) == ['"46"']


def test_the_last_digest_that_somebody_was_sent_is_known_and_who_could_be_sent_none(database: Database) -> None:
    """A week that was silent, or that they did not want, and one for which they had no address, were not sent."""
    with database.transaction() as db:
        ana, ben = people.add(db, "Ana", "es", NOW), people.add(db, "Ben", "en", NOW)
        for person, week, addresses in ((ana, 44, 2), (ana, 45, None), (ana, 46, 0), (ben, 46, 1), (ana, 48, 1)):
            digests.write(db, DigestRow(person.id, "library", f"2026-W{week}", NOW, str(week), addresses))
        found = digests.sent(db, ana.id, "library", "2026-W47")
        assert found == DigestRow(ana.id, "library", "2026-W44", NOW, "44", 2)
        assert digests.sent(db, ana.id, "bus", "2026-W47") is None
        assert digests.unreached(db, NOW) == [(ana.id, "library")]
        assert digests.unreached(db, NOW + DAY) == []


# --------------------------------------------------------------------------- leases


def test_a_lease_has_one_owner_until_it_ends(database: Database) -> None:
    with database.transaction() as db:
        mine = leases.acquire(db, "telegram", "me", NOW, MINUTE)
        assert mine is not None
        assert leases.acquire(db, "telegram", "you", NOW + MINUTE / 2, MINUTE) is None
        assert leases.acquire(db, "mail", "you", NOW, MINUTE) is not None
        assert leases.holds(db, mine, NOW + MINUTE / 2)
        assert not leases.holds(db, mine, NOW + MINUTE)


def test_a_stalled_owner_finds_the_fence_closed(database: Database) -> None:
    with database.transaction() as db:
        stalled = leases.acquire(db, "telegram", "stalled", NOW, MINUTE)
        assert stalled is not None
        next_ = leases.acquire(db, "telegram", "next", NOW + MINUTE, MINUTE)
        assert next_ is not None
        assert next_.fence > stalled.fence
        assert leases.renew(db, stalled, NOW + MINUTE, MINUTE) is None
        assert not leases.holds(db, stalled, NOW)
        leases.release(db, stalled, NOW + MINUTE)
        assert leases.holds(db, next_, NOW + MINUTE)


def test_a_lease_can_be_looked_at_even_when_it_is_over(database: Database) -> None:
    with database.transaction() as db:
        assert leases.get(db, "telegram") is None
        mine = leases.acquire(db, "telegram", "me", NOW - DAY, MINUTE)
        assert leases.get(db, "telegram") == mine


def test_a_restart_under_the_same_name_closes_the_fence_behind_it(database: Database) -> None:
    with database.transaction() as db:
        before = leases.acquire(db, "telegram", "me", NOW, MINUTE)
        after = leases.acquire(db, "telegram", "me", NOW, MINUTE)
        assert before is not None
        assert after is not None
        assert not leases.holds(db, before, NOW)
        assert leases.holds(db, after, NOW)


def test_a_lease_renewed_lasts_longer_and_released_is_free_at_once(database: Database) -> None:
    with database.transaction() as db:
        first = leases.acquire(db, "telegram", "me", NOW, MINUTE)
        assert first is not None
        longer = leases.renew(db, first, NOW + MINUTE / 2, MINUTE)
        assert longer is not None
        assert (longer.until, longer.fence) == (NOW + 1.5 * MINUTE, first.fence)
        leases.release(db, longer, NOW + MINUTE / 2)
        assert leases.acquire(db, "telegram", "you", NOW + MINUTE / 2, MINUTE) is not None


def test_of_many_who_want_a_lease_at_once_one_gets_it(database: Database) -> None:
    got: list[Lease | None] = []
    together = Barrier(4)

    def want(owner: str) -> None:
        together.wait()
        with database.transaction() as db:
            got.append(leases.acquire(db, "poller", owner, NOW, MINUTE))

    threads = [Thread(target=want, args=(f"process {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in got if lease]) == 1


# --------------------------------------------------------------------------- flow versions


def test_a_published_version_never_changes(database: Database) -> None:
    with database.transaction() as db:
        assert flow_versions.publish(db, "pulse", 1, "aa", "{}", NOW)
        assert not flow_versions.publish(db, "pulse", 1, "aa", "{}", NOW + DAY)
        assert flow_versions.publish(db, "pulse", 2, "bb", '{"new": ""}', NOW)
        with pytest.raises(VersionChanged, match=r"pulse@1 .* bump the version to 2") as trouble:
            flow_versions.publish(db, "pulse", 1, "cc", '{"other": ""}', NOW)
        assert isinstance(trouble.value, StorageTrouble)
        kept = flow_versions.load(db, "pulse", 1)
        assert kept is not None
        assert (kept.sha256, kept.source, kept.published_at) == ("aa", "{}", NOW)
        assert flow_versions.load(db, "pulse", 3) is None
        assert [row.version for row in flow_versions.published(db)] == [1, 2]


# --------------------------------------------------------------------------- transcripts


def test_a_transcript_is_shown_in_order_from_where_one_stopped_reading(database: Database) -> None:
    with database.transaction() as db:
        anna, ben = add_contact(db, "1", "web"), add_contact(db, "2", "web")
        lines = [NewLine(anna.id, f"k{n}", NOW, (CITIZEN, BOT)[n % 2], f'{{"n": {n}}}') for n in range(5)]
        assert messages.append(db, [*lines, NewLine(ben.id, "b", NOW, BOT, "{}"), lines[0]]) == 6
        assert messages.append(db, lines) == 0
        shown = messages.of(db, anna.id)
        assert [(line.key, line.author) for line in shown] == [(line.key, line.author) for line in lines]
        assert [line.key for line in messages.of(db, anna.id, after=shown[2].id)] == ["k3", "k4"]
        assert [line.key for line in messages.of(db, anna.id, limit=2)] == ["k3", "k4"]
        assert messages.replace(db, "k1", '{"ticked": true}')
        assert not messages.replace(db, "nope", "{}")
        assert messages.of(db, anna.id)[1].body == '{"ticked": true}'
        assert messages.forget(db, anna.id) == 5
        assert [line.key for line in messages.of(db, ben.id)] == ["b"]


# --------------------------------------------------------------------------- moves


def test_moves_add_up_over_turns_and_days(database: Database) -> None:
    with database.transaction() as db:
        round_, other = add_round(db), add_round(db, "other")
        today, tomorrow = (round_.id, "2026-11-22"), (round_.id, "2026-11-23")
        moves.count(db, {(*today, "overall", "why"): 2, (*today, "why", "end"): 1})
        moves.count(db, {(*today, "overall", "why"): 3, (*tomorrow, "overall", "why"): 1})
        moves.count(db, {(other.id, "2026-11-22", "overall", "why"): 7})
        moves.count(db, {})
        assert moves.of(db, round_.id) == [Move("overall", "why", 6), Move("why", "end", 1)]


def test_writers_that_count_the_same_moves_at_once_lose_none(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
    together = Barrier(3)

    def count(order: int) -> None:
        arrows = [(round_.id, "2026-11-22", origin, "to") for origin in "abcd"][::order]
        together.wait()
        for _ in range(10):
            with database.transaction() as db:
                moves.count(db, dict.fromkeys(arrows, 1))

    threads = [Thread(target=count, args=(order,)) for order in (1, -1, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as db:
        assert moves.of(db, round_.id) == [Move(origin, "to", 30) for origin in "abcd"]


# --------------------------------------------------------------------------- wishes


def test_wishes_are_kept_once_and_can_be_taken_back(database: Database) -> None:
    with database.transaction() as db:
        round_, other = add_round(db), add_round(db, "other")
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        wishes.add(db, [(round_.id, ben.id), (round_.id, anna.id), (round_.id, anna.id)], NOW)
        wishes.add(db, [(other.id, anna.id)], NOW)
        assert wishes.of(db, round_.id) == [anna.id, ben.id]
        assert wishes.of_contact(db, anna.id) == [(round_.id, "result"), (other.id, "result")]
        wishes.remove(db, [(round_.id, anna.id), (round_.id, 99)])
        assert wishes.of(db, round_.id) == [ben.id]
        assert wishes.of_contact(db, anna.id) == [(other.id, "result")]
