"""Where time and chance come from. Only the composition root and the commands ask here; all others are told.

For rehearsals `CIVICLOOP_CLOCK` names a file that holds an ISO instant, read at each look: that is what time it was
when the file was written, and it goes on from there. `CIVICLOOP_CRASH_AT` says where the process dies in one,
and `CIVICLOOP_STALL_AT` where it freezes.
"""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Usage
from storage import crossings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CLOCK: Final = "CIVICLOOP_CLOCK"

log = structlog.get_logger()


def clock_of(environ: Mapping[str, str]) -> Callable[[], datetime]:
    """Return the clock on the wall, or the rehearsed one. Raises `Usage` where that has no file with a moment."""
    path = environ.get(CLOCK)
    if not path:
        return lambda: datetime.now(UTC)
    file = Path(path)

    def rehearsed() -> datetime:
        moment = datetime.fromisoformat(file.read_text(encoding="ascii").strip())
        since = datetime.now(UTC) - datetime.fromtimestamp(file.stat().st_mtime, UTC)
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)) + since

    try:
        rehearsed()
    except (OSError, ValueError) as error:
        said = f"{CLOCK} must name a file that holds a moment such as 2026-11-22T08:00:00+00:00: {error}"
        raise Usage(said) from None
    return rehearsed


def rehearse(environ: Mapping[str, str]) -> None:
    """Arm the crossing at which a rehearsal wants this process to die or freeze. Raises `Usage` for other words."""
    for how in (crossings.STALL_AT, crossings.CRASH_AT):
        words = environ.get(how)
        if words:
            try:
                crossings.arm(words, how)
            except ValueError as wrong:
                raise Usage(str(wrong)) from None


LEAP: Final = timedelta(hours=1)
"""How far the clock on the wall may be off from one look to the next before it is doubted."""
DOUBT: Final = timedelta(hours=1)
"""How long it is doubted: time enough to put it right, or to start the program anew, which believes it."""


class Steady:
    """A clock for what cannot be undone: closing, ending, forgetting, writing to many.

    Where the clock on the wall has leapt it goes on from before, by a stopwatch, and believes the other after a while.
    """

    def __init__(self, wall: Callable[[], datetime], stopwatch: Callable[[], float]) -> None:
        """`stopwatch` gives seconds from any beginning, and cannot be set."""
        self._wall = wall
        self._stopwatch = stopwatch
        self._lock = threading.Lock()
        self._known = (wall(), stopwatch())
        self._doubted_at: float | None = None
        self.trouble: str | None = None
        """What is wrong with the clock, in words for an operator; None while all is well."""

    def __call__(self) -> datetime:
        """Return what time it is, as far as can be believed."""
        with self._lock:
            return self._told(self._wall(), self._stopwatch())

    def _told(self, wall: datetime, seconds: float) -> datetime:
        expected = self._known[0] + timedelta(seconds=seconds - self._known[1])
        if abs(wall - expected) > LEAP:
            if self._doubted_at is None:
                self._doubted_at = seconds
                self.trouble = (
                    f"the clock has leapt from {expected:%Y-%m-%d %H:%M} to {wall:%Y-%m-%d %H:%M} UTC: put it right; "
                    "rounds and digests go by the time before for an hour, then by the new one"
                )
                log.error("clock.leapt", reason=self.trouble)
            if seconds - self._doubted_at < DOUBT.total_seconds():
                return expected
        self._known, self._doubted_at, self.trouble = (wall, seconds), None, None
        return wall


def stopwatch() -> float:
    """Return seconds since this machine was started, those of sleep too where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def steady(environ: Mapping[str, str], wall: Callable[[], datetime]) -> Steady:
    """Return the clock that doubts leaps; one that is rehearsed is meant to leap, and is believed."""
    return Steady(wall, stopwatch) if not environ.get(CLOCK) else Steady(wall, lambda: wall().timestamp())


def mint() -> str:
    """Return a new random name of 192 bits."""
    return secrets.token_urlsafe(24)


def salt() -> bytes:
    """Return sixteen bytes of chance."""
    return secrets.token_bytes(16)
