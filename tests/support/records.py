"""What a formal round says before it opens, where a test is about something else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


def whole(closes_at: datetime) -> dict[str, Any]:
    """Return the record of a round that nobody has to hold and that closes then."""
    later = (closes_at + timedelta(days=30)).date().isoformat()
    return {
        "topic": "the library",
        "decider": "The city council",
        "decided_on": later,
        "open_points": "The hours",
        "fixed_points": "The building",
        "influence": "ask",
        "feedback_on": later,
        "duty": "none",
        "level": "collective",
    }
