"""No order of steps loses an update, takes it twice or out of turn; and PostgreSQL holds what the model leans on."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import pytest

from storage import inbox, tables
from storage.database import Database
from tests.model import receiving
from tests.model.explore import explore
from tests.model.receiving import DONE, FAILED, NEW, Rules, State
from tests.storage.makers import KEYS, NOW, Update
from tests.support.rows import statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.model.explore import Graph, Step
    from tests.support.postgres import Server

WORLDS = {
    "two replicas": ("ab", 3, {"crash": 1, "fails": 1, "again": 1}),
    "two replicas and a turn that fails to the end": ("ab", 2, {"fails": 3, "again": 1}),
    "two replicas that die": ("ab", 2, {"crash": 2, "fails": 1, "again": 1}),
    "three replicas": ("abc", 2, {"crash": 1, "fails": 1, "again": 2}),
}
FAULTY = {
    "acknowledging before the commit": Rules(committed_first=False),
    "keeping no key with the turn": Rules(keyed=False),
    "letting later updates overtake": Rules(in_line=False),
    "taking what waits without a lock": Rules(locked=False),
    "noting a failure on what is done": Rules(guarded=False),
}


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_in_every_order_of_steps_each_update_becomes_one_turn_in_its_place(world: str) -> None:
    workers, updates, faults = WORLDS[world]
    graph, wrong = _explored(receiving.start(workers, updates, **faults), Rules())
    assert len(graph.edges) > 500
    assert wrong == []
    assert list(graph.stuck(_is_over)) == []


@pytest.mark.parametrize("fault", FAULTY, ids=str)
def test_the_check_finds_a_protocol_that_forgets_something(fault: str) -> None:
    graph, wrong = _explored(receiving.start("ab", 2, crash=1, fails=2, again=1), FAULTY[fault])
    assert wrong or any(graph.stuck(_is_over))


def _is_over(state: State) -> bool:
    return all(update.status in {DONE, FAILED} and update.acked for update in state.updates)


def _explored(first: State, rules: Rules) -> tuple[Graph[State], list[str]]:
    """Look at every state and step; return what is wrong with them, in words."""
    wrong: list[str] = []

    def steps(state: State) -> Iterator[tuple[Step, State]]:
        wrong.extend(_wrong_with(state))
        for step, after in receiving.steps(state, rules):
            wrong.extend(_wrong_between(state, step, after))
            yield step, after

    return explore(first, steps), wrong


def _wrong_with(state: State) -> Iterator[str]:
    for update in state.updates:
        if update.turns > 1:
            yield f"taken twice: {state}"
        if update.acked and update.status == NEW and not any(each.at != "idle" for each in state.workers):
            yield f"acknowledged and lost: {state}"
    if list(state.turns) != sorted(state.turns):
        yield f"out of order: {state}"


def _wrong_between(before: State, step: Step, after: State) -> Iterator[str]:
    for was, update in zip(before.updates, after.updates, strict=True):
        if was.status == DONE and update.status != DONE:
            yield f"{step} takes back what is done: {before}"


# --------------------------------------------------------------------------- what the model leans on


ONE = Update("telegram", "1")


@pytest.fixture
def two(postgres: Server) -> Iterator[tuple[Database, Database]]:
    """The same PostgreSQL database, as two replicas have it open."""
    a, b = Database.open(postgres.url("copied")), Database.open(postgres.url("copied"))
    yield a, b
    a.close()
    b.close()
    postgres.empty("copied")


@pytest.mark.postgres
@pytest.mark.parametrize("committed", [True, False])
def test_a_key_taken_by_two_waits_for_the_first_and_is_new_only_where_that_was_undone(
    two: tuple[Database, Database], committed: bool
) -> None:
    found: list[set[tuple[str, str]]] = []

    def second() -> None:
        with two[1].transaction() as db:
            found.append(inbox.take(db, [ONE], NOW))

    other = Thread(target=second)
    with two[0].transaction() as db:
        assert inbox.take(db, [ONE], NOW) == {("telegram", "1")}
        other.start()
        other.join(0.3)
        assert other.is_alive()  # PostgreSQL lets it wait
        if not committed:
            db.rollback()
    other.join(10)
    assert found == [set() if committed else {("telegram", "1")}]


@pytest.mark.postgres
def test_what_waits_is_one_replicas_until_its_commit_and_anybodys_after_a_death(
    two: tuple[Database, Database],
) -> None:
    with two[0].transaction() as db:
        (row,) = inbox.accept(db, [ONE], NOW, KEYS)
    with two[0].transaction() as db:
        assert inbox.claim_one(db, row.id) is not None
        with two[1].transaction() as other:
            assert inbox.claim_one(other, row.id) is None
        db.rollback()
    with two[1].transaction() as other:
        assert inbox.claim_one(other, row.id) is not None


def test_a_failure_is_noted_only_on_what_still_waits(database: Database) -> None:
    with database.transaction() as db:
        (row,) = inbox.accept(db, [ONE], NOW, KEYS)
    with database.transaction() as db:  # another replica has taken it, between the failure and its note
        inbox.settle(db, [row.id], NOW)
    with database.transaction() as db:
        inbox.fail(db, row.id, inbox.WAITING, "a turn failed")
        assert statuses(db, tables.inbox) == {"done": 1}
