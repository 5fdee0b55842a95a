"""How a contestant plays the survey: in a process of its own, on a fresh database, and every answer is counted."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tests.benchmarks import survey
from tests.benchmarks.table import Sample, cpu

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.table import Row

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


def rows_of(name: str, quick: bool) -> list[Row]:
    """Take the measure in the file `measure_<name>.py`."""
    found: list[Row] = import_module(f"tests.benchmarks.measure_{name}").rows(quick)
    return found


def play(make: Callable[[Path], Contestant], citizens: int) -> Sample:
    """Let a contestant play with so many citizens. Raises `Lost` where an answer is missing at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as folder:
        logging.basicConfig(filename=f"{folder}/log", level=logging.INFO)  # as the peers' own guides begin
        return asyncio.run(_played(make(Path(folder)), citizens))


async def _played(contestant: Contestant, citizens: int) -> Sample:
    warm, timed = survey.stream(min(WARM, citizens)), survey.stream(citizens, FIRST)
    await contestant.begin()
    for batch in warm.batches:
        await contestant.take(batch)
    gc.collect()
    began, used = time.perf_counter(), cpu()
    for batch in timed.batches:
        await contestant.take(batch)
    sample = Sample(timed.updates, time.perf_counter() - began, cpu() - used)
    kept = await contestant.answers()
    await contestant.end()
    if kept is not None and kept != warm.answers + timed.answers:
        raise Lost(f"{type(contestant).__name__} kept {kept} answers of {warm.answers + timed.answers}")
    return sample
