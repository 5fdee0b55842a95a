"""The floors do what we do: the same tables get as many rows, and about as many bytes, from the same people."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from storage.database import Database
from tests.benchmarks import survey
from tests.benchmarks.floor import SqliteFloor
from tests.benchmarks.floor_postgresql import PostgresqlFloor
from tests.benchmarks.ours import Ours

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.contest import Contestant

PEOPLE = 20
FIRST = 1_001
"""Number of the first of the floor's people."""
TABLES = ("inbox", "contacts", "sessions", "answers", "outbox")
WRITTEN = ("coalesce(sum(length(body)), 0) FROM sessions", "coalesce(sum(length(body)), 0) FROM outbox")
ALIKE = 0.2
"""By so much of ours may what a floor writes differ: it names its states by number."""


async def test_a_floor_writes_as_many_rows_and_about_as_many_bytes_as_we_do(bare_url: str, tmp_path: Path) -> None:
    url = bare_url if bare_url.startswith("postgresql") else f"sqlite:///{tmp_path}/civicloop.db"
    floor = SqliteFloor if bare_url.startswith("sqlite") else partial(PostgresqlFloor, url=url)
    ours = Ours(tmp_path, url)
    with closing(Database.open(url)) as database:
        empty = _stands(database)
        mine = await _played(ours, 1)
        full = _stands(database)
        theirs = await _played(floor(tmp_path), FIRST)
        fuller = _stands(database)
    assert _added(empty, full)[: len(TABLES)] == _rows(mine)
    assert _added(full, fuller)[: len(TABLES)] == _rows(theirs)
    for ours_wrote, floor_wrote in zip(_added(empty, full), _added(full, fuller), strict=True):
        assert floor_wrote == pytest.approx(ours_wrote, rel=ALIKE)


def _added(before: list[int], after: list[int]) -> list[int]:
    return [then - now for now, then in zip(before, after, strict=True)]


def _rows(stream: survey.Stream) -> list[int]:
    """Return how many rows the stream must leave in each of the tables."""
    return [stream.updates, PEOPLE, PEOPLE, stream.answers, stream.updates]


async def _played(contestant: Contestant, first: int) -> survey.Stream:
    """Let people with these numbers answer, and return what they sent."""
    stream = survey.stream(PEOPLE, first)
    await contestant.begin()
    for batch in stream.batches:
        await contestant.take(batch)
    await contestant.end()
    return stream


def _stands(database: Database) -> list[int]:
    asked = [*(f"count(*) FROM {table}" for table in TABLES), *WRITTEN]
    with database.reading() as db:
        return [int(db.exec_driver_sql(f"SELECT {each}").scalar_one()) for each in asked]
