"""Named places where a process may be killed in a rehearsal: every await and every commit that must lose nothing.

`passed("delivery.sent")` does nothing (60 ns) unless the composition root has armed one name; then the n-th passing of
that name is the process's last act. `tests/journeys/test_kills.py` kills at each of them.
"""

from __future__ import annotations

import os
import re
import signal
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CRASH_AT: Final = "CIVICLOOP_CRASH_AT"
"""Environment variable of rehearsals: `name:n`, the crossing to die at and at which passing, 1 for the first."""
_WORDS: Final = re.compile(r"([a-z_.]+):([1-9]\d*)")


def _nothing(_name: str) -> None:
    """Go on."""


passed: Callable[[str], None] = _nothing
"""Say where we are; call it as `crossings.passed(...)`, since arming replaces it."""


def arm(words: str) -> None:
    """Kill this process by SIGKILL at the crossing `name:n`. Raises ValueError where the words are not of that form."""
    global passed  # noqa: PLW0603 - one switch for the whole process, set before anything runs
    found = _WORDS.fullmatch(words)
    if found is None:
        raise ValueError(f"{CRASH_AT} must name a crossing and a number, such as delivery.sent:3, and not {words!r}")
    deadly, last, passings = found[1], int(found[2]), count(1)

    def rehearsed(name: str) -> None:
        if name == deadly and next(passings) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    passed = rehearsed
