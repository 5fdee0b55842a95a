"""The protocol by which replicas take one contact's updates, small enough to look at every order of its steps.

The channel brings updates of one chat one after another: the next when the one before is acknowledged. It brings an
update again, to anybody, for as long as it is not; an earlier copy may still be in somebody's hands (`bring`). Who has
one looks whether an update of this contact waits (`begin`), keeps its key (`take`), and commits key and turn together
(`settle`), or finds that the turn does not work (`fails`) and keeps the update as waiting, or that others wait before
it (`commit`). What waits is taken one by one in the order it came (`claim`, `settle`); a turn that fails again is noted
in a transaction of its own (`note`). A process may die at each step (`crash`): what it had not committed is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.model.explore import Step

NEW, WAITING, DONE, FAILED = "new", "waiting", "done", "failed"
ATTEMPTS = 3
"""How often a turn is made in vain, the first time included, until its update is given up."""
FAULTS = ("crash", "fails", "again")


class Update(NamedTuple):
    """An update's row, its uncommitted key's or its lock's owner, how often its turn was made, and what it was told."""

    status: str = NEW
    key: str = ""
    lock: str = ""
    attempts: int = 0
    turns: int = 0
    acked: bool = False


class Worker(NamedTuple):
    """What a process does: its step with one update, and whether it saw the contact's updates waiting."""

    name: str
    at: str = "idle"
    update: int = 0
    behind: bool = False


class State(NamedTuple):
    """The rows, the processes, the order in which turns were made, and what may still go wrong."""

    updates: tuple[Update, ...]
    workers: tuple[Worker, ...]
    turns: tuple[int, ...]
    left: tuple[int, ...]

    def spend(self, fault: str) -> State | None:
        """Return the state with one fault less to come; None where none is left."""
        at = FAULTS.index(fault)
        return self._replace(left=(*self.left[:at], self.left[at] - 1, *self.left[at + 1 :])) if self.left[at] else None

    def worker(self, name: str) -> Worker:
        """Return a process by its name."""
        return next(each for each in self.workers if each.name == name)

    def put(self, worker: Worker) -> State:
        """Return the state with what a process does now."""
        return self._replace(workers=tuple(worker if each.name == worker.name else each for each in self.workers))

    def change(self, n: int, **facts: object) -> State:
        """Return the state with facts of one update changed."""
        changed = Update(**(self.updates[n]._asdict() | facts))
        return self._replace(updates=(*self.updates[:n], changed, *self.updates[n + 1 :]))


@dataclass(frozen=True, slots=True)
class Rules:
    """What the protocol heeds; each can be left out, to see that the check would find it."""

    committed_first: bool = True
    """An update is acknowledged after the commit, not before."""
    keyed: bool = True
    """The key is kept in the turn's own transaction, where nobody else can keep it."""
    in_line: bool = True
    """What comes in while an earlier update of the contact waits, waits behind it."""
    locked: bool = True
    """What waits is one process's until its commit."""
    guarded: bool = True
    """A failure is noted only on what still waits."""


def start(workers: str, updates: int, **faults: int) -> State:
    """Return the beginning: nothing has arrived, so much may go wrong."""
    left = tuple(faults.get(each, 0) for each in FAULTS)
    return State((Update(),) * updates, tuple(Worker(name) for name in workers), (), left)


def steps(state: State, rules: Rules) -> Iterator[tuple[Step, State]]:
    """Give everything that can happen next."""
    for worker in state.workers:
        name = worker.name
        if worker.at == "idle":
            yield from _brought(state, worker, rules)
            yield from _claimed(state, worker, rules)
            continue
        if crashed := state.spend("crash"):
            yield ("crash", name), _released(crashed, worker).put(Worker(name))
        yield from _taken(state, worker, rules)


def _brought(state: State, worker: Worker, rules: Rules) -> Iterator[tuple[Step, State]]:
    """The first update not acknowledged comes; again, while somebody has it, only as often as is left."""
    n = next((n for n, update in enumerate(state.updates) if not update.acked), None)
    if n is None:
        return
    in_hand = any(each.at not in {"idle", "claimed", "note"} and each.update == n for each in state.workers)
    left = state.spend("again") if in_hand else state
    if left:
        after = left.put(worker._replace(at="begin", update=n))
        yield ("bring", worker.name, str(n)), after if rules.committed_first else after.change(n, acked=True)


def _claimed(state: State, worker: Worker, rules: Rules) -> Iterator[tuple[Step, State]]:
    """The bell rings: take what waits and nobody has, in the order it came."""
    waiting = [n for n, update in enumerate(state.updates) if update.status == WAITING]
    if waiting and not (rules.locked and state.updates[waiting[0]].lock):
        claimed = state.put(worker._replace(at="claimed", update=waiting[0]))
        yield ("claim", worker.name, str(waiting[0])), claimed.change(waiting[0], lock=worker.name)


def _taken(state: State, worker: Worker, rules: Rules) -> Iterator[tuple[Step, State]]:
    name, n, update = worker.name, worker.update, state.updates[worker.update]
    match worker.at:
        case "begin":
            behind = rules.in_line and any(each.status == WAITING for each in state.updates)
            yield ("begin", name), state.put(worker._replace(at="take", behind=behind))
        case "take" | "keep" if update.status != NEW and (rules.keyed or worker.at == "keep"):
            yield ("known", name), _acked(state, worker)
        case "take" | "keep" if not (update.key and rules.keyed):  # where another has the key, the database waits
            kept = worker.at == "keep" or worker.behind
            at = "commit waiting" if kept else "commit turn"
            yield ("take", name), state.change(n, key=name).put(worker._replace(at=at))
        case "commit waiting":
            tried = 0 if worker.behind else 1
            yield ("commit", name), _acked(state.change(n, status=WAITING, key="", attempts=tried), worker)
        case "commit turn" | "claimed":
            done = state.change(n, status=DONE, turns=update.turns + 1, key="", lock="")
            done = done._replace(turns=(*state.turns, n))
            yield ("settle", name), _acked(done, worker) if worker.at == "commit turn" else done.put(Worker(name))
            if failed := state.spend("fails"):
                at = "keep" if worker.at == "commit turn" else "note"
                yield ("fails", name), _released(failed, worker).put(worker._replace(at=at))
        case "note" if not update.lock:  # where another has the row, the database waits
            noted = state
            if update.status == WAITING or not rules.guarded:
                status = FAILED if update.attempts + 1 >= ATTEMPTS else WAITING
                noted = state.change(n, status=status, attempts=update.attempts + 1)
            yield ("note", name), noted.put(Worker(name))


def _acked(state: State, worker: Worker) -> State:
    return state.change(worker.update, acked=True).put(Worker(worker.name))


def _released(state: State, worker: Worker) -> State:
    """What was not committed is gone: the key, the lock."""
    update = state.updates[worker.update]
    gone = {what: "" for what in ("key", "lock") if getattr(update, what) == worker.name}
    return state.change(worker.update, **gone) if gone else state
