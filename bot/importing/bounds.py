"""What a constraint lets in, as the limits a question can have: found by trying answers, never by guessing.

A constraint that these limits cannot say exactly is Beyond; nothing is made stricter or looser in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

from bot.importing.xpath import OWN, Beyond, Call, Literal, Ref, holds, number, numbers, refs, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.importing.xpath import Node

LONGEST_TEXT = 4000
"""Letters that a text may have at most."""

MOST_TRIED = 12
"""Choices whose every combination is tried."""

NEVER_KEPT = "a rule that no answer keeps"
"""What is told of a constraint that lets nothing in."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of an answer: of a number its size, of a text its letters, of picks how many."""

    least: float | None = None
    most: float | None = None
    alone: frozenset[str] = frozenset()
    """Names of choices that go with no other."""
    digits: bool = False
    """Whether a text may hold digits alone."""
    edges: tuple[float, ...] = ()
    """Limits that are let in here and were not there: a number "more than 0" has 0 as its limit."""


def of_number(node: Node, *, whole: bool) -> Bounds:
    """Return the limits of a number. Raises Beyond where it must be something else than between two limits."""
    _refuse_all_but(node, lambda one: one == Ref(OWN))
    points = _whole_points(numbers(node)) if whole else _points(numbers(node))
    low, high = _run(points, [holds(node, {OWN: f"{point:.15g}"}) for point in points])
    if whole:
        return Bounds(low, high)
    given = sorted(numbers(node))
    least, most = _edge(low, reversed(given), below=True), _edge(high, given, below=False)
    return Bounds(
        least, most, edges=tuple(one for one, at in ((least, low), (most, high)) if one is not None and one != at)
    )


def of_text(node: Node) -> Bounds:
    """Return the letters a text must and may have, and whether they are digits. Raises Beyond where more is wanted."""
    patterns, others = _told_apart(node)
    limits = [_of_digits(pattern) for pattern in patterns]
    if others is not None:
        limits.append(_of_length(others))
    least = max((one for one, _ in limits if one is not None), default=None)
    most = min((one for _, one in limits if one is not None), default=None)
    if least is not None and most is not None and least > most:
        raise Beyond(NEVER_KEPT)
    return Bounds(least, most, digits=bool(patterns))


def _told_apart(node: Node) -> tuple[list[str], Node | None]:
    """Return the patterns that a text must fit, and what it must be beside."""
    match node:
        case Call(name="and", over=(left, right)):
            (one, before), (other, after) = _told_apart(left), _told_apart(right)
            rest = Call("and", (before, after)) if before and after else before or after
            return [*one, *other], rest
        case Call(name="regex", over=(Ref(name="."), Literal(value=str(pattern)))):
            return [pattern], None
        case _:
            return [], node


_PATTERN = re.compile(r"\^?(?:\\d|\[0-9\]|\[\\d\])(?:(?P<some>[*+])|\{(?P<least>\d+)(?P<to>,(?P<most>\d*))?\})?\$?")


def _of_digits(pattern: str) -> tuple[float | None, float | None]:
    """Return how many digits a pattern wants that wants nothing else. Raises Beyond for any other pattern.

    A pattern has to fit the whole answer, as in ODK: https://docs.getodk.org/form-operators-functions/#regex
    """
    found = _PATTERN.fullmatch(pattern)
    if not found:
        raise Beyond("regex()")
    if found["some"]:
        return None, None
    least = int(found["least"] or 1)
    most = least if not found["to"] else int(found["most"]) if found["most"] else None
    if max(least, most or 0) > LONGEST_TEXT or most == 0:
        raise Beyond("regex()")
    return (float(least) if least > 1 else None), (None if most is None else float(most))


def _of_length(node: Node) -> tuple[float | None, float | None]:
    _refuse_all_but(node, lambda one: one == Call("string-length", (Ref(OWN),)))
    points = [point for point in _whole_points(numbers(node)) if 1 <= point <= LONGEST_TEXT] or [1.0]
    if points[0] > 1:
        points.insert(0, 1.0)
    low, high = _run(points, [holds(node, {OWN: "x" * int(point)}) for point in points])
    return (None if low == points[0] == 1 else low), high


def of_picks(node: Node, names: Sequence[str]) -> Bounds:
    """Return how many of `names` may be picked, and which stand alone. Raises Beyond where that does not say it all."""
    if refs(node) != {OWN} or any(" " in name for name in names):
        raise Beyond("what was answered elsewhere")
    tried = _worth_trying(node, names)
    allowed = {picks: holds(node, {OWN: " ".join(picks)}) for picks in _combinations(tried)}
    sizes = [len(picks) for picks, allows in allowed.items() if allows]
    if not sizes:
        raise Beyond(NEVER_KEPT)
    alone = frozenset(name for name in tried if _stands_alone(name, allowed))
    found = Bounds(min(sizes) if min(sizes) > 1 else None, max(sizes) if max(sizes) < len(tried) else None, alone)
    if any(_allows(found, picks) != allows for picks, allows in allowed.items()):
        raise Beyond("how choices go together")
    return found


def _refuse_all_but(node: Node, wanted: Callable[[Node], bool]) -> None:
    """Raise Beyond unless an expression only compares what is wanted with numbers."""
    match node:
        case Call(name="and" | "or" | "not" | "true" | "false", over=over):
            for one in over:
                _refuse_all_but(one, wanted)
        case Call(name="=" | "!=" | "<" | "<=" | ">" | ">=", over=(left, right)):
            other = right if wanted(left) else left if wanted(right) else None
            if not (isinstance(other, Literal) and number(other.value) == number(other.value)):
                raise Beyond("more than a comparison with a number")
        case _:
            raise Beyond("more than a comparison with a number")


def _points(given: Iterable[float]) -> list[float]:
    """Return numbers to try: those given, and one in each gap between them and beyond."""
    known = sorted(given)
    if not known:
        return [0.0]
    gaps = [(one + other) / 2 for one, other in pairwise(known)]
    return sorted({known[0] - 1, *known, *gaps, known[-1] + 1})


def _whole_points(given: Iterable[float]) -> list[float]:
    """Return whole numbers to try: those at each number given, and their neighbours."""
    return sorted({float(step + side) for one in given for step in (floor(one), ceil(one)) for side in (-1, 0, 1)})


def _run(points: Sequence[float], truths: Sequence[bool]) -> tuple[float | None, float | None]:
    """Return the first and the last point that hold, None where there is no end. Raises Beyond for several runs."""
    held = [at for at, true in enumerate(truths) if true]
    if points and not held:
        raise Beyond(NEVER_KEPT)
    if held and held[-1] - held[0] + 1 != len(held):
        raise Beyond("a gap between the answers")
    low = points[held[0]] if held and held[0] > 0 else None
    high = points[held[-1]] if held and held[-1] < len(points) - 1 else None
    return low, high


def _edge(at: float | None, given: Iterable[float], *, below: bool) -> float | None:
    """Return the number given that is nearest to where a run begins or ends."""
    if at is None:
        return None
    return next(one for one in given if (one <= at if below else one >= at))


def _worth_trying(node: Node, names: Sequence[str]) -> list[str]:
    """Return the choices to combine: all that are named, and as many of the others as could make a difference."""
    named = [name for name in names if any(one == Literal(name) for one in walk(node))]
    others = [name for name in names if name not in named]
    tried = [*named, *others[: int(max(numbers(node), default=0)) + 2]]
    if len(tried) > MOST_TRIED:
        raise Beyond("so many choices")
    return tried


def _combinations(names: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (picks for size in range(1, len(names) + 1) for picks in combinations(names, size))


def _stands_alone(name: str, allowed: dict[tuple[str, ...], bool]) -> bool:
    together = [allows for picks, allows in allowed.items() if name in picks and len(picks) > 1]
    return allowed[(name,)] and bool(together) and not any(together)


def _allows(bounds: Bounds, picks: tuple[str, ...]) -> bool:
    if bounds.alone.intersection(picks):
        return len(picks) == 1
    return (bounds.least or 1) <= len(picks) <= (bounds.most or len(picks))
