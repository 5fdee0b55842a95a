"""What people want: options in order, and what may be told of them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import permutations, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import statistics
from bot.digests.model import dump, load
from bot.digests.results import Kind, Poll, Result, result
from flows import points
from flows.ballots import said
from storage.ballots import EVERYBODY
from tests.bot.digests.attacker import ways
from tests.bot.digests.polled import OPTIONS, poll
from tests.bot.digests.test_render import real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.ballots import Tally


def divided(*rows: Sequence[int]) -> list[tuple[str, ...]]:
    return [points.written(list(zip(OPTIONS, row, strict=False))) for row in rows]


def told(found: Result, name: str = "score") -> dict[str, int | None]:
    return {each.option: getattr(each, name) for each in found.standings}


# --------------------------------------------------------------------------- what is told


def test_an_order_tells_borda_in_steps_and_first_places_best_first() -> None:
    found = result(poll("rank", ["bac"] * 60 + ["abc"] * 30 + ["bca"] * 10), 5)
    assert (found.base, found.step, found.wide, found.indication) == (100, 5, 10, False)
    assert [*told(found).items()] == [("b", 85), ("a", 60), ("c", 5)]
    assert told(found, "first") == {"b": 70, "a": 30, "c": 10}


def test_points_tell_mean_median_and_nothing() -> None:
    rows = [(6, 4, 0)] * 60 + [(5, 3, 2)] * 40
    found = result(poll("allocate", divided(*rows), most=10), 5)
    assert told(found) == {"a": 55, "b": 35, "c": 10}
    assert told(found, "median") == {"a": 60, "b": 40, "c": 10}
    assert told(found, "nothing") == {"a": 10, "b": 10, "c": 60}


def test_a_median_a_few_people_could_move_is_not_told() -> None:
    rows = [(6, 4, 0)] * 50 + [(5, 3, 2)] * 50
    found = result(poll("allocate", divided(*rows), most=10), 5)
    assert told(found, "median") == {"a": None, "b": None, "c": None}


def test_cards_tell_best_minus_last_and_how_often_shown() -> None:
    cards = ["a,b,c:a:c"] * 60 + ["a,b,c:b:c"] * 30 + ["a,b,c::"] * 10
    found = result(poll("bestworst", [[card] for card in cards], most=0), 5)
    assert told(found) == {"a": 70, "b": 30, "c": -90}
    assert told(found, "shown") == {"a": 90, "b": 90, "c": 90}


def test_an_option_hardly_shown_has_no_score() -> None:
    cards = [["a,b,c:a:c"]] * 20 + [["a,b,d:a:b"]] * 9
    found = result(poll("bestworst", cards, options=4, most=0), 5)
    assert found.standings[-1].option == "d"
    assert found.standings[-1].score is None


@pytest.mark.parametrize(("people", "base", "scored"), [(4, None, False), (9, 9, False), (10, 10, True)])
def test_few_people_give_no_score(people: int, base: int | None, scored: bool) -> None:
    found = result(poll("rank", ["abc"] * people), 5)
    assert (found.base, bool(found.standings)) == (base, scored)


def test_a_score_is_never_nothing_or_all() -> None:
    assert told(result(poll("rank", ["abc"] * 500), 5)) == {"a": 99, "b": 50, "c": 1}


def test_the_option_ahead_of_each_other_is_named_where_another_has_the_best_score() -> None:
    """Thirty first places of sixty against everybody's second."""
    orders = ["abc"] * 51 + ["bca"] * 49
    found = result(poll("rank", orders), 5)
    assert (found.standings[0].option, found.ahead_of_each) == ("b", "")
    found = result(poll("rank", ["abc"] * 60 + ["bca"] * 40), 5)
    assert (found.standings[0].option, found.ahead_of_each) == ("b", "a")


def test_a_range_reaches_beyond_chance_by_the_step() -> None:
    found = result(poll("rank", ["bac"] * 60 + ["abc"] * 40), 5)
    best = found.standings[0]
    assert best.low is not None
    assert best.high is not None
    span = statistics.wilson(80, 100)
    assert best.low / 100 < span.low < span.high < best.high / 100


@pytest.mark.parametrize("kind", Kind)
@given(st.lists(st.permutations("abc"), min_size=10, max_size=60), st.sampled_from([3, 5, 10]))
def test_a_range_follows_from_what_is_told_alone(kind: Kind, orders: list[list[str]], minimum: int) -> None:
    """Whoever reads score, step and base reckons it as well: it tells nothing of the answers behind them."""
    ways: dict[Kind, list[tuple[str, ...]]] = {
        Kind.RANK: [tuple(order) for order in orders],
        Kind.ALLOCATE: divided(*([2 - order.index(option) for option in "abc"] for order in orders)),
        Kind.BESTWORST: [(f"a,b,c:{order[0]}:{order[-1]}",) for order in orders],
    }
    found = result(poll(kind.value, ways[kind], most=0 if kind is Kind.BESTWORST else 3), minimum)
    for each in found.standings:
        if each.score is None:
            assert (each.low, each.high) == (None, None)
            continue
        part = (each.score + 100) / 200 if kind is Kind.BESTWORST else each.score / 100
        span = statistics.wilson(part * (found.base or 0), found.base or 0)
        ends = max(span.low - found.step / 200, 0.0), min(span.high + found.step / 200, 1.0)
        low, high = (statistics.points(end) for end in ends)
        assert (each.low, each.high) == ((2 * low - 100, 2 * high - 100) if kind is Kind.BESTWORST else (low, high))


@given(st.lists(st.permutations("abcde"), min_size=10, max_size=60), st.sampled_from([3, 5, 10]))
def test_scores_are_near_the_truth_and_add_up(orders: list[list[str]], minimum: int) -> None:
    made = poll("rank", orders, options=5, most=5)
    found = result(made, minimum)
    exact = {one: 25 * sum(4 - order.index(one) for order in orders) / len(orders) for one in "abcde"}
    for option, score in told(found).items():
        assert score is not None
        assert abs(score - min(max(exact[option], found.step), 100 - found.step)) <= found.step + 1e-9
    if all(found.step < (score or 0) < 100 - found.step for score in told(found).values()):
        assert abs(sum(score or 0 for score in told(found).values()) - 250) <= found.step / 2


def test_json_loses_nothing() -> None:
    digest = replace(real(), results=(result(poll("rank", ["abc"] * 50), 5),))
    assert load(dump(digest)) == digest
    assert json.loads(dump(digest))["results"][0]["base"] == 50


# --------------------------------------------------------------------------- what nobody can work out


def kinds_of_people(kind: str, options: int, most: int) -> list[tuple[str, ...]]:
    """Return every way to answer."""
    names = OPTIONS[:options]
    match kind:
        case "rank":
            return [order for length in range(1, most + 1) for order in permutations(names, length)]
        case "bestworst":
            return [(f"{','.join(names)}:{best}:{last}",) for best, last in permutations(names, 2)]
        case _:
            rows = product(range(most + 1), repeat=options)
            return divided(*(row for row in rows if sum(row) == most))


def gives_away(kind: str, base: int, ballots: Sequence[tuple[str, ...]], most: int, options: int) -> list[str]:
    """Try all ways so many people can answer; return every group of 1 to 4 whose size follows from what is told."""
    words = [Counter(said(kind, ballot)) for ballot in ballots]
    names = sorted({word for each in words for word in each if not word[1].startswith(">")})
    sizes: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    for people in ways(base, len(ballots)):
        tally: Tally = Counter({EVERYBODY: base})
        for count, each in zip(people, words, strict=True):
            for word, times in each.items():
                tally[word] += count * times
        shown = _seen(result(_polled(kind, tally, options, most, base), 5))
        cells = [(tally[name], tally[name]) for name in names]
        both = zip(sizes.get(shown, cells), cells, strict=True)
        sizes[shown] = [(min(low, size), max(high, size)) for (low, high), (size, _) in both]
    known = [(name, span) for spans in sizes.values() for name, span in zip(names, spans, strict=True)]
    return [f"{name}: {low}" for name, (low, high) in known if 0 < low == high < 5]


def _seen(found: Result) -> tuple[object, ...]:
    names = ("option", "score", "first", "median", "nothing")
    return (found.ahead_of_each, *(getattr(each, name) for each in found.standings for name in names))


def _polled(kind: str, tally: Tally, options: int, most: int, base: int) -> Poll:
    labels: dict[str, dict[str, str]] = {option: {} for option in OPTIONS[:options]}
    return Poll("", {}, "", Kind(kind), {}, labels, most, base, tally, whole=True)


UNIVERSES = [
    *(("rank", 3, 3, base, 3) for base in (10, 11, 13)),
    *(("rank", 2, 2, base, 1) for base in (10, 16, 25, 33, 40)),
    *(("rank", 3, 1, base, 1) for base in (20, 30, 40, 60)),
    *(("bestworst", 3, 0, base, 0) for base in (10, 12, 13)),
    *(("allocate", 2, 2, base, 0) for base in (10, 20, 30, 50)),
    *(("allocate", 2, 4, base, 0) for base in (10, 20)),
    *(("allocate", 3, 2, base, 0) for base in (10, 13)),
]


@pytest.mark.parametrize(("kind", "options", "most", "base", "shortest"), UNIVERSES)
def test_nobody_can_work_out_a_small_group_from_the_scores_of_a_question(
    kind: str, options: int, most: int, base: int, shortest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither how many put an option on a place, nor how many gave it so many points, nor called it best or last."""
    monkeypatch.setattr("bot.digests.results._reach", lambda *_: (None, None))  # follows from score and base
    ballots = [each for each in kinds_of_people(kind, options, most) if len(each) >= shortest]
    assert gives_away(kind, base, ballots, most, options) == []
