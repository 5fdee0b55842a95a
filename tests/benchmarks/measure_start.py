"""How long a start takes, and how much memory the program holds: the real process, beside a Bot API server.

A start is measured from the birth of the process to the first answer that a citizen sees; their message waits at the
server already, as after an update of the program. Memory is what the kernel counts as resident (Linux).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks import survey
from tests.benchmarks.contest import DISK, apart, here
from tests.benchmarks.measure_growth import load
from tests.benchmarks.table import ROUNDS, Row
from tests.support.botapi import client as botapi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.botapi.client import Client

OPEN, ACTIVE = 100_000, 200
"""Sessions open in the larger store, and how many more citizens answer everything before memory is read."""
QUICK = (500, 3)
FEW = 10
PATIENCE = 60.0
"""Seconds until an answer."""


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of one process: seconds and CPU seconds until the first answer, then megabytes."""

    wall: float
    cpu: float
    idle: float
    busy: float


def rows(quick: bool) -> list[Row]:
    """Start on a small store again and again, then once on one with many open sessions."""
    (size, active), rounds, run = (QUICK, 1, here) if quick else ((OPEN, ACTIVE), ROUNDS, apart)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=DISK) as name, botapi.running(patience=PATIENCE) as telegram:
        small, large = Path(name) / "small", Path(name) / "large"
        for folder, sessions in ((small, FEW), (large, size)):
            folder.mkdir()
            run(load, folder, sessions)
        lives = [live(telegram, small, newcomer, 0) for newcomer in range(rounds)]
        full = live(telegram, large, rounds, active)
    wall, cpu = median(life.wall for life in lives), median(life.cpu for life in lives)
    idle = median(life.idle for life in lives)
    return [
        Row("start to the first answer", f"{wall:.2f} s", cpu_us=cpu * 1e6, note=f"{cpu:.2f} s of CPU"),
        Row(f"start to the first answer, {size:,} sessions open", f"{full.wall:.2f} s", cpu_us=full.cpu * 1e6),
        Row("memory, idle", f"{idle:.0f} MB"),
        Row(f"memory, {size:,} sessions open, {active * len(_script()) // 2} turns taken", f"{full.busy:.0f} MB"),
    ]


def live(telegram: Client, folder: Path, newcomer: int, active: int) -> Life:
    """Start the program on a store, let a newcomer begin, then many answer everything."""
    citizen = telegram.citizen(newcomer + 1)
    citizen.sends(f"/start {survey.CODE}")
    began = time.perf_counter()
    with _running(telegram, folder) as process:
        citizen.sees(survey.questions()[0].text)
        wall, cpu, idle = time.perf_counter() - began, _cpu(process), _resident(process)
        cast = [{"id": survey.CHAT + number, "script": _script()} for number in range(active)]
        failed = telegram.play(cast) if cast else {}
        if failed:
            raise AssertionError(failed)
        return Life(wall, cpu, idle, _resident(process))


def _script() -> list[list[str]]:
    """Begin the survey and answer all its questions."""
    asked = survey.questions()
    said = [f"/start {survey.CODE}", *(question.options[0] if question.options else "Nothing." for question in asked)]
    seen = [*(question.text for question in asked), survey.ending()]
    return [step for sent, told in zip(said, seen, strict=True) for step in (["sends", sent], ["sees", told])]


@contextmanager
def _running(telegram: Client, folder: Path) -> Iterator[int]:
    """Run the program as an operator does; give the number of its process."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CIVICLOOP_", "COVERAGE_"))}
    environ |= {
        "CIVICLOOP_TELEGRAM__TOKEN": telegram.token,
        "CIVICLOOP_TELEGRAM__BASE_URL": telegram.url,
        "CIVICLOOP_TELEGRAM__MESSAGES_PER_SECOND": "1000",
        "CIVICLOOP_FLOWS__FOLDER": str(survey.FILE),
        "CIVICLOOP_DATABASE__URL": f"sqlite:///{folder}/civicloop.db",
        "CIVICLOOP_DATABASE__FILES": f"{folder}/files",
        "CIVICLOOP_PRIVACY__KEY_FILE": f"{folder}/keys",
        "CIVICLOOP_WEB__PORT": "0",
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "bot", "run"], env=environ, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _cpu(process: int) -> float:
    """Return the CPU seconds a running process has used."""
    used = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def _resident(process: int) -> float:
    """Return the megabytes a running process has in memory."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
