"""No order of steps loses a message or settles it twice; and the code takes each step as the model does."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from bot.channels.base import Again, Gone, Relocated, Sent
from bot.delivery import LEASE, Delivery, _Hands, _Result
from bot.metrics import Metrics
from storage import contacts, leases, outbox, tables
from tests.model import sending
from tests.model.explore import explore
from tests.model.sending import DEAD, DUE, GONE, MOVED, NOBODY, SENT, Lease, Row, Rules, State
from tests.storage.makers import KEYS, NOW, add_contact, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Table

    from bot.channels.base import Receipt
    from storage.contacts import Contact
    from storage.database import Database
    from storage.outbox import OutboxRow
    from tests.model.explore import Graph, Step
    from tests.model.sending import Result, Sender

WORLDS = {
    "two senders, each kind of trouble once": ("ab", 1, {"crash": 1, "lapse": 1, "slow": 1}),
    "two senders that stall and lose an answer": ("ab", 1, {"lapse": 2, "torn": 1}),
    "two senders that die and lose an answer": ("ab", 1, {"crash": 1, "torn": 1, "slow": 1}),
    "two senders and a channel that says not now": ("ab", 1, {"lapse": 1, "slow": 1, "again": 1}),
    "two senders and a person who has gone": ("ab", 1, {"lapse": 1, "slow": 1, "blocked": 1}),
    "two senders and a person with a new address": ("ab", 1, {"crash": 1, "lapse": 1, "moved": 1}),
    "two messages and a death": ("ab", 2, {"crash": 1}),
    "two messages and a stall": ("ab", 2, {"lapse": 1}),
    "three senders, a death and a stall": ("abc", 1, {"crash": 1, "lapse": 1}),
    "three senders, two stalls": ("abc", 1, {"lapse": 2}),
}
FAULTY = {
    "settling without the fence": (Rules(fenced=False), {"lapse": 1, "again": 1}),
    "marking a person without the fence": (Rules(contacts_fenced=False), {"lapse": 1, "blocked": 1}),
    "claiming without the lease": (Rules(leased=False), {"lapse": 1, "slow": 1}),
    "letting claims of slow messages run out": (Rules(held_on=False), {"slow": 1}),
    "settling before sending": (Rules(settled_first=False), {"crash": 1}),
}


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_in_every_order_of_steps_each_message_is_settled_once_and_repeated_at_most_once_a_fault(world: str) -> None:
    senders, rows, faults = WORLDS[world]
    graph, wrong = _explored(sending.start(senders, rows, **faults), Rules())
    assert len(graph.edges) > 500
    assert wrong == []
    assert list(graph.stuck(_is_over)) == []


@pytest.mark.parametrize("fault", FAULTY, ids=str)
def test_the_check_finds_a_protocol_that_forgets_something(fault: str) -> None:
    rules, faults = FAULTY[fault]
    _, wrong = _explored(sending.start("ab", 1, **faults), rules)
    assert wrong


def _is_over(state: State) -> bool:
    return all(row.status in {SENT, GONE} for row in state.rows)


def _explored(first: State, rules: Rules) -> tuple[Graph[State], list[str]]:
    """Look at every state and step; return what is wrong with them, in words."""
    wrong: list[str] = []

    def steps(state: State) -> Iterator[tuple[Step, State]]:
        wrong.extend(_wrong_with(state, first))
        for step, after in sending.steps(state, rules):
            wrong.extend(_wrong_between(state, step, after))
            yield step, after

    return explore(first, steps, sending.alike), wrong


def _wrong_with(state: State, first: State) -> Iterator[str]:
    troubles = sum(first.left[:2]) - sum(state.left[:2])  # deaths and stalls
    for row in state.rows:
        if row.settled > 1:
            yield f"settled twice: {state}"
        if row.sends > 1 + troubles:
            yield f"sent {row.sends} times after {troubles} faults: {state}"
        if row.status == SENT and not row.sends:
            yield f"settled and never sent: {state}"
        if row.status == GONE and not row.settled:
            yield f"given up by who had no say in it: {state}"


def _wrong_between(before: State, step: Step, after: State) -> Iterator[str]:
    for was, row in zip(before.rows, after.rows, strict=True):
        if was.status in {SENT, GONE} and (row.status, row.settled) != (was.status, was.settled):
            yield f"{step} changes what is settled: {before}"
        if step[0] in {"look", "torn"} and _is_fenced(before, step[1]) and was.owner != step[1] and row != was:
            yield f"{step} changes another's message without the lease: {before}"


def _is_fenced(state: State, name: str) -> bool:
    """Whether a sender believes to hold a lease that is another's by now."""
    fence = state.sender(name).fence
    return bool(fence) and (state.lease.owner, state.lease.fence) != (name, fence)


# --------------------------------------------------------------------------- the model and the code


WALKS = {"sqlite": 60, "postgresql": 30}
LONGEST = 40


def test_the_code_takes_each_step_as_the_model_does(database: Database) -> None:
    """Random walks through the model, each look taken by a real sender; after each step both say the same."""
    chance = random.Random(7)  # noqa: S311 - the same walks in every run
    taken: set[str] = set()
    for walk in range(WALKS[database.dialect]):
        replay = Replay(database, walk, rows=2)
        state = sending.start("ab", 2, crash=2, lapse=2, torn=1, slow=2, again=2, blocked=1, moved=1)
        for _ in range(LONGEST):
            step, after = chance.choice(list(sending.steps(state, Rules())))
            replay.take(step, state)
            assert replay.seen() == _tables_of(after), (step, state)
            state = after
            taken.add(step[0])
            if _is_over(state):
                break
    assert taken == {"look", "heed", "send", "back", "leave", *sending.FAULTS}


def _tables_of(state: State) -> tuple[list[Row], Lease]:
    """What the tables should hold, as far as they can tell."""
    return [row._replace(sends=0, settled=0) for row in state.rows], state.lease


class Replay:
    """The model's steps taken by real senders: each `look` is one `exchange` with what the model has in its hands."""

    def __init__(self, database: Database, walk: int, rows: int) -> None:
        self.database = database
        self.channel = f"walk{walk}"
        self.lives: dict[str, int] = {}
        self.senders: dict[str, Delivery] = {}
        self.young: set[str] = set()
        """Who has had the lease renewed just now, and need not renew it at the next look."""
        self.claims: dict[tuple[str, int, int], OutboxRow] = {}
        with database.transaction() as db:
            self.people = [add_contact(db, f"{self.channel}:{n}", self.channel) for n in range(rows)]
            letters = [message(person, f"{self.channel}:{n}") for n, person in enumerate(self.people)]
            outbox.enqueue(db, letters)
            mine = select(tables.outbox.c.id).where(tables.outbox.c.channel == self.channel)
            self.ids = list(db.execute(mine.order_by(tables.outbox.c.id)).scalars())

    def take(self, step: Step, state: State) -> None:
        """Do in the database what the step does in the model; what only a process knows, the model knows."""
        match step:
            case ("look", name):
                self._look(state.sender(name))
                self.young.add(self._name(name))
            case ("torn", name):
                self._look(state.sender(name))
            case ("leave", name):
                lease = self._lease(state.sender(name))
                assert lease is not None
                self._delivery(name).release(lease)
            case ("crash", name):
                self.lives[name] = self.lives.get(name, 0) + 1
            case ("lapse",):
                self._passes(tables.leases, tables.leases.c.name == self._lease_name, "until")
            case ("slow", row):
                self._passes(tables.outbox, tables.outbox.c.id == self.ids[int(row)], "lease_until")

    def _look(self, sender: Sender) -> None:
        name = self._name(sender.name)
        held = [self.claims[name, each.row, each.attempt] for each in sender.flying]
        back = [_Result(self.claims[name, each.row, each.attempt], self._receipt(each)) for each in sender.results]
        hands = _Hands(back, held, room=len(self.ids), least=outbox.BULK)
        for row in self._delivery(sender.name).exchange(self.channel, self._lease(sender), hands).rows:
            self.claims[name, self.ids.index(row.id), row.attempt] = row

    def _receipt(self, result: Result) -> Receipt:
        meant: dict[str, Receipt] = {
            SENT: Sent("m1"),
            DUE: Again(timedelta(), "not now"),
            GONE: Gone("blocked", unreachable=True),
            MOVED: Relocated(self._new_address(result.row)),
        }
        return meant[result.status]

    def _passes(self, table: Table, which: ColumnElement[bool], until: str) -> None:
        """Let the time of a lease or a claim run out; for the others as much time has passed."""
        self.young.clear()
        with self.database.transaction() as db:
            db.execute(update(table).where(which).values({until: NOW}))

    def _delivery(self, name: str) -> Delivery:
        owner = self._name(name)
        if owner not in self.senders:
            self.senders[owner] = Delivery(self.database, {}, KEYS, owner, lambda: NOW, Metrics(), {})
        return self.senders[owner]

    def _name(self, name: str) -> str:
        return f"{name}{self.lives.get(name, 0)}"

    @property
    def _lease_name(self) -> str:
        return f"send:{self.channel}"

    def _lease(self, sender: Sender) -> leases.Lease | None:
        """Return the lease a sender believes to hold."""
        name = self._name(sender.name)
        until = NOW + LEASE if name in self.young else NOW
        return leases.Lease(self._lease_name, name, sender.fence, until) if sender.fence else None

    def _new_address(self, row: int) -> str:
        return f"{self.channel}:{row}:new"

    def seen(self) -> tuple[list[Row], Lease]:
        """Return what the tables hold, in the model's words."""
        wanted = select(tables.outbox).where(tables.outbox.c.id.in_(self.ids)).order_by(tables.outbox.c.id)
        with self.database.reading() as db:
            people = contacts.by_ids(db, [person.id for person in self.people])
            rows = [self._row(n, row, people) for n, row in enumerate(db.execute(wanted))]
            held = leases.get(db, self._lease_name)
        return rows, Lease(self._owner(held.owner), held.fence, held.until <= NOW) if held else Lease()

    def _row(self, n: int, row: Any, people: dict[int, Contact]) -> Row:
        person = people[self.people[n].id]
        return Row(
            row.status,
            self._owner(row.lease_owner),
            row.attempts,
            row.lease_until is not None and row.lease_until <= NOW,
            unreachable=person.unreachable_at is not None,
            renamed=person.address_hash == KEYS.address_hash(self.channel, self._new_address(n)),
        )

    def _owner(self, owner: str | None) -> str:
        if owner is None:
            return NOBODY
        return owner[0] if owner == self._name(owner[0]) else DEAD
