"""What hypothesis draws: flows of up to nine questions, and what may be said to each."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from tests.reference.wild import (
    BEGIN,
    DECLINED,
    END,
    INVITE,
    JOINT,
    OPENING,
    POINTS,
    QUESTIONS,
    REVIEW,
    STEPS,
    THANKS,
    Place,
    Test,
    When,
    Wild,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from hypothesis.strategies import DrawFn, SearchStrategy

VERBS: Final = (*sorted(QUESTIONS), "choose", "pick", "rate", "say")
TEXTS: Final = ("the door was shut", "too far away", "nobody came to help us")
LEADING: Final = frozenset({"choose", "pick", "rank"})
"""Verbs whose options can lead by themselves."""
FACTS: Final = {"@channel": ("pigeon", "web"), "@first_time": (True, False)}


@st.composite
def wilds(draw: DrawFn) -> Wild:
    """Draw a flow in its frame, perhaps with another one that it hands over to."""
    names = [f"q{n}" for n in range(draw(st.integers(2, 6)))]
    if draw(st.booleans()):
        inner = [f"{JOINT}.q{n}" for n in range(draw(st.integers(1, 3)))]
        at = draw(st.integers(0, len(names)))
        names[at:at] = [*inner, JOINT]
    verbs = {name: "say" if name == JOINT else draw(st.sampled_from(VERBS)) for name in names}
    own = [_place(draw, name, verbs, later) for name, later in _onward(names)]
    door, invite, review = (draw(st.booleans()) for _ in range(3))
    before = [OPENING, *[BEGIN] * door, names[0]]
    after = [THANKS, *[INVITE] * invite, *[REVIEW] * review, END]
    return Wild(
        (*_framed(before), *own, *_framed(after)),
        running=draw(st.booleans()),
        taps=draw(st.booleans()),
        patience=draw(st.sampled_from([None, 3])),
    )


def _framed(names: Sequence[str]) -> Iterator[Place]:
    """Give the places of the frame, each leading to the next; what the last name stands for is none of them."""
    for name, to in pairwise(names):
        match name:
            case "begin":
                yield Place(id=name, verb="choose", otherwise=to, leads={"no": DECLINED}, optional=False, role=name)
            case "invite":
                yield Place(id=name, verb="choose", otherwise=to, role=name)
            case _:
                yield Place(id=name, verb="review" if name == REVIEW else "say", otherwise=to)


def _onward(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return each place with those it may lead to: later ones, and another flow only through its first and its last."""
    within = [name for name in names if name.startswith(f"{JOINT}.")]
    found = []
    for n, name in enumerate(names):
        later = [*names[n + 1 :], THANKS]
        if name in within:
            later = later[: later.index(JOINT) + 1]
        elif name != JOINT:
            later = [one for one in later if one not in {*within[1:], JOINT}]
        found.append((name, later))
    return found


def _place(draw: DrawFn, name: str, verbs: dict[str, str], later: Sequence[str]) -> Place:
    verb = verbs[name]
    ways = draw(st.lists(st.tuples(_when(_known(name, verbs), verbs), st.sampled_from(later)), max_size=2))
    options = {"choose": "abc", "pick": "abcd", "rank": "abcd"}.get(verb, "")
    leading = draw(st.lists(st.sampled_from(options), max_size=2, unique=True)) if options else []
    return Place(
        id=name,
        verb=verb,
        otherwise=later[0],
        ways=tuple(ways),
        leads={option: draw(st.sampled_from(later)) for option in leading},
        most=draw(st.sampled_from([None, 2])) if verb in {"pick", "rank"} else None,
    )


def _known(name: str, verbs: dict[str, str]) -> list[str]:
    """Return what has been asked by the end of a place; the other flow knows its own questions only."""
    names = [*verbs]
    asked = [one for one in names[: names.index(name) + 1] if verbs[one] != "say"]
    return [one for one in asked if one.startswith(f"{JOINT}.")] if name.startswith(f"{JOINT}.") else asked


def _when(known: Sequence[str], verbs: dict[str, str]) -> SearchStrategy[When]:
    """Return strategies of a `when` table about what has been asked by then."""
    facts = st.sampled_from(sorted(FACTS)).flatmap(
        lambda fact: st.builds(Test, st.just(fact), st.sampled_from(["is", "not"]), st.sampled_from(FACTS[fact]))
    )
    one = st.sampled_from(known).flatmap(lambda name: _test(name, verbs[name])) if known else facts
    tests = st.lists(st.one_of(one, one, one, facts), min_size=1, max_size=2, unique_by=lambda test: test.subject)
    plain = st.builds(When, tests.map(tuple))
    deep = st.builds(When, st.just(()), st.lists(plain, min_size=1, max_size=2).map(tuple), st.none() | plain)
    return st.one_of(plain, plain, deep, st.builds(When, tests.map(tuple), st.just(()), plain))


def _test(subject: str, verb: str) -> SearchStrategy[Test]:
    def about(operators: Sequence[str], values: SearchStrategy[Any]) -> SearchStrategy[Test]:
        return st.builds(Test, st.just(subject), st.sampled_from(operators), values)

    answered = about(["answered"], st.booleans())
    option, steps = st.sampled_from("abc"), st.integers(1, 5)
    several = st.lists(option, min_size=1, max_size=2, unique=True).map(tuple)
    match verb:
        case "choose":
            return about(["is", "not"], option) | about(["in", "not_in"], several) | answered
        case "pick" | "rank":
            return about(["contains", "contains", "is", "not"], option) | about(["in", "not_in"], several) | answered
        case "rate":
            return about(["less", "more"], steps) | about(["is", "not"], st.sampled_from(STEPS)) | answered
        case "number":
            return about(["less", "more", "is", "not"], st.integers(0, 20)) | answered
        case "ask" | "place":
            return about(["contains"], st.sampled_from(["door", "far"])) | answered
        case _:
            return answered


# --------------------------------------------------------------------------- answers


def values(place: Place, today: date) -> SearchStrategy[Any]:
    """Return what may be said to a question; cards are said one by one."""
    match place.verb:
        case "choose" | "rate":
            return st.sampled_from(place.options)
        case "pick" | "rank":
            most = place.most or len(place.options)
            several = st.lists(st.sampled_from(place.options), min_size=1, max_size=most, unique=True)
            return several.map(lambda some: _in_order(place, some))
        case "allocate":
            cuts = st.lists(st.integers(0, POINTS), min_size=2, max_size=2).map(sorted)
            return cuts.map(lambda two: _divided(place, [two[0], two[1] - two[0], POINTS - two[1]]))
        case "number":
            return st.integers(0, 20).map(float)
        case "date":
            return st.integers(0, 40).map(lambda days: (today - timedelta(days=days)).isoformat())
        case "photo":
            return st.sampled_from(["photo1", "photo2"])
        case "place":
            return st.sampled_from(["40.40000,-3.70000", "by the old mill"])
        case _:
            return st.sampled_from(TEXTS)


def _in_order(place: Place, some: Sequence[str]) -> tuple[str, ...]:
    """Return what was picked in the order offered; an order as it is."""
    return tuple(some) if place.verb == "rank" else tuple(one for one in place.options if one in some)


def _divided(place: Place, points: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{option}={number}" for option, number in zip(place.options, points, strict=True))
