"""The protocol by which replicas share one channel's sending, small enough to look at every order of its steps.

A sender's `look` is one transaction: it holds, renews or takes the channel's lease (and frees what others had claimed),
settles what has come back, holds on to what is on its way, and claims what is due; `heed` is the moment its event loop
learns of it. Between the two, messages leave (`send`) and come back (`back`). What comes back between the moment a
transaction is given its results and its commit is the same as what comes back right after it: so `look` is one step.

What goes wrong: a process dies and another takes its place (`crash`); it stalls until its lease is over and wakes with
what it knew (`lapse`: the lease of a living owner runs out); a commit is done but its answer is lost (`torn`); a
message is longer on its way than its claim lasts (`slow`); the channel says "not now" (`again`), that the person has
gone (`blocked`: what else is due to them is given up too) or that they have a new address (`moved`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.model.explore import Step

DUE, SENDING, SENT, GONE, MOVED = "due", "sending", "sent", "gone", "moved"
NOBODY, DEAD = "", "†"
FAULTS = ("crash", "lapse", "torn", "slow", "again", "blocked", "moved")
ANSWERS = {"again": DUE, "blocked": GONE, "moved": MOVED}
"""What a channel may say but that it took the message, and what that means for it."""


class Row(NamedTuple):
    """A message to somebody; `sends` counts how often it left, `settled` how often it was settled for good.

    `unreachable` and `renamed` are what we know of the person.
    """

    status: str = DUE
    owner: str = NOBODY
    attempt: int = 0
    over: bool = False
    sends: int = 0
    settled: int = 0
    unreachable: bool = False
    renamed: bool = False


class Lease(NamedTuple):
    """The channel's lease; `over` where its time has run out."""

    owner: str = NOBODY
    fence: int = 0
    over: bool = True


class Flight(NamedTuple):
    """A claimed message in a sender's hands: with which attempt, and whether it has left."""

    row: int
    attempt: int
    left: bool = False


class Result(NamedTuple):
    """What came back: sent, gone, or to be tried again, perhaps at a new address."""

    row: int
    attempt: int
    status: str


class Sender(NamedTuple):
    """What one process knows: the fence of the lease it believes to hold (0: none), and its messages."""

    name: str
    fence: int = 0
    flying: tuple[Flight, ...] = ()
    results: tuple[Result, ...] = ()
    reply: tuple[Flight, ...] | None = None
    """What a committed transaction claimed, not yet heeded; None outside of an exchange."""


class State(NamedTuple):
    """The tables, the processes, and how much may still go wrong, in the order of `FAULTS`."""

    rows: tuple[Row, ...]
    lease: Lease
    senders: tuple[Sender, ...]
    left: tuple[int, ...]

    def spend(self, fault: str) -> State | None:
        """Return the state with one fault less to come; None where none is left."""
        at = FAULTS.index(fault)
        if not self.left[at]:
            return None
        return self._replace(left=(*self.left[:at], self.left[at] - 1, *self.left[at + 1 :]))

    def put(self, sender: Sender) -> State:
        """Return the state with what a sender knows now."""
        return self._replace(senders=tuple(sender if each.name == sender.name else each for each in self.senders))

    def sender(self, name: str) -> Sender:
        """Return the sender of this name."""
        return next(each for each in self.senders if each.name == name)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the protocol heeds; each can be left out, to see that the check would find it."""

    fenced: bool = True
    """A settlement counts only with the claim's owner and attempt."""
    contacts_fenced: bool = True
    """Of a person nothing changes but by a claim that is still ours."""
    leased: bool = True
    """Who has lost the lease claims nothing."""
    held_on: bool = True
    """A sender makes its claims longer while their messages are on their way."""
    settled_first: bool = True
    """A message is settled after it was sent, not before."""


def start(senders: str, rows: int, **faults: int) -> State:
    """Return the beginning: all messages due, nobody has the lease, so much may go wrong."""
    left = tuple(faults.get(each, 0) for each in FAULTS)
    return State((Row(),) * rows, Lease(), tuple(Sender(name) for name in senders), left)


def steps(state: State, rules: Rules) -> Iterator[tuple[Step, State]]:
    """Give everything that can happen next."""
    for sender in state.senders:
        if sender.reply is None:
            yield ("look", sender.name), looked(state, sender, rules)
            if torn := state.spend("torn"):
                yield ("torn", sender.name), looked(torn, sender, rules).put(sender)
        else:
            yield ("heed", sender.name), state.put(heeded(sender))
        yield from _flights(state, sender, rules)
        if crashed := state.spend("crash"):
            yield ("crash", sender.name), _dead(crashed, sender)
        if sender.fence and not (sender.flying or sender.results or sender.reply is not None):
            yield ("leave", sender.name), _left(state, sender)
    yield from _time(state)


def looked(state: State, sender: Sender, rules: Rules) -> State:
    """One transaction: lease, settlements, claims."""
    lease, rows, fence = state.lease, list(state.rows), 0
    if sender.fence:
        if (lease.owner, lease.fence) == (sender.name, sender.fence):
            lease, fence = lease._replace(over=False), sender.fence
        elif not rules.leased:
            fence = sender.fence
    elif lease.over or lease.owner in (NOBODY, sender.name):
        lease = Lease(sender.name, lease.fence + 1, over=False)
        fence = lease.fence
        rows = [_freed(row, lambda row: row.owner != sender.name) for row in rows]
    for result in sender.results:
        rows[result.row] = _settled(rows[result.row], result, sender, rules)
    claims: tuple[Flight, ...] = ()
    if fence:
        for flight in sender.flying:
            if rules.held_on and _is_ours(rows[flight.row], sender, flight.attempt):
                rows[flight.row] = rows[flight.row]._replace(over=False)
        rows = [_freed(row, lambda row: row.over) for row in rows]
        claims = tuple(Flight(n, row.attempt + 1) for n, row in enumerate(rows) if row.status == DUE)
        for claim in claims:
            row = rows[claim.row]
            rows[claim.row] = row._replace(status=SENDING, owner=sender.name, attempt=claim.attempt, over=False)
    return state._replace(rows=tuple(rows), lease=lease).put(sender._replace(fence=fence, results=(), reply=claims))


def _freed(row: Row, which: Callable[[Row], bool]) -> Row:
    free = row.status == SENDING and which(row)
    return row._replace(status=DUE, owner=NOBODY, over=False) if free else row


def _is_ours(row: Row, sender: Sender, attempt: int) -> bool:
    return (row.status, row.owner, row.attempt) == (SENDING, sender.name, attempt)


def _settled(row: Row, result: Result, sender: Sender, rules: Rules) -> Row:
    ours = _is_ours(row, sender, result.attempt)
    if ours or not rules.contacts_fenced:
        row = _told(row, result)
    if rules.fenced and not ours:
        return row
    over = result.status in (SENT, GONE)
    return row._replace(status=result.status if over else DUE, owner=NOBODY, over=False, settled=row.settled + over)


def _told(row: Row, result: Result) -> Row:
    """Note what came back about the person; who has gone gets nothing more that is due."""
    if result.status == GONE:
        return row._replace(unreachable=True, status=GONE if row.status == DUE else row.status)
    return row._replace(renamed=row.renamed or result.status == MOVED)


def heeded(sender: Sender) -> Sender:
    """The event loop begins what was claimed; what is on its way already only learns its new attempt."""
    flying = {each.row: each for each in sender.flying}
    for claim in sender.reply or ():
        flying[claim.row] = flying.get(claim.row, claim)._replace(attempt=claim.attempt)
    return sender._replace(flying=tuple(flying[n] for n in sorted(flying)), reply=None)


def _flights(state: State, sender: Sender, rules: Rules) -> Iterator[tuple[Step, State]]:
    for flight in sender.flying:
        who, rest = (sender.name, str(flight.row)), tuple(each for each in sender.flying if each != flight)
        if not flight.left:
            row = state.rows[flight.row]
            rows = (*state.rows[: flight.row], row._replace(sends=row.sends + 1), *state.rows[flight.row + 1 :])
            on_its_way = sender._replace(flying=_sorted((*rest, flight._replace(left=True))))
            yield ("send", *who), state._replace(rows=rows).put(on_its_way)
            for answer, status in ANSWERS.items():
                if answered := state.spend(answer):
                    back = Result(flight.row, flight.attempt, status)
                    yield (answer, *who), answered.put(_landed(sender, rest, back))
        if flight.left or not rules.settled_first:
            back = Result(flight.row, flight.attempt, SENT)
            yield ("back", *who), state.put(_landed(sender, rest, back))


def _landed(sender: Sender, rest: tuple[Flight, ...], result: Result) -> Sender:
    results = tuple(sorted({*sender.results, result}, key=lambda each: (each.row, each.attempt, each.status)))
    return sender._replace(flying=rest, results=results)


def _sorted(flights: tuple[Flight, ...]) -> tuple[Flight, ...]:
    return tuple(sorted(flights, key=lambda each: each.row))


def _dead(state: State, sender: Sender) -> State:
    """A process dies with all it knew; another one starts in its place, under a new name."""
    dead = _named(state, {sender.name: DEAD})
    return dead._replace(senders=tuple(Sender(sender.name) if each.name == DEAD else each for each in dead.senders))


def _names(state: State) -> set[str]:
    return {each.name for each in state.senders}


def _left(state: State, sender: Sender) -> State:
    """A process stops as asked, gives its lease back, and starts again some day."""
    lease = state.lease
    if (lease.owner, lease.fence) == (sender.name, sender.fence):
        lease = lease._replace(over=True)
    return state._replace(lease=lease).put(Sender(sender.name))


def _time(state: State) -> Iterator[tuple[Step, State]]:
    """The time of a lease or of a claim runs out."""
    lease = state.lease
    if not lease.over:
        left = state if lease.owner == DEAD else state.spend("lapse")
        if left:
            yield ("lapse",), left._replace(lease=lease._replace(over=True))
    for n, row in enumerate(state.rows):
        if row.status == SENDING and not row.over:
            left = state.spend("slow") if _is_in_hand(state, n) else state
            if left:
                rows = (*state.rows[:n], row._replace(over=True), *state.rows[n + 1 :])
                yield ("slow", str(n)), left._replace(rows=rows)


def _is_in_hand(state: State, row: int) -> bool:
    """Whether the claim's owner knows of it; otherwise nobody will settle it, and its time runs out for certain."""
    owner = state.rows[row].owner
    mine = [each for each in state.senders if each.name == owner]
    flights = {each.row for one in mine for each in (*one.flying, *(one.reply or ()))}
    return row in flights | {each.row for one in mine for each in one.results}


# --------------------------------------------------------------------------- states that differ in names only


def _named(state: State, names: dict[str, str]) -> State:
    lease = state.lease
    return state._replace(
        rows=tuple(row._replace(owner=names.get(row.owner, row.owner)) for row in state.rows),
        lease=lease._replace(owner=names.get(lease.owner, lease.owner)),
        senders=tuple(each._replace(name=names.get(each.name, each.name)) for each in state.senders),
    )


def alike(state: State) -> State:
    """Return one state for all that are the same but for the senders' names and how high the fences have grown."""
    fences = sorted({state.lease.fence, *(each.fence for each in state.senders)} - {0})
    low = {0: 0} | {fence: n for n, fence in enumerate(fences, 1)}
    lease, rows = state.lease._replace(fence=low[state.lease.fence]), state.rows

    def likeness(sender: Sender) -> tuple[object, ...]:
        """All there is to a sender but its name; two of the same likeness are the same to everybody."""
        reply = (0, ()) if sender.reply is None else (1, sender.reply)
        owned = tuple(row.owner == sender.name for row in rows)
        return (sender.fence, lease.owner == sender.name, owned, sender.flying, sender.results, reply)

    senders = sorted((each._replace(fence=low[each.fence]) for each in state.senders), key=likeness)
    names = dict(zip((each.name for each in senders), sorted(_names(state)), strict=True))
    return _named(state._replace(lease=lease, senders=tuple(senders)), names)
