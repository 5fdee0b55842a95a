"""No order of steps loses an update, takes it twice or out of turn; and PostgreSQL holds what the model leans on."""

from __future__ import annotations

import random
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from storage import crossings, inbox, tables
from storage.database import Database
from tests.model import receiving
from tests.model.explore import explore
from tests.model.receiving import DONE, FAILED, NEW, WAITING, Rules, State
from tests.storage.makers import KEYS, NOW, Update
from tests.support.house import House, raw
from tests.support.rows import statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.turns import Turns
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


# --------------------------------------------------------------------------- the model and the code


WALKS = {"sqlite": 60, "postgresql": 30}
LONGEST = 14
PLENTY = {"crash": LONGEST, "fails": LONGEST}
LOST = {
    "": ("group.begins", "group.taken", "group.stepped", "group.written"),
    "fails": ("alone.failed", "alone.written"),
}
"""Where a process that has been brought an update dies without having kept it; with a turn that fails, and without."""
KEPT = {"": ("group.committed",), "fails": ("alone.kept",)}
"""Where it dies having kept it, and nobody hears of that."""
AGAIN = {"": ("again.written", "again.committed"), "fails": ("again.failed", "again.noted")}
"""Where it dies with what waited: before the commit, and after it."""
EVERYTHING = {
    "repeat",
    *(f"bring {at}" for how in LOST for at in LOST[how]),
    *(f"bring {how} {at}" for how in KEPT for at in ("", *KEPT[how])),
    *(f"again {how} {at}" for how in AGAIN for at in ("", *AGAIN[how])),
}


class Killed(BaseException):
    """A process dies: nothing of ours handles this."""


def test_the_code_takes_each_update_as_the_model_does(
    database: Database, tmp_path: Path, mint: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random walks of two receivers, whole transactions of one after those of the other; after each both say the same.

    What happens within transactions that overlap is the database's part: see below.
    """
    house = House(database, tmp_path, mint)
    chance = random.Random(7)  # noqa: S311 - the same walks in every run
    done: set[str] = set()
    for walk in range(WALKS[database.dialect]):
        replay = Replay(house, f"walk{walk}", monkeypatch)
        state = receiving.start("ab", 3, **PLENTY)
        for _ in range(LONGEST):
            state, what = replay.takes_a_step(state, chance)
            assert replay.seen() == [(each.status, each.attempts) for each in state.updates if each.status != NEW], what
            assert replay.said() == list(state.turns), what
            done.add(what)
    assert done == EVERYTHING


class Replay:
    """The model's steps taken by two real receivers, which are born again when they die."""

    def __init__(self, house: House, person: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.person = house, person
        self.receivers = {name: house.new_turns() for name in "ab"}
        self.fails, self.dies_at = False, ""
        answer = type(house.desk).answer

        def answers(*words: Any) -> Any:
            if self.fails:
                raise RuntimeError("stumbled")
            return answer(house.desk, *words)

        def passed(name: str) -> None:
            if name == self.dies_at:
                raise Killed(name)

        monkeypatch.setattr(house.desk, "answer", answers)
        monkeypatch.setattr(crossings, "passed", passed)

    def takes_a_step(self, state: State, chance: random.Random) -> tuple[State, str]:
        """Let one of the receivers be brought an update, or take what waits; return the state then, and what it was."""
        name, how = chance.choice("ab"), chance.choice(("", "fails"))
        n = next((n for n, update in enumerate(state.updates) if not update.acked), len(state.updates))
        waiting = [n for n, update in enumerate(state.updates) if update.status == WAITING]
        if waiting and chance.random() < 0.5:
            return self._again(state, name, waiting[0], how, chance.choice(("", *AGAIN[how])))
        if n == len(state.updates) or (n and chance.random() < 0.1):
            self._brought(name, chance.randrange(n), "", "")
            return state, "repeat"
        return self._brings(state, name, n, how, chance.choice(("", *LOST[how], *KEPT[how])))

    def _brings(self, state: State, name: str, n: int, how: str, dies_at: str) -> tuple[State, str]:
        """What is known already, or waits behind another, makes no turn that could fail."""
        if state.updates[n].status != NEW or any(each.status == WAITING for each in state.updates):
            how, dies_at = "", "" if how else dies_at
        self._brought(name, n, how, dies_at)
        after = _walked(state, ("bring", name, str(n)), ("begin", name))
        if dies_at in LOST[how]:
            return _walked(after, ("crash", name)), f"bring {dies_at}"
        if state.updates[n].status != NEW:
            after = _walked(after, ("known", name))
        elif after.worker(name).behind:
            after = _walked(after, ("take", name), ("commit", name))
        elif how:
            after = _walked(after, ("take", name), ("fails", name), ("take", name), ("commit", name))
        else:
            after = _walked(after, ("take", name), ("settle", name))
        return (after.change(n, acked=False) if dies_at else after), f"bring {how} {dies_at}"

    def _again(self, state: State, name: str, n: int, how: str, dies_at: str) -> tuple[State, str]:
        with self.house.database.reading() as db:
            mine = select(tables.inbox.c.id).where(tables.inbox.c.external_id == self._key(n))
            row_id = db.execute(mine).scalar_one()
            assert row_id in inbox.waiting(db, 1000)
        with self._ordeal(name, how, dies_at) as receiver:
            receiver._retry(row_id)
        after = _walked(state, ("claim", name, str(n)))
        if dies_at == AGAIN[how][0]:
            after = _walked(after, ("crash", name))
        else:
            after = _walked(after, *([("fails", name), ("note", name)] if how else [("settle", name)]))
        return after, f"again {how} {dies_at}"

    def _brought(self, name: str, n: int, how: str, dies_at: str) -> None:
        with self._ordeal(name, how, dies_at) as receiver:
            receiver._commit([raw(self.person, text="hello", key=self._key(n))])

    @contextmanager
    def _ordeal(self, name: str, how: str, dies_at: str) -> Iterator[Turns]:
        self.fails, self.dies_at = bool(how), dies_at
        try:
            yield self.receivers[name]
        except Killed:
            self.receivers[name] = self.house.new_turns()
        else:
            assert not dies_at
        self.fails, self.dies_at = False, ""

    def _key(self, n: int) -> str:
        return f"{self.person}.{n}"

    def seen(self) -> list[tuple[str, int]]:
        """Return how the updates stand, in the order they were brought."""
        mine = select(tables.inbox.c.status, tables.inbox.c.attempts)
        mine = mine.where(tables.inbox.c.external_id.startswith(f"{self.person}.")).order_by(tables.inbox.c.external_id)
        with self.house.database.reading() as db:
            return [(status, attempts) for status, attempts in db.execute(mine)]

    def said(self) -> list[int]:
        """Return which updates were answered, in the order of the answers."""
        keys = [each.key for each in self.house.said(self.person)]
        return [int(key.split(".")[1]) for key in keys]


def _walked(state: State, *steps: Step) -> State:
    """Take these steps, each of which the model must allow."""
    for step in steps:
        state = dict(receiving.steps(state, Rules()))[step]
    return state


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
