"""What the size of a flow costs: to compile and check it, and to take one step in it.

Our peer is ourselves with a tenth of the states: ten times the states may cost a little more than ten times as much to
check, and a step may cost no more at all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from flows.binding import bind
from flows.catalog import Catalog
from flows.engine import advance, start
from flows.model import Context, Kind, Message
from tests.benchmarks.table import ROUNDS, Row, Sample, alternate, cheaper, cpu_us, timed
from tests.flows.talk import files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SMALL, LARGE, TURNS = 100, 1000, 10
"""States of the flows, and how many turns of its citizen a step is measured over."""

LINEAR, SAME = 1.5, 1.25
"""Most that a state costs in a flow ten times as large, and that a step costs there."""


def rows(quick: bool) -> list[Row]:
    """Return what a state costs to check in a small flow and in a large one, and what a step costs in each."""
    rounds, sizes = (1, (10, 30)) if quick else (ROUNDS, (SMALL, LARGE))
    files = {count: files_of(states(count)) for count in sizes}
    checked = alternate({str(count): partial(_checked, files[count], count) for count in sizes}, rounds)
    steps = alternate({str(count): _stepping(count) for count in (TURNS, *sizes)}, rounds)
    return [
        _row("a state compiled and checked", checked, *sizes, LINEAR),
        *(_row("a step of a flow by its size", steps, few, sizes[1], SAME) for few in (TURNS, sizes[0])),
    ]


def states(count: int) -> str:
    """Return so many questions in a row, each with a way of its own for one of its answers."""
    each = [
        f'[states.q{n}]\nchoose = "What about number {n}?"\n'
        f'options = [{{ id = "a", label = "This" }}, {{ id = "b", label = "That" }}]\n'
        f'next = [{{ when = {{ q{n} = "b", "@first_time" = true }}, to = "{_after(n + 2, count)}" }}, '
        f'{{ to = "{_after(n + 1, count)}" }}]\n'
        for n in range(count)
    ]
    return "\n".join([*each, '[states.bye]\nend = "Thank you."\n'])


def _after(n: int, count: int) -> str:
    return f"q{n}" if n < count else "bye"


def _checked(files: dict[str, str], count: int) -> Sample:
    def check() -> None:
        assert {issue.code for issue in Catalog.of(files).issues} <= {"too-many-questions"}

    return timed(count, check)


def _stepping(count: int) -> Callable[[], Sample]:
    flow = bind(Catalog.of(files_of(states(count))).get("small"), {})
    begun = start(flow, Context("en", "telegram", "k7m2qx", "K7M2-9QXR"), NOW).session

    def steps() -> Sample:
        def play() -> None:
            for _ in range(200):
                session = begun
                for _ in range(TURNS - 2):
                    session = advance(flow, session, Message(Kind.TEXT, "1"), NOW).session

        return timed(200 * (TURNS - 2), play)

    return steps


def _row(what: str, taken: Mapping[str, list[Sample]], few: int, many: int, most: float) -> Row:
    times = cheaper(taken[str(many)], taken[str(few)])
    large, small = cpu_us(taken[str(many)]), cpu_us(taken[str(few)])
    return Row(
        what,
        f"{large:.1f} µs at {many:,}",
        f"the same at {few:,} states",
        f"{small:.1f} µs",
        times,
        f"≤ {most}×",
        times <= most,
        large,
    )
