"""What can be answered to a question, as far as a flow's comparisons can tell answers apart.

Two answers of which the same comparisons hold, and which lead the same own way, are one to the flow. So a finite set
stands for every number and every text. Whether a comparison holds is asked of `flows.branching` itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from flows.branching import holds, own_way
from flows.model import Answer, Ask, Choose, Number, Pick, Place, Rank, Rate, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flows.model import Comparison, Flow, State, Value

OTHER = "\0"
"""Stands for every text that no comparison names."""

MOST_PARTS = 8
"""Of more options or words than this that a flow looks for, not every combination is tried."""

_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Said:
    """All answers that a flow takes for the same: the comparisons that hold, and the answer's own way."""

    facts: frozenset[Comparison]
    own: str | None = None


def answers(states: Mapping[str, State], state: State, wanted: Sequence[Comparison]) -> set[Said] | None:
    """Return what may be said to `state` as `wanted` tells it apart; None where nobody can list it."""
    values = values_of(state, wanted)
    return None if values is None else {_said(states, state, wanted, value) for value in values}


def circumstances(flow: Flow, subject: str, wanted: Sequence[Comparison]) -> set[Said]:
    """Return what may be known as `subject` (`@language`, `@channel`, …) when the flow begins."""
    named: set[object] = {one for comparison in wanted for one in _named(comparison)}
    known: dict[str, Iterable[object]] = {
        "@language": flow.languages,
        "@first_time": (True, False),
        "@channel": {OTHER, *named},
        "@area": {OTHER, None, *named},
        "@before": (None, *_subsets(sorted(map(str, named)))),
        "@last": (True, False),
    }
    sessions = [_session(flow).moved(**{subject[1:]: value}) for value in known[subject]]
    return {Said(frozenset(one for one in wanted if holds({}, one, {}, session))) for session in sessions}


def nothing_said(wanted: Sequence[Comparison]) -> frozenset[Comparison]:
    """Return the comparisons that hold of a question that was skipped or never asked."""
    return frozenset(one for one in wanted if holds({}, one, {}, _NOBODY))


_NOBODY = Session("", 1, "", "", "", "", "")


def _session(flow: Flow) -> Session:
    return Session(flow.id, flow.version, flow.language, OTHER, "", "", flow.start)


def _said(states: Mapping[str, State], state: State, wanted: Sequence[Comparison], value: Value) -> Said:
    given = {state.id: Answer(state.id, value)}
    facts = frozenset(one for one in wanted if holds(states, one, given, _NOBODY))
    own = own_way(state, given[state.id]) if isinstance(state, Choose | Rate | Pick | Rank) else None
    return Said(facts, own)


def _named(comparison: Comparison) -> tuple[object, ...]:
    if comparison.operator == "answered":
        return ()
    return comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)


# --------------------------------------------------------------------------- values that stand for all others


def values_of(state: State, wanted: Sequence[Comparison]) -> list[Value] | None:
    """Return values that stand for all that can be said to `state`, None for a skip; None: nobody can list them."""
    skipped: list[Value] = [None] if getattr(state, "optional", False) else []
    match state:
        case Choose() | Rate():
            brought = getattr(state, "options_from", None)
            named = [str(one) for comparison in wanted for one in _named(comparison)] if brought else []
            return [*skipped, *(option.id for option in state.options), *named, *([OTHER] if brought else [])]
        case Pick():
            picked = _picks(state, wanted)
            return None if picked is None else [*skipped, *picked]
        case Rank():
            orders = _orders(state, wanted)
            return None if orders is None else [*skipped, *orders]
        case Number():
            return [*skipped, *_numbers(state, wanted)]
        case Ask() | Place():
            texts = _texts(wanted)
            return None if texts is None else [*skipped, *texts]
        case _:
            return [*skipped, OTHER] if all(each.operator == "answered" for each in wanted) else None


def _picks(state: Pick, wanted: Sequence[Comparison]) -> list[Value] | None:
    """Every set of the options that matter, with and without others beside them, as far as the limits allow."""
    named = {str(one) for comparison in wanted for one in _named(comparison)}
    known = {option.id: option for option in state.options}
    brought = sorted(named - set(known)) if state.options_from else []
    alone = [option.id for option in state.options if option.exclusive]
    matter = [*(one for one in known if one not in alone and (one in named or known[one].next)), *brought]
    others = [one for one in known if one not in alone and one not in matter]
    others += [f"{OTHER}{n}" for n in range(state.least)] if state.options_from else []
    if len(matter) > MOST_PARTS:
        return None
    most = state.most or len(known) + len(brought) + len(others)
    sets = [(*some, *more) for some in _subsets(matter) for more in _beside(others, state.least - len(some))]
    return [*((one,) for one in alone), *(one for one in sets if max(1, state.least) <= len(one) <= most)]


def _orders(state: Rank, wanted: Sequence[Comparison]) -> list[Value] | None:
    """Every option as the best, with every set of those that are looked for after it, as far as the limits allow."""
    named = {str(one) for comparison in wanted for one in _named(comparison)}
    brought = [*sorted(named), *(f"{OTHER}{n}" for n in range(state.least + 1))] if state.options_from else []
    known = [*dict.fromkeys([*(option.id for option in state.options), *brought])]
    if len(named) > MOST_PARTS:
        return None
    most = state.most or len(known)
    sets = [
        (best, *some, *more)
        for best in known
        for some in _subsets([one for one in known if one in named and one != best])
        for more in _beside([one for one in known if one not in named and one != best], state.least - len(some) - 1)
    ]
    return [one for one in sets if state.least <= len(one) <= most]


def _beside(others: Sequence[str], wanted: int) -> Iterator[tuple[str, ...]]:
    """Yield no other option, one, and as many as are wanted yet."""
    yield from {tuple(others[:count]) for count in (0, 1, max(0, wanted))}


def _subsets(parts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for count in range(len(parts) + 1):
        yield from combinations(parts, count)


def _numbers(state: Number, wanted: Sequence[Comparison]) -> list[Value]:
    """The numbers that are compared with, one on each side of them, one between each two, and the limits."""
    marks = sorted({float(one) for each in wanted for one in _named(each) if isinstance(one, int | float)})
    step = 1.0 if state.whole else _TINY
    near = [mark + side for mark in (*marks, 0.0) for side in (-step, 0.0, step)]
    between = [(low + high) / 2 for low, high in pairwise(marks)]
    limits = [one for one in (state.least, state.most) if one is not None]
    found = {math.floor(one) if state.whole else one for one in (*near, *between, *limits) if math.isfinite(one)}
    found |= {math.ceil(one) for one in found}
    low = -math.inf if state.least is None else state.least
    high = math.inf if state.most is None else state.most
    return [float(one) for one in sorted(found) if low <= one <= high]


def _texts(wanted: Sequence[Comparison]) -> list[Value] | None:
    parts = sorted({str(one) for each in wanted if each.operator == "contains" for one in _named(each)})
    if len(parts) > MOST_PARTS:
        return None
    whole = [str(one) for each in wanted if each.operator != "contains" for one in _named(each)]
    return [OTHER, *whole, *(" ".join(some) for some in _subsets(parts) if some)]
