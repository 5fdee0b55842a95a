"""A pace that nobody needs to exceed: who acts faster is asked to wait. Lives in memory, and forgets."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

Name = TypeVar("Name")
MESSAGES, WITHIN = 120, timedelta(minutes=1)
"""So many messages of one address within so long: no thumb is as fast, programs are."""


class Pace(Generic[Name]):
    """At most `burst` acts at once by one name, refilled evenly within `span`.

    Forgets who has done nothing for so long, and the oldest name where there are too many.
    """

    def __init__(self, burst: int, span: timedelta, remembered: int = 20_000) -> None:
        """`remembered`: how many names are known at a time."""
        self.burst = burst
        self.span = span
        self.remembered = remembered
        self._left: OrderedDict[Name, tuple[float, datetime]] = OrderedDict()

    def allows(self, name: Name, now: datetime) -> bool:
        """Whether `name` may act now; counts the act where it may."""
        self._forget(now)
        left, since = self._left.pop(name, (float(self.burst), now))
        left = min(float(self.burst), left + self.burst * max(0.0, (now - since) / self.span))
        allowed = left >= 1
        self._left[name] = (left - 1 if allowed else left, now)
        if len(self._left) > self.remembered:
            self._left.popitem(last=False)
        return allowed

    def _forget(self, now: datetime) -> None:
        """Forget who may act as freely as somebody new: the one first in line has waited longest."""
        while self._left and now - next(iter(self._left.values()))[1] >= self.span:
            self._left.popitem(last=False)

    def __len__(self) -> int:
        """How many names are known now."""
        return len(self._left)


class Flood:
    """Tells whose messages are too many to be taken, and whom that was not told yet."""

    def __init__(self, messages: int = MESSAGES, within: timedelta = WITHIN) -> None:
        self._taken: Pace[int] = Pace(messages, within)
        self._told: Pace[int] = Pace(1, within)
        self._warned: Pace[int] = Pace(1, within)

    def holds(self, contact: int, now: datetime) -> bool:
        """Whether a message of this contact, which arrives now, is one too many."""
        return not self._taken.allows(contact, now)

    def tells(self, contact: int, now: datetime) -> bool:
        """Whether it is time to say so: once within the span."""
        return self._told.allows(contact, now)

    def warns(self, contact: int, now: datetime) -> bool:
        """Whether it is time to say what to do in danger: once within the span."""
        return self._warned.allows(contact, now)
