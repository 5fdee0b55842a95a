"""Managers look at themselves: their forms, their predictions, who was asked to, and whom they show it to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def _to(table: str, column: str, of: str, *, gone: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{of}")
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=name, ondelete=gone)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "assessments",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("stage", sa.String(12)),
        sa.Column("begun_at", _AT, nullable=False),
        sa.Column("touched_at", _AT, nullable=False),
        sa.Column("done_at", _AT),
        sa.Column("session", sa.Text()),
        sa.Column("top", sa.Text(), nullable=False),
        _to("assessments", "person_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_index(op.f("ix_assessments_person_id"), "assessments", ["person_id"])
    op.create_index(op.f("ix_assessments_service_done_at"), "assessments", ["service", "done_at"])
    op.create_table(
        "assessed_levels",
        sa.Column("assessment_id", _ID, nullable=False),
        sa.Column("item", sa.String(5), nullable=False),
        sa.Column("level", sa.Integer()),
        sa.Column("evidence", sa.String(300), nullable=False),
        _to("assessed_levels", "assessment_id", "assessments"),
        sa.PrimaryKeyConstraint("assessment_id", "item", name=op.f("pk_assessed_levels")),
    )
    op.create_table(
        "predictions",
        sa.Column("round_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("said_at", _AT, nullable=False),
        _to("predictions", "round_id", "rounds"),
        _to("predictions", "person_id", "people"),
        sa.PrimaryKeyConstraint("round_id", "person_id", name=op.f("pk_predictions")),
    )
    op.create_index(op.f("ix_predictions_person_id"), "predictions", ["person_id"])
    _people()


def _people() -> None:
    op.create_table(
        "assessment_calls",
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("occasion", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
        _to("assessment_calls", "person_id", "people"),
        sa.PrimaryKeyConstraint("person_id", "service", "occasion", name=op.f("pk_assessment_calls")),
    )
    op.create_table(
        "assessment_viewers",
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("viewer_id", _ID, nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        _to("assessment_viewers", "person_id", "people"),
        _to("assessment_viewers", "viewer_id", "people"),
        sa.PrimaryKeyConstraint("person_id", "viewer_id", "service", name=op.f("pk_assessment_viewers")),
    )
    op.create_index(op.f("ix_assessment_viewers_viewer_id"), "assessment_viewers", ["viewer_id"])


def downgrade() -> None:
    """Go back."""
    for table in ("assessment_viewers", "assessment_calls", "predictions", "assessed_levels", "assessments"):
        op.drop_table(table)
