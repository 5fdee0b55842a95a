"""How a contestant plays the survey: in a process of its own, on a fresh database, and every answer is counted."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tests.benchmarks import survey
from tests.benchmarks.table import Sample, cpu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Barrier

    from tests.benchmarks.table import Row

    Runner = Callable[..., Any]

Result = TypeVar("Result")

DISK = Path("/var/tmp")
"""Where databases are made: a folder that by the File Hierarchy Standard is on a disk, which /tmp may not be."""
WARM = 20
"""Most citizens who play before the clock starts, so that what is made once is not timed."""
FIRST = 1_000
"""Number of the first citizen who is timed."""


class Contestant(Protocol):
    """Somebody who takes the survey's updates. Made with a folder of its own, in the process it runs in."""

    async def begin(self) -> None:
        """Get ready to take updates."""

    async def take(self, batch: bytes) -> None:
        """Take one answer to getUpdates; returns when all of it is as durable as this contestant makes it."""

    async def end(self) -> None:
        """Stop, and let go of everything."""

    async def answers(self) -> int | None:
        """How many answers are kept now; None for a contestant that keeps none."""


class Lost(Exception):
    """A contestant did not keep every answer: its speed means nothing."""


def apart(work: Callable[..., Result], *arguments: Any) -> Result:
    """Return what `work` returns in a new process, so that imports, caches and garbage of one weigh on no other."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        return alone.submit(work, *arguments).result()


def here(work: Callable[..., Result], *arguments: Any) -> Result:
    """Return what `work` returns in this process: for smoke tests, where starting would take the most of the time."""
    return work(*arguments)


def rows_of(name: str, quick: bool) -> list[Row]:
    """Take the measure in the file `measure_<name>.py`."""
    found: list[Row] = import_module(f"tests.benchmarks.measure_{name}").rows(quick)
    return found


@contextmanager
def prepared(run: Runner, url: str = "") -> Iterator[Path]:
    """Give a folder with the program's key file and, unless `url` names one, its SQLite file; the round is open."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as folder:
        run(_prepare, Path(folder), url)
        yield Path(folder)


def _prepare(folder: Path, url: str) -> None:
    from tests.benchmarks.ours import Ours  # noqa: PLC0415 - not where a peer or a floor runs: it would be in the way

    Ours(folder, url).app.database.close()


def play(make: Callable[[Path], Contestant], citizens: int, pattern: Path) -> Sample:
    """Let a contestant play with so many citizens in a copy of the folder `pattern`.

    Raises `Lost` where an answer is missing at the end.
    """
    with tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as folder:
        shutil.copytree(pattern, folder, dirs_exist_ok=True)
        logging.basicConfig(filename=f"{folder}/log", level=logging.INFO, force=True)  # as the peers' own guides begin
        sample, kept = asyncio.run(_played(make(Path(folder)), citizens, 0))
    _check(kept, citizens, 1)
    return sample


def play_beside(make: Callable[[Path], Contestant], citizens: int, pattern: Path, processes: int) -> Sample:
    """Let so many processes play on one database at once, each with so many citizens of its own.

    All get the same copy of the folder `pattern`. CPU is that of all of them, wall time that of the slowest.
    Raises `Lost` where an answer is missing at the end.
    """
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as folder,
        ProcessPoolExecutor(processes, spawn, initializer=_meet, initargs=(spawn.Barrier(processes),)) as pool,
    ):
        shutil.copytree(pattern, folder, dirs_exist_ok=True)
        started = [pool.submit(_play_share, make, Path(folder), citizens, share) for share in range(processes)]
        ended = [each.result() for each in started]
    samples = [sample for sample, _ in ended]
    _check(max((kept or 0 for _, kept in ended)), citizens, processes)
    return Sample(sum(s.count for s in samples), max(s.wall for s in samples), sum(s.cpu for s in samples))


_meeting: list[Barrier] = []
"""Where processes that play beside each other wait for the others."""


def _meet(barrier: Barrier) -> None:
    _meeting.append(barrier)


def _play_share(
    make: Callable[[Path], Contestant], folder: Path, citizens: int, share: int
) -> tuple[Sample, int | None]:
    return asyncio.run(_played(make(folder), citizens, share))


async def _played(contestant: Contestant, citizens: int, share: int) -> tuple[Sample, int | None]:
    """Play the share of one process. Returns what it took, and how many answers are kept by then."""
    warm = survey.stream(_warm(citizens), 1 + share * WARM)
    timed = survey.stream(citizens, FIRST + share * citizens * 10)
    await contestant.begin()
    for batch in warm.batches:
        await contestant.take(batch)
    gc.collect()
    _wait()
    began, used = time.perf_counter(), cpu()
    for batch in timed.batches:
        await contestant.take(batch)
    sample = Sample(timed.updates, time.perf_counter() - began, cpu() - used)
    _wait()
    kept = await contestant.answers()
    _wait()
    await contestant.end()
    return sample, kept


def _warm(citizens: int) -> int:
    return min(WARM, citizens)


def _wait() -> None:
    for barrier in _meeting:
        barrier.wait(timeout=300)


def _check(kept: int | None, citizens: int, processes: int) -> None:
    wanted = (citizens + _warm(citizens)) * processes * len(survey.questions())
    if kept is not None and kept != wanted:
        raise Lost(f"{kept} answers of {wanted} were kept")
