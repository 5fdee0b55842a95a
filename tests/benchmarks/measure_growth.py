"""Whether a turn costs more the more is stored: at 1,000, 100,000 and 1,000,000 sessions of as many contacts.

Each session is open at the first question; with it come a contact, two counted answers, two inbox keys and a sent
message. They are loaded as plain SQL into the tables the program made; then contacts drawn at random go on talking.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from storage.sealing import Keys
from tests.benchmarks import survey
from tests.benchmarks.contest import DISK, Lost, apart, here
from tests.benchmarks.ours import Ours
from tests.benchmarks.table import ROUNDS, Row, Sample, alternate, cheaper, cpu, cpu_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.contest import Runner

STORED = (1_000, 100_000, 1_000_000)
QUICK = (300, 1_500)
ACTIVE = 190
"""Citizens who talk in one round; in five rounds nearly everybody of the smallest store has talked."""
FIRST = 1_000_000_000
"""Number of the first stored citizen: nobody else's."""


def rows(quick: bool) -> list[Row]:
    """Load a store of each size, then let all of them take turns."""
    sizes, rounds, active, run = (QUICK, 1, 20, here) if quick else (STORED, ROUNDS, ACTIVE, apart)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as name:
        folders = {f"{size:,}": Path(name) / str(size) for size in sizes}
        for size, folder in zip(sizes, folders.values(), strict=True):
            folder.mkdir()
            run(load, folder, size)
        turns = iter(range(rounds * len(sizes)))
        taken = alternate(
            {
                label: partial(_next_round, run, turns, len(sizes), folder, size, active)
                for (label, folder), size in zip(folders.items(), sizes, strict=True)
            },
            rounds,
        )
    least, *more = taken
    return [_row(size, least, taken[size], taken[least]) for size in more]


def _next_round(run: Runner, turns: Iterator[int], sizes: int, folder: Path, size: int, active: int) -> Sample:
    sample: Sample = run(talk, folder, size, active, next(turns) // sizes)
    return sample


def _row(size: str, least: str, ours: list[Sample], theirs: list[Sample]) -> Row:
    ratio = cheaper(ours, theirs)
    return Row(
        f"CPU of a turn, {size} stored sessions", f"{cpu_us(ours):.0f} µs", f"ourselves, {least} stored",
        f"{cpu_us(theirs):.0f} µs", ratio, "≤ 1.3×", ratio <= 1.3, cpu_us(ours),
    )  # fmt: skip


# --------------------------------------------------------------------------- one round


def talk(folder: Path, size: int, active: int, turn: int) -> Sample:
    """Let the `turn`-th drawing of stored citizens answer all questions."""
    drawn = random.Random(survey.SEED).sample(range(size), size)  # noqa: S311 - a fixed drawing
    citizens = [FIRST + n for n in drawn[turn * active : (turn + 1) * active]]
    return asyncio.run(_talked(folder, citizens, turn))


async def _talked(folder: Path, citizens: list[int], turn: int) -> Sample:
    ours = Ours(folder)
    stream = survey.stream_of(citizens, FIRST + turn * 1_000, begun=True)
    warm = survey.stream(10, 5_000 + turn * 100)
    before = await ours.answers()
    await ours.begin()
    for batch in warm.batches:
        await ours.take(batch)
    gc.collect()
    began, used = time.perf_counter(), cpu()
    for batch in stream.batches:
        await ours.take(batch)
    sample = Sample(stream.updates, time.perf_counter() - began, cpu() - used)
    kept = await ours.answers() - before
    await ours.end()
    if kept != warm.answers + stream.answers:
        raise Lost(f"kept {kept} answers of {warm.answers + stream.answers}")
    return sample


# --------------------------------------------------------------------------- the store


def load(folder: Path, size: int) -> None:
    """Fill a store with `size` open sessions and what belongs to them, as copies of rows the program wrote."""
    asyncio.run(_begun(folder))
    keys = Keys.load(folder / "keys", lambda: "")
    hashes = sorted(keys.address_hash("telegram", str(survey.CHAT + FIRST + n)) for n in range(size))
    with closing(sqlite3.connect(folder / "civicloop.db", isolation_level=None)) as db:
        for words in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-500000", "BEGIN"):
            db.execute(words)
        indexes = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
        for name, _ in indexes:  # a tenth of the time, where they are made at the end
            db.execute(f"DROP INDEX {name}")
        _fill(db, hashes)
        for _, made in indexes:
            db.execute(made)
        db.execute("COMMIT")


async def _begun(folder: Path) -> None:
    """Make the tables, open the round; one citizen answers everything, another only begins: they are the patterns."""
    ours = Ours(folder)
    await ours.begin()
    for batch in survey.stream(1, FIRST - 2).batches:
        await ours.take(batch)
    talk = json.loads(survey.stream(1, FIRST - 1).batches[0])["result"]
    await ours.take(json.dumps({"ok": True, "result": talk[:1]}).encode())
    await ours.end()


def _fill(db: sqlite3.Connection, hashes: list[bytes]) -> None:
    size = len(hashes)
    (contact,) = db.execute("SELECT max(id) FROM contacts").fetchone()
    db.execute("CREATE TEMP TABLE hashes (n INTEGER PRIMARY KEY, hash BLOB)")
    db.executemany("INSERT INTO hashes (hash) VALUES (?)", [(one,) for one in hashes])
    owner, key = f"{contact} + n", "CAST(printf('%032d', n) AS BLOB)"
    _copy(db, "contacts", size, address_hash="(SELECT hash FROM hashes WHERE hashes.n = numbers.n)")
    _copy(db, "sessions", size, f"contact_id = {contact}", contact_id=owner, receipt_hash=key)
    for state in ("reason", "why"):
        _copy(db, "answers", size, f"state = '{state}'", pseudonym="randomblob(16)")
    for mark in ("start", "answer"):
        _copy(db, "inbox", size, external_id=f"printf('{mark} %012d', n)")
    _copy(
        db, "outbox", size, key="printf('stored:%012d', n)", contact_id=owner, status="'sent'",
        sent_at="pattern.created_at", external_id="CAST(n AS TEXT)",
    )  # fmt: skip


def _copy(db: sqlite3.Connection, table: str, size: int, where: str = "true", **changed: str) -> None:
    """Add `size` copies of the first row that fits; `changed` are columns that differ, as SQL with the number `n`."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
    values = ", ".join(changed.get(name, f'pattern."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    pattern = f"(SELECT * FROM {table} WHERE {where} LIMIT 1) AS pattern"  # noqa: S608 - our own words
    numbers = f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {size})"  # noqa: S608 - the same
    db.execute(f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM numbers CROSS JOIN {pattern}")  # noqa: S608 - the same
