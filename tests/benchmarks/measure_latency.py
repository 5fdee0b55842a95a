"""From an update's arrival to its commit: one at a time, and at 3,000 arrivals a second whatever the program does.

Idle, beside each turn one raw commit is timed, an insert of the same bytes by sqlite3 into another file of the same
folder, in the same moment: both meet the same disk. Under load updates arrive as polling brings them, whatever has
come since the last answer, and once more one by one, as a webhook brings them, each in a task of its own in the same
event loop. The clock of an update starts when it was due to arrive, so that waiting of any kind counts.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from bot.channels.telegram import updates
from bot.errors import Trouble
from tests.benchmarks import survey
from tests.benchmarks.contest import DISK, FIRST, WARM, Lost, apart, here, prepared
from tests.benchmarks.ours import Ours
from tests.benchmarks.table import ROUNDS, Row, cpu

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.channels.base import Raw

    Measure = Callable[[Ours, Sequence[Raw], Path], Awaitable[tuple[list[float], list[float]]]]

ARRIVALS = 3_000
"""Arrivals a second under load."""
ANSWER = 100
"""Most updates in one answer to getUpdates."""
TICK = 0.001
"""Seconds the generator sleeps where nothing is due: what is due by then arrives together, its clock long running."""
PAUSE = 0.002
"""Seconds between one idle turn and the next update."""
SLOW = 0.002
"""Seconds a raw commit may take at the median on a disk that is called quiet."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long each update waited, and each raw commit beside it, in seconds; and CPU seconds for an update."""

    ours: tuple[float, ...]
    raw: tuple[float, ...]
    cpu: float


def rows(quick: bool) -> list[Row]:
    """Measure idle and loaded in turns."""
    few, many, run, rounds = (3, 10, here, 1) if quick else (150, 2000, apart, ROUNDS)
    idle, polled, single = [], [], []
    with prepared(run) as pattern:
        for _ in range(rounds):
            idle.append(run(_measured, _idle, few, pattern))
            polled.append(run(_measured, _polled, many, pattern))
            single.append(run(_measured, _single, many, pattern))
    return [_idle_row(idle), _loaded_row("by polling", polled, idle), _loaded_row("one by one", single, idle)]


def _idle_row(taken: Sequence[Waits]) -> Row:
    ratio = median(p99(one.ours) / p99(one.raw) for one in taken)
    return Row(
        "update in to commit, idle", _shown([one.ours for one in taken]), "one raw commit",
        _shown([one.raw for one in taken]), ratio, "p99 ≤ 2×", ratio <= 2, _cpu_us(taken),
    )  # fmt: skip


def _loaded_row(how: str, taken: Sequence[Waits], idle: Sequence[Waits]) -> Row:
    worst = median(p99(one.ours) for one in taken)
    commit = median(median(one.raw) for one in idle)
    disk = "quiet" if commit <= SLOW else "not quiet"
    return Row(
        f"update in to commit, {ARRIVALS:,} arrivals/s {how}", _shown([one.ours for one in taken]),
        target="p99 ≤ 25 ms on a quiet disk", met=worst <= 0.025, cpu_us=_cpu_us(taken),
        note=f"the disk was {disk}: a raw commit took {commit * 1000:.1f} ms at the median",
    )  # fmt: skip


def p99(waits: Sequence[float]) -> float:
    """Return the time within which 99 of 100 were done."""
    return quantiles(waits, n=100, method="inclusive")[98]


def _shown(taken: Sequence[Sequence[float]]) -> str:
    middle, worst = median(map(median, taken)), median(map(p99, taken))
    return f"p50 {middle * 1000:.2f} ms, p99 {worst * 1000:.2f} ms"


def _cpu_us(taken: Sequence[Waits]) -> float:
    return median(one.cpu for one in taken) * 1e6


# --------------------------------------------------------------------------- one round


def _measured(measure: Measure, citizens: int, pattern: Path) -> Waits:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as folder:
        shutil.copytree(pattern, folder, dirs_exist_ok=True)
        return asyncio.run(_round(measure, citizens, Path(folder)))


async def _round(measure: Measure, citizens: int, folder: Path) -> Waits:
    ours = Ours(folder)
    warm, timed = survey.stream(min(WARM, citizens)), survey.stream(citizens, FIRST)
    await ours.begin()
    for batch in warm.batches:
        await ours.take(batch)
    arriving = [raw for batch in timed.batches for raw in updates.batch(batch)]
    used = cpu()
    waits, raw = await measure(ours, arriving, folder)
    used = cpu() - used
    with ours.app.database.reading() as db:  # updates refused for a moment come again out of turn: answers may differ
        kept = db.exec_driver_sql("select count(*) from inbox where status = 'done'").scalar_one()
    await ours.end()
    if kept != warm.updates + timed.updates:
        raise Lost(f"kept {kept} updates of {warm.updates + timed.updates}")
    return Waits(tuple(waits), tuple(raw), used / len(waits))


async def _idle(ours: Ours, arriving: Sequence[Raw], folder: Path) -> tuple[list[float], list[float]]:
    """One update, its commit, one raw commit, a pause."""
    plain = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for words in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE raw (id TEXT, body BLOB)"):
        plain.execute(words)
    waits, commits = [], []
    for raw in arriving:
        began = time.perf_counter()
        await ours.app.turns.accept([raw])
        ended = time.perf_counter()
        plain.execute("INSERT INTO raw VALUES (?, ?)", (raw.external_id, raw.body))  # commits by itself
        commits.append(time.perf_counter() - ended)
        waits.append(ended - began)
        await asyncio.sleep(PAUSE)
    plain.close()
    return waits, commits


async def _polled(ours: Ours, arriving: Sequence[Raw], folder: Path) -> tuple[list[float], list[float]]:
    """Take what is due by now, at most what an answer to getUpdates holds; when it is committed, the next."""
    waits: list[float] = []
    began = time.perf_counter()
    while len(waits) < len(arriving):
        due = int((time.perf_counter() - began) * ARRIVALS) + 1
        batch = arriving[len(waits) : min(due, len(waits) + ANSWER)]
        if not batch:
            await asyncio.sleep(TICK)
            continue
        await ours.app.turns.accept(batch)
        ended = time.perf_counter() - began
        waits += [ended - n / ARRIVALS for n in range(len(waits), len(waits) + len(batch))]
    return waits, []


async def _single(ours: Ours, arriving: Sequence[Raw], folder: Path) -> tuple[list[float], list[float]]:
    """Updates arrive at their moments, however many still wait."""
    waits: list[float] = []

    async def arrive(raw: Raw, due: float) -> None:
        while True:
            try:
                await ours.app.turns.accept([raw])
                break
            except Trouble:  # more than can be taken: the channel brings it again
                await asyncio.sleep(0.05)
        waits.append(time.perf_counter() - due)

    began = time.perf_counter()
    tasks = []
    for n, raw in enumerate(arriving):
        due = began + n / ARRIVALS
        while time.perf_counter() < due:  # noqa: ASYNC110 - time is what is waited for
            await asyncio.sleep(TICK)
        tasks.append(asyncio.create_task(arrive(raw, due)))
        if n % 20 == 0:  # a generator that is late must not keep the program from working
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return waits, []
