"""How many requests a language model has had in a week: its budget holds over restarts, and for all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.rows import Insert
from storage.tables import machine_weeks

if TYPE_CHECKING:
    from sqlalchemy import Connection

_note = Insert(
    machine_weeks,
    ("period", "asked"),
    end="ON CONFLICT (period) DO UPDATE SET asked = machine_weeks.asked + excluded.asked",
)


def asked(db: Connection, period: str) -> int:
    """Return how many requests there were in an ISO week (`2026-W47`)."""
    return db.execute(select(machine_weeks.c.asked).where(machine_weeks.c.period == period)).scalar() or 0


def note(db: Connection, period: str, requests: int) -> None:
    """Add requests to those of a week."""
    if requests:
        _note(db, [(period, requests)])
