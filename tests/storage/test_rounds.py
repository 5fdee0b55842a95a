"""Rounds change state once, and never invite anybody twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from storage import rounds
from tests.storage.makers import DAY, KEYS, NOW, add_contact, add_round

if TYPE_CHECKING:
    from storage.database import Database


def test_a_round_is_found_by_code_id_service_and_state(database: Database) -> None:
    with database.transaction() as db:
        library = add_round(db, "library-x", created_at=NOW - DAY, opens_at=NOW, closes_at=NOW + DAY)
        bus = add_round(db, "bus-y", service="bus", state="draft")
        assert rounds.by_code(db, "library-x") == rounds.get(db, library.id) == library
        assert rounds.by_code(db, "nope") is None
        assert rounds.get(db, 99) is None
        assert rounds.by_ids(db, [bus.id, library.id, 99]) == {bus.id: bus, library.id: library}
        assert rounds.find(db) == [bus, library]
        assert rounds.find(db, services=["bus"], states=["draft", "open"]) == [bus]
        assert rounds.find(db, services=[]) == []
        assert rounds.open_ones(db) == [library]
        assert rounds.open_ones(db, services=["bus"]) == []
    assert (library.opens_at, library.closes_at) == (NOW, NOW + DAY)


def test_two_rounds_never_share_a_code(database: Database) -> None:
    with database.transaction() as db:
        add_round(db, "same")
    with pytest.raises(IntegrityError), database.transaction() as db:
        add_round(db, "same")


def test_a_step_is_taken_by_one_sweep_only(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db, state="scheduled")
        assert rounds.move(db, round_.id, ["scheduled"], "open", opened_at=NOW)
        assert not rounds.move(db, round_.id, ["scheduled"], "open", opened_at=NOW + DAY)
        opened = rounds.get(db, round_.id)
    assert opened is not None
    assert (opened.state, opened.opened_at) == ("open", NOW)


def test_nobody_is_invited_twice(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        a, b, c = (add_contact(db, str(n)).id for n in range(3))
        assert rounds.invite(db, round_.id, [a, b], "invitation", NOW) == [a, b]
        assert rounds.invite(db, round_.id, [c, b, a, c], "invitation", NOW) == [c]
        assert rounds.invite(db, round_.id, [a], "reminder", NOW) == [a]
        assert rounds.invite(db, round_.id, [], "reminder", NOW) == []
        assert rounds.invited(db, round_.id) == {"invitation": 3, "reminder": 1}


def test_a_round_can_be_changed_and_lose_its_key(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        assert round_.key_sealed is not None
        assert KEYS.unseal(round_.key_sealed) == "key of library"
        rounds.change(db, round_.id, title="New title", report='{"en": "done"}', reported_at=NOW)
        rounds.destroy_key(db, round_.id)
        after = rounds.get(db, round_.id)
        other = add_round(db, "other")
        assert rounds.linked(db) == [other]
    assert after is not None
    assert (after.title, after.report, after.reported_at) == ("New title", '{"en": "done"}', NOW)
    assert after.key_sealed is None
