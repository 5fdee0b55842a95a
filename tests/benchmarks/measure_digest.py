"""Weekly digest figures over a year of answers: ours on SQLite beside pandas over the whole table.

Ours is what the Monday job does: the week just over is counted, all earlier ones were counted when they were over, and
each service's digest is put together from that. Beside it `pandas.read_sql` of the table of answers, then groupby of
people by answer and by channel; that is even less than our figures, which count a person once. Memory is what a process
of its own needs above what it needs with all libraries loaded.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, text

from bot import config as configuration
from bot.digests.gather import keep
from bot.digests.weeks import Week
from bot.digests.writing import Digests
from bot.rounds.library import Library
from flows.catalog import Catalog
from storage import migrate
from storage.database import Database
from storage.sealing import Keys
from storage.tables import rounds, weeks
from tests.benchmarks.contest import DISK, apart
from tests.benchmarks.table import ROUNDS, Row, Sample, alternate, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config

SERVICES = 8
WEEKS = 52
WEEK = Week(2026, 46)
"""The week just over."""
EACH = 5
"""Answers of one person at a time: four choices, one text."""
MILLION = 1_000_000
FEW = 20_000
"""Answers of the database with which a contestant loads its libraries before it is measured."""
ROOM = 900
"""Bytes of disk for an answer, with its indexes and a copy while these are made."""
OURS, ONE, PANDAS = "ours", "ours, one service", "pandas"


@dataclass(frozen=True, slots=True)
class Bound:
    """What the figures of so many answers may cost."""

    answers: int
    cpu: float
    """Seconds."""


BOUNDS = (Bound(MILLION, 0.3), Bound(10 * MILLION, 1.5))
NEEDED = 16 * 10**9
"""Bytes of memory a machine should have before pandas reads ten million answers on it; without, ours runs alone."""
MEGABYTES = 50
TIMES = 15
"""At least so many times less CPU and memory than pandas."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run in a process of its own: `megabytes` over what it needed before it began."""

    sample: Sample
    megabytes: float


# --------------------------------------------------------------------------- a year of answers

_ANSWERS = text("""
    WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :answers),
    given AS (
        SELECT n, n % :each AS question, n / :each AS passage,
        -- every tenth comes back later, as somebody of the same service who had answered in the first half
        CASE n / :each % 10 WHEN 0 THEN n / :each / (2 * :services) * :services + n / :each % :services
        ELSE n / :each END AS person,
        strftime('%Y-%m-%d %H:%M:%f000', :begin + n * :step, 'unixepoch') AS at
        FROM number
    )
    INSERT INTO answers (round_id, service, stage, flow, version, pseudonym, state, item, verb, choice, score, text,
        skipped, quotable, language, channel, answered_at, counted_at)
    SELECT 1 + passage % :services, 'service' || (passage % :services), 'deliver', 'deliver_pulse', 1,
        CAST(printf('%016x', person * 2654435761) AS BLOB), 'state' || question,
        CASE question WHEN 0 THEN 'del.overall' WHEN 4 THEN 'del.reason' ELSE 'del.item' || question END,
        iif(question = 4, 'ask', 'rate'), iif(question = 4, NULL, CAST(1 + abs(random()) % 5 AS TEXT)),
        iif(question = 4, NULL, 3.0), iif(question = 4, 'They helped me at once, but I waited for an hour.', NULL),
        0, passage % 3 = 0, iif(passage % 4 = 0, 'es', 'en'),
        CASE person / :services % 7 WHEN 0 THEN 'web' WHEN 1 THEN 'mail' ELSE 'telegram' END, at, at
    FROM given
""")


def sample() -> Config:
    """Return the sample city with as many services as we measure."""
    plain = configuration.load(None, {})
    services = tuple(replace(plain.services[0], key=f"service{number}") for number in range(SERVICES))
    return replace(plain, services=services)


def now(config: Config) -> datetime:
    """Return Monday, eight o'clock."""
    return WEEK.ends(config.city.zone) + timedelta(hours=8)


def build(url: str, answers: int) -> None:
    """Make a database with so many answers, evenly over the year; its indexes last, which is faster."""
    config = sample()
    begin, end = WEEK.back(WEEKS - 1).begins(config.city.zone), WEEK.ends(config.city.zone)
    facts = {"answers": answers, "each": EACH, "services": SERVICES, "begin": begin.timestamp()}
    step = (end - begin).total_seconds() / answers
    with closing(Database.open(url)) as database:
        migrate.upgrade(database)
        with database.transaction() as db:
            db.execute(insert(rounds), [_round(number, begin) for number in range(SERVICES)])
            again = _without_indexes(db)
            db.execute(_ANSWERS, {**facts, "step": step})
            for statement in again:
                db.exec_driver_sql(statement)
        database.tidy()


def _round(number: int, begin: datetime) -> dict[str, object]:
    facts = {"stage": "deliver", "flow": "deliver_pulse", "version": 1, "record": "{}", "audience": "link"}
    name = f"service{number}"
    return {
        "id": number + 1,
        "code": name,
        "service": name,
        "title": name,
        "state": "open",
        "created_at": begin,
    } | facts


def _without_indexes(db: Connection) -> list[str]:
    """Drop the indexes of the answers; return the statements that make them again."""
    made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'answers' AND sql IS NOT NULL"
    found = db.exec_driver_sql(made).all()
    for name, _ in found:
        db.exec_driver_sql(f"DROP INDEX {name}")
    return [statement for _, statement in found]


# --------------------------------------------------------------------------- the contestants, each in its own process


def ours(url: str, small: str, services: int) -> Run:
    """Count the week just over, and put the digests together."""
    _monday(small, services)()
    return _measured(_monday(url, services))


def _monday(url: str, services: int) -> Callable[[], None]:
    """Return what to do where all weeks but the last are counted."""
    config = sample()
    catalog, at, zone = Catalog.load(), now(config), config.city.zone
    desk = Digests(config, catalog.bank, Library(config, catalog, Keys([b"k" * 32])))
    database = Database.open(url)
    with database.transaction() as db:
        db.execute(delete(weeks).where(weeks.c.until == WEEK.ends(zone)))

    def work() -> None:
        for service in config.services[:services]:
            keep(database, service.key, zone, at)
            with database.reading() as db:
                digest = desk.of_week(db, service.key, WEEK, at)
            assert digest is not None
            assert digest.who.new
            assert len(digest.scores[0].weeks) > 1

    return work


def everything(url: str) -> Run:
    """Count all weeks, as once after an update from a version that did not."""
    config = sample()
    with closing(Database.open(url)) as database:
        at = now(config)
        return _measured(lambda: [keep(database, each.key, config.city.zone, at) for each in config.services])


def with_pandas(url: str, small: str) -> Run:
    """Read the whole table, then group; all of these answers count, so it need not look which do."""
    _grouped(small)
    return _measured(partial(_grouped, url))


def _grouped(url: str) -> None:
    import pandas as pd  # noqa: PLC0415 - only here

    with closing(Database.open(url)) as database, database.reading() as db:
        table = pd.read_sql(text("SELECT * FROM answers"), db)
    table["week"] = pd.to_datetime(table["counted_at"]).dt.strftime("%G-W%V")
    table.groupby(["service", "week", "stage", "item", "choice"]).size()
    table.groupby(["service", "week", "channel"]).size()
    table[table["verb"] == "ask"].groupby(["service", "week"]).size()
    table.groupby(["service", "channel"])["pseudonym"].nunique()


def _measured(work: Callable[[], object]) -> Run:
    before = _peak()
    taken = timed(1, work)
    return Run(taken, _peak() - before)


def _peak() -> float:
    """Return the most memory this process has had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --------------------------------------------------------------------------- rows


def rows(quick: bool) -> list[Row]:
    """Take the measure over each number of answers there is room for."""
    if quick:
        return _rows(Bound(20_000, 0.3), lambda work, *facts: work(*facts), 1)
    return [row for bound in BOUNDS for row in _rows(bound, apart, ROUNDS)]


def _rows(bound: Bound, alone: Callable[..., Run], rounds: int) -> list[Row]:
    if shutil.disk_usage(DISK).free < bound.answers * ROOM:
        return [Row(f"weekly digests over {bound.answers:,} answers", "0 runs", note=f"no room for it in {DISK}")]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as folder:
        url, small = (f"sqlite:///{Path(folder) / name}" for name in ("year.db", "small.db"))
        build(url, bound.answers)
        build(small, FEW)
        alone(everything, small)
        once = alone(everything, url)
        contestants = {OURS: partial(alone, ours, url, small, SERVICES), ONE: partial(alone, ours, url, small, 1)}
        peer = partial(alone, with_pandas, url, small)
        if bound.answers <= MILLION:
            contestants[PANDAS] = peer
        taken = alternate(contestants, rounds)
        if bound.answers > MILLION and _memory() > NEEDED:  # a minute and 8 GB of pandas: once says enough
            taken[PANDAS] = [peer()]
        return _told(bound, once, taken)


def _told(bound: Bound, once: Run, taken: Mapping[str, Sequence[Run]]) -> list[Row]:
    what = f"weekly digests of {SERVICES} services, {bound.answers:,} answers of {WEEKS} weeks"
    peer = taken.get(PANDAS, ())
    named = f"pandas read_sql, n={len(peer)}" if peer else ""
    cpu, wall, memory = (_median(taken[OURS], each) for each in FIGURES)
    theirs, _, more = (_median(peer, each) for each in FIGURES)
    less, smaller = (theirs / cpu, more / max(memory, 0.1)) if peer else (None, None)
    single = _median(taken[ONE], FIGURES[0])
    return [
        Row(
            f"{what}: CPU",
            f"{cpu:.3f} s",
            named,
            f"{theirs:.2f} s" if peer else "",
            less,
            f"≤ {bound.cpu} s and ≥ {TIMES}×",
            met=None if less is None else cpu <= bound.cpu and less >= TIMES,
            note=f"wall {wall:.2f} s; one service {single:.3f} s of CPU; all weeks once {once.sample.cpu:.1f} s",
        ),
        Row(
            "the same: memory over the libraries",
            f"{memory:.0f} MB",
            named,
            f"{more:.0f} MB" if peer else "",
            smaller,
            f"≤ {MEGABYTES} MB and ≥ {TIMES}×",
            met=None if smaller is None else memory <= MEGABYTES and smaller >= TIMES,
        ),
    ]


def _memory() -> int:
    """Return the bytes of memory this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _median(runs: Sequence[Run], figure: Callable[[Run], float]) -> float:
    return median(map(figure, runs)) if runs else 0.0


FIGURES = (attrgetter("sample.cpu"), attrgetter("sample.wall"), attrgetter("megabytes"))
