"""What was counted a moment ago, kept for whoever asks next: many look at the same numbers at once."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

Value = TypeVar("Value")

FRESH = timedelta(seconds=5)
"""So old may be what is shown as live: half the time between two looks of a page."""


class Lately(Generic[Value]):
    """The last values by key. Those who ask for one at once wait for the same count."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._locks: dict[Hashable, Lock] = {}
        self._kept: dict[Hashable, tuple[datetime, Value]] = {}

    def of(self, key: Hashable, now: datetime, count: Callable[[], Value]) -> Value:
        """Return what `count` gives, or gave not more than `FRESH` before `now`."""
        with self._guard:
            self._clear(now)
            lock = self._locks.setdefault(key, Lock())
        with lock:
            kept = self._kept.get(key)
            if kept is None or now - kept[0] >= FRESH:
                kept = self._kept[key] = (now, count())
            return kept[1]

    def _clear(self, now: datetime) -> None:
        """Let go of what is old, so that no round that was looked at once is kept for ever."""
        for key in [key for key, (at, _) in self._kept.items() if now - at >= FRESH and not self._locks[key].locked()]:
            del self._kept[key], self._locks[key]
