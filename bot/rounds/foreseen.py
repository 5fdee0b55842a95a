"""A round as it would be if what is being written were kept: what the same checks would say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.rounds import record
from storage.rounds import RoundRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.rounds.advice import Advice
    from bot.rounds.record import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaved:
    """What somebody is writing; `code` names the draft they change, empty for one that is new."""

    code: str = ""
    service: str
    flow: str
    title: str
    record: Mapping[str, object]
    audience: str
    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What keeps it from opening, and what would make it better."""

    faults: tuple[Fault, ...]
    advice: tuple[Advice, ...]


def laid(written: Unsaved, row: RoundRow) -> RoundRow:
    """Return the row with what is written in it."""
    return replace(
        row,
        title=written.title,
        record=record.dump(written.record),
        audience=written.audience,
        opens_at=written.opens_at,
        closes_at=written.closes_at,
        told=None,
    )


def blank(written: Unsaved, stage: str, version: int, now: datetime) -> RoundRow:
    """Return the row of a round of which nothing has been kept yet."""
    return RoundRow(
        id=0,
        code="",
        service=written.service,
        stage=stage,
        flow=written.flow,
        version=version,
        title=written.title,
        record="{}",
        audience=written.audience,
        state="draft",
        opens_at=None,
        closes_at=None,
        created_at=now,
        opened_at=None,
        closed_at=None,
        reported_at=None,
        created_by=None,
        report=None,
        key_sealed=None,
    )
