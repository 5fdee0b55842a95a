"""APScheduler rings the bell, and nothing else: in memory, in UTC, never two of the same job at once, never too late.

What is due lies in tables, so a bell that rings late, twice or in several processes does no harm.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.errors import CivicloopError
from storage.database import StorageTrouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.metrics import Metrics

log = structlog.get_logger()

SECONDS: Mapping[str, float] = {
    "time": 60,
    "load": 5,
    "inbox": 10,
    "flows": 10,
    "rounds": 5,
    "heads": 60,
    "promises": 300,
    "findings": 60,
    "digests": 15,
    "alarms": 15,
    "assessments": 60,
    "sessions": 300,
    "actions": 300,
    "themes": 15,
    "leaps": 300,
    "privacy": 3600,
}
"""How often each sweep looks, in seconds."""
REHEARSAL = 1.0
"""How often they look when the clock is only rehearsed, so that nobody waits for a day that was put forward."""


class Schedule:
    """Rings each sweep in its rhythm, for the first time at `first`, a moment of the real clock."""

    def __init__(
        self,
        sweeps: Mapping[str, Callable[[], object]],
        metrics: Metrics,
        first: datetime,
        every: Mapping[str, float] = SECONDS,
    ) -> None:
        self._metrics = metrics
        self._trouble: dict[str, str] = {}
        self._bell = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for name, sweep in sweeps.items():
            self._bell.add_job(
                self._ring,
                "interval",
                args=(name, sweep),
                seconds=every[name],
                id=name,
                next_run_time=first,
            )

    def start(self) -> None:
        """Begin to ring, on the running event loop; the sweeps run in worker threads."""
        self._bell.start()

    def stop(self) -> None:
        """Ring no more."""
        if self._bell.running:
            self._bell.shutdown(wait=False)

    @property
    def running(self) -> bool:
        """Whether the bell rings."""
        return bool(self._bell.running)

    @property
    def trouble(self) -> str:
        """What the last sweeps stumbled over; empty while all is well."""
        return "; ".join(f"{name}: {reason}" for name, reason in sorted(self._trouble.items()))

    def _ring(self, name: str, sweep: Callable[[], object]) -> None:
        try:
            sweep()
        except StorageTrouble as trouble:
            self._failed(name, str(trouble))
        except Exception as error:  # the next ring tries again; the bell must go on
            if self._trouble.get(name) != told(error):
                log.exception("sweep.failed", sweep=name)
            self._failed(name, told(error))
        else:
            self._trouble.pop(name, None)
            self._metrics.sweeps.labels(name, "done").inc()

    def _failed(self, name: str, reason: str) -> None:
        if self._trouble.get(name) != reason:
            log.warning("sweep.trouble", sweep=name, reason=reason)
        self._trouble[name] = reason
        self._metrics.sweeps.labels(name, "failed").inc()


def told(error: Exception) -> str:
    """Return what an operator may read of an error: words we wrote ourselves, else its kind; it may quote a person."""
    match error:
        case CivicloopError() | StorageTrouble():
            return str(error)
        case ExceptionGroup(message=message):
            return message
        case _:
            return type(error).__name__
