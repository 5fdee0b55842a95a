"""What somebody writes on the result of a round: kept until it is published, seen by nobody outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from storage.rows import Insert, Shape
from storage.tables import report_drafts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """A draft as kept; `texts` is JSON with a text per language, `who` the name of whoever kept it last."""

    round_id: int
    texts: str
    signed: str
    kept_at: datetime
    who: str


_shape = Shape(report_drafts, ReportDraft)
_of = select(*_shape.columns)
_keep = Insert(
    report_drafts,
    _shape.names,
    end="ON CONFLICT (round_id) DO UPDATE SET texts = excluded.texts, signed = excluded.signed,"
    " kept_at = excluded.kept_at, who = excluded.who",
)


def keep(db: Connection, draft: ReportDraft) -> None:
    """Keep a draft in the place of the one before."""
    _keep(db, [(draft.round_id, draft.texts, draft.signed, draft.kept_at, draft.who)])


def of(db: Connection, round_id: int) -> ReportDraft | None:
    """Return the draft of a round; None where nobody has kept one."""
    return _shape.first(db.execute(_of.where(report_drafts.c.round_id == round_id)))


def forget(db: Connection, round_id: int) -> None:
    """Forget the draft of a round, once its result is published."""
    db.execute(delete(report_drafts).where(report_drafts.c.round_id == round_id))
